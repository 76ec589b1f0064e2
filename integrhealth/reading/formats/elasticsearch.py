"""Documents of Elasticsearch or OpenSearch, whatever they are: dumps of an index, answers to a search, CSV of Discover.

Each document is a record of its own. Those of a format that makes more of them than log lines (spans of Jaeger, APM,
columns of this kit) are read as that, index by index; requests with their outcome are messages; all others are log
lines, whose ``message`` may again be a line that is known. ``system`` is the service, else the container of the pod,
the machine, the index.
The id of a document tells copies of it. https://www.elastic.co/docs/reference/ecs
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from integrhealth.language.http_outcomes import http_outcome
from integrhealth.language.schema import FAILED
from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.opened import beginning
from integrhealth.reading.formats.discover_table import discovered, is_discovered
from integrhealth.reading.formats.log_exports import Export, Seen, first_of, log_line, plain_fields
from integrhealth.reading.json.values import Value, field, json_values
from integrhealth.reading.records.envelopes import DOCUMENT, envelope
from integrhealth.reading.records.json_log_lines import log_fields
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, text
from integrhealth.reading.table.files import table_kind
from integrhealth.reading.table.table_records import table_records

WRAPPED = re.compile(rb'"(?:_source|fields)"\s*:\s*\{')
INDEX = re.compile(rb'"_index"\s*:\s*"')
# Beginnings of the names of daily and of rolled over indexes are the same.
DATES = re.compile(r"[-_.]?\d[\d._-]*$")
SERVICES = (
    "service.name",
    "resource.attributes.service.name",
    "resource.service.name",
    "service",
    "app",
    "application",
)
CONTAINERS = (
    "kubernetes.container.name",
    "kubernetes.container_name",
    "kubernetes.labels.app",
    "kubernetes.pod.name",
    "kubernetes.pod_name",
    "docker.container.name",
    "container.name",
    "container_name",
    "systemd.unit",
    "process.name",
)
MACHINES = ("host.name", "host.hostname", "host", "agent.name", "beat.hostname")
LOG = Export(
    time=("timestamp.us", "@timestamp"),
    system=(*SERVICES, *CONTAINERS, *MACHINES),
    text=("error.exception.message", "error.log.message", "body.text", "body.string"),
    level=("log.level", "error.log.level", "level", "severity_text"),
    site=("log.logger", "error.culprit", "kubernetes.pod.name", "kubernetes.pod_name", "log.file.path"),
    trace_id=("trace.id", "trace_id", "traceid"),
    span_id=("span.id", "span_id", "spanid", "transaction.id"),
)
STATUS, URLS = "http.response.status_code", ("url.path", "url.original", "url.full")
CALLED = ("service.name", "url.domain", "destination.domain", *CONTAINERS, *MACHINES)
ASKED_BY = ("user.name", "client.user.name", "client.ip", "source.ip", "client.address", "source.address")
# What an agent sends beside spans: no requests, although they may tell in which request they were.
SENT, ERROR = "processor.event", "error"


class Stored(NamedTuple):
    """A document: where it stands, its index, its id in there, and what it says."""

    line: int | None
    index: str
    key: str | None
    document: dict[str, Any]


def recognises(head: Head) -> bool:
    """Documents in their wrapping of index and id, or the columns that Discover exports."""
    if table_kind(head.start) == "csv":
        return is_discovered(head)
    return bool(WRAPPED.search(head.start) and INDEX.search(head.start))


def records(path: Path) -> Iterator[Found]:
    """One record per document."""
    seen = Seen()
    for each in _stored(path):
        if not isinstance(each, Stored):
            yield each
        elif each.key is not None and seen.before(f"{each.index}/{each.key}", each.document):
            yield Record(each.line)
        else:
            yield Record(each.line, _rows(each))
    yield from seen.notes()


def _stored(path: Path) -> Iterator[Stored | Refused | Note]:
    if table_kind(beginning(path)) == "csv":
        for row in table_records(path):
            yield _of_a_table(row) if isinstance(row, Value) else row
        return
    for each in json_values(path):
        if isinstance(each, Refused):
            yield each
            continue
        for hit in _hits(each.value):
            yield hit if isinstance(hit, Note) else _of_a_hit(hit, each.line)


def _hits(value: Any) -> Iterator[Any]:
    """The documents in the answer to one search or to several, in a list, or the one that a line of a dump is."""
    answers = field(value, "responses")
    for answer in answers if isinstance(answers, list) else [value]:
        hits, total = field(answer, "hits", "hits"), field(answer, "hits", "total")
        total = field(total, "value") or total
        if isinstance(hits, list) and isinstance(total, str) and total.isdecimal() and int(total) > len(hits):
            yield Note(f"the search had {int(total):,} documents, of which {len(hits):,} are in this answer")
        yield from hits if isinstance(hits, list) else answer if isinstance(answer, list) else [answer]


def _of_a_hit(hit: Any, line: int | None) -> Stored | Refused:
    """A document as it was stored, or its fields as a search was asked for them, each a list."""
    source, fields = field(hit, "_source"), field(hit, "fields")
    document = source if isinstance(source, dict) else plain_fields(fields) if isinstance(fields, dict) else None
    if document is None:
        return Refused(line, "no_document", hit)
    return Stored(line, str(hit.get("_index") or ""), hit.get("_id"), document)


def _of_a_table(row: Value) -> Stored | Refused:
    document = discovered(row.value)
    if not document:
        return Refused(row.line, "no_document", row.value)
    return Stored(row.line, str(row.value.get("_index") or ""), row.value.get("_id"), document)


def _rows(stored: Stored) -> tuple[tuple[str, Fields], ...]:
    """A document as what it is itself, and as the request or the log line that it is where it is nothing more."""
    said = plain_fields(stored.document)
    store = DATES.sub("", stored.index) or None
    whole = (DOCUMENT, {"store": store or DOCUMENT, "text": json.dumps(stored.document, ensure_ascii=False)})
    if SENT not in said and first_of(said, (STATUS,)) and first_of(said, ("http.request.method", *URLS)):
        return whole, ("request", _request(said, stored) | {"target": first_of(said, CALLED) or store})
    spoken = log_fields(said)
    line = spoken["text"] or text(first_of(said, LOG.text))
    if not line:
        return (whole,)
    own = log_line(said, LOG, line)
    fields = {name: value or spoken.get(name) for name, value in own.items()}
    level = fields["level"] or (ERROR if said.get(SENT) == ERROR else None)
    return whole, ("log", fields | {"level": level, "system": fields["system"] or store})


def _request(said: Fields, stored: Stored) -> Fields:
    """A request as a message, from any client. Where only its end is known, it began as long before as it took."""
    begin, end, took = said.get("event.start"), said.get("event.end"), said.get("event.duration")
    by_end = begin is None and end is not None and took is not None
    method, url = said.get("http.request.method"), first_of(said, URLS)
    code = said[STATUS]
    return {
        "key": stored.key and f"{stored.index}/{stored.key}",
        "at": end if by_end else begin or first_of(said, LOG.time),
        "before": took if by_end else "0",
        "after": "0" if by_end else took,
        "operation": " ".join(str(part).partition("?")[0] for part in (method, url) if part),
        "status": http_outcome(code),
        "code": code if http_outcome(code) in FAILED else None,
        "bytes": said.get("http.response.body.bytes") or said.get("http.response.bytes"),
        "actor": first_of(said, ASKED_BY),
        "trace_id": first_of(said, LOG.trace_id),
        "error_text": said.get("error.message"),
    }


FORMAT = envelope(
    name="elasticsearch",
    description="Documents of Elasticsearch and OpenSearch: dumps, answers to searches, CSV of Discover",
    recognises=recognises,
    records=records,
    preset="elasticsearch",
)
