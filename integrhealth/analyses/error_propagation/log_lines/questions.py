"""What the logs say by themselves, without messages: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.error_propagation.log_lines import kinds
from integrhealth.language import log_lines
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _errors(evidence: "Evidence") -> pl.DataFrame:
    return log_lines.errors(evidence.logs)


@question
def logged_errors(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per system and kind of error in its logs, most errors first.

    Errors are lines of level error, severe, critical, fatal, panic, alert or emergency, in any case. ``text`` is the
    first line of such a line without what differs from case to case: values in quotes, paths, ids and numbers.
    ``error_share`` = errors / lines of the system, with its Wilson interval; null below `min_messages` lines.
    ``traces`` counts the traces of the errors, null where they name none.

    >>> line = {"time": "2026-03-02T12:00:00Z", "system": "db", "level": "FATAL"}
    >>> texts = ['no user "ann"', 'no user "bob"', "disk 7 is full"]
    >>> logs = pl.DataFrame([line | {"text": text} for text in texts])
    >>> seen = ih.error_propagation.logged_errors(ih.Evidence(logs=logs))
    >>> seen.select("system", "text", "errors", "lines").rows()
    [('db', 'no user "…"', 2, 3), ('db', 'disk # is full', 1, 3)]

    Columns: system, text, level (text); errors, lines (count); error_share, low, high (number, share); first_at,
    last_at, worst_hour (time, UTC); worst_hour_errors, traces (count)
    """
    return kinds.logged_errors(_errors(evidence), evidence.logs, min_messages=min_messages)


@question
def logged_errors_over_time(evidence: "Evidence") -> pl.DataFrame:
    """One row per system and hour in which it wrote log lines, or day where the logs cover more than ten days.

    ``hours`` is the length: 1 or 24. Times that lie years apart from all others are left out.

    >>> line = {"time": "2026-03-02T12:20:00Z", "system": "db"}
    >>> logs = pl.DataFrame([line | {"level": level} for level in ("INFO", "error")])
    >>> seen = ih.error_propagation.logged_errors_over_time(ih.Evidence(logs=logs))
    >>> seen.select("system", pl.col("at").dt.strftime("%H:%M"), "hours", "errors", "lines").rows()
    [('db', '12:00', 1, 1, 2)]

    Columns: system (text); at (time, UTC); hours, errors, lines (count)
    """
    return kinds.errors_over_time(_errors(evidence), evidence.logs)


def none_logged(evidence: "Evidence") -> str | None:
    """The sentence that says why ``logged_errors`` has no rows; None where it has some, or there are no logs."""
    if _errors(evidence).height:
        return None
    return kinds.none_logged(evidence.logs, evidence.logs["level"].count())
