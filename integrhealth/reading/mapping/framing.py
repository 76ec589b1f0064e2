"""From a table of a file to the frames its mapping fills: each record to the first source that is for it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from integrhealth.language.schema import Frame
from integrhealth.reading.account.parsed import REJECTED, Again, Parsed, stem
from integrhealth.reading.files.again import lines_again
from integrhealth.reading.inner_frames import frame_schema
from integrhealth.reading.mapping.columns import Canonical, canonical, with_made
from integrhealth.reading.mapping.sources import (
    ANY,
    FILE,
    Column,
    Constant,
    Hashed,
    Host,
    MappedSource,
    Origin,
    Part,
    Translated,
    by_entry,
    names_in,
)
from integrhealth.reading.mapping.upstreams import attempts

# The beginnings of the lines with these numbers
RawLines = Callable[[pl.DataFrame], pl.DataFrame]

# A name of more parts than this is not cut in every way: each part doubles the ways.
MOST_CUT = 4


@dataclass(frozen=True)
class Table:
    """The columns of a file, or of its records of one kind, with ``log_line``.

    ``refused`` (line, reason, raw) was no record; ``names`` are the columns as the file has them; ``raw`` finds what
    rows that are refused later look like, for a frame of log_line and reason. ``passed`` records say nothing here.
    With ``several`` more than one row may come from a record, and have its ``log_line``. ``again`` reads the records
    behind ``log_line`` once more; None where they hold nothing but these columns, or cannot be read twice.
    """

    rows: pl.DataFrame
    refused: pl.DataFrame
    names: Sequence[str]
    raw: RawLines
    notes: tuple[str, ...] = ()
    passed: int = 0
    several: bool = False
    again: Again | None = lines_again


def framed(
    table: Table, sources: Iterable[MappedSource], *, format: str, log_file: str, strict: bool = False
) -> list[Parsed]:
    """One Parsed per frame that the sources name. What was refused, and what no source is for, counts in the first.

    A record of several rows is out if one of them is good. Every entry has all records, and accounts for them.
    """
    first, *more = by_entry(sources)
    parts = _framed(table, first, format=format, log_file=log_file, strict=strict)
    again = replace(table, refused=table.refused.clear(), notes=(), passed=0)
    for entry in more:
        parts += _framed(again, entry, format=format, log_file=log_file, strict=strict)
    return one_per_frame(parts)


def one_per_frame(parts: Iterable[Parsed]) -> list[Parsed]:
    """`parts` of entries with one for each frame. A record of which an entry made a good row counts once, as good."""
    by_frame: dict[str | None, list[Parsed]] = {}
    for part in parts:
        by_frame.setdefault(part.frame, []).append(part)
    return [same[0] if len(same) == 1 else _joined(same) for same in by_frame.values()]


def _joined(parts: list[Parsed]) -> Parsed:
    rows = pl.concat([part.rows for part in parts])
    rejected = pl.concat([part.rejected for part in parts]).unique("line", keep="first", maintain_order=True)
    rejected = rejected.join(rows.select(line="log_line"), on="line", how="anti", maintain_order="left").sort("line")
    records, seen = rows["log_line"].n_unique(), max(part.rows_in for part in parts)
    return replace(
        parts[0],
        rows=rows,
        rows_in=max(seen, records + rejected.height),
        rejected=rejected,
        warnings=tuple(dict.fromkeys(warning for part in parts for warning in part.warnings)),
        passed=max(0, seen - records - rejected.height),
        records=records,
    )


def _framed(table: Table, sources: Iterable[MappedSource], *, format: str, log_file: str, strict: bool) -> list[Parsed]:
    sources = [respelled(source, table.names) if source.any_case else source for source in sources]
    rest, made = with_inner(table.rows, names_in(sources)), {}
    if FILE in names_in(sources):
        rest = rest.with_columns(pl.lit(stem(log_file)).alias(FILE))
    for source in sources:
        rest = with_made(rest, source)
    if (upstreams := sources[0].upstreams) is not None:
        rest, table = attempts(rest, upstreams), replace(table, several=True)
    frames: dict[str, Frame] = {}
    for source in sources:
        mine, rest = _chosen(rest, source)
        frame = frame_schema(source.frame)
        if frame is None:
            raise ValueError(f"unknown frame {source.frame!r}")
        frames[frame.name] = frame
        made.setdefault(frame.name, []).append(canonical(mine, frame, source, strict=strict))
    parts: list[Parsed] = []
    for place, (name, made_rows) in enumerate(made.items()):
        first = place == 0
        passed = (rest.height + table.passed) if first else 0
        notes = [
            *(table.notes if first else ()),
            *dict.fromkeys(note for each in made_rows for note in each.warnings),
        ]
        if first and rest.height:
            # What events tell of are messages.
            meant = dict.fromkeys("messages" if each == "message_events" else each for each in made)
            notes.append(f"records that say nothing of {', '.join(meant)}, passed over: {rest.height:,}")
        parts.append(_parsed(frames[name], made_rows, table, first, passed, notes, format=format, log_file=log_file))
    return parts


def _parsed(
    frame: Frame,
    canonicals: list[Canonical],
    table: Table,
    first: bool,
    passed: int,
    notes: list[str],
    *,
    format: str,
    log_file: str,
) -> Parsed:
    rows = pl.concat([each.rows for each in canonicals]) if len(canonicals) > 1 else canonicals[0].rows
    refused = pl.concat([each.refused for each in canonicals]) if len(canonicals) > 1 else canonicals[0].refused
    good = rows.height
    if table.several:
        good = rows["log_line"].n_unique()
        refused = refused.unique("log_line", keep="first", maintain_order=True)
        lost = refused.join(rows.select("log_line"), on="log_line", how="semi", maintain_order="left")
        refused = refused.join(rows.select("log_line"), on="log_line", how="anti", maintain_order="left")
        if lost.height:
            reasons = ", ".join(lost["reason"].unique(maintain_order=True).head(10))
            notes.append(f"records of which a part was left out, while the rest is good: {lost.height:,} ({reasons})")
    parts = [table.refused] if first else []
    rejected = pl.concat([*parts, table.raw(refused)]).sort("line", maintain_order=True)
    return Parsed(
        format=format,
        frame=frame.name,
        rows=rows.with_columns(log_file=pl.lit(log_file)).select(list(frame.schema)),
        rows_in=good + passed + rejected.height,
        rejected=rejected.with_columns(file=pl.lit(log_file)).select(list(REJECTED)),
        warnings=tuple(notes),
        file=log_file,
        passed=passed,
        records=good,
        again=table.again,
    )


def _chosen(rows: pl.DataFrame, source: MappedSource) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that the source is for, and the rest."""
    if not source.only and not source.unless:
        return rows, rows.clear()
    if any(name not in rows.columns or rows[name].null_count() == rows.height for name in source.only):
        return rows.clear(), rows
    mine = pl.lit(True)
    for wanted, chosen in ((True, source.only), (False, source.unless)):
        for name, words in chosen.items():
            if name not in rows.columns:
                fits = pl.lit(False)
            else:
                text = pl.col(name).cast(pl.String).str.strip_chars()
                there = text.is_not_null() & (text != "")
                fits = there if ANY in words else _is_one_of(text, words)
            mine &= fits.fill_null(False) if wanted else ~fits.fill_null(False)
    return rows.filter(mine), rows.filter(~mine)


