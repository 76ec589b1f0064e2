"""Availability composed of systems: closed forms, an oracle that counts every state by hand, and drawn traffic."""

import itertools
import math

import networkx as nx
import numpy as np
import polars as pl
import pytest
from drawing.traffic import report
from hypothesis import given, settings
from hypothesis import strategies as st

from integrhealth.analyses.dependency_fragility.availability import enumeration
from integrhealth.analyses.dependency_fragility.availability.and_or import and_or_graph, needs, reached
from integrhealth.analyses.dependency_fragility.availability.composition import composed
from integrhealth.language.statistics import beta_interval

ENTRY = ("S", True)


def ways(drawn: str) -> list[tuple[list[tuple[str, str]], int]]:
    """Ways of 100 traces each, a line per way: ``S>A A>T``."""
    return [([tuple(edge.split(">")) for edge in line.split()], 100) for line in drawn.strip().splitlines()]


def exactly(graph, up: dict[str, float]) -> tuple[float, dict[str, float]]:
    """The chance by enumeration, and the importance of each system."""
    systems = sorted(up)
    levels = enumeration.decision_levels(enumeration.truth_table(graph, ENTRY, systems))
    chance, importance = enumeration.enumerated(levels, np.array([[up[system]] for system in systems]))
    return float(chance[0]), dict(zip(systems, importance[:, 0], strict=True))


def chance(drawn: str, up: float | dict[str, float]) -> float:
    graph = and_or_graph(ways(drawn), entry="S", goal="T")
    systems = reached(graph, ENTRY)
    return exactly(graph, {system: up.get(system, 1.0) if isinstance(up, dict) else up for system in systems})[0]


def path_products(drawn: str, up: dict[str, float]) -> tuple[float, float]:
    """What not to do: the sum of the paths' products, and one minus the product of their failures."""
    paths = [math.prod(up.get(target, 1.0) for _, target in edges) for edges, _ in ways(drawn)]
    return sum(paths), 1 - math.prod(1 - path for path in paths)


BRIDGE = """
    S>L1 L1>L4 L4>T
    S>L2 L2>L5 L5>T
    S>L1 L1>L3 L3>L5 L5>T
    S>L2 L2>L3 L3>L4 L4>T
"""
LINKS = {f"L{number}": 0.95 for number in range(1, 6)}


def test_the_bridge_of_five_links_has_its_published_availability():
    assert chance(BRIDGE, LINKS) == pytest.approx(0.994780625, abs=1e-9)
    summed, multiplied = path_products(BRIDGE, LINKS)
    assert summed == pytest.approx(2 * 0.95**2 + 2 * 0.95**3)
    assert abs(multiplied - 0.994780625) > 1e-3


def test_two_of_three_in_parallel():
    two_of_three = "S>A S>B S>T\nS>A S>C S>T\nS>B S>C S>T"
    up = dict.fromkeys("ABC", 0.9)
    assert chance(two_of_three, up) == pytest.approx(3 * 0.9**2 - 2 * 0.9**3, abs=1e-12)


def test_two_gateways_and_two_ledgers_around_a_hub_are_more_than_the_product_over_what_is_critical():
    drawn = "S>G1 G1>Hub Hub>L1 L1>T\nS>G2 G2>Hub Hub>L2 L2>T"
    up = {"G1": 0.95, "G2": 0.95, "L1": 0.95, "L2": 0.95, "Hub": 0.99}
    assert chance(drawn, up) == pytest.approx(0.99 * (1 - 0.05**2) ** 2, abs=1e-12)
    assert chance(drawn, up) == pytest.approx(0.985, abs=1e-4)
    assert up["Hub"] == 0.99  # the product over the critical systems says 0.990
    assert path_products(drawn, up)[1] == pytest.approx(1 - (1 - 0.95**2 * 0.99) ** 2)


@pytest.mark.parametrize(
    ("drawn", "up", "closed"),
    [
        # Two alternatives stand on one database.
        ("S>B B>D D>T\nS>C C>D D>T", {"B": 0.9, "C": 0.8, "D": 0.95}, 0.95 * (1 - 0.1 * 0.2)),
        # Three do, and each needs a part of its own beside it.
        (
            "S>B B>D B>X D>T\nS>C C>D C>Y D>T\nS>E E>D E>Z D>T",
            {"B": 0.9, "C": 0.8, "E": 0.7, "D": 0.95, "X": 0.9, "Y": 0.9, "Z": 0.9},
            0.95 * (1 - (1 - 0.81) * (1 - 0.72) * (1 - 0.63)),
        ),
    ],
)
def test_a_shared_part_is_counted_once_where_sums_and_products_of_paths_are_wrong(drawn, up, closed):
    assert chance(drawn, up) == pytest.approx(closed, abs=1e-12)
    summed, multiplied = path_products(drawn, up)
    assert abs(summed - closed) > 0.01
    assert abs(multiplied - closed) > 0.01


