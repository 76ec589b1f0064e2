"""What each capability of the business depends on, and how often it came through: flows with their structure."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from integrhealth.analyses.dependency_fragility import flows, structure
from integrhealth.analyses.dependency_fragility.flows import FLOW
from integrhealth.analyses.dependency_fragility.suppositions import suppositions
from integrhealth.language.period import period
from integrhealth.language.schema import COUNT, NUMBER
from integrhealth.language.thresholds import MIN_MESSAGES

COLUMNS = ("cut", "fragile", "single_points", "oldest_test_days", "entry", "goal", "object_types", "traces")
# How often the traces of a capability came through.
SEEN = {"came_through": NUMBER, "came_through_low": NUMBER, "came_through_high": NUMBER} | dict.fromkeys(
    ("completed", "lost", "undecided"), COUNT
)


@dataclass(frozen=True)
class Asked:
    """The path questions that traffic or catalog ask: the flows of each capability and their structure.

    ``questions`` say which flows are a capability (capability, object_type, entry, goal), ``judged`` is the structure
    of each flow, ``declared`` whether the catalog asks. The others are the frames of ``flows`` of these names.
    """

    steps: pl.DataFrame
    journeys: pl.DataFrame
    flows: pl.DataFrame
    questions: pl.DataFrame
    judged: pl.DataFrame
    declared: pl.DataFrame


def asked(linked: pl.DataFrame, *, catalog: Any, dependencies: pl.DataFrame) -> Asked:
    """The capabilities of the `catalog`, and only without any those found in the traffic, with their structure.

    A declared capability without traces is judged on the `dependencies` frame instead. Without a message and without a
    declared capability that frame asks by itself (``structure.ends``). What is asked is what is asked today, also where
    systems are supposed to be gone: what then has no way is what falls.
    """
    declared = catalog.capabilities.select("capability", "entry", "goal").drop_nulls()
    if declared.is_empty() and linked.is_empty():
        declared = structure.ends(dependencies)
    steps = flows.steps(linked)
    journeys = flows.journeys(steps)
    answered = flows.flows(journeys, steps, asked=declared if declared.height else None)
    counted, edges = flows.flow_facts(answered), flows.edge_facts(answered, steps)
    if declared.height:
        unseen = structure.unseen(declared, counted)
        counted = pl.concat([counted, unseen])
        edges = pl.concat([edges, structure.declared_edges(dependencies, unseen)])
        questions = counted.join(declared, on=["entry", "goal"]).select("capability", *FLOW)
    else:
        questions = flows.common(counted)
        counted = counted.join(questions, on=FLOW, how="semi", nulls_equal=True)
    tested = structure.tested_fallbacks(catalog.integrations, last_sent_at=last_sent_at(linked))
    removed = suppositions(catalog.supposed).removed
    judged = structure.structure(edges, flows.call_facts(answered, steps), counted, tested=tested, removed=removed)
    return Asked(steps, journeys, answered, questions, judged, declared)


def last_sent_at(messages: pl.DataFrame) -> object:
    """The moment from which ages are counted: that of the last message; None without any."""
    _, last = period(messages["sent_at"]) or (None, None)
    return last


def capabilities(asked: Asked, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per capability, the busiest first: what it depends on and how often it came through.

    A capability served for several object types is judged for each of them: ``single_points`` are those of any type,
    ``cut`` is the smallest. ``fragile``: the cut is one system. ``traces`` are those whose edges drew the graph.
    """
    rates = flows.availability_of_capabilities(
        flows.beginning_facts(asked.journeys),
        flows.visit_facts(asked.journeys, asked.steps),
        asked=asked.declared if asked.declared.height else asked.questions,
        min_messages=min_messages,
    )
    return (
        _over_types(asked.questions.join(asked.judged, on=FLOW, nulls_equal=True))
        .join(rates, on="capability", how="left")
        .with_columns(pl.col("completed", "lost", "undecided").fill_null(0))
        .select("capability", *COLUMNS, *SEEN)
        .sort("traces", "capability", descending=[True, False])
    )


def _over_types(judged: pl.DataFrame) -> pl.DataFrame:
    """`judged` flows brought together per capability."""
    size = pl.col("cut").list.len()
    ordered = judged.sort(pl.when(size > 0).then(size), pl.col("cut").list.join("\0"), nulls_last=True)
    points = pl.col("single_points").explode(empty_as_null=False, keep_nulls=False)
    return (
        ordered.group_by("capability", maintain_order=True)
        .agg(
            pl.col("entry", "goal").first(),
            pl.col("cut").drop_nulls().first(),
            points.unique().sort().alias("single_points"),
            pl.col("object_type").drop_nulls().unique().sort().alias("object_types"),
            pl.col("traces").sum(),
            pl.col("oldest_test_days").max(),
        )
        .with_columns(fragile=pl.col("cut").list.len() == 1)
    )
