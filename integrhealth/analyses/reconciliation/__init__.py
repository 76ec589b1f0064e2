"""Reconciliation: whether what was sent arrived exactly once, left a trail, and kept its meaning.

From one log of both ends, from two logs that share a business key (``receipts``), and from business documents. What
the input cannot support is left out and said in ``missing``.
"""

from typing import TYPE_CHECKING

from integrhealth.analyses.reconciliation.documents.findings import book_findings, document_findings
from integrhealth.analyses.reconciliation.documents.notes import document_notes
from integrhealth.analyses.reconciliation.documents.questions import books, document_gaps, document_steps, documents
from integrhealth.analyses.reconciliation.exceptions.findings import exception_findings
from integrhealth.analyses.reconciliation.exceptions.notes import exception_notes
from integrhealth.analyses.reconciliation.exceptions.questions import exception_failures, exceptions, variants
from integrhealth.analyses.reconciliation.tables import NAME, TABLES
from integrhealth.analyses.reconciliation.trail.findings import trail_findings
from integrhealth.analyses.reconciliation.trail.notes import trail_notes
from integrhealth.analyses.reconciliation.trail.questions import trail, trail_integrations, trail_whole
from integrhealth.analyses.reconciliation.transfers.findings import transfer_findings
from integrhealth.analyses.reconciliation.transfers.notes import transfer_notes
from integrhealth.analyses.reconciliation.transfers.questions import (
    breaks,
    duplicates,
    transfer_ages,
    transfers,
    unmatched,
)
from integrhealth.analyses.reconciliation.transfers.two_logs import two_logs
from integrhealth.analyses.reconciliation.transforms.findings import transform_findings
from integrhealth.analyses.reconciliation.transforms.notes import transform_notes
from integrhealth.analyses.reconciliation.transforms.questions import transform_fields, transforms
from integrhealth.language.findings import ranked
from integrhealth.language.questions import answers
from integrhealth.language.report_tables import Report, published_report
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

MISSING = "needs messages, or documents: orders, deliveries, invoices and payments with their predecessors"
__all__ = [
    "books",
    "breaks",
    "document_gaps",
    "document_steps",
    "documents",
    "duplicates",
    "exception_failures",
    "exceptions",
    "report",
    "trail",
    "trail_integrations",
    "trail_whole",
    "transfer_ages",
    "transfers",
    "transform_fields",
    "transforms",
    "two_logs",
    "unmatched",
    "variants",
]


def __dir__() -> list[str]:
    return __all__


def report(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> Report:
    """All published tables of reconciliation, its findings, and why a table is empty.

    >>> ih.reconciliation.report(evidence).findings.select("severity", "rule").head(2).rows()
    [('critical', 'documents_unbalanced'), ('critical', 'documents_unbalanced')]
    """
    tables = answers(evidence, globals(), min_messages=min_messages)
    catalog = evidence.catalog
    integrations = catalog.integrations
    judged = [
        *trail_findings(tables["trail_integrations"], integrations=integrations, min_messages=min_messages),
        *transfer_findings(tables["transfers"], integrations, currency=catalog.currency),
        document_findings(tables["documents"], systems=catalog.systems, currency=catalog.currency),
        book_findings(tables["books"], integrations=integrations, currency=catalog.currency),
        *exception_findings(tables["exceptions"], tables["exception_failures"], integrations=integrations),
        *transform_findings(tables["transforms"], tables["transform_fields"], integrations=integrations),
    ]
    notes = (
        trail_notes(tables)
        | transfer_notes(tables)
        | document_notes(tables, documents=evidence.documents, integrations=integrations)
        | exception_notes(tables)
        | transform_notes(tables)
    )
    answered = evidence.messages.height or evidence.documents.height or evidence.receipts.height
    return published_report(NAME, TABLES, tables, ranked(judged), notes=notes, missing=None if answered else MISSING)
