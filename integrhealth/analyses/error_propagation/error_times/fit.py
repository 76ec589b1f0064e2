"""How many errors one error causes, told by their times alone: expectation maximisation over known edges.

An error of system s at time t is its own, at the rate mu_s g(t), or follows an error of a neighbour r, dt earlier, at
the rate n_e beta_e exp(-beta_e dt), for every known edge e from r to s: n_e errors follow each error of r, 1 / beta_e
later on average (multivariate Hawkes process, arXiv 1708.06401; who infected whom as Wallinga and Teunis 2004). g is
the rhythm that all systems share: a busy hour makes errors of all of them near each other, and none causes another.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from integrhealth.language.statistics import NONE_SEEN, Z
from integrhealth.language.thresholds import (
    DAY_PATTERN_DAYS,
    RHYTHM_ERRORS,
    SEED,
    TIMING_HORIZON_MINUTES,
    TIMING_PAIRS,
    TIMING_SHIFTS,
)

HOUR, HOURS = 3600.0, 24
# Median of a chi-squared variable with one degree of freedom.
CHI_SQUARE_MEDIAN = 0.4549
# A fit ends when no edge's n moves by more in a round of three steps, or after so many rounds; it starts at the best of
# so many delays, leaps no further than so many steps, and never to more errors that follow one than this.
TOLERANCE, ROUNDS, STARTS, LONGEST_LEAP, MOST = 5e-4, 20, 16, 16, 10


@dataclass(frozen=True)
class Errors:
    """Errors in order of time, those of one system in one tick together, which loses nothing: whole ticks since the
    first, number of the system, how many; seconds per tick, all systems, seconds from midnight UTC to the first.
    """

    ticks: NDArray
    system: NDArray
    count: NDArray
    tick: float
    systems: int
    began: float = 0.0

    @property
    def seconds(self) -> NDArray:
        return self.ticks * self.tick

    @property
    def span(self) -> float:
        """From the first tick to the end of the last."""
        return float((self.ticks[-1] + 1) * self.tick)


@dataclass(frozen=True)
class Edges:
    """Known edges by numbers of systems; with `ties` an error of the cause may explain one in the same tick."""

    cause: NDArray
    effect: NDArray
    ties: NDArray


@dataclass(frozen=True)
class Pairs:
    """Candidates: errors at place `effect` may follow `seen` ones over `edge`, which came `delay` seconds earlier."""

    edge: NDArray
    effect: NDArray
    delay: NDArray
    seen: NDArray


@dataclass(frozen=True)
class Fit:
    """Per edge the errors that follow one, the rate of their delay; per system its own rate; errors caused per edge."""

    follow: NDArray
    rate: NDArray
    own: NDArray
    caused: NDArray


@dataclass(frozen=True)
class Problem:
    """What is to be fitted: errors, edges, the candidates within `horizon` seconds, the rhythm at each error."""

    errors: Errors
    edges: Edges
    horizon: float

    @cached_property
    def pairs(self) -> Pairs:
        return candidates(self.errors, self.edges, self.horizon)

    @cached_property
    def pace(self) -> NDArray:
        return rhythm(self.errors)

    @cached_property
    def sources(self) -> NDArray:
        """Errors at the cause of each edge, one at least."""
        return np.maximum(self.of_systems[self.edges.cause], 1)

    @cached_property
    def of_systems(self) -> NDArray:
        """Errors of each system."""
        return np.bincount(self.errors.system, self.errors.count, self.errors.systems)


def clock(all_errors: Errors, *, errors: int, shrink: bool) -> tuple[NDArray, NDArray]:
    """A clock that runs as fast as errors come: moments in seconds and what it shows then, both from 0 to the span.

    Hour of the day, given some days, then time bins of so many `errors`. With `shrink` the bins differ only as far
    as they differ more than most neighbours do (von Neumann 1941, by the median): a cascade is no rhythm.
    """
    seconds, span, began = np.repeat(all_errors.seconds, all_errors.count), all_errors.span, all_errors.began
    real, shown = np.array([0.0, span]), np.array([0.0, span])
    if span >= DAY_PATTERN_DAYS * HOURS * HOUR:
        real = np.concatenate([[0.0], np.arange(HOUR - began % HOUR, span, HOUR), [span]])
        hour = ((began + (real[:-1] + real[1:]) / 2) // HOUR).astype(int) % HOURS
        exposure = np.bincount(hour, np.diff(real), HOURS)
        failed = np.bincount(((began + seconds) // HOUR).astype(int) % HOURS, minlength=HOURS)
        # One error more in each hour of the day: a clock that stands still could not be turned back.
        rate = (failed + 1) / exposure
        shown = np.append(0, np.cumsum(rate[hour] * np.diff(real)))
    bins = len(seconds) // errors
    if bins < 3:
        return real, shown / shown[-1] * span
    within = np.quantile(np.interp(seconds, real, shown), np.arange(1, bins) / bins)
    bounds = np.concatenate([[0], within, shown[-1:]])
    width = np.maximum(np.diff(bounds), shown[-1] * 1e-9)
    pace = -np.log(width)
    chance = np.median(np.diff(pace) ** 2) / 2 / CHI_SQUARE_MEDIAN / max(pace.var(), 1e-12) if shrink else 0
    ticking = np.append(0, np.cumsum(np.exp(max(0, 1 - chance) * pace) * width))
    steps = np.unique(np.append(shown, bounds))
    return np.interp(steps, shown, real), np.interp(steps, bounds, ticking) / ticking[-1] * span


def rhythm(errors: Errors) -> NDArray:
    """g at each error: how much faster than on average errors of all systems come around then; mean over time 1."""
    real, shown = clock(errors, errors=RHYTHM_ERRORS, shrink=True)
    place = np.clip(np.searchsorted(real, errors.seconds, "right") - 1, 0, len(real) - 2)
    return (np.diff(shown) / np.maximum(np.diff(real), 1e-9))[place]


def candidates(errors: Errors, edges: Edges, horizon: float) -> Pairs:
    """Every pair of errors over a known edge, the effect at most `horizon` seconds after the cause."""
    first, last, edge, effect, order = _windows(errors, edges, horizon)
    causes = last - first
    starts = np.cumsum(causes) - causes
    cause = order[np.arange(causes.sum()) - np.repeat(starts - first, causes)]
    effect, edge = np.repeat(effect, causes), np.repeat(edge, causes)
    delay = errors.ticks[effect] - errors.ticks[cause]
    # In one tick nobody knows who was first: half of them were (the trapezoid rule for times cut to ticks).
    return Pairs(edge, effect, delay * errors.tick, np.where(delay == 0, 0.5, 1.0) * errors.count[cause])


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


def fitted(problem: Problem) -> Fit:
    """The most likely n, beta and mu: expectation maximisation, which is slow, with the steps of SQUAREM (Varadhan and
    Roland 2008), one length for each system as effect, since these are problems of their own.
    """
    state = start = _start(problem)
    for _ in range(ROUNDS):
        once = likelier(problem, start)
        twice = likelier(problem, once)
        state = likelier(problem, _leap(problem, start, once, twice))
        moved = np.abs(state.follow - start.follow).max(initial=0)
        start = state
        if moved < TOLERANCE:
            break
    return state


def likelier(problem: Problem, fit: Fit) -> Fit:
    """One step of expectation maximisation. Each error is shared out among its candidates and its system's own rate.

    The rates stay between one per horizon and one per tick: times that coincide, or none that do, move nothing out.
    """
    pairs, excited, alone = problem.pairs, *_intensities(problem, fit)
    intensity = alone + np.bincount(pairs.effect, excited, len(alone))
    count = problem.errors.count
    share = excited / intensity[pairs.effect] * count[pairs.effect]
    caused = np.bincount(pairs.edge, share, len(fit.follow))
    waited = np.bincount(pairs.edge, share * pairs.delay, len(fit.follow))
    rate = np.clip(caused / np.maximum(waited, 1e-300), 1 / problem.horizon, 1 / problem.errors.tick)
    own = np.bincount(problem.errors.system, alone / intensity * count, len(fit.own)) / problem.errors.span
    return Fit(caused / problem.sources, rate, own, caused)


def _intensities(problem: Problem, fit: Fit) -> tuple[NDArray, NDArray]:
    """What each candidate, and what the system's own rate, adds to the rate of errors at the moment of the effect."""
    pairs = problem.pairs
    kernel = (fit.follow * fit.rate)[pairs.edge] * np.exp(-fit.rate[pairs.edge] * pairs.delay)
    return kernel * pairs.seen, fit.own[problem.errors.system] * problem.pace


