"""Logs of Datadog: what its API answers to a search, what it archives, and the CSV of the log explorer.

``system`` is the service, else the host; the status is the level. https://docs.datadoghq.com/api/latest/logs,
https://docs.datadoghq.com/logs/log_configuration/archives
"""

import re
from collections.abc import Iterator
from pathlib import Path

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.formats.log_exports import Export, export_names, export_records
from integrhealth.reading.records.envelopes import envelope
from integrhealth.reading.records.nested import Found
from integrhealth.reading.table.files import table_kind

# Of the API, where all but the id lies below "attributes"; what the program itself sent lies once more below that.
ENTRY = re.compile(rb'"type"\s*:\s*"log"')
ANSWERED = ("id", "type", "attributes.timestamp")
ARCHIVED, RESERVED = {"date"}, {"_id", "service", "status", "source", "host", "message", "tags"}
TABLES = ({"date", "host", "service", "message"}, {"date", "host", "service", "content"})
INSIDE = ("", "attributes.", "attributes.attributes.")


def _inside(*names: str) -> tuple[str, ...]:
    return tuple(f"{above}{name}" for above in INSIDE for name in names)


EXPORT = Export(
    time=("date", "attributes.timestamp", "timestamp"),
    system=("service", "attributes.service", "host", "attributes.host"),
    text=("message", "attributes.message", "content"),
    level=("status", "attributes.status"),
    site=(*_inside("logger.name", "@logger.name"), "host", "attributes.host"),
    trace_id=_inside("dd.trace_id", "trace_id", "otel.trace_id", "@trace_id", "trace id"),
    span_id=_inside("dd.span_id", "span_id", "otel.span_id", "@span_id"),
    log_id=("id", "_id"),
)


def recognises(head: Head) -> bool:
    """Entries of the API or of an archive, or the columns of the log explorer."""
    names = export_names(head)
    if table_kind(head.start) == "csv":
        return any(columns <= names for columns in TABLES)
    if ENTRY.search(head.start) and {"id", "type"} <= names:
        return any(name.split(".")[0] == "attributes" for name in names)
    inside = any(name.split(".")[0] == "attributes" for name in names)
    return inside and names >= ARCHIVED and len(RESERVED & names) >= 3


def records(path: Path) -> Iterator[Found]:
    """One record per log line."""
    return export_records(path, EXPORT)


FORMAT = envelope(
    name="datadog",
    description="Datadog: log lines from the API, from archives and from the log explorer",
    recognises=recognises,
    records=records,
    tried="documented",
)
