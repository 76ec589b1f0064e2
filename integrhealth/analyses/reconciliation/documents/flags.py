"""What is wrong with an order line, how much money it is about, and since when."""

from typing import Any

import polars as pl

from integrhealth.analyses.reconciliation.documents.due import Due
from integrhealth.language.schema import TIME
from integrhealth.language.thresholds import PRICE_TOLERANCE, PRICE_TOLERANCE_UNITS, QUANTITY_TOLERANCE

# From the best to the worst: a line has the worst that is true of it.
FLAGS = (
    BALANCED := "balanced",
    OPEN := "open",
    UNBILLED := "shipment without invoice",
    UNSHIPPED := "invoice without shipment",
    OVER_SHIPPED := "over-shipped",
    OVER_INVOICED := "over-invoiced",
    PAID_TWICE := "paid twice",
    SHIPPED_AGAIN := "shipped again",
    NEVER_SHIPPED := "never shipped",
)
DOCUMENTS: dict[str, Any] = {
    "document": pl.String,
    "line": pl.String,
    "ordered": pl.Float64,
    "shipped": pl.Float64,
    "invoiced": pl.Float64,
    "returned": pl.Float64,
    "credited": pl.Float64,
    "flag": pl.String,
    "shipments": pl.Int64,
    "invoices": pl.Int64,
    "ordered_amount": pl.Float64,
    "invoiced_amount": pl.Float64,
    "credited_amount": pl.Float64,
    "paid": pl.Float64,
    "at_stake": pl.Float64,
    "currency": pl.String,
    "unit": pl.String,
    "since": pl.Datetime("us", "UTC"),
    "age_days": pl.Float64,
    "certain": pl.Boolean,
    "why": pl.String,
    "system": pl.String,
}
TOO_MUCH = "too_much"
# Below this two sums of the same numbers in another order may differ.
CLOSE = 1e-6


def flagged(balances: pl.DataFrame, due: Due, *, exact: list[str]) -> pl.DataFrame:
    """`balances` as the published table (DOCUMENTS), the worst flag first, then the most money, then by number.

    `due` says which step is late. Of the systems in `exact`, those of the first level, nothing may differ.
    """
    rows = due.of(balances).with_columns(
        tolerance=pl.when(pl.col("system").is_in(exact)).then(0.0).otherwise(QUANTITY_TOLERANCE)
    )
    # What a step is compared by, in the words of the table.
    rows = rows.with_columns(
        kept=pl.col("shipped") - pl.col("returned"),
        billed=pl.col("invoiced") - pl.col("credited"),
        charged=pl.col("invoiced_amount") - pl.col("credited_amount"),
        owed=pl.when(pl.col("invoiced_count") > 0).then("invoiced_amount").otherwise("ordered_amount"),
        price=pl.coalesce(*(_price(done) for done in ("ordered", "invoiced", "shipped"))),
        cancelled=(pl.col("ordered") <= 0) & (pl.col("ordered_amount").fill_null(0) <= 0),
        exact=pl.col("tolerance") == 0,
    )
    rows = rows.with_columns(**{f"is_{_key(flag)}": each.fill_null(False) for flag, each in _conditions(due).items()})
    worst = pl.coalesce(
        *(pl.when(pl.col(f"is_{_key(flag)}")).then(pl.lit(flag)) for flag in reversed(FLAGS[1:])), pl.lit(BALANCED)
    )
    rows = rows.with_columns(flag=worst)
    since = _by_flag(SINCE, pl.col("ordered_at"))
    rows = rows.with_columns(
        since=pl.coalesce(since, *(pl.col(f"{done}_at") for done in ("ordered", "shipped", "invoiced", "paid"))),
        at_stake=_by_flag(_stakes(), None).clip(0).round(2),
    )
    rows = rows.with_columns(
        at_stake=pl.when(pl.col("flag") == BALANCED).then(0.0).otherwise("at_stake"),
        age_days=((pl.lit(due.as_of, TIME) - pl.col("since")).dt.total_seconds() / 86_400).clip(0),
    )
    waiting = _by_flag({**WAITING, OVER_INVOICED: pl.when(~pl.col(f"is_{TOO_MUCH}")).then(pl.lit("credit"))}, None)
    rows = due.certain(rows.with_columns(step=waiting))
    place = pl.col("flag").replace_strict(FLAGS, range(len(FLAGS)), return_dtype=pl.Int8)
    return (
        rows.with_columns(
            paid="paid_amount",
            shipments="shipped_count",
            invoices="invoiced_count",
            why=_by_flag(_reasons(), pl.lit("it balances as far as the documents go")),
        )
        .sort(place, pl.col("at_stake").fill_null(0), "document", "line", descending=[True, True, False, False])
        .select(*DOCUMENTS)
        .cast(DOCUMENTS)
    )


