"""The period of evidence: what lies far outside it, and selecting one by whole traces, so that no link looks lost."""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from integrhealth.errors import WrongValue
from integrhealth.language.period import outlying
from integrhealth.language.schema import FRAMES, TIME, Frame
from integrhealth.traces.links import linked

# How many outliers a warning names.
LISTED = 3


def whole_traces_between(
    frames: Mapping[str, pl.DataFrame], since: datetime | None, until: datetime | None
) -> dict[str, pl.DataFrame]:
    """The canonical `frames` from `since` on and before `until`: messages by the first of their trace, others by their
    own time.

    A receipt goes with the message that it is of, as one after `until` may be of a message before; without one it goes
    by its own time. Inventories, which have no time, stay whole. Raises WrongValue when `since` does not come before
    `until`.
    """
    if since and until and since >= until:
        raise WrongValue(f"nothing lies between {since} and {until}; since must come before until")
    chosen = dict(frames)
    traces = linked(frames.get("messages", FRAMES["messages"].empty()))
    traces = traces.with_columns(began=pl.col("sent_at").min().over("trace"))
    for name, rows in frames.items():
        if name == "messages":
            chosen[name] = rows.filter(_within(traces["began"], since, until))
        elif name == "receipts":
            chosen[name] = rows.filter(_within(_began(rows, traces), since, until))
        elif time := _time_of(FRAMES[name]):
            chosen[name] = rows.filter(_within(rows[time], since, until))
    return chosen


def far_off(frames: Mapping[str, pl.DataFrame]) -> tuple[str, ...]:
    """A sentence for each frame with times that are outliers and no part of the period that it covers."""
    sentences = []
    for name, rows in frames.items():
        if (time := _time_of(FRAMES[name])) is None:
            continue
        outliers = rows.filter(outlying(rows[time])).sort(time, "log_file", "log_line", nulls_last=True)
        if outliers.is_empty():
            continue
        listed = [
            f"{at:%Y-%m-%dT%H:%M:%SZ} ({_place(file, line)})"
            for at, file, line in outliers.head(LISTED).select(time, "log_file", "log_line").iter_rows()
        ]
        more = f" and {outliers.height - LISTED:,} more" if outliers.height > LISTED else ""
        said = f"{name} whose {time} lies far from all others, kept but left out of the period: {outliers.height:,}"
        sentences.append(f"{said}; {', '.join(listed)}{more}")
    return tuple(sentences)


def _began(receipts: pl.DataFrame, traces: pl.DataFrame) -> pl.Series:
    """When the trace of the message began that each receipt is of: the last one of its object that was sent before.

    The first one sent after, where the clocks of the two disagree; the receipt's own time, where there is none.
    """
    sent = traces.select(pl.coalesce("object_id", "message_id"), "began", received_at="sent_at")
    near = receipts.select("object_id", "received_at", own="received_at").with_row_index()
    for strategy in ("backward", "forward"):
        near = near.sort("received_at").join_asof(
            sent.rename({"began": strategy}).sort("received_at"),
            on="received_at",
            by="object_id",
            strategy=strategy,
            check_sortedness=False,  # both are sorted as a whole, so within each object
        )
    return near.sort("index").select(pl.coalesce("backward", "forward", "own")).to_series()


def _time_of(frame: Frame) -> str | None:
    """The column that says when a row of the frame was; inventories have none."""
    return next((column for column in frame.required if frame.columns[column] == TIME), None)


def _place(file: str | None, line: int | None) -> str:
    return "no file" if file is None else file if line is None else f"{file} line {line}"


def _within(times: pl.Series, start: datetime | None, end: datetime | None) -> pl.Series:
    inside = pl.repeat(True, len(times), dtype=pl.Boolean, eager=True)
    if start:
        inside &= times >= start
    if end:
        inside &= times < end
    return inside
