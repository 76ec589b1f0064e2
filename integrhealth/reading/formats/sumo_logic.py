"""Messages that a search of Sumo Logic exports as CSV or JSON: ``_raw`` is the line, other names begin with ``_`` too.

``system`` is the source category, by which lines are told apart there, else the host.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.formats.log_exports import Export, export_names, export_records
from integrhealth.reading.json.values import field
from integrhealth.reading.records.envelopes import envelope
from integrhealth.reading.records.nested import Found

TIMES = ("_messagetimems", "_messagetime")
EXPORT = Export(
    time=TIMES,
    system=("_sourcecategory", "_sourcehost", "_collector"),
    text=("_raw",),
    level=("_loglevel", "level", "severity"),
    site=("_sourcename", "_source"),
    trace_id=("trace_id", "traceid"),
    span_id=("span_id", "spanid"),
    log_id=("_messageid",),
)


def recognises(head: Head) -> bool:
    """Lines beside the time of their message, in a table or as the API writes them."""
    if b'"_messagetime' in head.start and b'"map"' in head.start:
        return True
    names = export_names(head)
    return "_raw" in names and any(name in names for name in TIMES)


def records(path: Path) -> Iterator[Found]:
    """One record per message."""
    return export_records(path, EXPORT, entries=_messages)


def _messages(value: dict[str, Any]) -> list[Any]:
    """The messages in an answer of the API, each under ``map``; else the record itself."""
    messages = value.get("messages")
    return [field(each, "map") or each for each in (messages if isinstance(messages, list) else [value])]


FORMAT = envelope(
    name="sumo_logic",
    description="Sumo Logic: the messages of a search, as CSV or JSON",
    recognises=recognises,
    records=records,
    tried="documented",
)
