"""Which of day and month comes first in dates that do not show it, and how such dates are written."""

import re

import polars as pl

from integrhealth.reading.values.times import TimeRule, times

DAY_MONTH = re.compile(
    r"^\d{1,2}([./-])\d{1,2}\1(?P<year>\d{4}|\d{2})"
    r"(?:(?P<between>[T, ]+)\d{1,2}:\d{2}(?P<seconds>:\d{2}(?P<fraction>[.,]\d+)?)?"
    r"(?P<blank> ?)(?P<half>[AaPp][Mm])?)?$"
)


def order_of(values: pl.Series) -> tuple[str | None, str]:
    """The strptime format of dates such as 3/4/2026 or 3/4/26 under which the dates lie closest together, and why.

    With points the day is first, with AM and PM the month. None where the values are not all written alike.
    """
    matches = [DAY_MONTH.match(value) for value in values.unique()]
    shapes = {
        (match[1], len(match["year"]), *match.group("between", "blank"), *_presence(match))
        for match in matches
        if match
    }
    if None in matches or len(shapes) != 1:
        return None, ""
    separator, digits, between, blank, seconds, fraction, half = shapes.pop()
    year = "%Y" if digits == len("2026") else "%y"
    clock = f"{between}{'%I' if half else '%H'}:%M{':%S' if seconds else ''}{'%.f' if fraction else ''}"
    clock = f"{clock}{blank}%p" if half else clock
    formats = [separator.join(parts) + (clock if between else "") for parts in (("%d", "%m", year), ("%m", "%d", year))]
    spreads = [_spread_days(values, format) for format in formats]
    if None in spreads and spreads != [None, None]:
        return formats[spreads.index(None) ^ 1], "one order fits all dates"
    if separator == "." or spreads[0] is None or spreads[1] is None or spreads[0] == spreads[1]:
        chosen = 1 if half and separator != "." else 0
    else:
        chosen = 0 if spreads[0] < spreads[1] else 1
    close = f"{spreads[chosen] or 0:,.0f} days"
    return formats[chosen], f"nothing shows whether day or month comes first: so the dates lie closest ({close})"


def _presence(match: re.Match[str]) -> tuple[bool, bool, bool]:
    return tuple(match.group(name) is not None for name in ("seconds", "fraction", "half"))


def _spread_days(values: pl.Series, format: str) -> float | None:
    read = times(values, TimeRule(format=format))
    if read.faults.any():
        return None
    return (read.times.max() - read.times.min()).total_seconds() / 86_400
