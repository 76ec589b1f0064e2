"""What ``integrhealth check`` says about a reading: every file, every reason, and how to go on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from integrhealth.evidence import Evidence
from integrhealth.reading.account.remedies import remedies
from integrhealth.reading.discovery import files_of, named_file, shown_path
from integrhealth.runner.textual import one_line, text_table

MAX_SUGGESTIONS = 3
# How many files, and how many reasons, are listed; how many records of a reason are shown.
MAX_LISTED, FIRST_LINES = 20, 3
# What became of the records of a file, in words; copies and rows are counted in rows of the frame.
COUNTS = {
    "rows_in": "records",
    "rows_out": "understood",
    "rows_rejected": "rejected",
    "passed_over": "passed over",
    "duplicates": "copies",
    "rows": "rows",
}
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
    """The reading as text: the files that were read, those that were not, what was rejected and why with the first
    lines of it, the warnings, and mappings for unknown tables.
    """
    if evidence.sources.is_empty():
        return f"there is no file in {' '.join(one_line(shown_path(path), limit=200) for path in paths)}"
    unknown = evidence.sources.filter(pl.col("format").is_null())["file"].to_list()
    parts = [files_read(evidence.sources), _not_recognised(unknown), rejections_shown(evidence.rejected)]
    parts += ["\n".join(f"warning: {one_line(warning, limit=400)}" for warning in evidence.warnings)]
    parts += [_suggestions(unknown_tables(paths, unknown))]
    return "\n\n".join(part for part in parts if part)


def files_read(sources: pl.DataFrame) -> str:
    """The files that were recognised, one line per file and frame with what became of the records, the rows of each
    frame, and a line that sums them up.
    """
    read = sources.filter(pl.col("format").is_not_null())
    left = sources["file"].n_unique() - read["file"].n_unique()
    files = f"{_files(read['file'].n_unique())} read, {left:,} not recognised"
    totals = read.select(list(COUNTS)).sum().row(0, named=True)
    line = f"{files}; {', '.join(f'{COUNTS[name]}: {count:,}' for name, count in totals.items())}"
    if read.is_empty():
        return line
    table = read.select("file", "format", "frame", *COUNTS).rename(COUNTS)
    per_frame = read.group_by("frame", maintain_order=True).agg(pl.col("rows").sum())
    rows = ", ".join(f"{count:,} {frame}" for frame, count in per_frame.iter_rows())
    return f"{text_table(table)}\nrows: {rows}\n{line}"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _not_recognised(unknown: Sequence[str]) -> str:
    if not unknown:
        return ""
    more = [f"  and {len(unknown) - MAX_LISTED:,} more"] if len(unknown) > MAX_LISTED else []
    return "\n".join(["Not recognised", *(f"  {one_line(name, limit=200)}" for name in unknown[:MAX_LISTED]), *more])


def rejections_shown(rejected: pl.DataFrame) -> str:
    """Per file and reason how many records were rejected, what to do, and the first of them; empty without any."""
    if rejected.is_empty():
        return ""
    reasons = rejected.group_by("file", "reason", maintain_order=True).agg(
        rows=pl.len(), first=pl.struct("line", "raw").head(FIRST_LINES)
    )
    parts = ["Rejected"]
    for file, reason, rows, first in reasons.head(MAX_LISTED).rows():
        parts.append(f"  {one_line(file, limit=120)}: {rows:,} x {one_line(reason, limit=120)}")
        parts += [f"      {_place(each['line'])}{one_line(each['raw'], limit=120)}" for each in first]
    if reasons.height > MAX_LISTED:
        parts.append(f"  and {reasons.height - MAX_LISTED:,} more reasons; --json has every record")
    by_kind = {kind: said for reason in reasons["reason"] for kind, said in remedies(reason).items()}
    remedy = [f"  {kind}: {said}" for kind, said in sorted(by_kind.items())]
    return "\n".join([*parts, *(["What to do", *remedy] if remedy else [])])


def _place(line: int | None) -> str:
    return "" if line is None else f"{line:>6}: "


def unknown_tables(paths: Sequence[str], unknown: Sequence[str]) -> list[Path]:
    """The files among `unknown` (named relative to one of `paths`) that look like tables."""
    names = set(unknown)
    files = files_of(named_file(path) for path in paths)
    return [path for _, path, name in files if name in names and path.name.removesuffix(".gz").endswith(TABLES)]


def _suggestions(tables: Sequence[Path]) -> str:
    made = [text for path in tables if (text := suggestion(path))]
    if len(made) > MAX_SUGGESTIONS:
        more = f"{len(made) - MAX_SUGGESTIONS:,} more unknown tables; check one by itself for its mapping"
        return "\n\n".join([*made[:MAX_SUGGESTIONS], more])
    return "\n\n".join(made)


def suggestion(path: Path) -> str:
    """A mapping for an unknown table, ready to paste, undecided columns in it as comments; empty if it is no table."""
    from integrhealth.reading.table.suggest import suggested_mapping

    name, mapping = one_line(shown_path(path.name)), suggested_mapping(path)
    return mapping and f"A mapping.yaml for {name} to begin with:\n\n{mapping}"
