"""Answers that bring nothing: messages that come, say ok, and carry no bytes where they always carried many."""

import polars as pl

from integrhealth.analyses.latency.silence.tails import Tails, tails
from integrhealth.language.thresholds import EMPTY_SHARE


def sizes(arrivals: pl.DataFrame, integrations: pl.Series) -> pl.DataFrame:
    """One row per integration and hour with messages that say how many bytes they brought: row, hour, min_at, size.

    ``size`` is their mean; ``shrunk`` how far it lies below the usual one, the median of all hours, as a logarithm, 0
    above it; ``last`` marks the hours since which every one brought next to nothing.
    """
    sized = arrivals.filter(pl.col("sized") > 0).sort("integration", "hour")
    row = integrations.search_sorted(sized["integration"]).to_numpy()
    size = pl.col("bytes") / pl.col("sized")
    measured = sized.select("hour", "min_at", row=pl.Series(row, dtype=pl.Int64), size=size)
    usual = pl.col("size").median().over("row")
    low = pl.col("size") <= EMPTY_SHARE * usual
    return measured.with_columns(
        shrunk=((usual + 1) / (pl.col("size") + 1)).log().clip(0),
        last=low.cum_min(reverse=True).over("row") & (usual > 0),
    )


def size_tails(sizes: pl.DataFrame, integrations: int) -> Tails:
    """The tails of how far sizes shrank in the hours before the last ones."""
    past = sizes.filter(~pl.col("last"))
    return tails(past["row"].to_numpy(), past["shrunk"].to_numpy(), integrations)


def present_sizes(sizes: pl.DataFrame) -> pl.DataFrame:
    """One row per integration whose messages have begun to bring next to nothing: row, emptied_at, when they began,
    and shrunk, the least of it since then."""
    last = sizes.filter("last").group_by("row")
    return last.agg(emptied_at=pl.col("min_at").min(), shrunk=pl.col("shrunk").min()).sort("row")