def _is_one_of(text: pl.Expr, words: Iterable[str]) -> pl.Expr:
    """Whether it is one of the words, in any case; a single letter is a code, of which the case counts."""
    letters = [word for word in words if len(word) == 1]
    return text.is_in(letters) | text.str.to_lowercase().is_in([word.lower() for word in words if len(word) > 1])


def with_inner(rows: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """`rows` with the columns ``a.b.c`` of `names` that lie inside JSON text in a column ``a``; null where absent.

    A key may have dots itself: of each column the first way to cut its name at dots that leads to a value counts.
    """
    inner = []
    for name in names:
        first, _, below = name.partition(".")
        if name not in rows.columns and below and rows.schema.get(first) == pl.String:
            paths = ["$" + "".join(f"['{key}']" for key in keys) for keys in _cuts(below.split("."))]
            inner.append(pl.coalesce(pl.col(first).str.json_path_match(path) for path in paths).alias(name))
    return rows.with_columns(inner)


def _cuts(parts: list[str]) -> list[list[str]]:
    """The ways to make keys of the parts of a name, the most keys first; of many parts only all, and one of them."""
    if len(parts) > MOST_CUT:
        return [parts, [".".join(parts)]]
    if len(parts) == 1:
        return [parts]
    first, below = parts[0], _cuts(parts[1:])
    return [[first, *keys] for keys in below] + [[f"{first}.{keys[0]}", *keys[1:]] for keys in below]


def respelled(source: MappedSource, there: Iterable[str]) -> MappedSource:
    """`source` with its columns as the file spells them: exports of one vendor differ in case."""
    there = list(there)
    folded = {name.casefold(): name for name in reversed(there)}
    names = {}
    for name in source.names():
        first, dot, below = name.partition(".")
        if name not in there and first not in there:
            whole = folded.get(name.casefold())
            names[name] = whole or f"{folded.get(first.casefold(), first)}{dot}{below}"
    if all(name == spelled for name, spelled in names.items()):
        return source
    return replace(
        source,
        columns={column: _renamed(origin, names) for column, origin in source.columns.items()},
        make={column: _renamed(origin, names) for column, origin in source.make.items()},
        only={names.get(name, name): words for name, words in source.only.items()},
        unless={names.get(name, name): words for name, words in source.unless.items()},
        errors_inside=tuple(names.get(name, name) for name in source.errors_inside),
        upstreams=source.upstreams
        and source.upstreams._make(tuple(names.get(name, name) for name in each) for each in source.upstreams),
    )


def _renamed(origin: Origin, names: dict[str, str]) -> Origin:
    if isinstance(origin, Constant):
        return origin
    if isinstance(origin, Column | Translated | Part | Hashed | Host):
        return origin._replace(name=names.get(origin.name, origin.name))
    return origin._replace(names=tuple(names.get(name, name) for name in origin.names))
