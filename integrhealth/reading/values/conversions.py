"""Values of any type as text, numbers, flags and lists: null where they cannot be it without loss."""

from typing import Any

import polars as pl

from integrhealth.language.schema import COUNT, FLAG, NUMBER, WORDS, words

TRUE, FALSE = ("true", "1", "yes", "y", "t"), ("false", "0", "no", "n", "f")
LARGEST_EXACT = 2.0**53
# A duration as a clock: hours, minutes, seconds, and days before them.
CLOCK = r"^(?:(?P<days>\d+)[. ])?(?P<hours>\d+):(?P<minutes>[0-5]\d):(?P<seconds>[0-5]\d(?:\.\d+)?)$"
# JSON that Java wrote with the type of a number beside it: ["Long", 5021].
TYPED_NUMBER = r'^\["[A-Za-z.]+",\s*"?([^"\]]*)"?\]$'


def text_of(values: pl.Series) -> pl.Series:
    """Text, null where a value has none; a column of floats that are all whole numbers (ids with gaps, as pandas
    keeps them) loses its ``.0``.
    """
    if values.dtype == pl.String:
        return values
    if values.dtype == pl.Binary:
        return _decoded(values)
    if is_no_text(values):
        return _nothing(values, pl.String)
    if values.dtype.is_float() and ((values.floor() == values) & (values.abs() < LARGEST_EXACT)).all():
        values = values.cast(COUNT)
    return values.cast(pl.String, strict=False)


def is_no_text(values: pl.Series) -> bool:
    """Lists, objects and durations have no one way to be written."""
    return values.dtype.is_nested() or values.dtype in (pl.Duration, pl.Object)


def _decoded(values: pl.Series) -> pl.Series:
    """Bytes as text; only a column in which some are not UTF-8 is looked at one by one."""
    try:
        return values.cast(pl.String)
    except pl.exceptions.ComputeError:
        read = [None if value is None else value.decode("utf-8", "replace") for value in values.to_list()]
        text = pl.Series(values.name, read, pl.String)
        return text.set(text.str.contains("\ufffd", literal=True), None)


def converted(values: pl.Series, dtype: Any, *, decimal: str) -> pl.Series:
    """`values` as `dtype`, null where they cannot be it without loss."""
    if dtype == WORDS:
        if isinstance(values.dtype, pl.List) and not values.dtype.inner.is_nested():
            return values.cast(WORDS, strict=False)
        return text_of(values).to_frame("text").select(words(pl.col("text"))).to_series()
    if dtype == FLAG:
        folded = text_of(values).str.strip_chars().str.to_lowercase()
        meaning = dict.fromkeys(TRUE, True) | dict.fromkeys(FALSE, False)
        return folded.replace_strict(meaning, default=None, return_dtype=FLAG)
    if dtype in (NUMBER, COUNT):
        return numbers(values, dtype, decimal=decimal)
    return text_of(values)


def _nothing(values: pl.Series, dtype: Any) -> pl.Series:
    return pl.Series(values.name, [None], dtype=dtype).new_from_index(0, len(values))


def micros(values: pl.Series, unit_us: float, *, decimal: str) -> pl.Series:
    """Durations in whole microseconds: numbers of a unit of so many of them, or clocks such as 00:01:30.5 and, with
    days before it, 1.00:01:30; null where there is none.
    """
    counted = (numbers(values, NUMBER, decimal=decimal) * unit_us).round().cast(pl.Int64, strict=False)
    if values.dtype != pl.String or not values.str.contains(":", literal=True).any():
        return counted
    parts = values.str.strip_chars().str.extract_groups(CLOCK).struct.unnest().cast(pl.Float64, strict=False)
    seconds = parts.select(
        (pl.col("days").fill_null(0) * 24 + pl.col("hours")) * 3600 + pl.col("minutes") * 60 + pl.col("seconds")
    ).to_series()
    return pl.select(pl.coalesce(counted, (seconds * 1e6).round().cast(pl.Int64, strict=False))).to_series()


def numbers(values: pl.Series, dtype: Any, *, decimal: str) -> pl.Series:
    """Numbers, also written as text with `decimal` as their point; null where there is none."""
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
