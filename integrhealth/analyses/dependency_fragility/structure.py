"""Paths: without which systems no way leads from an entry to a goal. Graph work on counted edges, never on messages."""

from collections.abc import Iterable

import networkx as nx
import polars as pl

from integrhealth.analyses.dependency_fragility.flows import FLOW
from integrhealth.language.schema import TEXT, WORDS, is_named
from integrhealth.language.thresholds import (
    ALWAYS_CALLED_SHARE,
    ALWAYS_CALLED_TRACES,
    FALLBACK_TEST_DAYS,
    MIN_EDGE_TRACES,
)

Edge = tuple[str, str]
PATHS = {"object_type": TEXT, "entry": TEXT, "goal": TEXT, "single_points": WORDS, "cut": WORDS}


def tested_fallbacks(integrations: pl.DataFrame, *, last_sent_at: object) -> pl.DataFrame:
    """The edges (source, target) whose integrations all have a fallback that was tested within a year.

    A fallback that was never tested, or longer than 365 days away from the last message, counts as none; so do all
    of them when there is no message to count from.
    """
    days = (pl.lit(last_sent_at).cast(pl.Date) - pl.col("fallback_tested_on")).dt.total_days().abs()
    real = pl.col("fallback").is_not_null() & (pl.col("fallback") != "none")
    tested = (real & (days <= FALLBACK_TEST_DAYS)).fill_null(False)
    per_edge = integrations.drop_nulls(["source", "target"]).group_by("source", "target").agg(tested=tested.all())
    return per_edge.filter("tested").select("source", "target").sort("source", "target")


def unseen(declared: pl.DataFrame, flow_counts: pl.DataFrame) -> pl.DataFrame:
    """The `declared` capabilities that no trace of `flow_counts` served, as flows of no object type with 0 traces."""
    pairs = declared.select("entry", "goal").unique().join(flow_counts, on=["entry", "goal"], how="anti")
    none = pairs.with_columns(object_type=pl.lit(None, TEXT), traces=pl.lit(0, pl.Int64))
    return none.select(flow_counts.columns).sort("entry", "goal")


def declared_edges(dependencies: pl.DataFrame, flow_counts: pl.DataFrame) -> pl.DataFrame:
    """The edges of a dependencies frame as those of every flow: what is declared needs no traces to count."""
    between = dependencies.filter(pl.col("source") != pl.col("target")).select("source", "target").unique()
    edges = flow_counts.select(FLOW).join(between, how="cross")
    return edges.with_columns(traces=pl.lit(MIN_EDGE_TRACES, pl.Int64)).sort(*FLOW, "source", "target")


def structure(
    edges: pl.DataFrame, calls: pl.DataFrame, flow_counts: pl.DataFrame, *, tested: pl.DataFrame
) -> pl.DataFrame:
    """One row per flow (object_type, entry, goal) of `flow_counts`: traces, single_points, cut.

    The graph of a flow is its edges that occur in at least 3 traces. ``single_points``: its dominators from entry to
    goal, and the systems that answered a request in at least 99.9% of its traces (of at least 300); entry, goal and
    partners that nothing names excluded. ``cut``: one smallest set of systems between entry and goal, empty when an
    edge leads straight to the goal, null when the edges show no way there. A system is left out of both when every
    edge into it has a tested fallback (`tested`: source, target): the business goes on without it.
    """
    covered = set(tested.iter_rows())
    graphs = _grouped(edges.filter(pl.col("traces") >= MIN_EDGE_TRACES), ["source", "target"])
    called = _grouped(_always_called(calls, flow_counts), ["system"])
    rows = []
    for flow in flow_counts.select(FLOW).iter_rows():
        ways = graphs.get(flow, [])
        replaced = _replaced(ways, covered)
        points, cut = needed(ways, entry=flow[1], goal=flow[2], replaced=replaced)
        always = {system for (system,) in called.get(flow, [])} - {flow[1], flow[2]} - replaced
        rows.append((*flow, sorted(points | always), cut))
    structures = pl.DataFrame(rows, schema=PATHS, orient="row")
    return flow_counts.join(structures, on=FLOW, how="left", nulls_equal=True).sort(FLOW, nulls_last=True)


def _always_called(calls: pl.DataFrame, flow_counts: pl.DataFrame) -> pl.DataFrame:
    of = calls.join(flow_counts.rename({"traces": "all_traces"}), on=FLOW, nulls_equal=True)
    share = pl.col("traces") / pl.col("all_traces")
    always = (pl.col("all_traces") >= ALWAYS_CALLED_TRACES) & (share >= ALWAYS_CALLED_SHARE)
    return of.filter(always, is_named(pl.col("system")))


def _grouped(facts: pl.DataFrame, columns: list[str]) -> dict[tuple, list[tuple]]:
    parts = facts.sort(*FLOW, *columns).partition_by(FLOW, as_dict=True, maintain_order=True)
    return {flow: part.select(columns).rows() for flow, part in parts.items()}


def _replaced(edges: Iterable[Edge], covered: set[Edge]) -> set[str]:
    """The systems that can be done without: every edge into them has a tested fallback."""
    reached = {target for _, target in edges}
    return reached - {target for source, target in edges if (source, target) not in covered}


def needed(
    edges: Iterable[Edge], *, entry: str, goal: str, replaced: Iterable[str] = ()
) -> tuple[set[str], list[str] | None]:
    """The systems on every way from `entry` to `goal` (directed dominators), and one smallest vertex cut.

    Both ends are excluded. The cut is empty when an edge leads straight to the goal, None when no way leads there.
    `replaced` systems are stepped over: what leads into one leads on to where it leads.
    """
    # Ways that come back to the entry or leave the goal again make no difference to how the goal is reached.
    ways = nx.DiGraph((source, target) for source, target in edges if target != entry and source != goal)
    for system in sorted((set(replaced) & set(ways)) - {entry, goal}):
        around = [(before, after) for before in ways.pred[system] for after in ways.succ[system] if before != after]
        ways.remove_node(system)
        ways.add_edges_from(around)
    if entry not in ways or goal not in ways or not nx.has_path(ways, entry, goal):
        return set(), None
    above = nx.immediate_dominators(ways, entry)
    dominators, system = set(), above[goal]
    while system != entry:
        dominators.add(system)
        system = above[system]
    return dominators, sorted(nx.minimum_node_cut(ways, entry, goal))
