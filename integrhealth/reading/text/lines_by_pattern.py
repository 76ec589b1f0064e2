"""Lines of text by the patterns of a mapping: the named groups of the first pattern that fits are its columns.

A line that fits none continues the entry before it where it looks as ``continues`` says (a stack trace, by default);
its text is added to the group ``text`` of the pattern, or to its last. Every other line is refused on its own. The
codes that colour a line on a terminal are left out of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import polars as pl

from integrhealth.language.schema import COUNT, TEXT
from integrhealth.reading.account.parsed import Parsed
from integrhealth.reading.files.lines import RAW_BYTES, refusals
from integrhealth.reading.files.opened import Block, in_order, line_blocks, lines_at
from integrhealth.reading.files.text_lines import CODES, ESCAPE, TEXTS, Refusal, block_lines
from integrhealth.reading.mapping.framing import Table, framed, one_per_frame
from integrhealth.reading.mapping.shorthand import names_of_groups
from integrhealth.reading.mapping.sources import MappedSource, by_entry
from integrhealth.reading.records.plain_entries import CONTINUES

# A group around nothing, by which a line that fits is told from one that does not.
FITS, LAST = "fits_", "last_"
TEXT_GROUP = "text"


class Form(NamedTuple):
    """How an entry of a mapping reads lines: its patterns, and what a line looks like that continues another."""

    patterns: tuple[str, ...]
    continues: str | None = None


@dataclass(frozen=True)
class _Read:
    """Of one block: the lines that fit each form as its groups, those that fit none, and what is no text."""

    fitting: list[pl.DataFrame]
    rest: pl.DataFrame
    refused: list[Refusal]


def read_lines(
    path: Path, log_file: str, *, sources: Sequence[MappedSource], format: str = "lines", strict: bool = False
) -> list[Parsed]:
    """The lines of a file as the rows that `sources`, which all have patterns, make of them; one Parsed per frame.

    Counted in lines that are not blank; ``log_line`` is the line an entry begins on.
    """
    entries = by_entry(sources)
    tables = tables_of_lines(path, [Form(entry[0].pattern, entry[0].continues) for entry in entries])
    parts: list[Parsed] = []
    for entry, table in zip(entries, tables, strict=True):
        parts += framed(table, entry, format=format, log_file=log_file, strict=strict)
    return one_per_frame(parts)


def tables_of_lines(path: Path, forms: Sequence[Form]) -> list[Table]:
    """A table for each of the `forms`: the lines that fit one of its patterns. What fits no form at all and continues
    nothing is refused, in the first table.
    """
    read = list(in_order(lambda block: _read(block, forms), line_blocks(path)))
    fitting = [pl.concat([_nothing(form), *(each.fitting[n] for each in read)]) for n, form in enumerate(forms)]
    rest = pl.concat([pl.DataFrame(schema=TEXTS), *(each.rest for each in read)])
    begun = pl.concat([rows.select(line="log_line") for rows in fitting])
    begun = begun if len(fitting) == 1 else begun.unique().sort("line")
    tails = _tails(rest, begun, [form.continues or CONTINUES for form in forms])
    orphans = rest.join(tails, on="line", how="anti", maintain_order="left").rows()
    refused = refusals(
        [
            *(each for block in read for each in block.refused),
            *((line, "no_entry", text.encode()[:RAW_BYTES]) for line, text in orphans),
        ]
    )
    notes = (f"lines that continue an entry, such as stack traces, joined to it: {tails.height:,}",)

    def raw(later: pl.DataFrame) -> pl.DataFrame:
        beginnings = lines_at(path, set(later["log_line"]), length=RAW_BYTES)
        return refusals((line, reason, beginnings.get(line, b"")) for line, reason in later.rows())

    first, *others = [Table(_with_tails(rows, tails), refused.clear(), rows.columns[1:-1], raw) for rows in fitting]
    passed = tails.height + begun.height - first.rows.height
    return [replace(first, refused=refused, notes=notes if tails.height else (), passed=passed), *others]


def fitting_lines(lines: pl.DataFrame, form: Form) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of `lines` (line, text) those that fit a pattern, and the rest. Of the first: ``log_line``, a column per group of
    any of the patterns, and the name of the group of the one that fitted to which what continues it belongs.
    """
    left, made = lines, []
    for pattern in form.patterns:
        if left.is_empty():
            break
        groups = left.select("line", pl.col("text").str.extract_groups(f"(?P<{FITS}>)(?:{pattern})").struct.unnest())
        fits = groups[FITS].is_not_null()
        names = names_of_groups(pattern)
        last = TEXT_GROUP if TEXT_GROUP in names else names[-1]
        groups = groups.select(pl.col("line").alias("log_line"), *names, pl.lit(last).alias(LAST))
        whole = fits.all()
        made.append(groups if whole else groups.filter(fits))
        left = left.clear() if whole else left.filter(~fits)
    several = sum(rows.height > 0 for rows in made) > 1
    joined = pl.concat([_nothing(form), *made], how="diagonal")
    return joined.sort("log_line") if several else joined, left


