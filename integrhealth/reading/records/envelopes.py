"""Logs that wrap the lines of other programs: of a container, of a pod, of whatever a collector picked up.

What is inside may be a format of its own: access logs, JSON lines, records of this kit. So the lines of each system
are looked at by themselves, as a file that has the name of the system; those of a system that nothing recognises stay
what the envelope makes of them, log lines. A record is one of the envelope, ``log_line`` its place there.

A store of documents wraps whole records, among them log lines whose text is again a line of a program. Of its documents
all but the log lines is read as the format that they are; the texts of the others are looked at like any lines.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Protocol

import polars as pl

from integrhealth.language.schema import FRAMES
from integrhealth.reading.account.parsed import Format, Head, Parsed, stem
from integrhealth.reading.files.again import lines_again
from integrhealth.reading.files.text_lines import CODES
from integrhealth.reading.mapping.yaml_entries import preset_sources
from integrhealth.reading.records.json_log_lines import json_object, log_fields
from integrhealth.reading.records.nested import Fields, Found, Note, Record, fills, read_records
from integrhealth.scratch import owned_folder

# What is inside is of a format when at most this share of it is refused.
MOST_REFUSED = 0.4
# How many systems are looked into, those with most lines first; each costs a file.
MOST_SYSTEMS = 100
# What an envelope may know of a line that does not say it itself.
COMPLETED = {"logs": ["time", "level", "site", "trace_id", "parent_id"], "messages": ["trace_id"]}
OUTSIDE = " of the envelope"
# The kind of rows that hold a record of its own.
DOCUMENT = "document"

# The preset of a log line whose fields are named as the columns are.
LOG_RECORD = "log_record"


class ReadInside(Protocol):
    """Reads a file by what it holds, `name` being that of the system whose lines it holds."""

    def __call__(self, path: Path, name: str) -> list[Parsed]: ...


class Line(NamedTuple):
    """What a program wrote: the ordinal of the record that wraps it, and its text, which may be several lines."""

    ordinal: int
    text: str


@dataclass(frozen=True)
class Envelope(Format):
    """A format whose ``records`` of kind ``log`` (time, system, level, text, ...) hold the lines of programs.

    A record that is one of its own has a row of kind ``document`` besides: its JSON as ``text``, and the ``store`` of
    which all documents are looked at together.
    """

    records: Callable[[Path], Iterable[Found]] = list
    preset: str = LOG_RECORD

    def opened(self, path: Path, log_file: str, *, read_inside: ReadInside, strict: bool = False) -> list[Parsed]:
        """What the lines inside say, system by system; as log lines where `read_inside` recognises nothing.

        Nothing at all, of documents that are of no format and have no text: then they are a table like any other.
        """
        read, file = list(self.records(path)), stem(log_file)
        notes = [each for each in read if isinstance(each, Note)]
        records = [each for each in read if not isinstance(each, Note)]
        numbered = [each._replace(line=ordinal) for ordinal, each in enumerate(records, 1)]
        inside = _more_than_logs(_looked_into(documents_by_store(numbered), read_inside))
        taken = set(_places(inside))
        silent = sum(_is_silent(each) and each.line not in taken for each in numbered)
        if silent and silent == sum(isinstance(each, Record) and bool(each.rows) for each in numbered):
            return []
        if silent:
            notes.append(Note(f"documents that are of no format and have no text, passed over: {silent:,}"))
        whole = [*notes, *(spoken(each, file) for each in numbered)]
        plain = read_records(whole, preset_sources(self.preset), format=self.name, log_file=log_file, strict=strict)
        lines = lines_by_system((each for each in numbered if each.line not in taken), file)
        inside += _looked_into(lines, read_inside)
        if not inside:
            return _led_back(plain, records, log_file)
        said = pl.concat([part.rows for part in plain if part.frame == "logs"] or [FRAMES["logs"].empty()])
        parts = [*(_without(part, inside) for part in plain), *(_completed(part, said) for part in inside)]
        return _led_back(_accounted(parts, len(records), self.name), records, log_file)


def envelope(
    name: str,
    description: str,
    *,
    recognises: Callable[[Head], bool],
    records: Callable[[Path], Iterable[Found]],
    tried: str = "real",
    preset: str = LOG_RECORD,
) -> Envelope:
    """A format whose `records` wrap lines; the `preset` maps them where they are no more than log lines."""

    def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
        file = stem(log_file)
        made = (spoken(each, file) for each in records(path))
        return read_records(made, preset_sources(preset), format=name, log_file=log_file, strict=strict)

    return Envelope(name, description, recognises, read, tried, lambda: fills(preset_sources(preset)), records, preset)


def spoken(record: Found, file: str) -> Found:
    """The record with what its text says where that is a log line in JSON: who speaks, how serious it is, and what.

    Where nobody is named the `file` is.
    """
    if not isinstance(record, Record):
        return record
    return record._replace(
        rows=tuple((kind, _spoken(fields, file)) for kind, fields in record.rows if kind != DOCUMENT)
    )


def _spoken(fields: Fields, file: str) -> Fields:
    line = fields.get("text")
    if isinstance(line, str) and "\x1b" in line:
        line = re.sub(CODES, "", line)
        fields = fields | {"text": line}
    inner = json_object(line.strip()) if isinstance(line, str) else None
    fields = fields | {"system": fields.get("system") or file}
    if inner is None:
        return fields
    said = {name: value for name, value in log_fields(inner).items() if value and name != "name"}
    # The envelope knows the time exactly, and in its zone.
    return fields | said | {"time": fields.get("time") or said.get("time")}


def lines_by_system(records: Iterable[Found], file: str) -> dict[tuple[str, ...], list[Line]]:
    """The lines that the records wrap, by the system that wrote them, or the `file` where none is named, and the site:
    one machine writes many files.
    """
    by_system: dict[tuple[str, ...], list[Line]] = {}
    for record in records:
        for kind, fields in record.rows if isinstance(record, Record) else ():
            text, system = fields.get("text"), fields.get("system") or file
            if kind != DOCUMENT and isinstance(text, str) and text.strip():
                group = by_system.setdefault((str(system), str(fields.get("site"))), [])
                group.append(Line(record.line or 0, text.strip("\r\n")))
    return by_system


def documents_by_store(records: Iterable[Found]) -> dict[tuple[str, ...], list[Line]]:
    """The documents that the records are, by their stores."""
    by_store: dict[tuple[str, ...], list[Line]] = {}
    for record in records:
        for kind, fields in record.rows if isinstance(record, Record) else ():
            if kind == DOCUMENT:
                by_store.setdefault((fields["store"],), []).append(Line(record.line or 0, fields["text"]))
    return by_store


def _is_silent(record: Found) -> bool:
    return isinstance(record, Record) and [kind for kind, _ in record.rows] == [DOCUMENT]


def _looked_into(groups: dict[tuple[str, ...], list[Line]], read: ReadInside) -> list[Parsed]:
    """What the lines of each group are, those of which there are most first; the first word of a group names it."""
    most = sorted(groups.items(), key=lambda each: -len(each[1]))[:MOST_SYSTEMS]
    return [part for (name, *_), lines in most for part in _inside(name, lines, read)]


def _more_than_logs(parts: list[Parsed]) -> list[Parsed]:
    return [part for part in parts if part.frame != "logs"]


def _places(parts: list[Parsed]) -> pl.Series:
    """The ordinals of the records that the parts are made of."""
    places = (place for part in parts for place in (part.rows["log_line"], part.rejected["line"]))
    return pl.concat([pl.Series([], dtype=pl.Int64), *places]).unique()


def _inside(system: str, lines: list[Line], read: ReadInside) -> list[Parsed]:
    """What the lines of a system are as a file, by the ordinals of their records; nothing where that is no format."""
    with owned_folder() as folder:
        path = folder / "lines"
        path.write_text("".join(f"{line.text}\n" for line in lines), encoding="utf-8", errors="replace", newline="")
        parts = [part for part in read(path, system) if part.frame is not None]
    refused, records = sum(part.rejected.height for part in parts), sum(part.rows_in for part in parts)
    if not records or refused > MOST_REFUSED * records:
        return []
    ordinal_of = pl.Series([line.ordinal for line in lines for _ in range(line.text.count("\n") + 1)], dtype=pl.Int64)

    def placed(column: pl.Series) -> pl.Series:
        return ordinal_of.gather(column.fill_null(1).clip(1, len(ordinal_of)) - 1)

    note = f"lines of {system[:60]!r} are read as {parts[0].format}"
    return [
        replace(
            part,
            rows=part.rows.with_columns(log_line=placed(part.rows["log_line"])),
            rejected=part.rejected.with_columns(line=placed(part.rejected["line"])),
            warnings=(note, *part.warnings),
        )
        for part in parts
    ]


def _without(part: Parsed, inside: list[Parsed]) -> Parsed:
    """`part` without the records that are read by what is inside them."""
    taken = _places(inside).implode()
    rows = part.rows.filter(~pl.col("log_line").is_in(taken))
    return replace(part, rows=rows, rejected=part.rejected.filter(~pl.col("line").is_in(taken)))


def _completed(part: Parsed, said: pl.DataFrame) -> Parsed:
    """What is inside with what the envelopes `said`: their times, which have a zone, are those of log lines; their
    traces, levels and sites stand where the line has none of its own.
    """
    if part.frame not in COMPLETED:
        return part
    names = COMPLETED[part.frame]
    outside = said.unique("log_line").select("log_line", pl.col(names).name.suffix(OUTSIDE))
    rows = part.rows.join(outside, on="log_line", how="left", maintain_order="left")
    filled = [
        pl.coalesce(*((f"{name}{OUTSIDE}", name) if name == "time" else (name, f"{name}{OUTSIDE}"))).alias(name)
        for name in names
    ]
    return replace(part, rows=rows.with_columns(filled).select(part.rows.columns))


def _accounted(parts: list[Parsed], records: int, format: str) -> list[Parsed]:
    """One Parsed per frame, each record counted once: in the first frame it made a row of, else as refused or passed
    over, in the first frame of all.
    """
    frames: dict[str | None, list[pl.DataFrame]] = {}
    for part in parts:
        frames.setdefault(part.frame, []).append(part.rows)
    notes = tuple(dict.fromkeys(warning for part in parts for warning in part.warnings))
    refused = pl.concat([part.rejected for part in parts]).unique("line", keep="first", maintain_order=True)
    made: list[Parsed] = []
    counted = pl.Series([], dtype=pl.Int64)
    for frame, rows in frames.items():
        whole = pl.concat(rows).sort("log_line", maintain_order=True)
        whole = _told_apart(whole) if frame == "messages" else whole
        if whole.is_empty() and (made or frame != parts[-1].frame):
            continue
        own = whole["log_line"].unique()
        new = own.filter(~own.is_in(counted.implode()))
        counted = pl.concat([counted, new])
        made.append(Parsed(format, frame, whole, len(new), refused.clear(), records=len(new)))
    refused = refused.filter(~pl.col("line").is_in(counted.implode())).sort("line")
    passed = records - len(counted) - refused.height
    first = made[0]
    made[0] = replace(first, rows_in=first.rows_in + passed + refused.height, rejected=refused, passed=passed)
    made[0] = replace(made[0], warnings=notes)
    return [part for part in made if part.rows_in or part.warnings]


def _told_apart(messages: pl.DataFrame) -> pl.DataFrame:
    """`messages` whose ids were made of their lines, which two systems may have alike: one id is of one edge."""
    edge = pl.struct("source", "target").rank("dense").over("message_id")
    other = pl.format("{}:{}", "message_id", "target")
    return messages.with_columns(pl.when(edge == 1).then("message_id").otherwise(other).alias("message_id"))


def _led_back(parts: list[Parsed], records: list[Found], log_file: str) -> list[Parsed]:
    """`parts` with the lines of the records instead of their ordinals, in the file that holds them all."""
    lines = [ordinal if each.line is None else each.line for ordinal, each in enumerate(records, 1)]
    line_of = pl.Series(lines, dtype=pl.Int64)
    again = lines_again if all(each.line is not None for each in records) else None
    return [
        replace(
            part,
            rows=part.rows.with_columns(
                log_file=pl.lit(log_file), log_line=line_of.gather(part.rows["log_line"] - 1)
            ).select(part.rows.columns),
            rejected=part.rejected.with_columns(
                file=pl.lit(log_file), line=line_of.gather(part.rejected["line"] - 1)
            ).select(part.rejected.columns),
            file=log_file,
            again=again,
        )
        for part in parts
    ]
