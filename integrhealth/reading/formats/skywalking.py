"""SkyWalking: traces as its query API answers, whatever the query called them.

A span is numbered inside its segment, and a segment refers to the spans that caused it; a batch of messages to several.
``Entry`` and ``Exit`` are the two halves of a call, or of a message where the layer is MQ; ``peer`` of an Exit is the
address that was called. Times are milliseconds since 1970.
"""

from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Format, Head, Parsed
from integrhealth.reading.formats import jaeger
from integrhealth.reading.json.documents import Shape
from integrhealth.reading.records.nested import Fields
from integrhealth.reading.spans.tracefile import filled_by_spans, read_spans

MARKS = (b'"segmentId"', b'"parentSpanId"', b'"spanId"', b'"endpointName"', b'"spans"')
KINDS = {"ENTRY": ("server", "consumer"), "EXIT": ("client", "producer"), "LOCAL": ("internal", "internal")}
# What its agents call an attribute, and the name that it has elsewhere.
TAGS = {
    "status_code": "http.status_code",
    "http.status.code": "http.status_code",
    "url": "http.url",
    "mq.topic": "messaging.destination",
    "mq.queue": "messaging.destination",
}


def recognises(head: Head) -> bool:
    """Spans with an endpointName, numbered inside a segment."""
    return all(mark in head.start for mark in MARKS)


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The spans of one file."""
    return [read_spans(path, log_file, shape=SHAPE, flat=jaeger.flat, name=FORMAT.name)]


def traces(value: Any) -> tuple[list[Any], list[tuple[str, Any]]]:
    """The traces in an answer, in the form of Jaeger's, and what in it is none."""
    spans, refused, todo = [], [], [value]
    while todo:
        part = todo.pop()
        if isinstance(part, list):
            todo += reversed(part)
        elif isinstance(part, dict) and isinstance(part.get("spans"), list):
            spans.append({"spans": [_span(each) for each in part["spans"]]})
        elif isinstance(part, dict) and (inner := [each for each in part.values() if isinstance(each, dict | list)]):
            todo += reversed(inner)
        else:
            refused.append(("no SkyWalking trace: no spans", part))
    return spans, refused


SHAPE = Shape(dtype=jaeger.TRACE, record=jaeger.SPAN, unpack=traces)


def _span(span: Any) -> Any:
    if not isinstance(span, dict):
        return span
    queued = str(span.get("layer")).upper() == "MQ"
    type, start, end = str(span.get("type")).upper(), span.get("startTime"), span.get("endTime")
    error = span.get("isError")
    own = {
        "span.kind": KINDS[type][queued] if type in KINDS else None,
        "error": error if isinstance(error, bool) else None,
        # A cluster is named by its first address.
        "peer.address": str(span.get("peer") or "").split(",")[0] or None,
    }
    tags = [{"key": key, "value": value} for key, value in own.items() if value is not None]
    return {
        "traceID": span.get("traceId"),
        "spanID": _id(span.get("segmentId"), span.get("spanId")),
        "operationName": span.get("endpointName"),
        "references": _references(span, queued=queued),
        "startTimeMillis": start,
        # 0 stands for no time.
        "duration": (end - start) * 1000 if isinstance(start, int) and isinstance(end, int) and end else None,
        "tags": [*tags, *map(_tag, _objects(span.get("tags")))],
        "logs": [{"fields": _objects(log.get("data"))} for log in _objects(span.get("logs"))],
        "process": {"serviceName": span.get("serviceCode")},
    }


def _references(span: Fields, *, queued: bool) -> list[Fields]:
    """The span before it in its segment, else those that the segment refers to; nobody waits for a queue."""
    parent = span.get("parentSpanId")
    if isinstance(parent, int) and parent >= 0:
        return [{"refType": "CHILD_OF", "spanID": _id(span.get("segmentId"), parent)}]
    return [
        {
            "refType": "FOLLOWS_FROM" if queued else "CHILD_OF",
            "traceID": ref.get("traceId"),
            "spanID": _id(ref.get("parentSegmentId"), ref.get("parentSpanId")),
        }
        for ref in _objects(span.get("refs"))
    ]


def _id(segment: Any, number: Any) -> str | None:
    return None if segment in (None, "") or number is None else f"{segment}-{number}"


def _tag(tag: Fields) -> Fields:
    key = tag.get("key")
    return {"key": TAGS.get(key, key) if isinstance(key, str) else None, "value": tag.get("value")}


def _objects(listed: Any) -> list[Fields]:
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


FORMAT = Format(
    name="skywalking",
    description="SkyWalking traces as its query API answers",
    recognises=recognises,
    read=read,
    fills=filled_by_spans,
)
