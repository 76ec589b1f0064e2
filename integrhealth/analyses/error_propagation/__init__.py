"""Error propagation: when something goes wrong once, how far does it go, and what would have stopped it?

The report that brings the parts together: how errors spread, where they began, which wrong values travelled without
an error, what retries made of it, and where a hold would have paid. Each part is its tables, its findings, and the
sentences that say why a table is empty.
"""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.error_propagation.error_times.timing import no_timing, timing_findings, timing_tables
from integrhealth.analyses.error_propagation.holds.checkpoints import checkpoint_findings, checkpoints
from integrhealth.analyses.error_propagation.holds.findings import friction_findings
from integrhealth.analyses.error_propagation.holds.friction import friction_tables, missing_costs
from integrhealth.analyses.error_propagation.retrying.findings import retries_findings
from integrhealth.analyses.error_propagation.retrying.retries import retry_tables
from integrhealth.analyses.error_propagation.root_cause.of_worst_hour import report_root_causes, rootcause_findings
from integrhealth.analyses.error_propagation.spreading.blast_radius import blast_radius
from integrhealth.analyses.error_propagation.spreading.cascade_steps import cascade_steps
from integrhealth.analyses.error_propagation.spreading.cascades import cascade_facts, reach, reach_facts, survival
from integrhealth.analyses.error_propagation.spreading.findings import integration_findings, propagation_findings
from integrhealth.analyses.error_propagation.spreading.spread import (
    edge_facts,
    edges,
    integration_cascades,
    integration_facts,
    link_facts,
    spread,
    spread_by_integration,
    system_facts,
    systems,
)
from integrhealth.analyses.error_propagation.tables import TABLES
from integrhealth.analyses.error_propagation.wrong_values.contamination import (
    contamination_findings,
    contamination_tables,
    nothing_noticed,
)
from integrhealth.bad_entries.entries import bad_entries, entry_steps
from integrhealth.language.findings import ranked
from integrhealth.language.report_tables import Report, published_report
from integrhealth.language.thresholds import MIN_MESSAGES
from integrhealth.traces import links

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

NAME = "error_propagation"
NO_CHECKPOINTS = "No checkpoint held a message: that needs holds, or messages that name a checkpoint."
# The worst cascades that are published message by message.
SHOWN_CASCADES = 3
Part = tuple[dict[str, pl.DataFrame], pl.DataFrame, dict[str, str]]


def report(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> Report:
    """All published tables of error_propagation, its findings, and why a table is empty."""
    linked = links.linked(evidence.messages)
    caused = links.with_causes(linked)
    entries = bad_entries(caused, evidence.field_changes, evidence.holds)
    steps = entry_steps(caused, entries)
    parts = [
        _spread(evidence, caused, min_messages),
        _root_causes(evidence, entries, steps),
        _retries(evidence, linked, min_messages),
        _wrong_values(evidence, caused, entries, steps, min_messages),
    ]
    tables, found, notes = zip(*parts, strict=True)
    missing = None if caused.height else "needs messages: traces (OTLP, Jaeger, Zipkin) or a table mapped to messages"
    return published_report(
        NAME,
        TABLES,
        {name: table for part in tables for name, table in part.items()},
        ranked(found),
        notes={name: note for part in notes for name, note in part.items()},
        missing=missing,
    )


def _spread(evidence: "Evidence", caused: pl.DataFrame, min_messages: int) -> Part:
    """How far errors spread, along parent links; where no parent is found, judged by the times of errors."""
    cascades = cascade_facts(caused, evidence.incident_events)
    links = link_facts(caused)
    whole = spread(cascades, links)
    by_time = whole["verdict"].item() == "no links"
    tables = {
        "spread": whole,
        "cascades": cascades.drop("failed_causes"),
        "systems": systems(system_facts(caused), min_messages=min_messages),
        "edges": edges(edge_facts(caused), min_messages=min_messages),
        "survival": survival(cascades),
        "spread_by_integration": spread_by_integration(integration_facts(caused), integration_cascades(caused), links),
        "reach": reach(reach_facts(caused), min_messages=min_messages),
        "cascade_steps": cascade_steps(caused, cascades, top=SHOWN_CASCADES),
        "blast_radius": blast_radius(caused, cascades, min_messages=min_messages),
        **(timing_tables(evidence.messages, evidence.dependencies) if by_time else no_timing()),
    }
    found = [
        propagation_findings(tables, evidence.catalog.systems),
        integration_findings(tables["spread_by_integration"], evidence.catalog.integrations),
        timing_findings(tables["timing"]),
    ]
    notes = {} if cascades.height else {"cascades": "No message failed in this period."}
    if loops := whole["loops"].item():
        notes["loops"] = f"{loops:,} messages were each other's parents, directly or in a ring: these links were cut."
    return tables, ranked(found), notes


def _root_causes(evidence: "Evidence", entries: pl.DataFrame, steps: pl.DataFrame) -> Part:
    """Where the worst hour began, or the sentence that says why nobody is named."""
    causes, why = report_root_causes(evidence, entries, steps)
    found = rootcause_findings(causes, evidence.catalog.systems)
    return {"root_causes": causes}, found, {} if why is None else {"root_causes": why}


def _retries(evidence: "Evidence", linked: pl.DataFrame, min_messages: int) -> Part:
    """What retries made of errors."""
    tables = retry_tables(linked, min_messages=min_messages)
    names = ("retries", "retry_storms", "retry_layers")
    judged = [tables[name] for name in names]
    found = retries_findings(*judged, evidence.catalog.integrations, min_messages=min_messages)
    return tables, found, {} if linked.height else {"retries": "No messages, so no retries."}


def _wrong_values(
    evidence: "Evidence", caused: pl.DataFrame, entries: pl.DataFrame, steps: pl.DataFrame, min_messages: int
) -> Part:
    """Wrong values that travelled as ok, what a hold would have spared of them, and what checkpoints caught."""
    catalog, minimum = evidence.catalog, {"min_messages": min_messages}
    stopped = checkpoints(evidence.messages, evidence.holds, entries, catalog.checkpoints, **minimum)
    tables = {
        **contamination_tables(entries, steps, **minimum),
        "checkpoints": stopped,
        **friction_tables(caused, entries, steps, stopped, catalog.integrations, **minimum),
    }
    found = [
        contamination_findings(tables["contamination"], catalog.systems, catalog.integrations),
        friction_findings(tables["friction"], catalog.integrations, currency=catalog.currency),
        checkpoint_findings(stopped, catalog.integrations),
    ]
    notes = {}
    if tables["contamination"].is_empty():
        notes["contamination"] = nothing_noticed(evidence.messages, evidence.field_changes)
    if (costs := missing_costs(catalog.integrations)) is not None:
        notes["friction"] = costs
    if stopped.is_empty():
        notes["checkpoints"] = NO_CHECKPOINTS
    return tables, ranked(found), notes
