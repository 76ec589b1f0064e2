"""Entries of a plain log: a line that begins one, and the lines of a stack trace or a text that continue it.

A continuation is understood: it is part of the text of its entry. Any other line is refused on its own, and so is what
continues it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from integrhealth.language.schema import TEXT
from integrhealth.reading.account.parsed import Head, Parsed
from integrhealth.reading.files.lines import refusals
from integrhealth.reading.files.text_lines import TEXTS, beginning_lines, text_lines
from integrhealth.reading.mapping.framing import Table, framed
from integrhealth.reading.mapping.yaml_entries import preset_sources

# White space, a frame or a cause of a stack trace in Java, the beginning and the end of one in Python, one of PHP.
CONTINUES = (
    r"^(?:\s|at |Caused by: |Suppressed: |\.\.\. \d+ (?:more|common frames)|Traceback \(most recent|"
    r"During handling of the above|The above exception|[\w.$]+(?:Error|Exception|Interrupt)(?::|$)|"
    r"#\d+ |\[stacktrace\]|\"\})"
)
# The severities of RFC 5424 in OpenTelemetry's words: emergency, alert, critical, error, warning, notice, info, debug.
SEVERITIES = ("FATAL", "ERROR", "ERROR", "ERROR", "WARN", "INFO", "INFO", "DEBUG")
# How much of the beginning of a file must be entries: whoever writes one log may mix in lines of another.
MOST = 0.6


@dataclass(frozen=True)
class Entries:
    """Entries with line, text and tail (what continues them), lines that are none, and how many lines are tails."""

    rows: pl.DataFrame
    refused: pl.DataFrame
    continued: int


def mostly(head: Head, fits: Callable[[str], object]) -> bool:
    """Whether most lines at the beginning of a file are entries, continuations aside."""
    lines = beginning_lines(head.start)
    begun = [line for line in lines if not re.match(CONTINUES, line)]
    return bool(begun) and sum(bool(fits(line)) for line in begun) >= MOST * len(begun)


def entries(path: Path, fits: pl.Expr) -> Entries:
    """The entries of a file; `fits` tells of a ``text`` whether it begins one."""
    frames, broken = [pl.DataFrame(schema=TEXTS)], []
    for lines, refused in text_lines(path):
        frames.append(lines)
        broken += refused
    numbered = pl.concat(frames).with_columns(begins=fits)
    continues = ~pl.col("begins") & pl.col("text").str.contains(CONTINUES)
    numbered = numbered.with_columns(tail=continues)
    # What a line belongs to: itself, or the last line before it that continues nothing.
    own = pl.when(~pl.col("tail")).then("line").forward_fill().alias("entry")
    numbered = numbered.with_columns(own)
    begun = numbered.filter("begins").select("line", "text")
    tails = numbered.filter("tail").join(begun.select(entry="line"), on="entry", how="semi")
    joined = tails.group_by("entry").agg(tail=pl.col("text").str.join("\n"))
    rows = begun.join(joined, left_on="line", right_on="entry", how="left", maintain_order="left")
    rest = numbered.filter(~pl.col("begins")).join(tails.select("line"), on="line", how="anti", maintain_order="left")
    bad = [(line, "no_entry", text.encode()) for line, text in rest.select("line", "text").rows()]
    return Entries(rows, refusals([*broken, *bad]), tails.height)


def mapped(
    entries: Entries, fields: pl.DataFrame, *, preset: str, log_file: str, strict: bool, notes: list[str]
) -> Parsed:
    """`fields` of the entries (one row each, all text) as the preset maps them."""
    rows = fields.with_columns(log_line=entries.rows["line"])
    texts = entries.rows.select(log_line="line", text="text")

    def raw(later: pl.DataFrame) -> pl.DataFrame:
        shown = later.join(texts, on="log_line", how="left", maintain_order="left")
        return refusals((line, why, (text or "").encode()) for line, why, text in shown.rows())

    if entries.continued:
        notes = [*notes, f"lines that continue an entry, such as stack traces, joined to it: {entries.continued:,}"]
    typed = rows.cast(dict.fromkeys(fields.columns, TEXT))
    table = Table(typed, entries.refused, fields.columns, raw, tuple(notes), entries.continued)
    return framed(table, preset_sources(preset), format=preset, log_file=log_file, strict=strict)[0]
