"""Amazon CloudWatch Logs: the lines of programs, by every way in which they leave it.

Results of Logs Insights as JSON or CSV, answers of FilterLogEvents and GetLogEvents, what a subscription delivers, and
the export of a Lambda function to S3 as text. A record is an event; ``log_line`` is its line, or its ordinal in a
document. ``system`` is the last part of the log group, else the container in the name of the stream, else the stream,
but for one that Lambda named after the day. START, END and REPORT of Lambda are log lines as the others.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.opened import beginning, line_blocks, whole
from integrhealth.reading.json.values import Value, field, json_values, unwrapped
from integrhealth.reading.records.envelopes import envelope
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused
from integrhealth.reading.table.csv_rows import header, read_csv_rows

# Keys that stand together: a row of Insights, the same as an object, events of an answer, of a subscription.
MARKS = (
    (rb'"field"\s*:\s*"@message"', rb'"value"\s*:'),
    (rb'"@message"\s*:', rb'"@timestamp"\s*:'),
    (rb'"events"\s*:\s*\[', rb'"ingestionTime"\s*:', rb'"message"\s*:'),
    (rb'"messageType"\s*:\s*"(?:DATA|CONTROL)_MESSAGE"', rb'"logEvents"\s*:', rb'"logGroup"\s*:'),
)
TIMED = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z) (.*)", re.DOTALL)
OF_LAMBDA = re.compile(
    rb"(?:^|\n)\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z (?:INIT_START |START RequestId: |END RequestId: )"
)
WANTED = {"@timestamp", "@message"}
# Lambda names a stream after the day; ECS after a prefix, the container and the task.
BY_DAY = re.compile(r"\d{4}/\d{2}/\d{2}/.*\[")
BY_CONTAINER = re.compile(r".+/([^/]+)/[0-9a-f]{32}")
# Lambda's own format in Node.js (time, request, level, text) and in Python ([level] time ...).
LEVEL = re.compile(r"(?:[^\t\n]*\t){2}(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\t|\[(DEBUG|INFO|WARNING|ERROR|CRITICAL)\]")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def recognises(head: Head) -> bool:
    """Keys that only CloudWatch writes together, a header of Insights, or the lines around a call of Lambda."""
    if any(all(re.search(mark, head.start) for mark in marks) for marks in MARKS):
        return True
    return _is_table(head.start) or OF_LAMBDA.search(head.start) is not None


def records(path: Path) -> Iterator[Found]:
    """Every event of the file."""
    start = beginning(path)
    if _is_table(start):
        yield from _table(path)
    elif start.lstrip()[:1] in (b"{", b"["):
        for value in json_values(path):
            yield from [value] if isinstance(value, Refused) else _document(value)
    else:
        yield from _exported(path)


def _document(value: Value) -> Iterator[Found]:
    """The events of an answer, of a delivery, or of results; a value that stands alone is an event itself."""
    content = value.value
    if field(content, "messageType") == "CONTROL_MESSAGE":
        yield Record(value.line)
        return
    listed = next((events for key in ("events", "logEvents") if isinstance(events := field(content, key), list)), None)
    around = content if listed is not None else {}
    for each in unwrapped(content):
        if isinstance(each, Note):
            yield each
        elif listed is None:
            yield _event(value.line, each, around)
    for each in listed or ():
        yield _event(value.line, each, around)


def _event(line: int | None, value: Any, around: Fields) -> Found:
    if isinstance(value, list) and all(isinstance(field(each, "field"), str) for each in value):
        value = {each["field"]: field(each, "value") for each in value}
    if isinstance(field(value, "@message"), str):
        return Record(line, (("log", _result(value)),))
    if not isinstance(message := field(value, "message"), str):
        return Refused(line, "no_log_event", value)
    stream = value.get("logStreamName") or around.get("logStream")
    system = _system(around.get("logGroup"), stream)
    return Record(line, (("log", _log(_instant(value.get("timestamp")), system, stream, message)),))


def _result(row: Fields) -> Fields:
    stream = row.get("@logStream")
    fields = _log(row.get("@timestamp"), _system(row.get("@log"), stream), stream, row["@message"])
    return fields | {"level": row.get("level") or fields["level"]}


def _log(time: Any, system: str | None, stream: Any, message: str) -> Fields:
    said = LEVEL.match(message)
    text = message.rstrip("\r\n")
    return {"time": time, "system": system, "site": stream, "level": said and (said[1] or said[2]), "text": text}


def _system(group: Any, stream: Any) -> str | None:
    """orders of 123456789012:/aws/lambda/orders; nothing where neither says who logged."""
    if isinstance(group, str) and (name := re.split(r"[/:]", group.rstrip("/"))[-1]):
        return name
    if not isinstance(stream, str) or BY_DAY.match(stream):
        return None
    container = BY_CONTAINER.fullmatch(stream)
    return container[1] if container else stream


def _instant(written: Any) -> Any:
    """Milliseconds since 1970 as ISO text; anything else as it is, to be refused."""
    try:
        return (EPOCH + timedelta(milliseconds=int(written))).isoformat()
    except (TypeError, ValueError, OverflowError):
        return written


def _is_table(start: bytes) -> bool:
    columns = header(start.partition(b"\n")[0]) if start[:1] not in b"{[" else None
    return columns is not None and set(columns.names) >= WANTED


def _table(path: Path) -> Iterator[Found]:
    """The rows of a CSV, whose messages may be of several lines."""
    data, damage = whole(path)
    # The row in which the file breaks off is no row.
    data, broken = (data, b"") if damage is None else (data[: data.rfind(b"\n") + 1], data[data.rfind(b"\n") + 1 :])
    if (columns := header(data)) is None:
        return
    table = read_csv_rows(data, columns)
    rows = [Record(row.pop("log_line"), (("log", _result(row)),)) for row in table.rows.to_dicts()]
    refused = [Refused(*each) for each in table.rejected.select("line", "reason", "raw").rows()]
    yield from sorted([*rows, *refused], key=lambda each: each.line or 0)
    if damage:
        yield Refused(None, damage, broken)


def _exported(path: Path) -> Iterator[Found]:
    """Lines that begin with a time, and the rest of an event of several lines below it."""
    begun: tuple[int, str, list[str]] | None = None
    for block in line_blocks(path):
        if block.damage:
            yield Refused(block.first_line, block.damage, block.data)
            continue
        for number, line in enumerate(block.data.split(b"\n"), block.first_line):
            text = line.decode("utf-8", "replace").rstrip("\r")
            if timed := TIMED.fullmatch(text):
                yield from _whole(begun)
                begun = (number, timed[1], [timed[2]])
            elif begun is not None:
                begun[2].append(text)
            elif text.strip():
                yield Refused(number, "no_entry", line)
    yield from _whole(begun)


def _whole(begun: tuple[int, str, list[str]] | None) -> Iterator[Found]:
    if begun is not None:
        line, time, texts = begun
        yield Record(line, (("log", _log(time, None, None, "\n".join(texts).rstrip())),))


FORMAT = envelope(
    "aws_cloudwatch_logs",
    "Amazon CloudWatch Logs: Insights, log events, subscriptions, exports of Lambda",
    recognises=recognises,
    records=records,
    tried="documented",
)
