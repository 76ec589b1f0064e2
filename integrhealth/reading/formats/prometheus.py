"""Prometheus text and OpenMetrics: what a scrape of a system gave, or a dump of its samples.

A record is a sample, one line; comments are none. ``log_line`` is its line. ``metric`` is the series as Prometheus
writes it, ``name{path="/a"}``, with its labels sorted, but without those that stand elsewhere: ``system`` is the first
of the labels job, service and instance, else the name of the file; ``le`` and ``quantile`` are in ``statistic``:
"bucket le=0.5", "quantile 0.99", "sum", "count", "created", and "cumulative" for counters.
Times are milliseconds in Prometheus text and seconds in OpenMetrics; a sample without one has the time at which the
file was last written. NaN (no value, a stale series) and infinity are not numbers: passed over, and counted.
"""

import re
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from integrhealth.reading.account.parsed import Format, Head, Parsed
from integrhealth.reading.files.lines import refusals
from integrhealth.reading.files.text_lines import beginning_lines, text_lines
from integrhealth.reading.metrics.prometheus_series import QUOTED, Families
from integrhealth.reading.metrics.samples import FILLED, FRAME, SAMPLES, judged, metrics

SAMPLE = re.compile(
    rf'(?:[a-zA-Z_:][a-zA-Z0-9_:]*)?(?:\s*\{{(?:[^"}}]|{QUOTED})*\}})?\s+[-+.\w]+(?:\s+[-+.\w]+)?(?:\s+#.*)?$'
)
MARK = re.compile(r"# (?:TYPE \S+ [a-z]+|HELP \S+ .*|EOF)$")
LABELLED = re.compile(rf"[^{{]*\{{\s*(?:[a-zA-Z_]\w*\s*=\s*)?{QUOTED}")
HEAD = rf'^((?:[^"{{}}]|{QUOTED})*\{{(?:[^"}}]|{QUOTED})*)\}}(.*)$'
END = "# EOF"
NO_FRACTION = r"^[+-]?\d+$"


def recognises(head: Head) -> bool:
    """Comments that only Prometheus writes, or labelled samples, and hardly any line that is neither."""
    lines = beginning_lines(head.start)
    samples = [line for line in lines if not line.lstrip().startswith("#")]
    fits = any(MARK.match(line) for line in lines) or any(LABELLED.match(line) for line in samples)
    fitting = sum(SAMPLE.match(line.strip()) is not None for line in samples)
    return fits and fitting > 0 and 2 * fitting >= len(samples)


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The samples of one file. It is OpenMetrics if it ends as such, names units or has times with fractions."""
    families, parts, broken = Families(), [], []
    ended = fractions = False
    for lines, refused in text_lines(path):
        broken += refused
        bare = lines.with_columns(sample=pl.col("text").str.strip_chars())
        comment = bare["sample"].str.starts_with("#")
        comments = bare["sample"].filter(comment).to_list()
        families.learn(comments)
        ended |= END in comments
        parts.append(judged(_samples(bare.filter(~comment)), families))
        fractions |= not parts[-1].rows["stamp"].drop_nulls().str.contains(NO_FRACTION).all()
    open_metrics = ended or fractions or bool(families.units)
    cut = open_metrics and not ended
    return [
        metrics(
            parts,
            format=FORMAT.name,
            log_file=log_file,
            unit="s" if open_metrics else "ms",
            written=datetime.fromtimestamp(path.stat().st_mtime, UTC),
            refused=refusals(broken),
            notes=[f"OpenMetrics ends with {END!r}, this file does not: it may have been cut"] if cut else [],
        )
    ]


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


FORMAT = Format(
    name="prometheus",
    description="Prometheus text and OpenMetrics: scrapes, and dumps of samples",
    recognises=recognises,
    read=read,
    fills=lambda: {FRAME.name: FILLED},
)
