"""What metrics measured, series by series: usual and highest values, pauses, and the course of the most restless."""

import polars as pl

from integrhealth.language.measured import SERIES, longest_pause
from integrhealth.language.statistics import enough

# Series that are drawn, and points of each.
MOST_SERIES, POINTS = 12, 240


def measurements(readings: pl.DataFrame, *, min_messages: int) -> pl.DataFrame:
    """One row per series of `readings`, as `language.measured.readings` gives them, the most restless first."""
    value = pl.col("value")
    judged = enough(pl.col("samples"), min_messages)
    rows = readings.group_by(SERIES, maintain_order=True).agg(
        samples=pl.len().cast(pl.Int64),
        first_at=pl.col("time").min(),
        last_at=pl.col("time").max(),
        median=value.median(),
        p95=value.quantile(0.95, "nearest"),
        max=value.max(),
        least=value.min(),
        last=value.last(),
        gaps=longest_pause(),
        resets=pl.col("reset").sum().cast(pl.Int64),
    )
    # How far the series went from its usual value, up or down; beyond measure where that is zero.
    far = pl.max_horizontal(pl.col("max") - pl.col("median"), pl.col("median") - pl.col("least"))
    apart = far / pl.col("median").abs()
    ordered = rows.with_columns(
        apart=pl.when(apart.is_nan()).then(0.0).otherwise(apart).fill_null(-1.0),
    ).sort("apart", *SERIES, descending=[True, *[False] * len(SERIES)])
    return ordered.drop("apart", "least").with_columns(pl.when(judged).then(pl.col("median", "p95")).name.keep())


def measurements_over_time(readings: pl.DataFrame, measured: pl.DataFrame) -> pl.DataFrame:
    """The first series of `measured`, in its order, in 240 equal steps of the time that each covers."""
    drawn = measured.select(SERIES).head(MOST_SERIES).with_row_index("place")
    points = readings.drop_nulls("value").join(drawn, on=SERIES, nulls_equal=True)
    since = (pl.col("time") - pl.col("time").min()).dt.total_microseconds()
    whole = (pl.col("time").max() - pl.col("time").min()).dt.total_microseconds()
    step = (since * POINTS // (whole + 1)).over("place")
    return (
        points.with_columns(step=step)
        .group_by("place", "step", maintain_order=True)
        .agg(
            pl.col(SERIES).first(),
            at=pl.col("time").first(),
            mean=pl.col("value").mean(),
            least=pl.col("value").min(),
            most=pl.col("value").max(),
            samples=pl.len().cast(pl.Int64),
        )
        .sort("place", "step")
        .select(*SERIES, "at", "mean", "least", "most", "samples")
    )
