"""What an entry has to say of its times: units, zones, and which of day and month comes first."""

import re

from integrhealth.reading.drafting.contents import Content
from integrhealth.reading.drafting.entry import Entry


def say_times(entry: Entry, columns: dict[str, Content]) -> None:
    """Declare how the times of these canonical columns are written where values leave it open, and ask for the zone."""
    rules, why, naive = {}, [], []
    for name, content in columns.items():
        read = content.times
        unit = next((match[1] for sentence in read.notes if (match := re.search(r"unit: (\w+)", sentence))), None)
        if unit:
            rules[name] = {"unit": unit}
            why.append("units by the size of the numbers")
        format, reason = content.order
        if format is not None:
            rules[name] = {"format": format}
            why.append(reason)
        elif read.reason.startswith("undecided"):
            entry.asked.append(f"which comes first in {name}, day or month? time: {{format: ...}}")
        if read.naive.any() or format is not None or read.reason.startswith("undecided"):
            naive.append(name)
    if rules:
        same = len({str(rule) for rule in rules.values()}) == 1 and len(rules) == len(columns)
        entry.keys["time"] = next(iter(rules.values())) if same else rules
        entry.beside["time"] = "; ".join(dict.fromkeys(why))
    if naive:
        entry.asked.append(
            f"in which zone is {', '.join(naive)}? without it they are UTC: time: {{zone: Europe/Madrid}}"
        )
