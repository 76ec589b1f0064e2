"""What each capability of the business depends on, and how often it came through: flows with their structure."""

from typing import Any

import polars as pl

from integrhealth.analyses.dependency_fragility import flows, structure
from integrhealth.analyses.dependency_fragility.flows import FLOW
from integrhealth.analyses.dependency_fragility.tables import TABLES
from integrhealth.language.period import period
from integrhealth.language.thresholds import MIN_MESSAGES

COLUMNS = (
    *TABLES["capabilities"],
    "fragile",
    "single_points",
    "entry",
    "goal",
    "object_types",
    "traces",
    "completed",
    "lost",
    "undecided",
)


def capabilities(
    linked: pl.DataFrame, *, catalog: Any, dependencies: pl.DataFrame, min_messages: int = MIN_MESSAGES
) -> pl.DataFrame:
    """One row per capability, the busiest first: what it depends on and how often it came through.

    The capabilities are those of the `catalog`, and only without any those found in the traffic. A capability served
    for several object types is judged for each of them: ``single_points`` are those of any type, ``cut`` is the
    smallest. ``fragile``: the cut is one system. ``traces`` are those whose edges drew the graph; a declared
    capability without any is judged on the `dependencies` frame instead.
    """
    declared = catalog.capabilities.select("capability", "entry", "goal").drop_nulls()
    steps = flows.steps(linked)
    journeys = flows.journeys(steps)
    asked = flows.flows(journeys, steps, asked=declared if declared.height else None)
    counted, edges = flows.flow_facts(asked), flows.edge_facts(asked, steps)
    if declared.height:
        unseen = structure.unseen(declared, counted)
        counted = pl.concat([counted, unseen])
        edges = pl.concat([edges, structure.declared_edges(dependencies, unseen)])
        questions = counted.join(declared, on=["entry", "goal"]).select("capability", *FLOW)
    else:
        questions = flows.common(counted)
        counted = counted.join(questions, on=FLOW, how="semi", nulls_equal=True)
    _, last_sent_at = period(linked["sent_at"]) or (None, None)
    tested = structure.tested_fallbacks(catalog.integrations, last_sent_at=last_sent_at)
    judged = structure.structure(edges, flows.call_facts(asked, steps), counted, tested=tested)
    rates = flows.availability_of_capabilities(
        flows.beginning_facts(journeys),
        flows.visit_facts(journeys, steps),
        asked=declared if declared.height else questions,
        min_messages=min_messages,
    )
    return (
        _over_types(questions.join(judged, on=FLOW, nulls_equal=True))
        .join(rates, on="capability", how="left")
        .with_columns(pl.col("completed", "lost", "undecided").fill_null(0))
        .select(*COLUMNS)
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
        )
        .with_columns(fragile=pl.col("cut").list.len() == 1)
    )
