"""Selecting a period: whole traces by their first message, so that a cut never looks like lost links."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import polars as pl

from integrhealth.errors import WrongValue
from integrhealth.language.schema import FRAMES, TIME
from integrhealth.traces.links import linked


def moment(time: str | date | datetime | None) -> datetime | None:
    """A moment in UTC from ISO 8601 text, a date being its first moment; naive is UTC. Raises WrongValue."""
    if time is None or time == "":
        return None
    try:
        parsed = time if isinstance(time, datetime) else datetime.fromisoformat(str(time))
    except ValueError:
        raise WrongValue(f"invalid time {time!r}; write 2026-01-31 or 2026-01-31T08:00:00+01:00") from None
    try:
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except OverflowError:
        raise WrongValue(f"{time} lies outside the years 1 to 9999 in UTC; write 2026-01-31") from None


def whole_traces_between(
    frames: Mapping[str, pl.DataFrame], since: datetime | None, until: datetime | None
) -> dict[str, pl.DataFrame]:
    """The canonical `frames` from `since` on and before `until`: messages by the first of their trace, others by their
    own time.

    Inventories, which have no time, stay whole. Raises WrongValue when `since` does not come before `until`.
    """
    if since and until and since >= until:
        raise WrongValue(f"nothing lies between {since} and {until}; since must come before until")
    chosen = dict(frames)
    for name, rows in frames.items():
        frame = FRAMES[name]
        if name == "messages":
            began = linked(rows).select(pl.col("sent_at").min().over("trace")).to_series()
            chosen[name] = rows.filter(_within(began, since, until))
        elif time := next((column for column in frame.required if frame.columns[column] == TIME), None):
            chosen[name] = rows.filter(_within(rows[time], since, until))
    return chosen


def _within(times: pl.Series, start: datetime | None, end: datetime | None) -> pl.Series:
    inside = pl.repeat(True, len(times), dtype=pl.Boolean, eager=True)
    if start:
        inside &= times >= start
    if end:
        inside &= times < end
    return inside
