"""Collaboration: whether the teams talk whose systems do (disease number four: the human bypass).

Teams only, and none of fewer than five people: no person is named or counted alone. What goes together is called an
association, and nothing here promises an outcome.
"""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.collaboration.contacts.findings import contact_findings
from integrhealth.analyses.collaboration.contacts.notes import contact_notes
from integrhealth.analyses.collaboration.contacts.questions import (
    bypass,
    bypass_index,
    congruence,
    pairs,
    sparked,
    sparked_by_findings,
)
from integrhealth.analyses.collaboration.golive.findings import silent_golives
from integrhealth.analyses.collaboration.golive.notes import golive_notes
from integrhealth.analyses.collaboration.golive.questions import golive, golive_weeks
from integrhealth.analyses.collaboration.joint_kpi.findings import joint_kpi_lateness
from integrhealth.analyses.collaboration.joint_kpi.notes import joint_kpi_notes
from integrhealth.analyses.collaboration.joint_kpi.questions import (
    joint_kpi,
    joint_kpi_pairs,
    joint_kpi_rates,
    perfect_order,
)
from integrhealth.analyses.collaboration.questions import heard_teams_of, shown_teams_of
from integrhealth.analyses.collaboration.rituals.findings import ritual_findings
from integrhealth.analyses.collaboration.rituals.notes import ritual_notes
from integrhealth.analyses.collaboration.rituals.questions import meetings_are_named, ritual_weeks, rituals
from integrhealth.analyses.collaboration.tables import NAME, TABLES
from integrhealth.language.findings import ranked
from integrhealth.language.questions import answers
from integrhealth.language.report_tables import Report, published_report
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

MISSING = "needs contacts (at, team_a, team_b), or stages of orders, and a catalog with teams and systems"
__all__ = [
    "bypass",
    "bypass_index",
    "congruence",
    "golive",
    "golive_weeks",
    "joint_kpi",
    "joint_kpi_pairs",
    "joint_kpi_rates",
    "pairs",
    "perfect_order",
    "report",
    "ritual_weeks",
    "rituals",
    "sparked",
    "sparked_by_findings",
]


def __dir__() -> list[str]:
    return __all__


def report(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES, earlier: pl.DataFrame | None = None) -> Report:
    """All published tables of collaboration, its findings, and why a table is empty.

    `earlier` are the findings of earlier runs (`ih.earlier_findings`): what they sparked stands in ``sparked`` too.

    >>> ih.collaboration.report(evidence).findings.select("severity", "rule").head(2).rows()
    [('warning', 'bypass'), ('warning', 'bypass')]
    """
    tables = answers(evidence, globals(), min_messages=min_messages)
    if earlier is not None:
        tables["sparked"] = pl.concat([tables["sparked"], sparked_by_findings(evidence, earlier)])
    integrations, contacts, says = evidence.catalog.integrations, evidence.contacts, meetings_are_named(evidence)
    judged = [
        *contact_findings(tables["bypass"], tables["congruence"], integrations=integrations),
        silent_golives(tables["golive"], integrations=integrations),
        *ritual_findings(tables["rituals"], named=says),
        joint_kpi_lateness(NAME, tables["joint_kpi_rates"], tables["joint_kpi"]),
    ]
    shown, heard = shown_teams_of(evidence), heard_teams_of(evidence)
    notes = (
        contact_notes(tables, contacts=contacts, shown_teams=shown, heard_teams=heard)
        | golive_notes(tables["golive"], contacts=contacts, integrations=integrations)
        | ritual_notes(tables["rituals"], declared=evidence.catalog.rituals, contacts=contacts, named=says)
        | joint_kpi_notes(tables, stages=evidence.stages)
    )
    answered = contacts.height or evidence.stages.height
    return published_report(NAME, TABLES, tables, ranked(judged), notes=notes, missing=None if answered else MISSING)
