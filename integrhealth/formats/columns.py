"""From the columns of a file to those of a canonical frame: nothing null in silence, every refusal with its reason."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import polars as pl

from integrhealth.formats.mapping import (
    Column,
    Constant,
    First,
    Hashed,
    Host,
    Joined,
    MappedSource,
    Origin,
    Sum,
    Translated,
    names_of,
)
from integrhealth.formats.masking import hosts, masked, value_hashes
from integrhealth.formats.message_events import BEGUN
from integrhealth.formats.opened import WORKERS
from integrhealth.formats.times import UNITS_US, Times, times
from integrhealth.schema import COUNT, FLAG, KINDS, NUMBER, STATUSES, TIME, WORDS, Frame, words

TRUE, FALSE = ("true", "1", "yes", "y", "t"), ("false", "0", "no", "n", "f")
# What a template leaves open is no value.
TEMPLATE = "{{"
BLANKS = " \t\r\n\f\v"
LARGEST_EXACT = 2.0**53
# Where ``kind`` is one of KINDS; in other frames it is any word.
WITH_KINDS = ("messages", "dependencies")
# JSON that Java wrote with the type of a number beside it: ["Long", 5021].
TYPED_NUMBER = r'^\["[A-Za-z.]+",\s*"?([^"\]]*)"?\]$'
# How many values a warning lists, and how much of each.
LISTED, LISTED_CHARACTERS = 10, 40


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
    """TABLE (columns of the file and log_line) as rows of FRAME.

    A value that its column cannot hold refuses the row (``bad_time:sent_at``, ``bad_number:amount``,
    ``bad_flag:fallback``), a null in a required column likewise (``no_target``). A status that is neither a
    canonical word nor in the map becomes unknown, a kind of a message or dependency that is no canonical word null;
    both are counted in a warning. With STRICT a time without a zone refuses the row too (``naive_time:sent_at``).
    """
    account = _Account()
    table = _without_null_tokens(table, source)
    absent = [name for name in source.names() if name not in table.columns]
    # Of a preset some columns are always missing: exports of one vendor differ.
    if absent and table.width > 1 and not source.any_case:
        there = ", ".join(_listed(name) for name in table.columns if name != "log_line")
        account.warnings.append(f"the mapping names columns that the file lacks: {', '.join(absent)}; it has {there}")
    account.times = _times(table, frame, source)
    made = {name: dtype for name, dtype in frame.columns.items() if name in source.columns}
    columns = {
        name: _column(table, name, dtype, source=source, account=account, strict=strict) for name, dtype in made.items()
    }
    # A null literal costs no memory, a column of nulls does.
    empty = {name: pl.lit(None, dtype) for name, dtype in frame.columns.items() if name not in made}
    rows = table.select("log_line").with_columns(**columns, **empty).select(*frame.columns, "log_line")
    # A span without a status is unset, which is told from its marks; a message without one is unknown.
    told = {"messages": "status", "message_events": "event"}.get(frame.name)
    if told is not None and (missing := rows[told].null_count()):
        account.warnings.append(f"{_rows(missing)} without a status became unknown")
        rows = rows.with_columns(pl.col(told).fill_null("unknown"))
    for name in frame.required:
        if rows.schema[name] == pl.String:
            account.fault(f"template:{name}", rows[name].str.contains(TEMPLATE, literal=True))
        account.fault(f"no_{name}", rows[name].is_null() & ~_faulted(account, name, rows.height))
    _say_times(account)
    rows, refused = _split(rows, account.faults)
    return Canonical(rows, refused, account.warnings)


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
    texts = [name for name, dtype in table.schema.items() if dtype == pl.String]
    text = pl.col(texts)
    # Without words for nothing only blanks count; what has some in front sorts before every letter.
    null = text.str.strip_chars(BLANKS).is_in(source.null) if len(source.null) > 1 else text < "!"
    found = table.select(null.any()) if texts else table.select()
    hit = [name for name in found.columns if found[name][0]]
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
        values = _translated(values, origin, account)
    if name == "status":
        return _with_errors_inside(_statuses(values, source.status, account), table, source, account)
    if name == "event" and source.frame == "message_events":
        return _with_errors_inside(_statuses(values, source.status, account, BEGUN), table, source, account)
    if name == "kind" and source.frame in WITH_KINDS:
        return _kinds(values, account)
    if values.dtype == dtype:
        if dtype == NUMBER:
            account.fault(f"bad_number:{name}", values.is_not_null() & ~values.is_finite())
        return values
    converted = _converted(values, dtype, decimal=source.decimal)
    word = {NUMBER: "number", COUNT: "number", FLAG: "flag"}.get(dtype, "text")
    account.fault(f"bad_{word}:{name}", values.is_not_null() & converted.is_null())
    return converted


def _values(table: pl.DataFrame, origin: Origin) -> pl.Series:
    """The values a column starts from, before they take their type."""
    nothing = pl.Series("", [None], dtype=pl.String).new_from_index(0, table.height)
    if isinstance(origin, Constant):
        return pl.Series("", [origin.value]).new_from_index(0, table.height)
    if isinstance(origin, Column | Translated):
        return table[origin.name] if origin.name in table.columns else nothing
    if isinstance(origin, Hashed):
        return value_hashes(_text(table[origin.name])) if origin.name in table.columns else nothing
    if isinstance(origin, Host):
        return hosts(_text(table[origin.name])) if origin.name in table.columns else nothing
    if isinstance(origin, Joined):
        if not set(origin.names) <= set(table.columns):
            return nothing
        parts = [_text(table[name]) for name in origin.names]
        return pl.select(pl.concat_str(parts, separator=origin.between, ignore_nulls=False)).to_series()
    there = [table[name] for name in names_of(origin) if name in table.columns]
    if len({each.dtype for each in there}) > 1:
        there = [_text(each) for each in there]
    found = pl.select(pl.coalesce(there)).to_series() if there else nothing
    if isinstance(origin, First) and origin.otherwise is not None:
        return pl.select(_where_null(_text(found), origin.otherwise)).to_series()
    return found


def _text(values: pl.Series) -> pl.Series:
    """Text, null where a value has none; a column of floats that are all whole numbers (ids with gaps, as pandas
    keeps them) loses its ``.0``.
    """
    if values.dtype == pl.String:
        return values
    if values.dtype == pl.Binary:
        return _decoded(values)
    if _is_no_text(values):
        return _nothing(values, pl.String)
    if values.dtype.is_float() and ((values.floor() == values) & (values.abs() < LARGEST_EXACT)).all():
        values = values.cast(COUNT)
    return values.cast(pl.String, strict=False)


def _is_no_text(values: pl.Series) -> bool:
    return values.dtype.is_nested() or values.dtype in (pl.Duration, pl.Object)


def _decoded(values: pl.Series) -> pl.Series:
    """Bytes as text; only a column in which some are not UTF-8 is looked at one by one."""
    try:
        return values.cast(pl.String)
    except pl.exceptions.ComputeError:
        read = [None if value is None else value.decode("utf-8", "replace") for value in values.to_list()]
        text = pl.Series(values.name, read, pl.String)
        return text.set(text.str.contains("\ufffd", literal=True), None)


def _converted(values: pl.Series, dtype: Any, *, decimal: str) -> pl.Series:
    """VALUES as DTYPE, null where they cannot be it without loss."""
    if dtype == WORDS:
        if isinstance(values.dtype, pl.List) and not values.dtype.inner.is_nested():
            return values.cast(WORDS, strict=False)
        return _text(values).to_frame("text").select(words(pl.col("text"))).to_series()
    if dtype == FLAG:
        folded = _text(values).str.strip_chars().str.to_lowercase()
        meaning = dict.fromkeys(TRUE, True) | dict.fromkeys(FALSE, False)
        return folded.replace_strict(meaning, default=None, return_dtype=FLAG)
    if dtype in (NUMBER, COUNT):
        return _numbers(values, dtype, decimal=decimal)
    return _text(values)


def _nothing(values: pl.Series, dtype: Any) -> pl.Series:
    return pl.Series(values.name, [None], dtype=dtype).new_from_index(0, len(values))


def _numbers(values: pl.Series, dtype: Any, *, decimal: str) -> pl.Series:
    if values.dtype == pl.Boolean or values.dtype.is_temporal() or values.dtype.is_nested():
        return _nothing(values, dtype)
    if values.dtype == pl.Binary:
        values = _decoded(values)
    if values.dtype == pl.String:
        values = values.str.strip_chars().str.replace(TYPED_NUMBER, "$1")
        if decimal == ",":
            values = values.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    broken = values.cast(pl.Float64, strict=False)
    finite = pl.select(pl.when(broken.is_finite()).then(broken)).to_series()
    if dtype == NUMBER:
        return finite
    whole = _nothing(values, COUNT) if values.dtype.is_float() else values.cast(COUNT, strict=False)
    # 2.0 is the whole number 2; beyond 2^53 a float no longer tells which whole number was meant.
    same = pl.select(pl.when((finite.floor() == finite) & (finite.abs() < LARGEST_EXACT)).then(finite)).to_series()
    return pl.select(pl.coalesce(whole, same.cast(COUNT, strict=False))).to_series()


def _translated(values: pl.Series, origin: Translated, account: _Account) -> pl.Series:
    """The meanings of words, in any case; those that have none are the same word for all of them, and counted.

    A single letter is a code, of which the case counts.
    """
    text = _text(values).str.strip_chars()
    folded = {word.casefold(): meaning for word, meaning in origin.words.items() if len(word) > 1}
    different = text.drop_nulls().unique().to_list()
    known = {word: origin.words.get(word, folded.get(word.casefold())) for word in different}
    strange = text.drop_nulls().value_counts(name="rows").rename({text.name: "value"})
    strange = strange.filter(pl.col("value").is_in([word for word, meaning in known.items() if meaning is None]))
    if strange.height and origin.otherwise is None:
        account.warnings.append(_said(f"with a word in {origin.name} that has no meaning here lost it", strange))
    meant = text.replace_strict(known, default=None, return_dtype=pl.String)
    return meant if origin.otherwise is None else pl.select(_where_null(meant, origin.otherwise)).to_series()


def _where_null(values: pl.Series, word: str) -> pl.Expr:
    return pl.lit(values).fill_null(pl.lit(word))


def _with_errors_inside(statuses: pl.Series, table: pl.DataFrame, source: MappedSource, account: _Account) -> pl.Series:
    """STATUSES in which an ok with errors counted beside it is partial."""
    counts = [table[name] for name in source.errors_inside if name in table.columns]
    if not counts:
        return statuses
    numbers = [_numbers(count, NUMBER, decimal=source.decimal) for count in counts]
    for count, number in zip(counts, numbers, strict=True):
        account.fault(f"bad_number:{count.name}", count.is_not_null() & number.is_null())
    erroneous = pl.any_horizontal(pl.lit(number) > 0 for number in numbers).fill_null(False)
    status = pl.lit(statuses)
    return pl.select(pl.when(erroneous & (status == "ok")).then(pl.lit("partial")).otherwise(status)).to_series()


def _statuses(values: pl.Series, mapped: dict[str, str], account: _Account, *more: str) -> pl.Series:
    """Mapped values first (as written, then in any case), then the canonical words; all else is unknown."""
    plain = not mapped and not values.null_count() and values.dtype == pl.String
    if plain and values.unique().is_in(STATUSES).all():
        return values
    text = _text(values).str.strip_chars()
    counts = text.drop_nulls().value_counts(name="rows")
    folded = {written.casefold(): status for written, status in mapped.items()}
    canonical_words = {status: status for status in (*STATUSES, *more)}
    known = {}
    for written in counts.to_series(0).to_list():
        key = written.casefold()
        known[written] = mapped.get(written) or folded.get(key) or canonical_words.get(key)
    if all(written == status for written, status in known.items()) and not text.null_count():
        return text
    unmapped = [written for written, status in known.items() if status is None]
    if unmapped:
        seen = counts.rename({counts.columns[0]: "value"}).filter(pl.col("value").is_in(unmapped))
        account.warnings.append(_said("with a status that is not mapped became unknown", seen))
    judged = text.replace_strict(known, default=None, return_dtype=pl.String).fill_null("unknown")
    return pl.select(pl.when(text.is_not_null()).then(judged)).to_series()


def _kinds(values: pl.Series, account: _Account) -> pl.Series:
    """The canonical words in any case; other words become null, and are named."""
    if values.dtype == pl.String and values.unique().drop_nulls().is_in(KINDS).all():
        return values
    text = _text(values).str.strip_chars()
    counts = text.drop_nulls().value_counts(name="rows")
    seen = counts.rename({counts.columns[0]: "value"})
    strange = seen.filter(~pl.col("value").str.to_lowercase().is_in(KINDS))
    if strange.height:
        account.warnings.append(_said(f"with a kind that is none of {', '.join(KINDS)} lost it", strange))
    lowered = text.str.to_lowercase()
    return pl.select(pl.when(lowered.is_in(KINDS)).then(lowered)).to_series()


def _said(what: str, seen: pl.DataFrame) -> str:
    """How many rows, and their values with counts, most frequent first."""
    shown = seen.sort("rows", "value", descending=[True, False]).with_columns(masked(pl.col("value")))
    listed = [f"{_listed(value)} ({rows:,})" for value, rows in shown.head(LISTED).select("value", "rows").rows()]
    more = f" and {seen.height - LISTED} more" if seen.height > LISTED else ""
    return f"{_rows(seen['rows'].sum())} {what}: {', '.join(listed)}{more}"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _listed(value: str) -> str:
    return repr(value[:LISTED_CHARACTERS])


def _times(table: pl.DataFrame, frame: Frame, source: MappedSource) -> dict[str, Times]:
    names = [name for name, dtype in frame.columns.items() if dtype == TIME and name in source.columns]

    def read(name: str) -> Times:
        origin = source.columns[name]
        values = _values(table, Column(origin.names[0]) if isinstance(origin, Sum) else origin)
        if values.dtype in (pl.Boolean, pl.Binary):
            values = _text(values)
        if _is_no_text(values):
            values = pl.select(pl.when(values.is_not_null()).then(pl.lit("an object"))).to_series()
        return times(values, source.time_rule(name))

    with ThreadPoolExecutor(WORKERS) as pool:
        return dict(zip(names, pool.map(read, names), strict=True))


def _time(
    table: pl.DataFrame, name: str, origin: Origin, *, source: MappedSource, account: _Account, strict: bool
) -> pl.Series:
    read = account.times[name]
    account.fault(f"{read.reason}:{name}", read.faults)
    if read.reason.startswith("undecided"):
        account.undecided.append(name)
    account.warnings.extend(f"{name}: {sentence}" for sentence in read.said)
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
        length = _numbers(written, NUMBER, decimal=source.decimal)
        account.fault(f"bad_number:{name}", written.is_not_null() & length.is_null())
        micros = (length * UNITS_US[origin.unit]).round().cast(pl.Int64, strict=False)
        total = total + micros.cast(pl.Duration("us"))
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
    """The mapping of a file that is in canonical columns already: each column of FRAME it has, to itself."""
    there = set(names)
    return MappedSource(frame=frame.name, columns={name: Column(name) for name in frame.columns if name in there})
