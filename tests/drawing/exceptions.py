"""Logs of a flow from order to invoice, row by row, and what is said of its exceptions."""

from datetime import UTC, datetime, timedelta

import polars as pl

import integrhealth as ih
from integrhealth.analyses.reconciliation.exceptions.findings import exception_findings
from integrhealth.analyses.reconciliation.exceptions.questions import exception_failures, exceptions
from integrhealth.language.findings import ranked
from integrhealth.language.schema import TIME

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
COLUMNS = ("object_type", "object_id", "operation", "status", "minute")


def messages(rows):
    """`rows` of COLUMNS, and what else a dictionary at the end says, as messages from the shop to the books."""
    made = []
    for number, row in enumerate(rows):
        extra = row[len(COLUMNS)] if len(row) > len(COLUMNS) else {}
        one = dict(zip(COLUMNS, row, strict=False)) | {"message_id": f"m{number}", "integration": "erp-books"}
        one |= {"source": "shop", "target": "books", "kind": "request"} | extra
        one["sent_at"] = START + one.pop("minute") * MINUTE
        made.append(one | {"answered_at": one["sent_at"] + MINUTE} if one["status"] != "pending" else one)
    return pl.DataFrame(made, infer_schema_length=None)


def logs(rows, **frames):
    return ih.Evidence(messages=messages(rows), **frames)


def documents(rows):
    """`rows` are document, line, type, quantity and, of what follows, preceding document and line."""
    columns = ("document", "line", "type", "quantity", "preceding", "preceding_line", "unit")
    made = [dict(zip(columns, row, strict=False)) | {"created_at": START} for row in rows]
    return pl.DataFrame(made, schema=dict.fromkeys(columns, pl.String) | {"quantity": pl.Float64, "created_at": TIME})


def happy(kind, count, *, failing=0, step="post"):
    """So many objects of a kind that show no exception; the first ones fail for good."""
    return [(kind, f"{kind}-{n}", step, "failed" if n < failing else "ok", n) for n in range(count)]


def row(evidence, name, **options):
    return exceptions(evidence, **options).row(by_predicate=pl.col("type") == name, named=True)


def said(evidence):
    found = exception_findings(
        exceptions(evidence), exception_failures(evidence), integrations=evidence.catalog.integrations
    )
    return ranked(found)
