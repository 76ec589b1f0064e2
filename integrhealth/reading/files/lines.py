"""JSON lines to a typed frame: strict, whole blocks at a time; only what a block fails over goes line by line.

No value is altered in silence. A line that is not JSON, not an object, or holds a value its column cannot keep is
rejected with its number, the reason and its beginning; the lines around it survive.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl

from integrhealth.language.masking import cut, masked
from integrhealth.language.schema import COUNT
from integrhealth.reading.files.line_faults import judge
from integrhealth.reading.files.marks import Marks, marks
from integrhealth.reading.files.opened import BLOCK_BYTES, Block, in_order, line_blocks

RAW_CHARACTERS = 200
# Masking looks at more than is shown, so that a secret at the edge is not cut before it is known as one.
RAW_BYTES = 4_000
# A block that fails is tried again in this many pieces, so that one bad line costs one piece line by line.
PIECES = 16
# Where every line has keys of its own, the first lines of a block tell their names.
FIRST_LINES = 100
REFUSED = {"line": pl.Int64, "reason": pl.String, "raw": pl.String}
# What JSON calls white space, without and with the line end; Python would strip form feeds too.
BLANK, WHITE_SPACE = b" \t\r", " \t\r\n"
# The first half of a character pair without the second, which the block parser reads as a zero byte.
HALF_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])")
FAILURES = (pl.exceptions.PolarsError, pl.exceptions.PanicException)


@dataclass(frozen=True)
class JsonLines:
    """The lines of a file that fit the schema, with ``log_line``, and those that do not: line, reason, raw.

    ``strange`` names keys outside the schema, where the keys to look for were given.
    """

    rows: pl.DataFrame
    rejected: pl.DataFrame
    strange: tuple[str, ...] = ()

    @property
    def rows_in(self) -> int:
        """Records found: every line that is not blank."""
        return self.rows.height + self.rejected.height


@dataclass(frozen=True)
class _Read:
    """The rows of one block with the numbers of their lines, the lines refused, and keys out of the schema."""

    rows: pl.DataFrame
    numbers: np.ndarray
    refused: list[tuple[int, str, bytes]]
    strange: tuple[str, ...] = ()


@dataclass
class _Wanted:
    """The columns to read, and those worth looking for: a key that no line has costs time all the same.

    With ``counted`` every key of a block must be accounted for. Once one is not, all columns are looked for.
    """

    schema: dict[str, Any]
    likely: dict[str, Any] = field(default_factory=dict)
    counted: bool = False

    @classmethod
    def of(cls, schema: Mapping[str, Any], keys: Iterable[str] | None) -> "_Wanted":
        """All of `schema`, or first of all those of `keys`."""
        chosen = {name: schema[name] for name in schema if keys is None or name in set(keys)}
        return cls(dict(schema), chosen or dict(schema), keys is not None)


def read_json_lines(
    path: Path,
    schema: Mapping[str, Any],
    *,
    keys: Iterable[str] | None = None,
    block_bytes: int = BLOCK_BYTES,
    line_column: str = "log_line",
) -> JsonLines:
    """The JSON lines of a file as a frame with the columns of `schema` and `line_column`, one row per good line.

    `schema` may nest with ``pl.Struct``. Keys it does not name are ignored, absent ones are null. Numbers and flags
    are strict, except that 2.0 is the integer 2; text takes numbers and flags as JSON writes them (integers to the
    last digit, other numbers as the nearest double). Of a repeated key the first counts. Blank lines are skipped
    but counted in the numbers. Plain or gzip; a file that breaks off keeps its good lines and rejects one record.
    `keys` are those of the first lines, which makes a flat file with few of the columns faster to read; any others
    are found where they turn up.
    """
    wanted = _Wanted.of(schema, keys)
    reads = list(in_order(lambda block: _read(block, wanted), line_blocks(path, block_bytes=block_bytes)))
    return _together(reads, schema, line_column=line_column)


def read_json_array(
    data: bytes, schema: Mapping[str, Any], *, keys: Iterable[str] | None = None, line_column: str = "log_line"
) -> JsonLines:
    """The elements of one JSON array as ``read_json_lines`` gives lines; the line is where an element begins.

    An array that breaks off keeps the elements before the fault and rejects the rest as one record.
    """
    numbers, elements, refused = _elements(data)
    read = _read(Block(b"\n".join(elements), 1, max(len(elements) - 1, 0)), _Wanted.of(schema, keys))
    at = np.array(numbers, dtype=np.int64)
    moved = [(numbers[line - 1], reason, raw) for line, reason, raw in read.refused]
    placed = _Read(read.rows, at[read.numbers - 1], moved + refused, read.strange)
    return _together([placed], schema, line_column=line_column)


def array_elements(data: bytes) -> list[bytes]:
    """The whole elements of a JSON array, each as JSON on one line, as far as `data` holds them."""
    return _elements(data)[1]


def array_elements_at(data: bytes) -> tuple[list[int], list[bytes]]:
    """The whole elements of a JSON array with the lines they begin on."""
    numbers, elements, _ = _elements(data)
    return numbers, elements


def refusals(rejections: Iterable[tuple[int | None, str, bytes]]) -> pl.DataFrame:
    """Rejected records as a frame in the order of the file, their beginnings masked and cut."""
    rows = [(line, reason, raw[:RAW_BYTES].decode("utf-8", "replace")) for line, reason, raw in rejections]
    if not rows:
        return pl.DataFrame(schema=REFUSED)
    frame = pl.DataFrame(rows, schema=REFUSED, orient="row")
    return frame.with_columns(raw=cut(masked(pl.col("raw")), RAW_CHARACTERS)).sort("line", maintain_order=True)


def _together(reads: list[_Read], schema: Mapping[str, Any], *, line_column: str) -> JsonLines:
    read = _joined(reads, schema)
    # The parser leaves many small chunks, which cost every later step more than putting them together does.
    rows = _with_all(read.rows.rechunk(), schema).with_columns(pl.Series(line_column, read.numbers, dtype=COUNT))
    return JsonLines(rows, refusals(read.refused), read.strange)


def _with_all(rows: pl.DataFrame, schema: Mapping[str, Any]) -> pl.DataFrame:
    """`rows` with all columns of `schema`. A null literal costs no memory, a column of nulls does."""
    absent = {name: pl.lit(None, dtype) for name, dtype in schema.items() if name not in rows.columns}
    return rows.with_columns(**absent).select(list(schema)) if rows.height else _nothing(schema)


def _read(block: Block, wanted: _Wanted) -> _Read:
    if block.damage is not None:
        lost = (block.first_line, block.damage, block.data)
        return _Read(_nothing(wanted.schema), np.empty(0, dtype=np.int64), [lost])
    pieces = (_at_once(piece, wanted) or _line_by_line(piece, wanted) for piece in _pieces(block))
    return _at_once(block, wanted) or _joined(list(pieces), wanted.schema)


def _at_once(block: Block, wanted: _Wanted) -> _Read | None:
    """All lines of a block, or None when there is anything wrong with any of them."""
    counts, looked_for = marks(block.data), wanted.likely
    rows = _strictly(block.data, looked_for)
    not_read = _not_read(rows, counts) if rows is not None and wanted.counted else 0
    if not_read and len(looked_for) < len(wanted.schema):
        wanted.likely = wanted.schema
        rows = _strictly(block.data, wanted.schema)
        not_read = _not_read(rows, counts) if rows is not None else 0
    read = None if rows is None else _whole_block(rows, block, counts, wanted.schema)
    if read is None or not not_read:
        return read
    return replace(read, strange=_strange(block.data, wanted.schema, not_read))


def _not_read(rows: pl.DataFrame, counts: Marks) -> int:
    """How many keys with a value are in the bytes and not in `rows`; 0 is exact, more may be inside texts or objects.

    Every value in `rows` has its key and every null key is counted, so that one cannot make up for another.
    """
    values = sum(rows.height - rows[name].null_count() for name in rows.columns)
    return counts.keys - counts.nulls - values + counts.gaps


def _strange(data: bytes, schema: Mapping[str, Any], not_read: int) -> tuple[str, ...]:
    """The keys outside the schema: of all lines where they are rare, else of the first."""
    lines = data.split(b"\n")
    keys_of_lines = (_keys(line) for line in (lines if not_read < len(lines) else lines[:FIRST_LINES]))
    return tuple(dict.fromkeys(key for keys in keys_of_lines for key in keys if key not in schema))


def _keys(line: bytes) -> Iterable[str]:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return ()
    return value if isinstance(value, dict) else ()


def _strictly(data: bytes, schema: Mapping[str, Any]) -> pl.DataFrame | None:
    """The rows of `data`, or None when there is anything wrong with any of them."""
    if not data or (data.isspace() and not data.strip(BLANK + b"\n")):
        return _nothing(schema)
    try:
        return pl.scan_ndjson(data, schema=dict(schema)).collect()
    except FAILURES:
        return None


def _whole_block(rows: pl.DataFrame, block: Block, counts: Marks, schema: Mapping[str, Any]) -> _Read | None:
    """`rows` with their line numbers, without those that the parser took too kindly; None when they do not line up."""
    last = block.newlines + (not block.data.endswith(b"\n"))
    numbers = np.arange(block.first_line, block.first_line + last)
    if rows.height != last:
        numbers = numbers[[bool(line.strip(BLANK)) for line in block.data.split(b"\n")[:last]]]
        if rows.height != len(numbers):
            return None
    if counts.odd == rows.height:  # one brace per line: nothing nests, nothing is escaped
        return _Read(rows, numbers, [])
    doubtful = np.union1d(_nesting(rows, block.data), _half_pairs(block, numbers))
    if not len(doubtful):
        return _Read(rows, numbers, [])
    return _checked(rows, numbers, doubtful=doubtful, block=block, schema=schema)


def _nesting(rows: pl.DataFrame, data: bytes) -> np.ndarray:
    """The rows with an object or a list where a text should be, which the parser takes as text; a few too many.

    The bytes say whether there can be any, so that flat blocks pay nothing more.
    """
    signs = [*_brackets(rows.schema)] if b"[" in data or data.count(b"{") > rows.height else []
    if not signs:
        return np.empty(0, dtype=np.int64)
    return rows.select(doubtful=pl.any_horizontal(signs).arg_true()).to_series().to_numpy()


def _brackets(schema: Mapping[str, Any], parent: pl.Expr | None = None) -> Iterator[pl.Expr]:
    for name, dtype in schema.items():
        here = pl.col(name) if parent is None else parent.struct.field(name)
        if dtype == pl.String:
            yield _opens(here)
        elif dtype == pl.List(pl.String):
            yield here.list.eval(_opens(pl.element())).list.any()
        elif isinstance(dtype, pl.Struct):
            yield from _brackets({field.name: field.dtype for field in dtype.fields}, here)


def _opens(text: pl.Expr) -> pl.Expr:
    return text.str.starts_with("{") | text.str.starts_with("[")


def _half_pairs(block: Block, numbers: np.ndarray) -> np.ndarray:
    """The rows with half a character pair, wherever in the line it stands."""
    if b"\\u" not in block.data or not HALF_PAIR.search(block.data):
        return np.empty(0, dtype=np.int64)
    lines = enumerate(block.data.split(b"\n"), start=block.first_line)
    return np.searchsorted(numbers, [number for number, line in lines if HALF_PAIR.search(line)])


def _checked(
    rows: pl.DataFrame, numbers: np.ndarray, *, doubtful: np.ndarray, block: Block, schema: Mapping[str, Any]
) -> _Read:
    judged, lines = judge(schema), block.data.split(b"\n")
    refused, keep = [], np.ones(rows.height, dtype=bool)
    for row in doubtful:
        line = lines[numbers[row] - block.first_line]
        reason, _ = judged(line)
        if reason is not None:
            keep[row] = False
            refused.append((int(numbers[row]), reason, line))
    return _Read(rows.filter(pl.Series(keep)), numbers[keep], refused)


def _pieces(block: Block) -> Iterator[Block]:
    size, start, line = len(block.data) // PIECES + 1, 0, block.first_line
    while start < len(block.data):
        end = block.data.find(b"\n", min(start + size, len(block.data)) - 1) + 1 or len(block.data)
        data = block.data[start:end]
        newlines = data.count(b"\n")
        yield Block(data, line, newlines)
        start, line = end, line + newlines


def _line_by_line(block: Block, wanted: _Wanted) -> _Read:
    judged = judge(wanted.schema)
    numbers, good, refused = [], [], []
    for number, line in enumerate(block.data.split(b"\n"), start=block.first_line):
        if not line.strip(BLANK):
            continue
        reason, readable = judged(line)
        if reason is not None:
            refused.append((number, reason, line))
        else:
            numbers.append(number)
            good.append(readable)
    read = _halved(good, numbers, wanted.schema)
    met = [name for name in wanted.schema if name in wanted.likely or read.rows[name].null_count() < read.rows.height]
    return replace(read, rows=read.rows.select(met), refused=refused + read.refused)


def _halved(lines: list[bytes], numbers: list[int], schema: Mapping[str, Any]) -> _Read:
    """The rows of lines that look right one by one; where the block parser disagrees, halving finds the line."""
    rows = _strictly(b"\n".join(lines), schema)
    if rows is not None and rows.height == len(lines):
        return _Read(rows, np.array(numbers, dtype=np.int64), [])
    if len(lines) == 1:
        return _Read(_nothing(schema), np.empty(0, np.int64), [(numbers[0], "bad_json", lines[0])])
    half = len(lines) // 2
    parts = [_halved(lines[:half], numbers[:half], schema), _halved(lines[half:], numbers[half:], schema)]
    return _joined(parts, schema)


def _joined(reads: list[_Read], schema: Mapping[str, Any]) -> _Read:
    numbers = np.concatenate([np.empty(0, dtype=np.int64), *(read.numbers for read in reads)])
    refused = [refusal for read in reads for refusal in read.refused]
    there = {name for read in reads for name in read.rows.columns}
    met = {name: dtype for name, dtype in schema.items() if name in there}
    # Blocks without a good line, of which a damaged file has many, hold nothing to put together.
    rows = pl.concat([_nothing(met), *(_with_all(read.rows, met) for read in reads if read.rows.height)])
    return _Read(rows, numbers, refused, _named(reads))


def _named(reads: list[_Read]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for read in reads for key in read.strange))


def _nothing(schema: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(schema=dict(schema))


def _elements(data: bytes) -> tuple[list[int], list[bytes], list[tuple[int, str, bytes]]]:
    """The elements of a JSON array, each on one line, with the line it began on; and what could not be split off."""
    text = data.decode("utf-8", "surrogateescape")
    numbers, elements = [], []
    # Only their ends are looked for: numbers stay text, of any length.
    decoder, here = JSONDecoder(parse_int=str, parse_float=str), text.index("[") + 1
    line, counted = 1, 0
    expected = "]{"
    while True:
        here = _past(text, here, WHITE_SPACE)
        line, counted = line + text.count("\n", counted, here), here
        if here < len(text) and text[here] == "]" and not text[here + 1 :].strip(WHITE_SPACE):
            return numbers, elements, []
        if elements and expected == "," and text[here : here + 1] == ",":
            here, expected = here + 1, ""
            continue
        if elements and expected == ",":
            break
        try:
            _, end = decoder.raw_decode(text, here)
        except (JSONDecodeError, RecursionError):
            break
        numbers.append(line)
        # A line end between the tokens of an element is only white space; inside a string it is not valid JSON.
        elements.append(text[here:end].replace("\n", " ").encode("utf-8", "surrogateescape"))
        here, expected = end, ","
    return numbers, elements, [(line, "bad_json", text[here : here + RAW_BYTES].encode("utf-8", "surrogateescape"))]


def _past(text: str, here: int, skipped: str) -> int:
    while here < len(text) and text[here] in skipped:
        here += 1
    return here
