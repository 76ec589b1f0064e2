"""Application Insights: what its SDKs send and continuous export wrote, and what queries of its tables answer.

- Envelopes: ``{"name", "time", "tags", "data": {"baseType", "baseData"}}``; a duration is written d.hh:mm:ss.fffffff.
- Continuous export: ``{"request": [...], "context": {...}}``; a duration is a count of 100 nanoseconds.
- Rows of a query, of the portal (CSV) or the API, of the tables requests, dependencies, traces, exceptions, ... or of
  all at once (``itemType``), or of those of Log Analytics (AppRequests, ...); a duration is in milliseconds.

A record is one envelope, document or row. The time of a request and of a dependency is its start. Rows that stand for
several, as telemetry is sampled, are rows here, and a sentence says so. Page views and availability tests are passed.
"""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.opened import beginning
from integrhealth.reading.formats.app_insights_items import Item, rows_of
from integrhealth.reading.formats.azure_portal import portal_names, portal_records
from integrhealth.reading.json.values import Value, field, json_values
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format

ENVELOPE = re.compile(rb'"baseType"\s*:\s*"(?:Request|RemoteDependency|Exception|Message|Event|Metric|PageView)')
EXPORTED = re.compile(rb'"(?:request|remoteDependency|basicException|message|event|metric|view|availability)"\s*:\s*\[')
TABLES = (
    {"timestamp", "operation_id", "itemtype"},
    {"timestamp", "operation_id", "cloud_rolename"},
    {"timestamp", "operation_id", "duration", "resultcode"},
    {"timegenerated", "operationid", "approlename"},
    {"timegenerated", "operationid", "durationms", "resultcode"},
    {"time", "operationid", "approlename"},
)
# What an envelope, a document or a table calls its items.
KINDS = {
    "requestdata": "request",
    "remotedependencydata": "dependency",
    "messagedata": "trace",
    "exceptiondata": "exception",
    "eventdata": "customevent",
    "metricdata": "custommetric",
    "apprequests": "request",
    "appdependencies": "dependency",
    "apptraces": "trace",
    "appexceptions": "exception",
    "appevents": "customevent",
    "appmetrics": "custommetric",
    "remotedependency": "dependency",
    "message": "trace",
    "basicexception": "exception",
    "event": "customevent",
    "metric": "custommetric",
}
# The columns of Log Analytics by the names that the same have in Application Insights.
RENAMED = {
    "timegenerated": "time",
    "timestamp": "time",
    "operationid": "operation_id",
    "parentid": "operation_parentid",
    "operationname": "operation_name",
    "approlename": "cloud_rolename",
    "approleinstance": "cloud_roleinstance",
    "durationms": "duration",
    "properties": "customdimensions",
    "sum": "value",
}
TIMESPAN = re.compile(r"^(?:(\d+)\.)?(\d+):(\d+):(\d+(?:\.\d+)?)$")


def recognises(head: Head) -> bool:
    """Envelopes or documents by their keys, tables by their columns."""
    if _is_telemetry(head.start):
        return True
    if not re.search(rb"operation_?id", head.start, re.IGNORECASE):  # a document is read whole for its names
        return False
    names = portal_names(head)
    return any(columns <= names for columns in TABLES)


def _is_telemetry(start: bytes) -> bool:
    """Whether it is JSON of envelopes, or of documents of continuous export."""
    if start.lstrip()[:1] not in (b"{", b"["):
        return False
    exported = b'"eventTime"' in start and b'"context"' in start and EXPORTED.search(start)
    return bool(exported) or (b'"baseData"' in start and ENVELOPE.search(start) is not None)


def records(path: Path) -> Iterator[Found]:
    """Every envelope, document or row."""
    stood_for = rows = 0
    for each in _answers(path):
        if not isinstance(each, Value):
            yield each
            continue
        if not isinstance(each.value, dict):
            yield Refused(each.line, "not_an_object", each.value)
            continue
        items = list(_items(each.value))
        counts = [_number(item.get("itemcount")) or 1 for kind, item in items if kind != "custommetric"]
        stood_for, rows = stood_for + sum(counts), rows + len(counts)
        yield Record(each.line, tuple(row for kind, item in items for row in rows_of(kind, item)))
    if stood_for > rows:
        yield Note(f"telemetry was sampled: {rows:,} items stand for {stood_for:,.0f}; what is counted are the items")


def _answers(path: Path) -> Iterator[Found | Value]:
    """The values of the file as they are, where they are envelopes or documents; else the rows of a table."""
    if not _is_telemetry(beginning(path)):
        yield from portal_records(path)
        return
    for each in json_values(path):
        several = each.value if isinstance(each, Value) and isinstance(each.value, list) else None
        yield from [each] if several is None else [Value(each.line, one) for one in several]


