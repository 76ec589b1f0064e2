"""Nested formats: a file comes apart into records, and a preset says what their fields mean.

A format is one generator, from a path to what was found, and one YAML file in ``presets`` whose sources name the
kind of record they are for. Everything else (types, times, statuses, what is rejected and why) is as for tables.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from integrhealth.language.schema import FRAMES, TEXT, WORDS
from integrhealth.reading.account.parsed import Format, Head, Parsed
from integrhealth.reading.files.again import lines_again
from integrhealth.reading.files.lines import RAW_BYTES, refusals
from integrhealth.reading.mapping.framing import Table, framed
from integrhealth.reading.mapping.sources import MappedSource, list_columns, names_in
from integrhealth.reading.mapping.yaml_entries import preset_sources

Fields = dict[str, Any]

# Columns of messages that are made of those of the inner frames.
MADE_OF = {
    "message_events": ("sent_at", "finished_at", "status"),
    "spans": ("message_id", "source", "target", "kind", "sent_at", "received_at", "finished_at", "answered_at"),
}


class Record(NamedTuple):
    """One record of a file that was understood, as rows: (kind, fields by name). No rows: it says nothing of them.

    ``line`` is the line it stands on, or None for a part of a document: then it is its ordinal among the records.
    """

    line: int | None
    rows: tuple[tuple[str, Fields], ...] = ()


class Refused(NamedTuple):
    """A record that was not understood: why, and what it looks like."""

    line: int | None
    reason: str
    raw: Any


class Note(NamedTuple):
    """A sentence to say once about the file."""

    sentence: str


Found = Record | Refused | Note


@dataclass
class _Kind:
    """The fields of all rows of one kind, by column, and where each row stands."""

    columns: dict[str, list[Any]]
    lines: list[int] = field(default_factory=list)

    def add(self, line: int, fields: Fields) -> None:
        self.lines.append(line)
        for name, values in self.columns.items():
            values.append(fields.get(name))


def nested_format(
    name: str,
    description: str,
    *,
    recognises: Callable[[Head], bool],
    records: Callable[[Path], Iterable[Found]],
    tried: str = "real",
) -> Format:
    """A format whose `records` the preset `name` maps."""

    def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
        return read_records(records(path), preset_sources(name), format=name, log_file=log_file, strict=strict)

    return Format(name, description, recognises, read, tried, lambda: fills(preset_sources(name)))


def fills(sources: Iterable[MappedSource]) -> Mapping[str, tuple[str, ...]]:
    """The canonical frames and columns that the sources fill."""
    filled: dict[str, dict[str, None]] = {}
    for source in sources:
        made = MADE_OF.get(source.frame, ())
        frame = "messages" if made else source.frame
        columns = (*made, *source.columns)
        canonical = [name for name in columns if name in FRAMES[frame].columns]
        filled.setdefault(frame, {}).update(dict.fromkeys(canonical))
    return {frame: tuple(columns) for frame, columns in filled.items()}


def read_records(
    records: Iterable[Found],
    sources: Iterable[MappedSource],
    *,
    format: str,
    log_file: str,
    strict: bool = False,
) -> list[Parsed]:
    """What was found in a file as rows of the frames that the sources fill, one Parsed per frame.

    What is refused, and records without rows, count in the frame of the first source. Fields may be text, numbers,
    flags, lists or objects; nothing is read but the fields that the sources name.
    """
    sources = list(sources)
    kinds = {kind: [source for source in sources if source.record == kind] for kind in _kinds_of(sources)}
    made = {kind: _Kind({name: [] for name in names_in(of_kind)}) for kind, of_kind in kinds.items()}
    refused, notes, passed, lines, by_line = [], {}, 0, [], True
    for each in records:
        if isinstance(each, Note):
            notes[each.sentence] = None
            continue
        ordinal = len(lines) + 1
        lines.append(ordinal if each.line is None else each.line)
        by_line &= each.line is not None
        if isinstance(each, Refused):
            refused.append((ordinal, each.reason, shown(each.raw)))
        else:
            passed += not each.rows
            for kind, fields in each.rows:
                made[kind].add(ordinal, fields)
    parts: list[Parsed] = []
    for place, (kind, of_kind) in enumerate(kinds.items()):
        first = place == 0
        table = _table(made[kind], of_kind, refused if first else [], tuple(notes) if first else (), passed * first)
        parts += framed(table, of_kind, format=format, log_file=log_file, strict=strict)
    again = lines_again if by_line else None
    return [replace(_led_back(part, lines), again=again) for part in spoken_of(merged(parts))]


def spoken_of(parts: list[Parsed]) -> list[Parsed]:
    """`parts` without those of frames that no record of the file speaks of; the first stays if there is no other."""
    return [part for part in parts if part.rows_in or part.warnings] or parts[:1]


def merged(parts: Iterable[Parsed]) -> list[Parsed]:
    """`parts` with one for each frame."""
    by_frame: dict[str | None, Parsed] = {}
    for part in parts:
        if (before := by_frame.get(part.frame)) is None:
            by_frame[part.frame] = part
            continue
        by_frame[part.frame] = Parsed(
            format=part.format,
            frame=part.frame,
            rows=pl.concat([before.rows, part.rows]),
            rows_in=before.rows_in + part.rows_in,
            rejected=pl.concat([before.rejected, part.rejected]).sort("line", nulls_last=True, maintain_order=True),
            warnings=tuple(dict.fromkeys([*before.warnings, *part.warnings])),
            file=part.file,
            passed=before.passed + part.passed,
            records=_records(before) + _records(part),
        )
    return list(by_frame.values())


def _records(part: Parsed) -> int:
    return part.rows.height if part.records is None else part.records


def _kinds_of(sources: list[MappedSource]) -> list[str]:
    return list(dict.fromkeys(source.record for source in sources))


def _led_back(part: Parsed, lines: list[int]) -> Parsed:
    """`part` with the lines of the records instead of their ordinals: by these they are told apart on one line."""
    line_of = pl.Series(lines, dtype=pl.Int64)
    rows = part.rows.with_columns(log_line=line_of.gather(part.rows["log_line"] - 1))
    rejected = part.rejected.with_columns(line=line_of.gather(part.rejected["line"] - 1))
    return replace(part, rows=rows, rejected=rejected)


def _table(
    kind: _Kind, sources: list[MappedSource], refused: list[tuple[int, str, bytes]], notes: tuple[str, ...], passed: int
) -> Table:
    lists = list_columns(sources)
    columns = [
        pl.Series(name, [_words(value) for value in values], dtype=WORDS)
        if name in lists
        else pl.Series(name, [text(value) for value in values], dtype=TEXT)
        for name, values in kind.columns.items()
    ]
    rows = pl.DataFrame([*columns, pl.Series("log_line", kind.lines, dtype=pl.Int64)])
    return Table(rows, refusals(refused), list(kind.columns), lambda later: _raw(rows, later), notes, passed, True)


def _raw(rows: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    """Refused rows as the fields that were read of them."""
    shown = refused.join(rows.unique("log_line", keep="first"), on="log_line", how="left", maintain_order="left")
    records = shown.drop("log_line", "reason").to_dicts()
    raw = [
        json.dumps({name: value for name, value in record.items() if value is not None}, ensure_ascii=False)
        for record in records
    ]
    return refusals(
        (line, reason, each.encode()[:RAW_BYTES])
        for (line, reason), each in zip(refused.select("log_line", "reason").rows(), raw, strict=True)
    )


def text(value: Any) -> str | None:
    """A value of JSON as text: objects and lists as JSON, true and false as JSON writes them."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _words(value: Any) -> list[str] | None:
    if value is None:
        return None
    return [word for each in (value if isinstance(value, list) else [value]) if (word := text(each)) is not None]


def shown(raw: Any) -> bytes:
    """The beginning of what was refused: of bytes themselves, of a value its JSON."""
    if isinstance(raw, bytes):
        return raw[:RAW_BYTES]
    try:
        return (text(raw) or "").encode("utf-8", "replace")[:RAW_BYTES]
    except RecursionError:
        return b"(nested too deeply to show)"
