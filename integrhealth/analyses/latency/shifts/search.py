"""Where a series changed its level: the search for steps in plain numbers, and steps that are one slow climb.

Steps are searched by binary segmentation: the split that explains most of the squares (CUSUM) is a step where it
explains more than the best split of nearly all permutations of the values does (Matteson and James, JASA 2014, with
the sum of squares as their distance), then both sides are searched. Values are days: permuting them permutes blocks of
24 hours.
"""

from collections.abc import Callable
from functools import cache, lru_cache, partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from integrhealth.language.thresholds import DRIFT_DAYS, LEAST_SHIFT_DAYS, SEED, SHIFT_LEVEL, SHIFT_PERMUTATIONS

# What is left of the squares where a split explains all of them.
NOTHING = 1e-12
# Permutations while searching; what is told gets more of them.
SEARCHING = 1000
# Values that are permuted at once, so that ten years take no more memory than a month.
AT_ONCE = 1_000_000
# Of these so many together that what is worked out of them stays near the processor.
CACHED = 10_000
# Places at which a time inside a series may begin and end.
MOST_MARKS = 45
# Values around one that say what is usual there, the sigmas from which one stands out, and what makes a sigma of the
# median and the mean of absolute distances of normal values.
AROUND, OUTLYING, MAD_SIGMAS, MEAN_SIGMAS = 7, 4, 1.4826, 1.2533

# From what lies before each place of every column, what lies in each span that may be a level of its own. A column is
# one order of the values: numpy adds and compares whole rows of them at once.
Spans = Callable[[NDArray], NDArray]


class Change(NamedTuple):
    """A step at `index`, the first value of the new level; or a climb from `index` until `end`, first at the new."""

    index: int
    end: int
    before: float
    after: float
    p_value: float


def changes(
    values: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    level: float = SHIFT_LEVEL,
    least: int = LEAST_SHIFT_DAYS,
    least_step: float = 0.0,
    rounds: float = np.inf,
    draw_in: bool = True,
) -> list[Change]:
    """The steps and climbs of a series in order, each so significant that its p-value lies below `level`.

    `weights` say how much each of the values tells. Unless told not to `draw_in`, single ones that stand out are drawn
    in (``without_outliers``): that takes values of which most differ, not shares that are mostly zero. A level lasts
    `least` values, a step is at least `least_step` high. Steps in one direction that a climb explains better (BIC) are
    one climb. A rhythm that was taken out of the values, learned from so many `rounds` of them, took some of the noise
    along that says what chance does.
    """
    x = np.asarray(values, float)
    x = without_outliers(x) if draw_in else x
    w = np.ones(len(x)) if weights is None else np.asarray(weights, float)
    if len(x) < 2 * least:
        return []
    cuts = steps(x, w, level=level, least=least, least_step=least_step, rounds=rounds)
    edges = [0, *(cut for cut, _ in cuts), len(x)]
    means = [_mean(x[a:b], w[a:b]) for a, b in pairwise(edges)]
    times = inflation(x, w, least=least)
    seen: list[Change] = []
    for first, last in _runs(means):
        start, stop = max(edges[first], seen[-1].end if seen else 0), edges[last + 2]
        climb = _climb(x[start:stop], w[start:stop], [edge - start for edge in edges[first + 1 : last + 2]], times)
        p_value = min(p for _, p in cuts[first : last + 1])
        if climb is not None:
            a, b, before, after = climb
            seen.append(Change(start + a, start + b, before, after, p_value))
        else:
            seen += [
                Change(cuts[each][0], cuts[each][0], means[each], means[each + 1], cuts[each][1])
                for each in range(first, last + 1)
            ]
    return seen


