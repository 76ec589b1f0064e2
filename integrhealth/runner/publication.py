"""How a notebook hands its answers to the runner, and how the overview reads those of the others.

A folder with ``tables/<report>/<table>.parquet``, ``findings/<report>.parquet`` and ``notes/<report>.json``; what
people carry out or fill in stands beside its table as CSV.
"""

import json
from pathlib import Path

import polars as pl

from integrhealth.language.findings import no_findings
from integrhealth.language.report_tables import Report, Tables

PREVIOUS = "previous_findings.parquet"
# Tables that people work through in a spreadsheet; the questions that make them let no text begin a formula.
WORKED_THROUGH = {"report_overload": ("curation", "questionnaire"), "audit": ("questionnaire",)}


def publish(report: Report, folder: str | Path) -> None:
    """Write the tables, findings and notes of `report` under `folder`; nothing at all when `folder` is empty."""
    if not str(folder):
        return
    place = Path(folder)
    tables = place / "tables" / report.name
    for needed in (tables, place / "findings", place / "notes"):
        needed.mkdir(parents=True, exist_ok=True)
    for table, frame in report.tables.items():
        frame.write_parquet(tables / f"{table}.parquet")
        if table in WORKED_THROUGH.get(report.name, ()):
            _write_csv(frame, tables / f"{table}.csv")
    report.findings.write_parquet(place / "findings" / f"{report.name}.parquet")
    # The notes come last: a report is published when they are there.
    notes = {"missing": report.missing, "notes": dict(report.notes)}
    (place / "notes" / f"{report.name}.json").write_text(json.dumps(notes, ensure_ascii=False), encoding="utf-8")


def _write_csv(frame: pl.DataFrame, path: Path) -> None:
    """`frame` with lists as the kit reads them, and the mark by which spreadsheets tell UTF-8."""
    flat = [pl.col(name).list.join("; ") for name, dtype in frame.schema.items() if dtype == pl.List(pl.String)]
    frame.with_columns(flat).write_csv(path, include_bom=True)


def published_reports(folder: str | Path) -> dict[str, Report]:
    """Every report published under `folder`, by name; none when `folder` is empty or holds none."""
    if not str(folder):
        return {}
    return {path.stem: _published(path) for path in sorted((Path(folder) / "notes").glob("*.json"))}


def previous_findings(folder: str | Path) -> pl.DataFrame:
    """The findings of the run before this one, of the reports that could be compared; no rows on a first run."""
    path = Path(folder) / PREVIOUS
    return pl.read_parquet(path) if str(folder) and path.exists() else no_findings()


def _published(notes: Path) -> Report:
    name, folder = notes.stem, notes.parents[1]
    said = json.loads(notes.read_text(encoding="utf-8"))
    tables = Tables((path.stem, pl.read_parquet(path)) for path in sorted((folder / "tables" / name).glob("*.parquet")))
    findings = pl.read_parquet(folder / "findings" / f"{name}.parquet")
    return Report(name, tables, findings, said["notes"], said["missing"])
