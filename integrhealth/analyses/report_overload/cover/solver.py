"""The exact smallest cover: integer programming (HiGHS) of what is left when all that is certain was taken out."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb
from time import monotonic

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

# Seconds for all integer programmes of one problem. Past them the set is still a cover, and its distance from the
# smallest is said.
PATIENCE_SECONDS = 4.0
# Up to so many choices all are tried; up to so many products rows are compared with each other.
FEW_CHOICES, ROW_PRODUCTS = 50_000, 50_000_000


@dataclass(frozen=True)
class Cover:
    """The columns kept, and the fewest that any cover has: proven to be the smallest where the two are equal."""

    columns: NDArray
    fewest: int

    @property
    def gap(self) -> float:
        """The share of the columns kept that a smaller cover might do without, at most."""
        return (len(self.columns) - self.fewest) / max(len(self.columns), 1)


def smallest_cover(covers: csr_array, minutes: NDArray) -> Cover:
    """Which columns to keep so that every row is covered: fewest, then least minutes, then first by position.

    Every row must be covered by some column. What is certain is decided first (``_reduced``),
    the rest falls into parts that share no row, and the optima of the parts add up.
    """
    taken, rows, columns = _reduced(covers, minutes)
    if not len(columns):
        return Cover(np.sort(taken), len(taken))
    rest = covers[rows][:, columns]
    _, label = connected_components(rest.T @ rest, directed=False)
    by_row, by_column = _members(label[rest.indices[rest.indptr[:-1]]]), _members(label)
    parts = [
        _Part(rest[by_row[each]][:, inside], minutes[columns[inside]], columns[inside])
        for each, inside in by_column.items()
    ]
    few = [_few_choices(part) for part in parts]
    small, large = ([part for part, each in zip(parts, few, strict=True) if each == wanted] for wanted in (True, False))
    covered = [*map(_tried, small), *_programmed(large)]
    kept = np.concatenate([taken, *(chosen for chosen, _ in covered)])
    return Cover(np.sort(kept), len(taken) + sum(least for _, least in covered))


@dataclass(frozen=True)
class _Part:
    """A problem that shares no row with another: what covers what, minutes and places of its columns."""

    covers: csr_array
    minutes: NDArray
    places: NDArray


def _members(label: NDArray) -> dict[int, NDArray]:
    order = np.argsort(label, kind="stable")
    values, starts = np.unique(label[order], return_index=True)
    return dict(zip(values.tolist(), np.split(order, starts[1:]), strict=True))


def _reduced(covers: csr_array, minutes: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Columns that the optimum certainly has, and the rows and columns still to be decided.

    A column goes where another covers all that it covers, for fewer minutes or as many and an earlier place; a row
    goes where another can be covered by fewer columns, all of which cover it too; a column stays that alone covers a
    row. None of the three changes the optimum, and each makes room for the others.
    """
    rows, columns = np.arange(covers.shape[0]), np.arange(covers.shape[1])
    taken: list[NDArray] = []
    while True:
        before = len(rows), len(columns)
        left = covers[rows][:, columns]
        columns = columns[~_dominated(left.T.tocsr(), np.lexsort((columns, minutes[columns])))]
        left = covers[rows][:, columns]
        if (left.T.sum(axis=1).astype(np.int64) ** 2).sum() <= ROW_PRODUCTS:
            rows = rows[~_implied(left)]
            left = covers[rows][:, columns]
        alone = left.indptr[1:] - left.indptr[:-1] == 1
        sure = np.unique(left.indices[left.indptr[:-1][alone]])
        taken.append(columns[sure])
        rows = rows[np.asarray(left[:, sure].sum(axis=1)).ravel() == 0]
        columns = np.delete(columns, sure)
        useful = np.asarray(covers[rows][:, columns].sum(axis=0)).ravel() > 0
        columns = columns[useful]
        if before == (len(rows), len(columns)):
            return np.concatenate(taken), rows, columns


def _dominated(by_column: csr_array, preference: NDArray) -> NDArray:
    """Whether another column covers all of it and comes first in `preference`, positions from best to worst."""
    rank = np.empty(len(preference), np.int64)
    rank[preference] = np.arange(len(preference))
    sizes = np.asarray(by_column.sum(axis=1)).ravel()
    shared = (by_column @ by_column.T).tocoo()
    one, other = shared.coords
    whole = (shared.data == sizes[one]) & (rank[other] < rank[one])
    return _marked(one[whole], len(rank))


def _implied(by_row: csr_array) -> NDArray:
    """Whether every cover of another row covers this one too; of rows that are the same the first stays."""
    sizes = np.asarray(by_row.sum(axis=1)).ravel()
    shared = (by_row @ by_row.T).tocoo()
    one, other = shared.coords
    inside = (shared.data == sizes[other]) & ((sizes[other] < sizes[one]) | (other < one))
    return _marked(one[inside], len(sizes))


def _marked(positions: NDArray, count: int) -> NDArray:
    mask = np.zeros(count, bool)
    mask[positions] = True
    return mask


