"""How many messages were to be expected in each hour, by the hour of the week, the level of late, and holidays.

Everything is an array of integrations by hours, or by days of the company's calendar. What is expected of a day comes
from the days before it alone, so that the past is judged as the present is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.language.thresholds import (
    HOLIDAY_MESSAGES,
    HOLIDAY_OTHERS,
    HOLIDAY_SHARE,
    LEVEL_DAYS,
    LEVEL_PRIOR,
    LOW_DAY,
    RHYTHM_PRIOR,
    SMOOTH_HOURS,
    WORKDAY_SHARE,
)

HOUR = timedelta(hours=1)
HOURS_OF_WEEK, DAY = 168, 24
# Of fewer days none can be left out.
LONG_DAYS = 7


@dataclass(frozen=True)
class Expectation:
    """What came of each integration and what was to be expected: rows are integrations, columns hours or days.

    ``rate``: messages in an hour at the usual level; ``usual``: the same for the hours of a week, Monday 0:00 first,
    without holidays, and ``smooth`` over a part of the gap between two messages; ``level``: how many times the usual of
    late, by days; ``holiday``: days on which nearly all others were low too. ``covered``: the part of an hour that the
    evidence covers; ``day``: to which day an hour belongs.
    """

    integrations: pl.Series
    start: datetime
    hour_of_week: NDArray
    day: NDArray
    covered: NDArray
    count: NDArray
    rate: NDArray
    usual: NDArray
    smooth: NDArray
    level: NDArray
    holiday: NDArray

    @cached_property
    def _running(self) -> NDArray:
        """Messages to be expected at the usual level before each hour."""
        return running(self.rate)

    @cached_property
    def _running_smooth(self) -> NDArray:
        """The same by the rhythm that does not tell early from late."""
        return running(np.where(self.rate > 0, self.smooth[:, self.hour_of_week], 0))

    def until(self, integration: NDArray, hours: NDArray) -> NDArray:
        """Messages to be expected at the usual level from the start on until `hours` after it."""
        return between_hours(self._running, integration, hours)

    def due(self, integration: NDArray, hours: NDArray) -> NDArray:
        """The hours after the start at which one message was due, counted from `hours` on; NaN after the end.

        By the smooth rhythm: whether the last one came early or late in its hour, the next is due when it always is.
        """
        total, width = self._running_smooth, self._running_smooth.shape[1]
        wanted = between_hours(total, integration, hours) + 1 / np.maximum(self.level_at(integration, hours), 1e-9)
        reached = wanted <= total[integration, -1]
        # One search in all rows, each above the one before.
        above = total[:, -1].max(initial=0) + 1
        rising = (total + above * np.arange(len(total))[:, None]).ravel()
        place = np.searchsorted(rising, np.where(reached, wanted, 0) + above * integration) - width * integration
        before = np.clip(place - 1, 0, width - 2)
        step = total[integration, before + 1] - total[integration, before]
        within = (wanted - total[integration, before]) / np.where(step > 0, step, 1)
        return np.where(reached, before + within, np.nan)

    def level_at(self, integration: NDArray, hours: NDArray) -> NDArray:
        """The level on the day of the hour that is so many `hours` after the start."""
        return self.level[integration, self.day[np.clip(hours.astype(int), 0, len(self.day) - 1)]]

    def by_day(self, integration: NDArray) -> tuple[NDArray, NDArray, NDArray, pl.Series]:
        """What came on each day, what was to be expected, holidays, and when the days begin.

        After the last message the level stays as it was.
        """
        first = np.flatnonzero(np.diff(self.day, prepend=-1))
        came = np.add.reduceat(self.count[integration], first, axis=1)
        usual = np.add.reduceat(self.rate[integration] * self.covered, first, axis=1)
        last = came.shape[1] - 1 - np.argmax(came[:, ::-1] > 0, axis=1)
        day = np.minimum(np.arange(came.shape[1]), last[:, None])
        level = np.take_along_axis(self.level[integration], day, axis=1)
        return came, usual * level, self.holiday[integration], self.moments(first)

    def hours(self, times: pl.Series) -> NDArray:
        """Moments as hours since the start."""
        return (times - self.start).dt.total_microseconds().to_numpy() / (HOUR / timedelta(microseconds=1))

    def moments(self, hours: NDArray) -> pl.Series:
        """Whole hours since the start as moments."""
        return (
            pl.Series(hours).cast(pl.Int64).to_frame("hours").select(at=self.start + pl.duration(hours="hours"))["at"]
        )


def expectation(arrivals: pl.DataFrame, start: datetime, now: datetime, *, timezone: str = "UTC") -> Expectation:
    """What was to be expected of the integrations in `arrivals` (``arrival_facts``) from `start` until `now`.

    `timezone` is that of the company, by whose clock people and jobs work.
    """
    integrations = arrivals["integration"].unique().sort()
    start = start.replace(minute=0, second=0, microsecond=0)
    hours = int((now - start) / HOUR) + 1
    local = pl.datetime_range(start, start + (hours - 1) * HOUR, HOUR, eager=True, time_zone="UTC")
    local = local.dt.convert_time_zone(timezone)
    hour_of_week = ((local.dt.weekday().cast(pl.Int64) - 1) * 24 + local.dt.hour()).to_numpy()
    day = local.dt.date().rle_id().cast(pl.Int64).to_numpy()
    covered = np.ones(hours)
    covered[-1] = (now - start) / HOUR - (hours - 1)
    count = counted(arrivals, integrations, start, hours)
    own = own_time(count)
    # The last day is judged, and does not say what is usual.
    tells = own[1] & (np.arange(hours) < hours - DAY if hours > LONG_DAYS * DAY else True)
    holiday = np.zeros((len(integrations), day[-1] + 1), bool)
    for _ in range(3):  # what is expected without holidays tells more of them
        working = own[0] & ~holiday[:, day]
        usual = weekly_rhythm(count, working & tells, hour_of_week)
        rate = usual[:, hour_of_week] * working
        level, came, expected = levels(count, rate * covered, day)
        last, holiday = holiday, holiday | holidays(came, level * expected, usual)
    rate = usual[:, hour_of_week] * own[0] * ~last[:, day]
    smooth = smoothed(usual)
    return Expectation(integrations, start, hour_of_week, day, covered, count, rate, usual, smooth, level, last)


def counted(arrivals: pl.DataFrame, integrations: pl.Series, start: datetime, hours: int) -> NDArray:
    """The messages in `arrivals` as an array of integrations by hours."""
    inside = arrivals.filter(pl.col("hour").is_between(start, start + (hours - 1) * HOUR))
    row = integrations.search_sorted(inside["integration"]).to_numpy()
    column = (inside["hour"] - start).dt.total_hours().to_numpy()
    count = np.zeros((len(integrations), hours))
    count[row, column] = inside["messages"].to_numpy()
    return count


def own_time(count: NDArray) -> tuple[NDArray, NDArray]:
    """Which hours lie after the first message of each integration, and which before its last one."""
    came = count > 0
    return np.maximum.accumulate(came, axis=1), np.maximum.accumulate(came[:, ::-1], axis=1)[:, ::-1]


def weekly_rhythm(count: NDArray, inside: NDArray, hour_of_week: NDArray) -> NDArray:
    """Messages per hour of the week, of the hours that are `inside`; sums to what came.

    The hour of the day times the day of the week times what is left to their meeting, each drawn towards even by a few
    messages (a Gamma prior): few weeks say little of a single hour of the week, and much of the hour of the day.
    """
    size = len(count)
    which = (hour_of_week[:, None] == np.arange(HOURS_OF_WEEK)).astype(float)
    seen, hours = (each @ which for each in (count * inside, inside.astype(float)))
    seen, hours = seen.reshape(size, 7, 24), hours.reshape(size, 7, 24)
    whole = seen.sum((1, 2), keepdims=True)
    rate = np.broadcast_to(whole / np.maximum(hours.sum((1, 2), keepdims=True), 1), seen.shape)
    for axes, prior in (((1,), RHYTHM_PRIOR[0]), ((2,), RHYTHM_PRIOR[1]), ((), RHYTHM_PRIOR[2])):
        came = seen.sum(axes, keepdims=True) + prior
        rate = rate * came / ((rate * hours).sum(axes, keepdims=True) + prior)
    expected = (rate * hours).sum((1, 2), keepdims=True)
    return (rate * whole / np.where(expected > 0, expected, 1)).reshape(size, HOURS_OF_WEEK)


def smoothed(usual: NDArray) -> NDArray:
    """Each hour of the week as the mean of those around it, as far as a quarter of the gap between two messages."""
    gap = HOURS_OF_WEEK / np.maximum(usual.sum(1), 1e-9)
    reach = np.clip(gap / 4, 0, SMOOTH_HOURS).astype(int)
    smooth = usual.copy()
    for hours in range(1, SMOOTH_HOURS + 1):
        around = sum(np.roll(usual, shift, axis=1) for shift in range(-hours, hours + 1)) / (2 * hours + 1)
        smooth[reach == hours] = around[reach == hours]
    return smooth


def running(rate: NDArray) -> NDArray:
    """The sum of what comes before each hour, and before the end."""
    return np.concatenate([np.zeros((len(rate), 1)), np.cumsum(rate, axis=1)], axis=1)


def between_hours(total: NDArray, row: NDArray, hours: NDArray) -> NDArray:
    """A running `total` of each `row` at so many `hours`, straight between two of them."""
    whole = np.clip(hours.astype(int), 0, total.shape[1] - 2)
    return total[row, whole] + (hours - whole) * (total[row, whole + 1] - total[row, whole])


def levels(count: NDArray, rate: NDArray, day: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """By days: how many times the usual the days before came to, what came, and what is usual.

    Days lose weight as they lie back (a power steady model: Smith 1979), and no day counts for more than twice what was
    expected: a month's end is no trend. `rate` is zero where nothing counts.
    """
    first = np.flatnonzero(np.diff(day, prepend=-1))
    came, usual = np.add.reduceat(count * (rate > 0), first, axis=1), np.add.reduceat(rate, first, axis=1)
    kept = 0.5 ** (1 / LEVEL_DAYS)
    level = np.empty_like(usual)
    seen = expected = np.zeros(len(count))
    for each in range(usual.shape[1]):
        level[:, each] = (seen + LEVEL_PRIOR) / (expected + LEVEL_PRIOR)
        most = 2 * level[:, each] * usual[:, each] + LEVEL_PRIOR
        seen = kept * seen + np.minimum(came[:, each], most)
        expected = kept * expected + usual[:, each]
    return level, came, usual


def holidays(came: NDArray, expected: NDArray, usual: NDArray) -> NDArray:
    """Days that are low at each integration and at nearly all others, or at nearly all others of its kind.

    The kinds are those that rest at the weekend and those that do not. Of others count those of which enough was to be
    expected on the day; of fewer than two nobody can tell.
    """
    by_day = usual.reshape(-1, 7, 24).sum(2)
    rests = by_day[:, 5:].mean(1) < WORKDAY_SHARE * by_day[:, :5].mean(1)
    low, telling = came < LOW_DAY * expected, expected >= HOLIDAY_MESSAGES
    holiday = np.zeros(low.shape, bool)
    for others in (np.ones_like(rests), rests, ~rests):
        voters = (telling & others[:, None]).sum(0) - (telling & others[:, None])
        agree = (telling & low & others[:, None]).sum(0) - (telling & low & others[:, None])
        holiday |= others[:, None] & (voters >= HOLIDAY_OTHERS) & (agree >= HOLIDAY_SHARE * voters)
    return holiday & low
