"""Where the systems of a dependency graph stand, in pixels: columns in the order of the flow, few crossing lines.

The four steps of Sugiyama, Tagawa and Toda (1981): turn the fewest messages against the flow so that no circle is
left (Eades, Lin and Smyth 1993), give each system a column (longest path), order the columns by barycentres with a
waypoint for each line that passes through, and place everything as close to its neighbours as the gaps allow.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

# A place in the drawing: a system, or the waypoint (source, target, column) of a line that passes through a column.
Place = str | tuple[str, str, int]

MARGIN, PORT, LABEL, GAP, WAYPOINT = 46, 9, 17, 10, 6
SWEEPS = 12
# How far a line stays level, as a share of the room between two columns, and where along its S it has points.
BESIDE_SYSTEM, BESIDE_WAYPOINT = 0.3, 0.12
ALONG = (0, 0.2, 0.4, 0.6, 0.8, 1)


@dataclass(frozen=True)
class Layout:
    """A drawn graph, in pixels from the top left corner.

    ``systems``: one row per system: system, column, x, y (its middle), top, bottom, and room, the
    width that its name may take above it. ``lines``: the points of each
    edge from left to right: source, target, step, x, y. ``heads``: one row per edge: source, target, backward (it
    runs against the flow), x, y of its arrow head.
    """

    systems: pl.DataFrame
    lines: pl.DataFrame
    heads: pl.DataFrame
    height: float


def busiest(edges: pl.DataFrame, *, systems: int) -> pl.DataFrame:
    """The `edges` (source, target, messages) among the `systems` that send and receive most."""
    ends = pl.concat([edges.select("messages", system=end) for end in ("source", "target")])
    traffic = ends.group_by("system").agg(pl.col("messages").sum()).sort("messages", "system", descending=[True, False])
    kept = traffic["system"].head(systems).implode()
    return edges.filter(pl.col("source").is_in(kept) & pl.col("target").is_in(kept))


def layered(edges: pl.DataFrame, *, width: float) -> Layout:
    """The `edges` (source, target, messages; no source = target, each pair once) laid out from left to right."""
    weights = {(s, t): n for s, t, n in edges.select("source", "target", "messages").sort("source", "target").rows()}
    order = flow_order(weights)
    drawn = {edge: edge if order[edge[0]] < order[edge[1]] else edge[::-1] for edge in weights}
    column = columns(set(drawn.values()), order)
    chains = {edge: _chain(edge, *ends, column) for edge, ends in drawn.items()}
    stacks = _ordered(chains, column)
    half = _half_heights(chains, column)
    y = _heights(stacks, chains, half)
    step = (width - 2 * MARGIN) / max(1, len(stacks) - 1)
    x = [MARGIN + step * place for place in range(len(stacks))] if len(stacks) > 1 else [width / 2]
    ports = _ports(chains, y)
    rows = [(system, column[system], x[column[system]], y[system], half[system]) for system in sorted(column)]
    systems = pl.DataFrame(rows, schema=["system", "column", "x", "y", "half"], orient="row").select(
        "system", "column", "x", "y", top=pl.col("y") - pl.col("half"), bottom=pl.col("y") + pl.col("half")
    )
    systems = systems.with_columns(room=_room(systems, width=width))
    lines = [point for edge in chains for point in _points(edge, chains[edge], ports[edge], x, column, y, step)]
    heads = [_head(edge, drawn[edge] != edge, ports[edge], x, column) for edge in chains]
    points = pl.DataFrame(lines, schema=["source", "target", "step", "x", "y"], orient="row")
    return Layout(
        systems,
        points.with_columns(pl.col("x", "y").round(1)),
        pl.DataFrame(heads, schema=["source", "target", "backward", "x", "y"], orient="row"),
        height=max(y[place] + half[place] for place in y) + GAP,
    )


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


def columns(edges: set[tuple[str, str]], order: dict[str, int]) -> dict[str, int]:
    """The column of each system: one right of the rightmost that sends to it; mere senders next to their receivers."""
    column = dict.fromkeys(order, 0)
    for source, target in sorted(edges, key=lambda edge: (order[edge[0]], order[edge[1]])):
        column[target] = max(column[target], column[source] + 1)
    receivers = defaultdict(list)
    for source, target in edges:
        receivers[source].append(column[target])
    receiving = {target for _, target in edges}
    return {
        system: place if system in receiving else min(receivers[system], default=1) - 1
        for system, place in column.items()
    }


def _chain(edge: tuple[str, str], start: str, end: str, column: dict[str, int]) -> list[Place]:
    """The places of a line from left to right: a system, a waypoint in each column between, a system."""
    return [start, *((*edge, place) for place in range(column[start] + 1, column[end])), end]


def _column_of(place: Place, column: dict[str, int]) -> int:
    return column[place] if isinstance(place, str) else place[2]


def _neighbours(chains: dict) -> tuple[dict, dict]:
    left, right = defaultdict(list), defaultdict(list)
    for chain in chains.values():
        for before, after in pairwise(chain):
            right[before].append(after)
            left[after].append(before)
    return left, right


def _ordered(chains: dict, column: dict[str, int]) -> list[list[Place]]:
    """The places of each column from top to bottom, in the order with the fewest crossings that the sweeps found."""
    stacks = [[] for _ in range(max(column.values()) + 1)]
    for place in dict.fromkeys([*sorted(column), *(place for chain in chains.values() for place in chain)]):
        stacks[_column_of(place, column)].append(place)
    left, right = _neighbours(chains)
    best, fewest = stacks, _crossings(stacks, right)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        beside, walk = (left, range(1, len(stacks))) if forward else (right, range(len(stacks) - 2, -1, -1))
        stacks = list(stacks)
        for place in walk:
            fixed = {p: row for row, p in enumerate(stacks[place - 1 if forward else place + 1])}
            rows = {p: row for row, p in enumerate(stacks[place])}
            middle = {p: np.mean([fixed[q] for q in beside[p]]) if beside[p] else rows[p] for p in rows}
            stacks[place] = sorted(stacks[place], key=lambda p, middle=middle, rows=rows: (middle[p], rows[p]))
        stacks = _switched(stacks, right)
        if (crossings := _crossings(stacks, right)) < fewest:
            best, fewest = stacks, crossings
    return best


def _switched(stacks: list[list[Place]], right: dict) -> list[list[Place]]:
    """`stacks` with neighbours in a column switched wherever that saves crossings."""
    for place, stack in enumerate(stacks):
        stack = list(stack)
        around = stacks[max(0, place - 1) : place + 2]
        at = min(place, 1)
        for row in range(len(stack) - 1):
            switched = [*stack[:row], stack[row + 1], stack[row], *stack[row + 2 :]]
            trial = [*around[:at], switched, *around[at + 1 :]]
            if _crossings(trial, right) < _crossings([*around[:at], stack, *around[at + 1 :]], right):
                stack = switched
        stacks = [*stacks[:place], stack, *stacks[place + 1 :]]
    return stacks


def _crossings(stacks: list[list[Place]], right: dict) -> int:
    total = 0
    for here, there in pairwise(stacks):
        rows = {place: row for row, place in enumerate(there)}
        ends = np.array([(a, rows[q]) for a, p in enumerate(here) for q in right[p]]).reshape(-1, 2)
        start, end = ends[:, 0], ends[:, 1]
        total += int(((start[:, None] < start) & (end[:, None] > end)).sum())
    return total


def _half_heights(chains: dict, column: dict[str, int]) -> dict[Place, float]:
    """Half the height of each place: a system has room for a port per line on its busier side."""
    left, right = _neighbours(chains)
    systems = {system: max(1, len(left[system]), len(right[system])) * PORT / 2 + 3 for system in column}
    return systems | {place: WAYPOINT for chain in chains.values() for place in chain[1:-1]}


def _heights(stacks: list[list[Place]], chains: dict, half: dict[Place, float]) -> dict[Place, float]:
    """The middle of each place: near its neighbours (lines through several columns straight), gaps kept."""
    from scipy.optimize import isotonic_regression

    left, right = _neighbours(chains)
    above = {place: half[place] + (LABEL if isinstance(place, str) else 0) for place in half}
    offsets = [np.cumsum([0, *(half[a] + above[b] + GAP for a, b in pairwise(s))]) for s in stacks]
    tallest = max(float(offset[-1]) for offset in offsets)
    y = {p: h for s, o in zip(stacks, offsets, strict=True) for p, h in zip(s, o + (tallest - o[-1]) / 2, strict=True)}
    for sweep in range(2 * SWEEPS):
        for stack, offset in list(zip(stacks, offsets, strict=True))[:: 1 if sweep % 2 == 0 else -1]:
            wanted, weight = [], []
            for place in stack:
                beside = left[place] + right[place]
                pull = [1 if isinstance(q, str) and isinstance(place, str) else 4 for q in beside] or [1]
                wanted.append(np.average([y[q] for q in beside] or [y[place]], weights=pull))
                weight.append(sum(pull))
            fitted = isotonic_regression(np.array(wanted) - offset, weights=np.array(weight, float)).x + offset
            y.update(zip(stack, fitted.tolist(), strict=True))
    top = min(y[place] - above[place] for place in y)
    return {place: float(value - top) for place, value in y.items()}


def _room(systems: pl.DataFrame, *, width: float) -> pl.Series:
    """How wide the name above each system may be before it meets another system, its name, or the edge."""
    x, top, bottom = (systems[column].to_numpy() for column in ("x", "top", "bottom"))
    level = (top[:, None] > top - LABEL) & (top[:, None] - LABEL < bottom)
    np.fill_diagonal(level, False)
    apart = np.where(level, np.abs(x[:, None] - x), np.inf)
    return pl.Series(np.minimum(apart.min(axis=1), 2 * np.minimum(x, width - x)))


def _ports(chains: dict, y: dict[Place, float]) -> dict:
    """Where each line leaves its left system and enters its right one: side by side, in the order of where they go."""
    sides = defaultdict(list)
    for edge, chain in chains.items():
        sides[chain[0], "right"].append((y[chain[1]], edge))
        sides[chain[-1], "left"].append((y[chain[-2]], edge))
    port = {}
    for (system, side), lines in sides.items():
        for row, (_, edge) in enumerate(sorted(lines)):
            port[edge, side] = y[system] + (row - (len(lines) - 1) / 2) * PORT
    return {edge: (port[edge, "right"], port[edge, "left"]) for edge in chains}


def _points(edge, chain, port, x, column, y, step):
    """Level near each column, longest beside a system so that its name stays free, and an even S between two."""
    heights = [port[0], *(y[place] for place in chain[1:-1]), port[1]]
    flat = [step * (BESIDE_SYSTEM if isinstance(place, str) else BESIDE_WAYPOINT) for place in chain]
    at = [x[_column_of(place, column)] for place in chain]
    points = [(at[0], heights[0])]
    for (x0, y0, flat0), (x1, y1, flat1) in pairwise(zip(at, heights, flat, strict=True)):
        start, end = x0 + flat0, x1 - flat1
        points += [(start + t * (end - start), y0 + t * t * (3 - 2 * t) * (y1 - y0)) for t in ALONG]
    points.append((at[-1], heights[-1]))
    return [(*edge, number, *point) for number, point in enumerate(points)]


def _head(edge, backward, port, x, column):
    """Just before the system that the messages go to: on its left, or on its right when they run against the flow."""
    side = 10 if backward else -10
    return (*edge, backward, x[column[edge[1]]] + side, port[0] if backward else port[1])
