"""What was ordered, shipped, invoiced, returned, credited and paid of each order line."""

from typing import Any

import polars as pl

from integrhealth.analyses.reconciliation.documents.lines import (
    CREDIT_NOTE,
    DELIVERY,
    GOODS_ISSUE,
    INVOICE,
    ORDER,
    PAYMENT,
    RETURN,
)
from integrhealth.language.thresholds import GOODS_ISSUES_USUAL

SHIPMENT = "shipment"
# How a kind of move is called in the columns of a balance; of payments only the money counts.
DONE = {
    ORDER: "ordered",
    SHIPMENT: "shipped",
    INVOICE: "invoiced",
    RETURN: "returned",
    CREDIT_NOTE: "credited",
    PAYMENT: "paid",
}
# Whose currency and unit are those of the row: of the order, else of what comes next.
PRECEDENCE = (ORDER, INVOICE, SHIPMENT, CREDIT_NOTE, RETURN, PAYMENT)
BALANCE: dict[str, Any] = (
    dict.fromkeys(("document", "line", "system", "object_type", "unit", "currency"), pl.String)
    | dict.fromkeys((*DONE.values(), *(f"{done}_amount" for done in DONE.values())), pl.Float64)
    | dict.fromkeys((f"{done}_count" for done in DONE.values()), pl.Int64)
    | dict.fromkeys((f"{done}_at" for done in DONE.values()), pl.Datetime("us", "UTC"))
    | dict.fromkeys(("continued", "other_units", "other_currencies"), pl.Boolean)
)


