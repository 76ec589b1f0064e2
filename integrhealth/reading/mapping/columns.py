"""From the columns of a file to those of a canonical frame: nothing null in silence, every refusal with its reason."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import polars as pl

from integrhealth.language.masking import hosts, value_hashes
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TIME, Frame
from integrhealth.reading.files.opened import WORKERS
from integrhealth.reading.inner_frames import BEGUN
from integrhealth.reading.mapping.meanings import kinds, quoted, rows_said, statuses, translated
from integrhealth.reading.mapping.sources import (
    Column,
    Constant,
    First,
    Hashed,
    Host,
    IdOf,
    Joined,
    MappedSource,
    Origin,
    Part,
    Sum,
    Translated,
    names_of,
)
from integrhealth.reading.values.conversions import converted, is_no_text, micros, numbers, text_of
from integrhealth.reading.values.times import UNITS_US, TimeRule, Times, times

# What a template leaves open is not a value.
OPENS, CLOSES = "{{", "}}"
BLANKS = " \t\r\n\f\v"
# Where ``kind`` is one of KINDS; in other frames it is any word.
WITH_KINDS = ("messages", "dependencies")
# From here on the times of several columns are read at once; for fewer rows the threads cost more than they save.
MANY_ROWS = 20_000


@dataclass
class Canonical:
    """The rows that became canonical, the reasons for those that did not (log_line, reason), and what to say once."""

    rows: pl.DataFrame
    refused: pl.DataFrame
    warnings: list[str]


@dataclass
class _Account:
    """What is found out while the columns are made; the times are read beforehand, several columns at once."""

    times: dict[str, Times] = field(default_factory=dict)
    faults: list[tuple[str, pl.Series]] = field(default_factory=list)
    naive: dict[str, int] = field(default_factory=dict)
    undecided: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def fault(self, reason: str, rows: pl.Series) -> None:
        if rows.any():
            self.faults.append((reason, rows.fill_null(False)))


def canonical(table: pl.DataFrame, frame: Frame, source: MappedSource, *, strict: bool = False) -> Canonical:
    """`table` (columns of the file and log_line) as rows of `frame`.

    A value that its column cannot hold refuses the row (``bad_time:sent_at``, ``bad_number:amount``,
    ``bad_flag:fallback``), a null in a required column likewise (``no_target``). A status that is neither a
    canonical word nor in the map becomes unknown, a kind of a message or dependency that is no canonical word null;
    both are counted in a warning. With `strict` a time without a zone refuses the row too (``naive_time:sent_at``).
    """
    account = _Account()
    table = _without_null_tokens(table, source)
    absent = [name for name in source.names() if name not in table.columns]
    # Of a preset some columns are always missing: exports of one vendor differ.
    if absent and table.width > 1 and not source.any_case:
        there = ", ".join(quoted(name) for name in table.columns if name != "log_line")
        account.warnings.append(f"columns of the mapping that are not in the file: {', '.join(absent)}; it has {there}")
    account.times = _times(table, frame, source)
    made = {name: dtype for name, dtype in frame.columns.items() if name in source.columns}
    columns = {
        name: _column(table, name, dtype, source=source, account=account, strict=strict) for name, dtype in made.items()
    }
    # A null literal costs no memory, a column of nulls does.
    empty = {name: pl.lit(None, dtype) for name, dtype in frame.columns.items() if name not in made}
    rows = table.select("log_line").with_columns(**columns, **empty).select(*frame.columns, "log_line")
    # A span without a status is unset, which is told from its marks; a message without one is unknown.
    status = {"messages": "status", "message_events": "event"}.get(frame.name)
    if status is not None and (missing := rows[status].null_count()):
        account.warnings.append(f"{rows_said(missing)} without a status became unknown")
        rows = rows.with_columns(pl.col(status).fill_null("unknown"))
    for name in frame.required:
        # By the first a record is known.
        if name == frame.required[0] and rows.schema[name] == pl.String:
            account.fault(f"template:{name}", _left_open(rows[name], source))
        account.fault(f"no_{name}", rows[name].is_null() & ~_faulted(account, name, rows.height))
    _say_times(account)
    rows, refused = _split(rows, account.faults)
    return Canonical(rows, refused, account.warnings)


def with_made(table: pl.DataFrame, source: MappedSource) -> pl.DataFrame:
    """`table` with the columns that the source makes of others and the table has not yet, for use in its forms."""
    for name, origin in source.make.items():
        if name not in table.columns:
            values = _values(_without_null_tokens(table, source), origin)
            values = translated(values, origin, []) if isinstance(origin, Translated) else values
            table = table.with_columns(values.alias(name))
    return table


def _left_open(ids: pl.Series, source: MappedSource) -> pl.Series:
    """Ids that a template left open: of a vendor, whose ids have no braces, in part; of anybody else, wholly."""
    if source.any_case:
        return ids.str.contains(OPENS, literal=True)
    return ids.str.starts_with(OPENS) & ids.str.ends_with(CLOSES)


def _split(rows: pl.DataFrame, faults: list[tuple[str, pl.Series]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    if not faults:
        return rows, pl.DataFrame(schema={"log_line": COUNT, "reason": pl.String})
    reasons = [pl.select(pl.when(bad).then(pl.lit(reason))).to_series() for reason, bad in faults]
    joined = pl.select(reason=pl.concat_str(reasons, separator="; ", ignore_nulls=True)).to_series()
    refused = joined != ""
    return rows.filter(~refused), pl.DataFrame([rows["log_line"], joined]).filter(refused)


def _faulted(account: _Account, column: str, height: int) -> pl.Series:
    """The rows already refused over this column."""
    masks = [bad for reason, bad in account.faults if reason.endswith(f":{column}")]
    return reduce(lambda one, other: one | other, masks, pl.Series([False]).new_from_index(0, height))


def _without_null_tokens(table: pl.DataFrame, source: MappedSource) -> pl.DataFrame:
    there = (name for name, dtype in table.schema.items() if dtype == pl.String)
    texts = [name for name in there if table[name].null_count() < table.height]
    text = pl.col(texts)
    # Without words for nothing only blanks count; what has some in front sorts before every letter.
    longest = max((len(word.encode()) for word in source.null), default=0)
    null = text.str.strip_chars(BLANKS).str.len_bytes() <= longest if longest else text < "!"
    hits = table.select(null.any()) if texts else table.select()
    hit = [name for name in hits.columns if hits[name][0]]
    if not hit:
        return table
    is_null = pl.col(hit).str.strip_chars(BLANKS).is_in(source.null)
    return table.with_columns(pl.when(~is_null).then(pl.col(hit)).name.keep())


def _column(
    table: pl.DataFrame, name: str, dtype: Any, *, source: MappedSource, account: _Account, strict: bool
) -> pl.Series:
    origin = source.columns[name]
    if dtype == TIME:
        return _time(table, name, origin, source=source, account=account, strict=strict)
    values = _values(table, origin)
    if isinstance(origin, Translated):
        values = translated(values, origin, account.warnings)
    if name == "status":
        return _with_errors_inside(statuses(values, source.status, account.warnings), table, source, account)
    if name == "event" and source.frame == "message_events":
        return _with_errors_inside(statuses(values, source.status, account.warnings, BEGUN), table, source, account)
    if name == "kind" and source.frame in WITH_KINDS:
        return kinds(values, account.warnings)
    if values.dtype == dtype:
        if dtype == NUMBER:
            account.fault(f"bad_number:{name}", values.is_not_null() & ~values.is_finite())
        return values
    made = converted(values, dtype, decimal=source.decimal)
    word = {NUMBER: "number", COUNT: "number", FLAG: "flag"}.get(dtype, "text")
    account.fault(f"bad_{word}:{name}", values.is_not_null() & made.is_null())
    return made


def _values(table: pl.DataFrame, origin: Origin) -> pl.Series:
    """The values a column starts from, before they take their type."""
    nothing = pl.Series("", [None], dtype=pl.String).new_from_index(0, table.height)
    if isinstance(origin, Constant):
        return pl.Series("", [origin.value]).new_from_index(0, table.height)
    if isinstance(origin, Column | Translated):
        return table[origin.name] if origin.name in table.columns else nothing
    if isinstance(origin, Part):
        there = origin.name in table.columns and table[origin.name].null_count() < table.height
        return text_of(table[origin.name]).str.extract(origin.pattern, 1) if there else nothing
    if isinstance(origin, Hashed):
        return value_hashes(text_of(table[origin.name])) if origin.name in table.columns else nothing
    if isinstance(origin, Host):
        return hosts(text_of(table[origin.name])) if origin.name in table.columns else nothing
    if isinstance(origin, IdOf):
        return _ids(table, origin) if table.height else nothing
    if isinstance(origin, Joined):
        if not set(origin.names) <= set(table.columns):
            return nothing
        parts = [text_of(table[name]) for name in origin.names]
        return pl.select(pl.concat_str(parts, separator=origin.between, ignore_nulls=False)).to_series()
    there = [table[name] for name in names_of(origin) if name in table.columns]
    if len({each.dtype for each in there}) > 1:
        there = [text_of(each) for each in there]
    first = pl.select(pl.coalesce(there)).to_series() if there else nothing
    if isinstance(origin, First) and origin.otherwise is not None:
        return text_of(first).fill_null(origin.otherwise)
    return first


def _ids(table: pl.DataFrame, origin: IdOf) -> pl.Series:
    """One id per record, unequal for all of them: what the columns say, hashed, and from the second on the count."""
    there = [table[name] for name in origin.names if name in table.columns]
    # Of a column that is empty the place alone counts.
    parts = [pl.lit("") if each.null_count() == len(each) else text_of(each).fill_null("") for each in there]
    whole = pl.select(pl.concat_str(parts, separator="\x1f")).to_series() if parts else table["log_line"]
    ids = pl.DataFrame({"id": whole.hash(), "record": table["log_line"]})
    if ids["id"].n_unique() == ids.height:
        return ids["id"].cast(pl.String)
    count = pl.col("record").rank("dense").over("id")
    numbered = pl.when(count == 1).then(pl.col("id").cast(pl.String)).otherwise(pl.format("{}:{}", "id", count))
    return ids.select(numbered.alias("id")).to_series()


def _with_errors_inside(statuses: pl.Series, table: pl.DataFrame, source: MappedSource, account: _Account) -> pl.Series:
    """`statuses` in which an ok with errors counted beside it is partial."""
    counts = [table[name] for name in source.errors_inside if name in table.columns]
    if not counts:
        return statuses
    errors = [numbers(count, NUMBER, decimal=source.decimal) for count in counts]
    for count, number in zip(counts, errors, strict=True):
        account.fault(f"bad_number:{count.name}", count.is_not_null() & number.is_null())
    erroneous = pl.any_horizontal(pl.lit(number) > 0 for number in errors).fill_null(False)
    status = pl.lit(statuses)
    return pl.select(pl.when(erroneous & (status == "ok")).then(pl.lit("partial")).otherwise(status)).to_series()


def _times(table: pl.DataFrame, frame: Frame, source: MappedSource) -> dict[str, Times]:
    """The times of each column of times; what several are made of, by one rule, is read once."""
    wanted: dict[str, tuple[Origin, TimeRule]] = {}
    for name, dtype in frame.columns.items():
        if dtype == TIME and name in source.columns:
            origin = source.columns[name]
            wanted[name] = Column(origin.names[0]) if isinstance(origin, Sum) else origin, source.time_rule(name)

    def read(origin: Origin, rule: TimeRule) -> Times:
        values = _values(table, origin)
        if values.dtype in (pl.Boolean, pl.Binary):
            values = text_of(values)
        if is_no_text(values):
            values = pl.select(pl.when(values.is_not_null()).then(pl.lit("an object"))).to_series()
        return times(values, rule)

    different = {repr(each): each for each in wanted.values()}
    if table.height < MANY_ROWS:
        made = {key: read(*each) for key, each in different.items()}
    else:
        with ThreadPoolExecutor(WORKERS) as pool:
            made = dict(zip(different, pool.map(lambda each: read(*each), different.values()), strict=True))
    return {name: made[repr(each)] for name, each in wanted.items()}


def _time(
    table: pl.DataFrame, name: str, origin: Origin, *, source: MappedSource, account: _Account, strict: bool
) -> pl.Series:
    read = account.times[name]
    account.fault(f"{read.reason}:{name}", read.faults)
    if read.reason.startswith("undecided"):
        account.undecided.append(name)
    account.warnings.extend(f"{name}: {sentence}" for sentence in read.notes)
    if strict:
        account.fault(f"naive_time:{name}", read.naive)
    elif naive := read.naive.sum():
        account.naive[name] = naive
    return (
        _added(table, read.times, name, origin, source=source, account=account)
        if isinstance(origin, Sum)
        else read.times
    )


def _added(
    table: pl.DataFrame, start: pl.Series, name: str, origin: Sum, *, source: MappedSource, account: _Account
) -> pl.Series:
    total = start
    for column in origin.names[1:]:
        written = _values(table, Column(column))
        length = micros(written, UNITS_US[origin.unit], decimal=source.decimal)
        account.fault(f"bad_number:{name}", written.is_not_null() & length.is_null())
        total = total + (origin.sign * length).cast(pl.Duration("us"))
    return total


def _say_times(account: _Account) -> None:
    if account.naive:
        listed = ", ".join(f"{name} ({count:,})" for name, count in account.naive.items())
        account.warnings.append(f"times without a zone were read as UTC: {listed}; declare time: {{zone: ...}}")
    if account.undecided:
        listed = ", ".join(account.undecided)
        remedy = 'declare time: {format: "%d/%m/%Y %H:%M:%S"} or "%m/%d/%Y ..."'
        account.warnings.append(
            f"nothing shows whether the dates in {listed} begin with the day or the month; {remedy}"
        )


def identity(frame: Frame, names: Iterable[str]) -> MappedSource:
    """The mapping of a file that is in canonical columns already: each column of `frame` it has, to itself."""
    there = set(names)
    return MappedSource(frame=frame.name, columns={name: Column(name) for name in frame.columns if name in there})
