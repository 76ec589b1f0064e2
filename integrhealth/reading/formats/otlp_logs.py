"""OTLP log records. One that has no time of its own has that at which it was observed.

``level`` is the severity number as its name (INFO for 9 to 12), else the text of the severity; ``site`` the name of the
scope; ``text`` the body, as JSON where it is not text; ``parent_id`` the message in whose span it was logged.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import polars as pl

from integrhealth.reading.account.parsed import Parsed
from integrhealth.reading.formats.otlp_signals import Place, Signal, plain, read_signal, time_fault
from integrhealth.reading.records.nested import Found, Record, Refused, text
from integrhealth.reading.spans.attributes import id_by_length
from integrhealth.reading.spans.tracefile import UNKNOWN_SERVICE

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
NUMBERED = re.compile(r"SEVERITY_NUMBER_([A-Z]+?)[234]?$")


def logs(documents: Iterator[tuple[int | None, Any]], log_file: str) -> Parsed:
    """The log records of the documents."""
    part = read_signal(documents, SIGNAL, "otlp_logs", log_file)
    trace, span = (_id(name, width) for name, width in (("trace_id", 16), ("parent_id", 8)))
    both = pl.when(trace.is_null()).then(span).otherwise(pl.format("{}:{}", trace, span))
    return replace(part, rows=part.rows.with_columns(trace_id=trace, parent_id=both))


def level(record: dict[str, Any]) -> str | None:
    """The severity of a record by its number, else as it is written."""
    number = str(record.get("severityNumber") or "")
    if (match := NUMBERED.match(number)) and match[1] in LEVELS:
        return match[1]
    if number.isdecimal() and 1 <= int(number) <= 4 * len(LEVELS):
        return LEVELS[(int(number) - 1) // 4]
    return text(record.get("severityText")) or None


def _record(record: dict[str, Any], place: Place) -> Iterator[Found]:
    own = record.get("timeUnixNano")
    at = record.get("observedTimeUnixNano") if time_fault(own) == "no_time" else own
    if fault := time_fault(at):
        yield Refused(place.line, fault, record)
        return
    fields = {
        "time": at,
        "system": place.service or UNKNOWN_SERVICE,
        "level": level(record),
        "site": place.scope,
        "text": text(plain(record.get("body"))),
        "trace_id": text(record.get("traceId")),
        "parent_id": text(record.get("spanId")),
    }
    yield Record(place.line, (("log", fields),))


def _id(name: str, width: int) -> pl.Expr:
    """An id as hex; null where there is none, or nothing but zeros."""
    hexed = id_by_length(pl.col(name), width)
    return pl.when(hexed.str.strip_chars("0") != "").then(hexed)


SIGNAL = Signal("resourceLogs", ("scopeLogs", "instrumentationLibraryLogs"), "logRecords", _record)
