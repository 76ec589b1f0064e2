"""How many errors one error causes, told by their times alone: expectation maximisation over known edges.

An error of system s at time t is its own, at the rate mu_s g(t), or follows an error of a neighbour r, dt earlier, at
the rate n_e beta_e exp(-beta_e dt), for every known edge e from r to s: n_e errors follow each error of r, 1 / beta_e
later on average (multivariate Hawkes process, arXiv 1708.06401; who infected whom as Wallinga and Teunis 2004). g is
the rhythm that all systems share: a busy hour makes errors of all of them near each other, and none causes another.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from integrhealth.statistics import CONFIDENCE
from integrhealth.thresholds import (
    DAY_PATTERN_DAYS,
    RHYTHM_ERRORS,
    SEED,
    TIMING_BLOCKS,
    TIMING_HORIZON_MINUTES,
    TIMING_PAIRS,
    TIMING_SHIFTS,
)

HOUR, HOURS = 3600.0, 24
# A fit ends when no edge's n moves by more in a step, or after so many; it starts at the best of so many delays.
TOLERANCE, STEPS, STARTS = 2e-4, 100, 16


@dataclass(frozen=True)
class Errors:
    """Errors in order of time: whole ticks since the first, number of the system, seconds per tick, all systems."""

    ticks: NDArray
    system: NDArray
    tick: float
    systems: int

    @property
    def seconds(self) -> NDArray:
        return self.ticks * self.tick

    @property
    def span(self) -> float:
        """From the first tick to the end of the last."""
        return float((self.ticks[-1] + 1) * self.tick)


@dataclass(frozen=True)
class Edges:
    """Known edges by numbers of systems; with TIES an error of the cause may explain one in the same tick."""

    cause: NDArray
    effect: NDArray
    ties: NDArray


@dataclass(frozen=True)
class Pairs:
    """Candidates: the error at place EFFECT may follow one over EDGE, DELAY seconds earlier; SEEN: 1, in a tick 1/2."""

    edge: NDArray
    effect: NDArray
    delay: NDArray
    seen: NDArray


@dataclass(frozen=True)
class Fit:
    """Per edge the errors that follow one, their rate and number; per system its own rate; share of all that follow."""

    follow: NDArray
    rate: NDArray
    caused: NDArray
    own: NDArray
    reproduction: float


def clock(seconds: NDArray, span: float, *, errors: int, shrink: bool) -> tuple[NDArray, NDArray]:
    """A clock that runs as fast as errors come: moments in seconds and what it shows then, both from 0 to SPAN.

    Hour of the day, given some days, then stretches of so many ERRORS. With SHRINK the stretches differ only as far
    as they differ more than neighbours do (von Neumann 1941): a cascade is no rhythm.
    """
    real, shown = np.array([0.0, span]), np.array([0.0, span])
    if span >= DAY_PATTERN_DAYS * HOURS * HOUR:
        real = np.append(np.arange(0.0, span, HOUR), span)
        hour = np.arange(len(real) - 1) % HOURS
        exposure = np.bincount(hour, np.diff(real), HOURS)
        found = np.bincount((seconds // HOUR).astype(int) % HOURS, minlength=HOURS)
        # One error more in each hour of the day: a clock that stands still could not be turned back.
        rate = (found + 1) / exposure
        shown = np.append(0, np.cumsum(rate[hour] * np.diff(real)))
    stretches = len(seconds) // errors
    if stretches < 3:
        return real, shown / shown[-1] * span
    within = np.quantile(np.interp(seconds, real, shown), np.arange(1, stretches) / stretches)
    bounds = np.concatenate([[0], within, shown[-1:]])
    width = np.maximum(np.diff(bounds), shown[-1] * 1e-9)
    pace = -np.log(width)
    chance = np.mean(np.diff(pace) ** 2) / 2 / max(pace.var(), 1e-12) if shrink else 0
    ticking = np.append(0, np.cumsum(np.exp(max(0, 1 - chance) * pace) * width))
    steps = np.unique(np.append(shown, bounds))
    return np.interp(steps, shown, real), np.interp(steps, bounds, ticking) / ticking[-1] * span


def rhythm(errors: Errors) -> NDArray:
    """g at each error: how much faster than on average errors of all systems come around then; mean over time 1."""
    real, shown = clock(errors.seconds, errors.span, errors=RHYTHM_ERRORS, shrink=True)
    place = np.clip(np.searchsorted(real, errors.seconds, "right") - 1, 0, len(real) - 2)
    return (np.diff(shown) / np.maximum(np.diff(real), 1e-9))[place]


def candidates(errors: Errors, edges: Edges, horizon: float) -> Pairs:
    """Every pair of errors over a known edge, the effect at most HORIZON seconds after the cause."""
    first, last, edge, effect, order = _windows(errors, edges, horizon)
    found = last - first
    starts = np.cumsum(found) - found
    cause = order[np.arange(found.sum()) - np.repeat(starts - first, found)]
    effect, edge = np.repeat(effect, found), np.repeat(edge, found)
    delay = errors.ticks[effect] - errors.ticks[cause]
    # In one tick nobody knows who was first: half of them were (the trapezoid rule for times cut to ticks).
    return Pairs(edge, effect, delay * errors.tick, np.where(delay == 0, 0.5, 1.0))


def widest_horizon(errors: Errors, edges: Edges) -> float:
    """The horizon in seconds: an hour, halved until the candidates stay within TIMING_PAIRS, and one tick at least."""
    horizon = TIMING_HORIZON_MINUTES * 60.0
    while horizon > errors.tick:
        first, last, *_ = _windows(errors, edges, horizon)
        if (last - first).sum() <= TIMING_PAIRS:
            break
        horizon /= 2
    return max(horizon, errors.tick)


def _windows(errors: Errors, edges: Edges, horizon: float) -> tuple[NDArray, ...]:
    """Per edge and error of its effect: the run of causes in ORDER, errors by system and time, that may explain it."""
    reach = int(horizon / errors.tick)
    stride = int(errors.ticks[-1]) + reach + 2
    order = np.argsort(errors.system, kind="stable")
    keys = errors.system[order] * stride + errors.ticks[order]
    begins = np.searchsorted(errors.system[order], np.arange(errors.systems + 1))
    size = np.diff(begins)[edges.effect]
    edge = np.repeat(np.arange(len(size)), size)
    nth = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    effect = order[begins[edges.effect][edge] + nth]
    base, now = edges.cause[edge] * stride, errors.ticks[effect]
    first = np.searchsorted(keys, base + np.maximum(now - reach, 0))
    last = np.searchsorted(keys, base + now + edges.ties[edge])
    return first, np.maximum(first, last), edge, effect, order


def fitted(
    errors: Errors,
    edges: Edges,
    pairs: Pairs,
    horizon: float,
    *,
    pace: NDArray,
    start: Fit | None = None,
    weights: NDArray | None = None,
) -> Fit:
    """The most likely n, beta and mu. PACE is ``rhythm(errors)``; with WEIGHTS of 0 an error is no effect and no cause.

    The rates stay between one per horizon and one per tick: times that coincide, or none that do, move nothing out.
    """
    weights = np.ones(len(errors.ticks)) if weights is None else weights
    counts = np.bincount(errors.system, weights, errors.systems)
    sources = np.maximum(counts[edges.cause], 1)
    time, seen = errors.span * weights.mean(), weights[pairs.effect]
    fit = start or _start(pairs, sources, counts / time, errors.tick, horizon)
    follow, rate, own = fit.follow, fit.rate, fit.own
    for _ in range(STEPS):
        excited = (follow * rate)[pairs.edge] * np.exp(-rate[pairs.edge] * pairs.delay) * pairs.seen
        alone = own[errors.system] * pace
        intensity = alone + np.bincount(pairs.effect, excited, len(alone))
        share = excited / intensity[pairs.effect] * seen
        caused = np.bincount(pairs.edge, share, len(sources))
        waited = np.bincount(pairs.edge, share * pairs.delay, len(sources))
        own = np.bincount(errors.system, alone / intensity * weights, errors.systems) / time
        before, follow = follow, caused / sources
        rate = np.clip(caused / np.maximum(waited, 1e-300), 1 / horizon, 1 / errors.tick)
        if not len(follow) or np.abs(follow - before).max() < TOLERANCE:
            break
    return Fit(follow, rate, caused, own, float(caused.sum() / weights.sum()))


def _start(pairs: Pairs, sources: NDArray, own: NDArray, tick: float, horizon: float) -> Fit:
    """Per edge the delay within which most pairs lie beyond what an even spread over the horizon would put there."""
    within = np.geomspace(tick, max(horizon, 2 * tick), STARTS)
    cell = pairs.edge * STARTS + np.minimum(np.searchsorted(within, pairs.delay), STARTS - 1)
    found = np.bincount(cell, minlength=len(sources) * STARTS).reshape(-1, STARTS).cumsum(axis=1)
    even = found[:, -1:] * within / within[-1]
    best = ((found - even) / np.sqrt(even + 1)).argmax(axis=1)
    excess = (found - even)[np.arange(len(sources)), best]
    return Fit(np.clip(excess / sources, 0.01, 0.5), 2 / within[best], excess, own, 0.0)


def fit_and_interval(errors: Errors, edges: Edges, horizon: float) -> tuple[Fit, NDArray, NDArray]:
    """The fit, and low and high of the reproduction number followed by those of every edge's n.

    Jackknife over blocks of time with as many errors each, every block refitted, bounds by Student's t (Efron 1982).
    """
    pairs, pace = candidates(errors, edges, horizon), rhythm(errors)
    whole = fitted(errors, edges, pairs, horizon, pace=pace)
    blocks = min(TIMING_BLOCKS, len(pace))
    block = np.arange(len(pace)) * blocks // len(pace)
    left_out = [
        fitted(errors, edges, pairs, horizon, pace=pace, start=whole, weights=(block != each).astype(float))
        for each in range(blocks)
    ]
    values = np.array([np.append(fit.reproduction, fit.follow) for fit in left_out])
    half = student.ppf((1 + CONFIDENCE) / 2, blocks - 1) * np.sqrt((blocks - 1) * values.var(axis=0))
    middle = np.append(whole.reproduction, whole.follow)
    return whole, np.maximum(middle - half, 0), middle + half


def shifted(errors: Errors, edges: Edges, horizon: float) -> tuple[float, NDArray]:
    """The reproduction number, and those of errors whose systems' times were turned against each other at random.

    Each system's errors keep their order and bursts and are turned around the period as a ring, on a clock that runs
    as errors come, so that a rhythm that systems share stays shared. One value per shift.
    """
    real, shown = clock(errors.seconds, errors.span, errors=RHYTHM_ERRORS // 2, shrink=False)
    on_clock = np.interp(errors.seconds, real, shown)
    turns = np.random.default_rng(SEED).uniform(0, errors.span, (TIMING_SHIFTS, errors.systems))
    found = []
    for turn in turns:
        moved = np.interp((on_clock + turn[errors.system]) % errors.span, shown, real)
        found.append(_reproduction(_in_order(errors, moved), edges, horizon))
    return _reproduction(errors, edges, horizon), np.array(found)


def _in_order(errors: Errors, seconds: NDArray) -> Errors:
    ticks = np.minimum((seconds / errors.tick).astype(np.int64), errors.ticks[-1])
    order = np.lexsort((errors.system, ticks))
    return replace(errors, ticks=ticks[order], system=errors.system[order])


def _reproduction(errors: Errors, edges: Edges, horizon: float) -> float:
    pairs = candidates(errors, edges, horizon)
    return fitted(errors, edges, pairs, horizon, pace=rhythm(errors)).reproduction
