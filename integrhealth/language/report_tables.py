"""What a report is: its published tables, its findings, and the sentences that say why a table is empty."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from integrhealth.errors import MissingColumns, UnknownName
from integrhealth.language.display import html_table
from integrhealth.language.schema import COUNT, NUMBER, TEXT

SEVERITIES = ("critical", "warning", "note")
FINDING: dict[str, Any] = {
    "report": TEXT,
    "rule": TEXT,
    "subject": TEXT,
    "severity": TEXT,
    "statement": TEXT,
    "value": NUMBER,
    "unit": TEXT,
    "low": NUMBER,
    "high": NUMBER,
    "n": COUNT,
    "threshold": NUMBER,
    "cost": NUMBER,
    "owner": TEXT,
    "ask": TEXT,
}


class Tables(dict[str, pl.DataFrame]):
    """The tables of a report by name; asking for another raises UnknownName, which lists those that there are."""

    def __missing__(self, name: str) -> pl.DataFrame:
        raise UnknownName("table", name, self)


@dataclass(frozen=True, repr=False)
class Report:
    """The answers of one report: its published tables, its findings, and why a table has no rows.

    ``notes`` maps a table to the sentence that says why it is empty; ``missing`` is the sentence that says which
    file or column would make the whole report possible, or None when the input supports it.
    """

    name: str
    tables: Tables
    findings: pl.DataFrame
    notes: Mapping[str, str] = field(default_factory=dict)
    missing: str | None = None

    def __repr__(self) -> str:
        lines = [self._head(), *(f"  {table:<24}{rows:>12}" for table, rows in self._sizes())]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return html_table(("table", "rows"), self._sizes(), caption=self._head())

    def _head(self) -> str:
        counts = dict(self.findings.group_by("severity").len().iter_rows())
        said = ", ".join(f"{counts[severity]} {severity}" for severity in SEVERITIES if severity in counts)
        noun = "finding" if self.findings.height == 1 else "findings"
        return f"Report {self.name}: {said or 'no'} {noun}" + (f"; {self.missing}" if self.missing else "")

    def _sizes(self) -> list[tuple[str, str]]:
        return [(table, _rows(frame.height)) for table, frame in self.tables.items()]


def _rows(count: int) -> str:
    return "-" if count == 0 else "1 row" if count == 1 else f"{count:,} rows"


def published_report(
    name: str,
    interface: Mapping[str, Mapping[str, Any]],
    tables: Mapping[str, pl.DataFrame],
    findings: pl.DataFrame,
    *,
    notes: Mapping[str, str] | None = None,
    missing: str | None = None,
) -> Report:
    """A report with all tables of its `interface` (table -> column -> type): those not given are there, without rows.

    Columns of the interface come first, in its order and types; further columns follow. Raises MissingColumns when
    a table lacks a published column.
    """
    complete = {}
    for table, columns in interface.items():
        frame = tables.get(table, pl.DataFrame(schema=columns))
        if lacking := columns.keys() - set(frame.columns):
            raise MissingColumns(f"{name}.{table}", lacking, frame.columns)
        more = [column for column in frame.columns if column not in columns]
        complete[table] = frame.cast(columns).select(*columns, *more)
    extra = {table: frame for table, frame in tables.items() if table not in complete}
    return Report(name, Tables(complete | extra), findings, dict(notes or {}), missing)
