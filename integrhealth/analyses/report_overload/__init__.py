"""Report overload: are the reports read, which show the same, and how few would do (disease number one: data flood).

Days are those of the catalog's time zone. What the input cannot support is left out and named in ``missing``: an
inventory alone gives overlaps, deliveries alone give reports per day. People with fewer than `min_messages` deliveries
get no flood ratio.
"""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.report_overload.alerts.findings import alert_findings
from integrhealth.analyses.report_overload.alerts.notes import alert_notes
from integrhealth.analyses.report_overload.alerts.questions import alert_hours, alert_people, alert_totals, alerts
from integrhealth.analyses.report_overload.attention.questions import machine_openings, passed_on, people
from integrhealth.analyses.report_overload.cover.findings import cover_findings
from integrhealth.analyses.report_overload.cover.questions import (
    coverage,
    curation,
    handful,
    keep,
    overlaps,
    questionnaire,
    reports,
    savings,
)
from integrhealth.analyses.report_overload.findings import NAME, flood
from integrhealth.analyses.report_overload.folders import IN_A_FOLDER
from integrhealth.analyses.report_overload.gaps import gaps, notes
from integrhealth.analyses.report_overload.questions import all_people, deliveries_of, inventory_of, reads_of
from integrhealth.analyses.report_overload.red_flags.findings import unread_red_flags
from integrhealth.analyses.report_overload.red_flags.notes import red_flag_notes
from integrhealth.analyses.report_overload.red_flags.questions import (
    announced,
    flagged_deliveries,
    red_flag_share,
    red_flags,
)
from integrhealth.analyses.report_overload.tables import TABLES
from integrhealth.language.findings import ranked
from integrhealth.language.questions import answers
from integrhealth.language.report_tables import Report, published_report
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

__all__ = [
    "alert_hours",
    "alert_people",
    "alert_totals",
    "alerts",
    "announced",
    "coverage",
    "curation",
    "handful",
    "keep",
    "machine_openings",
    "overlaps",
    "passed_on",
    "people",
    "questionnaire",
    "red_flag_share",
    "red_flags",
    "report",
    "reports",
    "savings",
]


def __dir__() -> list[str]:
    return __all__


def report(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> Report:
    """All published tables of report_overload, its findings, and why a table is empty.

    >>> ih.report_overload.report(evidence).findings.select("severity", "rule").head(2).rows()
    [('critical', 'flood'), ('critical', 'spare_reports')]
    """
    tables = answers(evidence, globals(), min_messages=min_messages)
    whole = all_people(evidence, min_messages=min_messages)
    catalog, stock = evidence.catalog, inventory_of(evidence)
    reaching = tables["reports"].filter(pl.col("why") != IN_A_FOLDER)
    judged = [
        flood(whole, reaching),
        *cover_findings(reaching, tables["keep"]),
        unread_red_flags(tables["announced"], integrations=catalog.integrations, systems=catalog.systems, stock=stock),
        *alert_findings(tables["alerts"], tables["alert_totals"], stock=stock, integrations=catalog.integrations),
    ]
    lacking = gaps(stock, deliveries_of(evidence), evidence.reads, by_people=reads_of(evidence))
    return published_report(
        NAME,
        TABLES,
        tables,
        ranked(judged),
        notes=notes(tables, lacking)
        | alert_notes(tables)
        | red_flag_notes(
            tables,
            flagged=flagged_deliveries(evidence),
            incident_events=evidence.incident_events,
            reads=evidence.reads,
        ),
        missing=f"needs {'; '.join(remedy for _, remedy in lacking)}" if lacking else None,
    )
