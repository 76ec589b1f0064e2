"""Log lines of Papertrail: archives, ten columns between tabs without names, and what its API answers to a search.

``system`` is the program, ``site`` the system that sent the line, as in syslog, which Papertrail takes in.
https://www.papertrail.com/help/permanent-log-archives, https://www.papertrail.com/help/search-api
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.opened import beginning
from integrhealth.reading.files.text_lines import text_lines
from integrhealth.reading.formats.log_exports import Export, Seen, export_records, log_line
from integrhealth.reading.records.envelopes import envelope
from integrhealth.reading.records.nested import Found, Record, Refused
from integrhealth.reading.records.plain_entries import mostly
from integrhealth.reading.table.files import table_kind

COLUMNS = (
    "id",
    "generated_at",
    "received_at",
    "source_id",
    "source_name",
    "source_ip",
    "facility_name",
    "severity_name",
    "program",
    "message",
)
AT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?: ?[+-]\d\d:?\d\d|Z| UTC)?"
LINE = re.compile(rf"\ufeff?\d+\t{AT}\t{AT}\t\d*\t[^\t]*\t[^\t]*\t[^\t]*\t[^\t]*\t[^\t]*(?:\t|$)")
KEYS = (b'"generated_at"', b'"received_at"', b'"source_name"', b'"program"', b'"message"')
EXPORT = Export(
    time=("generated_at", "received_at"),
    system=("program", "source_name", "hostname"),
    text=("message",),
    level=("severity_name", "severity"),
    site=("source_name", "hostname"),
    log_id=("id",),
)


def recognises(head: Head) -> bool:
    """Most lines have the ten columns; or all the keys of an event are there."""
    return all(key in head.start for key in KEYS) or mostly(head, LINE.match)


def records(path: Path) -> Iterator[Found]:
    """One record per line of a program."""
    if table_kind(beginning(path)) != "csv":
        yield from export_records(path, EXPORT, entries=_events)
        return
    seen = Seen()
    for lines, refused in text_lines(path):
        yield from (Refused(*each) for each in refused)
        for number, line in lines.rows():
            # White space at the end of a line is gone, and with it the tab before a message that is empty.
            values = line.removeprefix("\ufeff").split("\t", len(COLUMNS) - 1)
            said = dict(zip(COLUMNS, values, strict=False))
            if len(values) < len(COLUMNS) - 1:
                yield Refused(number, "too_few_fields", line.encode())
            elif seen.before(said["id"], said) or not said.get("message"):
                yield Record(number)
            else:
                yield Record(number, (("log", log_line(said, EXPORT, said["message"])),))
    yield from seen.notes()


def _events(value: dict[str, Any]) -> list[Any]:
    events = value.get("events")
    return events if isinstance(events, list) else [value]


FORMAT = envelope(
    name="papertrail",
    description="Papertrail: archives of log lines, and searches of its API",
    recognises=recognises,
    records=records,
    tried="documented",
)
