"""Reading one file of spans: the way that all trace formats share, from the bytes to the rows of ``spans``."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from integrhealth.language.schema import FRAMES
from integrhealth.reading.account.parsed import Parsed
from integrhealth.reading.inner_frames import SPANS
from integrhealth.reading.json.documents import RAW_KEPT, Rejection, Shape, decoded, rejections, texts

# What OpenTelemetry calls a service without a name
UNKNOWN_SERVICE = "unknown_service"
# Columns that count what a reader had to do to a span, each with the sentence that says so.
NOTES = {
    "unnamed": f"spans that name no service, read as {UNKNOWN_SERVICE!r}: {{:,}}",
    "bad_end": "spans with an invalid end time, which is left out: {:,}",
    "other_status": "spans with a status unknown to their format, read as unknown: {:,}",
    "not_found": "lookups that found nothing (404), read as ok: {:,}",
    "lost": "attributes with text where their column takes a number or true/false, left out: {:,}",
}
# Blocks worked on at the same time: more would help little and hold more memory.
THREADS = 2
# line, span: where the record stood and what it was; reason: null for a good one
RECORD = ("line", "span", "reason")


def filled_by_spans() -> dict[str, tuple[str, ...]]:
    """Spans become messages, and their attributes may fill any column."""
    return {"messages": tuple(FRAMES["messages"].columns)}


# The JSON values of a file as frames of TEXTS that decode into the shape, with what was rejected on the way
Pieces = Callable[[Path, Shape], Iterator[tuple[pl.DataFrame, list[Rejection]]]]


def read_spans(
    path: Path,
    log_file: str,
    *,
    name: str,
    shape: Shape,
    flat: Callable[[pl.DataFrame], pl.DataFrame],
    pieces: Pieces = texts,
) -> Parsed:
    """The spans of one file in the format `name`. ``flat`` turns decoded values into one row per span:
    the columns of SPANS that the format knows, those of RECORD and those of NOTES that apply. ``pieces`` finds the
    values in the file.
    """
    parts = [*_in_parallel(lambda part: _part(*part, log_file, shape, flat), pieces(path, shape))]
    rows = pl.concat([pl.DataFrame(schema=SPANS), *(part.rows for part in parts)])
    bad = [record for part in parts for record in part.rejected]
    rejected = rejections(bad, log_file).sort("line", "reason", nulls_last=True, maintain_order=True)
    counts = {note: sum(part.counts[note] for part in parts) for note in NOTES}
    warnings = tuple(sentence.format(counts[note]) for note, sentence in NOTES.items() if counts[note])
    return Parsed(name, "spans", rows, rows.height + rejected.height, rejected, warnings)


@dataclass(frozen=True)
class _Part:
    rows: pl.DataFrame
    rejected: list[Rejection]
    counts: dict[str, int]


def _part(
    lines: pl.DataFrame,
    refused: list[Rejection],
    log_file: str,
    shape: Shape,
    flat: Callable[[pl.DataFrame], pl.DataFrame],
) -> _Part:
    values, broken = decoded(lines, shape)
    spans = flat(values).with_columns(line=pl.coalesce("line", pl.int_range(1, pl.len() + 1, dtype=pl.Int64)))
    good = spans.filter(pl.col("reason").is_null())
    counts = {note: int(good[note].sum()) if note in good.columns else 0 for note in NOTES}
    return _Part(_rows(good, log_file), refused + broken + _rejected(spans), counts)


def _in_parallel(work: Callable[[Any], _Part], items: Iterable[Any]) -> Iterator[_Part]:
    """`work` done on the items in their order, on a few at a time: decoding JSON keeps one core busy."""
    waiting: deque[Future[_Part]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _rejected(spans: pl.DataFrame) -> list[Rejection]:
    bad = spans.filter(pl.col("reason").is_not_null())
    if bad.is_empty():
        return []
    return bad.select("line", "reason", pl.col("span").struct.json_encode().str.head(RAW_KEPT)).rows()


def _rows(spans: pl.DataFrame, log_file: str) -> pl.DataFrame:
    columns = {column: pl.col(column) for column in SPANS if column in spans.columns}
    columns |= {"log_file": pl.lit(log_file), "log_line": pl.col("line")}
    return spans.select(columns.get(column, pl.lit(None)).cast(dtype).alias(column) for column, dtype in SPANS.items())


def reason(**rules: pl.Expr) -> pl.Expr:
    """The name of the first rule that holds, with blanks for underscores; null if none does."""
    reasons = [pl.when(rule).then(pl.lit(name)) for name, rule in rules.items()]
    return pl.coalesce(reasons).alias("reason")
