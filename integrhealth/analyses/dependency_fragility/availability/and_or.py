"""From the ways of traces to an and/or graph: what was used together is needed, what was used instead is a choice."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import networkx as nx

from integrhealth.analyses.dependency_fragility.availability.enumeration import AndOr, Node, links_of
from integrhealth.language.thresholds import ALWAYS_CALLED_SHARE, MIN_EDGE_TRACES, MOST_ALTERNATIVES

Edge = tuple[str, str]


def and_or_graph(ways: Iterable[tuple[Iterable[Edge], int]], *, entry: str, goal: str) -> AndOr | None:
    """The and/or graph of `ways` (edges, and how many traces took them); its root is ``(entry, True)``.

    What a system used together in a trace is one alternative: all of it is needed. What it used in another trace is
    another one. An alternative counts from 3 traces on, and from one in a thousand of those of its system: below that
    the rest may have got lost in the log. One that contains another adds nothing. None where no way leads to `goal`.
    """
    seen: defaultdict[Node, Counter[frozenset[Node]]] = defaultdict(Counter)
    for edges, traces in ways:
        for node, children in needs(edges, entry=entry, goal=goal).items():
            seen[node][children] += traces
    if (entry, True) not in seen:
        return None
    graph = {node: _smallest(_frequent(alternatives)) for node, alternatives in seen.items()}
    asked = {child for ways in graph.values() for way in ways for child in way}
    return graph | {node: [frozenset()] for node in asked if node[1] is None}


def needs(edges: Iterable[Edge], *, entry: str, goal: str) -> dict[Node, frozenset[Node]]:
    """What each system needed in a trace that used `edges`; nothing where these do not lead from `entry` to `goal`.

    A node is a system with its role: whether it led on to the goal. What a system asked and what was led up to it can
    be a circle (an order goes to the warehouse and comes back): there the role None says that the other one only has
    to be up, as what it needs is asked for nearer to the entry.
    """
    links = nx.DiGraph(edges)
    depth = nx.single_source_shortest_path_length(links, entry) if entry in links else {}
    if goal not in depth or goal == entry:
        return {}
    links = links.subgraph(depth)
    circle = {system: number for number, part in enumerate(nx.strongly_connected_components(links)) for system in part}
    onward = nx.DiGraph()
    onward.add_nodes_from(links)
    onward.add_edges_from((a, b) for a, b in links.edges if circle[a] != circle[b] or depth[a] < depth[b])
    leading = nx.ancestors(onward, goal) | {goal}
    return {
        (system, system in leading): frozenset(
            (child, child in leading if onward.has_edge(system, child) else None)
            for child in links.succ[system]
            if child != entry
        )
        for system in links
    }


def _frequent(alternatives: Counter[frozenset[Node]]) -> list[frozenset[Node]]:
    rare = (1 - ALWAYS_CALLED_SHARE) * alternatives.total()
    common = alternatives.most_common(MOST_ALTERNATIVES)
    return [way for way, traces in common if traces >= MIN_EDGE_TRACES and traces > rare] or [way for way, _ in common]


def _smallest(alternatives: Iterable[frozenset[Node]]) -> list[frozenset[Node]]:
    smallest: list[frozenset[Node]] = []
    for way in sorted(alternatives, key=lambda way: (len(way), sorted(map(str, way)))):
        if not any(other <= way for other in smallest):
            smallest.append(way)
    return smallest


def reached(graph: AndOr, root: Node) -> set[str]:
    """The systems on which `root` may depend, its own left out."""
    return {system for system, _ in nx.descendants(links_of(graph, root), root)} - {root[0]}
