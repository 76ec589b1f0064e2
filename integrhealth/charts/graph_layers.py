"""Which column each system of a graph stands in, and in which order from top to bottom: few lines cross.

Three steps of Sugiyama, Tagawa and Toda (1981): turn the fewest messages against the flow so that no circle is left
(Eades, Lin and Smyth 1993), give each system a column so that the lines are short together (Gansner and others 1993,
their network simplex as a linear program), and order the columns, with a waypoint in each column that a line passes
through: by barycentres, then by moving single places while that saves crossings (Matuszewski and others 1999), then
by stirring a few places and moving again (a local search that starts over; Lourenço and others 2003).
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

# A place in the drawing: a system, or the waypoint (source, target, column) of a line that passes through a column.
Place = str | tuple[str, str, int]
# One row of numbers of the places of a column, from top to bottom, per column.
Order = list[np.ndarray]

# A stir shuffles so much of each of one to so many columns. Large graphs are stirred less often, to stay within time.
SWEEPS, STIRS, STIRRED, STIRRED_COLUMNS, STIRS_OF_PLACES = 8, 150, 0.3, 8, 4_000_000
SEED = 1


def edges_away(edges: Iterable[tuple[str, str]], starts: Iterable[str]) -> dict[str, int]:
    """How many edges at least lead to each system from the first of `starts` that leads there, which itself is 0."""
    out, away = defaultdict(list), {}
    for source, target in sorted(edges):
        out[source].append(target)
    for start in starts:
        away.setdefault(start, 0)
        waiting = deque([start])
        while waiting:
            here = waiting.popleft()
            fresh = [target for target in out[here] if target not in away]
            away |= dict.fromkeys(fresh, away[here] + 1)
            waiting.extend(fresh)
    return away


def flow_order(weights: dict[tuple[str, str], int]) -> dict[str, int]:
    """Systems numbered so that little traffic runs backwards; none does when there is no circle."""
    out, into = defaultdict(dict), defaultdict(dict)
    for (source, target), weight in weights.items():
        out[source][target] = into[target][source] = weight
    left, first, last = sorted({end for edge in weights for end in edge}), [], []
    while left:
        surplus = {s: sum(out[s].values()) - sum(into[s].values()) for s in left}
        sinks = [system for system in left if not out[system]]
        sources = [system for system in left if not into[system]]
        chosen = (sinks or sources or [max(left, key=lambda s: (surplus[s], len(out[s]) - len(into[s])))])[0]
        (last if sinks else first).append(chosen)
        left.remove(chosen)
        for neighbour in out.pop(chosen, {}):
            into[neighbour].pop(chosen)
        for neighbour in into.pop(chosen, {}):
            out[neighbour].pop(chosen)
    return {system: place for place, system in enumerate([*first, *reversed(last)])}


def columns(edges: set[tuple[str, str]], order: dict[str, int], *, bands: dict[str, int] | None = None) -> dict:
    """The column of each system: every edge goes right, and all together are as short as they can be.

    `bands` (the number of a band per system; no edge leads to an earlier one) puts each band right of those before it.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    number = {system: place for place, system in enumerate(sorted(order, key=order.get))}
    ends = np.array([(number[source], number[target]) for source, target in sorted(edges)])
    # The border before each band but the first is one more unknown: its first column.
    borders = sorted(set(bands.values()))[1:] if bands else []
    sides = [
        (number[s], border, 1) if bands[s] < band else (border, number[s], 0)
        for border, band in enumerate(borders, start=len(number))
        for s in number
    ]
    unknowns = len(number) + len(borders)
    length = np.bincount(ends[:, 1], minlength=unknowns) - np.bincount(ends[:, 0], minlength=unknowns)
    ends = np.concatenate([ends, np.array(sides, int).reshape(-1, 3)[:, :2]])
    apart = np.r_[np.ones(len(edges)), [least for *_, least in sides]]
    signs, rows = np.tile([1, -1], len(ends)), np.arange(len(ends)).repeat(2)
    left_of = csr_array((signs, (rows, ends.ravel())), shape=(len(ends), unknowns))
    place = linprog(length, A_ub=left_of, b_ub=-apart, bounds=(0, None), method="highs-ds").x[: len(number)]
    return {system: round(place[row] - place.min()) for system, row in number.items()}


def places_along(edge: tuple[str, str], start: str, end: str, column: dict[str, int]) -> list[Place]:
    """The places of a line from left to right: a system, a waypoint in each column between, a system."""
    return [start, *((*edge, place) for place in range(column[start] + 1, column[end])), end]


def column_of(place: Place, column: dict[str, int]) -> int:
    """The column of a system or a waypoint."""
    return column[place] if isinstance(place, str) else place[2]


def stacks(chains: dict[tuple[str, str], list[Place]], column: dict[str, int]) -> list[list[Place]]:
    """The places of each column from top to bottom, in the order with the fewest crossings that was met."""
    places = [[] for _ in range(max(column.values()) + 1)]
    for place in dict.fromkeys([*sorted(column), *(place for chain in chains.values() for place in chain)]):
        places[column_of(place, column)].append(place)
    row = {place: row for stack in places for row, place in enumerate(stack)}
    lines = [np.zeros((len(here), len(there)), int) for here, there in pairwise(places)]
    for before, after in (pair for chain in chains.values() for pair in pairwise(chain)):
        lines[column_of(before, column)][row[before], row[after]] += 1
    order = _stirred(lines, _swept(lines, [len(stack) for stack in places]))
    return [[stack[row] for row in rows] for stack, rows in zip(places, order, strict=True)]


