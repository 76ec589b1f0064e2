"""What counters counted between two samples: resets, counters that were born later, and samples that are missing."""

from typing import Any

import polars as pl

from integrhealth.language.schema import COUNT, NUMBER, TIME

# A bin of time, in microseconds.
BIN_US = 300_000_000
INCREASES: dict[str, Any] = {"series": COUNT, "life": COUNT, "since": TIME, "at": TIME, "grown": NUMBER}


def increases(samples: pl.DataFrame, series: pl.DataFrame) -> pl.DataFrame:
    """One row per sample of a counter that says what was counted before it: ``grown`` from ``since`` to ``at``.

    `samples` are series (a number), time and value, without repeats, sorted by series and time; `series` as
    ``series.request_series`` gives them. The counters of a family begin anew together: where any of them fell, all
    did, and each has counted since what it shows; ``life`` numbers the times between. A series that appears while its
    family goes on counting has begun at zero; the first samples of a family say nothing of the time before them.
    Counts since the sample before (``delta``) stand as they are. Negative values are none.
    While a process is gone (``up`` is 0, or there are no samples) nothing is known.
    """
    placed = samples.filter(pl.col("value") >= 0).join(
        series.select("series", "family", "delta"), on="series", maintain_order="left"
    )
    same = pl.col("series") == pl.col("series").shift(1)
    paired = placed.with_columns(
        before=pl.when(same).then(pl.col("time").shift(1)), grown=pl.when(same).then(pl.col("value").diff())
    )
    fell = (pl.col("grown") < 0) & ~pl.col("delta")
    moments = (
        paired.group_by("family", "time")
        .agg(continued=pl.col("before").max(), fell_from=pl.col("before").filter(fell).max())
        .sort("family", "time")
        .with_columns(previous=pl.col("time").shift(1).over("family"))
        # What fell after samples in which it was missing tells of a reset that the others may have shown before.
        .with_columns(life=(pl.col("fell_from") == pl.col("previous")).fill_null(False).cum_sum().cast(COUNT))
    )
    lived = paired.join(moments, on=["family", "time"], maintain_order="left")
    anew = pl.when(same).then((pl.col("life") != pl.col("life").shift(1)) | (pl.col("grown") < 0))
    # Something that was there at the moment before is still there.
    goes_on = pl.col("continued") == pl.col("previous")
    born = pl.col("before").is_null() & goes_on
    shown = pl.col("delta") | born | anew
    # A process that was gone began anew shortly before it is seen again, as far as anybody knows.
    lately = pl.max_horizontal("before", pl.col("time") - pl.duration(microseconds=BIN_US))
    since = pl.when(anew & ~pl.col("delta")).then(lately).otherwise("before")
    counted = lived.select(
        "series",
        "life",
        since=pl.coalesce(since, pl.when(goes_on | pl.col("delta")).then("previous"), "time"),
        at="time",
        grown=pl.when(shown.fill_null(False)).then("value").otherwise("grown"),
    )
    return counted.drop_nulls("grown").cast(INCREASES)


def resets(bins: pl.DataFrame, series: pl.DataFrame) -> int:
    """How often processes began anew within `bins`, as ``binned`` gives them: by the metric that shows it most."""
    lives = bins.join(series.select("series", "process", "family"), on="series").group_by("process", "family")
    again = lives.agg(times=pl.col("life").n_unique().cast(COUNT) - 1).group_by("process").agg(pl.col("times").max())
    return again["times"].sum()


def binned(counted: pl.DataFrame) -> pl.DataFrame:
    """One row per series, life and five minutes of `counted`, the `increases`: ``grown`` from ``at`` on.

    What was counted over five minutes or less falls into the bin in which that time ends; a longer time is taken to
    have been even, and its count is spread over the bins that it touches.
    """
    us = counted.with_columns(begin=pl.col("since").dt.epoch("us"), end=pl.col("at").dt.epoch("us"))
    long = pl.col("end") - pl.col("begin") > BIN_US
    # A time that ends where a bin begins lies in the one before.
    last = (pl.col("end") - 1) // BIN_US
    keys = ("series", "life", "bin")
    short = us.filter(~long).select("series", "life", "grown", bin=last)
    spread = us.filter(long).with_columns(bin=pl.int_ranges(pl.col("begin") // BIN_US, last + 1)).explode("bin")
    begin, end = (pl.col("bin") + number for number in (0, 1))
    inside = pl.min_horizontal(end * BIN_US, "end") - pl.max_horizontal(begin * BIN_US, "begin")
    spread = spread.with_columns(grown=pl.col("grown") * inside / (pl.col("end") - pl.col("begin")))
    summed = pl.concat([short, spread.select(short.columns)]).group_by(keys).agg(pl.col("grown").sum())
    return summed.select("series", "life", at=(pl.col("bin") * BIN_US).cast(TIME), grown="grown")
