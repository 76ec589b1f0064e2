"""Times of any writing to UTC: decided on the whole column, and said wherever something had to be decided.

A column is read by its declared unit or format; undeclared, as ISO 8601, in the other forms that programs write, as
epoch numbers by their magnitude, or as day/month dates when some value shows which comes first.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import polars as pl

from integrhealth.language.schema import TIME
from integrhealth.reading.values.times_alike import times_alike
from integrhealth.reading.values.written_times import DAY_FIRST, FORMS, MONTH_FIRST, read_form

UNITS_US = {"s": 1_000_000.0, "ms": 1_000.0, "us": 1.0, "ns": 0.001}
# An epoch number from here on is in the next smaller unit: 1e11 s is the year 5138, 1e11 ms is March 1973.
MAGNITUDES = ((1e11, "s"), (1e14, "ms"), (1e17, "us"))
NUMERIC = r"^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$"
COMPACT = r"^(?:19|20)\d{6}(?:\d{6}(?:\.\d+)?)?$"
COMPACT_DAY_CHARACTERS = 8
# A date and a time that stand in two columns of numbers: a spreadsheet drops the zeros that the time begins with.
COMPACT_PAIR = r"^((?:19|20)\d{6}) (\d{1,6})$"
ODATA = r"^/Date\((-?\d+)(?:[+-]\d+)?\)/$"
# Numbers whose unit nobody declared are times only from here on: before lie zeros, counters and durations.
GUESSED_FROM = datetime(1990, 1, 1, tzinfo=UTC)
LEAST_GUESSED = GUESSED_FROM.timestamp()
# Spreadsheets keep a time as days since this one; numbers from 1990 to 2099, some with a fraction, are nothing else.
FIRST_SERIAL_DAY = datetime(1899, 12, 30)
SERIALS = ((datetime(1990, 1, 1) - FIRST_SERIAL_DAY).days, (datetime(2100, 1, 1) - FIRST_SERIAL_DAY).days)
# What programs write where they have no time.
NO_TIME = ("nan", "nat", "null", "none", "-")
OFFSET, NAIVE, ZULU = "%#z", "", "Z"
ISO = [
    f"{day}{between}{clock}{zone}"
    for day, between in (("%Y-%m-%d", "T"), ("%Y-%m-%d", " "), ("%Y/%m/%d", " "))
    for clock in ("%H:%M:%S%.f", "%H:%M")
    for zone in (ZULU, OFFSET, NAIVE)
]
ISO += ["%Y-%m-%d", "%Y/%m/%d"]
# A year that a person meant has four digits.
EARLIEST, LATEST = datetime(1000, 1, 1), datetime(9999, 12, 31)
LONGEST_US = 9.0e18


@dataclass(frozen=True)
class TimeRule:
    """How the times of a column are written, where a person declared it: zone, strptime format, epoch unit."""

    zone: str | None = None
    format: str | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Times:
    """Times in UTC; which values could not be one, with the reason; which had no zone; and what was decided."""

    times: pl.Series
    faults: pl.Series
    naive: pl.Series
    notes: tuple[str, ...] = ()
    reason: str = "bad_time"


def times(values: pl.Series, rule: TimeRule = TimeRule()) -> Times:
    """`values` (text, numbers, dates or times) as times in UTC.

    Times without a zone are read in the declared one, else as UTC, and marked ``naive``. A local time that occurs
    twice is the earlier of the two, one that the clocks skipped is a fault. Null stays null, and a word for nothing
    (NaN, NaT, null, none, -) becomes it.
    """
    if values.dtype.is_float():
        values = values.fill_nan(None)
    if values.null_count() == len(values):
        return _result(values, pl.Series(values.name, [None], dtype=TIME).new_from_index(0, len(values)))
    if values.dtype == pl.Date:
        return _placed(values.cast(pl.Datetime("us")), values, rule)
    if isinstance(values.dtype, pl.Datetime):
        if values.dtype.time_zone is None:
            return _placed(values.cast(pl.Datetime("us")), values, rule)
        return _result(values, values.dt.convert_time_zone("UTC").cast(TIME))
    if values.dtype.is_numeric():
        return _numbers(values, rule)
    if rule == TimeRule(zone=rule.zone) and (alike := times_alike(values)) is not None:
        return _result(values, alike) if alike.dtype == TIME else _placed(alike, values, rule)
    text = values.cast(pl.String).str.strip_chars()
    if rule.unit is not None:
        read = _numbers(text, rule)
    else:
        read = _declared(text, rule) if rule.format is not None else _recognised(text, rule)
    return _without_words(read, text) if read.faults.any() else read


def _without_words(read: Times, text: pl.Series) -> Times:
    """`read` without the faults that are only words for nothing."""
    nothing = read.faults & text.str.to_lowercase().is_in(NO_TIME)
    if not nothing.any():
        return read
    words = ", ".join(text.filter(nothing).unique().sort())
    sentence = f"values that say there is no time ({words}): {nothing.sum():,}"
    return replace(read, faults=read.faults & ~nothing, notes=(*read.notes, sentence))


def _declared(text: pl.Series, rule: TimeRule) -> Times:
    format, written = rule.format or "", text
    if ",%f" in format:
        format, written = format.replace(",%f", "%.f"), text.str.replace(",", ".", literal=True)
    format = format.replace(".%f", "%.f")
    read = _strptime(written, format)
    return _result(text, read) if read.dtype == TIME else _placed(read, text, rule)


def _strptime(text: pl.Series, format: str) -> pl.Series:
    zone = "UTC" if "z" in format or format.endswith("Z") else None
    if format.endswith(ZULU):
        read = _sane(text.str.to_datetime(format, time_unit="us", strict=False))
        return read.dt.replace_time_zone("UTC")
    read = text.str.to_datetime(format, time_unit="us", strict=False)
    return _sane(read.dt.replace_time_zone(None)).dt.replace_time_zone(zone)


def _sane(read: pl.Series) -> pl.Series:
    far = ~read.is_between(EARLIEST, LATEST)
    return read.set(far, None) if far.any() else read


class _Part(NamedTuple):
    """What one way of writing makes of the values: instants, local times, and what it knows but cannot decide."""

    instants: pl.Series | None = None
    local: pl.Series | None = None
    undecided: pl.Series | None = None
    notes: tuple[str, ...] = ()


def _recognised(text: pl.Series, rule: TimeRule) -> Times:
    """The column read part by part: each way of writing takes what those before it left."""
    instants = pl.Series(text.name, [None], dtype=TIME).new_from_index(0, len(text))
    local = pl.Series(text.name, [None], dtype=pl.Datetime("us")).new_from_index(0, len(text))
    notes: list[str] = []
    undecided = pl.Series([False]).new_from_index(0, len(text))
    open_rows = text.is_not_null()
    for way in _ways(text):
        left = open_rows.arg_true()
        if left.is_empty():
            break
        part = way(text if len(left) == len(text) else text.gather(left))
        notes.extend(part.notes)
        if part.instants is not None:
            instants = _filled(instants, left, part.instants)
        if part.local is not None:
            local = _filled(local, left, part.local)
        if part.undecided is not None:
            undecided = _filled(undecided, left, part.undecided)
        open_rows = text.is_not_null() & instants.is_null() & local.is_null() & ~undecided
    placed = _placed(local, local, rule)
    faults = open_rows | undecided | placed.faults
    reason = "undecided_day_or_month" if undecided.any() else "bad_time"
    both = pl.select(pl.coalesce(instants, placed.times)).to_series()
    return Times(both, faults, placed.naive, tuple(dict.fromkeys(notes)), reason)


def _filled(column: pl.Series, rows: pl.Series, values: pl.Series) -> pl.Series:
    return values if len(rows) == len(column) else column.scatter(rows, values)


def _ways(text: pl.Series) -> Iterator[Callable[[pl.Series], _Part]]:
    """The ways of writing a time, those that the first value is written in first."""
    example = text.drop_nulls().head(1)
    likely, other = [], []
    (likely if example.str.contains(NUMERIC).any() else other).append(_epoch_or_compact)
    for format in ISO:
        fits = _strptime(example, format).is_not_null().any()
        (likely if fits else other).append(lambda part, format=format: _iso(part, format))
    for form in FORMS:
        fits = not likely and example.str.contains(form).any()
        (likely if fits else other).append(lambda part, form=form: _written(part, form))
    (likely if example.str.contains(DAY_FIRST).any() else other).append(_day_month)
    yield from likely
    yield from other
    yield _compact_pair
    yield _odata


def _iso(text: pl.Series, format: str) -> _Part:
    read = _strptime(text, format)
    return _Part(instants=read) if read.dtype == TIME else _Part(local=read)


def _written(text: pl.Series, form: str) -> _Part:
    read = read_form(text, form)
    notes: tuple[str, ...] = ()
    if read.doubtful:
        listed = ", ".join(read.doubtful)
        notes = (f"{listed} may be one of several zones: such times are read like those without a zone",)
    instants = _sane(read.instants.dt.replace_time_zone(None)).dt.replace_time_zone("UTC")
    return _Part(instants, read.local, notes=notes)


def _epoch_or_compact(text: pl.Series) -> _Part:
    numbers = text.set(~text.str.contains(NUMERIC), None)
    if numbers.null_count() == len(numbers):
        return _Part()
    compact = numbers.str.contains(COMPACT)
    if not compact.any():
        return _guessed(numbers)
    days = numbers.str.len_chars() == COMPACT_DAY_CHARACTERS
    # Eight digits among other numbers may be one more of them; fourteen are no epoch time before the year 2572.
    if (numbers.cast(pl.Float64, strict=False) != 0).filter(~compact).any():
        compact &= ~days
    dates = numbers.set(~compact, None)
    seconds = _strptime(dates, "%Y%m%d%H%M%S%.f")
    local = pl.select(pl.when(days).then(_strptime(dates, "%Y%m%d")).otherwise(seconds)).to_series()
    rest = _guessed(numbers.set(local.is_not_null(), None))
    if local.null_count() == len(local):
        return rest
    notes = ("numbers such as 20260131120000 are read as dates", *rest.notes)
    if rest.local is not None:
        local = pl.select(pl.coalesce(local, rest.local)).to_series()
    return _Part(rest.instants, local, notes=notes)


def _compact_pair(text: pl.Series) -> _Part:
    parts = text.str.extract_groups(COMPACT_PAIR).struct.unnest()
    return _Part(local=_strptime(parts["1"] + parts["2"].str.zfill(6), "%Y%m%d%H%M%S"))


def _odata(text: pl.Series) -> _Part:
    return _Part(instants=_from_epoch(text.str.extract(ODATA), "ms"))


def _day_month(text: pl.Series) -> _Part:
    """Dates such as 3/4/2026 when one value of the column shows which part is the day; else all of them are faults."""
    matched = text.str.contains(DAY_FIRST).fill_null(False)
    if not matched.any():
        return _Part()
    numbers = text.filter(matched).str.extract_groups(r"([0-9]+)[^0-9]([0-9]+)").struct.unnest()
    day_first, month_first = (numbers["1"].cast(pl.Int32) > 12).any(), (numbers["2"].cast(pl.Int32) > 12).any()
    if day_first == month_first:
        return _Part(undecided=matched)
    part = _written(text, DAY_FIRST if day_first else MONTH_FIRST)
    sentence = f"dates are read {'day' if day_first else 'month'} first, as some of them can only be that"
    return part._replace(notes=(sentence, *part.notes))


def _numbers(values: pl.Series, rule: TimeRule) -> Times:
    """Epoch numbers of a declared unit; without one their magnitude tells it, for the whole column."""
    if rule.unit is not None:
        return _result(values, _from_epoch(values, rule.unit))
    if values.dtype.is_integer() and values.drop_nulls().head(1).cast(pl.String).str.contains(COMPACT).any():
        return _recognised(values.cast(pl.String), rule)
    part = _guessed(values)
    if part.local is not None:
        return replace(_placed(part.local, values, rule), notes=part.notes)
    return _result(values, part.instants, notes=part.notes)


def _guessed(values: pl.Series) -> _Part:
    """Numbers as times: since 1970, in the unit that the median of those that can be a time tells; or of a spreadsheet.

    What would be a time before 1990 is none: a zero, a counter, or a number of another unit.
    """
    size = values.cast(pl.Float64, strict=False)
    if size.is_between(*SERIALS).all() and (size % 1 != 0).any():
        millis = ((size * timedelta(days=1).total_seconds() * 1_000).round()).cast(pl.Int64)
        sentence = (
            f"numbers such as {size.drop_nulls()[0]} are read as days since 1899-12-30, as spreadsheets keep times"
        )
        return _Part(local=(pl.Series([FIRST_SERIAL_DAY]) + millis.cast(pl.Duration("ms"))), notes=(sentence,))
    median = size.filter(size.is_between(LEAST_GUESSED, LONGEST_US)).median()
    unit = next((name for limit, name in MAGNITUDES if (median or 0) < limit), "ns")
    read = _from_epoch(values, unit)
    read = read.set((read < GUESSED_FROM).fill_null(False), None)
    notes = [f"numbers are read as {unit} since 1970, by their size; declare time: {{unit: {unit}}} to be sure"]
    notes = notes if read.is_not_null().any() else []
    if early := (size.is_not_null() & read.is_null()).sum():
        notes.append(
            f"numbers that would be times before {GUESSED_FROM.year}, unless their unit is declared: {early:,}"
        )
    return _Part(instants=read, notes=tuple(notes))


def _from_epoch(values: pl.Series, unit: str) -> pl.Series:
    """Microseconds are exact for whole numbers; fractions are rounded to the microsecond."""
    frame = values.to_frame("value").select(
        whole=pl.lit(None, pl.Int64) if values.dtype.is_float() else pl.col("value").cast(pl.Int64, strict=False),
        broken=pl.col("value").cast(pl.Float64, strict=False),
    )
    factor = UNITS_US[unit]
    exact = pl.col("whole") // 1_000 if unit == "ns" else pl.col("whole") * int(factor)
    rounded = (pl.col("broken") * factor).round()
    fits = rounded.abs() < LONGEST_US
    inexact = pl.when(fits).then(rounded.cast(pl.Int64, strict=False))
    micros = pl.when(fits & pl.col("whole").is_not_null()).then(exact).otherwise(inexact)
    return _sane(frame.select(micros.cast(pl.Datetime("us"))).to_series()).dt.replace_time_zone("UTC")


def _placed(local: pl.Series, values: pl.Series, rule: TimeRule) -> Times:
    """Times without a zone put into the declared one, or into UTC and marked."""
    there = local.is_not_null()
    if rule.zone is None:
        return _result(values, local.dt.replace_time_zone("UTC"), naive=there)
    zoned = local.dt.replace_time_zone(rule.zone, ambiguous="earliest", non_existent="null")
    return _result(values, zoned.dt.convert_time_zone("UTC"))


def _result(
    values: pl.Series, read: pl.Series, *, naive: pl.Series | None = None, notes: tuple[str, ...] = ()
) -> Times:
    nothing = pl.Series([False]).new_from_index(0, len(values))
    return Times(read, values.is_not_null() & read.is_null(), nothing if naive is None else naive, notes)
