"""Shifts and drifts of every integration: steps and climbs of its days that are significant and large enough."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.latency.shifts.rhythm import Days, daily, without_week
from integrhealth.analyses.latency.shifts.search import Change, changes, course
from integrhealth.language.schema import COUNT, NUMBER, TEXT, TIME
from integrhealth.language.thresholds import LEAST_CHANGE, MIN_MESSAGES

SHIFTS = {
    "integration": TEXT,
    "metric": TEXT,
    "at": TIME,
    "before": NUMBER,
    "after": NUMBER,
    "change": NUMBER,
    "p_value": NUMBER,
    "kind": TEXT,
    "until": TIME,
    "n_before": COUNT,
    "n_after": COUNT,
    "measured_by": TEXT,
}
DAY_US = 86_400_000_000


def shifts(
    hours: pl.DataFrame, days: pl.DataFrame, *, min_messages: int = MIN_MESSAGES, measured_by: str = "messages"
) -> pl.DataFrame:
    """One row per shift or drift, integration by integration in the order of time; `hours` and `days` as they give them.

    Only what changed by a tenth at least; a latency or an error share with `min_messages` on both sides. ``n_before``
    and ``n_after`` are the messages between it and the shifts beside it, of a drift up to its middle and from there.
    """
    rows = [
        {"integration": each.integration, "metric": each.metric, "measured_by": measured_by} | _row(each, before, change, after)
        for each in daily(hours, days)
        for before, change, after in _with_neighbours(each)
    ]
    changed = pl.DataFrame(rows, schema={**SHIFTS, "at": pl.Int64, "until": pl.Int64})
    large = pl.col("change").is_null() | (pl.col("change").abs() >= LEAST_CHANGE)
    counted = (pl.min_horizontal("n_before", "n_after") >= max(min_messages, 1)) | (pl.col("metric") == "messages")
    return (
        changed.filter(large & counted)
        .with_columns((pl.col("at", "until") * DAY_US).cast(pl.Datetime("us", "UTC")))
        .sort("integration", "at", "metric")
    )


def _with_neighbours(series: Days) -> list[tuple[int, Change, int]]:
    """Each change of a series with where the level before it begins and the one after it ends."""
    seen = _changes(series, without_week(series))
    if seen and series.weeks:
        # The rhythm is seen clearer beside the levels, as the week around a step has days of both.
        seen = _changes(series, without_week(series, course(seen, len(series.values))))
    begins, ends = [0, *(each.end for each in seen)], [*(each.index for each in seen[1:]), len(series.values)]
    return list(zip(begins, seen, ends, strict=False))


def _changes(series: Days, values: NDArray) -> list[Change]:
    least_step = 0.0 if series.metric == "error_share" else np.log1p(LEAST_CHANGE)
    return changes(values, series.weights, least_step=least_step, rounds=series.weeks or np.inf)


def _row(series: Days, begin: int, change: Change, end: int) -> dict[str, object]:
    before, after = change.before, change.after
    if series.metric != "error_share":
        before, after = np.exp(before), np.exp(after)
    drifts = change.end > change.index
    middle = (change.index + change.end + 1) // 2
    return {
        "at": int(series.days[change.index]),
        "before": float(before),
        "after": float(after),
        "change": float(after / before - 1) if before > 0 else None,
        "p_value": change.p_value,
        "kind": "drift" if drifts else "shift",
        "until": int(series.days[change.end]) if drifts else None,
        "n_before": round(series.counts[begin:middle].sum()),
        "n_after": round(series.counts[middle:end].sum()),
    }
