"""What the median journey would gain from a faster step: counts that add up, and the median read from them twice.

A journey is shortened by what the step drags in it, 100 ms at the most. Within a bucket of duration journeys are taken
to lie evenly, and those that pass the step to gain the same, their mean: so that a gain much smaller than a bucket is
seen, though the median itself is only known to 1%.
"""

import polars as pl

from integrhealth.language.statistics import enough
from integrhealth.language.thresholds import FASTER_MS
from integrhealth.traces.facts import GAMMA, ZERO_BUCKET, log_bucket

STEP = ("system", "operation")
TYPED_STEP = ("object_type", *STEP)


def saving_facts(passed: pl.DataFrame, journeys: pl.DataFrame) -> pl.DataFrame:
    """One row per object type, step and log bucket of duration: journeys that a faster step shortens, and by how much.

    `passed` are the steps by journey (``journey_times.passed``); sums that add up over journeys.
    """
    least = pl.min_horizontal("drag_us", pl.lit(int(FASTER_MS * 1000)))
    shortened = passed.filter(pl.col("drag_us") > 0).select("journey", *STEP, saved_us=least)
    typed = journeys.select("journey", "object_type", bucket=log_bucket(pl.col("duration_us")))
    return (
        shortened.join(typed, on="journey")
        .group_by(*TYPED_STEP, "bucket")
        .agg(journeys=pl.len().cast(pl.Int64), saved_us=pl.col("saved_us").sum())
        .sort(*TYPED_STEP, "bucket")
    )


def median_savings(savings: pl.DataFrame, whole: pl.DataFrame, *, min_messages: int) -> pl.DataFrame:
    """One row per object type and step: median_saved_ms, how much sooner the median journey of the type would end.

    `savings` and `whole` are ``saving_facts`` and ``journey_facts``; null below `min_messages` journeys of the type.
    """
    ended = whole.filter(pl.col("bucket").is_not_null()).select("object_type", "bucket", all="journeys")
    cells = (
        savings.select(TYPED_STEP)
        .unique(maintain_order=True)
        .join(ended, on="object_type", nulls_equal=True)
        .join(savings, on=[*TYPED_STEP, "bucket"], how="left", nulls_equal=True)
        .with_columns(pl.col("journeys", "saved_us").fill_null(0))
    )
    before = _medians(cells.with_columns(journeys=pl.lit(0, pl.Int64), saved_us=pl.lit(0, pl.Int64)))
    after = _medians(cells).select(*TYPED_STEP, after_us="median_us")
    return before.join(after, on=TYPED_STEP, nulls_equal=True, maintain_order="left").select(
        *TYPED_STEP,
        median_saved_ms=pl.when(enough(pl.col("n"), min_messages)).then(
            ((pl.col("median_us") - pl.col("after_us")) / 1000).clip(0).round(3)
        ),
    )


def _medians(cells: pl.DataFrame) -> pl.DataFrame:
    """n and median_us by object type and step, of journeys of which some end sooner than their bucket says."""
    zero = pl.col("bucket") == ZERO_BUCKET
    high = pl.lit(GAMMA).pow(pl.col("bucket").cast(pl.Float64))
    bounds = {"low": pl.when(zero).then(0.0).otherwise(high / GAMMA), "high": high}
    spread = cells.with_columns(
        **bounds, sooner=pl.when(pl.col("journeys") > 0).then(pl.col("saved_us") / pl.col("journeys")).otherwise(0.0)
    )
    # Where each run of journeys begins, so many more lie in each microsecond, and as many fewer where it ends.
    thick = {"rest": pl.col("all") - pl.col("journeys"), "shortened": pl.col("journeys")}
    turns = [
        spread.select(
            *TYPED_STEP,
            at=pl.col(end) - (pl.col("sooner") if part == "shortened" else 0),
            change=sign * count / (pl.col("high") - pl.col("low")),
        )
        for part, count in thick.items()
        for end, sign in (("low", 1), ("high", -1))
    ]
    sizes = cells.group_by(TYPED_STEP).agg(n=pl.col("all").sum())
    density, gone = pl.col("change").cum_sum().over(TYPED_STEP), pl.col("at").diff().over(TYPED_STEP).fill_null(0)
    below = (
        pl.concat(turns)
        .sort(*TYPED_STEP, "at")
        .with_columns(density=density, gone=gone)
        .with_columns(density=pl.col("density").shift(1).over(TYPED_STEP).fill_null(0))
        .with_columns(reached=(pl.col("density") * pl.col("gone")).cum_sum().over(TYPED_STEP))
        .join(sizes, on=TYPED_STEP, nulls_equal=True, maintain_order="left")
    )
    half = pl.col("n") / 2
    crossed = below.filter(pl.col("reached") >= half * (1 - 1e-9)).group_by(TYPED_STEP, maintain_order=True).first()
    over = pl.when(pl.col("density") > 0).then((pl.col("reached") - half) / pl.col("density")).otherwise(0.0)
    return crossed.select(*TYPED_STEP, "n", median_us=pl.col("at") - over.clip(0))
