"""What the windows of one system say of its capacity: points, the law through them, and how sure it is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from integrhealth.analyses.latency.capacity.scalability import Law, fitted
from integrhealth.language.statistics import TAIL
from integrhealth.language.thresholds import (
    ASYMPTOTE_SEEN,
    CAPACITY_BAND,
    FEWEST_BLOCKS,
    LOAD_BINS,
    LOAD_RANGE,
    MIN_BIN_WINDOWS,
    MIN_LOAD_BINS,
    MIN_WINDOWS,
    MOST_BLOCKS,
    PEAK_SEEN,
    PLATEAU_SEEN,
    RESAMPLES,
    SEED,
)

# Of a bin of more windows so many, evenly spaced by response time, give its median as well.
ENOUGH_WINDOWS = 2000
FEW, UNSEEN, UNSURE, STEADY = "too few busy minutes", "never seen near its limit", "too uncertain", "always as busy"


@dataclass(frozen=True)
class Curve:
    """The points of one system (throughput per minute, concurrency, windows), its law, and what is sure of it.

    ``resampled`` holds the laws of the windows drawn anew, and `None` where no capacity is told: ``reason`` says why.
    """

    throughput: NDArray
    concurrency: NDArray
    windows: NDArray
    law: Law | None = None
    resampled: Law | None = None
    low: float | None = None
    high: float | None = None
    reason: str | None = None

    @property
    def capacity(self) -> float | None:
        """Throughput per minute at the peak, or None where the data cannot say."""
        return None if self.reason else float(self.law.capacity[0])


def curve(throughput: NDArray, concurrency: NDArray, *, minutes: int) -> Curve:
    """The curve of a system of which every window of so many `minutes`, in order of time, has these two.

    Windows are put into bins of equal width by throughput, those with few windows joined to the next below; the median
    response time R of a bin gives its concurrency X R. On single windows the noise of R would stand on both sides and
    bend the curve of a system without limit.
    """
    done = throughput > 0
    x, n = throughput[done], concurrency[done]
    if len(x) < MIN_WINDOWS:
        return Curve(*np.empty((3, 0)), reason=FEW)
    response, bins = n / x, _bins(x)
    blocks = np.arange(len(x)) // _block_length(len(x), 60 // minutes)
    once = np.ones((1, blocks[-1] + 1))
    points = _points(x, response, bins, blocks, once)
    law = fitted(*points)
    (mean_n,), (mean_x,), _ = points
    plain = Curve(mean_x, mean_n, np.bincount(bins), law)
    # Where load does not vary, chance does: windows with much done are then those after a wait.
    if len(mean_x) < MIN_LOAD_BINS or mean_x[-1] < LOAD_RANGE * mean_x[0]:
        return _without(plain, STEADY)
    if not _seen(law, mean_n.max(), mean_x.max()):
        return _without(plain, UNSEEN)
    rng = np.random.default_rng(SEED)
    drawn = rng.multinomial(once.size, np.full(once.size, 1 / once.size), size=RESAMPLES)
    again = _points(x, response, bins, blocks, drawn)
    resampled = fitted(*again)
    low, high = _interval(law.capacity[0], resampled.capacity)
    if (resampled.kappa <= 0).any():
        # Perhaps nothing falls beyond a peak: then what the law without kappa says is as likely.
        alone = _interval(fitted(*points, kappa=False).capacity[0], fitted(*again, kappa=False).capacity)
        low, high = min(low, alone[0]), max(high, alone[1])
    # What sorts windows by throughput sorts them by the luck of their count as well, which makes the top ones too high.
    low -= law.capacity[0] / np.sqrt(minutes * mean_x.max())
    if not (1 - CAPACITY_BAND) * law.capacity[0] <= low <= high <= (1 + CAPACITY_BAND) * law.capacity[0]:
        return _without(plain, UNSURE)
    return Curve(mean_x, mean_n, plain.windows, law, resampled, low, high)


def _without(plain: Curve, reason: str) -> Curve:
    return Curve(plain.throughput, plain.concurrency, plain.windows, plain.law, reason=reason)


def _seen(law: Law, most_concurrent: float, most_throughput: float) -> bool:
    """Whether the data come near enough to the peak of the law, or to its asymptote, to tell it."""
    peak, seen = law.peak_concurrency[0], most_throughput / law.capacity[0]
    return bool(seen >= (ASYMPTOTE_SEEN if np.isinf(peak) else PLATEAU_SEEN) or PEAK_SEEN * peak <= most_concurrent)


def _block_length(windows: int, of_an_hour: int) -> int:
    """Windows of a block: an hour of them, less where there are few, more where there are very many."""
    return int(np.clip(of_an_hour, windows / MOST_BLOCKS, np.ceil(windows / FEWEST_BLOCKS)))


def _bins(x: NDArray) -> NDArray:
    """The bin of every window, from the lowest throughput on; each has enough windows."""
    edges = np.linspace(x.min(), x.max(), LOAD_BINS + 1)[1:-1]
    narrow = np.searchsorted(edges, x)
    joined, held, label = np.zeros(LOAD_BINS, int), 0, 0
    for place in range(LOAD_BINS - 1, -1, -1):  # from the top, where windows are few
        joined[place], held = label, held + (narrow == place).sum()
        if held >= MIN_BIN_WINDOWS:
            held, label = 0, label + 1
    last = label - 1 if held < MIN_BIN_WINDOWS else label
    return last - np.minimum(joined, last)[narrow]


def _points(
    x: NDArray, response: NDArray, bins: NDArray, blocks: NDArray, drawn: NDArray
) -> tuple[NDArray, NDArray, NDArray]:
    """Concurrency, throughput and weight of every bin, one row per row of `drawn`: how often each block counts."""
    shape = (len(drawn), bins.max() + 1)
    mean_x, median, weight = np.ones(shape), np.ones(shape), np.zeros(shape)
    for place in range(shape[1]):
        inside = np.flatnonzero(bins == place)
        inside = inside[np.argsort(response[inside], kind="stable")][:: -(-len(inside) // ENOUGH_WINDOWS)]
        counts = drawn[:, blocks[inside]]
        reached = counts.cumsum(axis=1)
        held = reached[:, -1] > 0
        middle = (reached >= reached[:, -1:] / 2).argmax(axis=1)
        mean_x[held, place] = (counts @ x[inside])[held] / reached[held, -1]
        median[held, place] = response[inside][middle][held]
        weight[held, place] = 1
    return mean_x * median, mean_x, weight


def _interval(estimate: float, drawn: NDArray) -> tuple[float, float]:
    """95% of the capacities drawn anew, and as far as they reach when corrected for their bias (Efron 1987)."""
    from scipy.special import ndtr, ndtri

    finite = np.where(np.isfinite(drawn), drawn, np.finfo(float).max)
    below = np.clip((finite < estimate).mean(), 1 / len(drawn), 1 - 1 / len(drawn))
    tails = np.array([TAIL, 1 - TAIL])
    # The outermost of those drawn lack the few busy blocks, and say nothing.
    corrected = np.clip(ndtr(2 * ndtri(below) + ndtri(tails)), TAIL / 5, 1 - TAIL / 5)
    either = np.quantile(finite, np.concatenate([tails, corrected]))
    return float(either.min()), float(either.max())
