"""Databases: the rows that a query of mapping.yaml gives, read-only, as any table is read.

``url`` is ``sqlite:///path/of/file.db`` (relative to the mapping) or ``postgresql://user@host/database``; ``${NAME}``
in it comes from the environment, and no part of it is ever kept or shown. A record is a row, ``log_line`` its ordinal.

``:since`` and ``:until`` in a query are bound to the period that is asked for, or to a time before and after all
others, so that ``where sent_at >= :since`` fetches no more than is new. Whole traces are selected afterwards from what
was fetched: a trace that goes over the edge is whole only with a margin, ``sent_at >= :since - interval '1 hour'``.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from integrhealth.errors import FaultyFile
from integrhealth.language.schema import Frame
from integrhealth.reading.account.parsed import Parsed
from integrhealth.reading.databases.answer import Answer, Unanswered, Wanted
from integrhealth.reading.databases.postgresql import postgresql_answer
from integrhealth.reading.databases.sqlite import sqlite_answer
from integrhealth.reading.databases.url import Address, address
from integrhealth.reading.files.lines import RAW_BYTES, refusals
from integrhealth.reading.inner_frames import frame_schema
from integrhealth.reading.mapping.columns import identity
from integrhealth.reading.mapping.framing import RawLines, Table, framed
from integrhealth.reading.mapping.sources import MappedSource, Query, names_in

STATEMENT_SECONDS = 300
EARLIEST, LATEST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def read_query(
    query: Query,
    log_file: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    strict: bool = False,
) -> list[Parsed]:
    """The rows that the query gives now, one Parsed per frame its sources fill; `log_file` is the name to give them.

    A row with a value that cannot be read is refused. Raises FaultyFile, without the password, for whatever keeps the
    database from answering, and for a result that lacks a column which the entry maps. An entry without columns takes
    those of its frame by their names.
    """
    bounds = {"since": since or EARLIEST, "until": until or LATEST}
    place = _address(query)
    try:
        answer = _asked(query, place, bounds)
    except Unanswered as why:
        reason = place.shown(why.reason)
        raise FaultyFile(query.file, f"{query.where}.{why.key}", reason, why.remedy) from None
    sources = [source if source.columns else _as_named(source, answer.names) for source in query.sources]
    kind = "postgresql" if place.path is None else "sqlite"
    return framed(_table(answer), sources, format=kind, log_file=log_file, strict=strict)


def database_files(query: Query) -> set[Path]:
    """The files that a query reads, which are not logs: those of SQLite, with what it keeps beside them."""
    path = _address(query).path
    return set() if path is None else {Path(f"{path.resolve()}{end}") for end in ("", "-wal", "-shm", "-journal")}


def _address(query: Query) -> Address:
    try:
        return address(query.url, folder=Path(query.file).parent)
    except Unanswered as why:
        raise FaultyFile(query.file, f"{query.where}.{why.key}", why.reason, why.remedy) from None


def _as_named(source: MappedSource, names: Sequence[str]) -> MappedSource:
    """A source without columns takes those of its frame by their own names, as far as the query gives them."""
    return replace(source, columns=identity(_frame(source), names).columns)


def _frame(source: MappedSource) -> Frame:
    frame = frame_schema(source.frame)
    if frame is None:
        raise ValueError(f"unknown frame {source.frame!r}")
    return frame


def _asked(query: Query, place: Address, bounds: dict[str, datetime]) -> Answer:
    wanted, zone = _places(query), query.sources[0].time.zone or "UTC"
    if place.path is not None:
        return sqlite_answer(place.path, query.text, bounds, wanted, seconds=STATEMENT_SECONDS)
    return postgresql_answer(place.url, query.text, bounds, wanted, zone=zone, seconds=STATEMENT_SECONDS)


def _places(query: Query) -> Wanted:
    """Picks the columns of a result that the sources use, in any case for a preset, or that hold what they use."""
    any_case = any(source.any_case for source in query.sources)
    as_named = [_frame(source) for source in query.sources if not source.columns]
    needed = [*names_in(query.sources), *(name for frame in as_named for name in frame.required)]
    # ``a.b`` is a column, or lies in the JSON of a column ``a``.
    asked = {name: {name, name.split(".")[0]} for name in needed}
    used = {_folded(each, any_case) for both in asked.values() for each in both}
    used |= {name for frame in as_named for name in frame.columns}

    def places(names: Sequence[str]) -> list[int]:
        lacking = [name for name, both in asked.items() if both.isdisjoint(names)]
        if lacking and not any_case:
            given = ", ".join(dict.fromkeys(names))
            raise Unanswered("columns", f"the query gives no column {lacking[0]!r}", f"it gives {given}")
        chosen = [place for place, name in enumerate(names) if _folded(name, any_case) in used]
        twice = [name for name, count in Counter(names[place] for place in chosen).items() if count > 1]
        if twice:
            raise Unanswered("query", f"the query gives more than one column {twice[0]!r}", "name each with 'as'")
        # A result of which nothing is used still has rows.
        return chosen or [0]

    return places


def _folded(name: str, any_case: bool) -> str:
    return name.casefold() if any_case else name


def _table(answer: Answer) -> Table:
    numbered = answer.rows.with_row_index("log_line", offset=1).with_columns(pl.col("log_line").cast(pl.Int64))
    reasons = [pl.when(mask).then(pl.lit(reason)) for reason, mask in answer.bad.items()]
    if not reasons:
        return Table(numbered, refusals([]), answer.names, _raw(numbered), _notes(answer), again=None)
    joined = numbered.select(pl.concat_str(reasons, separator="; ", ignore_nulls=True)).to_series()
    refused = numbered.select("log_line", reason=joined).filter(joined != "")
    good = numbered.filter(joined == "")
    return Table(good, _raw(numbered)(refused), answer.names, _raw(numbered), _notes(answer), again=None)


def _notes(answer: Answer) -> tuple[str, ...]:
    return () if answer.rows.height else ("the query gave no row; widen what it asks for, or --since and --until",)


def _raw(rows: pl.DataFrame) -> RawLines:
    """Shows refused rows as JSON; bytes are left out."""
    shown = [name for name, dtype in rows.schema.items() if name != "log_line" and dtype != pl.Binary]

    def raw(refused: pl.DataFrame) -> pl.DataFrame:
        whole = refused.join(rows.select("log_line", *shown), on="log_line", how="left", maintain_order="left")
        text = whole.select(pl.struct(shown).struct.json_encode() if shown else pl.lit("")).to_series()
        rejected = zip(refused["log_line"], refused["reason"], text, strict=True)
        return refusals((line, reason, each.encode()[:RAW_BYTES]) for line, reason, each in rejected)

    return raw
