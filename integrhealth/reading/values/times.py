"""Times of any writing to UTC: decided on the whole column, and said wherever something had to be decided.

A column is read by its declared unit or format; undeclared, as ISO 8601, as epoch numbers by their magnitude, or as
day/month dates when some value shows which comes first.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from integrhealth.language.schema import TIME
from integrhealth.reading.values.times_alike import times_alike

UNITS_US = {"s": 1_000_000.0, "ms": 1_000.0, "us": 1.0, "ns": 0.001}
# An epoch number from here on is in the next smaller unit: 1e11 s is the year 5138, 1e11 ms is March 1973.
MAGNITUDES = ((1e11, "s"), (1e14, "ms"), (1e17, "us"))
NUMERIC = r"^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$"
COMPACT = r"^(?:19|20)\d{6}(?:\d{6}(?:\.\d+)?)?$"
# A date and a time that stand in two columns of numbers: a spreadsheet drops the zeros that the time begins with.
COMPACT_PAIR = r"^((?:19|20)\d{6}) (\d{1,6})$"
ODATA = r"^/Date\((-?\d+)(?:[+-]\d+)?\)/$"
DAY_MONTH = (
    r"^(?P<first>\d{1,2})[./-](?P<second>\d{1,2})[./-](?P<year>\d{4})"
    r"(?:[T, ]+(?P<clock>\d{1,2}:\d{2})(?P<seconds>:\d{2}(?:[.,]\d{1,9})?)?\s*(?P<half>[AaPp][Mm])?)?$"
)
OFFSET, NAIVE, ZULU = "%#z", "", "Z"
ISO = [
    f"{day}{between}{clock}{zone}"
    for day, between in (("%Y-%m-%d", "T"), ("%Y-%m-%d", " "), ("%Y/%m/%d", " "))
    for clock in ("%H:%M:%S%.f", "%H:%M")
    for zone in (ZULU, OFFSET, NAIVE)
]
ISO += ["%Y-%m-%d", "%Y/%m/%d"]
REWRITTEN = [f"%Y-%m-%d{between}%H:%M:%S%.f{zone}" for between in "T " for zone in (OFFSET, NAIVE)]
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
    twice is the earlier of the two, one that the clocks skipped is a fault. Null stays null.
    """
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
        return _numbers(text, rule)
    return _declared(text, rule) if rule.format is not None else _recognised(text, rule)


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
        read = way(text if len(left) == len(text) else text.gather(left))
        notes.extend(read.notes)
        done = read.times.is_not_null() | read.faults
        if read.times.dtype == TIME:
            instants = _filled(instants, left, read.times)
        else:
            local = _filled(local, left, read.times)
        undecided = _filled(undecided, left, read.faults)
        open_rows = _filled(open_rows, left, ~done)
    placed = _placed(local, local, rule)
    faults = open_rows | undecided | placed.faults
    reason = "undecided_day_or_month" if undecided.any() else "bad_time"
    both = pl.select(pl.coalesce(instants, placed.times)).to_series()
    return Times(both, faults, placed.naive, tuple(notes), reason)


def _filled(column: pl.Series, rows: pl.Series, values: pl.Series) -> pl.Series:
    return values if len(rows) == len(column) else column.scatter(rows, values)


def _ways(text: pl.Series) -> Iterator[Callable[[pl.Series], Times]]:
    """The ways of writing a time, those that the first value is written in first."""
    example = text.drop_nulls().head(1)
    if example.str.contains(NUMERIC).any():
        yield _epoch_or_compact
    other = []
    for format in ISO:
        if _strptime(example, format).is_not_null().any():
            yield lambda part, format=format: _iso(part, format)
        else:
            other.append(format)
    for format in other:
        yield lambda part, format=format: _iso(part, format)
    for format in REWRITTEN:
        yield lambda part, format=format: _rewritten(part, format)
    yield _epoch_or_compact
    yield _compact_pair
    yield _odata
    yield _day_month


def _iso(text: pl.Series, format: str) -> Times:
    return _partly(text, _strptime(text, format))


