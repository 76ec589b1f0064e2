"""Log lines in JSON, an object per line: pino, bunyan, zap, winston, Logback, Serilog, MongoDB, Rust's tracing.

An object is a log line that says when, how serious it is, and what happened; the names differ, the meanings do not.
``system`` is the service, else the name that the logger has, else the name of the file.
"""

from collections.abc import Iterator
from pathlib import Path

from integrhealth.reading.account.parsed import Format, Head, Parsed, stem
from integrhealth.reading.files.text_lines import beginning_lines
from integrhealth.reading.json.values import json_values
from integrhealth.reading.mapping.yaml_entries import preset_sources
from integrhealth.reading.records.envelopes import LOG_RECORD
from integrhealth.reading.records.json_log_lines import is_level, json_object, log_fields
from integrhealth.reading.records.nested import Found, Record, Refused, fills, read_records
from integrhealth.reading.records.plain_entries import MOST

SAYS = ("time", "text")
# Lines that are looked at.
SAMPLED = 50


def recognises(head: Head) -> bool:
    """Most of the first objects say all that a log line says."""
    lines = beginning_lines(head.start)[:SAMPLED]
    objects = [json_object(line) for line in lines]
    return bool(objects) and sum(map(_is_log_line, objects)) >= MOST * len(objects)


def _is_log_line(record: dict | None) -> bool:
    said = log_fields(record) if record is not None else {}
    return all(said.get(name) for name in SAYS) and is_level(said.get("level"))


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The log lines of one file."""
    sources = preset_sources(LOG_RECORD)
    return read_records(records(path, stem(log_file)), sources, format=FORMAT.name, log_file=log_file, strict=strict)


def records(path: Path, file: str) -> Iterator[Found]:
    """One record per object."""
    for each in json_values(path):
        if isinstance(each, Refused):
            yield each
        elif not isinstance(each.value, dict):
            yield Refused(each.line, "not_an_object", each.value)
        else:
            said = log_fields(each.value)
            yield Record(each.line, (("log", said | {"system": said.get("system") or said.get("name") or file}),))


FORMAT = Format(
    name="json_logs",
    description="log lines in JSON: pino, bunyan, zap, Logback, Serilog, MongoDB, tracing of Rust",
    recognises=recognises,
    read=read,
    fills=lambda: fills(preset_sources(LOG_RECORD)),
)
