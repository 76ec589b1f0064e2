"""systemd's journal as ``journalctl -o json`` writes it: an object per entry.

``system`` is what the entry calls itself, else its unit or its command; ``site`` the host. A text that is not UTF-8
comes as a list of bytes. https://systemd.io/JOURNAL_EXPORT_FORMATS
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import json_values, record_keys
from integrhealth.reading.records.envelopes import envelope
from integrhealth.reading.records.nested import Found, Record, Refused
from integrhealth.reading.records.plain_entries import SEVERITIES

TIME, TEXT = "__REALTIME_TIMESTAMP", "MESSAGE"
BYTE = re.compile(r"[0-9]{1,3}")
SYSTEMS = ("SYSLOG_IDENTIFIER", "_SYSTEMD_UNIT", "_COMM")


def recognises(head: Head) -> bool:
    """Entries have a time and a text."""
    return {TIME, TEXT} <= record_keys(head.start)


def records(path: Path) -> Iterator[Found]:
    """One record per entry."""
    for each in json_values(path):
        if isinstance(each, Refused):
            yield each
        elif not isinstance(each.value, dict) or TIME not in each.value:
            yield Refused(each.line, "no_time", each.value)
        else:
            yield Record(each.line, (("log", _fields(each.value)),))


def _fields(entry: dict[str, Any]) -> dict[str, Any]:
    severity = str(entry.get("PRIORITY"))
    return {
        "time": entry[TIME],
        "system": next((name for key in SYSTEMS if (name := _text(entry.get(key)))), None),
        "level": SEVERITIES[int(severity)] if severity in map(str, range(len(SEVERITIES))) else None,
        "site": entry.get("_HOSTNAME"),
        "text": _text(entry.get(TEXT)),
    }


def _text(value: Any) -> str | None:
    """A field as text; of one that is given more than once the first."""
    if isinstance(value, list):
        numbers = [int(each) for each in value if BYTE.fullmatch(str(each)) and int(each) < 256]
        return bytes(numbers).decode("utf-8", "replace") if len(numbers) == len(value) else _text(value[0])
    return value if isinstance(value, str) else None


FORMAT = envelope(
    name="journald",
    description="systemd's journal: journalctl -o json",
    recognises=recognises,
    records=records,
    preset="journald",
)
