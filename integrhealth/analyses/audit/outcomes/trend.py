"""A series before and after a day: by how much it left the trend that it was on, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from integrhealth.language.statistics import CONFIDENCE, TAIL, Z
from integrhealth.language.thresholds import (
    DAILY_GAP_DAYS,
    EARLIER_SHIFT_DAYS,
    EARLIER_SHIFT_LEVEL,
    MIN_OUTCOME_POINTS,
    MOST_PERSISTENCE,
    RESAMPLES,
    SEED,
)

# Beside the largest value of a series, what is smaller comes from the arithmetic.
ROUNDING = 1e-9
# Numbers that two lines have, and the fewest degrees of freedom that the spread of residuals is taken to have.
LINES, LEAST_FREEDOM = 4, 2


@dataclass(frozen=True)
class Interrupted:
    """The trend of a series broken at a day: lines before and after, and the distance between them at the end.

    ``effect`` is the fitted value of the last day less what the trend before would have come to, ``margin`` half of its
    95% interval. ``level`` and ``continued`` are the two for every day, at the mean of the week; ``slope`` is per day.
    """

    effect: float
    margin: float
    slope: float
    level: NDArray
    continued: NDArray


def interrupted(day: NDArray, value: NDArray, weekday: NDArray, *, scale: float = 1.0) -> Interrupted:
    """y = b0 + b1 t + b2 D + b3 t D + weekday, by least squares; t is the `day`, 0 at the break, D the days from then.

    What is handed over are values of a unit of `scale`, what comes back is in the unit itself.
    The interval is by bootstrap of the residuals, drawn in moving blocks: how much one carries over to the next is
    taken out first and put back in (Davison and Hinkley 1997, 8.2.3), since what carries over for days makes few
    observations of many.
    """
    after = (day >= 0).astype(float)
    lines = np.column_stack([np.ones(len(day)), day, after, day * after])
    design = np.column_stack([lines, weekdays(day, weekday)])
    solve = np.linalg.pinv(design)
    fitted = solve @ value
    residuals = value - design @ fitted
    at_end = np.zeros(design.shape[1])
    at_end[2:4] = 1, day[-1]
    weights = at_end @ solve
    least = ROUNDING * np.abs(value).max()
    effect, spread = at_end @ fitted, np.sqrt(np.mean(residuals**2))
    margin = 0.0
    if spread > least:
        drawn = resampled(residuals, np.linalg.matrix_rank(design)) @ weights
        margin = float(np.quantile(np.abs(drawn), CONFIDENCE)) * _widened(residuals)
    return Interrupted(
        effect=float(effect * scale) if abs(effect) > least else 0.0,
        margin=margin * scale,
        slope=float(fitted[1] * scale),
        level=lines @ fitted[:LINES] * scale,
        continued=lines[:, :2] @ fitted[:2] * scale,
    )


def weekdays(day: NDArray, weekday: NDArray) -> NDArray:
    """A column for each weekday but one, which sum to nothing over a week; none where days are measured seldom."""
    present = np.unique(weekday)
    if len(day) < 2 or np.median(np.diff(day)) > DAILY_GAP_DAYS or len(present) < 2:
        return np.empty((len(day), 0))
    return (weekday[:, None] == present[:-1]).astype(float) - (weekday == present[-1])[:, None]


def resampled(residuals: NDArray, parameters: int) -> NDArray:
    """Series as the `residuals` of a fit with so many `parameters` might have been, one per row."""
    count = len(residuals)
    persistence = _persistence(residuals)
    fresh = (residuals[1:] - persistence * residuals[:-1]) * np.sqrt((count - 1) / (count - parameters))
    fresh -= fresh.mean()
    block = block_length(count)
    starts = np.random.default_rng(SEED).integers(0, len(fresh) - block + 1, (RESAMPLES, -(-count // block)))
    drawn = fresh[(starts[:, :, None] + np.arange(block)).reshape(RESAMPLES, -1)[:, :count]]
    drawn[:, 0] /= np.sqrt(1 - persistence**2)
    for step in range(1, count):
        drawn[:, step] += persistence * drawn[:, step - 1]
    return drawn


def block_length(count: int) -> int:
    """How many residuals are drawn together: the fourth root of their `count`."""
    return max(1, round(count**0.25))


def _persistence(residuals: NDArray) -> float:
    """What one residual carries over to the next, without what two fitted lines take from it (Marriott, Pope 1954)."""
    count = len(residuals)
    seen = (residuals[1:] @ residuals[:-1]) / (residuals @ residuals)
    return float(np.clip((count * seen + 4) / (count - 8), 0, MOST_PERSISTENCE))


def _widened(residuals: NDArray) -> float:
    """How much wider an interval of so few independent residuals is: Student's t beside the normal."""
    from scipy.special import stdtrit

    persistence = _persistence(residuals)
    independent = len(residuals) * (1 - persistence) / (1 + persistence)
    return float(stdtrit(max(independent - LINES, LEAST_FREEDOM), 1 - TAIL) / Z)


def trend_begins(day: NDArray, value: NDArray, weekday: NDArray) -> int:
    """From which of the values before the break on one line holds: 0, or the last of the shifts that certainly were.

    A shift is a step that explains more of the residuals of one line than steps explain of series without (sup F,
    Andrews 1993, its level by the bootstrap above). What is left after one is searched again while it would do in half.
    """
    begins = 0
    while (shift := _shift(day[begins:], value[begins:], weekday[begins:])) is not None:
        begins += shift
        if len(day) - begins < 2 * MIN_OUTCOME_POINTS:
            break
    return begins


def _shift(day: NDArray, value: NDArray, weekday: NDArray) -> int | None:
    count, least = len(day), MIN_OUTCOME_POINTS // 2
    if count < 2 * least:
        return None
    places = np.unique(np.linspace(least, count - least, EARLIER_SHIFT_DAYS).round().astype(int))
    design = np.column_stack([np.ones(count), day, weekdays(day, weekday)])
    solve = np.linalg.pinv(design)
    steps = (np.arange(count)[:, None] >= places).astype(float)
    steps -= design @ (solve @ steps)
    steps /= np.linalg.norm(steps, axis=0)
    residuals = value - design @ (solve @ value)
    if np.sqrt(np.mean(residuals**2)) <= ROUNDING * np.abs(value).max():
        return None
    strength = np.abs(residuals @ steps)
    best = int(strength.argmax())
    rest = residuals - steps[:, best] * (residuals @ steps[:, best])
    if np.sqrt(np.mean(rest**2)) <= ROUNDING * np.abs(value).max():
        return int(places[best])
    drawn = resampled(rest, np.linalg.matrix_rank(design) + 1)
    drawn -= drawn @ solve.T @ design.T
    usual = np.abs(drawn @ steps).max(axis=1) / np.linalg.norm(drawn, axis=1)
    certain = strength[best] / np.linalg.norm(residuals) > np.quantile(usual, 1 - EARLIER_SHIFT_LEVEL)
    return int(places[best]) if certain else None
