"""Durations, counts and shares as a person says them, the same words in findings, tables and charts."""

import polars as pl

# Milliseconds in a unit, the longest first, and how many decimals it is worth.
UNITS = ((86_400_000, "days", 1), (3_600_000, "h", 1), (60_000, "min", 2), (1000, "s", 2))


def spoken_ms(ms: pl.Expr) -> pl.Expr:
    """Milliseconds in the largest unit of which there are at least two, or exactly one: 350 ms, 90 min, 1 h, 3 days.

    Three digits at most, whole from a hundred on; what lasts a second or more is never said in milliseconds. Null
    stays null.
    """
    ms = ms.cast(pl.Float64)
    length = ms.abs().round_sig_figs(3)
    said = pl.coalesce(
        *(
            pl.when((length >= _least(size)) | (length == size)).then(_counted(ms / size, unit, decimals))
            for size, unit, decimals in UNITS
        ),
        _counted(ms, "ms", None),
    )
    return said.str.replace(r"^(-?)1 days$", "${1}1 day")


def _least(size: int) -> int:
    return size if size == 1000 else 2 * size


def _counted(count: pl.Expr, unit: str, decimals: int | None) -> pl.Expr:
    below = count.round_sig_figs(3) if decimals is None else count.round(decimals)
    # Digits before the point count among the three, and a negative zero is none.
    below = pl.when(count.abs() < 10).then(below).otherwise(count.round(1)) + 0.0
    number = pl.when(count.abs() < 100).then(below).otherwise(count.round(0)).cast(pl.String)
    number = number.str.replace(r"\.0$", "").str.replace(r"^(-?\d+)(\d{3})$", "${1},${2}")
    return pl.format("{} {}", number, pl.lit(unit))


def duration(ms: float) -> str:
    """One duration in milliseconds, in the words of `spoken_ms`."""
    return pl.select(spoken_ms(pl.lit(ms, pl.Float64))).item()


def counted(count: int, thing: str) -> str:
    """So many of a thing: 1 finding, 2 findings, 1,200 findings."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def joined(names: list[str], most: int | None = None) -> str:
    """Names as a sentence lists them: a, b and c; of more than `most` the others are counted: a, b and 3 more."""
    rest = 0 if most is None else max(0, len(names) - most)
    shown = [*names[: len(names) - rest], f"{rest:,} more"] if rest else names
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def listed(names: pl.Expr, most: int) -> pl.Expr:
    """The first names of each list, and how many more there are: a, b and 3 more."""
    rest = names.list.len().cast(pl.Int64) - most
    more = pl.when(rest > 0).then(pl.format(" and {} more", rest)).otherwise(pl.lit(""))
    return pl.format("{}{}", names.list.head(most).list.join(", "), more)


def and_others(count: pl.Expr, most: int) -> pl.Expr:
    """What follows the first names of `count`, of which `most` are said."""
    return pl.when(count > most).then(pl.lit(" and others")).otherwise(pl.lit(""))


def percent(share: pl.Expr) -> pl.Expr:
    """A share in percent with two digits that count: 0.34%, 3.4%, 34%."""
    return _in_percent((share * 100).round_sig_figs(2))


def exact_percent(share: pl.Expr) -> pl.Expr:
    """A share in percent to the hundredth: 99.95%, 34%."""
    return _in_percent((share * 100).round(2))


def _in_percent(number: pl.Expr) -> pl.Expr:
    return pl.format("{}%", number.cast(pl.String).str.strip_suffix(".0"))
