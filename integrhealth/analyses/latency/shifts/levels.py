"""Shifts and drifts of every integration: steps and climbs of its days that are significant and large enough."""

import os
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

from integrhealth.analyses.latency.shifts.rhythm import HALF, METRICS, Days, daily, without_week
from integrhealth.analyses.latency.shifts.search import SEARCHING, Change, changes, steps, without_outliers
from integrhealth.analyses.latency.tables import TABLES
from integrhealth.language.schema import COUNT, TEXT, TIME
from integrhealth.language.thresholds import FEWEST_SHIFT_DAYS, LEAST_CHANGE, MIN_MESSAGES, MIN_SHIFT_FAILURES

SHIFTS = TABLES["shifts"] | {
    "kind": TEXT,
    "until": TIME,
    "n_before": COUNT,
    "n_after": COUNT,
    "measured_by": TEXT,
}
DAY_US = 86_400_000_000


def shifts(
    hours: pl.DataFrame,
    days: pl.DataFrame,
    *,
    metrics: Collection[str] = METRICS,
    min_messages: int = MIN_MESSAGES,
    measured_by: str = "messages",
) -> pl.DataFrame:
    """One row per shift or drift of the `metrics`, integration by integration in the order of time.

    `hours` and `days` as ``hours.hours`` and ``hours.days`` give them. Only what changed by a tenth at least; a latency
    or an error share with `min_messages` on both sides. ``n_before`` and ``n_after`` are the messages between it and
    the changes beside it, of a drift up to its middle and from there.
    """
    every = [series for series in daily(hours, days) if series.metric in metrics]
    # Nearly all of it is numpy, which lets several series be searched at once.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        seen = pool.map(_changes, every)
        rows = [_row(series, *change) for series, changed in zip(every, seen, strict=True) for change in changed]
    changed = pl.DataFrame(rows, schema={**SHIFTS, "at": pl.Int64, "until": pl.Int64})
    large = pl.col("change").is_null() | (pl.col("change").abs() >= LEAST_CHANGE)
    counted = (pl.min_horizontal("n_before", "n_after") >= max(min_messages, 1)) | (pl.col("metric") == "messages")
    return (
        changed.filter(large & counted)
        .with_columns((pl.col("at", "until") * DAY_US).cast(TIME), measured_by=pl.lit(measured_by))
        .sort("integration", "at", "metric")
    )


def unshifted(hours: pl.DataFrame) -> str:
    """Why there is no shift among `hours`, of which there is one at least."""
    days = hours.select((pl.col("at").max() - pl.col("at").min()).dt.total_days()).item() + 1
    if days < FEWEST_SHIFT_DAYS:
        return f"A shift takes {FEWEST_SHIFT_DAYS} days of messages to be told from chance; here are {days}."
    return "No integration changed its latency, volume or error share by a tenth in a way that chance does not explain."


def _changes(series: Days) -> list[tuple[int, Change, int]]:
    """Each change of a series with where the one before it happened and the one after it: of a drift, its middle."""
    shares = series.metric == "error_share"
    if shares and (series.values * series.counts).sum() < MIN_SHIFT_FAILURES - HALF:
        return []
    least_step = 0.0 if shares else float(np.log1p(LEAST_CHANGE))
    rounds = series.weeks or np.inf
    values = without_week(series)
    if series.weeks:
        # The rhythm is seen clearer beside the steps, as the week around one has days of two levels.
        smooth = values if shares else without_outliers(values)
        first = steps(smooth, series.weights, least_step=least_step, rounds=rounds, permutations=SEARCHING)
        values = without_week(series, [cut for cut, _ in first])
    seen = changes(values, series.weights, least_step=least_step, rounds=rounds, draw_in=not shares)
    return list(zip([0, *map(_middle, seen)], seen, [*map(_middle, seen[1:]), len(values)], strict=False))


def _middle(change: Change) -> int:
    return (change.index + change.end + 1) // 2


def _row(series: Days, begin: int, change: Change, end: int) -> dict[str, object]:
    drifts, middle = change.end > change.index, _middle(change)
    earlier, later = series.counts[begin:middle], series.counts[middle:end]
    before, after = change.before, change.after
    if series.metric == "messages" and not drifts:
        before, after = earlier.mean(), later.mean()
    elif series.metric == "error_share" and not drifts:
        before, after = (
            np.average(series.values[part], weights=series.counts[part])
            for part in (slice(begin, middle), slice(middle, end))
        )
    elif series.metric != "error_share":
        before, after = np.exp(before), np.exp(after)
    return {
        "integration": series.integration,
        "metric": series.metric,
        "at": int(series.days[change.index]),
        "before": float(before),
        "after": float(after),
        "change": float(after / before - 1) if before > 0 else None,
        "p_value": change.p_value,
        "kind": "drift" if drifts else "shift",
        "until": int(series.days[change.end]) if drifts else None,
        "n_before": round(earlier.sum()),
        "n_after": round(later.sum()),
    }
