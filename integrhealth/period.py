"""Selecting a period: whole traces by their first message, so that a cut never looks like lost links."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from integrhealth.errors import WrongValue
from integrhealth.schema import FRAMES, TIME
from integrhealth.traces import linked

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


def moment(text: str | datetime | None) -> datetime | None:
    """A moment in UTC from ISO 8601 text, a date being its first moment; naive is UTC. Raises WrongValue."""
    if not text:
        return None
    try:
        parsed = text if isinstance(text, datetime) else datetime.fromisoformat(text)
    except ValueError:
        raise WrongValue(f"{text!r} is no time; write 2026-01-31 or 2026-01-31T08:00:00+01:00") from None
    try:
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except OverflowError:
        raise WrongValue(f"{text} lies outside the years 1 to 9999 in UTC; write 2026-01-31") from None


def whole_traces_between(
    evidence: "Evidence", since: str | datetime | None, until: str | datetime | None
) -> "Evidence":
    """EVIDENCE from SINCE on and before UNTIL: messages by the first of their trace, other rows by their own time.

    Inventories, which have no time, stay whole. What was read and rejected is told unchanged.
    """
    start, end = moment(since), moment(until)
    if start and end and start >= end:
        raise WrongValue(f"nothing lies between {start} and {end}; since must come before until")
    for name, frame in FRAMES.items():
        rows = getattr(evidence, name)
        if name == "messages":
            began = linked(rows).select(pl.col("sent_at").min().over("trace")).to_series()
            setattr(evidence, name, rows.filter(_within(began, start, end)))
        elif time := next((column for column in frame.required if frame.columns[column] == TIME), None):
            setattr(evidence, name, rows.filter(_within(rows[time], start, end)))
    return evidence


def _within(times: pl.Series, start: datetime | None, end: datetime | None) -> pl.Series:
    inside = pl.repeat(True, len(times), dtype=pl.Boolean, eager=True)
    if start:
        inside &= times >= start
    if end:
        inside &= times < end
    return inside
