"""How often lines of the layered layout cross, and how long it takes, against dot of Graphviz on the same landscapes.

Run ``python benchmarks/graph_layout.py``; it needs pygraphviz, whose wheel bundles Graphviz (nothing of the kit does).
The landscapes are those of ``dependency_fragility.py``, 20 of 15 to 50 systems for each number of edges per system, and
two of 200. Crossings are those between neighbouring columns; dot's are the number it says itself (``dot -v``).
"""

import ctypes
import os
import re
import tempfile
import time
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path

import polars as pl
from dependency_fragility import dependencies

from integrhealth.charts.graph_layers import columns, flow_order, places_along, stacks

PER_SYSTEM = (1.4, 1.8, 2.3)


def landscapes(per_system: float) -> Iterator[pl.DataFrame]:
    """Twenty landscapes of 15 to 50 systems: source, target, messages."""
    for seed in range(20):
        systems = 15 + round(35 * seed / 19)
        yield landscape(systems, round(per_system * systems), seed=seed)


def landscape(systems: int, edges: int, *, seed: int) -> pl.DataFrame:
    """One landscape: source, target, messages."""
    return dependencies(systems=systems, edges=edges, seed=seed).rename({"calls": "messages"}).sort("source", "target")


def crossed(edges: pl.DataFrame) -> int:
    """How often lines cross between neighbouring columns of our layout, counted pair by pair."""
    weights = {(s, t): n for s, t, n in edges.select("source", "target", "messages").rows()}
    order = flow_order(weights)
    drawn = {edge: edge if order[edge[0]] < order[edge[1]] else edge[::-1] for edge in weights}
    column = columns(set(drawn.values()), order)
    chains = {edge: places_along(edge, *ends, column) for edge, ends in drawn.items()}
    at = {p: (number, row) for number, stack in enumerate(stacks(chains, column)) for row, p in enumerate(stack)}
    lines = [(*at[before], at[after][1]) for chain in chains.values() for before, after in pairwise(chain)]
    return sum(a == c and (b - d) * (e - f) < 0 for (a, b, e), (c, d, f) in combinations(lines, 2))


def crossed_by_dot(edges: pl.DataFrame) -> int:
    """The crossings that dot says it drew, the last number of its reports on its way."""
    import pygraphviz

    [library] = (Path(pygraphviz.__file__).parents[1] / "pygraphviz.libs").glob("libgvc-*")
    ctypes.c_ubyte.in_dll(ctypes.CDLL(library), "Verbose").value = 1
    graph = pygraphviz.AGraph(directed=True, rankdir="LR")
    graph.add_edges_from(edges.select("source", "target").rows())
    kept = os.dup(2)
    with tempfile.TemporaryFile("w+") as said:
        os.dup2(said.fileno(), 2)
        try:
            graph.layout(prog="dot")
            ctypes.CDLL(None).fflush(None)
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        said.seek(0)
        return int(re.findall(r"mincross.*?: (\d+) crossings", said.read())[-1])


def main() -> None:
    """Print crossings of both and processor seconds of ours."""
    print(f"{'landscapes':<40}{'ours':>6}{'dot':>6}{'ratio':>7}{'worst':>7}{'CPU s':>7}{'longest':>9}")
    cases = {f"20 of 15 to 50 systems, {n} edges each": list(landscapes(n)) for n in PER_SYSTEM}
    cases |= {f"200 systems, {edges} edges": [landscape(200, edges, seed=1)] for edges in (320, 460)}
    crossed(landscape(15, 20, seed=0))  # imports
    for case, drawn in cases.items():
        counts, seconds = [], []
        for edges in drawn:
            begun = time.process_time()
            ours = crossed(edges)
            seconds.append(time.process_time() - begun)
            counts.append((ours, crossed_by_dot(edges)))
        ours, dot = (sum(side) for side in zip(*counts, strict=True))
        worst = max(ours / max(1, dot) for ours, dot in counts)
        numbers = f"{ours:>6}{dot:>6}{ours / dot:>7.2f}{worst:>7.2f}{sum(seconds):>7.2f}{max(seconds):>9.2f}"
        print(f"{case:<40}{numbers}  dot {[dot for _, dot in counts]}", flush=True)


if __name__ == "__main__":
    main()
