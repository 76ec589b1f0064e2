"""Moments that people write, and the period that times cover, without the few that lie so far off that a clock or a
default must have made them.

A message of 1970 among those of this spring would make fifty years of it, and nearly nothing of every rate per day.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from integrhealth.errors import WrongValue
from integrhealth.language.thresholds import NIGHT_HOURS

# All own. Beyond a gap of so many days few times are outliers; at most this share of all, and one in any case.
YEARS_OFF_DAYS, YEARS_OFF_SHARE = 3_650, 0.1
# Beyond a shorter gap, so many times as long as all other times take, only a very few are.
FAR_OFF_DAYS, FAR_OFF_SHARE, FAR_OFF_TIMES = 180, 0.001, 10
DAY = 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(time: str | date | datetime | None) -> datetime | None:
    """A moment in UTC from ISO 8601 text, a date being its first moment; naive is UTC. Raises WrongValue."""
    if time is None or time == "":
        return None
    try:
        parsed = time if isinstance(time, datetime) else datetime.fromisoformat(str(time))
    except ValueError:
        raise WrongValue(f"invalid time {time!r:.80}; write 2026-01-31 or 2026-01-31T08:00:00+01:00") from None
    try:
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except OverflowError:
        raise WrongValue(f"{time!s:.80} lies outside the years 1 to 9999 in UTC; write 2026-01-31") from None


def local_day(time: pl.Expr, timezone: str) -> pl.Expr:
    """The day of a moment on a calendar in `timezone`."""
    return time.dt.convert_time_zone(timezone).dt.date()


def is_night(hour: pl.Expr) -> pl.Expr:
    """Whether an hour of the clock on the wall lies in the night."""
    return (hour >= NIGHT_HOURS[0]) | (hour < NIGHT_HOURS[1])


def outlying(times: pl.Series) -> pl.Series:
    """Whether each time is an outlier; never most of them, and a null is none.

    The epoch is one where there is any other time: it is what no time at all becomes. So are a few times, one at least,
    beyond a gap of ten years that is longer than the middle half of all times takes; and one in a thousand beyond a
    gap of half a year that is ten times as long as all other times take. A year without a message, or two campaigns a
    year apart, are none.
    """
    first, last = times.min(), times.max()
    if first is None or last - first < timedelta(days=FAR_OFF_DAYS):
        return pl.repeat(False, len(times), dtype=pl.Boolean, eager=True)
    at_epoch = (times == EPOCH).fill_null(False)
    rest = np.sort(times.filter(~at_epoch).drop_nulls().to_physical().to_numpy())
    body = _without_far_off(_without_years_off(rest))
    numbers = times.to_physical()
    return at_epoch | ((numbers < body[0]) | (numbers > body[-1])).fill_null(False)


def period(*times: pl.Series) -> tuple[datetime, datetime] | None:
    """The first and the last of all times, outliers left out; None without any."""
    together = pl.concat(each.alias("time") for each in times)
    inside = together.filter(~outlying(together))
    first, last = inside.min(), inside.max()
    return None if first is None else (first, last)


def last_moment(*times: pl.Series) -> datetime | None:
    """The last of all times, outliers left out; None without any."""
    covered = period(*times)
    return None if covered is None else covered[1]


def days(times: pl.Series) -> int:
    """How many days the period of the times takes, a begun one being one; 0 without any."""
    covered = period(times)
    return 0 if covered is None else (covered[1] - covered[0]).days + 1


def _without_years_off(times: np.ndarray) -> np.ndarray:
    """Sorted `times` without the few beyond a gap of years."""
    middle = times[len(times) * 3 // 4] - times[len(times) // 4]
    few = max(int(len(times) * YEARS_OFF_SHARE), 1)
    return _smallest(times, few, lambda _: max(YEARS_OFF_DAYS * DAY, middle + 1))


def _without_far_off(times: np.ndarray) -> np.ndarray:
    """Sorted `times` without the very few beyond a gap that is long beside what the others take."""
    few = int(len(times) * FAR_OFF_SHARE)
    return _smallest(times, few, lambda body: max(FAR_OFF_DAYS * DAY, FAR_OFF_TIMES * (body[-1] - body[0])))


def _smallest(times: np.ndarray, few: int, least: Callable[[np.ndarray], int]) -> np.ndarray:
    """The smallest part of `times` that lacks `few` at most, and less than half, beyond gaps of the `least` for it."""
    gaps = np.diff(times)
    cuts = [0, *(np.flatnonzero(gaps >= FAR_OFF_DAYS * DAY) + 1).tolist(), len(times)]
    widths = {0: np.inf, len(times): np.inf} | {cut: gaps[cut - 1] for cut in cuts[1:-1]}
    starts = [cut for cut in cuts if cut <= few]
    ends = [cut for cut in cuts if cut >= len(times) - few]
    parts = [
        times[start:end]
        for start in starts
        for end in ends
        if len(times) - (end - start) <= few and 2 * (end - start) > len(times)
        if min(widths[start], widths[end]) >= least(times[start:end])
    ]
    return min(parts, key=len)