def _partly(text: pl.Series, read: pl.Series, *, notes: tuple[str, ...] = ()) -> Times:
    nothing = pl.Series([False]).new_from_index(0, len(text))
    return Times(read, nothing, nothing, notes)


def _rewritten(text: pl.Series, format: str) -> Times:
    """A comma before the fraction, a space before the offset, UTC or GMT instead of Z: rewritten and read again."""
    plain = text.str.replace(r"\s*(?:UTC|GMT|z)$", "Z").str.replace(r"\s+([+-]\d)", "$1")
    return _partly(text, _strptime(plain.str.replace(r"(:\d{2}),(\d)", "$1.$2"), format))


def _epoch_or_compact(text: pl.Series) -> Times:
    numeric = text.str.contains(NUMERIC)
    if not numeric.any():
        return _partly(text, text.clear(len(text)).cast(pl.Int64).cast(TIME))
    numbers = text.set(~numeric, None)
    if numbers.drop_nulls().str.contains(COMPACT).all():
        seconds = _strptime(numbers, "%Y%m%d%H%M%S%.f")
        days = _strptime(numbers, "%Y%m%d")
        read = pl.select(pl.when(numbers.str.len_chars() == 8).then(days).otherwise(seconds)).to_series()
        return _partly(text, read, notes=("numbers such as 20260131120000 are read as dates",))
    guessed = _numbers(numbers, TimeRule())
    return _partly(text, guessed.times, notes=guessed.notes if guessed.times.is_not_null().any() else ())


def _compact_pair(text: pl.Series) -> Times:
    parts = text.str.extract_groups(COMPACT_PAIR).struct.unnest()
    return _partly(text, _strptime(parts["1"] + parts["2"].str.zfill(6), "%Y%m%d%H%M%S"))


def _odata(text: pl.Series) -> Times:
    return _partly(text, _numbers(text.str.extract(ODATA), TimeRule(unit="ms")).times)


def _day_month(text: pl.Series) -> Times:
    """Dates such as 3/4/2026 when one value of the column shows which part is the day; else all of them are faults."""
    parts = text.str.extract_groups(DAY_MONTH).struct.unnest()
    first, second = parts["first"].cast(pl.Int32), parts["second"].cast(pl.Int32)
    matched = first.is_not_null()
    nothing = pl.Series(text.name, [None], dtype=pl.Datetime("us")).new_from_index(0, len(text))
    if not matched.any():
        return _partly(text, nothing)
    day_first, month_first = (first > 12).any(), (second > 12).any()
    if day_first == month_first:
        return Times(nothing, matched, matched, ())
    order = ("year", "second", "first") if day_first else ("year", "first", "second")
    clock, seconds = pl.col("clock").fill_null("0:00"), pl.col("seconds").str.replace(",", ".").fill_null(":00")
    rebuilt = parts.select(
        text=pl.concat_str(pl.concat_str(list(order), separator="-"), pl.lit("T"), clock, seconds, ignore_nulls=False),
        half=pl.col("half").str.to_uppercase(),
    )
    plain = _strptime(rebuilt["text"], "%Y-%m-%dT%H:%M:%S%.f")
    halved = _strptime(rebuilt["text"] + rebuilt["half"], "%Y-%m-%dT%I:%M:%S%.f%p")
    read = pl.select(pl.when(rebuilt["half"].is_null()).then(plain).otherwise(halved)).to_series()
    sentence = f"dates are read {'day' if day_first else 'month'} first, as some of them can only be that"
    return _partly(text, read, notes=(sentence,))


def _numbers(values: pl.Series, rule: TimeRule) -> Times:
    """Epoch numbers; without a declared unit the magnitude of the median tells it, for the whole column."""
    size = values.cast(pl.Float64, strict=False).abs().median()
    notes: tuple[str, ...] = ()
    unit = rule.unit
    if unit is None:
        unit = next((name for limit, name in MAGNITUDES if (size or 0) < limit), "ns")
        notes = (f"numbers are read as {unit} since 1970, by their size; declare time: {{unit: {unit}}} to be sure",)
    return _result(values, _from_epoch(values, unit), notes=notes)


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
