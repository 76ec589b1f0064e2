"""The frame of documents, in the kit's own columns: one row per line of an order and of every paper that follows it."""

import polars as pl

from integrhealth.sample.documents.orders import EXPORTED_US
from integrhealth.sample.season import DAY_US

# How often the goods of an order left that was shipped again, and when its next parcel followed.
TIMES_SHIPPED = 3
# Company B keeps the books of both ends of its foundation links: who else holds a paper, and how many seconds later.
ALSO_HELD = {
    "invoice": {"ERP": -30, "Tax authority": 10_800},
    "credit_note": {"ERP": -30, "Tax authority": 10_800},
    "payment": {"Financial system": -60},
}
BOTH_ENDS = {"a": False, "b": True}
COLUMNS = (
    *("document", "line", "type", "preceding", "preceding_line", "system", "object_type"),
    *("quantity", "unit", "amount", "currency", "created_at"),
)


def order_lines(orders: pl.DataFrame) -> pl.DataFrame:
    """One row per order line: what ``orders`` say of the order, its line, quantity and amount, and what of it was
    shipped, invoiced, paid (``times_paid``), returned and credited in the time of the export."""
    count = pl.when(pl.col("return_number").is_not_null()).then(2).otherwise("lines")
    shares = pl.concat_list(pl.lit([0.0]), "cuts")
    lined = orders.with_columns(lines=count, line=pl.int_ranges(1, count + 1)).explode("line")
    # Running sums, so that the amounts of the lines add up to that of the order to the cent.
    until = pl.when(pl.col("line") == pl.col("lines")).then("amount").otherwise(_cut(shares, pl.col("line")))
    since = pl.when(pl.col("line") == 1).then(0.0).otherwise(_cut(shares, pl.col("line") - 1))
    lined = lined.with_columns(
        quantity=pl.col("quantities").list.get(pl.col("line") - 1), line_amount=(until - since).round(2)
    )
    flag, done, here = pl.col("flag"), pl.col("quantity"), pl.col("return_number").is_not_null() & (pl.col("line") == 1)
    more = pl.max_horizontal(done // 3, 1)
    gone = (
        pl.when(flag.is_in(["never shipped", "invoice without shipment"]))
        .then(0)
        .when(flag == "shipped again")
        .then(done * TIMES_SHIPPED)
        .otherwise(done + pl.when(flag == "over-shipped").then(more).otherwise(0))
    )
    billed = (
        pl.when(flag.is_in(["never shipped", "shipment without invoice"]))
        .then(0)
        .otherwise(done * pl.when(flag == "over-invoiced").then(2).otherwise(1))
    )
    paid = pl.when(flag.is_in(["never shipped", "shipment without invoice", "invoice without shipment"])).then(0)
    return lined.with_columns(
        shipping=gone,
        invoicing=billed,
        paying=paid.otherwise(pl.when(flag == "paid twice").then(2).otherwise(1)),
        returning=pl.when(here).then(done).otherwise(0),
    )


def _cut(shares: pl.Expr, place: pl.Expr) -> pl.Expr:
    """The part of the amount that the first `place` lines have: what was returned alone, else as it was cut."""
    drawn = (pl.col("amount") * shares.list.get(place, null_on_oob=True)).round(2)
    return pl.coalesce("returned_amount", drawn)


def document_rows(lines: pl.DataFrame, company: str) -> pl.DataFrame:
    """The papers of the order lines, by time; none later than the export. `lines` as ``order_lines`` gives them.

    Where both ends keep books, a paper stands there once for each system that holds it.
    """
    parcels = _parcels(lines)
    invoices = _invoices(parcels, lines)
    papers = [
        _paper(lines, "order", "SO", at="ordered_us", quantity="quantity", amount="line_amount"),
        _paper(parcels, "delivery", "DL", "SO", at="delivered_us", quantity="part_quantity", system="WMS"),
        _paper(parcels, "goods_issue", "WA", "DL", at="issued_us", quantity="part_quantity", system="WMS"),
        invoices,
        *(_payments(invoices, lines, time) for time in (1, 2)),
        *_returns(lines),
    ]
    written = pl.concat(papers).filter(pl.col("at_us") < EXPORTED_US)
    held = [written, *_also_held(written)] if BOTH_ENDS[company] else [written]
    made = pl.concat(held).filter(pl.col("at_us") < EXPORTED_US).sort("at_us", "document", "line", "system")
    created = pl.from_epoch("at_us", time_unit="us").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return made.with_columns(created_at=created).select(COLUMNS)


def _also_held(papers: pl.DataFrame) -> list[pl.DataFrame]:
    """The same papers in the books of the other ends."""
    return [
        papers.filter(pl.col("type") == kind).with_columns(
            system=pl.lit(system), at_us=pl.col("at_us") + seconds * 1_000_000
        )
        for kind, ends in ALSO_HELD.items()
        for system, seconds in ends.items()
    ]


def _parcels(lines: pl.DataFrame) -> pl.DataFrame:
    """One row per order line and parcel in which it left, a day after the one before: part, part_quantity."""
    again = pl.col("flag") == "shipped again"
    several = lines.filter(pl.col("shipping") > 0).with_columns(
        parcels=pl.when(again).then(TIMES_SHIPPED).otherwise("parts")
    )
    each = several.with_columns(part=pl.int_ranges(0, "parcels")).explode("part")
    until, since = (pl.col("shipping") * (pl.col("part") + one) // pl.col("parcels") for one in (1, 0))
    later = pl.col("part") * DAY_US
    return each.with_columns(pl.col("delivered_us", "issued_us", "invoiced_us") + later, part_quantity=until - since)


def _invoices(parcels: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The invoices: one for each parcel of what was ordered, or for the order itself where nothing had left."""
    billed = parcels.filter(pl.col("invoicing") > 0, (pl.col("flag") != "shipped again") | (pl.col("part") == 0))
    parts = pl.when(pl.col("flag") == "shipped again").then(1).otherwise("parts")
    until, since = (pl.col("invoicing") * (pl.col("part") + one) // parts for one in (1, 0))
    price = pl.col("line_amount") / pl.col("quantity")
    billed = billed.with_columns(
        billed_quantity=until - since, billed_amount=(price * until).round(2) - (price * since).round(2)
    )
    unshipped = lines.filter(pl.col("shipping") == 0, pl.col("invoicing") > 0).with_columns(part=pl.lit(0, pl.Int64))
    said = {"at": "invoiced_us", "system": "Financial system"}
    return pl.concat(
        [
            _paper(billed, "invoice", "RE", "DL", quantity="billed_quantity", amount="billed_amount", **said),
            _paper(unshipped, "invoice", "RE", "SO", quantity="invoicing", amount="line_amount", **said),
        ]
    )


def _payments(invoices: pl.DataFrame, lines: pl.DataFrame, time: int) -> pl.DataFrame:
    """One row per invoice line that was paid, the second `time` two days after the first."""
    paid = lines.filter(pl.col("paying") >= time).unique("number", maintain_order=True)
    after = paid.select("number", waited_us=pl.col("paid_us") - pl.col("invoiced_us"))
    rows = invoices.join(after, on="number", maintain_order="left")
    again = "" if time == 1 else f".{time}"
    return rows.with_columns(
        document=pl.format("ZA{}{}", pl.col("document").str.strip_prefix("RE"), pl.lit(again)),
        type=pl.lit("payment"),
        preceding="document",
        preceding_line="line",
        system=pl.lit("Bank"),
        object_type=pl.lit("payment"),
        quantity=pl.lit(None, pl.Int64),
        unit=pl.lit(None, pl.String),
        at_us=pl.col("at_us") + pl.col("waited_us") + (time - 1) * 2 * DAY_US,
    ).select(invoices.columns)


def _returns(lines: pl.DataFrame) -> list[pl.DataFrame]:
    """What came back of an order line, and its credit note."""
    back = lines.filter(pl.col("returning") > 0)
    goods = _paper(
        back, "return", "RT", "DL", at="returned_us", quantity="returning", amount="line_amount", system="ERP"
    )
    credit = _paper(
        back,
        "credit_note",
        "RE",
        at="credited_us",
        quantity="returning",
        amount="line_amount",
        system="Financial system",
    )
    serial = back["return_number"] + 100_000
    returned = pl.Series([f"RT{number}" for number in serial])
    return [
        goods.with_columns(document=returned),
        credit.with_columns(
            document=pl.Series([f"RE{number}" for number in serial]), preceding=returned, preceding_line="line"
        ),
    ]


OBJECT_TYPES = {"goods_issue": "delivery", "credit_note": "invoice"}


def _paper(
    rows: pl.DataFrame,
    kind: str,
    prefix: str,
    before: str | None = None,
    *,
    at: str,
    quantity: str,
    amount: str | None = None,
    system: str | None = None,
) -> pl.DataFrame:
    """The papers of one type: the order's number with their own prefix, the part behind it where there are several."""
    serial = (pl.col("number") + 100_000).cast(pl.String)
    part = pl.col("part") if "part" in rows.columns else pl.lit(0, pl.Int64)
    of_part = pl.when(part > 0).then(pl.format(".{}", part + 1)).otherwise(pl.lit(""))
    line = pl.col("line")
    return rows.select(
        document=pl.concat_str(pl.lit(prefix), serial, pl.lit("") if prefix == "SO" else of_part),
        line=line.cast(pl.String),
        type=pl.lit(kind),
        preceding=pl.concat_str(pl.lit(before), serial, pl.lit("") if before == "SO" else of_part)
        if before
        else pl.lit(None, pl.String),
        preceding_line=line.cast(pl.String) if before else pl.lit(None, pl.String),
        system=pl.lit(system) if system else pl.col("system"),
        object_type=pl.lit(OBJECT_TYPES.get(kind, kind)),
        quantity=pl.col(quantity).cast(pl.Int64),
        unit=pl.lit("pc"),
        amount=pl.col(amount).round(2) if amount else pl.lit(None, pl.Float64),
        currency=pl.when(pl.lit(amount is not None)).then(pl.lit("EUR")),
        at_us=pl.col(at),
        number=pl.col("number"),
    )
