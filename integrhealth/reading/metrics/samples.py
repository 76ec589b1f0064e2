"""Samples of Prometheus, from text or from its HTTP API, as rows of ``metrics``."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import polars as pl

from integrhealth.language.schema import FRAMES, NUMBER, TEXT
from integrhealth.reading.account.parsed import REJECTED, Parsed, stem
from integrhealth.reading.files.lines import refusals
from integrhealth.reading.metrics.prometheus_series import SYSTEM_LABELS, Families, series
from integrhealth.reading.metrics.series import resets_note
from integrhealth.reading.values.times import TimeRule, times

FRAME = FRAMES["metrics"]
# What samples of Prometheus fill; what a metric means only a mapping says.
FILLED = tuple(name for name in FRAME.columns if name != "meaning")
# A sample: where it stands, what it looked like, name and labels, value and time as they were written
SAMPLES = {"line": pl.Int64, "text": TEXT, "head": TEXT, "value": TEXT, "stamp": TEXT}


class Judged(NamedTuple):
    """The good samples with their series, what was refused (line, reason, raw), and how many had no number."""

    rows: pl.DataFrame
    refused: pl.DataFrame
    valueless: int


def judged(samples: pl.DataFrame, families: Families) -> Judged:
    """Every sample with its series and its number; each different series is looked at once."""
    heads = series(samples["head"].drop_nulls().unique(), families)
    rows = samples.join(heads, on="head", how="left", maintain_order="left")
    rows = rows.with_columns(number=pl.col("value").cast(NUMBER, strict=False))
    # 1e400 is a number that no float holds, and no infinity.
    beyond = pl.col("number").is_infinite() & pl.col("value").str.contains(r"\d")
    reason = (
        pl.when(pl.col("head").is_null())
        .then(pl.lit("no_sample"))
        .when(pl.col("reason").is_not_null())
        .then("reason")
        .when(pl.col("number").is_null() | beyond)
        .then(pl.lit("bad_value"))
        .when(pl.col("stamp").cast(NUMBER, strict=False).is_null() & pl.col("stamp").is_not_null())
        .then(pl.lit("bad_time"))
    )
    rows = rows.with_columns(reason=reason)
    bad, good = rows.filter(pl.col("reason").is_not_null()), rows.filter(pl.col("reason").is_null())
    numbers = good.filter(pl.col("number").is_finite())
    return Judged(numbers, _refused(bad, "reason"), good.height - numbers.height)


def metrics(
    parts: list[Judged],
    *,
    format: str,
    log_file: str,
    unit: str,
    written: datetime,
    refused: pl.DataFrame,
    notes: Iterable[str] = (),
) -> Parsed:
    """The samples of a file with times in `unit`; those without one have that at which the file was `written`."""
    rows = pl.concat([each.rows for each in parts] or [judged(pl.DataFrame(schema=SAMPLES), Families()).rows])
    rows = rows.with_columns(times(rows["stamp"], TimeRule(unit=unit)).times.alias("time"))
    timeless = pl.col("time").is_null() & pl.col("stamp").is_not_null()
    late, rows = rows.filter(timeless).with_columns(reason=pl.lit("bad_time")), rows.filter(~timeless)
    passed = sum(each.valueless for each in parts)
    rejected = pl.concat([refused, *(each.refused for each in parts), _refused(late, "reason")])
    rejected = rejected.sort("line", nulls_last=True, maintain_order=True).with_columns(file=pl.lit(log_file))
    made = rows.select(
        time=pl.col("time").fill_null(pl.lit(written)),
        system=pl.coalesce("system", pl.lit(stem(log_file))),
        metric="metric",
        statistic="statistic",
        unit="unit",
        value="number",
        meaning=pl.lit(None),
        log_file=pl.lit(log_file),
        log_line="line",
    ).cast(FRAME.schema)
    return Parsed(
        format,
        FRAME.name,
        made,
        made.height + passed + rejected.height,
        rejected.select(list(REJECTED)),
        (*_notes(rows, passed, written), *resets_note(made), *notes),
        log_file,
        passed,
    )


def _refused(bad: pl.DataFrame, reason: str) -> pl.DataFrame:
    return refusals((line, why, raw.encode()) for line, why, raw in bad.select("line", reason, "text").rows())


def _notes(rows: pl.DataFrame, valueless: int, written: datetime) -> Iterable[str]:
    counts = dict(rows.group_by("label").len().rows())
    if labels := [f"{label} ({counts[label]:,})" for label in SYSTEM_LABELS if label in counts]:
        yield f"the system of a sample is its label {', '.join(labels)}"
    if unlabelled := counts.get(None):
        yield f"samples without {', '.join(SYSTEM_LABELS)}, whose system is the name of the file: {unlabelled:,}"
    untimed = rows.filter(pl.col("stamp").is_null())
    if untimed.height:
        at = f"{written:%Y-%m-%dT%H:%M:%SZ}"
        yield f"samples without a time, read at the time the file was last written, {at}: {untimed.height:,}"
        again = untimed.height - untimed.select(pl.struct("system", "metric", "statistic").n_unique()).item()
        if again:
            yield f"samples without a time that repeat a series of this file: {again:,}; keep one scrape to a file"
    if valueless:
        yield f"samples without a value (NaN or infinite), passed over: {valueless:,}"
