"""Log lines of Loki: answers of its API, what goes to it, ``logcli`` in lines of JSON or text, downloads of Grafana.

A stream is known by its labels: ``system`` is the service, else the application, the container, the job; the level
is a label too. Times in nanoseconds are cut to microseconds. A record is a line of a program, wherever it lies.
https://grafana.com/docs/loki/latest/reference/loki-http-api
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.opened import beginning
from integrhealth.reading.formats.log_exports import Export, log_line
from integrhealth.reading.formats.loki_texts import is_text, labels_of, text_records
from integrhealth.reading.json.values import Value, field, json_values, record_keys
from integrhealth.reading.records.envelopes import envelope
from integrhealth.reading.records.nested import Found, Record, Refused
from integrhealth.reading.table.files import column_names, table_kind
from integrhealth.reading.table.table_records import table_records

STREAMS = re.compile(rb'"resultType"\s*:\s*"streams"|"(?:streams|result)"\s*:\s*\[')
STREAM = re.compile(rb'"stream"\s*:\s*\{[^{}]*\}|"labels"\s*:\s*"\{')
LINES = re.compile(rb'"(?:values|entries)"\s*:\s*\[')
# A line of ``logcli -o jsonl``, and one that Explore and Logs Drilldown of Grafana download.
LOGCLI, GRAFANA = {"labels", "line", "timestamp"}, {"fields", "line", "timestamp"}
LABELLED, LISTED = ("stream", "labels", "fields"), ("values", "entries")
# A table of Grafana: the columns of Loki's data frame.
COLUMNS = {"line", "tsns"}
SERVICES = ("service_name", "service", "app", "application", "app_kubernetes_io_name")
CONTAINERS = ("container", "container_name", "k8s_container_name", "compose_service", "component", "job")
MACHINES = ("syslog_identifier", "unit", "pod", "k8s_pod_name", "host", "hostname", "instance", "node_name", "filename")
# What Loki writes where it cannot tell.
UNTOLD = {"unknown_service", "unknown"}
EPOCH = datetime(1970, 1, 1)
NANOSECONDS = re.compile(r"\d{16,19}")
LABELS = Export(
    time=("timestamp",),
    system=(*SERVICES, *CONTAINERS, *MACHINES),
    text=("line",),
    level=("level", "severity", "severity_text", "detected_level", "lvl"),
    site=("filename", "logger", "scope_name"),
    trace_id=("trace_id", "traceid", "trace"),
    span_id=("span_id", "spanid"),
)


def recognises(head: Head) -> bool:
    """Streams with their lines; or lines with their labels."""
    start, kind = head.start, table_kind(head.start)
    if kind in ("jsonl", "json"):
        keys = record_keys(start)
        return keys >= LOGCLI or keys >= GRAFANA or all(each.search(start) for each in (STREAMS, STREAM, LINES))
    if kind == "csv":
        return {name.casefold() for name in column_names(head)} >= COLUMNS or is_text(head)
    return False


def records(path: Path) -> Iterator[Found]:
    """One record per line of a program."""
    start = beginning(path)
    if table_kind(start) != "csv":
        yield from _of_json(path)
    elif is_text(Head(path, start)):
        yield from text_records(path, _record)
    else:
        for each in table_records(path):
            yield _of_a_table(each) if isinstance(each, Value) else each


def _of_json(path: Path) -> Iterator[Found]:
    for each in json_values(path):
        if isinstance(each, Refused):
            yield each
            continue
        for value in each.value if isinstance(each.value, list) else [each.value]:
            lists = (field(value, "data", "result"), field(value, "streams"))
            for stream in next((streams for streams in lists if isinstance(streams, list)), [value]):
                yield from _of_a_stream(stream, each.line)


def _of_a_stream(stream: Any, line: int | None) -> Iterator[Found]:
    """The lines of a stream; what ``logcli`` and Grafana write is a stream of one line."""
    if not isinstance(stream, dict):
        yield Refused(line, "not_an_object", stream)
        return
    labels = next((each for each in map(labels_of, map(stream.get, LABELLED)) if each is not None), {})
    entries = next((each for each in map(stream.get, LISTED) if isinstance(each, list)), [stream])
    for entry in entries:
        if isinstance(entry, list) and len(entry) > 1:
            more = entry[2] if len(entry) > 2 and isinstance(entry[2], dict) else {}
            yield _record(line, entry[0], entry[1], labels | _metadata(more), entry)
        elif isinstance(entry, dict) and "line" in entry:
            yield _record(line, entry.get("timestamp", entry.get("ts")), entry["line"], labels, entry)
        else:
            yield Refused(line, "no_line", entry)


def _metadata(more: dict[str, Any]) -> dict[str, Any]:
    """What stands beside a line; the API may tell what came with it from what was parsed out of it."""
    parts = [more[name] for name in ("structuredMetadata", "parsed") if isinstance(more.get(name), dict)]
    return {name: value for part in parts or [more] for name, value in part.items()}


def _of_a_table(row: Value) -> Found:
    cells = {name.casefold(): value for name, value in row.value.items()}
    labels = labels_of(cells.get("labels")) or {}
    return _record(row.line, cells.get("tsns") or cells.get("date"), cells.get("line"), cells | labels, row.value)


def _record(line: int | None, time: Any, text: Any, labels: dict[str, Any], raw: Any) -> Found:
    if not isinstance(text, str):
        return Refused(line, "no_line", raw)
    if not text.strip():
        return Record(line)
    # A label is a text: what is not tells nothing.
    plain = {name: value for name, value in labels.items() if not isinstance(value, dict | list)}
    said = {name.casefold(): value for name, value in plain.items() if value not in UNTOLD}
    return Record(line, (("log", log_line(said, LABELS, text) | {"time": _exact(time)}),))


def _exact(time: Any) -> Any:
    """Nanoseconds since 1970 as ISO text, which a float would not hold."""
    if isinstance(time, str) and NANOSECONDS.fullmatch(time):
        return f"{(EPOCH + timedelta(microseconds=int(time) // 1000)).isoformat()}Z"
    return time


FORMAT = envelope(
    name="loki",
    description="Loki: answers of its API, logcli, and the log lines that Grafana downloads",
    recognises=recognises,
    records=records,
)
