"""The records of a table one after the other, whether it is CSV or JSON, for formats that look into each of them."""

from collections.abc import Iterator
from pathlib import Path

from integrhealth.reading.files.opened import beginning, whole
from integrhealth.reading.json.values import Value, api_records
from integrhealth.reading.records.nested import Note, Refused
from integrhealth.reading.table.csv_rows import header, read_csv_rows
from integrhealth.reading.table.files import table_kind


def table_records(path: Path) -> Iterator[Value | Refused | Note]:
    """Every record as an object by column, and what is none; a cell that is empty in CSV is left out."""
    if table_kind(beginning(path)) == "csv":
        yield from csv_records(*whole(path))
        return
    for each in api_records(path):
        if isinstance(each, Value) and not isinstance(each.value, dict):
            yield Refused(each.line, "not_an_object", each.value)
        else:
            yield each


def csv_records(data: bytes, damage: str | None) -> Iterator[Value | Refused | Note]:
    """Every record of a CSV file on its line, by column, and those that were refused."""
    if damage is not None:
        whole_lines = data.rfind(b"\n") + 1
        yield Refused(data.count(b"\n") + 1, damage, data[whole_lines:])
        data = data[:whole_lines]
    if (head := header(data)) is None:
        return
    read = read_csv_rows(data, head)
    yield from (Refused(line, reason, raw) for line, reason, raw in read.rejected.rows())
    for fields in read.rows.iter_rows(named=True):
        line = fields.pop("log_line")
        yield Value(line, {name: value for name, value in fields.items() if value not in (None, "")})
