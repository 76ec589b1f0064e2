"""The unified audit log of Microsoft 365 (Purview): records of the management API, or a search exported as CSV or JSON.

A record is one thing that a person or an application did in a workload (Exchange, SharePoint, AzureActiveDirectory).
An export of a search has the record as JSON text in the column AuditData. A file of nothing but Power BI is that of
``powerbi_activity``; among other workloads its openings of reports are reads too.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import Value, loaded
from integrhealth.reading.records.nested import Fields, Found, Record, Refused, nested_format
from integrhealth.reading.table.files import column_names
from integrhealth.reading.table.table_records import table_records
from integrhealth.reading.table.wrapped import wrapped_names

RECORD = {"CreationTime", "Operation", "Workload", "RecordType", "UserId"}
SEARCHES = ({"auditdata", "operations"}, {"auditdata", "operation"})
WORKLOAD = re.compile(rb'"Workload"\s*:\s*"([^"]*)"')
AUDIT_DATA = "auditdata"
POWER_BI = "powerbi"
# A sign-in that failed says that writing it down was a success.
REFUSED_SIGN_IN = "UserLoginFailed"
NO_ERROR = ("", "0", None)


def recognises(head: Head) -> bool:
    """Records of some workload other than Power BI, or a search with its audit data."""
    start = head.start
    if b"auditdata" in start.lower():
        names = {name.casefold() for name in wrapped_names(head) or column_names(head)}
        return any(columns <= names for columns in SEARCHES)
    others = any(workload.lower() != POWER_BI.encode() for workload in WORKLOAD.findall(start))
    return others and set(wrapped_names(head) or column_names(head)) >= RECORD


def records(path: Path) -> Iterator[Found]:
    """Every record, of a search what its audit data say."""
    for each in table_records(path):
        yield _record(*each) if isinstance(each, Value) else each


def _record(line: int | None, row: Fields) -> Found:
    written = next((value for name, value in row.items() if name.casefold() == AUDIT_DATA), row)
    try:
        audit = loaded(written) if isinstance(written, str) else written
    except ValueError as error:
        return Refused(line, f"no JSON: {error}", written)
    if not isinstance(audit, dict):
        return Refused(line, "not_an_object", written)
    if str(audit.get("Workload")).casefold() == POWER_BI:
        return Record(line, (("powerbi", audit | {"Activity": audit.get("Activity") or audit.get("Operation")}),))
    return Record(line, (("activity", audit | _outcome(audit)),))


def _outcome(audit: Fields) -> Fields:
    """How it ended, and why if not well."""
    if audit.get("Operation") == REFUSED_SIGN_IN:
        code = _first(audit, "LogonError", "ErrorNumber", "ErrorCode")
        return {"status": "rejected", "error_code": code}
    status = _first(audit, "ResultStatus")
    if str(status).casefold() in ("failed", "failure", "false"):
        code = _first(audit, "ErrorCode", "ErrorNumber", "ResultCode")
        return {"status": status, "error_code": code, "error_text": _first(audit, "ErrorMessage", "ResultReason")}
    return {"status": status}


def _first(audit: Fields, *names: str) -> Any:
    return next((value for name in names if (value := audit.get(name)) not in NO_ERROR), None)


FORMAT = nested_format(
    "o365_audit",
    "Microsoft 365 (Purview) audit log: records of the management API, or a search with its AuditData",
    recognises=recognises,
    records=records,
)
