"""Elastic Common Schema: logs as JSON lines, and Elastic APM, as its agents send it and as it is indexed.

A record is a line, a document of an index (also where a search answer wraps it), or an event that an agent sent;
``log_line`` is its line, or its ordinal in a document. Fields may be flat (``"log.level"``), nested, or both: then the
nested one counts, as in Elastic's own pipeline. A value may be wrapped in a list, of which the first counts.
Transactions and spans become messages, and so do events with an outcome, a duration and an id of their own in a trace;
errors and all other events are log lines. An outcome that is missing is told from the HTTP status, else unknown.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Format, Head, Parsed
from integrhealth.reading.formats.apm_intake import KINDS, sent
from integrhealth.reading.json.values import field, flattened, json_values, unwrapped
from integrhealth.reading.mapping.yaml_entries import preset_sources
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, fills, read_records
from integrhealth.reading.spans.elastic_apm import outcome, span_kind, whole
from integrhealth.reading.spans.tracefile import UNKNOWN_SERVICE

STAMP = re.compile(rb'"@timestamp"\s*:')
# A field by its dotted name, or the object that it stands in; other logs have an event or a service of plain text.
TELLING = re.compile(
    rb'"(?:ecs|log|event|service|processor|trace|transaction|data_stream)(?:\.[a-z_.]+"\s*:\s*[\["{]|"\s*:\s*\{)',
    re.ASCII,
)
SENT = re.compile(rb'(?:^|\n)\s*\{\s*"(?:%s)"\s*:\s*\{' % "|".join(KINDS).encode())
METADATA = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"metadata"\s*:\s*\{')
SYSTEM = ("service.name", "container.name", "host.name", "host.hostname", "agent.name")
TEXT = ("message", "error.message", "error.log.message", "error.exception.message", "error.exception.type")
INSIDE = ("span.id", "transaction.id")
PEER = ("span.destination.service.resource", "service.target.name", "service.target.type", "destination.address")


def recognises(head: Head) -> bool:
    """Events with an @timestamp and another field of the schema, or the metadata that an agent sends first."""
    start = head.start
    if METADATA.match(start):
        return b'"service"' in start and SENT.search(start) is not None
    bare = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    return bare.startswith((b"{", b"[")) and bool(STAMP.search(start) and TELLING.search(start))


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The messages, log lines and metrics of one file."""
    return read_records(records(path), preset_sources("ecs"), format="ecs", log_file=log_file, strict=strict)


def records(path: Path) -> Iterator[Found]:
    """Every event of the file; the metadata that an agent sent are for the events after them."""
    metadata: Fields = {}
    for value in json_values(path):
        if isinstance(value, Refused):
            yield value
            continue
        for each in _documents(value.value):
            if isinstance(each, Note):
                yield each
            elif not isinstance(each, dict):
                yield Refused(value.line, "not_an_object", each)
            elif isinstance(header := each.get("metadata"), dict) and len(each) == 1:
                metadata = flattened(header)
                yield Record(value.line)
            elif len(each) == 1 and next(iter(each)) in KINDS:
                yield sent(each, metadata, value.line)
            else:
                yield _indexed(_plain(each), value.line)


def _documents(value: Any) -> Iterator[Any]:
    """The documents in what a search answers, what an export of an index writes, or in a list."""
    hits = field(value, "hits", "hits")
    for each in hits if isinstance(hits, list) else unwrapped(value):
        inner = next((each[name] for name in ("_source", "fields") if isinstance(field(each, name), dict)), None)
        yield inner if inner is not None and "@timestamp" not in each else each


def _plain(document: Fields) -> Fields:
    """The fields of a document by dotted name, without the lists around them."""
    return {name: _first(value) for name, value in flattened(document).items()}


def _first(value: Any) -> Any:
    return (value[0] if value else None) if isinstance(value, list) else value


def _indexed(event: Fields, line: int | None) -> Found:
    what = event.get("processor.event")
    for kind in ("transaction", "span"):
        if what == kind or (what is None and f"{kind}.duration.us" in event):
            return Record(line, (_span(event, kind),))
    if what in ("metric", "profile"):
        return Record(line)
    own = event.get("span.id") or event.get("transaction.id")
    if own and event.get("trace.id") and event.get("event.duration") and event.get("event.outcome"):
        return Record(line, (_timed(event, own),))
    if "@timestamp" not in event:
        return Refused(line, "no_time", event)
    return Record(line, (_log(event),))


def _span(event: Fields, kind: str) -> tuple[str, Fields]:
    does = (event.get(f"{kind}.type"), event.get("span.action"), _one(event, PEER))
    side = span_kind(event.get("span.kind"), kind, *does)
    fields = _shared(event, kind, side) | {
        "span_id": event.get(f"{kind}.id") or event.get("span.id"),
        "operation": event.get(f"{kind}.name"),
        "took_us": event.get(f"{kind}.duration.us"),
    }
    if (micros := event.get("timestamp.us")) is not None:
        return "span", fields | {"start": micros}
    return "event", fields | {"start": event.get("@timestamp")}


def _timed(event: Fields, own: str) -> tuple[str, Fields]:
    """A log line that is the end of a piece of work: its duration is in nanoseconds."""
    side = "client" if _one(event, PEER) else None
    nanos = whole(event["event.duration"])
    fields = _shared(event, "span", side) | {
        "span_id": own,
        "operation": event.get("event.action"),
        "start": event.get("event.start") or event.get("@timestamp"),
        "took_us": None if nanos is None else str(nanos // 1000),
    }
    return "event", fields


def _shared(event: Fields, kind: str, side: str | None) -> Fields:
    http = event.get("http.response.status_code")
    status, code = outcome(event.get("event.outcome"), http, server=kind == "transaction")
    above = event.get("parent.id") or (event.get("transaction.id") if kind == "span" else None)
    return {
        "trace_id": event.get("trace.id"),
        "parent_id": above if above != (event.get("span.id") or event.get("transaction.id")) else None,
        "service": event.get("service.name") or UNKNOWN_SERVICE,
        "peer": _one(event, PEER),
        "span_kind": side,
        "status": status,
        "error_code": event.get("error.code") or event.get("error.type") or code,
        "error_text": event.get("error.message"),
    }


def _log(event: Fields) -> tuple[str, Fields]:
    error = event.get("processor.event") == "error"
    inside = _one(event, ("parent.id", *INSIDE) if error else INSIDE)
    trace, micros = event.get("trace.id"), event.get("timestamp.us")
    fields = {
        "time": event["@timestamp"] if micros is None else micros,
        "system": _one(event, SYSTEM) or UNKNOWN_SERVICE,
        "level": event.get("log.level") or event.get("error.log.level") or ("error" if error else None),
        "site": event.get("log.logger") or event.get("error.log.logger_name") or event.get("error.culprit"),
        "text": _one(event, TEXT),
        "trace_id": trace,
        "parent_id": f"{trace}:{inside}" if trace and inside else inside,
    }
    return "log" if micros is None else "sent_log", fields


def _one(event: Fields, names: tuple[str, ...]) -> Any:
    return next((event[name] for name in names if event.get(name)), None)


FORMAT = Format(
    name="ecs",
    description="Elastic Common Schema: logs as JSON, and Elastic APM as agents send it and as it is indexed",
    recognises=recognises,
    read=read,
    fills=lambda: fills(preset_sources("ecs")),
)
