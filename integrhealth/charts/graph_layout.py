"""Where the systems of a dependency graph stand, in pixels: columns in the order of the flow, few crossing lines.

``graph_layers`` gives each system its column and its place in it; here everything is placed as close to its
neighbours as the gaps allow, with a waypoint in each column that a line passes through.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from integrhealth.charts.graph_layers import Place, column_of, columns, edges_away, flow_order, places_along, stacks

MARGIN, PORT, LABEL, GAP, WAYPOINT = 46, 9, 17, 10, 6
SWEEPS = 12
# Who comes with a system into its neighbourhood: so many that it exchanges most messages with.
NEIGHBOURS = 5
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


def neighbourhood(edges: pl.DataFrame, first: pl.Series, *, systems: int) -> pl.DataFrame:
    """The `edges` (source, target, messages) among so many `systems`, taken from around those that come `first`.

    With each of these, in their order, comes who it exchanges most messages with; then the next, until enough.
    """
    ranked = pl.DataFrame({"system": first}).with_row_index("rank")
    beside = pl.concat(
        edges.select("messages", system=end, neighbour=other)
        for end, other in (("source", "target"), ("target", "source"))
    )
    beside = beside.group_by("system", "neighbour").agg(pl.col("messages").sum())
    nearest = pl.col("messages").rank("ordinal", descending=True).over("system")
    around = beside.sort("neighbour").with_columns(nearest=nearest).filter(pl.col("nearest") <= NEIGHBOURS)
    around = around.join(ranked, on="system").select("rank", "nearest", system="neighbour")
    themselves = ranked.filter(pl.col("system").is_in(beside["system"].implode())).select(
        "rank", nearest=pl.lit(0, pl.UInt32), system="system"
    )
    taken = pl.concat([themselves, around]).sort("rank", "nearest")["system"].unique(maintain_order=True)
    kept = taken.head(systems).implode()
    return edges.filter(pl.col("source").is_in(kept) & pl.col("target").is_in(kept))


def layered(
    edges: pl.DataFrame, *, width: float, starts: Iterable[str] = (), bands: dict[str, int] | None = None
) -> Layout:
    """The `edges` (source, target, messages; no source = target, each pair once) laid out from left to right.

    The flow runs away from the first of `starts`, then of the next in what that does not lead to; in all else so that
    the fewest messages run backwards. With `bands` (the number of a band per system) every system stands right of those
    in earlier bands.
    """
    weights = {(s, t): n for s, t, n in edges.select("source", "target", "messages").sort("source", "target").rows()}
    order = flow_order(weights)
    away = edges_away(weights, [system for system in starts if system in order])
    order = {system: (away.get(system, 0), place) for system, place in order.items()}
    if bands:
        order = {system: (bands[system], place) for system, place in order.items()}
    drawn = {edge: edge if order[edge[0]] < order[edge[1]] else edge[::-1] for edge in weights}
    column = columns(set(drawn.values()), order, bands=bands)
    chains = {edge: places_along(edge, *ends, column) for edge, ends in drawn.items()}
    places = stacks(chains, column)
    half = _half_heights(chains, column)
    y = _heights(places, chains, half)
    step = (width - 2 * MARGIN) / max(1, len(places) - 1)
    x = [MARGIN + step * place for place in range(len(places))] if len(places) > 1 else [width / 2]
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


def _neighbours(chains: dict) -> tuple[dict, dict]:
    left, right = defaultdict(list), defaultdict(list)
    for chain in chains.values():
        for before, after in pairwise(chain):
            right[before].append(after)
            left[after].append(before)
    return left, right


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
    at = [x[column_of(place, column)] for place in chain]
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
