"""CSV to a frame of text, strict: a row with too few or too many fields is rejected with its line, not padded or cut.

Blocks go through polars; a block that fails, or whose line ends and separators do not add up, goes record by record
through the standard library.
"""

import csv
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from integrhealth.language.schema import COUNT
from integrhealth.reading.files.lines import refusals
from integrhealth.reading.files.opened import Block, in_order

BLOCK_BYTES = 4 << 20
SEPARATORS = (",", ";", "\t", "|")
# A record over more lines than this is a quote that nobody closed.
LONGEST_RECORD = 200
# Excel's own line before the header.
DECLARED = re.compile(rb"^sep=(.)\r?\n")
FAILURES = (pl.exceptions.PolarsError, pl.exceptions.PanicException)

csv.field_size_limit(sys.maxsize)


@dataclass(frozen=True)
class Header:
    """The column names of a CSV file, made unique, the separator, and where the first record begins."""

    names: list[str]
    renamed: list[str]
    separator: str
    start: int
    first_line: int


@dataclass(frozen=True)
class CsvRows:
    """The records of a CSV file as text with ``log_line``, and those that were refused: line, reason, raw."""

    rows: pl.DataFrame
    rejected: pl.DataFrame


@dataclass(frozen=True)
class _Read:
    rows: pl.DataFrame
    numbers: np.ndarray
    refused: list[tuple[int, str, bytes]]


def header(data: bytes, *, separator: str | None = None, wanted: frozenset[str] = frozenset()) -> Header | None:
    """The header line of `data`, or None when there is none.

    Without a declared `separator` the one of ``, ; tab |`` under which most of the `wanted` columns appear, then the
    one that gives most columns. Names that repeat get _2, _3; empty ones become column_<number>.
    """
    start = len(data) - len(data.lstrip(b"\r\n \t\f\v")) if data[:1].isspace() else 0
    if declared := DECLARED.match(data[start:]):
        separator = separator or declared[1].decode("latin-1")
        start += declared.end()
    candidates = [separator] if separator else SEPARATORS
    read = [
        (names, mark, length) for mark in candidates for names, length in [_first_record(data[start:], mark)] if names
    ]
    if not read:
        return None
    names, mark, length = max(read, key=lambda each: (len(wanted & set(each[0])), len(each[0])))
    unique, renamed = _unique([name.strip() for name in names])
    end = start + length
    return Header(unique, renamed, mark, end, data.count(b"\n", 0, end) + 1)


def read_csv_rows(data: bytes, head: Header, *, line_column: str = "log_line") -> CsvRows:
    """The records after the header, one row each; every column is text, empty fields are empty text."""
    body = data[head.start :].rstrip(b"\r\n")
    reads = list(in_order(lambda block: _read(block, head), _blocks(body, head.first_line))) if body.strip() else []
    schema = dict.fromkeys(head.names, pl.String)
    rows = pl.concat([pl.DataFrame(schema=schema), *(read.rows for read in reads)])
    numbers = np.concatenate([np.empty(0, dtype=np.int64), *(read.numbers for read in reads)])
    refused = [refusal for read in reads for refusal in read.refused]
    return CsvRows(rows.with_columns(pl.Series(line_column, numbers, dtype=COUNT)), refusals(refused))


def _first_record(data: bytes, separator: str) -> tuple[list[str], int]:
    """The fields of the first record and how many bytes it takes."""
    taken = 0

    def lines() -> Iterator[str]:
        nonlocal taken
        while taken < len(data):
            end = data.find(b"\n", taken) + 1 or len(data)
            line, taken = data[taken:end], end
            yield line.decode("utf-8", "replace")

    try:
        return next(csv.reader(lines(), delimiter=separator), []), taken
    except csv.Error:
        return [], 0


def _unique(names: list[str]) -> tuple[list[str], list[str]]:
    unique: list[str] = []
    renamed = []
    for place, name in enumerate(names, start=1):
        base = name or f"column_{place}"
        fresh, copy = base, 1
        while fresh in unique:
            copy += 1
            fresh = f"{base}_{copy}"
        if fresh != name:
            renamed.append(fresh)
        unique.append(fresh)
    return unique, renamed


def _blocks(body: bytes, first_line: int) -> Iterator[Block]:
    """Whole records, as far as quotes tell: a block ends where as many quotes were opened as closed."""
    start, line, quoted = 0, first_line, b'"' in body
    while start < len(body):
        end = _line_end(body, start + BLOCK_BYTES)
        while quoted and end < len(body) and body.count(b'"', start, end) % 2:
            further = _line_end(body, body.find(b'"', end))
            end = further if further > end else len(body)
        data = body[start:end]
        newlines = data.count(b"\n")
        yield Block(data, line, newlines)
        start, line = end, line + newlines