def test_a_shared_part_below_two_systems_that_are_both_needed_is_counted_once():
    up = {"B": 0.9, "C": 0.8, "D": 0.95}
    assert chance("S>B S>C B>D C>D S>T", up) == pytest.approx(0.9 * 0.8 * 0.95, abs=1e-12)


def test_importance_is_the_difference_that_a_system_makes():
    graph = and_or_graph(ways("S>B B>D D>T\nS>C C>D D>T"), entry="S", goal="T")
    share, importance = exactly(graph, {"B": 0.9, "C": 0.8, "D": 0.95, "T": 1.0})
    assert importance == pytest.approx({"B": 0.95 * 0.2, "C": 0.95 * 0.1, "D": 0.98, "T": share})


def states_by_hand(graph, up: dict[str, float]) -> float:
    """The naive oracle: each state in turn, and what works in it followed from the leaves."""
    systems = sorted(up)
    total = 0.0
    for state in itertools.product([False, True], repeat=len(systems)):
        alive = dict(zip(systems, state, strict=True))
        working, growing = set(), True
        while growing:
            further = {
                node
                for node, alternatives in graph.items()
                if alive.get(node[0], True) and any(way <= working for way in alternatives)
            }
            growing, working = further != working, further
        if ENTRY in working:
            total += math.prod(up[name] if is_up else 1 - up[name] for name, is_up in alive.items())
    return total


def random_graph(random: np.random.Generator) -> dict:
    """An and/or graph of up to eight systems, circles among them."""
    names = [f"N{number}" for number in range(random.integers(2, 9))]
    nodes = [ENTRY, *((name, True) for name in names)]
    return {
        node: [
            frozenset(nodes[1 + other] for other in random.choice(len(names), random.integers(0, 3), replace=False))
            for _ in range(random.integers(1, 4))
        ]
        for node in nodes
    }


def test_enumeration_agrees_with_every_state_by_hand_on_two_hundred_graphs():
    random = np.random.default_rng(3)
    for _ in range(200):
        graph = random_graph(random)
        up = {system: random.uniform(0.3, 1) for system, _ in graph if system != "S"}
        share, importance = exactly(graph, up)
        assert share == pytest.approx(states_by_hand(graph, up), abs=1e-9)
        system = sorted(up)[0]
        slope = states_by_hand(graph, up | {system: 1.0}) - states_by_hand(graph, up | {system: 0.0})
        assert importance[system] == pytest.approx(slope, abs=1e-9)


def test_a_simulation_lies_within_its_error_of_the_exact_value():
    random, beyond = np.random.default_rng(5), 0
    for seed in range(60):
        graph = random_graph(random)
        systems = sorted({system for system, _ in graph} - {"S"})
        up = random.uniform(0.8, 0.999, len(systems))
        exact, importance = exactly(graph, dict(zip(systems, up, strict=True)))
        share, error, drawn = enumeration.simulated(graph, ENTRY, systems, up, states=4000, seed=[seed])
        beyond += abs(share - exact) > 2 * error
        assert abs(share - exact) < 5 * error
        assert drawn == pytest.approx([importance[system] for system in systems], abs=0.05)
    assert beyond <= 8  # 5% of 60 are 3; 8 or more would happen once in a hundred such tests


def test_a_simulation_of_systems_that_never_failed_knows_what_stops():
    graph = and_or_graph(ways("S>A A>B B>T\nS>A A>C C>T"), entry="S", goal="T")
    share, error, importance = enumeration.simulated(graph, ENTRY, list("ABCT"), np.ones(4), states=64, seed=[1])
    assert (share, error, importance.tolist()) == (1.0, 0.0, [1.0, 0.0, 0.0, 1.0])


def test_the_kit_simulates_above_twenty_systems_and_says_how_far_off_it_may_be():
    for length, method in ((20, "enumerated"), (21, "simulated")):
        names = ["S", *(f"N{number:02}" for number in range(1, length + 1))]
        chain = " ".join(f"{a}>{b}" for a, b in itertools.pairwise(names))
        failing = "\n".join(f"1 {chain[: chain.index(name) + len(name)]}!" for name in names[1:])
        capability = report(f"99 {chain}\n{failing}").tables["capabilities"].row(0, named=True)
        assert (capability["method"], capability["needed_systems"]) == (method, length)
        product = math.prod(1 - 1 / (100 + length - place) for place in range(1, length + 1))
        error = capability["standard_error"] or 1e-9
        assert abs(capability["availability"] - product) < 4 * error
        assert capability["low"] < product < capability["high"]


def test_systems_that_call_each_other_in_a_circle_are_all_needed():
    up = {"ERP": 0.9, "WMS": 0.8, "Fin": 0.7}
    assert chance("S>ERP ERP>WMS WMS>ERP ERP>Fin Fin>T", up) == pytest.approx(0.9 * 0.8 * 0.7)
    both = "S>A A>B B>X X>T\nS>B B>A A>Y Y>T"
    assert chance(both, {"X": 0.0, "Y": 0.0}) == 0.0


