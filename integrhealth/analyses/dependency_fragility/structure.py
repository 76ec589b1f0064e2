"""Paths: without which systems no way leads from an entry to a goal. Graph work on counted edges, never on messages."""

from collections.abc import Collection, Iterable

import networkx as nx
import polars as pl

from integrhealth.analyses.dependency_fragility.flows import FLOW
from integrhealth.language.schema import COUNT, TEXT, WORDS, is_named
from integrhealth.language.thresholds import (
    ALWAYS_CALLED_SHARE,
    ALWAYS_CALLED_TRACES,
    FALLBACK_FRESH_DAYS,
    FALLBACK_TEST_DAYS,
    MIN_EDGE_TRACES,
)

Edge = tuple[str, str]
PATHS = {"object_type": TEXT, "entry": TEXT, "goal": TEXT, "single_points": WORDS, "cut": WORDS} | {
    "replaced": WORDS,
    "oldest_test_days": COUNT,
}
FALLBACKS = {"integration": TEXT, "source": TEXT, "target": TEXT, "fallback": TEXT, "tested_on": pl.Date} | {
    "age_days": COUNT,
    "verdict": TEXT,
}
# Verdicts on a test that counts.
COUNTED = ("fresh", "old")
# A fallback that a what-if adds: it works today.
SUPPOSED = "supposed"
# The day of the test is that of a calendar on a wall, the last message is in UTC.
DAYS_OF_A_ZONE = 1
# A graph without traffic asks for so many ways at most; a person reads no more (own).
MOST_QUESTIONS = 30


def fallback_tests(integrations: pl.DataFrame, *, last_sent_at: object) -> pl.DataFrame:
    """One row per integration with a fallback: integration, source, target, fallback, tested_on, age_days, verdict.

    ``age_days`` lie between the test and the last message. ``verdict``: "fresh" within 90 days, "old" within 365, both
    of which count; "expired" beyond; "later" where it was not yet made when the messages were sent, whether it was
    since or is only planned; "untested" where no test is known, or no message to count from.
    A supposed fallback is tested today.
    """
    since = (pl.lit(last_sent_at).cast(pl.Date) - pl.col("fallback_tested_on")).dt.total_days()
    days = pl.when(pl.col("fallback") == SUPPOSED).then(0).otherwise(since)
    given = integrations.drop_nulls(["source", "target"]).filter(
        pl.col("fallback").is_not_null() & (pl.col("fallback") != "none")
    )
    verdict = (
        pl.when(days < -DAYS_OF_A_ZONE)
        .then(pl.lit("later"))
        .when(days <= FALLBACK_FRESH_DAYS)
        .then(pl.lit("fresh"))
        .when(days <= FALLBACK_TEST_DAYS)
        .then(pl.lit("old"))
        .when(days > FALLBACK_TEST_DAYS)
        .then(pl.lit("expired"))
        .otherwise(pl.lit("untested"))
    )
    dated = given.with_columns(tested_on=pl.col("fallback_tested_on"), age_days=days, verdict=verdict)
    return dated.select(*FALLBACKS).sort("integration", "source", "target")


def tested_fallbacks(integrations: pl.DataFrame, *, last_sent_at: object) -> pl.DataFrame:
    """The edges (source, target) whose integrations all have a fallback that was tested within a year, and age_days.

    A fallback that was never tested, longer than 365 days before the last message, or after it, counts as none; so do
    all of them when there is no message to count from. ``age_days`` is the oldest test of the edge.
    """
    tests = fallback_tests(integrations, last_sent_at=last_sent_at).filter(pl.col("verdict").is_in(COUNTED))
    everything = integrations.drop_nulls(["source", "target"]).group_by("source", "target").agg(pl.len())
    per_edge = tests.group_by("source", "target").agg(pl.col("age_days").clip(0).max(), tested=pl.len())
    whole = everything.join(per_edge, on=["source", "target"]).filter(pl.col("tested") == pl.col("len"))
    return whole.select("source", "target", "age_days").sort("source", "target")


