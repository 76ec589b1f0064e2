"""Accountability: where the truth lives, and who answers for it (disease number two: the accountability fog).

Values are compared by what logs say of them (``field_changes``), incidents by the steps of their tickets, owners by
the catalog and by what they were seen to do. What the input cannot support is left out and said in ``missing``.
"""

from typing import TYPE_CHECKING

from integrhealth.analyses.accountability.blame.findings import blame_findings
from integrhealth.analyses.accountability.blame.notes import blame_notes
from integrhealth.analyses.accountability.blame.questions import (
    accusations,
    blame,
    blame_cases,
    blame_coverage,
    wrongly_accused,
)
from integrhealth.analyses.accountability.incidents.findings import incident_findings
from integrhealth.analyses.accountability.incidents.notes import incident_notes
from integrhealth.analyses.accountability.incidents.questions import (
    first_touches,
    handovers,
    incident_phases,
    incidents,
    owner_effect,
    support_lines,
    wanderings,
)
from integrhealth.analyses.accountability.owners.findings import owner_findings
from integrhealth.analyses.accountability.owners.notes import owner_notes
from integrhealth.analyses.accountability.owners.questions import owners, owning_people
from integrhealth.analyses.accountability.tables import NAME, TABLES
from integrhealth.analyses.accountability.truth_home.findings import truth_findings
from integrhealth.analyses.accountability.truth_home.notes import truth_notes
from integrhealth.analyses.accountability.truth_home.questions import (
    carried,
    conflicts,
    disagreements,
    elements,
    laundering,
    walk,
)
from integrhealth.language.findings import ranked
from integrhealth.language.questions import answers
from integrhealth.language.report_tables import Report, published_report
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

MISSING = "needs field_changes, incident_events, a catalog with owners, or messages"
__all__ = [
    "accusations",
    "blame",
    "blame_coverage",
    "carried",
    "conflicts",
    "disagreements",
    "elements",
    "first_touches",
    "handovers",
    "incident_phases",
    "incidents",
    "laundering",
    "owner_effect",
    "owners",
    "owning_people",
    "report",
    "support_lines",
    "walk",
    "wanderings",
    "wrongly_accused",
]


def __dir__() -> list[str]:
    return __all__


def report(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> Report:
    """All published tables of accountability, its findings, and why a table is empty.

    >>> ih.accountability.report(evidence).findings.select("severity", "rule").head(2).rows()
    [('warning', 'two_truths'), ('warning', 'laundering')]
    """
    tables = answers(evidence, globals(), min_messages=min_messages)
    integrations, events = evidence.catalog.integrations, evidence.incident_events
    judged = [
        *truth_findings(tables, integrations=integrations),
        *incident_findings(tables["incidents"], tables["handovers"], tables["owner_effect"], integrations=integrations),
        owner_findings(tables["owners"], tables["owning_people"], integrations=integrations),
        blame_findings(tables["wrongly_accused"], blame_cases(evidence), evidence.catalog.systems),
    ]
    notes = (
        truth_notes(tables, field_changes=evidence.field_changes)
        | incident_notes(tables, incident_events=events, teams=evidence.catalog.teams)
        | owner_notes(tables, incident_events=events)
        | blame_notes(tables["blame_coverage"])
    )
    answered = any(tables[table].height for table in ("elements", "incidents", "owners"))
    return published_report(NAME, TABLES, tables, ranked(judged), notes=notes, missing=None if answered else MISSING)
