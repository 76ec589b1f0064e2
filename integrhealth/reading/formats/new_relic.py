"""Logs of New Relic: the answer to a query, its results alone, or the CSV of them. Times are milliseconds.

``system`` is the service or the entity, else the host.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.formats.log_exports import Export, export_names, export_records
from integrhealth.reading.json.values import field
from integrhealth.reading.records.envelopes import envelope
from integrhealth.reading.records.nested import Found

OWN = (b'"newrelic.source"', b'"newrelic.logPattern"', b'"entity.guid"', b'"entity.guids"', b'"entityGuid"')
ANSWER = ("data", "actor", "account", "nrql", "results")
EXPORT = Export(
    time=("timestamp",),
    system=(
        "service.name",
        "service_name",
        "entity.name",
        "entity.names",
        "appname",
        "application",
        "hostname",
        "host",
    ),
    text=("message", "log", "error.message"),
    level=("level", "log.level", "severity"),
    site=("logger.name", "logger", "hostname", "host"),
    trace_id=("trace.id", "trace_id"),
    span_id=("span.id", "span_id"),
    log_id=("messageid", "newrelic.logs.batchindex"),
)


def recognises(head: Head) -> bool:
    """Lines with a time and a field that only New Relic adds."""
    start = head.start.replace(b'""', b'"')
    return b"timestamp" in start and b"message" in start and (_own(start) or _in_table(head))


def _own(start: bytes) -> bool:
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")) and any(name in start for name in OWN)


def _in_table(head: Head) -> bool:
    names = export_names(head)
    return {"timestamp", "message"} <= names and any(name.decode().strip('"').casefold() in names for name in OWN)


def records(path: Path) -> Iterator[Found]:
    """One record per log line."""
    return export_records(path, EXPORT, entries=_results)


def _results(value: dict[str, Any]) -> list[Any]:
    """The results in the answer of the graph, or in that of the query API; else the record itself."""
    results = field(value, *ANSWER)
    events = value.get("events")
    return next((each for each in (results, events) if isinstance(each, list)), [value])


FORMAT = envelope(
    name="new_relic",
    description="New Relic: log lines that a query gave, as JSON or CSV",
    recognises=recognises,
    records=records,
    tried="documented",
)
