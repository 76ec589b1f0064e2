"""JSON files of any shape as numbered texts: one value per line, one document, or several documents in a row.

Blocks of whole lines keep the memory bounded. A block goes through one strict decoding; only a block in which that
fails is looked at line by line, so that a bad line costs itself and nothing around it.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from integrhealth.language.masking import cut, masked
from integrhealth.reading.account.parsed import REJECTED
from integrhealth.reading.files.lines import HALF_PAIR
from integrhealth.reading.files.opened import Block, line_blocks

PIECE_BYTES = 1 << 20
RAW_CHARACTERS = 200
# Masking looks at more than is shown, so that a secret at the edge is not cut before it is known as one.
RAW_KEPT = 4_000
FAILURES = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
# What a list of texts looks like: the line each came from (null: a part of a document) and the JSON text.
TEXTS = {"line": pl.Int64, "text": pl.String}
# Where a record that does not fit its type leaves its beginning.
CLASH = "clash"

# (line, reason, raw) of one record that was not understood
Rejection = tuple[int | None, str, str]
# One JSON value as the values that the type describes, and what of it is none: (reason, value)
Unpack = Callable[[Any], tuple[list[Any], list[tuple[str, Any]]]]


@dataclass(frozen=True)
class Shape:
    """What a format's JSON looks like: the type to decode into, the type of one record in it, and how to get there.

    ``unpack`` turns any JSON value into values of ``dtype`` and what it could not use. With ``direct`` a line may
    be such a value already, and is decoded without a detour over Python; ``empty`` then finds the lines that
    decoded to nothing, which are unpacked after all. ``bare`` takes the JSON out of lines (line, text) in which a
    logger wrote something before it.
    """

    dtype: pl.Struct
    record: pl.Struct
    unpack: Unpack
    direct: bool = False
    bare: Callable[[pl.DataFrame], pl.DataFrame] | None = None

    def empty(self) -> pl.Expr:
        """Lines in which none of the expected keys stands."""
        return pl.all_horizontal(pl.col("value").struct.field(field.name).is_null() for field in self.dtype.fields)


def texts(path: Path, shape: Shape) -> Iterator[tuple[pl.DataFrame, list[Rejection]]]:
    """The JSON values of a file as frames of TEXTS that decode into the shape, with what was rejected on the way.

    One value per line if the first line is a value; else one document, or several in a row.
    """
    parts = line_blocks(path)
    first = next(parts, None)
    if first is None:
        return
    if not _is_lines(first, shape):
        yield _documents(first, parts, shape)
        return
    for block in _chain(first, parts):
        lines, rejected = _lines(block)
        yield shape.bare(lines) if shape.bare else lines, rejected


def values(path: Path, shape: Shape) -> Iterator[tuple[int | None, Any]]:
    """The JSON values that ``texts`` finds in a file, as they are, each with its line; None in a document."""
    parts = line_blocks(path)
    first = next(parts, None)
    if first is None:
        return
    if not _is_lines(first, shape):
        read = [first, *parts]
        data = b"".join(block.data for block in read)
        whole = _loaded(data)
        documents = [whole] if whole is not None else _in_a_row(data.decode("utf-8", "replace"), read[-1].damage)[0]
        yield from ((None, value) for value in documents)
        return
    for block in _chain(first, parts):
        lines = _lines(block)[0]
        for number, text in (shape.bare(lines) if shape.bare else lines).iter_rows():
            if (value := _loaded(text)) is not None:
                yield number, value


def _chain(first: Block, rest: Iterator[Block]) -> Iterator[Block]:
    yield first
    yield from rest


def _is_lines(block: Block, shape: Shape) -> bool:
    """Whether a file that begins with this block has one JSON value per line.

    A garbage first line does not make a document of it: then any line that holds what the format expects decides,
    unless the whole is a document (whose last element may stand alone on its line).
    """
    lines = [line for line in block.data.split(b"\n") if line.strip()]
    if not lines or _loaded(lines[0]) is not None:
        return True
    if not lines[0].lstrip().startswith((b"{", b"[")):
        return True
    if shape.bare and not shape.bare(first := _lines(Block(lines[0], 1, 0))[0]).equals(first):
        return True
    if len(lines) > 1 and not block.damage and _loaded(block.data) is not None:
        return False
    return any(shape.unpack(value)[0] for value in map(_loaded, lines) if isinstance(value, dict))


def _loaded(text: bytes | str) -> Any:
    """The JSON value, or None if there is none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _lines(block: Block) -> tuple[pl.DataFrame, list[Rejection]]:
    if block.damage:
        raw = block.data[:RAW_KEPT].decode("utf-8", "replace")
        return pl.DataFrame(schema=TEXTS), [(block.first_line, block.damage, raw)]
    rejected: list[Rejection] = []
    try:
        lines = pl.read_lines(block.data, name="text", row_index_name="line", row_index_offset=block.first_line)
    except FAILURES:
        lines, rejected = _decodable(block.data, block.first_line)
    lines = lines.select(pl.col("line").cast(pl.Int64), pl.col("text").str.strip_chars())
    lines = lines.filter(pl.col("text") != "")
    if HALF_PAIR.search(block.data) and (halves := _half_pairs(lines)):
        rejected += [(number, "no JSON: half of a surrogate pair", text[:RAW_KEPT]) for number, text in halves]
        lines = lines.filter(~pl.col("line").is_in([number for number, _ in halves]))
    return lines, rejected


