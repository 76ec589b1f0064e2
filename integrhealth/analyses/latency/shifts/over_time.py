"""What the charts of shifts show: percentiles over time, and how many messages took how long when."""

import polars as pl

from integrhealth.analyses.latency.shifts.hours import BIN
from integrhealth.traces.facts import bucket_ms, percentiles

# Integrations that are drawn over time, and the days from which a point is a day and no hour (own).
MOST_DRAWN, BY_DAY = 4, 14
# Columns of the heat map at most, and buckets of 2% that are one of its rows: each 1.4 times the one below (own).
HEAT_COLUMNS, HEAT_BUCKETS = 120, 17
WIDTHS = ("1h", "3h", "6h", "12h", "1d", "2d", "7d", "28d")
BAND = {"p25_ms": 0.25, "p50_ms": 0.50, "p75_ms": 0.75, "p95_ms": 0.95}


def drawn(facts: pl.DataFrame, shifts: pl.DataFrame) -> list[str]:
    """The integrations to draw: whose latency changed most, in either direction; else those with most messages."""
    latency = shifts.filter(pl.col("metric").is_in(["p50_ms", "p95_ms"]))
    times = (pl.col("after") / pl.col("before")).log().abs().max()
    shifted = latency.group_by("integration").agg(times=times).sort("times", "integration", descending=[True, False])
    if shifted.height:
        return shifted["integration"].head(MOST_DRAWN).to_list()
    timed = facts.filter(pl.col("bucket").is_not_null()).group_by("integration").agg(pl.col("messages").sum())
    most = timed.sort("messages", "integration", descending=[True, False])
    return most["integration"].head(MOST_DRAWN).to_list()


def latency_over_time(facts: pl.DataFrame, integrations: list[str]) -> pl.DataFrame:
    """One row per integration of `integrations`, in their order, and day or hour with a timed message.

    `facts` as ``hours.hour_facts`` gives them. A percentile that fewer messages than it takes say nothing of is null.
    """
    mine = facts.filter(pl.col("integration").is_in(integrations), pl.col("bucket").is_not_null())
    width = "1d" if _days(mine) >= BY_DAY else "1h"
    bins = percentiles(
        mine.with_columns(pl.col("at").dt.truncate(width)), BIN, count="messages", quantiles=BAND
    ).rename({"n": "timed"})
    # Of four messages each is a quarter; of twenty the slowest is the p95.
    quarters, slowest = pl.when(pl.col("timed") >= 4), pl.when(pl.col("timed") >= 20)
    order = pl.col("integration").replace_strict(integrations, range(len(integrations)), return_dtype=pl.Int64)
    return (
        bins.with_columns(quarters.then(pl.col("p25_ms", "p75_ms")).name.keep(), slowest.then("p95_ms").alias("p95_ms"))
        .sort(order, "at")
        .select(*BIN, "timed", *BAND)
    )


def latency_heat(facts: pl.DataFrame, integration: str) -> pl.DataFrame:
    """One row per time bin and range of latency in which a message of `integration` lies.

    `share` is that of the messages of the time bin.
    """
    mine = facts.filter(pl.col("integration") == integration, pl.col("bucket").is_not_null())
    hours = {"1h": 1, "3h": 3, "6h": 6, "12h": 12, "1d": 24, "2d": 48, "7d": 168, "28d": 672}
    width = next((each for each in WIDTHS if _days(mine) * 24 / hours[each] <= HEAT_COLUMNS), WIDTHS[-1])
    row = pl.col("bucket").cast(pl.Int64).floordiv(HEAT_BUCKETS)
    counted = mine.group_by("integration", pl.col("at").dt.truncate(width), row=row).agg(pl.col("messages").sum())
    return (
        counted.with_columns(
            until=pl.col("at").dt.offset_by(width),
            low_ms=bucket_ms(pl.col("row") * HEAT_BUCKETS),
            high_ms=bucket_ms((pl.col("row") + 1) * HEAT_BUCKETS),
            share=pl.col("messages") / pl.col("messages").sum().over("at"),
        )
        .sort("at", "row")
        .select("integration", "at", "until", "low_ms", "high_ms", "messages", "share")
    )


def _days(facts: pl.DataFrame) -> float:
    """How many days the facts span."""
    span = facts.select(pl.col("at").max() - pl.col("at").min()).item()
    return 0.0 if span is None else span.total_seconds() / 86_400
