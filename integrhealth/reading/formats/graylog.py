"""Messages that a search of Graylog exports as CSV: the time, the source, the message, and whatever fields were chosen.

``system`` is the application or container where it is among them, else the source, which is the machine.
"""

from collections.abc import Iterator
from pathlib import Path

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.formats.log_exports import Export, export_names, export_records
from integrhealth.reading.records.envelopes import envelope
from integrhealth.reading.records.nested import Found
from integrhealth.reading.table.files import table_kind

COLUMNS = {"timestamp", "source", "message"}
# A table that says from where to where something went, or how it ended, is one of messages.
OF_MESSAGES = {"target", "destination", "receiver", "recipient", "to", "status", "message_id"}
EXPORT = Export(
    time=("timestamp",),
    system=("application_name", "application", "app", "service", "container_name", "source"),
    text=("full_message", "message"),
    level=("level_name", "level", "severity"),
    site=("logger", "loggername", "sourceclassname", "facility", "source"),
    trace_id=("trace_id", "traceid"),
    span_id=("span_id", "spanid"),
    log_id=("_id", "gl2_message_id"),
)


def recognises(head: Head) -> bool:
    """The three columns that a search shows, and none that would make them something else."""
    if table_kind(head.start) != "csv":
        return False
    names = export_names(head)
    return names >= COLUMNS and not OF_MESSAGES & names


def records(path: Path) -> Iterator[Found]:
    """One record per message."""
    return export_records(path, EXPORT)


FORMAT = envelope(
    name="graylog",
    description="Graylog: the messages of a search, as CSV",
    recognises=recognises,
    records=records,
    tried="documented",
)