def _half_pairs(lines: pl.DataFrame) -> list[tuple[int, str]]:
    """The lines with half of a surrogate pair, which the block parser reads as a zero byte."""
    suspects = lines.filter(pl.col("text").str.contains("\\u", literal=True)).iter_rows()
    return [
        (number, text)
        for number, text in suspects
        if HALF_PAIR.search(text.encode()) and _loaded(text.encode()) is None
    ]


def _decodable(data: bytes, first_line: int) -> tuple[pl.DataFrame, list[Rejection]]:
    """The lines that are UTF-8, and the rest."""
    rows, rejected = [], []
    for number, line in enumerate(data.split(b"\n"), first_line):
        try:
            rows.append((number, line.decode()))
        except UnicodeDecodeError as error:
            rejected.append((number, f"not UTF-8: {error.reason}", line[:RAW_KEPT].decode("utf-8", "replace")))
    return pl.DataFrame(rows, schema=TEXTS, orient="row"), rejected


def _documents(first: Block, rest: Iterator[Block], shape: Shape) -> tuple[pl.DataFrame, list[Rejection]]:
    """All documents of a file; what follows the last good one is one rejected record."""
    read = [first, *rest]
    data, damage = b"".join(block.data for block in read), read[-1].damage
    whole = _loaded(data)
    if whole is not None:
        values, rejected = [whole], []
    else:
        values, rejected = _in_a_row(data.decode("utf-8", "replace"), damage)
    if damage and not rejected:
        rejected = [(data.count(b"\n") + 1, damage, "")]
    made = []
    for value in values:
        unpacked, refused = pruned_texts(value, None, shape)
        made += unpacked
        rejected += refused
    return pl.DataFrame(made, schema=TEXTS, orient="row"), rejected


def _in_a_row(text: str, damage: str | None) -> tuple[list[Any], list[Rejection]]:
    """The JSON documents at the beginning of `text`, and the rest as one rejection."""
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    values: list[Any] = []
    at = 0
    while rest := text[at:].lstrip() if at else text.lstrip():
        at = len(text) - len(rest)
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            reason = damage or f"no JSON: {str(error)[:RAW_CHARACTERS]}"
            return values, [(text.count("\n", 0, at) + 1, reason, rest[:RAW_KEPT])]
        values.append(value)
    return values, []


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def decoded(lines: pl.DataFrame, shape: Shape) -> tuple[pl.DataFrame, list[Rejection]]:
    """TEXTS as a frame of line and value (of the shape's type), and the records that are not of it."""
    if lines["line"].null_count():
        # Parts of documents were made to fit.
        return pl.DataFrame({"line": lines["line"], "value": lines["text"].str.json_decode(shape.dtype)}), []
    if shape.direct:
        values = _strict(lines, shape.dtype)
        if values is not None:
            nothing = values.select(shape.empty()).to_series()
            if not nothing.any():
                return values, []
            made, rejected = _pruned_lines(lines.filter(nothing), shape)
            kept = pl.concat([values.filter(~nothing), _values(made, shape.dtype)])
            return kept.sort("line", maintain_order=True), rejected
    wellformed, broken = _wellformed(lines)
    if broken and shape.direct:
        values, rejected = decoded(wellformed, shape)
        return values, broken + rejected
    made, rejected = _pruned_lines(wellformed, shape)
    return _values(made, shape.dtype), broken + rejected


