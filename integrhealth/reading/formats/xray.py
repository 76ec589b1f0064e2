"""AWS X-Ray: segments, as BatchGetTraces answers them (their documents are JSON text), or one document per line.

A segment is what a service did for a request; the subsegments nested in it are its work, and with a namespace (aws,
remote) its calls to others. ``fault`` is a failure of the called, ``error`` and ``throttle`` a refusal. Times are
seconds since 1970. A record is a segment or subsegment.
"""

import re
from pathlib import Path
from typing import Any

import orjson

from integrhealth.reading.account.parsed import Format, Head, Parsed
from integrhealth.reading.formats import jaeger
from integrhealth.reading.json.documents import Shape
from integrhealth.reading.json.values import field
from integrhealth.reading.records.nested import Fields
from integrhealth.reading.spans.attributes import STATUS
from integrhealth.reading.spans.tracefile import filled_by_spans, read_spans

# The id of a trace: its version, when it began, 96 bits. In an answer it stands in quoted JSON.
TRACE_ID = re.compile(rb'trace_id\\?"\s*:\s*\\?"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}\\?"')
CALLED = ("aws", "remote")
TIMEOUT = 504


def recognises(head: Head) -> bool:
    """Documents with a start_time and the id of a trace as X-Ray makes them."""
    return b"start_time" in head.start and TRACE_ID.search(head.start) is not None


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The segments and subsegments of one file."""
    return [read_spans(path, log_file, shape=SHAPE, flat=jaeger.flat, name=FORMAT.name)]


def segments(value: Any) -> tuple[list[Any], list[tuple[str, Any]]]:
    """The segments in a JSON value with all that is nested in them, in the form of Jaeger's, and what is none."""
    spans, refused, todo = [], [], [value]
    while todo:
        part = todo.pop()
        if isinstance(part, list):
            todo += reversed(part)
        elif not isinstance(part, dict):
            refused.append(("no X-Ray segment: neither an object nor a list", part))
        elif inner := [part[name] for name in ("Traces", "Segments") if isinstance(part.get(name), list)]:
            todo += inner
        elif isinstance(text := part.get("Document"), str):
            try:
                todo.append(orjson.loads(text))
            except orjson.JSONDecodeError as error:
                refused.append((f"no JSON in Document: {error}", part))
        elif "start_time" in part or "id" in part:
            spans.append({"spans": _nested(part)})
        elif part.keys() != {"format", "version"}:
            # What its daemon expects before each document says nothing.
            refused.append(("no X-Ray segment", part))
    return spans, refused


SHAPE = Shape(dtype=jaeger.TRACE, record=jaeger.SPAN, unpack=segments)


def _nested(segment: Fields) -> list[Any]:
    # A subsegment that was sent by itself does not say whose it is.
    service = None if segment.get("type") == "subsegment" else segment.get("name")
    shared = {"trace_id": segment.get("trace_id")}
    spans, todo = [], [(segment, segment.get("parent_id"))]
    while todo:
        part, parent = todo.pop()
        if not isinstance(part, dict):
            spans.append(part)
            continue
        spans.append(_span(shared | part, parent, service, whole=part is segment and service is not None))
        inner = part.get("subsegments")
        todo += [(each, part.get("id")) for each in reversed(inner if isinstance(inner, list) else [])]
    return spans


def _span(part: Fields, parent: Any, service: Any, *, whole: bool) -> Fields:
    called, links = part.get("namespace") in CALLED, _objects(part.get("links"))
    exception = next(iter(_objects(field(part, "cause", "exceptions"))), {})
    code = field(part, "http", "response", "status")
    own = {
        "span.kind": ("consumer" if links else "server") if whole else "client" if called else "internal",
        STATUS: _status(part, code),
        "http.status_code": code,
        "exception.type": exception.get("type"),
        "error.object": exception.get("message"),
        "peer.service": part.get("name") if called else None,
        "enduser.id": part.get("user"),
    }
    annotations = part.get("annotations")
    tags = (annotations if isinstance(annotations, dict) else {}) | own
    asked = field(part, "aws", "operation") or field(part, "http", "request", "method")
    start, end = _micros(part.get("start_time")), _micros(part.get("end_time"))
    return {
        "traceID": part.get("trace_id"),
        "spanID": part.get("id"),
        "operationName": asked or part.get("name"),
        "references": [{"refType": "CHILD_OF", "spanID": parent}] * (parent is not None) + [*map(_link, links)],
        "startTime": start,
        "duration": end - start if isinstance(start, int) and isinstance(end, int) else None,
        "tags": [{"key": key, "value": each} for key, each in tags.items() if each is not None],
        "process": {"serviceName": service},
    }


def _status(part: Fields, code: Any) -> str:
    if part.get("fault") is True:
        return "timeout" if code == TIMEOUT else "failed"
    if part.get("error") is True or part.get("throttle") is True:
        return "rejected"
    return "pending" if part.get("in_progress") is True else "ok"


def _link(link: Fields) -> Fields:
    return {"refType": "FOLLOWS_FROM", "traceID": link.get("trace_id"), "spanID": link.get("id")}


def _micros(seconds: Any) -> Any:
    """Seconds as whole microseconds; what is no number as it is, to be refused."""
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return round(seconds * 1_000_000) if number else seconds


def _objects(listed: Any) -> list[Fields]:
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


FORMAT = Format(
    name="xray",
    description="AWS X-Ray: answers of BatchGetTraces, segment documents",
    recognises=recognises,
    read=read,
    fills=filled_by_spans,
)
