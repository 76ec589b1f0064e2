"""Error propagation: when something goes wrong once, how far does it go, and what would have stopped it?

How errors spread, where they began, which wrong values travelled without an error, what retries made of it, where a
hold would have paid, and which errors the logs tell by themselves. Each table is one call on evidence, with the name
of the table; ``report`` asks them all.
"""

from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.error_propagation.error_times.findings import timing_findings
from integrhealth.analyses.error_propagation.error_times.questions import timing, timing_edges
from integrhealth.analyses.error_propagation.holds.findings import checkpoint_findings, friction_findings
from integrhealth.analyses.error_propagation.holds.friction import missing_costs
from integrhealth.analyses.error_propagation.holds.questions import checkpoints, friction, hold_costs
from integrhealth.analyses.error_propagation.log_lines.questions import (
    logged_errors,
    logged_errors_over_time,
    none_logged,
)
from integrhealth.analyses.error_propagation.retrying.findings import retries_findings
from integrhealth.analyses.error_propagation.retrying.questions import retries, retry_layers, retry_load, retry_storms
from integrhealth.analyses.error_propagation.root_cause.findings import rootcause_findings
from integrhealth.analyses.error_propagation.root_cause.questions import root_causes, root_causes_compared
from integrhealth.analyses.error_propagation.spreading.findings import integration_findings, propagation_findings
from integrhealth.analyses.error_propagation.spreading.questions import (
    blast_radius,
    cascade_steps,
    cascades,
    edges,
    reach,
    spread,
    spread_by_integration,
    survival,
    systems,
)
from integrhealth.analyses.error_propagation.tables import NAME, TABLES
from integrhealth.analyses.error_propagation.wrong_values.contamination import nothing_detected
from integrhealth.analyses.error_propagation.wrong_values.findings import contamination_findings
from integrhealth.analyses.error_propagation.wrong_values.questions import (
    amendments,
    contaminated_edges,
    contaminated_systems,
    contamination,
    contamination_exposures,
)
from integrhealth.language.findings import ranked
from integrhealth.language.questions import answers
from integrhealth.language.report_tables import Report, published_report
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

NO_CHECKPOINTS = "No checkpoint held a message: that needs holds, or messages that name a checkpoint."
MISSING = "needs messages: traces (OTLP, Jaeger, Zipkin) or a table mapped to messages"
MISSING_BESIDES_LOGS = MISSING.replace("messages:", "messages for all but the logs:", 1)
__all__ = [
    "amendments",
    "blast_radius",
    "cascade_steps",
    "cascades",
    "checkpoints",
    "contaminated_edges",
    "contaminated_systems",
    "contamination",
    "contamination_exposures",
    "edges",
    "friction",
    "hold_costs",
    "logged_errors",
    "logged_errors_over_time",
    "reach",
    "report",
    "retries",
    "retry_layers",
    "retry_load",
    "retry_storms",
    "root_causes",
    "spread",
    "spread_by_integration",
    "survival",
    "systems",
    "timing",
    "timing_edges",
]


def __dir__() -> list[str]:
    return __all__


def report(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES, at: str | datetime | None = None) -> Report:
    """All published tables of error_propagation, its findings, and why a table is empty.

    `at` is the moment that root causes are asked of, as ISO 8601 text or a datetime, a naive one UTC; without it the
    worst hour, if one stands out.

    >>> ih.error_propagation.report(evidence).findings.select("severity", "rule").head(2).rows()
    [('critical', 'rubber_stamps'), ('critical', 'retry_storm')]
    """
    tables = answers(evidence, globals(), min_messages=min_messages, at=at)
    missing = MISSING_BESIDES_LOGS if evidence.logs.height else MISSING
    return published_report(
        NAME,
        TABLES,
        tables,
        _findings(evidence, tables, min_messages),
        notes={table: sentence for table, sentence in _notes(evidence, tables, at).items() if sentence},
        missing=missing if evidence.messages.is_empty() else None,
    )


def _findings(evidence: "Evidence", tables: dict[str, pl.DataFrame], min_messages: int) -> pl.DataFrame:
    """What the tables ask a person, worst first."""
    declared = evidence.catalog
    retried = (tables[name] for name in ("retries", "retry_storms", "retry_layers"))
    return ranked(
        [
            propagation_findings(tables["spread"], tables["systems"], tables["cascades"], declared.systems),
            integration_findings(tables["spread_by_integration"], declared.integrations),
            timing_findings(tables["timing"]),
            rootcause_findings(tables["root_causes"], declared.systems),
            retries_findings(*retried, declared.integrations, min_messages=min_messages),
            contamination_findings(tables["contamination"], declared.systems, declared.integrations),
            friction_findings(tables["friction"], declared.integrations, currency=declared.currency),
            checkpoint_findings(tables["checkpoints"], declared.integrations),
        ]
    )


def _notes(evidence: "Evidence", tables: dict[str, pl.DataFrame], at: str | datetime | None) -> dict[str, str | None]:
    """Why a table has no rows, or less than could be, or what it compares; None where there is nothing to say."""

    def empty(table: str, sentence: str) -> str | None:
        return sentence if tables[table].is_empty() else None

    loops, amended = tables["spread"]["loops"].item(), tables["amendments"]["amendments"].sum()
    cut = f"{loops:,} messages were each other's parents, directly or in a ring: these links were cut."
    return {
        "cascades": empty("cascades", "No message failed in this period."),
        "loops": cut if loops else None,
        "logged_errors": none_logged(evidence),
        "root_causes": root_causes_compared(evidence, at=at),
        "retries": "No messages, so no retries." if evidence.messages.is_empty() else None,
        "contamination": empty("contamination", nothing_detected(evidence.messages, evidence.field_changes, amended)),
        "friction": missing_costs(evidence.catalog.integrations),
        "checkpoints": empty("checkpoints", NO_CHECKPOINTS),
    }
