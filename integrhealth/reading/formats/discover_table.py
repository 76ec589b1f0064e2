"""Tables that Discover of Kibana or OpenSearch Dashboards exports: a document per row, its fields by dotted name.

Values are as people see them there: times in the zone of the browser, numbers with commas, a dash for nothing.
"""

import re
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import loaded
from integrhealth.reading.table.files import column_names

INDEX, KEY, SOURCE, TIME = "_index", "_id", "_source", "@timestamp"
# What is known of a document beside what it says.
ABOUT = {INDEX, KEY, "_score", "_type", "_version", "_ignored", SOURCE}
NOTHING = {"", "-", "(null)", "(empty)", "(blank)"}
SHOWN_NUMBER = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
# Fields that hold a number, which a text with commas could be as well.
NUMBERS = re.compile(r"(?:duration|\.us|\.ms|\.bytes|status_code|\.port|\.pid)$")


def is_discovered(head: Head) -> bool:
    """The columns have the index and the id of a document, or its time and a field of a kind that logs have."""
    names = set(column_names(head))
    if {INDEX, KEY} <= names:
        return True
    return TIME in names and any(name in ("message", "log", "level", INDEX) or "." in name for name in names)


def discovered(row: dict[str, Any]) -> dict[str, Any]:
    """The document of a row: its ``_source`` where that is a column, else the cells that hold something."""
    if isinstance(source := row.get(SOURCE), str) and source.startswith("{"):
        try:
            return loaded(source)
        except ValueError:
            return {}
    cells = {name: value.strip() for name, value in row.items() if name not in ABOUT}
    return {name: shown_value(name, value) for name, value in cells.items() if value not in NOTHING}


def shown_value(name: str, value: str) -> str:
    """A value as it was stored: a number without commas."""
    return value.replace(",", "") if NUMBERS.search(name) and SHOWN_NUMBER.fullmatch(value) else value
