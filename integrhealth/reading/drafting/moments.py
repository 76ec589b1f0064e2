"""What an entry has to say of its times: units, zones, and which of day and month comes first."""

import re

import polars as pl

from integrhealth.reading.drafting.contents import Content
from integrhealth.reading.drafting.entry import Entry
from integrhealth.reading.values.times import TimeRule, times

DAY_MONTH = re.compile(
    r"^\d{1,2}([./-])\d{1,2}\1\d{4}(?:(?P<between>[T, ]+)\d{1,2}:\d{2}(?P<seconds>:\d{2}(?P<fraction>[.,]\d+)?)?"
    r"(?P<blank> ?)(?P<half>[AaPp][Mm])?)?$"
)


def say_times(entry: Entry, columns: dict[str, Content]) -> None:
    """Declare how the times of these canonical columns are written where values leave it open, and ask for the zone."""
    rules, why, naive = {}, [], []
    for name, content in columns.items():
        read = content.times
        unit = next((match[1] for sentence in read.notes if (match := re.search(r"unit: (\w+)", sentence))), None)
        if unit:
            rules[name] = {"unit": unit}
            why.append("units by the size of the numbers")
        if read.reason.startswith("undecided"):
            format, spread = order_of(content)
            if format is None:
                entry.asked.append(f"which comes first in {name}, day or month? time: {{format: ...}}")
            else:
                rules[name] = {"format": format}
                why.append(f"nothing shows whether day or month comes first: so the dates lie closest ({spread})")
        if read.naive.any() or read.reason.startswith("undecided"):
            naive.append(name)
    if rules:
        same = len({str(rule) for rule in rules.values()}) == 1 and len(rules) == len(columns)
        entry.keys["time"] = next(iter(rules.values())) if same else rules
        entry.beside["time"] = "; ".join(dict.fromkeys(why))
    if naive:
        entry.asked.append(
            f"in which zone is {', '.join(naive)}? without it they are UTC: time: {{zone: Europe/Madrid}}"
        )


def order_of(content: Content) -> tuple[str | None, str]:
    """The strptime format of dates such as 3/4/2026 under which the dates lie closest together, and how close.

    With points the day is first, with AM and PM the month. None where the values are not all written alike.
    """
    matches = [DAY_MONTH.match(value) for value in content.values.unique()]
    shapes = {(match[1], *match.group("between", "blank"), *_presence(match)) for match in matches if match is not None}
    if None in matches or len(shapes) != 1:
        return None, ""
    separator, between, blank, seconds, fraction, half = shapes.pop()
    clock = f"{between}{'%I' if half else '%H'}:%M{':%S' if seconds else ''}{'%.f' if fraction else ''}"
    clock = f"{clock}{blank}%p" if half else clock
    formats = [separator.join(parts) + (clock if between else "") for parts in (("%d", "%m", "%Y"), ("%m", "%d", "%Y"))]
    spreads = [_spread_days(content.values, format) for format in formats]
    if separator == "." or spreads[0] is None or spreads[1] is None or spreads[0] == spreads[1]:
        chosen = 1 if half and separator != "." else 0
    else:
        chosen = 0 if spreads[0] < spreads[1] else 1
    return formats[chosen], f"{spreads[chosen] or 0:,.0f} days"


def _presence(match: re.Match[str]) -> tuple[bool, bool, bool]:
    return tuple(match.group(name) is not None for name in ("seconds", "fraction", "half"))


def _spread_days(values: pl.Series, format: str) -> float | None:
    read = times(values, TimeRule(format=format))
    if read.faults.any():
        return None
    return (read.times.max() - read.times.min()).total_seconds() / 86_400
