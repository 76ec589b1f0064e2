"""What each day of each integration was like, and how to take the rhythm of the day and of the week out of it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.latency.shifts.hours import HOUR_US
from integrhealth.language.thresholds import WEEK_RHYTHM_DAYS

DAY, WEEKDAYS = 24, 7
LATENCIES, VOLUME, ERRORS = ("p50_ms", "p95_ms"), "messages", "error_share"
METRICS = (*LATENCIES, VOLUME, ERRORS)
# A place in a rhythm is known from so many rounds on, over all places in the mean (own).
ROUNDS = 3
COUNTS = ("messages", "ended", "failed", "timed")
# Counts become logarithms, of which zero has none: half a message (Anscombe 1956, for sums of logarithms).
HALF = 0.5


class Days(NamedTuple):
    """One metric of one integration by days (UTC, counted from 1970) that have it, without the rhythm of their hours.

    `values` are logarithms of times and of counts, and error shares as they are; `weights` say how much each day
    tells, `counts` are the messages behind it.
    """

    integration: str
    metric: str
    days: NDArray
    values: NDArray
    weights: NDArray
    counts: NDArray

    @property
    def weeks(self) -> float:
        """Weeks that the days span; 0 where they are too few to have the rhythm of one."""
        span = int(self.days[-1] - self.days[0]) + 1 if len(self.days) else 0
        few = len(self.days) < ROUNDS * len(np.unique(self.days % WEEKDAYS))
        return 0.0 if span < WEEK_RHYTHM_DAYS or few else span / WEEKDAYS


def daily(hours: pl.DataFrame, days: pl.DataFrame) -> Iterator[Days]:
    """Every integration and metric of `hours`, as ``hours.hours`` gives them.

    Where fewer than half of the timed messages lie in hours that have a p95, percentiles are those of the whole `days`,
    which may lack integrations.
    """
    whole = {name: rows for (name,), rows in days.partition_by("integration", as_dict=True).items()}
    for (name,), rows in hours.partition_by("integration", as_dict=True, maintain_order=True).items():
        at = _count(rows, HOUR_US)
        first = at[0] // DAY
        grid = {each: _on_grid(rows[each], at - first * DAY) for each in (*COUNTS, *LATENCIES)}
        busy = grid["timed"][~np.isnan(grid["p95_ms"])].sum() >= grid["timed"].sum() / 2
        for metric in LATENCIES:
            if busy or name not in whole:
                yield _days(name, metric, first, *_of_hours(grid[metric], grid["timed"]))
            else:
                day = _count(whole[name], HOUR_US * DAY) - first
                yield _days(name, metric, first, *(_on_grid(whole[name][each], day) for each in (metric, "timed")))
        # Of the first and the last day there may be a part only.
        begin, end = -(-int(at[0] - first * DAY) // DAY), int(at[-1] + 1 - first * DAY) // DAY
        per_day = {each: grid[each].reshape(-1, DAY).sum(axis=1) for each in COUNTS}
        messages = per_day["messages"][begin:end]
        yield Days(name, "messages", np.arange(begin, end) + first, np.log(messages + HALF), *_of_counts(messages))
        with np.errstate(invalid="ignore"):
            yield _days(name, "error_share", first, per_day["failed"] / per_day["ended"], per_day["ended"])


def without_week(series: Days, cuts: Sequence[int] = ()) -> NDArray:
    """The values of `series` without what they usually do on each weekday; as they are from fewer than three weeks.

    That is the median over all weeks of how far they lie from the mean of the week around them, on their own side of
    `cuts`: classical decomposition, with medians, so that neither a step nor a holiday becomes part of it.
    """
    if not series.weeks:
        return series.values
    level = np.empty(len(series.values))
    for begin, end in pairwise([0, *cuts, len(level)]):
        day = series.days[begin:end] - series.days[begin]
        grid = np.full(day[-1] + 1, np.nan)
        grid[day] = series.values[begin:end]
        level[begin:end] = _around(grid, WEEKDAYS)[day]
    return series.values - _usual(series.values - level, series.days % WEEKDAYS, WEEKDAYS, series.weights)


def _of_hours(latency: NDArray, timed: NDArray) -> tuple[NDArray, NDArray]:
    """Milliseconds of the mean hour of each day, without what hours usually do, and how many messages it has.

    What they usually do is said by the hour of the week from three weeks on, if there are enough of each, else of the
    day; in any case beside the day around the hour, so that what changes from day to day stays where it is.
    """
    values = _logarithm(latency)
    seen = ~np.isnan(values)
    weights = np.where(seen, _telling(timed), 0)
    week = DAY * WEEKDAYS
    place, away = np.arange(len(values)) % week, values - _around(values, DAY)
    if len(values) >= WEEK_RHYTHM_DAYS * DAY and seen.sum() >= ROUNDS * len(np.unique(place[seen])):
        values = values - _usual(away, place, week, weights)
    elif seen.sum() >= ROUNDS * len(np.unique(place[seen] % DAY)):
        values = values - _usual(away, place % DAY, DAY, weights)
    total, per_day = (np.where(seen, each, 0).reshape(-1, DAY).sum(axis=1) for each in (weights, values * weights))
    with np.errstate(invalid="ignore"):
        return np.exp(per_day / total), timed.reshape(-1, DAY).sum(axis=1)


def _of_counts(messages: NDArray) -> tuple[NDArray, NDArray]:
    """How much days with so many `messages` tell of their number, and these.

    A weekday that usually has few tells little; a day that happened to have few is not to tell less.
    """
    place = np.arange(len(messages)) % WEEKDAYS
    usual = np.array([np.median(messages[place == each]) if (place == each).any() else 0 for each in range(WEEKDAYS)])
    return _telling(usual[place] + HALF), messages


def _days(name: str, metric: str, first: int, values: NDArray, counts: NDArray) -> Days:
    """Days that have a value; times become logarithms."""
    seen = np.flatnonzero(~np.isnan(values))
    logarithms = values if metric == "error_share" else _logarithm(values)
    return Days(name, metric, seen + first, logarithms[seen], _telling(counts[seen]), counts[seen])


def _usual(away: NDArray, place: NDArray, places: int, weights: NDArray) -> NDArray:
    """The median of `away` at each place of a rhythm, for each value; zero in their mean over `weights`."""
    seen = np.flatnonzero(~np.isnan(away))
    ordered = away[seen[np.lexsort((away[seen], place[seen]))]]
    counts = np.bincount(place[seen], minlength=places)
    # In numpy, as there is a rhythm for each of a hundred series, of days that are few.
    begins, some = counts.cumsum() - counts, counts > 0
    usual = np.zeros(places)
    usual[some] = (ordered[(begins + (counts - 1) // 2)[some]] + ordered[(begins + counts // 2)[some]]) / 2
    usual = usual[place]
    return usual - (weights * usual).sum() / max(weights.sum(), HALF)


def _around(values: NDArray, width: int) -> NDArray:
    """The mean of the `width` values around each, at the ends of the first and last `width`; NaN without any."""
    seen = ~np.isnan(values)
    sums, count = (np.concatenate([[0.0], np.cumsum(each)]) for each in (np.where(seen, values, 0), seen))
    begin = np.clip(np.arange(len(values)) - width // 2, 0, max(len(values) - width, 0))
    end = np.minimum(begin + width, len(values))
    with np.errstate(invalid="ignore"):
        return (sums[end] - sums[begin]) / (count[end] - count[begin])


def _telling(counts: NDArray) -> NDArray:
    """How much each of `counts` tells: few messages in proportion to them, many no more than twice as much as usual.

    Chance is smaller in more messages; what differs from day to day is not.
    """
    some = counts[counts > 0]
    return 2 * counts / (counts + (np.median(some) if len(some) else 1.0))


def _logarithm(latency: NDArray) -> NDArray:
    """The logarithm of milliseconds; what took no time at all took a microsecond."""
    return np.log(np.maximum(latency, 0.001))


def _count(rows: pl.DataFrame, unit_us: int) -> NDArray:
    return rows["at"].dt.epoch("us").to_numpy() // unit_us


def _on_grid(column: pl.Series, place: NDArray) -> NDArray:
    """The column as numbers at its places of whole days, counts 0 and percentiles NaN where it has none."""
    whole = np.full((int(place[-1]) // DAY + 1) * DAY, 0.0 if column.dtype.is_integer() else np.nan)
    whole[place] = column.cast(pl.Float64).to_numpy()
    return whole
