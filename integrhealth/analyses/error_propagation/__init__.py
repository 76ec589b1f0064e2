"""Error propagation: when something goes wrong once, how far does it go, and what would have stopped it?

The report that brings the parts together: how errors spread, where they began, which wrong values travelled without
an error, what retries made of it, and where a hold would have paid. Each part is its tables, its findings, and the
sentences that say why a table is empty.
"""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.error_propagation.error_times.timing import no_timing, timing_findings, timing_tables
from integrhealth.analyses.error_propagation.holds.checkpoints import checkpoint_findings
from integrhealth.analyses.error_propagation.holds.findings import friction_findings
from integrhealth.analyses.error_propagation.holds.friction import missing_costs
from integrhealth.analyses.error_propagation.holds.questions import checkpoints, friction, hold_costs
from integrhealth.analyses.error_propagation.retrying.findings import retries_findings
from integrhealth.analyses.error_propagation.retrying.questions import retries, retry_layers, retry_load, retry_storms
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
from integrhealth.analyses.error_propagation.wrong_values.contamination import contamination_findings, nothing_detected
from integrhealth.analyses.error_propagation.wrong_values.questions import (
    contaminated_edges,
    contaminated_systems,
    contamination,
    contamination_exposures,
)
from integrhealth.language.findings import ranked
from integrhealth.language.report_tables import Report, published_report
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

NAME = "error_propagation"
NO_CHECKPOINTS = "No checkpoint held a message: that needs holds, or messages that name a checkpoint."
# The worst cascades that are published message by message.
SHOWN_CASCADES = 3
__all__ = [
    "checkpoints",
    "contaminated_edges",
    "contaminated_systems",
    "contamination",
    "contamination_exposures",
    "friction",
    "hold_costs",
    "report",
    "retries",
    "retry_layers",
    "retry_load",
    "retry_storms",
]
Part = tuple[dict[str, pl.DataFrame], pl.DataFrame, dict[str, str]]


def report(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> Report:
    """All published tables of error_propagation, its findings, and why a table is empty."""
    caused, entries, steps = evidence.caused, evidence.bad_entries, evidence.entry_steps
    parts = [
        _spread(evidence, caused, min_messages),
        _root_causes(evidence, entries, steps),
        _retries(evidence, min_messages),
        _wrong_values(evidence, min_messages),
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


def _retries(evidence: "Evidence", min_messages: int) -> Part:
    """What retries made of errors."""
    tables = {
        "retries": retries(evidence, min_messages=min_messages),
        "retry_storms": retry_storms(evidence),
        "retry_load": retry_load(evidence),
        "retry_layers": retry_layers(evidence, min_messages=min_messages),
    }
    names = ("retries", "retry_storms", "retry_layers")
    judged = [tables[name] for name in names]
    found = retries_findings(*judged, evidence.catalog.integrations, min_messages=min_messages)
    return tables, found, {} if evidence.messages.height else {"retries": "No messages, so no retries."}


def _wrong_values(evidence: "Evidence", min_messages: int) -> Part:
    """Wrong values that travelled as ok, what a hold would have spared of them, and what checkpoints caught."""
    catalog, minimum = evidence.catalog, {"min_messages": min_messages}
    stopped = checkpoints(evidence, **minimum)
    tables = {
        "contamination": contamination(evidence),
        "contaminated_systems": contaminated_systems(evidence, **minimum),
        "contaminated_edges": contaminated_edges(evidence),
        "contamination_exposures": contamination_exposures(evidence),
        "checkpoints": stopped,
        "friction": friction(evidence, **minimum),
        "hold_costs": hold_costs(evidence, **minimum),
    }
    found = [
        contamination_findings(tables["contamination"], catalog.systems, catalog.integrations),
        friction_findings(tables["friction"], catalog.integrations, currency=catalog.currency),
        checkpoint_findings(stopped, catalog.integrations),
    ]
    notes = {}
    if tables["contamination"].is_empty():
        notes["contamination"] = nothing_detected(evidence.messages, evidence.field_changes)
    if (costs := missing_costs(catalog.integrations)) is not None:
        notes["friction"] = costs
    if stopped.is_empty():
        notes["checkpoints"] = NO_CHECKPOINTS
    return tables, ranked(found), notes
