"""Windows of root causes: the one that is looked at, the quiet ones it is judged by, and what is usual in them.

Time is cut into bins that start at the moment of the change, some bins make a window. Window 0 is the one looked at;
all others lie in the baseline and go through the same arithmetic, so that every number has its own quiet level. Bins
and windows are stretches of time that follow from how much of it is known to be usual, never a number of samples: the
same data measured every second or every minute are cut alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.language.thresholds import (
    BASELINE_BINS,
    MIN_QUIET_WINDOWS,
    NEAR_MINUTES,
    NEAR_SHARE,
    QUIET_QUANTILE,
    QUIET_SIGMAS,
    QUIET_WINDOWS,
    SHORT_BASELINE_MINUTES,
    USUAL_BIN_SECONDS,
    WINDOW_BINS,
    WINDOW_MESSAGES,
)

Baseline = tuple[datetime, datetime] | None

NEAR = timedelta(minutes=NEAR_MINUTES)
# Widths of a bin where no metric says how often it is measured.
BIN_SECONDS = (60, 150, 450)
SHORTEST_BIN_SECONDS, LONGEST_BIN_SECONDS = 1, 900


@dataclass(frozen=True)
class Windows:
    """When is what: ``starts`` are first bins of the windows (window 0 at 0), ``step`` the width of a bin.

    ``width`` is that of window 0 in bins, ``quiet_width`` that of the others, which is less where the baseline does not
    hold enough of them; ``near`` the bins before a window that say how things were just before; ``beside`` the bins
    from one quiet window to the next; ``usual`` how much time the baseline holds.
    """

    at: datetime
    step: timedelta
    baseline: Baseline
    starts: NDArray
    width: int = WINDOW_BINS
    quiet_width: int = WINDOW_BINS
    near: int = WINDOW_BINS
    beside: int = WINDOW_BINS
    usual: timedelta = timedelta(0)

    @property
    def span(self) -> str:
        """The window looked at, in words, and that its baseline is short."""
        short = f", usual from {self.usual.total_seconds():.0f} s only" if self.short else ""
        return self.spanning(self.width) + short

    def spanning(self, bins: int) -> str:
        """So many bins from the moment of the change on, in words."""
        return f"{self.at:%Y-%m-%d %H:%M:%S} to {self.at + bins * self.step:%H:%M:%S} UTC"

    @property
    def apart(self) -> float:
        """How many of the windows do not overlap."""
        return len(self.starts) * self.beside / self.quiet_width

    @property
    def short(self) -> bool:
        """The baseline is too short to know what is usual."""
        return self.usual < timedelta(minutes=SHORT_BASELINE_MINUTES)

    def quiet_bins(self, bins: NDArray) -> NDArray:
        """Which of `bins` lie in the baseline."""
        return _quiet(bins, self.at, self.step, self.baseline, self.near, self.width)

    def picked(self, bins: NDArray, offsets: NDArray) -> NDArray:
        """Places in `bins` (sorted) of window starts plus `offsets`, windows by offsets; len(bins) where absent."""
        wanted = self.starts[:, None] + offsets[None, :]
        place = np.searchsorted(bins, wanted)
        there = bins[np.minimum(place, len(bins) - 1)] == wanted
        # A quiet window may be shorter than the one looked at: of its other bins nothing is said.
        there[1:] &= ~((offsets >= self.quiet_width) & (offsets < self.width))
        return np.where(there, place, len(bins))

    @property
    def now_offsets(self) -> NDArray:
        """Bins of a window."""
        return np.arange(self.width)

    @property
    def before_offsets(self) -> NDArray:
        """Bins just before a window."""
        return np.arange(-self.near, 0)

    @property
    def after_offsets(self) -> NDArray:
        """Bins of the half hour after a window."""
        return np.arange(self.width, max(_near(self.step), self.width) + 1)


def _near(step: timedelta) -> int:
    return max(int(NEAR / step), WINDOW_BINS)


def _quiet(bins: NDArray, at: datetime, step: timedelta, baseline: Baseline, near: int, width: int) -> NDArray:
    if baseline is None:
        return (bins < -near) | (bins > max(_near(step), width))
    first, last = ((moment - at) / step for moment in baseline)
    return (bins >= np.ceil(first)) & (bins < last) & ~((bins >= 0) & (bins < width))


def bin_width(metrics: pl.DataFrame, times: list[pl.Series], at: datetime, baseline: Baseline) -> timedelta:
    """How often the metrics are measured, or longer: a twentieth of the baseline, but a minute at most.

    Without metrics the shortest width that catches enough messages or lines.
    """
    if metrics.height:
        gaps = metrics.select("system", "metric", "statistic", "time").unique().sort("time")
        every = gaps.group_by("system", "metric", "statistic").agg(pl.col("time").diff().median().alias("gap"))
        measured = every["gap"].drop_nulls().median()
        if measured:
            shortest, longest = (timedelta(seconds=limit) for limit in (SHORTEST_BIN_SECONDS, LONGEST_BIN_SECONDS))
            usual = _usual(metrics["time"], at, baseline) / BASELINE_BINS
            return max(min(max(measured, shortest), longest), min(timedelta(seconds=USUAL_BIN_SECONDS), usual))
    for seconds in BIN_SECONDS:
        end = at + WINDOW_BINS * timedelta(seconds=seconds)
        if sum(((time >= at) & (time < end)).sum() for time in times) >= WINDOW_MESSAGES:
            break
    return timedelta(seconds=seconds)


def _usual(times: pl.Series, at: datetime, baseline: Baseline) -> timedelta:
    """About how much time the baseline holds, before the bins are known."""
    if baseline is not None:
        return baseline[1] - baseline[0]
    return max(at - times.min(), times.max() - at - NEAR, timedelta(0))


def bin_of(time: pl.Expr, at: datetime, step: timedelta, *, starts: bool) -> pl.Expr:
    """The bin of `time`; with `starts` that is when a bucket began, and the bucket of the change itself is bin 0."""
    place = (time - pl.lit(at)).dt.total_microseconds() / (step / timedelta(microseconds=1))
    return (place.ceil() if starts else place.floor()).cast(pl.Int64)


def windows(bins: NDArray, at: datetime, step: timedelta, baseline: Baseline, width: int | None = None) -> Windows:
    """Window 0, `width` of the sorted `bins` wide, and the quiet windows that hold any of them, at most QUIET_WINDOWS.

    Half an hour before window 0 is neither normal nor abnormal; where a `width` is asked for, and so one of several is
    to be chosen, it is a quarter of what there is before, if that is less. Quiet windows lie beside one another, or
    overlap where the baseline is short.
    """
    near = _near(step)
    if width is None:
        width = WINDOW_BINS
    else:
        near = max(min(near, int(-min(bins.min(initial=0), 0) * NEAR_SHARE)), 1)
    quiet = np.unique(bins[_quiet(bins, at, step, baseline, near, width)])
    quiet_width = max(min(width, len(quiet) // MIN_QUIET_WINDOWS), 1)
    beside = quiet_width if len(quiet) >= QUIET_WINDOWS else 1
    starts = np.unique(quiet // beside * beside)
    ends = starts + quiet_width - 1
    whole = _quiet(starts, at, step, baseline, near, width) & _quiet(ends, at, step, baseline, near, width)
    whole &= (ends <= bins.max(initial=0)) & ((ends < 0) | (starts > 0))
    starts = starts[whole] if whole.any() else starts
    starts = starts[starts != 0]
    if len(starts) > QUIET_WINDOWS:
        starts = starts[np.linspace(0, len(starts) - 1, QUIET_WINDOWS).astype(int)]
    starts = np.concatenate([[0], starts]).astype(np.int64)
    return Windows(at, step, baseline, starts, width, quiet_width, near, beside, len(quiet) * step)


def median(values: NDArray, axis: int) -> NDArray:
    """Median without the missing; NaN where nothing is there. Sorting once is faster than numpy's own."""
    ordered, n = np.sort(values, axis=axis), (~np.isnan(values)).sum(axis)
    if not values.shape[axis]:
        return np.full(n.shape, np.nan)
    at = [np.clip(place, 0, values.shape[axis] - 1) for place in ((n - 1) // 2, n // 2)]
    low, high = (np.take_along_axis(ordered, np.expand_dims(place, axis), axis).squeeze(axis) for place in at)
    return np.where(n > 0, (low + high) / 2, np.nan)


def upper(values: NDArray, quantile: float) -> NDArray:
    """The `quantile` of each column without the missing; NaN where nothing is there."""
    ordered, n = np.sort(values, axis=0), (~np.isnan(values)).sum(0)
    if not len(values):
        return np.full(n.shape, np.nan)
    place = np.clip(np.ceil(quantile * n).astype(int) - 1, 0, len(values) - 1)
    return np.where(n > 0, np.take_along_axis(ordered, place[None], 0)[0], np.nan)


def deviation(now: NDArray, usual: NDArray, nearby: NDArray) -> NDArray:
    """How far `now` lies from the `usual` and from what was `nearby` in time, the lesser; 0 where they disagree.

    A system that has drifted since the baseline lies far from it before the change as well as after.
    """
    far, near = now - usual, now - nearby
    least = np.where(np.sign(far) == np.sign(near), np.sign(far) * np.minimum(np.abs(far), np.abs(near)), 0)
    return np.where(np.isnan(near), far, np.where(np.isnan(usual), near, least))


def strength(score: NDArray, *, theory: bool) -> NDArray:
    """How many times its quiet level a z-score (windows by systems) reaches, as a logarithm; 0 at the level or below.

    The level of a system is three sigmas: of the score itself, or of its quiet windows if they are wider, and of
    these a high quantile. Where `theory` says how wide a count is, half of the quiet windows must be wider before that
    is believed: incidents among them are then no reason to overlook one.
    """
    return np.nan_to_num(np.log(np.maximum(score / quiet_level(score, theory=theory), 1)))


def quiet_level(score: NDArray, *, theory: bool) -> NDArray:
    """The level of each system up to which a `score` is no surprise, by its quiet windows."""
    level = np.full(score.shape[1], float(QUIET_SIGMAS))
    if len(score) > MIN_QUIET_WINDOWS:
        middle, sigma = spread(score[1:])
        if theory:
            level = np.fmax(level, QUIET_SIGMAS * 1.4826 * median(np.abs(score[1:] - middle), 0))
        else:
            level = np.fmax(level, np.fmax(QUIET_SIGMAS * sigma, upper(score[1:], QUIET_QUANTILE)))
    return level


def spread(values: NDArray) -> tuple[NDArray, NDArray]:
    """Middle and one sigma of each column by robust means: the median, and the larger of MAD and upper tenth."""
    middle = median(values, 0)
    absolute = 1.4826 * median(np.abs(values - middle), 0)
    return middle, np.fmax(absolute, (upper(values, 0.9) - middle) / 1.2816)


@dataclass(frozen=True)
class Kind:
    """One kind of evidence: windows by systems, how much more than usual there was of it, and how surprising that is.

    ``excess`` is in the unit of the kind (seconds, failed calls, calls), ``score`` in sigmas. ``local``: it was seen
    where it happened, and weighs by surprise alone; otherwise also by its size beside that of other systems.
    ``passed``: what a system shows may be what those it calls have done to it. ``metric``: what a metric says, null
    for counts. ``theory``: how wide a count is follows from its own size, so that few wide quiet windows are not
    believed. ``downstream``: what the system did to records of other systems in this way, where that is known.
    ``weight``: what part of it counts, by window and system. ``relative``: the excess beside what the system usually
    shows, which is largest where it began. ``least``: how much more than usual each system would have had to show to
    stand out, in the unit of the metric.
    """

    name: str
    excess: NDArray
    score: NDArray
    local: bool
    passed: bool
    sentence: Callable[[int], str]
    metric: str | None = None
    theory: bool = True
    downstream: NDArray | None = None
    weight: NDArray | None = None
    relative: NDArray | None = None
    least: NDArray | None = None

    @property
    def spreads(self) -> bool:
        """It is known what this evidence did to other systems."""
        return self.downstream is not None
