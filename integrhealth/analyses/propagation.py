"""Error propagation: when something goes wrong once, how far does it go, and what would have stopped it?

The report that brings the parts together: how errors spread (``spread``, ``cascades``) and its findings.
"""

from typing import TYPE_CHECKING

from integrhealth import traces
from integrhealth.analyses.cascades import cascade_facts, survival
from integrhealth.analyses.propagation_findings import propagation_findings
from integrhealth.analyses.spread import edge_facts, edges, link_facts, spread, system_facts, systems
from integrhealth.published import Report, published_report
from integrhealth.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

NAME = "error_propagation"
LATER = {
    "root_causes": "Root causes are not ranked yet by this version.",
    "retries": "Retry storms are not measured yet by this version.",
    "friction": "The value of holding messages is not measured yet by this version.",
    "checkpoints": "Checkpoints are not measured yet by this version.",
}


def report(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> Report:
    """All published tables of error_propagation, its findings, and why a table is empty."""
    caused = traces.with_causes(traces.linked(evidence.messages))
    cascades = cascade_facts(caused)
    tables = {
        "spread": spread(cascades, link_facts(caused)),
        "cascades": cascades.drop("failed_causes"),
        "systems": systems(system_facts(caused), min_messages=min_messages),
        "edges": edges(edge_facts(caused), min_messages=min_messages),
        "survival": survival(cascades),
    }
    notes = LATER | ({} if cascades.height else {"cascades": "No message failed in this period."})
    missing = None if caused.height else "needs messages: traces (OTLP, Jaeger, Zipkin) or a table mapped to messages"
    return published_report(
        NAME,
        tables,
        propagation_findings(tables, evidence.catalog.systems),
        notes=notes,
        missing=missing,
    )