def steps(
    x: NDArray,
    w: NDArray,
    *,
    level: float = SHIFT_LEVEL,
    least: int = LEAST_SHIFT_DAYS,
    least_step: float = 0.0,
    rounds: float = np.inf,
    permutations: int = SHIFT_PERMUTATIONS,
) -> list[tuple[int, float]]:
    """Index and p-value of each step of `x` with weights `w`, in order, by so many `permutations` at most.

    Further steps of a series have half the `level` of its first: to look for them is to look again.
    """
    times = inflation(x, w, least=least) / (1 - 1 / rounds)
    cuts: list[int] = []
    segments = [(0, len(x))]
    while segments:
        start, stop = segments.pop()
        inside = _cuts(x[start:stop], w[start:stop], times, least=least, level=level / 2 if cuts else level)
        cuts += [start + cut for cut in inside]
        segments += pairwise([start, *(start + cut for cut in inside), stop]) if inside else []
    cuts = _high_enough(x, w, sorted(cuts), least_step)
    split = partial(_splits, least=least)

    @cache
    def beside(begin: int, end: int) -> tuple[int, float]:
        """The best step between two others, and its p-value."""
        at, ratio = best_split(x[begin:end], w[begin:end], least=least)
        return begin + at, _chance(x[begin:end], w[begin:end], split, ratio / times, permutations, level=level)

    while cuts:
        judged = []
        for begin, cut, end in zip([0, *cuts], cuts, [*cuts[1:], len(x)], strict=False):
            # Beside its neighbours a step may stand a little off from where it stood in the whole.
            at, p_value = beside(begin, end)
            judged.append((at if abs(at - cut) <= least else cut, p_value))
        weakest = max(range(len(cuts)), key=lambda each: judged[each][1])
        if judged[weakest][1] < level:
            return judged
        # Without it, those beside it have more values to show.
        del cuts[weakest]
    return []


