"""What the median journey would gain from a faster step: counts that add up, and the median read from them twice.

A journey is shortened by what the step drags in it, 100 ms at the most. Within a bucket of duration journeys are taken
to lie evenly, and those that gain about the same (to a tenth of what is asked) to gain their mean: so that a gain much
smaller than a bucket is seen, though the median itself is only known to 1%.
"""

import polars as pl

from integrhealth.language.statistics import enough
from integrhealth.language.thresholds import FASTER_MS
from integrhealth.traces.facts import GAMMA, ZERO_BUCKET, log_bucket

STEP = ("system", "operation")
TYPED_STEP = ("object_type", *STEP)


def saving_facts(passed: pl.DataFrame, journeys: pl.DataFrame) -> pl.DataFrame:
    """One row per object type, step, log bucket of duration and tenth of what is asked: journeys and what they gain.

    `passed` are the steps by journey (``journey_times.passed``); sums that add up over journeys.
    """
    asked = int(FASTER_MS * 1000)
    saved = pl.min_horizontal("drag_us", pl.lit(asked))
    shortened = passed.filter(pl.col("drag_us") > 0).select("journey", *STEP, saved_us=saved)
    typed = journeys.select("journey", "object_type", bucket=log_bucket(pl.col("duration_us")))
    return (
        shortened.join(typed, on="journey")
        .group_by(*TYPED_STEP, "bucket", tenth=(pl.col("saved_us") * 10 // asked).cast(pl.Int16))
        .agg(journeys=pl.len().cast(pl.Int64), saved_us=pl.col("saved_us").sum())
        .sort(*TYPED_STEP, "bucket", "tenth")
    )


def median_savings(savings: pl.DataFrame, whole: pl.DataFrame, *, min_messages: int) -> pl.DataFrame:
    """One row per object type and step: median_saved_ms, how much sooner the median journey of the type would end.

    `savings` and `whole` are ``saving_facts`` and ``journey_facts``; null below `min_messages` journeys of the type.
    """
    ended = whole.filter(pl.col("bucket").is_not_null()).select("object_type", "bucket", "journeys")
    steps = savings.select(TYPED_STEP).unique(maintain_order=True)
    all_of_type = steps.join(ended, on="object_type", nulls_equal=True).with_columns(sooner=pl.lit(0.0))
    faster = savings.select(*TYPED_STEP, "bucket", "journeys", sooner=pl.col("saved_us") / pl.col("journeys"))
    # Those that gain leave the place where they were.
    left = faster.with_columns(-pl.col("journeys"), sooner=pl.lit(0.0))
    after = _medians(pl.concat([all_of_type, left, faster])).select(*TYPED_STEP, after_us="median_us")
    saved = ((pl.col("median_us") - pl.col("after_us")) / 1000).clip(0).round(3)
    return (
        _medians(all_of_type)
        .join(after, on=TYPED_STEP, nulls_equal=True, maintain_order="left")
        .select(*TYPED_STEP, median_saved_ms=pl.when(enough(pl.col("n"), min_messages)).then(saved))
    )


def _medians(cells: pl.DataFrame) -> pl.DataFrame:
    """n and median_us by object type and step of so many journeys each, `sooner` than their bucket of duration says."""
    high = pl.lit(GAMMA).pow(pl.col("bucket").cast(pl.Float64))
    low = pl.when(pl.col("bucket") == ZERO_BUCKET).then(0.0).otherwise(high / GAMMA)
    # Where a run of journeys begins, so many more lie in each microsecond, and as many fewer where it ends.
    turns = [
        cells.select(*TYPED_STEP, at=bound - pl.col("sooner"), change=sign * pl.col("journeys") / (high - low))
        for bound, sign in ((low, 1), (high, -1))
    ]
    sizes = cells.group_by(TYPED_STEP).agg(n=pl.col("journeys").sum())
    below = (
        pl.concat(turns)
        .group_by(*TYPED_STEP, "at")
        .agg(pl.col("change").sum())
        .sort(*TYPED_STEP, "at")
        .with_columns(
            density=pl.col("change").cum_sum().shift(1).over(TYPED_STEP).fill_null(0),
            passed=pl.col("at").diff().over(TYPED_STEP).fill_null(0),
        )
        .with_columns(reached=(pl.col("density") * pl.col("passed")).cum_sum().over(TYPED_STEP))
        .join(sizes, on=TYPED_STEP, nulls_equal=True, maintain_order="left")
    )
    half = pl.col("n") / 2
    crossed = below.filter(pl.col("reached") >= half * (1 - 1e-9)).group_by(TYPED_STEP, maintain_order=True).first()
    over = pl.when(pl.col("density") > 0).then((pl.col("reached") - half) / pl.col("density")).otherwise(0.0)
    return crossed.select(*TYPED_STEP, "n", median_us=pl.col("at") - over.clip(0)).sort(TYPED_STEP)
