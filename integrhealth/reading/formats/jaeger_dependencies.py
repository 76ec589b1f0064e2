"""Jaeger's dependency graph: which service calls which, and how often. The answer of the API, or its list alone.

``log_line`` is the line of a file with one value per line, or the ordinal of the edge in a document.
"""

import re
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from integrhealth.language.schema import COUNT, FRAMES, TEXT
from integrhealth.reading.account.parsed import Format, Head, Parsed
from integrhealth.reading.files.lines import array_elements
from integrhealth.reading.json.documents import CLASH, RAW_KEPT, Shape, decoded, rejections, texts
from integrhealth.reading.spans.tracefile import reason

FRAME = FRAMES["dependencies"]
KEYS = ("parent", "child", "callCount")
EDGE = pl.Struct(dict.fromkeys((*KEYS, CLASH), TEXT))
# Where the list of edges begins: at once, or under "data" after nothing but plain values.
LIST = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\{[^{}\[\]]*"data"\s*:\s*)?(?=\[)')


def recognises(head: Head) -> bool:
    """A list of objects of which one has a parent, a child and a callCount."""
    if b'"callCount"' not in head.start or (before := LIST.match(head.start)) is None:
        return False
    return any(_is_edge(element) for element in array_elements(head.start[before.end() :]))


def _is_edge(element: bytes) -> bool:
    try:
        edge = orjson.loads(element)
    except orjson.JSONDecodeError:
        return False
    return isinstance(edge, dict) and edge.keys() >= set(KEYS)


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The edges of one file: source called target, ``calls`` times; null where the file does not count."""
    rows, bad = [FRAME.empty()], []
    for lines, refused in texts(path, SHAPE):
        values, broken = decoded(lines, SHAPE)
        judged = _judged(values)
        wrong = judged.filter(pl.col("reason").is_not_null())
        raw = pl.col("value").struct.json_encode().str.head(RAW_KEPT)
        bad += refused + broken + (wrong.select("line", "reason", raw).rows() if wrong.height else [])
        rows.append(_edges(judged.filter(pl.col("reason").is_null()), log_file))
    edges = pl.concat(rows)
    rejected = rejections(bad, log_file).sort("line", "reason", nulls_last=True, maintain_order=True)
    return [Parsed(FORMAT.name, FRAME.name, edges, edges.height + rejected.height, rejected)]


def listed(value: Any) -> tuple[list[Any], list[tuple[str, Any]]]:
    """The edges in a JSON value, whatever they are, and what in it is not a list of them."""
    edges = value.get("data") if isinstance(value, dict) else value
    return (edges, []) if isinstance(edges, list) else ([], [("no list of dependencies", value)])


SHAPE = Shape(dtype=EDGE, record=EDGE, unpack=listed)


def _judged(values: pl.DataFrame) -> pl.DataFrame:
    """Decoded edges with source, target, calls and the reason where one is rejected."""
    written = pl.col("callCount")
    columns = values.with_columns(pl.col("value").struct.unnest()).with_columns(
        line=pl.coalesce("line", pl.int_range(1, pl.len() + 1, dtype=COUNT)),
        source=_filled("parent"),
        target=_filled("child"),
        # Digits only: a count has no sign and no fraction.
        calls=pl.when(written.str.contains(r"^\d+$")).then(written).cast(COUNT, strict=False),
    )
    rules = {
        "wrong_type": pl.col(CLASH).is_not_null(),
        "no_source": pl.col("source").is_null(),
        "no_target": pl.col("target").is_null(),
        "bad_number:calls": written.is_not_null() & pl.col("calls").is_null(),
    }
    return columns.with_columns(reason(**rules))


def _filled(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    return pl.when(text != "").then(text)


def _edges(good: pl.DataFrame, log_file: str) -> pl.DataFrame:
    edges = good.select(
        "source", "target", "calls", kind=pl.lit(None, TEXT), log_file=pl.lit(log_file), log_line="line"
    )
    return edges.select(list(FRAME.schema))


FORMAT = Format(
    name="jaeger_dependencies",
    description="Jaeger dependency graph: which service calls which, and how often",
    recognises=recognises,
    read=read,
    fills=lambda: {FRAME.name: ("source", "target", "calls")},
)
