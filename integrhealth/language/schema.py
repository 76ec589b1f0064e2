"""The canonical frames: what a row is, its columns, units and rules, and what counts as failed.

Every time is UTC in microseconds, every duration a Float64 in ``*_ms``, every share runs from 0 to 1, every id is
text. ``log_file`` and ``log_line`` lead back to the line that was logged.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from integrhealth.errors import MissingColumns, WrongValue

TIME = pl.Datetime("us", "UTC")
TEXT, NUMBER, COUNT, FLAG, WORDS = pl.String, pl.Float64, pl.Int64, pl.Boolean, pl.List(pl.String)

STATUSES = (
    "ok",
    "partial",
    "failed",
    "timeout",
    "rejected",
    "skipped",
    "held",
    "pending",
    "cancelled",
    "unknown",
)
FAILED = ("failed", "timeout", "rejected")
DELIVERED = ("ok", "partial")
# A business rejection (language.rejections): no log's own word, and neither failed nor delivered.
DECLINED = "declined"
KINDS = ("request", "queue", "batch", "file", "internal")
# Who was called where nothing names it. One for each caller: what nobody named is not one system.
NAMELESS = "unknown (asked by {})"
# The channel of a delivery that was laid in a folder: it reaches no person by itself.
FOLDER = "folder"
# Kinds whose sender does not wait for the receiver: a failure travels from the sender to the receiver.
SENT_AWAY = ("queue", "batch", "file")
# Statuses of what never reached its target, or has not yet.
NOT_SENT = ("skipped", "held", "cancelled")
# How tickets say that the work was done (ServiceNow, Jira, Zendesk).
REPAIRED = ("resolved", "solved", "closed", "done", "completed")


@dataclass(frozen=True)
class Frame:
    """A canonical frame: what one row is, its columns with their types, and which of them every row must have."""

    name: str
    row: str
    columns: dict[str, Any]
    required: tuple[str, ...]

    @cached_property
    def schema(self) -> dict[str, Any]:
        """All columns, the two that lead back to the log included."""
        return self.columns | {"log_file": TEXT, "log_line": COUNT}

    def empty(self) -> pl.DataFrame:
        """No rows, all columns."""
        return self._empty.clone()

    @cached_property
    def _empty(self) -> pl.DataFrame:
        """Made once: making frames of a schema is most of the work of evidence from a few lines."""
        return pl.DataFrame(schema=self.schema)


def _frame(name: str, row: str, required: str, **columns: Any) -> Frame:
    return Frame(name, row, columns, tuple(required.split()))


FRAMES: dict[str, Frame] = {
    frame.name: frame
    for frame in (
        _frame(
            "messages",
            "one attempt to move one message across one edge (source -> target), or one piece of work inside a system",
            "message_id source target sent_at status",
            message_id=TEXT,
            trace_id=TEXT,
            parent_id=TEXT,
            integration=TEXT,
            source=TEXT,
            target=TEXT,
            operation=TEXT,
            kind=TEXT,
            object_type=TEXT,
            object_id=TEXT,
            attempt=COUNT,
            sent_at=TIME,
            received_at=TIME,
            finished_at=TIME,
            answered_at=TIME,
            status=TEXT,
            error_code=TEXT,
            error_text=TEXT,
            actor=TEXT,
            actor_type=TEXT,
            payload_hash=TEXT,
            bytes=COUNT,
            amount=NUMBER,
            currency=TEXT,
            seq=COUNT,
            checkpoint=TEXT,
            fallback=FLAG,
            load_test=FLAG,
        ),
        _frame(
            "receipts",
            "one arrival as the receiver's own log says it",
            "object_id received_at",
            object_id=TEXT,
            received_at=TIME,
            **dict.fromkeys(("object_type", "integration", "source", "target", "operation", "message_id"), TEXT),
            finished_at=TIME,
            **dict.fromkeys(("status", "error_code", "error_text", "payload_hash"), TEXT),
            amount=NUMBER,
            currency=TEXT,
            seq=COUNT,
        ),
        _frame(
            "metrics",
            "one value of one series",
            "time system metric value",
            time=TIME,
            system=TEXT,
            metric=TEXT,
            statistic=TEXT,
            unit=TEXT,
            value=NUMBER,
            meaning=TEXT,
        ),
        _frame(
            "dependencies",
            "a declared or observed edge",
            "source target",
            source=TEXT,
            target=TEXT,
            kind=TEXT,
            calls=COUNT,
        ),
        _frame(
            "logs",
            "one log line of a system",
            "time system",
            time=TIME,
            system=TEXT,
            level=TEXT,
            site=TEXT,
            text=TEXT,
            trace_id=TEXT,
            parent_id=TEXT,
        ),
        _frame(
            "documents",
            "one line of a business document",
            "document line type created_at",
            document=TEXT,
            line=TEXT,
            type=TEXT,
            preceding=TEXT,
            preceding_line=TEXT,
            system=TEXT,
            object_type=TEXT,
            quantity=NUMBER,
            unit=TEXT,
            amount=NUMBER,
            currency=TEXT,
            created_at=TIME,
        ),
        _frame(
            "field_changes",
            "one value of one element seen in one system",
            "element entity system value_hash at",
            element=TEXT,
            entity=TEXT,
            system=TEXT,
            value_hash=TEXT,
            at=TIME,
            actor=TEXT,
            actor_type=TEXT,
            message_id=TEXT,
            change_reason=TEXT,
        ),
        _frame(
            "incident_events",
            "one step in the life of an incident",
            "incident at",
            incident=TEXT,
            at=TIME,
            team=TEXT,
            person=TEXT,
            action=TEXT,
            state=TEXT,
            integration=TEXT,
            object_type=TEXT,
            object_id=TEXT,
            priority=TEXT,
        ),
        _frame(
            "reports",
            "one report or dashboard of the inventory",
            "report",
            report=TEXT,
            tool=TEXT,
            words=COUNT,
            figures=COUNT,
            charts=COUNT,
            fields=WORDS,
            metrics=WORDS,
            decisions=WORDS,
            statutory=FLAG,
            owner=TEXT,
            other_names=WORDS,
        ),
        _frame(
            "deliveries",
            "a report reaching a person",
            "report person at",
            report=TEXT,
            person=TEXT,
            at=TIME,
            flag=TEXT,
            channel=TEXT,
        ),
        _frame(
            "reads",
            "a report opened by a person",
            "report person at",
            report=TEXT,
            person=TEXT,
            at=TIME,
            seconds=NUMBER,
            action=TEXT,
            agent=TEXT,
        ),
        _frame(
            "stages",
            "one stage of one order, planned and actual",
            "order stage department",
            order=TEXT,
            stage=TEXT,
            department=TEXT,
            planned_at=TIME,
            finished_at=TIME,
            promised_at=TIME,
            feasible_at=TIME,
        ),
        _frame(
            "contacts",
            "people of two teams talking",
            "at team_a team_b",
            at=TIME,
            team_a=TEXT,
            team_b=TEXT,
            kind=TEXT,
            people=COUNT,
            about=TEXT,
        ),
        _frame(
            "holds",
            "a message paused at a checkpoint",
            "checkpoint message_id held_at",
            checkpoint=TEXT,
            message_id=TEXT,
            held_at=TIME,
            released_at=TIME,
            decision=TEXT,
            was_bad=FLAG,
        ),
        _frame(
            "ownerships",
            "who owns an integration or a dataset, as its logs say; a declaration, which no period cuts off",
            "kind subject owner",
            kind=TEXT,
            subject=TEXT,
            owner=TEXT,
            role=TEXT,
            at=TIME,
        ),
    )
}


def is_failed(status: pl.Expr) -> pl.Expr:
    """The work was asked for and not done: failed, timeout or rejected."""
    return status.is_in(FAILED)


def is_delivered(status: pl.Expr) -> pl.Expr:
    """The work was done, perhaps with errors inside: ok or partial."""
    return status.is_in(DELIVERED)


def is_ended(status: pl.Expr) -> pl.Expr:
    """Delivered, failed or declined: the denominator of every error share; skipped, held, pending are not in it."""
    return status.is_in((*DELIVERED, *FAILED, DECLINED))


def is_business() -> pl.Expr:
    """A message of the business: what a load test sends is none."""
    return ~pl.col("load_test").fill_null(False)


def is_exchanged() -> pl.Expr:
    """A message of the business from one system to another; what stays inside a system is none."""
    return (pl.col("source") != pl.col("target")) & is_business()


def is_named(system: pl.Expr) -> pl.Expr:
    """A system that something names, not the unknown partners of a caller."""
    return ~system.str.starts_with(NAMELESS.partition("{")[0])


def latency_ms() -> pl.Expr:
    """How long the sender's purpose took: sent to answered for requests, sent to finished for all else.

    Whichever of the two ends exists serves when the other is missing; null when there is none, or when it lies
    before the start (the clocks of the two systems disagree: a skewed pair, counted apart, never used).
    """
    taken = (ended_at() - pl.col("sent_at")).dt.total_microseconds() / 1000
    return pl.when(taken >= 0).then(taken)


def ended_at() -> pl.Expr:
    """When the sender's purpose was reached or given up: answered for requests, finished for all else, or the other."""
    return (
        pl.when(pl.col("kind") == "request")
        .then(pl.coalesce("answered_at", "finished_at"))
        .otherwise(pl.coalesce("finished_at", "answered_at"))
    )


