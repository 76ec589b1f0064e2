"""PostgreSQL: one read-only transaction, and a cursor from which the rows come in Arrow batches.

A type that Arrow holds exactly stays (times, whole numbers, float8, text, bytea and flags); any other comes as the
text that the server writes: numeric to the last digit, json, uuid, enums. Arrays come as lists, of text likewise.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from integrhealth.reading.databases.answer import BATCH_ROWS, Answer, Unanswered, Wanted
from integrhealth.reading.values.times import EARLIEST, LATEST

KEPT = {
    "bool",
    "int2",
    "int4",
    "int8",
    "float8",
    "text",
    "varchar",
    "name",
    "timestamp",
    "timestamptz",
    "date",
    "bytea",
}
# What is not a parameter: strings, quoted names, comments, casts. Or a parameter.
TOKENS = re.compile(
    r"""[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/
      | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ | :: | (?<!\w):(?P<name>since|until)\b""",
    re.VERBOSE | re.DOTALL,
)
# libpq writes two spaces between a severity, in whatever language, and the message.
MESSAGE = re.compile(r"\w+:  ([^\n]+)")
CONNECTING = re.compile(r"^.*?Failed to connect: ", re.DOTALL)
LONGEST_REASON = 300
REMEDIES = {
    "42501": "grant it, or ask as another user",
    "25006": "write a query that only reads",
    "57014": "ask for fewer rows, such as those from :since on, or add an index",
}
MEND = "mend the query; psql shows more"
INSTALL = "install it with: pip install 'integrhealth[postgresql]'"


def postgresql_answer(
    url: str, query: str, bounds: Mapping[str, datetime], wanted: Wanted, *, zone: str, seconds: float
) -> Answer:
    """What the server at `url` gives for `query`. `bounds` are bound as timestamptz; naive times are in `zone`.

    Raises Unanswered: no driver, no connection, SQL that is wrong or writes, more than `seconds` for a batch of rows.
    """
    try:
        from adbc_driver_manager import Error
        from adbc_driver_postgresql import StatementOptions, dbapi
    except ImportError:
        raise Unanswered("url", "the driver for PostgreSQL is not installed", INSTALL) from None
    try:
        connection = dbapi.connect(url)
    except Error as error:
        reason = " ".join(CONNECTING.sub("", str(error)).split())[:LONGEST_REASON]
        remedy = "check that the server runs, and host, port, database, user and password in the URL"
        raise Unanswered("url", reason, remedy) from None
    # A FETCH cannot be copied, which is what the driver tries otherwise.
    by_row = {StatementOptions.USE_COPY.value: False}
    try:
        with connection, connection.cursor(adbc_stmt_kwargs=by_row) as cursor:
            cursor.execute("set transaction read only")
            cursor.execute(f"set local statement_timeout = {round(seconds * 1_000)}")
            cursor.execute(f"set local time zone '{zone}'")
            cursor.execute("set local cursor_tuple_fraction = 1")
            return _answer(cursor, *numbered(query, bounds), wanted)
    except Error as error:
        raise Unanswered("query", _reason(error, seconds), REMEDIES.get(error.sqlstate or "", MEND)) from None


def numbered(query: str, bounds: Mapping[str, datetime]) -> tuple[str, list[datetime]]:
    """`query` with $1 and so on for :since and :until, and what they stand for; in strings and comments they stay."""
    used: dict[str, int] = {}

    def place(token: re.Match[str]) -> str:
        name = token["name"]
        return f"${used.setdefault(name, len(used) + 1)}" if name else token[0]

    text = TOKENS.sub(place, query.strip().rstrip(";"))
    return text, [bounds[name] for name in used]


def _answer(cursor: Any, query: str, bounds: list[datetime], wanted: Wanted) -> Answer:
    # Asked as it was written first, so that what is wrong with it is said of what was written.
    schema = cursor.adbc_execute_schema(query, bounds or None)
    if not len(schema):
        raise Unanswered("query", "the query gives no columns", "write a select")
    names, places = tuple(schema.names), wanted(schema.names)
    columns = ", ".join(f"c{place}" for place in range(len(names)))
    taken = ", ".join(f"{_exact(f'c{place}', schema.field(place))} as c{place}" for place in places)
    select = f"select {taken} from (\n{query}\n) as asked({columns})"
    cursor.execute(f"declare rows no scroll cursor for {select}", bounds or None)
    batches = [_batch(cursor)]
    while batches[-1].height:
        batches.append(_batch(cursor))
    return _within_reach(pl.concat(batches).rename({f"c{place}": names[place] for place in places}), names)


def _batch(cursor: Any) -> pl.DataFrame:
    cursor.execute(f"fetch {BATCH_ROWS} from rows")
    frame = pl.from_arrow(cursor.fetch_arrow_table())
    assert isinstance(frame, pl.DataFrame)
    return frame


def _exact(column: str, field: Any) -> str:
    """The SQL that gives a column without loss."""
    of_type = (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode()
    if of_type.startswith("_"):
        return f"{column}::text[]"
    return column if of_type in KEPT else f"{column}::text"


def _within_reach(rows: pl.DataFrame, names: Sequence[str]) -> Answer:
    """Infinity and years that no person meant refuse their rows: nothing after this could show them."""
    near = {
        name: rows[name].is_between(EARLIEST.date(), LATEST.date())
        if dtype == pl.Date
        else rows[name].dt.replace_time_zone(None).is_between(EARLIEST, LATEST)
        for name, dtype in rows.schema.items()
        if dtype == pl.Date or isinstance(dtype, pl.Datetime)
    }
    far = {name: (~each).fill_null(False) for name, each in near.items()}
    bad = {f"bad_time:{name}": each for name, each in far.items() if each.any()}
    return Answer(rows.with_columns(rows[name].set(far[name], None) for name in far), tuple(names), bad)


def _reason(error: Exception, seconds: float) -> str:
    if getattr(error, "sqlstate", None) == "57014":
        return f"the query took longer than {seconds:g} s"
    message = MESSAGE.search(str(error))
    return " ".join((message[1] if message else str(error)).split())[:LONGEST_REASON]
