"""Every delivery, invoice, payment and return led back to the order lines where it began."""

from typing import Any

import polars as pl

from integrhealth.analyses.reconciliation.documents.allocation import MEASURES
from integrhealth.analyses.reconciliation.documents.lines import ORDER, RETURN
from integrhealth.language.thresholds import MOST_DOCUMENT_STEPS

MOVES: dict[str, Any] = {
    "begin": pl.UInt32,
    "node": pl.UInt32,
    "type": pl.String,
    "quantity": pl.Float64,
    "amount": pl.Float64,
    "created_at": pl.Datetime("us", "UTC"),
    "returned": pl.Boolean,
    "again": pl.Boolean,
}


def moves(lines: pl.DataFrame, pieces: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """One row per piece of a line and the line where its chain begins (MOVES), with its share of both measures.

    A chain begins at an order, or where nothing comes before. ``returned``: it came by way of a return;
    ``again``: by way of another line of its own type, as a parcel that a carrier takes from a delivery.
    """
    upward = pieces.group_by("node", "pred").agg(pl.col("part", "quantity", "amount").sum())
    total = {each: pl.col(each).sum().over("node") for each in ("quantity", "amount", "part")}
    by_part = pl.col("part") / total["part"]
    shares = {
        f"{each}_share": pl.when(total[each].abs() > 0).then(pl.col(each) / total[each]).otherwise(by_part)
        for each in MEASURES
    }
    types = nodes.select("node", there="type")
    # An order that takes back what another ordered is no beginning.
    taking = upward.filter((pl.col("quantity") < 0) | (pl.col("amount") < 0)).select("node").unique()
    begins = types.filter(pl.col("there") == ORDER).join(taking, on="node", how="anti")
    steps = (
        upward.select("node", "pred", **shares)
        .join(begins, on="node", how="anti")
        .rename({"node": "at", "pred": "next"})
    )
    own = lines.select("node", "type").unique()
    loose = lines.join(pieces.select("node").unique(), on="node", how="anti")
    orders = pieces.join(own, on="node").join(begins, on="node", how="semi")
    begun = [each.with_columns(begin="node", returned=False, again=False) for each in (loose, orders)]
    frontier = pieces.join(own, on="node").rename({"pred": "at"}).with_columns(returned=False, again=False)
    arrived = [each.select(*MOVES).cast(MOVES) for each in begun]
    for _ in range(MOST_DOCUMENT_STEPS):
        if frontier.is_empty():
            break
        there = pl.col("there").fill_null("")
        frontier = frontier.join(types, left_on="at", right_on="node").with_columns(
            returned=pl.col("returned") | (there == RETURN), again=pl.col("again") | (there == pl.col("type"))
        )
        ends = frontier.join(steps, on="at", how="anti")
        arrived.append(ends.rename({"at": "begin"}).select(*MOVES).cast(MOVES))
        frontier = _one_step(frontier.join(steps, on="at"))
    return pl.concat(arrived).sort(*MOVES, nulls_last=True)


def _one_step(frontier: pl.DataFrame) -> pl.DataFrame:
    """The same pieces at the lines that come before, shared out among these."""
    passed = frontier.with_columns(*(pl.col(each) * pl.col(f"{each}_share") for each in MEASURES), at="next")
    key = ("node", "type", "created_at", "at", "returned", "again")
    return passed.group_by(key).agg(*(_sum_if_any(each) for each in MEASURES))


def _sum_if_any(column: str) -> pl.Expr:
    """The sum of the `column`, null where it has nothing."""
    return pl.when(pl.col(column).count() > 0).then(pl.col(column).sum()).alias(column)
