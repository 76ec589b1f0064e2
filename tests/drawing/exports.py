"""Exports of systems that the kit has no format for, as people mail them around: small, in the words of each system.

Those of exports_tuned were looked at while the drafts were made better, those of exports_held_back were not.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 3, 14, 8, 0, tzinfo=UTC)
ROWS = 30


@dataclass(frozen=True)
class Export:
    """A file of a system, and what must be read of it: the frame, and values of the first record by column.

    ``more`` are different values that a column must have over all records.
    """

    system: str
    file: str
    data: bytes
    frame: str
    first: dict[str, Any]
    more: dict[str, set[str]] = field(default_factory=dict)
    rows: int = ROWS


def moments(step_s: float = 1_937.25, count: int = ROWS) -> Iterator[tuple[int, datetime]]:
    """Numbers and times, over half a day and more."""
    return ((n, START + timedelta(seconds=n * step_s)) for n in range(count))


def turn(values: Iterable[Any], n: int) -> Any:
    """The n-th of values that repeat."""
    values = list(values)
    return values[n % len(values)]


def table(names: str, rows: Iterable[Iterable[Any]], *, separator: str = ",", encoding: str = "utf-8") -> bytes:
    """A CSV file: names separated by bars."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(names.split("|"))
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def iso(time: datetime, zone: str = "Z") -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}{zone}"


def at(second: float = 0) -> datetime:
    return START + timedelta(seconds=second)