def _key(flag: str) -> str:
    return flag.replace(" ", "_").replace("-", "_")


def _price(done: str) -> pl.Expr:
    quantity, amount = pl.col(done), pl.col(f"{done}_amount")
    return pl.when((quantity > 0) & (amount > 0)).then(amount / quantity)


def _more(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Whether `one` quantity is more than the `other` by more than quantities may differ."""
    return one - other > other.abs() * pl.col("tolerance") + CLOSE


def _dearer(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Whether `one` sum of money is more than the `other` by more than a price may differ."""
    allowed = pl.max_horizontal(other.abs() * PRICE_TOLERANCE, pl.lit(float(PRICE_TOLERANCE_UNITS)))
    return one - other > pl.when("exact").then(0.0).otherwise(allowed) + CLOSE


def _twice(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Whether `one` is the `other` twice: that is no difference of price, however little it is."""
    return (other > 0) & (one >= 2 * other * (1 - QUANTITY_TOLERANCE))


def _conditions(due: Due) -> dict[str, pl.Expr]:
    """What is true of a line, by flag."""
    ordered, shipped, returned, kept = (pl.col(each) for each in ("ordered", "shipped", "returned", "kept"))
    invoiced, credited, billed = (pl.col(each) for each in ("invoiced", "credited", "billed"))
    shipments, invoices, payments = (pl.col(f"{each}_count") for each in ("shipped", "invoiced", "paid"))
    ships, bills = pl.col("ships"), pl.lit(due.bills)
    unshipped = (shipments == 0) | (shipped <= CLOSE)
    wanted = (pl.col("ordered_count") > 0) & ~pl.col("cancelled") & ~pl.col("continued")
    free = (pl.col("ordered_amount") == 0).fill_null(False) & (ordered > 0)
    sent = pl.when(shipments == 0).then(0.0).otherwise(shipped)
    unbilled = pl.coalesce(_more(kept, invoiced), (invoices == 0) & (pl.col("returned_count") == 0))
    undelivered = pl.coalesce(
        _more(billed, sent),
        (shipments == 0) & (pl.col("credited_count") == 0) & (pl.col("charged") != 0).fill_null(True),
    )
    uncredited = _more(returned, credited) & _more(billed, kept.clip(0)) & (invoices > 0) & due.credits
    missing = ordered - sent - (credited - returned).clip(0)
    charged, price = pl.col("charged"), pl.col("ordered_amount")
    dearer = (price > 0) & (_dearer(charged, price) | ((invoices > 1) & _twice(charged, price)))
    too_much = _more(billed, ordered).fill_null(False) | dearer.fill_null(False)
    waits = (
        (ships & wanted & pl.coalesce(missing > ordered * pl.col("tolerance") + CLOSE, unshipped))
        | (bills & (shipments > 0) & ~free & unbilled)
        | (ships & (invoices > 0) & undelivered)
        | uncredited
        | (pl.lit(due.pays) & _dearer(charged, pl.col("paid_amount")))
    )
    return {
        # Not a flag: over-invoiced for more than a credit note that is to come.
        TOO_MUCH: too_much,
        OPEN: waits,
        UNBILLED: bills & (shipments > 0) & ~free & unbilled & pl.col("late_bill"),
        UNSHIPPED: ships & (invoices > 0) & undelivered & pl.col("late_ship_billed"),
        OVER_SHIPPED: _more(kept, ordered),
        OVER_INVOICED: too_much | (uncredited & pl.col("late_credit")).fill_null(False),
        PAID_TWICE: (payments > 1)
        & (_dearer(pl.col("paid_amount"), pl.col("owed")) | _twice(pl.col("paid_amount"), pl.col("owed"))),
        SHIPPED_AGAIN: (shipments > 1) & _twice(kept, ordered),
        NEVER_SHIPPED: ships
        & wanted
        & unshipped
        & (invoices == 0)
        & (pl.col("credited_count") == 0)
        & pl.col("late_ship"),
    }


# What a flag waits for, a step of `due`, and since when it is so.
WAITING = {UNBILLED: pl.lit("bill"), UNSHIPPED: pl.lit("ship_billed"), NEVER_SHIPPED: pl.lit("ship")}
SINCE = {
    NEVER_SHIPPED: pl.col("ordered_at"),
    SHIPPED_AGAIN: pl.col("shipped_at"),
    OVER_SHIPPED: pl.col("shipped_at"),
    UNBILLED: pl.col("shipped_at"),
    UNSHIPPED: pl.col("invoiced_at"),
    OVER_INVOICED: pl.col("invoiced_at"),
    PAID_TWICE: pl.col("paid_at"),
}


def _stakes() -> dict[str, pl.Expr]:
    """The money that a flag is about: the difference, at the ordered price where it is one of goods."""
    price, charged, sent = pl.col("price"), pl.col("charged"), pl.col("shipped")
    billed_price = pl.coalesce(_price("invoiced"), price)
    extra = (pl.col("kept") - pl.col("ordered")) * price
    unbilled = pl.coalesce((pl.col("kept") - pl.col("invoiced")) * price, "shipped_amount")
    unshipped = pl.coalesce((pl.col("billed") - sent) * billed_price, charged)
    return {
        NEVER_SHIPPED: pl.col("ordered_amount"),
        SHIPPED_AGAIN: extra,
        OVER_SHIPPED: extra,
        UNBILLED: unbilled,
        UNSHIPPED: unshipped,
        OVER_INVOICED: pl.max_horizontal(
            charged - pl.col("ordered_amount"),
            (pl.col("billed") - pl.col("ordered")) * billed_price,
            (pl.col("billed") - pl.col("kept")) * billed_price,
        ),
        PAID_TWICE: pl.col("paid_amount") - pl.col("owed"),
        OPEN: pl.max_horizontal(
            (pl.col("ordered") - sent) * price, unbilled, unshipped, charged - pl.col("paid_amount"), 0.0
        ),
    }


def _reasons() -> dict[str, pl.Expr]:
    """Each flag in a sentence with its numbers."""
    ordered, billed = _number("ordered"), _number("billed")
    shipped, unit = _number("shipped"), pl.concat_str(pl.lit(" "), pl.col("unit").fill_null(""), ignore_nulls=True)
    unit = unit.str.strip_chars_end()
    returned = (
        pl.when(pl.col("returned") > 0).then(pl.format(", {} came back", _number("returned"))).otherwise(pl.lit(""))
    )
    return {
        NEVER_SHIPPED: pl.format("{}{} ordered, nothing shipped", ordered, unit),
        SHIPPED_AGAIN: pl.format(
            "{}{} ordered, {} shipped in {} shipments{}", ordered, unit, shipped, "shipped_count", returned
        ),
        OVER_SHIPPED: pl.format("{}{} ordered, {} shipped{}", ordered, unit, shipped, returned),
        UNBILLED: pl.format("{}{} shipped{}, {} invoiced", shipped, unit, returned, _number("invoiced")),
        UNSHIPPED: pl.format("{}{} invoiced, {} shipped", billed, unit, shipped),
        OVER_INVOICED: pl.format(
            "{}{} for {} ordered, {} for {} invoiced{}",
            *(ordered, unit, _number("ordered_amount"), billed, _number("charged"), returned),
        ),
        PAID_TWICE: pl.format("{} owed, {} paid in {} payments", _number("owed"), _number("paid_amount"), "paid_count"),
        OPEN: pl.format(
            "{}{} ordered, {} shipped, {} invoiced, {} paid",
            *(ordered, unit, shipped, _number("invoiced"), _number("paid_amount")),
        ),
    }


def _number(column: str) -> pl.Expr:
    """A number as people write it; what nobody knows is a question mark."""
    return pl.col(column).round(2).cast(pl.String).str.strip_suffix(".0").fill_null("?")


def _by_flag(values: dict[str, pl.Expr], other: pl.Expr | None) -> pl.Expr:
    return pl.coalesce(
        *(pl.when(pl.col("flag") == flag).then(value) for flag, value in values.items()),
        *([] if other is None else [other]),
    )
