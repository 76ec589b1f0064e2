"""The first records of a table that nothing recognised, as columns of text, and how the file is written."""

import codecs
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.opened import HEAD_BYTES
from integrhealth.reading.json.values import flattened
from integrhealth.reading.records.nested import Record
from integrhealth.reading.table.csv_rows import SEPARATORS, CsvRows, Header, header, read_csv_rows
from integrhealth.reading.table.files import head_of, sample_rows, table_kind
from integrhealth.reading.table.wrapped import wrapped_names, wrapped_records

SAMPLED = 1_000
# Of the records at the beginning of a table so many have as many fields as its header.
EVEN = 0.8
# More columns than this are looked at by nobody; a longer cell says no more by its end.
MOST_COLUMNS, CELL = 300, 2_000
# Words that exports write where there is nothing.
NOTHING = frozenset(("-", "--", "—", "NULL", "null", "(null)", "None", "N/A", "n/a", "NA", "NaN", "nil", "#N/A", "\\N"))


@dataclass(frozen=True)
class Sample:
    """The first records of a table, each column as text; columns without any value are left out.

    ``csv`` is what an entry has to say of a file that is no plain CSV, ``null`` the words for nothing that it writes.
    """

    path: Path
    columns: dict[str, pl.Series]
    csv: dict[str, str] = field(default_factory=dict)
    null: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many records were looked at."""
        return max(map(len, self.columns.values()), default=0)


def is_nothing(value: str | None) -> bool:
    """Whether a value is one of the words for nothing, or a line of dashes."""
    return value is not None and (value in NOTHING or set(value) == {"-"})


def sample_of(path: Path) -> Sample | None:
    """The first records of the table at `path`; None for what is no table."""
    head = head_of(path)
    csv = {}
    kind = table_kind(head.start)
    if kind == "csv":
        head, csv = _readable(head)
        line = table_header(head.start)
        if line is None:
            return None
        if line.separator != ",":
            csv["separator"] = line.separator
        rows = [_opened(row) for row in _csv_rows(head.start, line).rows.select(line.names).head(SAMPLED).to_dicts()]
    else:
        rows = _rows(head)
    names = list(dict.fromkeys(name for row in rows for name in row))[:MOST_COLUMNS]
    texts = {name: [_text(row.get(name)) for row in rows] for name in names}
    null = tuple(sorted({value for values in texts.values() for value in values if is_nothing(value)}))
    columns = {
        name: pl.Series(name, [None if value in null else value for value in values], dtype=pl.String)
        for name, values in texts.items()
    }
    columns = {name: values for name, values in columns.items() if values.null_count() < len(values)}
    return Sample(path, columns, csv, null) if columns else None


def _readable(head: Head) -> tuple[Head, dict[str, str]]:
    """The beginning as UTF-8, and the encoding to declare where it is another."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head.start)
    except UnicodeDecodeError:
        # Every byte is a letter in cp1252, but for five, which latin-1 has too.
        encoding = "cp1252"
        try:
            text = head.start.decode(encoding)
        except UnicodeDecodeError:
            encoding, text = "latin-1", head.start.decode("latin-1")
        return Head(head.path, text.encode()), {"encoding": encoding}
    return head, {}


def table_header(start: bytes) -> Header | None:
    """The header of a table of several columns: with the separator that divides most records as it divides the header.

    None where none does: commas in sentences make no table.
    """
    headers = [line for mark in SEPARATORS if (line := header(start, separator=mark)) is not None]
    even = [line for line in headers if len(line.names) > 1 and _is_even(start, line)]
    return max(even, key=lambda line: len(line.names), default=None)


def _is_even(start: bytes, line: Header) -> bool:
    read = _csv_rows(start, line)
    faults = read.rejected.filter(read.rejected["reason"] != "bad_utf8").height
    return 0 < read.rows.height >= EVEN * (read.rows.height + faults)


def _csv_rows(start: bytes, line: Header) -> CsvRows:
    """The records at the beginning of a file, without one that may go on past it."""
    return read_csv_rows(start[: start.rfind(b"\n") + 1] if len(start) >= HEAD_BYTES else start, line)


def _rows(head: Head) -> list[dict[str, Any]]:
    kind = table_kind(head.start)
    if kind in ("json", "jsonl") and wrapped_names(head):
        records = (each for each in wrapped_records(head.path) if isinstance(each, Record))
        rows = [record.rows[0][1] for record in islice(records, SAMPLED)]
    else:
        rows = [flattened(row) for row in sample_rows(head)[:SAMPLED]]
    return [_opened(row) for row in rows]


def _opened(row: dict[str, Any]) -> dict[str, Any]:
    """A record with the objects that stand in it as JSON text opened, as a mapping reaches into them."""
    opened: dict[str, Any] = {}
    for name, value in row.items():
        inner = {} if "." in name else _object(value)
        opened |= {f"{name}.{key}": each for key, each in flattened(inner).items()} if inner else {name: value}
    return opened


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return {}
    try:
        inner = orjson.loads(value)
    except orjson.JSONDecodeError:
        return {}
    return inner if isinstance(inner, dict) else {}


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, list | dict | bytes):
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.strip()[:CELL] or None
