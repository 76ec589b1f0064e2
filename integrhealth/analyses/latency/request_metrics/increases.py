"""What counters counted between two samples: resets, counters that were born later, and samples that are missing."""

from typing import Any

import polars as pl

from integrhealth.language.schema import COUNT, NUMBER, TIME

# A bin of time, in microseconds.
BIN_US = 300_000_000
INCREASES: dict[str, Any] = {"series": COUNT, "since": TIME, "at": TIME, "grown": NUMBER}


def increases(samples: pl.DataFrame, series: pl.DataFrame) -> pl.DataFrame:
    """One row per sample of a counter that says what was counted before it: ``grown`` from ``since`` to ``at``.

    `samples` are series (a number), time and value, without repeats, sorted by series and time; `series` as
    ``series.request_series`` gives them. The counters of a process begin anew together: where any of them fell, all
    did, and each has counted since what it shows. A series that appears while its process goes on counting has begun
    at zero; the first samples of a process say nothing of the time before them. Counts since the sample before
    (``delta``) stand as they are. Negative values are none.
    """
    placed = samples.filter(pl.col("value") >= 0).join(
        series.select("series", "process", "delta"), on="series", maintain_order="left"
    )
    same = pl.col("series") == pl.col("series").shift(1)
    paired = placed.with_columns(
        before=pl.when(same).then(pl.col("time").shift(1)), grown=pl.when(same).then(pl.col("value").diff())
    )
    times = paired.select("process", "time").unique().sort("process", "time")
    lived = paired.join(
        times.with_columns(previous=pl.col("time").shift(1).over("process")),
        on=["process", "time"],
        maintain_order="left",
    )
    # What fell after samples in which it was missing tells of a reset that the others may have shown before.
    fell = (pl.col("grown") < 0) & (pl.col("before") == pl.col("previous")) & ~pl.col("delta")
    moments = lived.group_by("process", "time").agg(fell=fell.any(), continued=pl.col("before").max())
    moments = moments.sort("process", "time").with_columns(life=pl.col("fell").cum_sum().over("process"))
    lived = lived.join(moments, on=["process", "time"], maintain_order="left")
    anew = pl.when(same).then((pl.col("life") != pl.col("life").shift(1)) | (pl.col("grown") < 0))
    # Something that was there at the moment before is still there.
    goes_on = pl.col("continued") == pl.col("previous")
    born = pl.col("before").is_null() & goes_on
    shown = pl.col("delta") | born | anew
    counted = lived.select(
        "series",
        since=pl.coalesce("before", pl.when(goes_on | pl.col("delta")).then("previous"), "time"),
        at="time",
        grown=pl.when(shown.fill_null(False)).then("value").otherwise("grown"),
    )
    return counted.drop_nulls("grown").cast(INCREASES)


def resets(samples: pl.DataFrame, series: pl.DataFrame) -> int:
    """How often the counters of a process began anew, in `samples` and `series` as `increases` takes them."""
    counters = series.filter(~pl.col("delta")).select("series", "process")
    placed = samples.join(counters, on="series", maintain_order="left")
    fell = (pl.col("series") == pl.col("series").shift(1)) & (pl.col("value") < pl.col("value").shift(1))
    return placed.filter(fell.fill_null(False)).select("process", "time").n_unique()


def binned(counted: pl.DataFrame) -> pl.DataFrame:
    """`counted` (since, at, grown and whatever names it) in bins of five minutes: ``at`` is where a bin begins.

    What was counted over five minutes or less falls into the bin in which that time ends; a longer time is taken to
    have been even, and its count is spread over the bins that it touches, in whole numbers that add up to it.
    """
    us = counted.with_columns(begin=pl.col("since").dt.epoch("us"), end=pl.col("at").dt.epoch("us"))
    long = pl.col("end") - pl.col("begin") > BIN_US
    # A time that ends where a bin begins lies in the one before.
    last = (pl.col("end") - 1) // BIN_US
    short = us.filter(~long).with_columns(bin=last)
    spread = us.filter(long).with_columns(bin=pl.int_ranges(pl.col("begin") // BIN_US, last + 1))
    spread = spread.explode("bin")
    reached = [
        (pl.col("grown") * ((bound * BIN_US - pl.col("begin")) / (pl.col("end") - pl.col("begin"))).clip(0, 1)).round()
        for bound in (pl.col("bin"), pl.col("bin") + 1)
    ]
    spread = spread.with_columns(grown=reached[1] - reached[0])
    names = pl.exclude("since", "at", "grown", "begin", "end", "bin")
    return pl.concat([short, spread.select(short.columns)]).select(
        names, at=(pl.col("bin") * BIN_US).cast(pl.Datetime("us", "UTC")), grown="grown"
    )
