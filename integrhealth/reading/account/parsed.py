"""What a reader gives back for one file, and how a reader makes itself known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import polars as pl

# The records of a file once more, as they stand there: log_line and a number made of the bytes of each, in their order.
Again = Callable[[Path], pl.DataFrame]
REJECTED = {"file": pl.String, "line": pl.Int64, "reason": pl.String, "raw": pl.String}


@dataclass(frozen=True)
class Origin:
    """The file of the user in which something was found, perhaps packed: where it is, and its name."""

    path: Path
    name: str


@dataclass(frozen=True)
class Parsed:
    """The rows of one frame that one file held, and the records that were not understood.

    ``file`` is the name as the rows carry it; ``format`` and ``frame`` are None for a file nothing recognised.
    Counted in records of the file (a line, a table row, a span): ``rows_in`` = records + passed + rejected.height.
    ``records`` is how many of them made the rows, None where each made one; ``passed`` are those that were understood
    and say nothing of the frame. ``rows`` has the columns of the canonical frame (or of ``spans`` or
    ``message_events``, which become messages once all files are read), ``rejected`` those of `rejected` with ``raw``
    cut and masked; ``warnings`` are sentences to say once. ``again`` reads the records behind ``log_line`` once more
    from the file, which lies in ``origin``; None where all that a record says is in its row.
    """

    format: str | None
    frame: str | None
    rows: pl.DataFrame
    rows_in: int
    rejected: pl.DataFrame
    warnings: tuple[str, ...] = ()
    file: str = ""
    passed: int = 0
    records: int | None = None
    again: Again | None = None
    origin: Origin | None = None

    @property
    def rows_out(self) -> int:
        """Records that were understood."""
        return (self.rows.height if self.records is None else self.records) + self.passed


@dataclass(frozen=True)
class Head:
    """The beginning of a file, unpacked, for recognising what it is: by content first, then by name."""

    path: Path
    start: bytes


class Read(Protocol):
    """Reads one file: `log_file` is the name to write into the rows, relative to what the user named. `strict` rejects
    times without a zone. Returns one Parsed per frame the file fills.
    """

    def __call__(self, path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]: ...


@dataclass(frozen=True)
class Format:
    """One input format: its name, one line that describes it, how to recognise it and how to read it.

    ``tried`` is ``real`` where it was tried on files that nobody here wrote, ``documented`` where such files were
    not to be had. ``fills`` are the frames and columns it can fill.
    """

    name: str
    description: str
    recognises: Callable[[Head], bool]
    read: Read
    tried: str = "real"
    fills: Callable[[], Mapping[str, tuple[str, ...]]] = field(default=dict)


def no_rejections() -> pl.DataFrame:
    """A rejections frame without rows."""
    return pl.DataFrame(schema=REJECTED)


def stem(log_file: str) -> str:
    """The name of a file without its folder and endings: the system, where nothing inside names one."""
    return Path(log_file).name.split(".")[0] or log_file
