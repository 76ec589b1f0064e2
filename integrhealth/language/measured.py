"""Samples of metrics: which are one series, and what a counter says of each moment."""

import polars as pl

SERIES = ["system", "metric", "statistic", "unit"]
CUMULATIVE = "cumulative"
DEPTH = "depth"
# What a mapping may say of a metric (``meaning``): it counts requests, those of them that failed, how long they took
# (in the unit of its name, else in seconds; or in milliseconds), or how many messages wait.
METRIC_MEANINGS = ("requests", "failed", "duration", "duration_ms", DEPTH)


def readings(metrics: pl.DataFrame) -> pl.DataFrame:
    """One row per sample, in the order of its series and of time: the series, time, value, gap_s since the one before.

    A counter that only grows becomes its rate per second since the sample before, in ``unit`` per second, null for
    the first; where it fell it had begun anew at zero, and ``reset`` is true. Of samples of one series at one time the
    last counts. What is no number is left out.
    """
    samples = metrics.filter(pl.col("value").is_finite())
    # Sorting by a number instead of four texts takes a quarter of the time.
    series = samples.select(SERIES).unique().sort(SERIES).with_row_index("series")
    samples = samples.join(series, on=SERIES, nulls_equal=True, maintain_order="left")
    samples = samples.sort("series", "time", maintain_order=True)
    before_another = (pl.struct("series", "time") == pl.struct("series", "time").shift(-1)).fill_null(False)
    samples = samples.filter(~before_another)
    counter = (pl.col("statistic") == CUMULATIVE).fill_null(False)
    same = pl.col("series") == pl.col("series").shift(1)
    gap = pl.when(same).then(pl.col("time").diff().dt.total_microseconds() / 1e6)
    grown = pl.when(same).then(pl.col("value").diff())
    reset = counter & (grown < 0).fill_null(False)
    # Begun anew at zero, all that it shows has been counted since.
    rate = pl.when(reset).then("value").otherwise(grown) / gap
    per_second = pl.concat_str(pl.col("unit").fill_null(""), pl.lit("/s"))
    return samples.select(
        *SERIES[:3],
        pl.when(counter).then(per_second).otherwise("unit").alias("unit"),
        "time",
        value=pl.when(counter).then(rate).otherwise("value"),
        gap_s=gap,
        reset=reset,
    )


def longest_pause() -> pl.Expr:
    """The longest time between two readings of a series as a multiple of the usual one; null below two readings."""
    return pl.col("gap_s").max() / pl.col("gap_s").median()
