"""The activity log of Azure: what was asked of the control plane, and how it ended.

The same events come from the REST API and the command line (``eventTimestamp``, or ``event_timestamp`` from Python,
values as ``{"value", "localizedValue"}``), from diagnostic settings (``time``, ``resultType``), from Log Analytics
(AzureActivity) and as CSV of the portal. Events that share a correlation id belong to one action that somebody took,
the trace; those that share an operation id, or else the operation and the resource, are steps of one operation, the
message. Health, alerts, security and advice are no operations: they are passed over.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.formats.azure_portal import portal_names, portal_records
from integrhealth.reading.json.values import Value, field, loaded
from integrhealth.reading.records.nested import Fields, Found, Record, nested_format

COLUMNS = (
    {"correlationid", "operationname", "eventtimestamp"},
    {"correlationid", "operationname", "eventcategory", "eventinitiatedby"},
    {"correlationid", "operationnamevalue", "activitystatusvalue"},
)
CORRELATION = re.compile(rb"correlation[ _]?id", re.IGNORECASE)
# Categories of events that are steps of an operation; Action, Write and Delete are what Administrative was before.
OPERATIONS = ("administrative", "autoscale", "policy", "action", "write", "delete")
FAILED = ("failed", "failure")
ASKED_BY, CONTROL_PLANE = "client", "Azure Resource Manager"


def recognises(head: Head) -> bool:
    """A table or JSON with the fields that the log has in one of its shapes."""
    if not CORRELATION.search(head.start):  # a document is read whole for its names
        return False
    names = {_plain(name.split(".")[0]) for name in portal_names(head)}
    return any(columns <= names for columns in COLUMNS)


def records(path: Path) -> Iterator[Found]:
    """Every event of an operation."""
    for each in portal_records(path):
        if not isinstance(each, Value):
            yield each
            continue
        event = operation_event(each.value)
        yield Record(each.line, () if event is None else (("event", event),))


def operation_event(event: Mapping[str, Any]) -> Fields | None:
    """What an event says of its operation; None for one of another category."""
    said = {_plain(name): _value(value) for name, value in event.items()}
    category = _first(said, "category", "eventcategory", "categoryvalue")
    if category is not None and str(category).casefold() not in OPERATIONS:
        return None
    operation = _first(said, "operationnamevalue", "operationname")
    resource = _first(said, "resourceid", "resource")
    correlation, status = said.get("correlationid"), _first(said, "status", "activitystatusvalue", "resulttype")
    parts = (correlation, operation, resource)
    shared = "/".join(str(part) for part in parts if part is not None) if correlation is not None else None
    provider = _first(said, "resourceprovidername", "resourceprovidervalue") or str(operation or "").partition("/")[0]
    failed = str(status).casefold() in FAILED
    return {
        "message_id": said.get("operationid") or shared,
        "trace_id": correlation,
        "source": ASKED_BY,
        # The portal calls operations by words, which name no provider.
        "target": provider if "." in str(provider) else CONTROL_PLANE,
        "operation": operation,
        "object_type": said.get("resourcetype"),
        "object_id": resource,
        "time": _first(said, "eventtimestamp", "timegenerated", "time"),
        "status": status,
        "error_code": _first(said, "substatus", "activitysubstatusvalue", "resultsignature") if failed else None,
        "error_text": _reason(event.get("properties")) if failed else None,
        "actor": _first(said, "caller", "eventinitiatedby"),
    }


def _reason(properties: Any) -> Any:
    """The message of the error, JSON inside the properties, or as plain text."""
    message = field(_object(properties), "statusMessage")
    return field(_object(message), "error", "message") or message


def _object(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return loaded(value)
    except ValueError:
        return None


def _value(value: Any) -> Any:
    """What a field holds: of a word shown in two ways the one that is not translated."""
    inner = value.get("value") if isinstance(value, dict) else value
    return None if inner == "" else inner


def _plain(name: str) -> str:
    return name.casefold().replace("_", "").replace(" ", "")


def _first(said: Fields, *names: str) -> Any:
    return next((said[name] for name in names if said.get(name) is not None), None)


FORMAT = nested_format(
    "azure_activity",
    "Azure activity log: operations of the control plane, from the API, the portal, or Log Analytics",
    recognises=recognises,
    records=records,
)