def _line_end(body: bytes, at: int) -> int:
    return body.find(b"\n", at) + 1 or len(body) if 0 <= at < len(body) else len(body)


def _read(block: Block, head: Header) -> _Read:
    rows = _strictly(block, head)
    numbers = None if rows is None else _numbers(rows, block, head)
    return _record_by_record(block, head) if numbers is None else _Read(rows, numbers, [])


def _strictly(block: Block, head: Header) -> pl.DataFrame | None:
    if len(head.names) == 1:
        return None
    places = [f"column_{place}" for place in range(len(head.names))]
    try:
        rows = pl.read_csv(
            head.separator.join(places).encode() + b"\n" + block.data,
            separator=head.separator,
            schema=dict.fromkeys(places, pl.String),
            empty_string_is_null=False,
            truncate_ragged_lines=False,
            missing_columns="raise",
        )
    except FAILURES:
        return None
    return rows.rename(dict(zip(places, head.names, strict=True)))


def _numbers(rows: pl.DataFrame, block: Block, head: Header) -> np.ndarray | None:
    """The line of every row, or None when the separators or line ends of the block are not all accounted for.

    polars pads short rows in silence: then separators are missing. It reads a blank line as a row: likewise.
    """
    lines = block.newlines + (not block.data.endswith(b"\n"))
    separators = block.data.count(head.separator.encode())
    quoted = b'"' in block.data
    if quoted:
        if block.data.count(b'"') % 2:
            return None
        separators -= _inside(rows, head.separator)
    if separators != (len(head.names) - 1) * rows.height:
        return None
    if rows.height == lines:
        return np.arange(block.first_line, block.first_line + lines)
    if not quoted:
        return None
    spanned = rows.select(pl.sum_horizontal(pl.all().str.count_matches("\n", literal=True)).cast(pl.Int64)).to_series()
    if rows.height + spanned.sum() != lines or spanned.max() > LONGEST_RECORD:
        return None
    return block.first_line + np.arange(rows.height) + spanned.cum_sum().shift(1, fill_value=0).to_numpy()


def _inside(rows: pl.DataFrame, separator: str) -> int:
    counts = rows.select(pl.all().str.count_matches(separator, literal=True).cast(pl.Int64).sum())
    return sum(counts.row(0))


def _record_by_record(block: Block, head: Header) -> _Read:
    lines = block.data.splitlines(keepends=True) if b"\r" not in block.data else block.data.split(b"\n")
    numbers, good, refused = [], [], []
    for first, fields, reason in _records(lines, head.separator):
        if reason is None and len(fields) != len(head.names):
            reason = "too_few_fields" if len(fields) < len(head.names) else "too_many_fields"
        if reason is not None:
            refused.append((block.first_line + first, reason, lines[first].rstrip(b"\r\n")))
        else:
            numbers.append(block.first_line + first)
            good.append(fields)
    columns = zip(*good, strict=True) if good else ([] for _ in head.names)
    rows = pl.DataFrame([pl.Series(name, values, pl.String) for name, values in zip(head.names, columns, strict=True)])
    return _Read(rows, np.array(numbers, dtype=np.int64), refused)


def _records(lines: list[bytes], separator: str) -> Iterator[tuple[int, list[str], str | None]]:
    """Every record with the index of its first line; a fault costs that one line, reading goes on with the next."""
    here = 0
    while here < len(lines):
        reader = _Reader(lines, here, separator)
        for first, fields, reason in reader:
            here = reader.next_line
            if reason or any(field.strip() for field in fields[:2]) or len(fields) > 1:
                yield first, fields, reason
        here = reader.next_line


class _Reader:
    """The records of `lines` from `here` to the end or to the first fault; ``next_line`` is where to go on."""

    def __init__(self, lines: list[bytes], here: int, separator: str) -> None:
        self.lines, self.separator = lines, separator
        self.next_line = self.first = here

    def __iter__(self) -> Iterator[tuple[int, list[str], str | None]]:
        records = csv.reader(self._texts(), delimiter=self.separator, strict=True)
        try:
            for fields in records:
                yield self.first, fields, None
                self.first = self.next_line
        except (csv.Error, UnicodeDecodeError) as error:
            reason = "bad_utf8" if isinstance(error, UnicodeDecodeError) else "bad_quotes"
            self.next_line = self.first + 1
            yield self.first, [], reason

    def _texts(self) -> Iterator[str]:
        while self.next_line < len(self.lines):
            if self.next_line - self.first > LONGEST_RECORD:
                raise csv.Error("a quote is not closed")
            line = self.lines[self.next_line]
            self.next_line += 1
            yield line.rstrip(b"\r\n").decode() + "\n"
