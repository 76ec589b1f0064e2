"""Mechanism: the volume of the season. Ninety days with a Christmas peak, weekdays and hours as in Spain."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from integrhealth.sample.chance import stream
from integrhealth.sample.companies import DAYS, FIRST_DAY
from integrhealth.sample.landscape import JOURNEYS

# Order volume against a normal day, straight lines between: Black Friday, the weeks before Christmas, Three Kings.
SEASON = (
    (date(2025, 11, 1), 1.0),
    (date(2025, 11, 23), 1.1),
    (date(2025, 11, 28), 2.2),
    (date(2025, 12, 2), 1.6),
    (date(2025, 12, 8), 1.8),
    (date(2025, 12, 15), 2.6),
    (date(2025, 12, 18), 3.0),
    (date(2025, 12, 23), 3.0),
    (date(2025, 12, 25), 0.4),
    (date(2025, 12, 29), 1.2),
    (date(2026, 1, 4), 1.6),
    (date(2026, 1, 6), 0.6),
    (date(2026, 1, 12), 1.0),
    (date(2026, 1, 29), 1.0),
)
WEEKDAYS = {
    "shop": (1.05, 1.0, 1.0, 1.0, 1.1, 0.95, 0.9),
    "office": (1.1, 1.1, 1.0, 1.0, 0.9, 0.12, 0.03),
    "returns": (1.2, 1.1, 1.0, 1.0, 1.0, 0.4, 0.3),
    "night": (1.0,) * 7,
}
# Weights of the 24 hours of a day in UTC (Madrid is one hour ahead all winter).
HOURS = {
    "shop": (3, 1, 1, 1, 1, 2, 5, 9, 12, 14, 15, 15, 14, 13, 12, 12, 13, 15, 17, 20, 21, 18, 12, 6),
    "office": (0, 0, 0, 0, 0, 1, 5, 14, 18, 18, 16, 12, 6, 10, 15, 14, 9, 3, 1, 0, 0, 0, 0, 0),
    "returns": (1, 0, 0, 0, 0, 1, 3, 7, 10, 11, 11, 10, 8, 9, 10, 10, 10, 9, 8, 7, 5, 4, 3, 2),
    "night": (6, 10, 8, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2),
}
DAY_US = 86_400_000_000
FIRST_US = int(datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=UTC).timestamp()) * 1_000_000


def days() -> list[date]:
    """The ninety days."""
    return [FIRST_DAY + timedelta(days=number) for number in range(DAYS)]


def season() -> NDArray:
    """The multiple of normal order volume on each day."""
    days = [(day - FIRST_DAY).days for day, _ in SEASON]
    return np.interp(np.arange(DAYS), days, [multiple for _, multiple in SEASON])


def day_weights(calendar: str) -> NDArray:
    """The part of all events that falls on each day. Only shop and returns follow the season; returns lag a week."""
    weekday = np.array([WEEKDAYS[calendar][day.weekday()] for day in days()])
    if calendar == "shop":
        weekday = weekday * season()
    elif calendar == "returns":
        weekday = weekday * season()[np.maximum(np.arange(DAYS) - 7, 0)]
    elif calendar == "office":
        weekday = weekday * np.array([0.1 if (day.month, day.day) in HOLIDAYS else 1.0 for day in days()])
    return weekday / weekday.sum()


HOLIDAYS = ((12, 8), (12, 25), (1, 1), (1, 6))


def event_counts(messages: int, seed: int) -> dict[str, NDArray]:
    """How many journeys of each name begin on each day, for about `messages` messages in all."""
    counts = {}
    for journey in JOURNEYS:
        events = round(messages * journey.share / journey.expected_messages)
        counts[journey.name] = stream(seed, "season", journey.name).multinomial(events, day_weights(journey.calendar))
    return counts


def start_times(calendar: str, per_day: NDArray, first_day: int, rng: np.random.Generator) -> NDArray:
    """Start of each event in microseconds since 1970, in order; `per_day` events on the days from `first_day` on."""
    hours = np.array(HOURS[calendar], float)
    day = np.repeat(np.arange(first_day, first_day + len(per_day)), per_day)
    hour = rng.choice(24, size=day.size, p=hours / hours.sum())
    return np.sort(FIRST_US + day * DAY_US + ((hour + rng.random(day.size)) * DAY_US / 24).astype(np.int64))
