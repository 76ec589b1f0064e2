"""Diagnostic (resource) logs of Azure, as they are written to storage and event hubs: ``{"records": [...]}`` or lines.

All have ``time``, ``resourceId``, ``category`` and ``operationName``; the rest differs by category. Requests of
gateways and sites are messages, steps of workflows and pipelines events of runs, those of the activity log events of
operations. Of any other category a record with a result is a message of the client to the resource, one with nothing
but a text a log line; what says neither, and what only tells of health or alerts, is passed over. Log Analytics has the
same in tables: one for each category, or AzureDiagnostics for many, whose names end in the type (``httpStatus_d``).
``log_line`` is the line, or the ordinal in a document.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from integrhealth.language.http_outcomes import http_outcome
from integrhealth.reading.account.parsed import Head
from integrhealth.reading.formats.azure_activity import OPERATIONS, operation_event
from integrhealth.reading.formats.azure_portal import portal_names, portal_records
from integrhealth.reading.formats.azure_requests import CLIENT, number, requests_of, resource_of, took
from integrhealth.reading.formats.azure_runs import RUNS, event_of
from integrhealth.reading.json.values import Value, field, flattened, loaded
from integrhealth.reading.records.nested import Fields, Found, Record, nested_format

RESOURCE = re.compile(rb'"resourceId"\s*:\s*"', re.IGNORECASE)
CATEGORY = re.compile(rb'"category"\s*:\s*"', re.IGNORECASE)
ANALYTICS = "timegenerated"
TIMES = ("time", "timestamp", ANALYTICS, "eventtime", "eventtimestring")
# Tables of Log Analytics with a category of their own, and the columns by which they are known.
TABLES = {
    "appservicehttplogs": {"scstatus", "timetaken", "cshost"},
    "gatewaylogs": {"responsecode", "backendurl", "apiid"},
    "applicationgatewayaccesslog": {"httpstatus", "timetaken", "backendpoolname"},
    "workflowruntime": {"workflowname", "runid", "status"},
    "activityruns": {"activityrunid", "pipelinerunid", "status"},
    "pipelineruns": {"pipelinename", "runid", "status"},
}
OF_MANY = ({"category", "resourceid", "operationname"}, {"category", "_resourceid", "operationname"})
TYPED = re.compile(r"_[sdbtg]$")
# Function apps write properties in single quotes, https://learn.microsoft.com/azure/azure-functions/monitor-functions,
# and the month first.
QUOTED = re.compile(r"'(\w+)'\s*:\s*(?:'(.*?)'|([^,'{}]+))(?=\s*,\s*'\w+'\s*:|\s*}\s*$)", re.DOTALL)
MONTH_FIRST = re.compile(r"(\d\d)/(\d\d)/(\d{4}) (\d\d:\d\d:\d\d)")
OPERATION_TIME = "eventtimestring"
# Metrics that diagnostic settings write beside the logs.
METRIC = "metricname"
# Of the activity log, and no operations.
NO_OPERATIONS = ("servicehealth", "resourcehealth", "alert", "security", "recommendation")
GOES_WELL = ("success", "succeeded", "ok", "0", "completed")


def recognises(head: Head) -> bool:
    """JSON with the fields that all resource logs have, or a table of Log Analytics."""
    start = head.start
    if start.lstrip()[:1] in (b"{", b"[") and RESOURCE.search(start) and CATEGORY.search(start):
        return True
    if ANALYTICS.encode() not in start.lower():  # a document is read whole for its names
        return False
    names = portal_names(head)
    return ANALYTICS in names and any(columns <= names for columns in (*TABLES.values(), *OF_MANY))


def records(path: Path) -> Iterator[Found]:
    """Every record with what it says."""
    for ordinal, each in enumerate(portal_records(path), 1):
        if not isinstance(each, Value):
            yield each
            continue
        entry = _entry(each.value) if ANALYTICS in each.value else each.value
        time = _iso(next((entry[name] for name in TIMES if entry.get(name)), None))
        # Records without an id of their own are told apart by their place.
        yield Record(each.line, tuple(_rows(entry | {"time": time}, f"{resource_of(entry)}/{time}/{ordinal}")))


def _entry(row: Fields) -> Fields:
    """A row of Log Analytics as the record that it was."""
    plain = {TYPED.sub("", name): value for name, value in row.items() if value not in (None, "")}
    category = next((name for name, columns in TABLES.items() if columns <= row.keys()), None)
    return plain | {
        "category": plain.get("category") or category,
        "resourceid": plain.get("resourceid") or plain.get("_resourceid"),
    }


def _rows(entry: Fields, place: str) -> list[tuple[str, Fields]]:
    category = str(entry.get("category") or "").casefold()
    # What a table has in columns of its own.
    properties = _object(entry["properties"]) if "properties" in entry else entry
    low = {name.casefold(): value for name, value in properties.items()}
    if category in RUNS:
        inner = {name.casefold(): value for name, value in flattened(properties).items()}
        event = event_of(category, entry, inner, resource_of(entry))
        return [] if event is None else [("event", event)]
    if category in OPERATIONS and entry.get("correlationid") is not None:
        event = operation_event(entry)
        return [] if event is None else [("operation_event", event)]
    if (requests := requests_of(category, entry, low)) is not None:
        return [("message", {"message_id": place} | _filled(each)) for each in requests]
    if METRIC in entry or category in NO_OPERATIONS:
        return []
    result = entry.get("resulttype") or entry.get("status") or low.get("status") or low.get("result")
    code = _code(entry, low)
    if result is None and code is None:
        return _log(entry, low)
    if entry.get(OPERATION_TIME) == entry["time"] and isinstance(entry["time"], str):
        return [("operation", _operation(entry, result))]
    return [("message", {"message_id": place} | _message(entry, low, result, code))]


def _message(entry: Fields, properties: Mapping[str, Any], result: Any, code: Any) -> Fields:
    """A record of any category with a result: what its HTTP code says, else its word."""
    status = http_outcome(code)
    word = str(result).casefold()
    # Sign-ins and others give the number of their error.
    other = "failed" if word.isdigit() and word != "0" else result
    good = (word in GOES_WELL or result is None) and status in (None, "ok")
    error = [entry.get("resultsignature"), code, result]
    return {
        "trace_id": entry.get("correlationid"),
        "source": CLIENT,
        "target": resource_of(entry),
        "kind": "request",
        "operation": entry.get("operationname"),
        "time": entry["time"],
        "status": status if status not in (None, "ok") else other if result is not None else status,
        "error_code": None if good else next((each for each in error if each not in (None, "")), None),
        "error_text": None if good else entry.get("resultdescription") or properties.get("message"),
        **took(number(entry.get("durationms")), ended=False),
    }


def _operation(entry: Fields, result: Any) -> Fields:
    resource = resource_of(entry)
    return {
        "message_id": entry.get("activityid"),
        "source": resource,
        "target": resource,
        "kind": "internal",
        "operation": entry.get("eventname") or entry.get("activityname") or entry.get("operationname"),
        "time": entry["time"],
        "status": result,
        "error_text": None
        if str(result).casefold() in GOES_WELL
        else field(_object(entry.get("eventproperties")), "Error"),
    }


def _log(entry: Fields, properties: Mapping[str, Any]) -> list[tuple[str, Fields]]:
    texts = [
        entry.get("resultdescription"),
        entry.get("message"),
        *(properties.get(name) for name in ("log", "message", "msg", "resultdescription", "exceptionmessage")),
    ]
    text = next((each for each in texts if isinstance(each, str) and each.strip()), None)
    if text is None:
        return []
    line = {"time": entry["time"], "system": resource_of(entry), "text": text, "trace_id": entry.get("correlationid")}
    return [("log", line | {"level": entry.get("level") or properties.get("level"), "site": entry.get("category")})]


def _code(entry: Fields, properties: Mapping[str, Any]) -> Any:
    """An HTTP code among what different services call it."""
    codes = (entry.get("statuscode"), entry.get("resultsignature"), properties.get("httpstatuscode"))
    return next((code for code in codes if http_outcome(code) is not None), None)


def _iso(time: Any) -> Any:
    written = MONTH_FIRST.fullmatch(time) if isinstance(time, str) else None
    return f"{written[3]}-{written[1]}-{written[2]}T{written[4]}Z" if written else time


def _filled(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if value is not None}


def _object(value: Any) -> Fields:
    """The properties, an object, its JSON or the same in single quotes; none where they are none of these."""
    if isinstance(value, str):
        try:
            value = loaded(value)
        except ValueError:
            return {name: quoted or bare for name, quoted, bare in QUOTED.findall(value)}
    return value if isinstance(value, dict) else {}


FORMAT = nested_format(
    "azure_diagnostics",
    "Azure diagnostic logs: gateways, App Service, API Management, Logic Apps, Data Factory and other resources",
    recognises=recognises,
    records=records,
)
