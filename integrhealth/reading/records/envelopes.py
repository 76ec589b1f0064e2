"""Logs that wrap the lines of other programs: of a container, of a pod, of whatever a collector picked up.

What is inside may be a format of its own: access logs, JSON lines, records of this kit. So the lines of each system
are looked at by themselves, as a file that has the name of the system; those of a system that nothing recognises stay
what the envelope makes of them, log lines. A record is one of the envelope, ``log_line`` its place there.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Protocol

import polars as pl

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


class ReadInside(Protocol):
    """Reads a file by what it holds, `name` being that of the system whose lines it holds."""

    def __call__(self, path: Path, name: str) -> list[Parsed]: ...


class Line(NamedTuple):
    """What a program wrote: the ordinal of the record that wraps it, and its text, which may be several lines."""

    ordinal: int
    text: str


@dataclass(frozen=True)
class Envelope(Format):
    """A format whose ``records`` of kind ``log`` (time, system, level, text, ...) hold the lines of programs."""

    records: Callable[[Path], Iterable[Found]] = list

    def opened(self, path: Path, log_file: str, *, read_inside: ReadInside, strict: bool = False) -> list[Parsed]:
        """What the lines inside say, system by system; as log lines where `read_inside` recognises nothing."""
        read = list(self.records(path))
        notes = [each for each in read if isinstance(each, Note)]
        records = [each for each in read if not isinstance(each, Note)]
        numbered = [each._replace(line=ordinal) for ordinal, each in enumerate(records, 1)]
        whole = [*notes, *(spoken(each, stem(log_file)) for each in numbered)]
        plain = read_records(whole, preset_sources(self.name), format=self.name, log_file=log_file, strict=strict)
        by_system = sorted(lines_by_system(numbered, stem(log_file)).items(), key=lambda each: -len(each[1]))
        inside = [part for system, lines in by_system[:MOST_SYSTEMS] for part in _inside(system, lines, read_inside)]
        if not inside:
            return _led_back(plain, records, log_file)
        times = plain[0].rows.select("log_line", exact="time") if plain[0].frame == "logs" else None
        parts = [*(_without(part, inside) for part in plain), *(_timed(part, times) for part in inside)]
        return _led_back(_accounted(parts, len(records), self.name), records, log_file)


def envelope(
    name: str,
    description: str,
    *,
    recognises: Callable[[Head], bool],
    records: Callable[[Path], Iterable[Found]],
    tried: str = "real",
) -> Envelope:
    """A format whose `records` wrap lines; the preset `name` maps them where they are no more than log lines."""

    def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
        made = (spoken(each, stem(log_file)) for each in records(path))
        return read_records(made, preset_sources(name), format=name, log_file=log_file, strict=strict)

    return Envelope(name, description, recognises, read, tried, lambda: fills(preset_sources(name)), records)


def spoken(record: Found, file: str) -> Found:
    """The record with what its text says where that is a log line in JSON: who speaks, how serious it is, and what.

    Where nobody is named the `file` is.
    """
    if not isinstance(record, Record):
        return record
    return record._replace(rows=tuple((kind, _spoken(fields, file)) for kind, fields in record.rows))


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


def lines_by_system(records: Iterable[Found], file: str) -> dict[str, list[Line]]:
    """The lines that the records wrap, by the system that wrote them, or the `file` where none is named."""
    by_system: dict[str, list[Line]] = {}
    for record in records:
        for _, fields in record.rows if isinstance(record, Record) else ():
            text, system = fields.get("text"), fields.get("system") or file
            if isinstance(text, str) and text.strip():
                by_system.setdefault(str(system), []).append(Line(record.line or 0, text.strip("\r\n")))
    return by_system


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
    taken = pl.concat([*(each.rows["log_line"] for each in inside), *(each.rejected["line"] for each in inside)])
    rows = part.rows.filter(~pl.col("log_line").is_in(taken.implode()))
    return replace(part, rows=rows, rejected=part.rejected.filter(~pl.col("line").is_in(taken.implode())))


def _timed(part: Parsed, times: pl.DataFrame | None) -> Parsed:
    """Log lines at the times of their envelopes: those have a zone, and stand where the line has none of its own."""
    if part.frame != "logs" or times is None:
        return part
    rows = part.rows.join(times.unique("log_line"), on="log_line", how="left", maintain_order="left")
    return replace(part, rows=rows.with_columns(time=pl.coalesce("exact", "time")).drop("exact"))


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
