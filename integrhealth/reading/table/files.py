"""Tables: CSV, JSON lines or one JSON array, Parquet, plain or gzip, to rows of a canonical frame.

With an entry of mapping.yaml, or without where the columns are canonical already.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from integrhealth.language.schema import FRAMES, TEXT, TIME, Frame
from integrhealth.reading.account.parsed import Head, Parsed
from integrhealth.reading.files.again import elements_again, lines_again
from integrhealth.reading.files.lines import (
    RAW_BYTES,
    array_elements,
    read_json_array,
    read_json_lines,
    refusals,
)
from integrhealth.reading.files.opened import HEAD_BYTES, UTF16, beginning, is_gzip, lines_at, numbered, whole
from integrhealth.reading.inner_frames import frame_schema
from integrhealth.reading.mapping.columns import identity
from integrhealth.reading.mapping.framing import RawLines, Table, framed, respelled
from integrhealth.reading.mapping.sources import MappedSource, list_columns, names_in
from integrhealth.reading.table.csv_rows import header, read_csv_rows
from integrhealth.reading.table.inner_keys import flat_columns, nested_schema, places_of, struct_columns
from integrhealth.reading.table.wrapped import is_wrapped, wrapped_table

PLACE = ("log_file", "log_line")
# The first record tells the columns; it may hold an error message of a megabyte.
LONGEST_FIRST_RECORD = 4 << 20
# A file is a table of a frame by its columns alone when at least this share of them belongs to the frame (own).
KNOWN_SHARE = 0.5
# Rows that are looked at for a suggestion.
SAMPLED = 1_000
# How many columns a warning names.
NAMED = 20


def read_table(
    path: Path,
    log_file: str,
    *,
    sources: Sequence[MappedSource] = (),
    strict: bool = False,
    format: str | None = None,
) -> list[Parsed]:
    """The rows of one table as `sources` map them, or of the frame that its columns show, and the records it refused.

    Counted in records: lines, elements, rows; ``log_line`` is the line a record begins on, in Parquet its row.
    `strict` refuses times without a zone. `format` is the name of the preset that `sources` are. Raises FaultyFile when
    they ask for what the file cannot have.
    """
    head = head_of(path)
    frame = frame_schema(sources[0].frame if sources else canonical_frame(head) or "")
    if frame is None:
        raise ValueError(f"{path.name} is not a table of a canonical frame")
    kind, table = _read(head, frame, sources)
    if not sources and (extra := _unknown(table.names, frame)):
        table = replace(table, notes=(*table.notes, f"unknown columns of {frame.name} are ignored: {extra}"))
    mapped = sources or [identity(frame, table.names)]
    return framed(table, mapped, format=format or kind, log_file=log_file, strict=strict)


def canonical_frame(head: Head) -> str | None:
    """The frame whose table the file is, without a mapping: all required columns, and its name or its other columns.

    A file named after a frame is of that frame. Else of the one frame whose required columns it has, the most
    demanding first, then the one that knows most of its columns; never when it knows less than half of them.
    """
    columns = set(column_names(head))
    fitting = [frame for frame in FRAMES.values() if columns.issuperset(frame.required)]
    stem = head.path.name.split(".")[0].casefold()
    if stem in {frame.name for frame in fitting}:
        return stem
    strongest = [one for one in fitting if not any(set(one.required) < set(other.required) for other in fitting)]
    known_columns = {frame.name: len(columns & frame.columns.keys()) for frame in strongest}
    best = [name for name, count in known_columns.items() if count == max(known_columns.values())]
    if len(best) != 1 or known_columns[best[0]] < KNOWN_SHARE * len(columns - set(PLACE)):
        return None
    return best[0]


def column_names(head: Head) -> list[str]:
    """The columns of a table as far as its beginning shows; none for what is not a table."""
    kind = table_kind(head.start)
    if kind == "parquet":
        schema = _parquet_schema(head.path)
        return list(schema) if schema is not None else []
    if kind in ("jsonl", "json"):
        objects = _first_objects(head, kind)
        return list(dict.fromkeys(key for record in objects for key in record))
    if kind == "csv":
        head_line = header(_lines(utf8_start(head.start)), wanted=frozenset(_canonical_names()))
        return head_line.names if head_line else []
    return []


def sample_rows(head: Head) -> list[dict[str, Any]]:
    """The first records of a table, as far as its beginning holds them, for guessing what they are."""
    kind = table_kind(head.start)
    if kind == "parquet":
        return _parquet_rows(head.path) if column_names(head) else []
    if kind in ("jsonl", "json"):
        return _first_objects(head, kind)
    data = _lines(utf8_start(head.start))
    head_line = header(data) if kind == "csv" else None
    if head_line is None:
        return []
    return read_csv_rows(data[: data.rfind(b"\n") + 1], head_line).rows.select(head_line.names).to_dicts()


def head_of(path: Path) -> Head:
    """The beginning of a file, unpacked."""
    return Head(path, beginning(path))


def table_kind(start: bytes) -> str | None:
    """csv, jsonl (one object per line), json (one array) or parquet, by the first bytes; None for anything else."""
    if start.startswith(b"PAR1"):
        return "parquet"
    text = utf8_start(start)
    if b"\0" in text[:1_000]:
        return None
    first = text.lstrip()[:1]
    if first == b"{":
        return "jsonl"
    if first == b"[":
        return "jsonl" if _is_line_of_its_own(text.lstrip()) else "json"
    return "csv" if first else None


def _is_line_of_its_own(text: bytes) -> bool:
    """Whether an array is a (bad) line among JSON lines rather than the whole document."""
    line, _, rest = text.partition(b"\n")
    return _loaded(line) is not None and rest.lstrip().startswith(b"{")


def utf8_start(start: bytes) -> bytes:
    """The beginning of a file as UTF-8 without its byte order mark."""
    if start.startswith(UTF16):
        return start[: len(start) // 2 * 2].decode("utf-16", "replace").encode()
    return start.removeprefix(b"\xef\xbb\xbf")


def _loaded(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _lines(data: bytes) -> bytes:
    """`data` with the line ends of today, where it has those of an old Mac."""
    return data if b"\n" in data else data.replace(b"\r", b"\n")


def _first_objects(head: Head, kind: str) -> list[dict[str, Any]]:
    """The first whole records; of a file whose first one goes past the beginning, that one if it ends soon."""
    objects = _objects(head.start, kind)
    if objects or len(head.start) < HEAD_BYTES:
        return objects
    return _objects(beginning(head.path, size=LONGEST_FIRST_RECORD), kind)


def _objects(start: bytes, kind: str) -> list[dict[str, Any]]:
    text = utf8_start(start)
    elements = array_elements(text) if kind == "json" else text.split(b"\n")
    values = (_loaded(element) for element in elements)
    return [each for each in values if isinstance(each, dict)]


def _canonical_names() -> set[str]:
    return {name for frame in FRAMES.values() for name in frame.columns}


def _unknown(names: Iterable[str], frame: Frame) -> str:
    extra = [name for name in names if name not in frame.columns and name not in PLACE]
    more = f" and {len(extra) - NAMED} more" if len(extra) > NAMED else ""
    return ", ".join(name[:60] for name in extra[:NAMED]) + more


def _read(head: Head, frame: Frame, sources: Sequence[MappedSource]) -> tuple[str, Table]:
    """What kind of table a file is, and the columns that are asked for."""
    kind = table_kind(head.start)
    if kind == "parquet":
        return kind, _parquet(head.path, sources)
    if kind in ("json", "jsonl") and sources and is_wrapped(head, names_in(sources)):
        return "json", wrapped_table(head.path, sources)
    if kind in ("json", "jsonl"):
        return kind, _json(head, kind, frame, sources)
    if kind == "csv":
        return kind, _csv(head.path, frame, sources)
    refused = [] if not head.start.strip() else [(1, "not_a_table", b"")]
    return "csv", _no_table(refused)


def _no_table(refused: list[tuple[int, str, bytes]]) -> Table:
    return Table(pl.DataFrame(schema={"log_line": pl.Int64}), refusals(refused), [], lambda _: refusals([]))


def _csv(path: Path, frame: Frame, sources: Sequence[MappedSource]) -> Table:
    declared = sources[0] if sources else None
    data, damage = whole(path, encoding=declared.encoding if declared else None)
    data, tail = _lines(data), []
    if damage is not None:
        cut = data.rfind(b"\n") + 1
        tail, data = [(data.count(b"\n") + 1, damage, data[cut:])], data[:cut]
    wanted = frozenset(names_in(sources) if sources else frame.columns)
    head_line = header(data, separator=declared.separator if declared else None, wanted=wanted)
    if head_line is None:
        return _no_table(tail or ([(1, "no_header", data[:RAW_BYTES])] if data.strip() else []))
    read = read_csv_rows(data, head_line)
    notes = (
        [f"columns with a repeated or empty name are read as {', '.join(head_line.renamed)}"]
        if head_line.renamed
        else []
    )
    if (read.rejected["reason"] == "bad_utf8").any():
        notes.append("some lines are not UTF-8; declare csv: {encoding: cp1252} if the file is from Windows")
    refused = pl.concat([read.rejected, refusals(tail)])
    return Table(
        read.rows,
        refused,
        head_line.names,
        _raw_lines(lambda numbers: numbered(data, numbers, length=RAW_BYTES)),
        tuple(notes),
    )


def _text_around(name: str, objects: Sequence[dict[str, Any]]) -> str | None:
    """The key of the JSON text in which the column ``a.b`` of a mapping lies, if it lies in one."""
    key, _, below = name.partition(".")
    texts = (each[key] for each in objects if below and name not in each and isinstance(each.get(key), str))
    return key if any(text.lstrip().startswith("{") for text in texts) else None


def _json(head: Head, kind: str, frame: Frame, sources: Sequence[MappedSource]) -> Table:
    objects = _first_objects(head, kind)
    names = list(dict.fromkeys(key for record in objects for key in record))
    sources = [respelled(source, names) if source.any_case else source for source in sources]
    asked = dict.fromkeys(_text_around(name, objects) or name for name in names_in(sources))
    places = places_of(asked, objects, file=sources[0]) if sources else {}
    schema = nested_schema(places, list_columns(sources)) if sources else _own_schema(frame)
    data, damage = whole(head.path) if kind == "json" else (None, None)
    keys = None if sources else names
    read = read_json_lines(head.path, schema, keys=keys) if data is None else read_json_array(data, schema, keys=keys)
    if not sources:
        later = (name for name in schema if read.rows[name].null_count() < read.rows.height)
        names = list(dict.fromkeys((*names, *later, *read.strange)))

    def beginnings(numbers: set[int]) -> dict[int, bytes]:
        if data is None:
            return lines_at(head.path, numbers, length=RAW_BYTES)
        return numbered(data, numbers, length=RAW_BYTES)

    rows = read.rows.select(*flat_columns(places), "log_line") if sources else read.rows
    refused = read.rejected
    if damage is not None and refused.height:
        # The array ends where the file broke off: that is what is wrong with its last record.
        last = pl.int_range(pl.len()) == pl.len() - 1
        refused = refused.with_columns(reason=pl.when(last).then(pl.lit(damage)).otherwise("reason"))
    again = lines_again if data is None else elements_again
    return Table(rows, refused, names if not sources else rows.columns, _raw_lines(beginnings), again=again)


def _own_schema(frame: Frame) -> dict[str, Any]:
    """The keys of a file in canonical columns; its times are read as text."""
    return {name: TEXT if dtype == TIME else dtype for name, dtype in frame.columns.items()}


def _parquet_schema(path: Path) -> pl.Schema | None:
    try:
        return pl.scan_parquet(_parquet_source(path), glob=False).collect_schema()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        return None


def _parquet_rows(path: Path) -> list[dict[str, Any]]:
    try:
        return pl.scan_parquet(_parquet_source(path), glob=False).head(SAMPLED).collect().to_dicts()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return []


def _parquet_source(path: Path) -> Path | io.BytesIO:
    printable = str(path).isprintable() or str(path).isascii()  # polars takes no path with bytes that are not text
    return path if printable and not is_gzip(path) else io.BytesIO(whole(path)[0])


def _parquet(path: Path, sources: Sequence[MappedSource]) -> Table:
    try:
        rows = pl.read_parquet(_parquet_source(path), glob=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        damage = whole(path)[1] if is_gzip(path) else None
        return _no_table([(1, damage or "damaged_parquet", b"")])
    names = list(rows.columns)
    rows = rows.with_columns(struct_columns(rows.schema, names_in(sources))).drop(PLACE, strict=False)
    rows = rows.with_row_index("log_line", 1).cast({"log_line": pl.Int64})
    return Table(rows, refusals([]), names, lambda refused: _raw_rows(rows, refused), again=_parquet_again)


def _parquet_again(path: Path) -> pl.DataFrame:
    """The rows with all their columns, also those that were not asked for."""
    rows = pl.read_parquet(_parquet_source(path), glob=False).with_columns(pl.col(pl.Binary).bin.encode("hex"))
    numbered = rows.select(record=pl.struct(pl.all()).struct.json_encode().hash()).with_row_index("log_line", 1)
    return numbered.cast({"log_line": pl.Int64})


def _raw_rows(rows: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    """Refused rows of a Parquet file as JSON."""
    if refused.is_empty():
        return refusals([])
    shown = rows.filter(pl.col("log_line").is_in(refused["log_line"].implode()))
    shown = shown.with_columns(pl.col(pl.Binary).bin.encode("hex"))
    texts = shown.select(pl.struct(pl.exclude("log_line")).struct.json_encode()).to_series()
    raw = {line: text.encode()[:RAW_BYTES] for line, text in zip(shown["log_line"], texts, strict=True)}
    return refusals((line, reason, raw.get(line, b"")) for line, reason in refused.rows())


def _raw_lines(beginnings_of: Callable[[set[int]], dict[int, bytes]]) -> RawLines:
    """Refused rows with the beginning of their lines, which are `beginnings_of` again: there are few of them."""

    def raw(refused: pl.DataFrame) -> pl.DataFrame:
        beginnings = beginnings_of(set(refused["log_line"].to_list())) if refused.height else {}
        return refusals((line, reason, beginnings.get(line, b"").rstrip(b"\r")) for line, reason in refused.rows())

    return raw