def _nothing(form: Form) -> pl.DataFrame:
    names = dict.fromkeys(name for pattern in form.patterns for name in names_of_groups(pattern))
    return pl.DataFrame(schema={"log_line": COUNT, **dict.fromkeys(names, TEXT), LAST: TEXT})


def _read(block: Block, forms: Sequence[Form]) -> _Read:
    lines, refused = block_lines(block)
    if ESCAPE in block.data:
        lines = lines.with_columns(pl.col("text").str.replace_all(CODES, "")).filter(pl.col("text") != "")
    read = [fitting_lines(lines, form) for form in forms]
    rest = lines
    for _, left in read:
        rest = left if rest is lines else rest.join(left.select("line"), on="line", how="semi", maintain_order="left")
    return _Read([rows for rows, _ in read], rest, refused)


def _tails(rest: pl.DataFrame, begun: pl.DataFrame, continues: Sequence[str]) -> pl.DataFrame:
    """Lines that continue an entry, and the line on which that begins: nothing else stands between the two."""
    tail = pl.any_horizontal(pl.col("text").str.contains(pattern) for pattern in continues)
    rest = rest.with_columns(tail=tail)
    heads = pl.concat([begun.with_columns(begins=True), rest.filter(~pl.col("tail")).select("line", begins=False)])
    heads = heads.sort("line").with_columns(entry="line")
    tails = rest.filter("tail").select("line", "text").sort("line")
    return tails.join_asof(heads, on="line", strategy="backward").filter("begins").select("line", "text", "entry")


def _with_tails(rows: pl.DataFrame, tails: pl.DataFrame) -> pl.DataFrame:
    """`rows` with what continues them added to the group that holds their text."""
    if tails.is_empty() or rows.is_empty():
        return rows.drop(LAST)
    joined = tails.group_by("entry").agg(tail=pl.col("text").str.join("\n"))
    # Only the rows that something continues are touched; they are found by their lines, which are in order.
    lines = rows["log_line"]
    joined = joined.with_columns(place=lines.search_sorted(joined["entry"]).clip(0, len(lines) - 1))
    joined = joined.filter(lines[joined["place"]] == joined["entry"])
    heads = rows[joined["place"]].with_columns(joined["tail"], joined["place"])
    for (name,), group in heads.group_by(LAST):
        # Of some the first line says when and where, and the next one what.
        empty = pl.col(name).fill_null("") == ""
        alone, both = pl.col("tail").str.strip_chars_start(), pl.concat_str(name, "tail", separator="\n")
        whole = group.select(pl.when(empty).then(alone).otherwise(both)).to_series()
        rows = rows.with_columns(rows[name].scatter(group["place"], whole))
    return rows.drop(LAST)
