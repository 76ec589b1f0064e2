"""A mapping.yaml entry for a table that nothing recognised, ready to paste: guessed, and open about what it is not."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from integrhealth.language.schema import COUNT, NUMBER, STATUSES, TIME, Frame
from integrhealth.reading.account.parsed import Head
from integrhealth.reading.inner_frames import frame_schema
from integrhealth.reading.table.csv_rows import header
from integrhealth.reading.table.files import head_of, sample_rows, table_kind, utf8_start
from integrhealth.reading.values.times import Times, times

# Frames worth guessing, in the order of preference when several fit as well.
GUESSED = ("messages", "logs", "metrics", "reads", "deliveries", "incident_events", "documents", "reports", "contacts")
# Words that column names are made of, most telling first; a name fits when all words of one entry are in it.
NAMES: dict[str, tuple[str, ...]] = {
    "message_id": (
        "message id",
        "msg id",
        "message guid",
        "execution id",
        "run id",
        "job id",
        "delivery id",
        "guid",
        "id",
    ),
    "trace_id": ("trace id", "correlation id", "correlation", "conversation id", "flow id", "request id"),
    "parent_id": ("parent id", "parent"),
    "integration": ("integration", "interface", "flow name", "flow", "process name", "scenario", "recipe"),
    "source": ("source system", "source", "sender", "from", "origin", "producer", "client"),
    "target": (
        "target system",
        "target",
        "receiver",
        "destination",
        "partner",
        "to",
        "consumer",
        "endpoint",
        "connector",
    ),
    "operation": ("operation", "action", "method", "step"),
    "object_type": ("object type", "document type", "message type", "entity type", "event"),
    "object_id": ("object id", "order no", "order id", "document no", "record id", "business key", "reference", "key"),
    "attempt": ("attempt", "retry", "retries", "redelivery", "tries"),
    "sent_at": ("sent", "start", "started", "created", "timestamp", "log start", "date", "time", "at"),
    "received_at": ("received",),
    "finished_at": ("finished", "end", "ended", "completed at", "stopped", "updated"),
    "answered_at": ("answered", "acknowledged", "ack"),
    "status": ("status", "state", "result", "outcome", "success", "ok"),
    "error_code": ("error code", "code", "fault"),
    "error_text": ("error message", "error text", "error", "message", "reason", "text"),
    "actor": ("actor", "user", "created by", "initiator"),
    "bytes": ("bytes", "size", "length"),
    "amount": ("amount", "total", "net value"),
    "currency": ("currency", "curr"),
    "time": ("timestamp", "time", "date", "logged", "at"),
    "at": ("viewed", "opened", "delivered", "timestamp", "time", "date", "created", "updated", "at"),
    "created_at": ("created", "date", "timestamp", "time"),
    "system": ("system", "host", "service", "application", "app", "instance"),
    "level": ("level", "severity"),
    "metric": ("metric", "counter", "measure"),
    "value": ("value", "reading"),
    "report": ("report name", "report", "dashboard", "workbook"),
    "person": ("person", "user", "viewer", "recipient", "assigned to", "assignee"),
    "seconds": ("seconds", "duration"),
    "incident": ("incident", "ticket", "issue", "number", "case"),
    "team": ("team", "assignment group", "group", "queue"),
    "state": ("state", "status"),
    "document": ("document", "order", "vbeln"),
    "line": ("line", "item", "position", "posnr"),
    "type": ("type", "category"),
    "quantity": ("quantity", "qty"),
    "team_a": ("from team", "team a", "organizer"),
    "team_b": ("to team", "team b", "attendee"),
}
WORDS_OF: dict[str, tuple[str, ...]] = {
    "ok": (
        "ok",
        "success",
        "succeeded",
        "successful",
        "complete",
        "completed",
        "done",
        "delivered",
        "true",
        "pass",
        "finished",
    ),
    "partial": ("partial", "warning", "warn", "complete_warn", "completed_with_errors"),
    "failed": ("failed", "fail", "error", "failure", "false", "aborted", "errored", "exception", "ko", "escalated"),
    "timeout": ("timeout", "timedout", "timed_out"),
    "rejected": ("rejected", "refused", "denied"),
    "skipped": ("skipped", "ignored", "discarded"),
    "held": ("held", "on_hold", "hold", "suspended"),
    "pending": (
        "pending",
        "running",
        "inprogress",
        "in_progress",
        "processing",
        "queued",
        "waiting",
        "new",
        "started",
        "retry",
    ),
    "cancelled": ("cancelled", "canceled", "terminated"),
}
STATUS_WORDS = {word: status for status, written in WORDS_OF.items() for word in written}
# A status has few values; more than this many are texts.
MOST_STATUSES = 30
# Of the values that are there, this share must read as times or numbers for the column to count as such.
MOSTLY = 0.9
SAMPLED = 1_000


def suggested_mapping(path: Path) -> str:
    """A mapping.yaml, with its ``sources:`` line, for the table at `path`; empty when it is not a table.

    Required columns that nothing fits stand as ``{value: undecided}`` with a comment, so that it loads and says
    what is missing; times without a zone, undecided dates and unknown status words are comments too.
    """
    head = head_of(path)
    rows = [_flat(row) for row in sample_rows(head)[:SAMPLED]]
    columns = {name: _column(name, rows) for name in dict.fromkeys(key for row in rows for key in row)}
    columns = {name: values for name, values in columns.items() if values.drop_nulls().len()}
    if not columns:
        return ""
    frame, origins = _best_frame(columns)
    # One column that looks like nothing is a nested document, no table.
    if not origins and len(columns) == 1:
        return ""
    return "\n".join(_written(head, frame, origins, columns)) + "\n"


def _best_frame(columns: dict[str, pl.Series]) -> tuple[Frame, dict[str, str]]:
    candidates = [(frame, _origins(frame, columns)) for name in GUESSED if (frame := frame_schema(name)) is not None]

    def fit(candidate: tuple[Frame, dict[str, str]]) -> tuple[float, int]:
        frame, origins = candidate
        return sum(name in origins for name in frame.required) / len(frame.required), len(origins)

    return max(candidates, key=fit)


def _origins(frame: Frame, columns: dict[str, pl.Series]) -> dict[str, str]:
    """Canonical column to column of the file; each column serves once, the best names first."""
    split = {name: _words(name) for name in columns}
    ranked = sorted(
        (rank, place, canonical, name)
        for place, (canonical, dtype) in enumerate(frame.columns.items())
        for name in columns
        if (rank := _rank(canonical, split[name])) is not None and _fits(canonical, dtype, columns[name])
    )
    origins: dict[str, str] = {}
    for _, _, canonical, name in ranked:
        if canonical not in origins and name not in origins.values():
            origins[canonical] = name
    return {canonical: origins[canonical] for canonical in frame.columns if canonical in origins}


def _rank(canonical: str, words: list[str]) -> tuple[int, int] | None:
    """How well a name fits: exact first, then the most telling entry it holds; null when it holds none."""
    if "".join(words) == canonical.replace("_", ""):
        return (0, 0)
    for place, entry in enumerate(NAMES.get(canonical, ())):
        if set(entry.split()) <= set(words):
            return (1 + place, len(words))
    return None


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word]


def _fits(canonical: str, dtype: Any, values: pl.Series) -> bool:
    there = values.drop_nulls()
    if dtype == TIME:
        read = _times(there)
        # Numbers that fall before 1990 count something else.
        old = read.times.dt.year() < 1990
        return read.reason != "bad_time" or (1 - read.faults.mean() >= MOSTLY and not old.all())
    if dtype in (NUMBER, COUNT):
        return there.cast(NUMBER, strict=False).is_not_null().mean() >= MOSTLY
    if canonical in ("status", "state"):
        return there.n_unique() <= MOST_STATUSES
    return True


def _times(values: pl.Series) -> Times:
    return times(values)


def _flat(row: dict[str, Any], above: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        flat |= _flat(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return flat


def _column(name: str, rows: list[dict[str, Any]]) -> pl.Series:
    values = [row.get(name) for row in rows]
    texts = [
        None if value is None or value == "" else value if isinstance(value, str) else _plain(value) for value in values
    ]
    return pl.Series(name, texts, dtype=pl.String)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _written(head: Head, frame: Frame, origins: dict[str, str], columns: dict[str, pl.Series]) -> Iterator[str]:
    yield "# Guessed from the names and the first values: check every line. What could not be decided is a comment."
    yield "sources:"
    yield f"  - glob: {_quoted(_glob(head.path.name))}"
    yield f"    frame: {frame.name}"
    yield "    columns:"
    for name in frame.columns:
        if name in origins:
            yield f"      {name}: {_quoted(origins[name])}"
        elif name == "source":
            writer = _quoted(head.path.name.split(".")[0])
            yield f"      {name}: {{value: {writer}}}  # undecided: which system wrote this?"
        elif name == "finished_at" and "sent_at" in origins and (length := _duration(columns)):
            start = _quoted(origins["sent_at"])
            yield f"      # {name}: {{add: [{start}, {_quoted(length)}], unit: ms}}  # undecided: is the unit ms?"
        elif name in frame.required:
            yield f"      {name}: {{value: undecided}}  # undecided: required, and no column looks like it"
    unused = [name for name in columns if name not in origins.values()]
    if unused:
        yield f"    # not used: {', '.join(_quoted(name) for name in unused[:30])}"
    yield from _time_lines(frame, origins, columns)
    if "status" in origins and frame.name == "messages":
        yield from _status_lines(columns[origins["status"]])
    if table_kind(head.start) == "csv" and (line := header(utf8_start(head.start))) and line.separator != ",":
        yield f"    csv: {{separator: {_quoted(line.separator)}}}"


def _glob(name: str) -> str:
    return re.sub(r"[*?\[]", "?", name)


def _duration(columns: dict[str, pl.Series]) -> str | None:
    lengths = [name for name in columns if {"duration", "elapsed"} & set(_words(name))]
    return lengths[0] if lengths else None


def _quoted(text: str) -> str:
    """Text in double quotes as YAML reads them back: everything printable as it is, the rest escaped."""
    plain = json.dumps(text, ensure_ascii=False)
    return "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in plain)


def _time_lines(frame: Frame, origins: dict[str, str], columns: dict[str, pl.Series]) -> Iterator[str]:
    units, comments = {}, []
    for name, dtype in frame.columns.items():
        if dtype != TIME or name not in origins:
            continue
        read = _times(columns[origins[name]])
        guessed = next((match[1] for sentence in read.notes if (match := re.search(r"unit: (\w+)", sentence))), None)
        if guessed:
            units[name] = guessed
        if read.reason != "bad_time":
            comments.append(f'    # time: {{format: "%d/%m/%Y %H:%M:%S"}}  # undecided: day or month first in {name}?')
        elif read.naive.any():
            comments.append(f"    # time: {{zone: Europe/Madrid}}  # undecided: {name} has no zone and is read as UTC")
    if units:
        listed = ", ".join(f"{name}: {{unit: {unit}}}" for name, unit in units.items())
        yield f"    time: {{{listed}}}  # guessed by size"
    yield from comments


def _status_lines(values: pl.Series) -> Iterator[str]:
    """The words of the status column with what they seem to mean; those that mean nothing to us as comments."""
    counts = values.drop_nulls().value_counts(sort=True, name="rows")
    words = sorted(counts.rows(), key=lambda row: (-row[1], row[0]))
    if all(word.casefold() in STATUSES for word, _ in words):
        return
    yield "    status:"
    for word, rows in words:
        if (status := _status(word)) is not None:
            yield f"      {_quoted(word)}: {status}"
        else:
            yield f"      # {_quoted(word)}: ?  # undecided, {rows} of the first rows"


def _status(word: str) -> str | None:
    folded = re.sub(r"[\s-]+", "_", word.strip().casefold())
    if folded in STATUSES:
        return folded
    return STATUS_WORDS.get(folded) or STATUS_WORDS.get(folded.replace("_", ""))