def _items(value: Fields) -> Iterator[tuple[str, Item]]:
    """The items of an envelope, a document or a row, each with its kind."""
    if isinstance(base := field(value, "data", "baseData"), dict):
        yield from _of_envelope(value, base)
    elif isinstance(context := value.get("context"), dict):
        yield from _of_document(value, context)
    else:
        row = {RENAMED.get(name, name): each for name, each in value.items()}
        # The type of a dependency or an exception; in Log Analytics that column names the table.
        yield (
            _kind_of_row(row),
            row | {"type": row.get("dependencytype") or row.get("exceptiontype") or row.get("type")},
        )


def _of_envelope(envelope: Fields, base: Fields) -> Iterator[tuple[str, Item]]:
    """One item; of metrics, one of each."""
    tags = envelope.get("tags") if isinstance(envelope.get("tags"), dict) else {}
    item = {name.casefold(): each for name, each in base.items()} | {
        "time": envelope.get("time"),
        "operation_id": tags.get("ai.operation.id"),
        "operation_parentid": tags.get("ai.operation.parentId"),
        "operation_name": tags.get("ai.operation.name"),
        "cloud_rolename": tags.get("ai.cloud.role"),
        "cloud_roleinstance": tags.get("ai.cloud.roleInstance"),
        "resultcode": base.get("responseCode", base.get("resultCode")),
        "duration": _milliseconds(base.get("duration")),
        "customdimensions": base.get("properties"),
        "itemcount": _stands_for(envelope.get("sampleRate")),
    }
    exceptions, metrics = base.get("exceptions"), base.get("metrics")
    if isinstance(exceptions, list) and exceptions:
        item |= {"exceptiontype": field(exceptions[0], "typeName"), "message": field(exceptions[0], "message")}
    kind = str(field(envelope, "data", "baseType") or "").casefold()
    several = metrics if isinstance(metrics, list) else [{}]
    for metric in several:
        yield KINDS.get(kind, kind), item | (metric if isinstance(metric, dict) else {})


def _of_document(document: Fields, context: Fields) -> Iterator[tuple[str, Item]]:
    """The items of a document of continuous export; what they share stands in its context."""
    dimensions = field(context, "custom", "dimensions")
    shared = {
        "time": field(context, "data", "eventTime"),
        "operation_id": field(context, "operation", "id"),
        "operation_parentid": field(context, "operation", "parentId"),
        "operation_name": field(context, "operation", "name"),
        "cloud_rolename": field(context, "cloud", "roleName") or field(context, "device", "roleName"),
        "cloud_roleinstance": field(context, "device", "roleInstance"),
        "itemid": field(document, "internal", "data", "id"),
        "customdimensions": _merged(dimensions) if isinstance(dimensions, list) else dimensions,
    }
    for name, items in document.items():
        kind = KINDS.get(name.casefold(), name.casefold())
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict):
                yield kind, shared | _exported(item)


def _exported(item: Fields) -> Item:
    """One item of such a document; a trace has its text as ``messageRaw``, an exception that of its outermost."""
    ticks = _number(field(item, "durationMetric", "value"))
    fields = {name.casefold(): each for name, each in item.items() if each is not None}
    return fields | {
        "resultcode": item.get("responseCode", item.get("resultCode")),
        "duration": None if ticks is None else format(ticks / 10_000, "f"),
        "target": item.get("baseName") or field(item, "urlData", "host"),
        "type": item.get("dependencyTypeName") or item.get("type") or item.get("exceptionType"),
        "data": item.get("url") or item.get("commandName"),
        "message": item.get("messageRaw") or item.get("message") or item.get("outerExceptionMessage"),
        "itemcount": item.get("count"),
    }


def _kind_of_row(row: Item) -> str:
    """What a row of a query is: as it says itself, else by the columns that only such rows have."""
    said = str(row.get("itemtype") or row.get("type") or "").casefold()
    if said in KINDS or row.get("itemtype"):
        return KINDS.get(said, said)
    if any(row.get(name) for name in ("target", "dependencytype", "data")):
        return "dependency"
    if row.get("duration") is not None and row.get("id") is not None:
        return "request"
    if row.get("problemid") or row.get("outermessage") or row.get("exceptiontype"):
        return "exception"
    return "trace" if row.get("message") else "unknown"


def _merged(objects: list[Any]) -> Fields:
    return {name: each for one in objects if isinstance(one, dict) for name, each in one.items()}


def _milliseconds(written: Any) -> Any:
    """A duration d.hh:mm:ss.fffffff in milliseconds, exact; what is none of these as it is."""
    match = TIMESPAN.match(written) if isinstance(written, str) else None
    if match is None:
        return written
    days, hours, minutes, seconds = (Decimal(part or 0) for part in match.groups())
    return format((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000, "f")


def _stands_for(rate: Any) -> Any:
    """How many items one stands for that was kept of a `rate` in percent."""
    percent = _number(rate)
    return None if not percent or percent < 0 else str(100 / percent)


def _number(value: Any) -> Decimal | None:
    try:
        number = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() and abs(number.adjusted()) < 18 else None


FORMAT = nested_format(
    "app_insights",
    "Azure Application Insights: envelopes, continuous export, rows of queries, those of Log Analytics too",
    recognises=recognises,
    records=records,
    tried="documented",
)