def _programmed(parts: list[_Part]) -> list[tuple[NDArray, int]]:
    """The best cover of each part that time allows, and the fewest columns that any has.

    Three integer programmes each, keeping the optimum of those before: fewest, least minutes, first. All parts have
    their first before one has its second, the smaller parts before the larger. What was solved stands; before the first
    the greedy cover does, which is the same from run to run.
    """
    deadline = monotonic() + PATIENCE_SECONDS
    order = sorted(range(len(parts)), key=lambda number: len(parts[number].places))
    limits = [[LinearConstraint(part.covers, lb=1)] for part in parts]
    kept, fewest = [np.empty(0, np.int64)] * len(parts), [0] * len(parts)
    for goal in ("fewest", "minutes", "places"):
        for number in order:
            part = parts[number]
            costs = np.ones(len(part.places)) if goal == "fewest" else getattr(part, goal).astype(float)
            cheapest, bound = _cheapest(costs, limits[number], deadline - monotonic())
            if goal == "fewest":
                kept[number], fewest[number] = (
                    (cheapest, len(cheapest)) if cheapest is not None else _rough(part, bound)
                )
            elif cheapest is not None:
                kept[number] = cheapest
            if cheapest is not None:
                limits[number].append(LinearConstraint(costs, ub=costs[cheapest].sum() * (1 + 1e-9)))
    return [(part.places[chosen], least) for part, chosen, least in zip(parts, kept, fewest, strict=True)]


def _rough(part: _Part, bound: int) -> tuple[NDArray, int]:
    """The greedy cover for want of time, and what bounds it: the programme's `bound`, or what rows must cost.

    A row costs at least the share that it has in the largest column that covers it, and no column is paid for more
    than once: the sum is the value of a solution of the dual programme (Chvatal 1979).
    """
    sizes = np.asarray(part.covers.sum(axis=0)).ravel()
    largest = np.maximum.reduceat(sizes[part.covers.indices], part.covers.indptr[:-1])
    kept = greedy_cover(part.covers, part.minutes)
    return kept, min(len(kept), max(bound, int(np.ceil((1 / largest).sum() - 1e-6))))


def _few_choices(part: _Part) -> bool:
    """Whether all choices can be tried that are no larger than the greedy one."""
    columns = len(part.places)
    if comb(columns, 2) > FEW_CHOICES:
        return False
    most = len(greedy_cover(part.covers, part.minutes))
    return sum(comb(columns, size) for size in range(1, most + 1)) <= FEW_CHOICES


@lru_cache(maxsize=64)
def _choices(columns: int, size: int) -> NDArray:
    """Every choice of so many of the columns, a row each."""
    chosen = np.array(list(combinations(range(columns), size)))
    choices = np.zeros((len(chosen), columns), np.float32)
    np.put_along_axis(choices, chosen, 1, axis=1)
    return choices


def _tried(part: _Part) -> tuple[NDArray, int]:
    """The best of all choices, the small ones tried first."""
    covers = part.covers.toarray().T.astype(np.float32)
    for size in range(1, len(part.places) + 1):
        choices = _choices(len(part.places), size)
        fits = choices[((choices @ covers) > 0).all(axis=1)]
        if len(fits):
            sums = (fits @ part.places.astype(float), np.round(fits @ part.minutes, 9))
            return part.places[fits[np.lexsort(sums)[0]] > 0], size
    raise ValueError("a row that no column covers")


def _cheapest(costs: NDArray, limits: list[LinearConstraint], seconds: float) -> tuple[NDArray | None, int]:
    """The columns of the choice that is proven to be the cheapest, None when time ran out before; and a bound."""
    if seconds <= 0:
        return None, 0
    options = {"mip_rel_gap": 0.0, "time_limit": seconds}
    result = milp(costs, integrality=np.ones(len(costs)), bounds=Bounds(0, 1), constraints=limits, options=options)
    if result.status == 0:
        return np.flatnonzero(np.round(result.x)), 0
    bound = result.mip_dual_bound
    return None, int(np.ceil(bound - 1e-6)) if bound is not None and np.isfinite(bound) else 0


def greedy_cover(covers: csr_array, minutes: NDArray) -> NDArray:
    """Columns that cover every row, taken one by one: most uncovered rows, then least minutes, then first.

    What the later ones made needless is left out again, the longest first.
    """
    kept: list[int] = []
    by_column = covers.T.tocsr()
    uncovered = np.ones(covers.shape[0])
    while uncovered.any():
        gain = by_column @ uncovered
        best = int(np.lexsort((minutes, -gain))[0])
        kept.append(best)
        uncovered[by_column.indices[by_column.indptr[best] : by_column.indptr[best + 1]]] = 0
    times = np.asarray(covers[:, kept].sum(axis=1)).ravel()
    for column in sorted(kept, key=lambda each: (-minutes[each], -each)):
        rows = by_column.indices[by_column.indptr[column] : by_column.indptr[column + 1]]
        if (times[rows] > 1).all():
            times[rows] -= 1
            kept.remove(column)
    return np.sort(np.array(kept, dtype=np.int64))
