"""What a reader gives back for one file, and how a reader makes itself known."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

REJECTED = {"file": pl.String, "line": pl.Int64, "reason": pl.String, "raw": pl.String}


@dataclass(frozen=True)
class Parsed:
    """The rows of one frame that one file held, and the records that were not understood.

    ``file`` is the name as the rows carry it; ``format`` and ``frame`` are None for a file nothing recognised.
    Counted in records of the file (a line, a table row, a span): ``rows_in`` = rows.height + rejected.height.
    ``rows`` has the columns of the canonical frame (or of ``spans``, which become messages once all files are
    read), ``rejected`` those of REJECTED with ``raw`` cut and masked; ``warnings`` are sentences to say once.
    """

    format: str | None
    frame: str | None
    rows: pl.DataFrame
    rows_in: int
    rejected: pl.DataFrame
    warnings: tuple[str, ...] = ()
    file: str = ""


@dataclass(frozen=True)
class Head:
    """The beginning of a file, unpacked, for recognising what it is: by content first, then by name."""

    path: Path
    start: bytes


@dataclass(frozen=True)
class Format:
    """One input format: its name, one line that describes it, how to recognise it and how to read it.

    ``read(path, log_file)`` returns one Parsed per frame the file fills; LOG_FILE is the name to write into the
    rows, relative to what the user named.
    """

    name: str
    description: str
    recognises: Callable[[Head], bool]
    read: Callable[[Path, str], list[Parsed]]


def no_rejections() -> pl.DataFrame:
    """A rejections frame without rows."""
    return pl.DataFrame(schema=REJECTED)