def _strict(lines: pl.DataFrame, dtype: pl.Struct) -> pl.DataFrame | None:
    """Line and value; None if any text is not JSON or not of the type."""
    # In pieces that stay in the processor's cache: half the time of a whole block.
    step = max(1, PIECE_BYTES * lines.height // max(1, lines["text"].str.len_bytes().sum()))
    try:
        pieces = [piece["text"].str.json_decode(dtype) for piece in lines.iter_slices(step)]
    except FAILURES:
        return None
    value = pl.concat(pieces) if pieces else pl.Series(dtype=dtype)
    # polars joins the texts with commas before it parses: two texts on one line, or one over two, change the count.
    if [len(piece) for piece in pieces] != [piece.height for piece in lines.iter_slices(step)]:
        return None
    return pl.DataFrame({"line": lines["line"], "value": value})


def _values(made: list[tuple[int | None, str]], dtype: pl.Struct) -> pl.DataFrame:
    lines = pl.DataFrame(made, schema=TEXTS, orient="row")
    return pl.DataFrame({"line": lines["line"], "value": lines["text"].str.json_decode(dtype)})


def _wellformed(lines: pl.DataFrame) -> tuple[pl.DataFrame, list[Rejection]]:
    rejected: list[Rejection] = []
    for number, text in lines.iter_rows():
        try:
            orjson.loads(text)
        except orjson.JSONDecodeError as error:
            rejected.append((number, f"no JSON: {error}"[:RAW_CHARACTERS], text[:RAW_KEPT]))
    return lines.filter(~pl.col("line").is_in([number for number, *_ in rejected])), rejected


def _pruned_lines(lines: pl.DataFrame, shape: Shape) -> tuple[list[tuple[int | None, str]], list[Rejection]]:
    made, rejected = [], []
    for number, text in lines.iter_rows():
        unpacked, refused = pruned_texts(orjson.loads(text), number, shape)
        made += unpacked
        rejected += refused
    return made, rejected


def pruned_texts(value: Any, line: int | None, shape: Shape) -> tuple[list[tuple[int | None, str]], list[Rejection]]:
    """A JSON value as texts that are sure to decode into the shape, and what of it does not fit."""
    made = []
    unpacked, refused = shape.unpack(value)
    if refused and not unpacked:
        # A line or document that holds nothing of use is one bad record, however many things it lists.
        return [], [(line, refused[0][0], shown(value))]
    rejected = [(line, reason, shown(part)) for reason, part in refused]
    for part in unpacked:
        try:
            made.append((line, orjson.dumps(pruned(part, shape)).decode()))
        except TypeError as error:
            rejected.append((line, f"wrong type: {error}", shown(part)))
    return made, rejected


def shown(value: Any) -> str:
    """The beginning of a JSON value."""
    try:
        return json.dumps(value, ensure_ascii=False)[:RAW_KEPT].encode("utf-8", "replace").decode()
    except RecursionError:
        return "(nested too deeply to show)"


def pruned(value: Any, shape: Shape) -> Any:
    """`value` with nothing but what the shape asks for. A record that does not fit is replaced by one that says so.

    Raises TypeError when something around the records has the wrong type.
    """
    return _pruned(value, shape.dtype, shape.record)


def _pruned(value: Any, dtype: Any, record: pl.Struct) -> Any:
    if dtype == record:
        try:
            return _fields(value, record, record)
        except TypeError:
            return {CLASH: shown(value)}
    if value is None:
        return None
    if isinstance(dtype, pl.Struct):
        return _fields(value, dtype, record)
    if isinstance(dtype, pl.List):
        if not isinstance(value, list):
            raise TypeError(f"a list was expected, not {shown(value)[:40]}")
        return [_pruned(item, dtype.inner, record) for item in value]
    if isinstance(value, dict | list):
        raise TypeError(f"a text or number was expected, not {shown(value)[:40]}")
    return _characters(value) if isinstance(value, str) else json.dumps(value)


def _characters(text: str) -> str:
    """`text`, which must be one. Raises TypeError for half of a surrogate pair, which is not a character."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TypeError("half of a surrogate pair is not a character") from error
    return text


def _fields(value: Any, dtype: pl.Struct, record: pl.Struct) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"an object was expected, not {shown(value)[:40]}")
    present = [field for field in dtype.fields if field.name in value]
    return {field.name: _pruned(value[field.name], field.dtype, record) for field in present}


def rejections(records: list[Rejection], file: str) -> pl.DataFrame:
    """Rejected records as a frame, their raw text masked and cut."""
    rows = [(file, line, reason, raw) for line, reason, raw in records]
    frame = pl.DataFrame(rows, schema=REJECTED, orient="row")
    return frame.with_columns(cut(masked(pl.col("raw")), RAW_CHARACTERS))
