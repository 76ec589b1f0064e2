"""Metrics as series: what each one measures, and its values bin by bin."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.error_propagation.root_cause.windows import Windows, bin_of, median

# What a metric measures, from the words in its name; the first that fits.
MEANINGS = (
    ("time", re.compile(r"latency|duration|elapsed|response.?time", re.IGNORECASE)),
    ("success", re.compile(r"availab|success", re.IGNORECASE)),
    ("failure", re.compile(r"error|fail|fault|5xx", re.IGNORECASE)),
    ("load", re.compile(r"request|count|calls|workload|throughput", re.IGNORECASE)),
)
# The part of all values that a percentile stands for when a mean is read from percentiles.
PERCENTILES = {"p50": 0.7, "p90": 0.225, "p95": 0.05, "p99": 0.025}
MEDIAN, SUM = "p50", "Sum"


@dataclass(frozen=True)
class Series:
    """Every metric of every system: ``names`` (system, metric), ``meaning``, ``bins``, ``values``, ``usual``, and
    ``typical``.

    ``values`` is bins by series with a last row of nothing, ``usual`` the median of the baseline. ``typical`` is what
    half of the calls stay below where a percentile says so, which other callers of the same system do not move.
    """

    names: list[tuple[str, str]]
    meaning: list[str]
    bins: NDArray
    values: NDArray
    usual: NDArray
    typical: NDArray


class Binned(NamedTuple):
    """``values`` of metrics, bins by columns: the system, metric and statistic of each column are a row of ``keys``."""

    keys: pl.DataFrame
    bins: NDArray
    values: NDArray


def binned(metrics: pl.DataFrame, at: datetime, step: timedelta) -> Binned:
    """The mean of each of `metrics` in every bin of length `step`, counted from `at` on, that has a number."""
    by = ["system", "metric", pl.col("statistic").fill_null("")]
    numbers = metrics.filter(pl.col("value").is_finite())
    means = numbers.group_by(*by, bin=bin_of(pl.col("time"), at, step, starts=True)).agg(pl.col("value").mean())
    keys = means.select("system", "metric", "statistic").unique().sort("system", "metric", "statistic")
    means = means.join(keys.with_row_index("column"), on=["system", "metric", "statistic"])
    bins = np.unique(means["bin"].to_numpy())
    values = np.full((len(bins), keys.height), np.nan)
    values[np.searchsorted(bins, means["bin"].to_numpy()), means["column"].to_numpy()] = means["value"].to_numpy()
    return Binned(keys, bins, values)


def series(metrics: Binned, window: Windows) -> Series:
    """`metrics`, of which there are some, as series over the bins of `window`."""
    keys, bins, values = metrics
    columns: dict[tuple[str, str], dict[str, int]] = {}
    for column, (system, metric, statistic) in enumerate(keys.iter_rows()):
        columns.setdefault((system, metric), {})[statistic] = column
    quiet = window.quiet_bins(bins)
    usual = median(values[quiet], 0)
    joined = np.column_stack([_mean(values, usual, of, quiet) for of in columns.values()])
    middle = median(joined[quiet], 0)
    halves = np.array([usual[of[MEDIAN]] if MEDIAN in of else np.nan for of in columns.values()])
    meaning = _meanings(keys, [metric for _, metric in columns])
    levels = [metric if says == "level" else None for (_, metric), says in zip(columns, meaning, strict=True)]
    joined = _without_shared(joined, levels)
    return Series(
        names=list(columns),
        meaning=meaning,
        bins=bins,
        values=np.vstack([joined, np.full((1, len(columns)), np.nan)]),
        usual=middle,
        typical=np.where(halves > 0, halves, middle),
    )


def _meanings(keys: pl.DataFrame, metrics: list[str]) -> list[str]:
    """What each of `metrics` measures, by its name; where that says nothing, by its statistics: percentiles are taken
    of times, and a sum of what is counted. All else is a level, such as the use of a resource.
    """
    statistics = dict(keys.group_by("metric").agg("statistic").iter_rows())
    meanings = {}
    for metric, of in statistics.items():
        says = next((meaning for meaning, words in MEANINGS if words.search(metric)), None)
        counted = "time" if PERCENTILES.keys() & set(of) else "load" if set(of) == {SUM} else "level"
        meanings[metric] = says or counted
    return [meanings[metric] for metric in metrics]


def _without_shared(values: NDArray, levels: list[str | None]) -> NDArray:
    """`values` without those of a level that move alike, to the last digit, at several systems most of the time.

    They are of what these share, such as the machine that all run on, and tell nothing of any one of them.
    """
    values = values.copy()
    for level in set(levels) - {None}:
        columns = np.array([column for column, name in enumerate(levels) if name == level])
        table = values[:, columns]
        order = np.argsort(table, axis=1)
        ordered = np.take_along_axis(table, order, 1)
        twice = np.zeros(table.shape, bool)
        twice[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
        twice[:, :-1] |= twice[:, 1:]
        alike = np.zeros(table.shape, bool)
        np.put_along_axis(alike, order, twice, 1)
        moves = ~np.isnan(table) & (table != median(table, 0))
        values[:, columns[2 * (alike & moves).sum(0) > np.maximum(moves.sum(0), 1)]] = np.nan
    return values


def _mean(values: NDArray, usual: NDArray, columns: dict[str, int], quiet: NDArray) -> NDArray:
    """The mean of a metric in every bin; where it was lost, what the percentiles say of it.

    Without the highest percentile nothing is said: a delay of a few calls shows only there. A lower one that is lost
    is taken to have moved as the one below it.
    """
    means = [column for statistic, column in columns.items() if statistic not in PERCENTILES]
    mean = np.full(len(values), np.nan)
    for column in means:
        mean = np.where(np.isnan(mean), values[:, column], mean)
    percentiles = [(share, columns[name]) for name, share in PERCENTILES.items() if name in columns]
    if not percentiles:
        return mean
    share, places = np.array([part for part, _ in percentiles]), [column for _, column in percentiles]
    moved = values[:, places] - usual[places]
    said = ~np.isnan(moved[:, -1])
    for rank in range(1, len(places)):
        moved[:, rank] = np.where(np.isnan(moved[:, rank]), moved[:, rank - 1], moved[:, rank])
    for rank in range(len(places) - 2, -1, -1):
        moved[:, rank] = np.where(np.isnan(moved[:, rank]), np.minimum(0, moved[:, rank + 1]), moved[:, rank])
    estimate = np.where(said, moved @ share / share.sum(), np.nan)
    middle = median(mean[quiet], 0) if means else usual[places] @ share / share.sum()
    return np.where(np.isnan(mean), estimate + middle, mean)
