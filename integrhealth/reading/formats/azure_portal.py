"""Tables as the Azure portal and the API of Azure Monitor give them: names in lower case, times in one form.

The portal exports CSV whose columns of times are called ``timestamp [UTC]`` and written as in the United States,
``3/8/2024, 2:21:50.180 PM``, whatever the language; API and storage write ISO times.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import Value
from integrhealth.reading.records.nested import Note, Refused
from integrhealth.reading.table.files import column_names
from integrhealth.reading.table.table_records import table_records
from integrhealth.reading.table.wrapped import wrapped_names

# What stands beside the name of a time, and what it adds to the time.
ZONES = {" [utc]": "Z", " [local time]": ""}
# The same columns come with every record.
COLUMNS_KEPT = 1_000
# With AM and PM in capitals and no zeros in front, the month comes first.
WRITTEN = re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{4}),? (\d{1,2}):(\d{2})(:\d{2}(?:\.\d+)?)? ([AP])M$")


def portal_names(head: Head) -> set[str]:
    """The columns of a table in lower case, without the zone beside a time."""
    return {_column(name)[0] for name in wrapped_names(head) or column_names(head)}


def portal_records(path: Path) -> Iterator[Value | Refused | Note]:
    """Every record by its columns in lower case, times of the portal in ISO form."""
    for each in table_records(path):
        yield Value(each.line, dict(map(_read, each.value.items()))) if isinstance(each, Value) else each


@lru_cache(maxsize=COLUMNS_KEPT)
def _column(name: str) -> tuple[str, str | None]:
    """The plain name of a column, and the zone that stands beside it."""
    low = name.casefold().strip()
    zone = next((zone for zone in ZONES if low.endswith(zone)), None)
    return low.removesuffix(zone or ""), zone


def _read(cell: tuple[str, object]) -> tuple[str, object]:
    name, zone = _column(cell[0])
    if zone is None or not isinstance(cell[1], str):
        return name, cell[1]
    return name, portal_time(cell[1]) + ZONES[zone]


def portal_time(written: str) -> str:
    """A time of the portal in ISO form; any other as it is."""
    match = WRITTEN.match(written.replace("\u202f", " ").strip())
    if match is None:
        return written.strip().removesuffix("Z")
    month, day, year, hour, minute, seconds, half = match.groups()
    of_day = int(hour) % 12 + (12 if half == "P" else 0)
    return f"{year}-{month:0>2}-{day:0>2}T{of_day:02}:{minute}{seconds or ':00'}"