def _leap(problem: Problem, start: Fit, once: Fit, twice: Fit) -> Fit:
    """Two steps followed much further in their direction, the rates on a logarithmic scale."""
    block = np.concatenate([problem.edges.effect, problem.edges.effect, np.arange(len(start.own))])
    at, then, last = (
        np.concatenate([fit.follow, np.log(fit.rate), np.log(np.maximum(fit.own, 1e-12))])
        for fit in (start, once, twice)
    )
    step, bend = then - at, last - 2 * then + at
    size, change = (np.bincount(block, each**2, len(start.own)) for each in (step, bend))
    length = np.clip(np.sqrt(size / np.maximum(change, 1e-300)), 1, LONGEST_LEAP)[block]
    follow, rate, own = np.split(at + 2 * length * step + length**2 * bend, np.cumsum([len(start.follow)] * 2))
    rate = np.clip(np.exp(np.clip(rate, -100, 100)), 1 / problem.horizon, 1 / problem.errors.tick)
    return Fit(np.clip(follow, 0, MOST), rate, np.exp(np.clip(own, -100, 100)), start.caused)


def _start(problem: Problem) -> Fit:
    """Per edge the delay within which most pairs lie beyond what an even spread over the horizon would put there."""
    errors, pairs, sources = problem.errors, problem.pairs, problem.sources
    within = np.geomspace(errors.tick, max(problem.horizon, 2 * errors.tick), STARTS)
    cell = pairs.edge * STARTS + np.minimum(np.searchsorted(within, pairs.delay), STARTS - 1)
    weight = pairs.seen * errors.count[pairs.effect]
    within_each = np.bincount(cell, weight, len(sources) * STARTS).reshape(-1, STARTS).cumsum(axis=1)
    even = within_each[:, -1:] * within / within[-1]
    best = ((within_each - even) / np.sqrt(even + 1)).argmax(axis=1)
    excess = (within_each - even)[np.arange(len(sources)), best]
    own = problem.of_systems / errors.span
    return Fit(np.clip(excess / sources, 0.01, 0.5), 2 / within[best], own, excess)