def conform(frame: Any, name: str) -> pl.DataFrame:
    """`frame` (polars or pandas) with exactly the columns and types of the canonical frame `name`.

    Absent optional columns become null, unknown columns are dropped, naive times are read as UTC. Raises
    MissingColumns when a required column is absent and WrongValue when a column cannot take its type without loss.
    """
    canonical, frame = FRAMES[name], as_polars(frame, name)
    if missing := set(canonical.required) - set(frame.columns):
        raise MissingColumns(name, missing, frame.columns)
    casts = [_cast(frame, column, dtype) for column, dtype in canonical.schema.items()]
    try:
        return frame.select(casts)
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0][:300]
        raise WrongValue(f"{name}: a column does not fit its type: {reason}") from error


def as_polars(frame: Any, name: str) -> pl.DataFrame:
    """`frame` (polars, eager or lazy, or pandas) as an eager polars frame. Raises WrongValue for anything else."""
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame
    try:
        return pl.from_pandas(frame)
    except (TypeError, ValueError) as error:  # mixed objects in a column, repeated names, or no frame at all
        reason = str(error).splitlines()[0][:300]
        raise WrongValue(f"{name}: not a frame of plain columns: {reason}") from error


def _cast(frame: pl.DataFrame, column: str, dtype: Any) -> pl.Expr:
    if column not in frame.columns:
        return pl.lit(None, dtype).alias(column)
    given = frame.schema[column]
    if given == dtype:
        return pl.col(column)
    if dtype == TIME and given.is_numeric():
        return _without_times(frame[column])
    if dtype == TIME and given == pl.String:
        return pl.col(column).str.to_datetime(time_unit="us", time_zone="UTC")
    if dtype == TIME and isinstance(given, pl.Datetime):
        aware = pl.col(column).dt.replace_time_zone("UTC") if given.time_zone is None else pl.col(column)
        return aware.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    if dtype == WORDS and given == pl.String:
        return words(pl.col(column)).alias(column)
    return pl.col(column).cast(dtype)


def _without_times(numbers: pl.Series) -> pl.Expr:
    """Null for a column without any time, of which pandas makes floats; else nobody knows the unit of the numbers."""
    if numbers.cast(NUMBER).fill_nan(None).null_count() < len(numbers):
        raise WrongValue(f"{numbers.name}: numbers are no times; convert them, with their unit, before")
    return pl.lit(None, TIME).alias(numbers.name)


def words(text: pl.Expr) -> pl.Expr:
    """A list written as text, separated by semicolons, as a list: blanks trimmed, empty entries left out."""
    parts = text.str.split(";").list.eval(pl.element().str.strip_chars())
    return parts.list.eval(pl.element().filter(pl.element() != ""))