edge_lists = st.lists(st.tuples(st.sampled_from("SABCDT"), st.sampled_from("SABCDT")), max_size=14)


@settings(max_examples=60)
@given(edge_lists)
def test_a_way_leads_to_its_goal_if_and_only_if_its_edges_do(edges):
    edges = [(a, b) for a, b in edges if a != b]
    links = nx.DiGraph(edges)
    leads = {"S", "T"} <= set(links) and nx.has_path(links, "S", "T")
    graph = and_or_graph([(edges, 5)], entry="S", goal="T")
    assert (graph is not None) == leads == bool(needs(edges, entry="S", goal="T"))
    if leads:
        systems = sorted(reached(graph, ENTRY))
        # All that a single way used is needed: with any of it down the goal is out of reach.
        assert exactly(graph, dict.fromkeys(systems, 0.5))[0] == pytest.approx(0.5 ** len(systems))
        assert set(systems) == nx.descendants(links, "S") - {"S"}


@pytest.mark.parametrize(("without", "importance"), [(2, 0.9), (3, 0.0)])
def test_an_alternative_counts_from_three_traces_on(without, importance):
    drawn = [([("S", "A"), ("S", "T")], 100), ([("S", "T")], without)]
    graph = and_or_graph(drawn, entry="S", goal="T")
    assert exactly(graph, {"A": 0.9, "T": 0.9})[1]["A"] == pytest.approx(importance)


@pytest.mark.parametrize(("without", "needed"), [(5, True), (6, False)])
def test_of_many_traces_one_in_a_thousand_without_a_system_may_have_got_lost(without, needed):
    drawn = [([("S", "A"), ("S", "T")], 5000 - without), ([("S", "T")], without)]
    graph = and_or_graph(drawn, entry="S", goal="T")
    assert ("A" in reached(graph, ENTRY)) == needed


def composed_chain(down: np.ndarray, ended: int) -> dict:
    """The rates of a chain of systems that each failed so often."""
    names = [f"N{number:02}" for number in range(down.size)]
    flow = {"object_type": [None], "entry": ["S"], "goal": [names[-1]]}
    texts = dict.fromkeys(("object_type", "operation"), pl.String)
    way = {"operation": [None], "sources": [["S", *names[:-1]]], "targets": [names], "traces": [ended]}
    rates, _ = composed(
        pl.DataFrame(flow | way, schema_overrides=texts),
        pl.DataFrame({"capability": ["all"]} | flow, schema_overrides=texts),
        pl.DataFrame(flow | {"replaced": [[]]}, schema_overrides=texts | {"replaced": pl.List(pl.String)}),
        pl.DataFrame({"system": names, "ended": ended, "own_errors": down}),
    )
    return rates.row(0, named=True)


@pytest.mark.parametrize(("systems", "ended", "up"), [(1, 200, 0.99), (6, 200, 0.995), (12, 100, 0.99)])
def test_nineteen_of_twenty_intervals_hold_the_truth_however_long_the_chain(systems, ended, up):
    random, held = np.random.default_rng(systems), 0
    for _ in range(120):
        rates = composed_chain(random.binomial(ended, 1 - up, systems), ended)
        held += rates["low"] <= up**systems <= rates["high"]
    assert held >= 105  # 114 to be expected; fewer than 106 of 120 at 95% would happen once in five hundred tests


def test_one_system_has_the_interval_of_the_systems_table():
    rates, (low, high) = composed_chain(np.array([10]), 100), beta_interval(90, 10)
    assert rates["availability"] == pytest.approx(0.9)
    assert (rates["low"], rates["high"]) == (pytest.approx(float(low), abs=0.01), pytest.approx(float(high), abs=0.01))


def test_importance_in_a_circle_is_that_of_every_state_drawn_anew():
    # Below the entry a circle of three, of which each can do without the next where the last one works.
    a, b, c, d = (("a", True), ("b", True), ("c", True), ("d", True))
    graph = {
        ("in", True): [frozenset([a])],
        a: [frozenset([b]), frozenset([d])],
        b: [frozenset([c])],
        c: [frozenset([a]), frozenset([d])],
        d: [frozenset()],
    }
    systems, up = ["a", "b", "c", "d"], np.array([0.9, 0.8, 0.7, 0.6])
    table = enumeration.truth_table(graph, ("in", True), systems)
    _, exact = enumeration.enumerated(enumeration.decision_levels(table), up[:, None])
    _, _, importance = enumeration.simulated(graph, ("in", True), systems, up, states=200_000, seed=[3])
    np.testing.assert_allclose(importance, exact[:, 0], atol=0.01)
    # In the end all wait for d: a circle alone does not work.
    assert exact[:, 0] == pytest.approx([0.6, 0, 0, 0.9])
