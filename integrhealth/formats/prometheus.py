"""Prometheus text and OpenMetrics: what a scrape of a system gave, or a dump of its samples.

A record is a sample, one line; comments are none. ``log_line`` is its line. ``metric`` is the series as Prometheus
writes it, ``name{path="/a"}``, with its labels sorted, but without those that stand elsewhere: ``system`` is the first
of the labels job, service and instance, else the name of the file; ``le`` and ``quantile`` are in ``statistic``:
"bucket le=0.5", "quantile 0.99", "sum", "count", "created", and "cumulative" for counters.
Times are milliseconds in Prometheus text and seconds in OpenMetrics; a sample without one has the time at which the
file was last written. NaN (no value, a stale series) and infinity are no numbers: passed over, and counted.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import polars as pl

from integrhealth.formats.lines import refusals
from integrhealth.formats.parsed import REJECTED, Format, Head, Parsed
from integrhealth.formats.prometheus_series import SYSTEM_LABELS, Families, series
from integrhealth.formats.text_lines import beginning_lines, text_lines
from integrhealth.formats.times import TimeRule, times
from integrhealth.schema import FRAMES, TEXT

FRAME = FRAMES["metrics"]
QUOTED = r'"(?:[^"\\]|\\.)*"'
SAMPLE = re.compile(
    rf'(?:[a-zA-Z_:][a-zA-Z0-9_:]*)?\s*(?:\{{(?:[^"}}]|{QUOTED})*\}})?\s+[-+.\w]+(?:\s+[-+.\w]+)?(?:\s+#.*)?$'
)
MARK = re.compile(r"# (?:TYPE \S+ [a-z]+|HELP \S+ .*|EOF)$")
LABELLED = re.compile(rf"[^{{]*\{{\s*(?:[a-zA-Z_]\w*\s*=\s*)?{QUOTED}")
HEAD = rf'^((?:[^"{{}}]|{QUOTED})*\{{(?:[^"}}]|{QUOTED})*)\}}(.*)$'
END = "# EOF"
# A sample: where it stands, what it looked like, name and labels, value and time as they were written
SAMPLES = {"line": pl.Int64, "text": TEXT, "head": TEXT, "value": TEXT, "stamp": TEXT}
NO_FRACTION = r"^[+-]?\d+$"


class _Block(NamedTuple):
    """The good samples of a block, the lines that are none, and how many had no number."""

    rows: pl.DataFrame
    refused: pl.DataFrame
    valueless: int


def recognises(head: Head) -> bool:
    """Comments that only Prometheus writes, or labelled samples, and hardly any line that is neither."""
    lines = beginning_lines(head.start, whole=head.start.endswith(b"\n") or b"\n" not in head.start)
    samples = [line for line in lines if not line.lstrip().startswith("#")]
    told = any(MARK.match(line) for line in lines) or any(LABELLED.match(line) for line in samples)
    fitting = sum(SAMPLE.match(line.strip()) is not None for line in samples)
    return told and fitting > 0 and 2 * fitting >= len(samples)


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The samples of one file."""
    families, blocks, broken, ended, told = Families(), [], [], False, False
    for lines, refused in text_lines(path):
        broken += refused
        bare = lines.with_columns(sample=pl.col("text").str.strip_chars())
        comments = bare["sample"].str.starts_with("#")
        said = bare["sample"].filter(comments).to_list()
        families.learn(said)
        ended, told = ended or END in said, told or any(line.startswith("# UNIT ") for line in said)
        blocks.append(_block(_samples(bare.filter(~comments)), families))
    rows = pl.concat([each.rows for each in blocks]) if blocks else _nothing()
    told = told or ended or not rows["stamp"].drop_nulls().str.contains(NO_FRACTION).all()
    rows = rows.with_columns(times(rows["stamp"], TimeRule(unit="s" if told else "ms")).times.alias("time"))
    late = rows.filter(pl.col("time").is_null() & pl.col("stamp").is_not_null())
    rows = rows.filter(pl.col("time").is_not_null() | pl.col("stamp").is_null())
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    notes = [*_notes(rows, sum(each.valueless for each in blocks), written)]
    if told and not ended:
        notes.append(f"OpenMetrics ends with {END!r}, this file does not: it may have been cut")
    rejected = _rejected([refusals(broken), *(each.refused for each in blocks), _refused(late, "bad_time")], log_file)
    passed = sum(each.valueless for each in blocks)
    made = rows.select(
        time=pl.col("time").fill_null(pl.lit(written)),
        system=pl.coalesce("system", pl.lit(_stem(log_file))),
        metric="metric",
        statistic="statistic",
        unit="unit",
        value="number",
        log_file=pl.lit(log_file),
        log_line="line",
    ).cast(FRAME.schema)
    total = made.height + passed + rejected.height
    return [Parsed(FORMAT.name, FRAME.name, made, total, rejected, tuple(notes), log_file, passed)]


