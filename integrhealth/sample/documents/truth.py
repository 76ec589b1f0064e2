"""What was planted in the documents, with exact counts of what is in the export."""

from typing import Any

import polars as pl

from integrhealth.sample.documents.orders import BALANCED, EXPORTED_US, FLAGS, HOUR_US, OPEN
from integrhealth.sample.documents.papers import BOTH_ENDS
from integrhealth.sample.season import DAY_US

# What is not paid yet counts from so much money on: prices may differ by that.
TOLERANCE = 50
WAITING = ("not shipped", "not invoiced", "not paid", "not credited")
WITHOUT_ORDER = "order failed for good in the messages"


def document_truth(lines: pl.DataFrame, rows: pl.DataFrame, company: str) -> dict[str, Any]:
    """Flags of lines and orders, money at stake, what is still on its way. `lines` and `rows` as in ``papers``."""
    seen = lines.filter(pl.col("ordered_us") < EXPORTED_US).join(
        _unpaid(rows), on=["number", "line"], how="left", maintain_order="left"
    )
    seen = seen.with_columns(_on_its_way())
    seen = seen.with_columns(
        flag=pl.when((pl.col("flag") == BALANCED) & pl.col("waiting").is_not_null())
        .then(pl.lit(OPEN))
        .otherwise("flag"),
        order=pl.format("SO{}", pl.col("number") + 100_000),
        at_stake=_at_stake(),
    )
    open_lines = seen.filter(pl.col("flag") == OPEN)
    wrong = [flag for flag in FLAGS if flag not in (BALANCED, OPEN)]
    never = seen.filter(pl.col("flag") == "never shipped").unique("number")
    return {
        "rows": dict(sorted(rows.group_by("type").len().rows())),
        "held_by_both_ends": BOTH_ENDS[company],
        "orders": seen["number"].n_unique(),
        "order_lines": seen.height,
        "lines_by_flag": {flag: seen.filter(pl.col("flag") == flag).height for flag in FLAGS},
        "orders_by_flag": {flag: seen.filter(pl.col("flag") == flag)["number"].n_unique() for flag in FLAGS},
        "at_stake": {flag: float(seen.filter(pl.col("flag") == flag)["at_stake"].sum()) for flag in wrong},
        "orders_of": {flag: sorted(seen.filter(pl.col("flag") == flag)["order"].unique()) for flag in wrong},
        "never_shipped": {
            WITHOUT_ORDER: never.filter(~pl.col("create_ok")).height,
            "accepted and forgotten": never.filter("create_ok").height,
        },
        "open": {why: open_lines.filter(pl.col("waiting") == why).height for why in WAITING},
        "not_paid_yet": seen.filter(pl.col("unpaid") > 0, pl.col("flag").is_in([BALANCED, OPEN])).height,
        "oldest_open_hours": ((EXPORTED_US - open_lines["waiting_since_us"]) / HOUR_US).max(),
        "partial_shipments": {
            str(parts): count
            for parts, count in seen.filter(pl.col("parts") > 1).group_by("parts").len().sort("parts").rows()
        },
        "returned_lines": seen.filter(pl.col("returning") > 0, pl.col("returned_us") < EXPORTED_US).height,
        "credited_lines": seen.filter(pl.col("returning") > 0, pl.col("credited_us") < EXPORTED_US).height,
    }


def _unpaid(rows: pl.DataFrame) -> pl.DataFrame:
    """By order (number) and line the money that was invoiced and not yet paid."""

    def booked(kind: str, prefix: str) -> pl.DataFrame:
        serial = pl.col("document").str.extract(f"^{prefix}([0-9]+)").cast(pl.Int64)
        made = (
            rows.filter(pl.col("type") == kind)
            .unique(["document", "line"])
            .with_columns(number=serial - 100_000, line=pl.col("line").cast(pl.Int64))
        )
        return made.group_by("number", "line").agg(pl.col("amount").sum().alias(kind))

    both = booked("invoice", "RE").join(booked("payment", "ZA"), on=["number", "line"], how="left")
    return both.select("number", "line", unpaid=(pl.col("invoice") - pl.col("payment").fill_null(0)).round(2))


def _on_its_way() -> list[pl.Expr]:
    """What a line still waits for at the end of the export, and since when."""
    later = (pl.col("parts") - 1) * DAY_US
    back = (pl.col("returning") > 0) & (pl.col("returned_us") < EXPORTED_US)
    late = {
        "not shipped": (pl.col("issued_us") + later >= EXPORTED_US, "ordered_us"),
        "not invoiced": (pl.col("invoiced_us") + later >= EXPORTED_US, "issued_us"),
        "not paid": (pl.col("unpaid") > TOLERANCE, "invoiced_us"),
        "not credited": (back & (pl.col("credited_us") >= EXPORTED_US), "returned_us"),
    }
    waiting = pl.coalesce(pl.when(waits).then(pl.lit(why)) for why, (waits, _) in late.items())
    since = pl.coalesce(pl.when(waits).then(begun) for waits, begun in late.values())
    return [waiting.alias("waiting"), since.alias("waiting_since_us")]


def _at_stake() -> pl.Expr:
    """The money of what differs: quantities at the price of the order, and what was paid once more."""
    price = pl.col("line_amount") / pl.col("quantity")
    flag = pl.col("flag")
    quantity = (
        pl.when(flag.is_in(["shipped again", "over-shipped"]))
        .then(pl.col("shipping") - pl.col("quantity"))
        .when(flag == "over-invoiced")
        .then(pl.col("invoicing") - pl.col("quantity"))
        .when(flag.is_in([BALANCED, OPEN]))
        .then(0)
        .otherwise("quantity")
    )
    return (quantity * price).round(2)