def balances(lines: pl.DataFrame, moves: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """One row per order line, or line where a chain begins of which nobody knows the order (BALANCE).

    ``*_at`` is the last time. Quantities in another unit than the row's and money in another currency are not added:
    then the sum is null, and so it is where a line says none. Of orders ``*_count`` is null without a record of it.
    Where an invoice of a row has no quantity, all have that of their amounts at the ordered price; credit notes alike.
    """
    counted = _counted(moves, lines)
    rows = _described(counted).join(nodes.select(begin="node", document="document", line="line"), on="begin")
    measured = _measured(counted.join(rows.select("begin", row_unit="unit", row_currency="currency"), on="begin"))
    priced = measured.join(_prices(measured), on="begin", how="left")
    # Beside a down payment that names no quantity the final invoice names all of it: then money says how much each is.
    without = pl.col("quantity").is_null().any().over("begin", "kind") & pl.col("kind").is_in((INVOICE, CREDIT_NOTE))
    priced = priced.with_columns(
        quantity=pl.when(without)
        .then(pl.coalesce(pl.col("amount") / pl.col("price"), "quantity"))
        .otherwise("quantity")
    )
    sums = priced.group_by("begin").agg(*(each for kind, done in DONE.items() for each in _sums(kind, done)))
    continued = moves.filter(pl.col("type") == ORDER, pl.col("begin") != pl.col("node"), _minus().not_())
    marked = sums.join(continued.select("begin", continued=True).unique(), on="begin", how="left")
    # A quantity of none for money is a quantity that nobody wrote.
    unsaid_order = (pl.col("ordered") == 0) & (pl.col("ordered_amount") > 0)
    whole = rows.join(marked, on="begin", how="left").with_columns(
        pl.col("continued").fill_null(False), ordered=pl.when(unsaid_order.not_().fill_null(True)).then("ordered")
    )
    return whole.select(*BALANCE).cast(BALANCE).sort("document", "line", nulls_last=True)


def _minus() -> pl.Expr:
    """Whether a move takes something back."""
    return ((pl.col("quantity") < 0) | (pl.col("amount") < 0)).fill_null(False)


def _counted(moves: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The moves that count, with kind: what follows its own type tells the same again, unless it takes it back.

    Goods that come back are received and not issued. Goods have left when their issue is posted, where that is posted
    of the chain or of most that the same system delivers; elsewhere when they are delivered.
    """
    told_again = pl.col("again") & ~_minus()
    received = (pl.col("type") == GOODS_ISSUE) & pl.col("returned")
    said = lines.select("node", "unit", "currency", "system", "object_type").unique("node", keep="first")
    kept = moves.filter(~told_again, ~received).join(said, on="node")
    by_chain = kept.group_by("begin").agg(
        issued=(pl.col("type") == GOODS_ISSUE).any(),
        delivering=pl.col("system").filter(pl.col("type") == DELIVERY).min(),
        delivered=(pl.col("type") == DELIVERY).any(),
    )
    usual = by_chain.filter("delivered").group_by("delivering").agg(usual=pl.col("issued").mean() >= GOODS_ISSUES_USUAL)
    posted = by_chain.join(usual, on="delivering", how="left", nulls_equal=True).select(
        "begin", posted=pl.col("issued") | pl.col("usual").fill_null(False)
    )
    kind = pl.col("type").replace({DELIVERY: SHIPMENT, GOODS_ISSUE: SHIPMENT})
    shipped_later = (pl.col("type") == DELIVERY) & pl.col("posted")
    return kept.join(posted, on="begin").filter(~shipped_later).with_columns(kind=kind)


def _described(counted: pl.DataFrame) -> pl.DataFrame:
    """begin and the unit, currency, system and object_type of its order, else of what comes next."""
    place = pl.col("kind").replace_strict(PRECEDENCE, range(len(PRECEDENCE)), return_dtype=pl.Int8)
    first = counted.sort(place, "created_at", "node", nulls_last=True)
    # An order that others continue under another number has a row if it is known itself.
    own = (pl.col("kind") != ORDER) | (pl.col("begin") == pl.col("node"))
    return (
        first.filter(own)
        .group_by("begin", maintain_order=True)
        .agg(
            unit=pl.col("unit").filter(pl.col("quantity").is_not_null()).drop_nulls().first(),
            currency=pl.col("currency").filter(pl.col("amount").is_not_null()).drop_nulls().first(),
            system=pl.col("system").drop_nulls().first(),
            object_type=pl.col("object_type").drop_nulls().first(),
        )
    )


def _measured(counted: pl.DataFrame) -> pl.DataFrame:
    """`counted` without the measures that are of another unit or currency than the row's."""
    strange_unit = (pl.col("unit") != pl.col("row_unit")).fill_null(False) & pl.col("quantity").is_not_null()
    strange_money = (pl.col("currency") != pl.col("row_currency")).fill_null(False) & pl.col("amount").is_not_null()
    return counted.with_columns(
        quantity=pl.when(~strange_unit).then("quantity"),
        amount=pl.when(~strange_money).then("amount"),
        strange_unit=strange_unit,
        strange_money=strange_money,
        minus=_minus(),
    )


def _prices(measured: pl.DataFrame) -> pl.DataFrame:
    """begin, price: what one unit was ordered for."""
    ordered = measured.filter(pl.col("kind") == ORDER, pl.col("begin") == pl.col("node"))
    sums = ordered.group_by("begin").agg(pl.col("quantity", "amount").sum())
    return sums.filter(pl.col("quantity") > 0, pl.col("amount") > 0).select(
        "begin", price=pl.col("amount") / pl.col("quantity")
    )


def _sums(kind: str, done: str) -> list[pl.Expr]:
    """What of one kind was done: quantity and amount (0 where nothing, null where unsaid), documents and last time."""
    of_kind = pl.col("kind") == kind
    if kind == ORDER:  # what continues it under another number is another order, unless it takes back
        of_kind &= (pl.col("begin") == pl.col("node")) | pl.col("minus")
    none = None if kind == ORDER else 0.0
    something = (pl.col("quantity").is_null() | (pl.col("quantity") > 0)) & (
        pl.col("amount").is_null() | (pl.col("amount") >= 0)
    )
    if kind == PAYMENT:
        something = pl.col("amount") > 0
    columns = [_sum(pl.col(measure).filter(of_kind), none) for measure in ("quantity", "amount")]
    return [
        columns[0].alias(done),
        columns[1].alias(f"{done}_amount"),
        pl.col("node").filter(of_kind & something).n_unique().cast(pl.Int64).alias(f"{done}_count"),
        pl.col("created_at").filter(of_kind).max().alias(f"{done}_at"),
        *(
            [pl.col("strange_unit").any().alias("other_units"), pl.col("strange_money").any().alias("other_currencies")]
            if kind == ORDER
            else []
        ),
    ]


def _sum(numbers: pl.Expr, none: float | None) -> pl.Expr:
    """The sum; `none` where there is nothing to add, null where something says no number."""
    return (
        pl.when(numbers.len() == 0).then(pl.lit(none, pl.Float64)).when(numbers.null_count() == 0).then(numbers.sum())
    )
