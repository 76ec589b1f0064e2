"""SQLite: opened read-only by the standard library. Every value is read as text, since any row may hold any type."""

import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from types import NoneType
from typing import Any
from urllib.parse import quote

import polars as pl

from integrhealth.reading.databases.answer import BATCH_ROWS, Answer, Unanswered, Wanted

LOCKED_SECONDS = 5
# A clock is looked at after so many steps of the virtual machine: some milliseconds.
STEPS = 100_000
# The whole numbers that a float tells apart.
LARGEST_EXACT = 2.0**53
MEND = "mend the query; the sqlite3 shell shows more"


def sqlite_answer(path: Path, query: str, bounds: Mapping[str, datetime], wanted: Wanted, *, seconds: float) -> Answer:
    """What the file at `path` gives for `query`. `bounds` are bound as UTC text, ``2026-01-31 00:00:00``.

    Raises Unanswered: no such file or no database, a lock, SQL that is wrong or writes, more than `seconds`.
    """
    if not path.is_file():
        raise Unanswered("url", f"database {path} does not exist", "a relative path starts at the folder of this file")
    deadline = time.monotonic() + seconds
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=LOCKED_SECONDS)) as database:
            database.text_factory = bytes
            database.execute("pragma query_only = on")
            database.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)
            return _answer(database.execute(query, _texts(bounds)), wanted)
    except sqlite3.Error as error:
        if time.monotonic() > deadline:
            reason, remedy = (
                f"the query took longer than {seconds:g} s",
                "ask for fewer rows, such as those from :since on",
            )
            raise Unanswered("query", reason, remedy) from None
        key = "url" if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error) else "query"
        remedy = "name an SQLite file" if key == "url" else MEND
        raise Unanswered(key, str(error), remedy) from None
    except sqlite3.Warning as error:  # several statements, before Python 3.12
        raise Unanswered("query", str(error), MEND) from None


def _texts(bounds: Mapping[str, datetime]) -> dict[str, str]:
    return {name: moment.replace(tzinfo=None).isoformat(" ") for name, moment in bounds.items()}


def _answer(cursor: sqlite3.Cursor, wanted: Wanted) -> Answer:
    if cursor.description is None:
        raise Unanswered("query", "the statement gives no rows, whatever the data", "write a select")
    names = tuple(each[0] for each in cursor.description)
    places = wanted(names)
    batches = [_batch([], names, places)]
    while rows := cursor.fetchmany(BATCH_ROWS):
        batches.append(_batch(rows, names, places))
    masks = pl.concat([bad for _, bad in batches])
    bad = {f"bad_text:{name}": masks[name] for name in masks.columns if masks[name].any()}
    return Answer(pl.concat([text for text, _ in batches]), names, bad)


def _batch(
    rows: Sequence[Sequence[Any]], names: Sequence[str], places: Sequence[int]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The values of some columns as text, and which of them cannot be text."""
    text = {names[place]: _text([row[place] for row in rows]) for place in places}
    bad = {
        names[place]: pl.Series([row[place] is not None for row in rows], dtype=pl.Boolean)
        & text[names[place]].is_null()
        for place in places
    }
    return pl.DataFrame(text), pl.DataFrame(bad)


def _text(values: list[Any]) -> pl.Series:
    """Text and blobs that are UTF-8, numbers as they are written; null for bytes that are not text."""
    kinds = set(map(type, values)) - {NoneType}
    if kinds == {int}:
        return pl.Series(values, dtype=pl.Int64).cast(pl.String)
    if kinds == {bytes}:
        try:
            return pl.Series(values, dtype=pl.Binary).cast(pl.String)
        except pl.exceptions.ComputeError:
            pass  # some are not UTF-8: one by one
    return pl.Series([_written(value) for value in values], dtype=pl.String)


def _written(value: Any) -> str | None:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return None
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_EXACT:
        value = int(value)  # ids that a real column keeps
    return None if value is None else str(value)
