"""Spans as OpenTelemetry for Python prints them to the console: JSON objects in a row, each over many lines or on one.

A program prints other lines between them. ``log_line`` is the line on which a span begins; a line that is no part of
one is a rejected record.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from integrhealth.reading.account.parsed import Format, Head, Parsed
from integrhealth.reading.files.opened import line_blocks
from integrhealth.reading.formats import otlp
from integrhealth.reading.json.documents import RAW_KEPT, TEXTS, Rejection, Shape
from integrhealth.reading.json.values import field
from integrhealth.reading.records.nested import Fields, text
from integrhealth.reading.spans.tracefile import filled_by_spans, read_spans

MARKS = (b'"context"', b'"trace_id"', b'"span_id"', b'"start_time"', b'"SpanKind.')
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def recognises(head: Head) -> bool:
    """Objects with a context and a kind as Python prints it."""
    return all(mark in head.start for mark in MARKS)


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The spans of one file."""
    return [read_spans(path, log_file, shape=SHAPE, flat=otlp.flat, name=FORMAT.name, pieces=_pieces)]


def documents(value: Any) -> tuple[list[Any], list[tuple[str, Any]]]:
    """The spans in a JSON value as OTLP documents, and what in it is none."""
    made, refused = [], []
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict) and isinstance(each.get("context"), dict):
            made.append(_document(each))
        else:
            refused.append(("no span: no context", each))
    return made, refused


SHAPE = Shape(dtype=otlp.DOCUMENT, record=otlp.SPAN, unpack=documents)


def _pieces(path: Path, shape: Shape) -> Iterator[tuple[pl.DataFrame, list[Rejection]]]:
    """Each object on a line of its own, and what is none."""
    made, rejected = [], []
    for line, written, damage in _printed(path):
        if damage:
            rejected.append((line, damage, written[:RAW_KEPT].decode("utf-8", "replace")))
            continue
        try:
            made.append((line, orjson.dumps(orjson.loads(written)).decode()))
        except orjson.JSONDecodeError as error:
            rejected.append((line, f"no JSON: {error}", written[:RAW_KEPT].decode("utf-8", "replace")))
    yield pl.DataFrame(made, schema=TEXTS, orient="row"), rejected


def _printed(path: Path) -> Iterator[tuple[int, bytes, str | None]]:
    """Each object, or other line, with the line it begins on, and the damage that broke it off.

    An object over several lines ends with the brace at the beginning of a line; one that broke off ends where the
    next begins.
    """
    begun, parts = 0, list[bytes]()
    for block in line_blocks(path):
        if block.damage:
            yield begun if parts else block.first_line, b"\n".join([*parts, block.data]), block.damage
            parts = []
            continue
        for number, line in enumerate(block.data.split(b"\n"), block.first_line):
            bare = line.rstrip()
            if parts and bare[:1] in (b"{", b"["):
                yield begun, b"\n".join(parts), None
                parts = []
            if parts or bare in (b"{", b"["):
                begun = begun if parts else number
                parts.append(bare)
                if bare in (b"}", b"]"):
                    yield begun, b"\n".join(parts), None
                    parts = []
            elif bare:
                yield number, bare, None
    if parts:
        yield begun, b"\n".join(parts), None


def _document(printed: Fields) -> Fields:
    resource = printed.get("resource")
    # Until 2021 the attributes of the resource stood there by themselves.
    shared = resource.get("attributes", resource) if isinstance(resource, dict) else None
    scopes = [{"spans": [_span(printed)]}]
    return {"resourceSpans": [{"resource": {"attributes": _attributes(shared)}, "scopeSpans": scopes}]}


def _span(printed: Fields) -> Fields:
    events, links, kind = printed.get("events"), printed.get("links"), printed.get("kind")
    return {
        "traceId": _id(field(printed, "context", "trace_id")),
        "spanId": _id(field(printed, "context", "span_id")),
        "parentSpanId": _id(printed.get("parent_id")),
        "name": printed.get("name"),
        "kind": kind.replace("SpanKind.", "SPAN_KIND_") if isinstance(kind, str) else kind,
        "startTimeUnixNano": _nanos(printed.get("start_time")),
        "endTimeUnixNano": _nanos(printed.get("end_time")),
        "attributes": _attributes(printed.get("attributes")),
        "events": [
            {"name": text(event.get("name")), "attributes": _attributes(event.get("attributes"))}
            for event in (events if isinstance(events, list) else [])
            if isinstance(event, dict)
        ],
        "links": [
            {"traceId": _id(field(link, "context", "trace_id")), "spanId": _id(field(link, "context", "span_id"))}
            for link in (links if isinstance(links, list) else [])
        ],
        "status": {
            "code": f"STATUS_CODE_{code}" if (code := field(printed, "status", "status_code")) else None,
            "message": field(printed, "status", "description"),
        },
    }


def _attributes(attributes: Any) -> list[Fields]:
    pairs = attributes.items() if isinstance(attributes, dict) else ()
    return [{"key": key, "value": {"stringValue": text(value)}} for key, value in pairs if value is not None]


def _id(written: Any) -> Any:
    return written.removeprefix("0x") if isinstance(written, str) else written


def _nanos(written: Any) -> Any:
    """A time as nanoseconds; what is none as it is, to be refused."""
    try:
        moment = datetime.fromisoformat(written)
    except (TypeError, ValueError):
        return written
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return str((aware - EPOCH) // MICROSECOND * 1000)


FORMAT = Format(
    name="console_spans",
    description="OpenTelemetry spans as the Python SDK prints them to the console",
    recognises=recognises,
    read=read,
    fills=filled_by_spans,
)
