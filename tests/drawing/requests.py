"""Lines of an access log, and the one message that a line is."""

from pathlib import Path
from typing import Any

import polars as pl

import integrhealth as ih


def read_lines(folder: Path, *lines: str, name: str = "web.log") -> ih.Evidence:
    """The evidence in a log of these lines."""
    (folder / name).write_text("".join(f"{line}\n" for line in lines))
    return ih.read(str(folder))


def only(evidence: ih.Evidence) -> dict[str, Any]:
    """The one message, with how long it took in seconds."""
    took = (pl.col("finished_at") - pl.col("sent_at")).dt.total_microseconds() / 1e6
    (row,) = evidence.messages.with_columns(took=took).to_dicts()
    return row