def _samples(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines as name and labels, value and time. Only lines with a brace in a text or an exemplar need a pattern."""
    text = pl.col("sample")
    braces = text.str.count_matches("}", literal=True)
    opened, noted = text.str.contains("{", literal=True), text.str.contains("#", literal=True)
    plain = lines.filter(braces == 1, opened, ~noted)
    bare = lines.filter(((braces == 0) & ~opened) | (noted & text.str.contains(r"^[^{}\s]+\s+[^{}]*#")))
    hard = lines.join(pl.concat([plain, bare]).select("line"), on="line", how="anti", maintain_order="left")
    parts = [
        plain.with_columns(text.str.splitn("}", 2).struct.rename_fields(["head", "tail"]).struct.unnest()),
        bare.with_columns(
            text.str.replace_all("\t", " ", literal=True)
            .str.splitn(" ", 2)
            .struct.rename_fields(["head", "tail"])
            .struct.unnest()
        ),
        hard.with_columns(text.str.extract_groups(HEAD).struct.rename_fields(["head", "tail"]).struct.unnest()),
    ]
    whole = pl.concat([part for part in parts if part.height] or parts[:1])
    values = _words(pl.col("tail")).struct.rename_fields(["value", "rest"]).struct.unnest()
    stamp = pl.col("rest").str.splitn("#", 2).struct.field("field_0").str.strip_chars()
    read = whole.with_columns(values).with_columns(stamp=pl.when(stamp != "").then(stamp))
    return read.select(list(SAMPLES)).sort("line")


def _words(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all("\t", " ", literal=True).str.strip_chars().str.splitn(" ", 2)


def _block(samples: pl.DataFrame, families: Families) -> _Block:
    """Every sample with its series and its number; each different series is looked at once."""
    known = series(samples["head"].drop_nulls().unique(), families)
    rows = samples.join(known, on="head", how="left", maintain_order="left")
    rows = rows.with_columns(number=pl.col("value").cast(pl.Float64, strict=False))
    # 1e400 is a number that no float holds, and no infinity.
    beyond = pl.col("number").is_infinite() & pl.col("value").str.contains(r"\d")
    reason = (
        pl.when(pl.col("head").is_null())
        .then(pl.lit("no_sample"))
        .when(pl.col("reason").is_not_null())
        .then("reason")
        .when(pl.col("number").is_null() | beyond)
        .then(pl.lit("bad_value"))
        .when(pl.col("stamp").cast(pl.Float64, strict=False).is_null() & pl.col("stamp").is_not_null())
        .then(pl.lit("bad_time"))
    )
    rows = rows.with_columns(reason=reason)
    bad, good = rows.filter(pl.col("reason").is_not_null()), rows.filter(pl.col("reason").is_null())
    numbers = good.filter(pl.col("number").is_finite())
    return _Block(numbers.drop("text", "head"), _refused(bad), good.height - numbers.height)


def _refused(bad: pl.DataFrame, reason: str | None = None) -> pl.DataFrame:
    if bad.is_empty():
        return refusals([])
    said = [reason] * bad.height if reason else bad["reason"].to_list()
    shown = bad["text" if "text" in bad.columns else "metric"].to_list()
    return refusals((line, why, raw.encode()) for line, why, raw in zip(bad["line"], said, shown, strict=True))


def _rejected(parts: Iterable[pl.DataFrame], log_file: str) -> pl.DataFrame:
    rejected = pl.concat(parts).sort("line", nulls_last=True, maintain_order=True)
    return rejected.with_columns(file=pl.lit(log_file)).select(list(REJECTED))


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
        yield f"samples that are NaN or infinite, which is no value, passed over: {valueless:,}"


def _nothing() -> pl.DataFrame:
    schema = {"line": pl.Int64, "stamp": TEXT, "system": TEXT, "label": TEXT, "metric": TEXT, "statistic": TEXT}
    return pl.DataFrame(schema=schema | {"unit": TEXT, "number": pl.Float64})


def _stem(log_file: str) -> str:
    """The name of a file without its folder and endings."""
    return Path(log_file).name.split(".")[0] or log_file


FORMAT = Format(
    name="prometheus",
    description="Prometheus text and OpenMetrics: scrapes, and dumps of samples",
    recognises=recognises,
    read=read,
    fills=lambda: {FRAME.name: tuple(FRAME.columns)},
)
