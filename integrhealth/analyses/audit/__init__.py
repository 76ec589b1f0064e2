"""The integration audit: what people claim about their integrations, beside what the data say.

It asks all other reports, and people what only people can answer: that is asked and dated, never scored from data.
"""

from typing import TYPE_CHECKING

from integrhealth.analyses.audit.answers.findings import answer_findings
from integrhealth.analyses.audit.answers.notes import answer_notes
from integrhealth.analyses.audit.answers.questions import answers, debt, interest
from integrhealth.analyses.audit.five_questions.findings import five_question_findings
from integrhealth.analyses.audit.five_questions.notes import five_question_notes
from integrhealth.analyses.audit.five_questions.questions import five_questions, practices, questionnaire
from integrhealth.analyses.audit.outcomes.findings import outcome_findings
from integrhealth.analyses.audit.outcomes.notes import outcome_notes
from integrhealth.analyses.audit.outcomes.questions import outcome_days, outcomes
from integrhealth.analyses.audit.tables import NAME, TABLES
from integrhealth.language.findings import ranked
from integrhealth.language.questions import answers as tables_of
from integrhealth.language.report_tables import Report, published_report
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

__all__ = [
    "answers",
    "debt",
    "five_questions",
    "interest",
    "outcome_days",
    "outcomes",
    "practices",
    "questionnaire",
    "report",
]


def __dir__() -> list[str]:
    return __all__


def report(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> Report:
    """All published tables of the audit, its findings, and why a table is empty.

    >>> ih.audit.report(evidence).findings.select("severity", "rule").head(2).rows()
    [('warning', 'integration_debt'), ('warning', 'claim_contradicted')]
    """
    tables = tables_of(evidence, globals(), min_messages=min_messages)
    judged = [
        answer_findings(tables["answers"], tables["debt"]),
        *five_question_findings(tables["five_questions"]),
        *outcome_findings(tables["outcomes"], evidence.catalog.integrations),
    ]
    notes = (
        answer_notes(tables["answers"], tables["interest"], tables["debt"])
        | five_question_notes(tables)
        | outcome_notes(tables)
    )
    return published_report(NAME, TABLES, tables, ranked(judged), notes=notes)