def without_outliers(x: NDArray) -> NDArray:
    """`x`, no value further from the median of the seven around it than four sigmas of such distances (Hampel 1974).

    A level lasts; an outage, a holiday or a spike of up to three values does not, and hides the levels beside it.
    """
    width = min(AROUND, len(x) - (len(x) + 1) % 2)
    if width < 3:
        return x
    medians = np.median(np.lib.stride_tricks.sliding_window_view(x, width), axis=1)
    middle = np.pad(medians, width // 2, mode="edge")
    away = x - middle
    sigma = np.median(np.abs(away)) * MAD_SIGMAS or np.abs(away).mean() * MEAN_SIGMAS
    return middle + np.clip(away, -OUTLYING * sigma, OUTLYING * sigma)


def _cuts(x: NDArray, w: NDArray, times: float, *, least: int, level: float) -> list[int]:
    """The one cut of `x` that chance does not explain, else the two of a time that differs from all before and after.

    A level that came and went again hides from one cut (circular binary segmentation: Olshen et al., Biostatistics
    2004). As it is a second look, it has half the level.
    """
    at, ratio = best_split(x, w, least=least)
    split, between = partial(_splits, least=least), partial(_between, least=least)
    if at and _chance(x, w, split, ratio / times, SEARCHING, level=level) < level:
        return [at]
    begins, ends = _times(len(x), least)
    if not len(begins):
        return []
    ratios = _ratios(x, w, between)
    most = int(ratios.argmax())
    if ratios[most] <= 0 or _chance(x, w, between, ratios[most] / times, SEARCHING, level=level / 2) >= level / 2:
        return []
    return [int(begins[most]), int(ends[most])]


def best_split(x: NDArray, w: NDArray, *, least: int) -> tuple[int, float]:
    """The split that explains most squares, and how many times what it leaves; 0, 0 where none can be."""
    if len(x) < 2 * least:
        return 0, 0.0
    ratios = _ratios(x, w, partial(_splits, least=least))
    return (least + int(ratios.argmax()), float(ratios.max())) if ratios.max() > 0 else (0, 0.0)


def _splits(before: NDArray, *, least: int) -> NDArray:
    """What lies before each split of every column that leaves `least` values on each side."""
    return before[least : len(before) - least]


def _between(before: NDArray, *, least: int) -> NDArray:
    """What lies in each time inside of every column: few enough of them, where a series is long."""
    begins, ends = _times(len(before) - 1, least)
    return before[ends] - before[begins]


@lru_cache(maxsize=256)
def _times(size: int, least: int) -> tuple[NDArray, NDArray]:
    """Where times inside `size` values begin and end, `least` values long and from each end."""
    marks = np.arange(least, size - least + 1, max(size // MOST_MARKS, 1))
    begins, ends = (each.ravel() for each in np.meshgrid(marks, marks, indexing="ij"))
    return begins[ends - begins >= least], ends[ends - begins >= least]


def _squares(x: NDArray, w: NDArray) -> tuple[NDArray, float]:
    """How far each value of `x` is from their mean, times its weight, and the squares of all."""
    total = w.sum()
    mean = (w * x).sum() / total
    away = w * (x - mean)
    squares = float((away * (x - mean)).sum())
    return away, squares if squares > NOTHING * total * max(mean**2, 1) else 0.0


def _ratios(x: NDArray, w: NDArray, spans: Spans) -> NDArray:
    """Explained over unexplained squares of each of the `spans`, against all other values."""
    away, squares = _squares(x, w)
    explained = _explained(away[:, None], w[:, None], spans)[:, 0]
    return explained / np.maximum(squares - explained, NOTHING * squares) if squares else np.zeros_like(explained)


def _explained(away: NDArray, w: NDArray, spans: Spans) -> NDArray:
    """The squares that a level of its own would explain in each of the `spans` of columns, which are permutations."""
    moved, weight = (spans(_before(each)) for each in (away, w))
    total = w[:, 0].sum()
    explained = moved * moved
    explained *= total
    rest = weight * (total - weight)
    np.divide(explained, rest, out=explained, where=rest > 0)
    explained[rest <= 0] = 0
    return explained


def _before(columns: NDArray) -> NDArray:
    """The sums of what lies before each place of every column, the end included."""
    sums = np.zeros((len(columns) + 1, columns.shape[1]))
    np.cumsum(columns, axis=0, out=sums[1:])
    return sums


def _chance(x: NDArray, w: NDArray, spans: Spans, seen: float, permutations: int, *, level: float) -> float:
    """How often the highest ratio of a permutation is what was `seen`; more permutations the rarer it is."""
    away, squares = _squares(x, w)
    # The ratio grows with what is explained. A hair less, as values in another order sum to another last digit.
    enough = squares * seen / (1 + seen) * (1 - 1e-9)
    as_much = done = 0
    while done < permutations:
        order = _orders(len(x), done, min(max(9 * done, 100), permutations - done, max(AT_ONCE // len(x), 1)))
        done += len(order)
        for some in np.array_split(order, -(-order.size // CACHED)):
            columns = np.ascontiguousarray(some.T)
            as_much += int((_explained(away[columns], w[columns], spans).max(axis=0) >= enough).sum())
        if (1 + as_much) / (1 + done) > 2 * level:
            break
    return (1 + as_much) / (1 + done)


@lru_cache(maxsize=16)
def _orders(length: int, begin: int, count: int) -> NDArray:
    return np.random.default_rng([SEED, length, begin]).random((count, length)).argsort(axis=1).astype(np.int32)


def inflation(x: NDArray, w: NDArray, *, least: int) -> float:
    """How many times the variance of a mean of neighbouring values is that of as many values far apart.

    Of what steps leave, by the correlation of neighbours (1 + r) / (1 - r): never less than 1.
    """
    levels = _levels(x, w, least=least)
    rest = x - levels
    pairs, squares = (np.sqrt(w[1:] * w[:-1]) * rest[1:] * rest[:-1]).sum(), (w * rest**2).sum()
    if squares <= 0:
        return 1.0
    # Around fitted levels it reads too low, by about 1 / n for each; steps that noise made hide as much again, and half
    # a standard error goes on top. In very few values that would say nothing more of them (all own).
    count = 1 + np.count_nonzero(np.diff(levels))
    low = min(2 * count / len(x) + 0.5 / np.sqrt(len(x)), 1 / 3)
    r = min(max(pairs / squares + low, 0), 0.8)
    return (1 + r) / (1 - r)


def _levels(x: NDArray, w: NDArray, *, least: int) -> NDArray:
    """The level of each value between the steps that are worth their number (BIC)."""
    levels, segments = np.zeros(len(x)), [(0, len(x))]
    while segments:
        start, stop = segments.pop()
        at, ratio = best_split(x[start:stop], w[start:stop], least=least)
        if at and (stop - start) * np.log1p(ratio) > 2 * np.log(len(x)):
            segments += [(start, start + at), (start + at, stop)]
        else:
            levels[start:stop] = _mean(x[start:stop], w[start:stop])
    return levels


def _mean(x: NDArray, w: NDArray) -> float:
    return float((w * x).sum() / w.sum()) if w.sum() > 0 else float(x.mean())


def _high_enough(x: NDArray, w: NDArray, cuts: list[int], least_step: float) -> list[int]:
    """Cuts without those that are too small, the smallest taken out first."""
    while cuts:
        heights = np.abs(np.diff([_mean(x[a:b], w[a:b]) for a, b in pairwise([0, *cuts, len(x)])]))
        if heights.min() >= least_step:
            break
        cuts = [cut for number, cut in enumerate(cuts) if number != heights.argmin()]
    return cuts


def _runs(means: list[float]) -> list[tuple[int, int]]:
    """First and last of the steps between `means` that go in one direction, run by run."""
    up = np.diff(means) > 0
    if not len(up):
        return []
    turns = (np.flatnonzero(up[1:] != up[:-1]) + 1).tolist()
    return list(zip([0, *turns], [turn - 1 for turn in [*turns, len(up)]], strict=True))


def _climb(x: NDArray, w: NDArray, cuts: list[int], times: float) -> tuple[int, int, float, float] | None:
    """Where a climb that explains `x` better than steps at `cuts` begins and ends, its levels; None for steps.

    Values that resemble their neighbours count as so many `times` fewer.
    """
    size = len(x)
    means = [_mean(x[a:b], w[a:b]) for a, b in pairwise([0, *cuts, size])]
    left = x - np.repeat(means, np.diff([0, *cuts, size]))
    # A step in the middle of a day makes one value that lies between the levels.
    for cut, (low, high) in zip(cuts, map(sorted, pairwise(means)), strict=True):
        beside = slice(cut - 1, cut + 1)
        left[beside] = np.where((x[beside] > low) & (x[beside] < high), 0, left[beside])
    stride = max(size // 60, 1)
    marks = np.unique([*range(0, size, stride), size - 1])
    a, b = (each.ravel() for each in np.meshgrid(marks, marks, indexing="ij"))
    a, b = a[b - a > DRIFT_DAYS], b[b - a > DRIFT_DAYS]
    if not len(a):
        return None
    rise = np.clip((np.arange(size) - a[:, None]) / (b - a)[:, None], 0, 1)
    mean, rises = _mean(x, w), rise @ w / w.sum()
    spread = (rise**2) @ w - w.sum() * rises**2
    slope = (rise @ (w * x) - w.sum() * rises * mean) / np.maximum(spread, NOTHING)
    squares = (w * (x - mean) ** 2).sum() - slope**2 * spread
    # Where it begins and ends are numbers too, unless it does not do so in here. In doubt it is steps (own).
    numbers = 3 + (a > 0).astype(int) + (b < size - 1)
    floor = NOTHING * max((w * (x - mean) ** 2).sum(), NOTHING)
    climbing = size / times * np.log(np.maximum(squares, floor)) + numbers * np.log(size)
    stepping = size / times * np.log(max((w * left**2).sum(), floor)) + (2 * len(cuts) + 1) * np.log(size)
    best = int(climbing.argmin())
    if climbing[best] >= stepping:
        return None
    before = mean - slope[best] * rises[best]
    return int(a[best]), int(b[best]), float(before), float(before + slope[best])
