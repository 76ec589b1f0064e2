"""Errors in logs counted by system and kind, and over time."""

from datetime import timedelta

import polars as pl

from integrhealth.language.period import outlying, period
from integrhealth.language.statistics import enough, wilson_interval

KIND = ["system", "text", "level"]
HOUR, DAY = 1, 24
# A longer period is drawn in days: an hour of it would be a hair (own).
LONGEST_IN_HOURS = timedelta(days=10)


def logged_errors(errors: pl.DataFrame, logs: pl.DataFrame, *, min_messages: int) -> pl.DataFrame:
    """One row per system, kind and level of `errors`, as `log_lines.errors` gives them of `logs`, most errors first."""
    hours = errors.group_by(*KIND, worst_hour=pl.col("time").dt.truncate("1h")).agg(worst_hour_errors=pl.len())
    worst = hours.sort("worst_hour_errors", "worst_hour", descending=[True, False]).unique(
        KIND, keep="first", maintain_order=True
    )
    traces = pl.col("trace_id").drop_nulls().n_unique()
    counted = errors.group_by(KIND).agg(
        errors=pl.len(),
        first_at=pl.col("time").min(),
        last_at=pl.col("time").max(),
        traces=pl.when(traces > 0).then(traces),
    )
    joined = counted.join(logs.group_by("system").agg(lines=pl.len()), on="system")
    joined = joined.join(worst, on=KIND, nulls_equal=True)
    low, high = wilson_interval(joined["errors"], joined["lines"])
    judged = enough(pl.col("lines"), min_messages)
    return (
        joined.with_columns(error_share=pl.col("errors") / pl.col("lines"), low=low, high=high)
        .with_columns(pl.when(judged).then(pl.col("error_share", "low", "high")).name.keep())
        .sort("errors", *KIND, descending=[True, False, False, False])
        .select(
            *KIND,
            pl.col("errors", "lines").cast(pl.Int64),
            *("error_share", "low", "high", "first_at", "last_at", "worst_hour"),
            pl.col("worst_hour_errors", "traces").cast(pl.Int64),
        )
    )


def errors_over_time(errors: pl.DataFrame, logs: pl.DataFrame) -> pl.DataFrame:
    """One row per system and hour, or day where the period is long, in which it wrote a line; outlying times apart."""
    covered = period(logs["time"])
    hours = HOUR if covered is None or covered[1] - covered[0] <= LONGEST_IN_HOURS else DAY
    at = pl.col("time").dt.truncate(f"{hours}h").alias("at")
    lines = logs.filter(~outlying(logs["time"])).group_by("system", at).agg(lines=pl.len())
    failing = errors.group_by("system", at).agg(errors=pl.len())
    return (
        lines.join(failing, on=["system", "at"], how="left")
        .sort("system", "at")
        .select(
            "system",
            "at",
            hours=pl.lit(hours, pl.Int64),
            errors=pl.col("errors").fill_null(0).cast(pl.Int64),
            lines=pl.col("lines").cast(pl.Int64),
        )
    )


def none_logged(logs: pl.DataFrame, levels: int) -> str | None:
    """Why there are no errors although there are lines; `levels` counts the lines that have a level."""
    if logs.is_empty():
        return None
    without = logs.height - levels
    apart = f"; {without:,} of them have no level" if without else ""
    return f"No line of the logs has level error or above, of {logs.height:,} lines{apart}."