def intervals(problem: Problem, fit: Fit) -> tuple[NDArray, NDArray]:
    """Low and high of the share of errors that follow another, and then of every edge's n.

    From the curvature of the likelihood: the squares of every error's score, summed (Ogata 1978), apart for each system
    as effect. An n of less than one caused error, which lies at its bound of 0, and a delay on a bound are taken as
    known; where none is seen to follow, NONE_SEEN may.
    """
    pairs, (excited, alone) = problem.pairs, _intensities(problem, fit)
    errors, edges = len(alone), len(fit.follow)
    total = problem.of_systems.sum()
    intensity = alone + np.bincount(pairs.effect, excited, errors)
    kernel = fit.rate[pairs.edge] * np.exp(-fit.rate[pairs.edge] * pairs.delay) * pairs.seen / intensity[pairs.effect]
    slower = excited / intensity[pairs.effect] * (1 / fit.rate[pairs.edge] - pairs.delay)
    shown = fit.caused >= 1
    free = shown & (fit.rate > 1 / problem.horizon) & (fit.rate < 1 / problem.errors.tick)
    of_systems = problem.pace / intensity
    rows = np.concatenate([pairs.effect, pairs.effect, np.arange(errors)])
    columns = np.concatenate([pairs.edge, edges + pairs.edge, 2 * edges + problem.errors.system])
    scores = csr_matrix(
        (np.concatenate([kernel, slower, of_systems]), (rows, columns)), shape=(errors, 2 * edges + len(fit.own))
    )
    information = (scores.T @ scores.multiply(problem.errors.count[:, None])).tocsr()
    variance, of_edges = 0.0, np.zeros(edges)
    for system in np.unique(problem.edges.effect[shown]):
        into = np.flatnonzero(shown & (problem.edges.effect == system))
        together = np.concatenate([into, edges + into[free[into]], [2 * edges + system]])
        covariance = _inverse(information[together][:, together].toarray())[: len(into), : len(into)]
        weight = problem.sources[into] / total
        variance += weight @ covariance @ weight
        of_edges[into] = np.diag(covariance)
    error = np.sqrt(np.maximum(np.append(variance, of_edges), 0))
    middle = np.append(fit.caused.sum() / total, fit.follow)
    seen = np.append(total, problem.sources)
    return np.maximum(middle - Z * error, 0), np.maximum(middle + Z * error, NONE_SEEN / seen)


def _inverse(information: NDArray) -> NDArray:
    """The inverse, by parts where it has none, with the units of the parameters taken out first."""
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    return np.linalg.pinv(information / np.outer(scale, scale), hermitian=True) / np.outer(scale, scale)


def shifted(problem: Problem) -> tuple[float, NDArray]:
    """Share of errors that follow another, and the same where systems' times were turned against each other at random.

    Each system's errors keep their order and bursts and are turned around the period as a ring, on a clock that runs
    as errors come, so that a rhythm that systems share stays shared. One value per shift.
    """
    errors, problem = problem.errors, replace(problem, edges=_between_errors(problem))
    real, shown = clock(errors, errors=RHYTHM_ERRORS // 2, shrink=False)
    on_clock = np.interp(errors.seconds, real, shown)
    turns = np.random.default_rng(SEED).uniform(0, errors.span, (TIMING_SHIFTS, errors.systems))
    shares = []
    for turn in turns:
        moved = np.interp((on_clock + turn[errors.system]) % errors.span, shown, real)
        shares.append(_share_caused(replace(problem, errors=_in_order(errors, moved))))
    return _share_caused(problem), np.array(shares)


def _between_errors(problem: Problem) -> Edges:
    """The edges whose two systems had errors: nothing follows over the others, however the times are turned."""
    edges, seen = problem.edges, problem.of_systems > 0
    both = seen[edges.cause] & seen[edges.effect]
    return Edges(edges.cause[both], edges.effect[both], edges.ties[both])


def _in_order(errors: Errors, seconds: NDArray) -> Errors:
    ticks = np.minimum((seconds / errors.tick).astype(np.int64), errors.ticks[-1])
    order = np.lexsort((errors.system, ticks))
    return replace(errors, ticks=ticks[order], system=errors.system[order], count=errors.count[order])


def _share_caused(problem: Problem) -> float:
    return float(fitted(problem).caused.sum() / problem.of_systems.sum())
