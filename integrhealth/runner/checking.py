"""What ``integrhealth check`` says about a reading: every file, every reason, and how to go on."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from integrhealth.evidence import Evidence
from integrhealth.reading.account.remedies import remedies
from integrhealth.reading.discovery import shown_path
from integrhealth.runner.textual import one_line, text_table
from integrhealth.runner.unknown_files import UnknownFile, unknown_files

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


def check_document(evidence: Evidence, paths: Sequence[str]) -> dict[str, Any]:
    """The reading as one JSON document: sources, rejected rows, warnings, and what unknown files look like."""
    return {
        "sources": evidence.sources.to_dicts(),
        "rejected": evidence.rejected.to_dicts(),
        "warnings": list(evidence.warnings),
        "unknown": [
            {"file": each.file, "looks_like": each.looks_like, "next": each.next}
            for each in unknown_files(evidence, paths)
        ],
    }


def nothing_was_read(evidence: Evidence) -> bool:
    """Whether no file gave a single record."""
    return not evidence.sources["rows_out"].fill_null(0).sum()


def check_text(evidence: Evidence, paths: Sequence[str]) -> str:
    """The reading as text: the files that were read, those that were not, what was rejected and why with the first
    lines of it, the warnings, and mappings for unknown tables.
    """
    if evidence.sources.is_empty():
        return f"there is no file in {' '.join(one_line(shown_path(path), limit=200) for path in paths)}"
    unknown = unknown_files(evidence, paths)
    parts = [files_read(evidence.sources), _not_recognised(unknown), rejections_shown(evidence.rejected)]
    parts += ["\n".join(f"warning: {one_line(warning, limit=400)}" for warning in evidence.warnings)]
    parts += [_suggestions([each for each in unknown if each.mapping])]
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


def _not_recognised(unknown: Sequence[UnknownFile]) -> str:
    """What each file looks like, and below it what to do next."""
    if not unknown:
        return ""
    lines = ["Not recognised"]
    for each in unknown[:MAX_LISTED]:
        lines.append(f"  {one_line(each.file, limit=200)}: {one_line(each.looks_like, limit=200)}")
        lines.append(f"      {one_line(each.next, limit=400)}")
    more = [f"  and {len(unknown) - MAX_LISTED:,} more"] if len(unknown) > MAX_LISTED else []
    return "\n".join([*lines, *more])


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


def _suggestions(unknown: Sequence[UnknownFile]) -> str:
    shown = [
        f"A mapping.yaml for {one_line(each.file)} to begin with:\n\n{each.mapping}"
        for each in unknown[:MAX_SUGGESTIONS]
    ]
    if len(unknown) > MAX_SUGGESTIONS:
        shown.append(f"{len(unknown) - MAX_SUGGESTIONS:,} more could be mapped; check or map one by itself")
    return "\n\n".join(shown)
