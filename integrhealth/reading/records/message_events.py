"""Logs that tell the life of a message in several records: it began, it is held, it ended.

Runs that write START and COMPLETE, documents whose every status is a row, acknowledgements that come in another file:
each record is an event of ``message_id``, and all events of one message together are its attempts.
"""

from dataclasses import dataclass

import polars as pl

from integrhealth.language.schema import FAILED, FRAMES, is_ended, is_failed
from integrhealth.reading.inner_frames import BEGUN

MESSAGES = FRAMES["messages"]
# After these nothing more is to come, unless the message is tried again.
LAST = (*FAILED, "ok", "partial", "skipped", "cancelled")
OF_THE_END = ("error_code", "error_text")
SIDES = ("source", "target")
OF_THEIR_OWN = ("message_id", "status", "sent_at", "finished_at", *SIDES)


@dataclass(frozen=True)
class Lives:
    """The messages that events tell of, and what to say of them once."""

    messages: pl.DataFrame
    notes: tuple[str, ...]


def lives(events: pl.DataFrame) -> Lives:
    """One row per attempt of a message, the columns of ``messages``, in the order of the first event of each.

    An attempt ends with its last terminal event; a message that goes on after it failed is tried again, which is the
    next attempt. ``sent_at`` is when it began, else its earliest event; ``finished_at`` when it ended, null before.
    The status is that of the end, else of the latest event; begun and nothing more is ``pending``.
    """
    if events.is_empty():
        return Lives(MESSAGES.empty(), ())
    ordered = events.with_row_index("row").sort("message_id", "at", "seq", "row", nulls_last=True)
    failed = is_failed(pl.col("event"))
    again = (failed.shift(1, fill_value=False) & ~failed).cum_sum().over("message_id")
    ordered = ordered.with_columns(trial=again)
    columns = [name for name in MESSAGES.columns if name not in OF_THEIR_OWN]
    ends, begins = pl.col("event").is_in(LAST), pl.col("event") == BEGUN
    both_sides = pl.col("source") != pl.col("target")
    end = pl.col("event").filter(ends).last()
    grouped = ordered.group_by("message_id", "trial", maintain_order=True).agg(
        *(pl.col(name).drop_nulls().last() for name in columns if name not in OF_THE_END),
        *(pl.col(name).filter(~begins).drop_nulls().last() for name in OF_THE_END),
        # Events that know only one side (source = target) leave it to those that know both.
        *(pl.coalesce(pl.col(name).filter(both_sides).last(), pl.col(name).last()) for name in SIDES),
        *(pl.col(name).first() for name in ("log_file", "log_line")),
        row=pl.col("row").min(),
        begun=begins.any(),
        sent_at=pl.coalesce(pl.col("sent_at").min(), pl.col("at").filter(begins).min(), pl.col("at").min()),
        finished_at=pl.when(ends.any()).then(
            pl.coalesce(pl.col("finished_at").filter(ends).last(), pl.col("at").filter(ends).last())
        ),
        status=pl.coalesce(end, pl.col("event").filter(~begins).last(), pl.lit("pending")),
    )
    several = pl.col("trial").n_unique().over("message_id") > 1
    attempt = pl.when(several).then(pl.col("trial").rank("dense").over("message_id").cast(pl.Int64))
    rows = grouped.with_columns(attempt=pl.coalesce("attempt", attempt)).sort("row")
    # An answer of which nobody logged the question: the wait is not known, so it is not zero.
    unanswered = ~pl.col("begun") & (pl.col("finished_at") == pl.col("sent_at"))
    rows = rows.with_columns(finished_at=pl.when(~unanswered).then("finished_at"))
    return Lives(rows.select(*MESSAGES.schema).cast(MESSAGES.schema), _notes(rows))


def _notes(rows: pl.DataFrame) -> tuple[str, ...]:
    open_ended = rows.filter(pl.col("begun") & ~is_ended(pl.col("status")) & pl.col("finished_at").is_null()).height
    unbegun = rows.filter(~pl.col("begun")).height
    notes = []
    if open_ended:
        notes.append(f"messages that began and of which no end is logged, still running or lost: {open_ended:,}")
    if unbegun:
        notes.append(f"messages of which no beginning is logged, sent_at is their first event: {unbegun:,}")
    return tuple(notes)