def ends(dependencies: pl.DataFrame) -> pl.DataFrame:
    """The path questions that a graph asks without any traffic: capability, entry, goal, at most 30.

    An entry is a system that nobody calls, a goal one that calls nobody; of a circle of which this is true its first
    system by name stands for all. Those whose goals are called most come first (without counts: by most callers).
    """
    links = nx.DiGraph(dependencies.filter(pl.col("source") != pl.col("target")).select("source", "target").rows())
    parts = nx.condensation(links) if links else nx.DiGraph()
    name = {part: min(members) for part, members in parts.nodes(data="members")}
    entries = sorted(name[part] for part, callers in parts.in_degree if not callers)
    goals = {name[part] for part, called in parts.out_degree if not called}
    called = dependencies.group_by("target").agg(pl.col("calls").sum(), pl.len()).sort("target")
    busiest = called.sort("calls", "len", "target", descending=[True, True, False])["target"].to_list()
    below = {entry: nx.descendants(links, entry) for entry in entries}
    asked = [(entry, goal) for goal in busiest if goal in goals for entry in entries if goal in below[entry]]
    pairs = pl.DataFrame(asked[:MOST_QUESTIONS], schema={"entry": TEXT, "goal": TEXT}, orient="row")
    return pairs.select(pl.format("{} to {}", "entry", "goal").alias("capability"), "entry", "goal")


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
    edges: pl.DataFrame,
    calls: pl.DataFrame,
    flow_counts: pl.DataFrame,
    *,
    tested: pl.DataFrame,
    removed: Collection[str] = (),
) -> pl.DataFrame:
    """One row per flow (object_type, entry, goal) of `flow_counts`: traces and its structure (PATHS).

    The graph of a flow is its edges that occur in at least 3 traces. ``single_points``: its dominators from entry to
    goal, and the systems that answered a request in at least 99.9% of its traces (of at least 300); entry, goal and
    partners that nothing names excluded. ``cut``: one smallest set of systems between entry and goal, empty when an
    edge leads straight to the goal, null when the edges show no way there. A system is left out of both when every
    edge into it has a tested fallback (`tested`: source, target, age_days), and is ``replaced``: the business goes on
    without it. ``oldest_test_days``: how long ago the oldest test was on which that rests. Without the `removed`
    systems that no fallback replaces there may be new single points; where no way is left the cut is null, and what was
    needed for the goal still is.
    """
    covered = {(source, target): days for source, target, days in tested.iter_rows()}
    graphs = _grouped(edges.filter(pl.col("traces") >= MIN_EDGE_TRACES), ["source", "target"])
    called = _grouped(_always_called(calls, flow_counts), ["system"])
    rows = []
    for flow in flow_counts.select(FLOW).iter_rows():
        ways = graphs.get(flow, [])
        replaced = _replaced(ways, covered.keys())
        ages = [covered[edge] for edge in ways if edge[1] in replaced]
        always = {system for (system,) in called.get(flow, [])} - {flow[1], flow[2]} - replaced
        gone = missing(removed, replaced, entry=flow[1], goal=flow[2])
        left = [edge for edge in ways if gone.isdisjoint(edge)]
        points, cut = needed(left, entry=flow[1], goal=flow[2], replaced=replaced)
        if gone & always:
            cut = None
        if cut is None:
            points, _ = needed(ways, entry=flow[1], goal=flow[2], replaced=replaced)
        rows.append((*flow, sorted(points | always), cut, sorted(replaced), max(ages, default=None)))
    structures = pl.DataFrame(rows, schema=PATHS, orient="row")
    return flow_counts.join(structures, on=FLOW, how="left", nulls_equal=True).sort(FLOW, nulls_last=True)


def missing(removed: Collection[str], replaced: Collection[str], *, entry: str, goal: str) -> set[str]:
    """Those of the `removed` systems for which nothing stands in; nothing does for `entry` and `goal`."""
    return set(removed) - (set(replaced) - {entry, goal})


def _always_called(calls: pl.DataFrame, flow_counts: pl.DataFrame) -> pl.DataFrame:
    of = calls.join(flow_counts.rename({"traces": "all_traces"}), on=FLOW, nulls_equal=True)
    share = pl.col("traces") / pl.col("all_traces")
    always = (pl.col("all_traces") >= ALWAYS_CALLED_TRACES) & (share >= ALWAYS_CALLED_SHARE)
    return of.filter(always, is_named(pl.col("system")))


def _grouped(facts: pl.DataFrame, columns: list[str]) -> dict[tuple, list[tuple]]:
    parts = facts.sort(*FLOW, *columns).partition_by(FLOW, as_dict=True, maintain_order=True)
    return {flow: part.select(columns).rows() for flow, part in parts.items()}


def _replaced(edges: Iterable[Edge], covered: Collection[Edge]) -> set[str]:
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
    leading = ways.subgraph((nx.descendants(ways, entry) & nx.ancestors(ways, goal)) | {entry, goal})
    above = nx.immediate_dominators(leading, entry)
    dominators, system = [], above[goal]
    while system != entry:
        dominators.append(system)
        system = above[system]
    # A single dominator is a smallest cut, and no flow through the whole graph has to be worked out.
    cut = dominators[:1] or nx.minimum_node_cut(leading, entry, goal)
    return set(dominators), sorted(cut)