def crossings(lines: list[np.ndarray], order: Order) -> int:
    """How often lines cross; `lines` counts those from each place of a column to each of the next."""
    total = 0
    for between, here, there in zip(lines, order, order[1:], strict=False):
        drawn = between[here][:, there]
        above = drawn.cumsum(axis=0) - drawn
        total += (drawn * (above.sum(axis=1, keepdims=True) - above.cumsum(axis=1))).sum()
    return int(total)


def _swept(lines: list[np.ndarray], sizes: list[int]) -> Order:
    """The best order on the way of barycentre sweeps to the right and back, each settled before the next."""
    order, best, fewest = _spread(lines, sizes), [], np.inf
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for place in range(1, len(order)) if forward else range(len(order) - 2, -1, -1):
            beside, fixed = (lines[place - 1].T, order[place - 1]) if forward else (lines[place], order[place + 1])
            order[place] = _by_barycentre(order[place], beside[:, fixed])
        order = _settled(lines, order, range(len(order)))
        if (crossed := crossings(lines, order)) < fewest:
            best, fewest = list(order), crossed
    return best


def _spread(lines: list[np.ndarray], sizes: list[int]) -> Order:
    """The order in which places are met from the first on, near before far (breadth first)."""
    met = [{} for _ in sizes]
    for start in ((column, row) for column, size in enumerate(sizes) for row in range(size)):
        waiting = deque([start])
        while waiting:
            column, row = waiting.popleft()
            if row in met[column]:
                continue
            met[column][row] = True
            if column < len(lines):
                waiting.extend((column + 1, int(end)) for end in lines[column][row].nonzero()[0])
            if column > 0:
                waiting.extend((column - 1, int(end)) for end in lines[column - 1][:, row].nonzero()[0])
    return [np.array(list(rows)) for rows in met]


def _by_barycentre(rows: np.ndarray, beside: np.ndarray) -> np.ndarray:
    """`rows` sorted by the mean row of what they are joined to; those joined to nothing keep their place."""
    beside = beside[rows]
    joined = beside.sum(axis=1)
    moving = joined > 0
    middle = (beside @ np.arange(beside.shape[1]))[moving] / joined[moving]
    rows = rows.copy()
    rows[moving] = rows[moving][np.argsort(middle, kind="stable")]
    return rows


def _settled(lines: list[np.ndarray], order: Order, touched: Iterable[int]) -> Order:
    """`order` after no place of a column can move alone and save crossings, from the `touched` columns on."""
    order, restless = list(order), set(touched)
    while restless:
        column = min(restless)
        restless.remove(column)
        rows = _sifted(lines, order, column)
        if (rows != order[column]).any():
            order[column] = rows
            restless.update(beside for beside in (column - 1, column + 1) if 0 <= beside < len(order))
    return order


def _sifted(lines: list[np.ndarray], order: Order, column: int) -> np.ndarray:
    """The rows of a `column`, the place moved first whose move saves most crossings, until none saves any."""
    rows = order[column]
    above = np.zeros((len(rows), len(rows)), int)
    left = [lines[column - 1].T[:, order[column - 1]]] if column else []
    right = [lines[column][:, order[column + 1]]] if column < len(lines) else []
    for ends in (beside[rows] for beside in left + right):
        # For each place, how many lines end above each end; a place has few ends, so no product of whole matrices.
        before = (ends.cumsum(axis=1) - ends).T
        place, end = ends.nonzero()
        np.add.at(above, place, before[end] * ends[place, end][:, None])
    # saved[a, b]: crossings saved when a, now above b, stands below it; gaps[a, g]: those from the top down to gap g.
    saved, gaps = above - above.T, np.zeros((len(rows), len(rows) + 1), int)
    while True:
        saved.cumsum(axis=1, out=gaps[:, 1:])
        gain = gaps - gaps.diagonal()[:, None]
        place, gap = divmod(int(gain.argmax()), gain.shape[1])
        if gain[place, gap] <= 0:
            return rows
        moved = list(range(len(rows)))
        moved.insert(gap - (place < gap), moved.pop(place))
        rows, saved = rows[moved], saved[moved][:, moved]


def _stirred(lines: list[np.ndarray], order: Order) -> Order:
    """`order` after many small disorders that settled with no more crossings than before."""
    random, fewest = np.random.default_rng(SEED), crossings(lines, order)
    for _ in range(min(STIRS, STIRS_OF_PLACES // sum(map(len, order)) ** 2)):
        if not fewest:
            break
        first = int(random.integers(len(order)))
        touched = range(first, min(len(order), first + 1 + int(random.integers(STIRRED_COLUMNS))))
        trial = list(order)
        for column in touched:
            size = len(order[column])
            some = min(size, max(2, round(STIRRED * size)))
            top = int(random.integers(size - some + 1))
            trial[column] = order[column].copy()
            random.shuffle(trial[column][top : top + some])
        trial = _settled(lines, trial, touched)
        if (crossed := crossings(lines, trial)) <= fewest:
            order, fewest = trial, crossed
    return order
