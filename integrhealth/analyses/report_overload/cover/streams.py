"""Who gets which report how often, and which decisions that serves."""

import polars as pl

from integrhealth.language.period import local_day
from integrhealth.language.thresholds import CADENCES

RARE = "rare"
CADENCE_WORDS = [*CADENCES, RARE]
NEED = ["decision", "person"]


def cadences(deliveries: pl.DataFrame, *, timezone: str = "UTC") -> pl.DataFrame:
    """One row per report and person: deliveries, the median days between them, and the cadence that follows.

    Up to 2 days daily, 10 weekly, 45 monthly, else rare (own). The gaps lie between distinct days of `timezone`, so
    that mail and chat on one morning are one arrival; with a single day there is no gap, and the cadence is rare.
    ``rank`` orders the cadences, 0 the fastest.
    """
    rank = cadence_rank(pl.col("median_days").fill_null(float("inf")))
    return (
        deliveries.with_columns(day=local_day(pl.col("at"), timezone))
        .group_by("report", "person", "day")
        .len()
        .sort("report", "person", "day")
        .group_by("report", "person", maintain_order=True)
        .agg(
            deliveries=pl.col("len").sum().cast(pl.Int64),
            median_days=pl.col("day").diff().dt.total_days().median(),
        )
        .with_columns(rank=rank)
        .with_columns(cadence=cadence_word(pl.col("rank")))
    )


def cadence_rank(days: pl.Expr) -> pl.Expr:
    """The rank of the cadence of what comes every so many days, 0 the fastest."""
    return sum((days > longest).cast(pl.Int64) for longest in CADENCES.values())


def cadence_word(rank: pl.Expr) -> pl.Expr:
    """The word for a cadence by its rank, 0 the fastest; beyond the slowest it is the slowest."""
    last = len(CADENCE_WORDS) - 1
    return rank.clip(0, last).replace_strict(range(last + 1), CADENCE_WORDS, return_dtype=pl.String)


def services(streams: pl.DataFrame, inventory: pl.DataFrame) -> pl.DataFrame:
    """One row per report, decision and person served: at which cadence, and whether nobody serves it faster.

    `streams` are the rows of ``cadences``. ``covers`` is true at the fastest cadence at which the person gets the
    decision served; a slower report cannot stand in for a faster one.
    """
    decisions = inventory.select("report", decision="decisions").explode("decision").drop_nulls().unique()
    return (
        streams.join(decisions, on="report")
        .with_columns(covers=pl.col("rank") == pl.col("rank").min().over("decision", "person"))
        .select("report", "decision", "person", "cadence", "covers")
        .sort("report", "decision", "person")
    )


def uncovered(served: pl.DataFrame, remaining: pl.DataFrame) -> pl.DataFrame:
    """One row per need, a decision and a person, that nothing would serve as often as today: the proof is no row.

    `served` are the rows of ``services`` today, `remaining` the streams (report, person) that would be left. It is a
    count of its own and knows nothing of how they were chosen.
    """
    needs = served.select(*NEED).unique()
    left = served.filter("covers").join(remaining, on=["report", "person"], how="semi")
    return needs.join(left, on=NEED, how="anti").sort(NEED)
