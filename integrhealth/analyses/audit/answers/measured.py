"""What the tables of the reports say to one question of the audit."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

YES, PARTIAL, NO = "yes", "partial", "no"
# From best to worst.
ANSWERS = (YES, PARTIAL, NO)
# By name of report and table: "reconciliation.trail_whole".
Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Measured:
    """An answer, null where nothing can be told; why; the tables and numbers that decided; how many they rest on.

    ``silent``: nothing was seen, the catalog says nothing at all of it. That contradicts who claims a yes, and says
    nothing where nobody was asked. ``unproven``: what is declared may be so, nothing that was seen contradicts it.
    """

    answer: str | None
    why: str
    evidence: tuple[str, ...] = ()
    n: int | None = None
    silent: bool = False
    unproven: bool = False


def unmeasured(why: str, *evidence: str) -> Measured:
    """Nobody can tell from the data; `why` says what would make it possible."""
    return Measured(None, why, evidence)


def graded(*, yes: bool, partly: bool) -> str:
    """The best answer of which the condition holds."""
    return YES if yes else PARTIAL if partly else NO


def asked(tables: Tables, name: str) -> pl.DataFrame | None:
    """The table of this name, None where it is absent or has no rows."""
    frame = tables.get(name)
    return None if frame is None or frame.is_empty() else frame


def counts(frame: pl.DataFrame, column: str) -> dict[str, int]:
    """How many rows have each word in `column`."""
    return {word: count for word, count in frame[column].value_counts().rows() if word is not None}


def share(number: float) -> str:
    """A share in percent, to the hundredth."""
    return f"{round(100 * number, 2):g}%"
