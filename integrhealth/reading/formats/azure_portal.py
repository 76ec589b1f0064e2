"""Tables as the Azure portal and the API of Azure Monitor give them: names in lower case, times in one form.

The portal exports CSV whose columns of times are called ``timestamp [UTC]`` and written as in the United States,
``3/8/2024, 2:21:50.180 PM``, whatever the language; API and storage write ISO times.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import Value
from integrhealth.reading.records.nested import Note, Refused
from integrhealth.reading.table.files import column_names
from integrhealth.reading.table.table_records import table_records
from integrhealth.reading.table.wrapped import wrapped_names

UTC, LOCAL = " [utc]", " [local time]"
# With AM and PM in capitals and no zeros in front, the month comes first.
WRITTEN = re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{4}),? (\d{1,2}):(\d{2})(:\d{2}(?:\.\d+)?)? ([AP])M$")


def portal_names(head: Head) -> set[str]:
    """The columns of a table in lower case, without the zone beside a time."""
    return {_plain(name) for name in wrapped_names(head) or column_names(head)}


def portal_records(path: Path) -> Iterator[Value | Refused | Note]:
    """Every record by its columns in lower case, times of the portal in ISO form."""
    for each in table_records(path):
        yield Value(each.line, dict(map(_read, each.value.items()))) if isinstance(each, Value) else each


def _plain(name: str) -> str:
    return name.casefold().strip().removesuffix(UTC).removesuffix(LOCAL)


def _read(column: tuple[str, object]) -> tuple[str, object]:
    name, value = column
    if name.casefold().strip().endswith((UTC, LOCAL)) and isinstance(value, str):
        return _plain(name), portal_time(value) + ("Z" if name.casefold().endswith(UTC) else "")
    return _plain(name), value


def portal_time(written: str) -> str:
    """A time of the portal in ISO form; any other as it is."""
    match = WRITTEN.match(written.replace("\u202f", " ").strip())
    if match is None:
        return written.strip().removesuffix("Z")
    month, day, year, hour, minute, seconds, half = match.groups()
    of_day = int(hour) % 12 + (12 if half == "P" else 0)
    return f"{year}-{month:0>2}-{day:0>2}T{of_day:02}:{minute}{seconds or ':00'}"
