"""How likely a goal is reached when each system is up or down on its own: every state counted, each system once.

An and/or graph maps a node (system, role) to its alternatives: sets of nodes that are all needed together. A node works
when its system is up and all nodes of one of its alternatives work. Products along paths count what paths share
twice; a state of all systems has every system once, however many ways lead through it.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from operator import and_, or_

import networkx as nx
import numpy as np
from numpy.typing import NDArray

Node = tuple[str, bool | None]
AndOr = Mapping[Node, Collection[frozenset[Node]]]
# A decision level: of each distinct part of the truth table, the part below when its system is down and when it is up.
Levels = list[tuple[NDArray, NDArray]]


def works(graph: AndOr, root: Node, up: Mapping[str, NDArray]) -> NDArray:
    """In which states `root` works; `up` has, packed to bits, the states in which a system is up, else it always is."""
    return _solved(graph, _ordered(links_of(graph, root), root), up, {})[root]


def links_of(graph: AndOr, root: Node) -> nx.DiGraph:
    """From each node to all that stands in one of its alternatives."""
    links = nx.DiGraph((node, child) for node, ways in graph.items() for way in ways for child in way)
    links.add_node(root)
    return links


def _ordered(links: nx.DiGraph, root: Node) -> list[Node]:
    """The nodes below `root` and itself, what a node needs before it where there is no circle."""
    return list(nx.dfs_postorder_nodes(links, root))


def _solved(
    graph: AndOr, order: Sequence[Node], up: Mapping[str, NDArray], solved: Mapping[Node, NDArray]
) -> dict[Node, NDArray]:
    """In which states each node of `order` works, and those `solved` before, which need none of `order`.

    The least solution: a circle of systems that only wait for one another does not work.
    """
    never = np.zeros_like(next(iter(up.values()), np.zeros(1, np.uint8)))
    always = ~never
    state, changed = {**solved, **dict.fromkeys(order, never)}, True
    while changed:
        changed = False
        for node in order:
            ways = (reduce(and_, (state[child] for child in way), always) for way in graph[node])
            now = up.get(node[0], always) & reduce(or_, ways, never)
            changed |= not np.array_equal(now, state[node])
            state[node] = now
    return state


def truth_table(graph: AndOr, root: Node, systems: Sequence[str]) -> NDArray:
    """Whether `root` works in each of the 2^k states of k `systems`; bit i of a state says that system i is up."""
    states = np.arange(1 << len(systems))
    up = {system: np.packbits((states >> place) & 1 == 1) for place, system in enumerate(systems)}
    return np.unpackbits(works(graph, root, up), count=states.size)


def decision_levels(table: NDArray) -> Levels:
    """The truth `table` as a decision diagram (Bryant 1986), a level per system: equal parts of it stand once."""
    levels, parts = [], table.astype(np.int64)
    while parts.size > 1:
        width = parts.max() + 1
        pairs, parts = np.unique(parts[0::2] * width + parts[1::2], return_inverse=True)
        levels.append((pairs // width, pairs % width))
    return levels


def enumerated(levels: Levels, up: NDArray) -> tuple[NDArray, NDArray]:
    """How likely the goal is reached, and the importance of each system, for columns of chances `up` (systems x m).

    Importance (Birnbaum 1969) is P(reached | system up) - P(reached | down), the slope of the chance along that of the
    system, since the chance is linear in each; all slopes come from one way down the diagram and one up.
    """
    values = [np.repeat([[0.0], [1.0]], up.shape[1], axis=1)]
    for (down, above), chance in zip(levels, up, strict=True):
        values.append(values[-1][down] * (1 - chance) + values[-1][above] * chance)
    importance, weight = np.zeros_like(up), np.ones((1, up.shape[1]))
    for level in reversed(range(len(levels))):
        (down, above), below, chance = levels[level], values[level], up[level]
        importance[level] = (weight * (below[above] - below[down])).sum(axis=0)
        passed = np.zeros_like(below)
        np.add.at(passed, down, weight * (1 - chance))
        np.add.at(passed, above, weight * chance)
        weight = passed
    return values[-1][-1], importance


def simulated(
    graph: AndOr, root: Node, systems: Sequence[str], up: NDArray, *, states: int, seed: Sequence[int]
) -> tuple[float, float, NDArray]:
    """How likely the goal is reached, its standard error, and the importance of each system, from drawn states.

    The state in which all systems are up is counted, not drawn; the others are drawn given that some system is down,
    so that the error shrinks with the share of such states (stratified sampling).
    """
    random = np.random.default_rng(seed)
    all_up = up.prod()
    first_down = np.concatenate([[1.0], up.cumprod()[:-1]]) * (1 - up)
    down_from = random.choice(up.size, states, p=first_down / first_down.sum()) if all_up < 1 else np.full(states, -1)
    place = np.arange(up.size)[:, None]
    drawn = (place < down_from) | ((place > down_from) & (random.random((up.size, states)) < up[:, None]))
    columns = {system: np.packbits(row) for system, row in zip(systems, drawn, strict=True)}
    links = links_of(graph, root)
    order = _ordered(links, root)
    solved = _solved(graph, order, columns, {})
    share = _share(solved[root], states)
    error = (1 - all_up) * np.sqrt((share * states + 1) * ((1 - share) * states + 1)) / (states + 2) / np.sqrt(states)
    # One state per system, in which it alone is down, and one in which none is.
    alone = {system: np.packbits(np.arange(up.size + 1) != place) for place, system in enumerate(systems)}
    *without, whole = np.unpackbits(_solved(graph, order, alone, {})[root], count=up.size + 1).astype(float)
    never = np.zeros_like(columns[systems[0]])
    lost = []
    for system in systems:
        # Another state of one system changes only what leads to it.
        its = [node for node in order if node[0] == system]
        above = set(its).union(*(nx.ancestors(links, node) for node in its))
        again = [node for node in order if node in above]
        up_or_down = (_solved(graph, again, columns | {system: each}, solved)[root] for each in (~never, never))
        lost.append(np.subtract(*(_share(packed, states) for packed in up_or_down)))
    importance = all_up * (whole - np.array(without)) + (1 - all_up) * np.array(lost)
    return all_up * whole + (1 - all_up) * share, error, importance


def _share(packed: NDArray, states: int) -> float:
    return np.unpackbits(packed, count=states).mean()
