"""Facts are mergeable aggregates: small frames of counts and sums that add up over disjoint sets of traces.

The facts of January and those of February, merged, are the facts of both, so that no analysis must see all messages at
once; shares, percentiles and intervals are only read from merged facts. Functions named ``*_facts`` make them. Merging
is concat, group by, sum; nothing else. Durations are counted in logarithmic buckets of a whole number of
microseconds (DDSketch, Masson et al., VLDB 2019): a value read back is at most 1% off, and buckets add up, which
percentiles do not.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from integrhealth.language.statistics import quantile_ranks

# Relative error of a value read back from its bucket (DDSketch), and the ratio of neighbouring bucket bounds.
RELATIVE_ERROR = 0.01
GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
# The bucket of durations of zero; one microsecond has bucket 0.
ZERO_BUCKET = -1


def merged(frames: Iterable[pl.DataFrame], keys: Sequence[str]) -> pl.DataFrame:
    """The facts of all `frames` as one: one row per combination of `keys`, sorted by them.

    All other columns are summed, except those named max_* and min_*, of which the largest and the smallest is
    kept. Null is a key like any other. Raises ValueError when there is no frame at all, since the columns are then
    unknown.
    """
    everything = pl.concat(list(frames))
    values = [column for column in everything.columns if column not in keys]
    largest = [column for column in values if column.startswith("max_")]
    smallest = [column for column in values if column.startswith("min_")]
    added = [column for column in values if column not in largest + smallest]
    return (
        everything.group_by(keys)
        .agg(pl.col(added).sum(), pl.col(largest).max(), pl.col(smallest).min())
        .select(everything.columns)
        .sort(keys)
    )


def log_bucket(duration_us: pl.Expr) -> pl.Expr:
    """The bucket of whole microseconds: i holds (gamma^(i-1), gamma^i]; zero has its own; null stays null."""
    bucket = (duration_us.cast(pl.Float64).log() / np.log(GAMMA)).ceil()
    return pl.when(duration_us > 0).then(bucket).when(duration_us == 0).then(ZERO_BUCKET).cast(pl.Int16)


def bucket_ms(bucket: pl.Expr) -> pl.Expr:
    """The value that stands for a bucket, in milliseconds: at most 1% from every duration in it."""
    middle = 2 * GAMMA / (GAMMA + 1) * pl.lit(GAMMA).pow(bucket.cast(pl.Float64) - 1) / 1000
    return pl.when(bucket == ZERO_BUCKET).then(0.0).otherwise(middle)


def percentiles(
    buckets: pl.DataFrame,
    keys: Sequence[str],
    *,
    count: str,
    quantiles: dict[str, float],
    interval_of: str | None = None,
) -> pl.DataFrame:
    """One row per combination of `keys`: the number of values as ``n`` and one column in ms per entry of `quantiles`.

    `buckets` has the columns ``bucket`` (rows with null are left out) and `count`, how many values fell into it. The
    quantile q of n values is the one of rank ceil(q n), the smallest with at least that share at or below it. With
    `interval_of`, the name of one quantile, its 95% interval by order statistics is added as ``low_ms``, ``high_ms``;
    a side that no value of so few bounds is null.
    """
    counted = buckets.filter(pl.col("bucket").is_not_null()).group_by(*keys, "bucket").agg(pl.col(count).sum())
    groups = counted.filter(pl.col(count) > 0).group_by(keys).agg(n=pl.col(count).sum()).sort(keys)
    # The guard keeps 0.95 * 20 at rank 19 where floating point makes it 19.000000000000004.
    ranks = {f"_{name}": (q * pl.col("n") - 1e-9).ceil().clip(1) for name, q in quantiles.items()}
    ranked = groups.with_columns(**ranks)
    names = list(quantiles)
    if interval_of is not None:
        sizes = groups["n"].to_numpy()
        low, high = quantile_ranks(sizes, quantiles[interval_of])
        beyond = sizes + 1  # a rank that no bucket reaches
        ranked = ranked.with_columns(pl.Series("_low_ms", np.where(low < 1, beyond, low)), pl.Series("_high_ms", high))
        names += ["low_ms", "high_ms"]
    running = (
        counted.join(ranked, on=keys, nulls_equal=True)
        .sort(*keys, "bucket")
        .with_columns(reached=pl.col(count).cum_sum().over(keys))
    )
    read_back = [
        bucket_ms(pl.col("bucket").filter(pl.col("reached") >= pl.col(f"_{name}")).first()).alias(name)
        for name in names
    ]
    return running.group_by(keys).agg(pl.col("n").first(), *read_back).sort(keys)
