"""Reading one file of spans: the way that all trace formats share, from the bytes to the rows of ``spans``."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from integrhealth.formats.jsonfile import RAW_KEPT, Rejection, Shape, decoded, rejections, texts
from integrhealth.formats.parsed import Parsed
from integrhealth.formats.spans import SPANS

# What OpenTelemetry calls a service without a name
UNKNOWN_SERVICE = "unknown_service"
# Columns that count what a reader had to do to a span, each with the sentence that says so.
NOTES = {
    "unnamed": f"{{:,}} spans name no service and are read as {UNKNOWN_SERVICE!r}",
    "bad_end": "{:,} spans have an end that is no time; it is left out",
    "other_status": "{:,} spans have a status that their format does not know; it is read as unknown",
    "not_found": "{:,} lookups that found nothing (404) are read as ok",
    "other_trace": "{:,} spans refer to spans of other traces only; links are followed inside a trace",
    "lost": "{:,} attributes hold text where their column takes a number or true/false; they are left out",
}
# line, span: where the record stood and what it was; reason: null for a good one
RECORD = ("line", "span", "reason")


def read_spans(
    path: Path, log_file: str, *, name: str, shape: Shape, flat: Callable[[pl.DataFrame], pl.DataFrame]
) -> Parsed:
    """The spans of one file in the format NAME. ``flat`` turns decoded values into one row per span:
    the columns of SPANS that the format knows, those of RECORD and those of NOTES that apply.
    """
    good: list[pl.DataFrame] = []
    bad: list[Rejection] = []
    counts = dict.fromkeys(NOTES, 0)
    for lines, refused in texts(path, shape):
        values, broken = decoded(lines, shape)
        spans = flat(values).with_columns(line=pl.coalesce("line", pl.int_range(1, pl.len() + 1, dtype=pl.Int64)))
        bad += refused + broken + _rejected(spans)
        rows = spans.filter(pl.col("reason").is_null())
        good.append(_rows(rows, log_file))
        for note in counts.keys() & set(rows.columns):
            counts[note] += int(rows[note].sum())
    rows = pl.concat([pl.DataFrame(schema=SPANS), *good])
    rejected = rejections(bad, log_file).sort("line", "reason", nulls_last=True, maintain_order=True)
    warnings = tuple(sentence.format(counts[note]) for note, sentence in NOTES.items() if counts[note])
    return Parsed(name, "spans", rows, rows.height + rejected.height, rejected, warnings)


def _rejected(spans: pl.DataFrame) -> list[Rejection]:
    bad = spans.filter(pl.col("reason").is_not_null())
    if bad.is_empty():
        return []
    return bad.select("line", "reason", pl.col("span").struct.json_encode().str.head(RAW_KEPT)).rows()


def _rows(spans: pl.DataFrame, log_file: str) -> pl.DataFrame:
    known = {column: pl.col(column) for column in SPANS if column in spans.columns}
    known |= {"log_file": pl.lit(log_file), "log_line": pl.col("line")}
    return spans.select(known.get(column, pl.lit(None)).cast(dtype).alias(column) for column, dtype in SPANS.items())


def reason(**rules: pl.Expr) -> pl.Expr:
    """The name of the first rule that holds, with blanks for underscores; null if none does."""
    named = [pl.when(rule).then(pl.lit(name)) for name, rule in rules.items()]
    return pl.coalesce(named).alias("reason")
