"""What ``integrhealth check`` says about a reading: every file, every reason, and how to go on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from integrhealth.evidence import Evidence
from integrhealth.formats.remedies import remedies
from integrhealth.intake import files_of, named_file, shown_path
from integrhealth.reports.textual import one_line, text_table

MAX_SUGGESTIONS = 3
# A file of one of these endings that nothing recognised is a table that a mapping would open.
TABLES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".parquet")


def check_document(evidence: Evidence) -> dict[str, Any]:
    """The reading as one JSON document: sources, rejected rows, warnings."""
    return {
        "sources": evidence.sources.to_dicts(),
        "rejected": evidence.rejected.to_dicts(),
        "warnings": list(evidence.warnings),
    }


def check_text(evidence: Evidence, paths: Sequence[str]) -> str:
    """The reading as text: the files, the reasons of rejection, the warnings, mappings for the unknown tables."""
    if evidence.sources.is_empty():
        return f"there is no file in {' '.join(one_line(shown_path(path), limit=200) for path in paths)}"
    parts = [text_table(evidence.sources), reasons(evidence.rejected)]
    parts += ["\n".join(f"warning: {one_line(warning, limit=400)}" for warning in evidence.warnings)]
    tables = unknown_tables(paths, evidence.sources.filter(pl.col("format").is_null())["file"].to_list())
    parts += [suggestion(path) for path in tables[:MAX_SUGGESTIONS]]
    if len(tables) > MAX_SUGGESTIONS:
        parts.append(f"{len(tables) - MAX_SUGGESTIONS} more unknown tables; check one by itself for its mapping")
    return "\n\n".join(part for part in parts if part)


def reasons(rejected: pl.DataFrame) -> str:
    """The reasons of rejection with their number, the first line of each and what to do; empty without any."""
    if rejected.is_empty():
        return ""
    first = rejected.group_by("file", "reason", maintain_order=True).agg(
        rows=pl.len(), first_line=pl.col("line").first(), raw=pl.col("raw").first()
    )
    told = {kind: said for reason in first["reason"] for kind, said in remedies(reason).items()}
    remedy = "\n".join(f"  {kind}: {said}" for kind, said in sorted(told.items()))
    table = text_table(first.select("rows", "file", "first_line", "reason", "raw"))
    return f"Rejected\n{table}" + (f"\nWhat to do\n{remedy}" if remedy else "")


def unknown_tables(paths: Sequence[str], unknown: Sequence[str]) -> list[Path]:
    """The files among UNKNOWN (named relative to one of PATHS) that look like tables."""
    names = set(unknown)
    files = files_of(named_file(path) for path in paths)
    return [path for _, path, name in files if name in names and path.name.removesuffix(".gz").endswith(TABLES)]


def suggestion(path: Path) -> str:
    """A mapping for an unknown table, ready to paste; undecided columns stand in it as comments."""
    from integrhealth.formats.suggest import suggested_mapping

    name, mapping = one_line(shown_path(path.name)), suggested_mapping(path)
    if not mapping:
        return f"{name} holds no table that could be mapped"
    return f"A mapping.yaml for {name} to begin with:\n\n{mapping}"
