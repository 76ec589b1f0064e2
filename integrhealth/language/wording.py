"""Durations as a person says them, the same words in findings, tables and charts."""

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
