"""Which of the six questions each message answers: counts of messages by the pattern of their answers, which add up."""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from integrhealth.analyses.reconciliation.trail.why import tells_why
from integrhealth.bad_entries.rejections import OUTSIDE
from integrhealth.language.period import period
from integrhealth.language.schema import (
    DECLINED,
    NOT_SENT,
    TIME,
    is_delivered,
    is_ended,
    is_exchanged,
    is_failed,
    is_named,
    latency_ms,
)
from integrhealth.language.thresholds import ACKNOWLEDGED_HOURS, LOST_QUANTILE, MIN_MESSAGES

LIMIT_MS = ACKNOWLEDGED_HOURS * 3_600_000
# What is recorded of a message; the place of each is its bit in a pattern.
MARKS = (
    *(
        "payload",
        "object",
        "when",
        "actor",
        "system",
        "received",
        "succeeded",
        "failed",
        "declined",
        "why",
        "in_flight",
    ),
)
KEYS = ("integration", "month", "currency", "error_code", *MARKS)
# The month of what no clock saw.
NO_TIME = "no time"
TIMES = ("sent_at", "received_at", "finished_at", "answered_at")


def is_asked() -> pl.Expr:
    """A message between two systems that was sent, and is no load test: what has to leave a trail."""
    return is_exchanged() & ~pl.col("status").is_in(NOT_SENT)


def answer_limits(messages: pl.DataFrame) -> dict[str, float]:
    """How long an answer may take, in milliseconds, by integration, where that is longer than a day.

    It is the 99th percentile of the delays of its delivered messages, of which there must be 30. Not local to a trace:
    partition by integration. `messages` as ``rejections.outcomes`` gives them.
    """
    delivered = messages.lazy().filter(is_asked(), is_delivered(pl.col("status")))
    delays = delivered.select(integration=_integration(messages), ms=latency_ms()).drop_nulls()
    # Where nothing takes longer than a day no percentile does, and nearly nothing does.
    late = delays.filter(pl.col("ms") > LIMIT_MS).select("integration").unique().collect(engine="streaming")
    if late.is_empty():
        return {}
    limits = (
        delays.join(late.lazy(), on="integration", how="semi")
        .group_by("integration")
        .agg(n=pl.len(), limit=pl.col("ms").quantile(LOST_QUANTILE, "higher"))
        .filter(pl.col("n") >= MIN_MESSAGES, pl.col("limit") > LIMIT_MS)
        .collect(engine="streaming")
    )
    return dict(limits.select("integration", "limit").iter_rows())


def trail_facts(
    messages: pl.DataFrame,
    *,
    until: datetime | None,
    limits: Mapping[str, float] | None = None,
    timezone: str = "UTC",
) -> pl.DataFrame:
    """One row per integration, month of `timezone`, currency, code of the error and pattern of marks: messages, cents.

    Counts and sums that add up over any parts of `messages`, which come as ``rejections.outcomes`` gives them. Marks
    say what the log records of a message (``MARKS``). ``in_flight``: without an end at `until`, where the evidence
    ends, and younger than a day, or than the longer limit of its integration in `limits`: not yet asked. ``cents`` sum
    absolute amounts, in hundredths, so that they add up exactly.
    """
    status, age = pl.col("status"), pl.lit(until, TIME) - pl.col("sent_at")
    integration = _integration(messages)
    refused = is_failed(status) | (status == DECLINED)
    limit_ms = integration.replace_strict(dict(limits or {}), default=float(LIMIT_MS), return_dtype=pl.Float64)
    young = (age.dt.total_microseconds() / 1000 <= limit_ms).fill_null(False)
    marks = {
        "payload": _written("payload_hash") | pl.col("bytes").is_not_null(),
        "object": _written("object_id"),
        "when": pl.col("sent_at").is_not_null(),
        "actor": _written("actor"),
        "system": _written("source") & is_named(pl.col("source")) & (pl.col("source") != OUTSIDE),
        "received": _received(),
        "succeeded": is_ended(status),
        "failed": is_failed(status),
        "declined": status == DECLINED,
        "why": _of(refused, tells_why(*(_of(refused, name) for name in ("error_text", "error_code")), status)),
        "in_flight": ~is_ended(status) & young,
    }
    pattern = pl.sum_horizontal(
        pl.when(marks[name].fill_null(False)).then(pl.lit(1 << place, pl.Int32)).otherwise(pl.lit(0, pl.Int32))
        for place, name in enumerate(MARKS)
    )
    local = pl.coalesce(TIMES).dt.convert_time_zone(timezone)
    amount = pl.when(pl.col("amount").is_finite()).then(pl.col("amount").abs() * 100)
    counted = (
        messages.lazy()
        .filter(is_asked())
        .select(
            "currency",
            integration=integration,
            months=local.dt.year() * 12 + local.dt.month().cast(pl.Int32) - 1,
            error_code=_of(is_failed(status) & _written("error_code"), "error_code"),
            pattern=pattern,
            cents=amount.round().cast(pl.Int64, strict=False),
        )
        .group_by("integration", "months", "currency", "error_code", "pattern")
        .agg(
            messages=pl.len().cast(pl.Int64),
            with_amount=pl.col("cents").count().cast(pl.Int64),
            cents=pl.col("cents").sum(),
        )
        .collect(engine="streaming")
    )
    month = pl.format(
        "{}-{}", pl.col("months") // 12, (pl.col("months") % 12 + 1).cast(pl.String).str.zfill(2)
    ).fill_null(NO_TIME)
    return (
        counted.select(
            "integration",
            "currency",
            "error_code",
            *((pl.col("pattern") // (1 << place) % 2 == 1).alias(name) for place, name in enumerate(MARKS)),
            "messages",
            "with_amount",
            "cents",
            month=month,
        )
        .select(*KEYS, "messages", "with_amount", "cents")
        .sort(KEYS)
    )


def evidence_end(messages: pl.DataFrame) -> datetime | None:
    """When the evidence ends; without any time it never began."""
    covered = period(messages["sent_at"])
    return None if covered is None else covered[1]


def _integration(messages: pl.DataFrame) -> pl.Expr:
    """The name of the integration, or of its edge; of ten million rows no text is made that nobody needs."""
    if messages["integration"].null_count() == 0:
        return pl.col("integration")
    return pl.coalesce("integration", pl.format("{} > {}", "source", "target"))


def _written(column: str) -> pl.Expr:
    """There is such a text, and it is not empty."""
    return (pl.col(column) != "").fill_null(False)


def _of(condition: pl.Expr, value: "str | pl.Expr") -> pl.Expr:
    return pl.when(condition).then(value)


def _received() -> pl.Expr:
    """The receiver's time is there; an answer is one as well, but not the moment at which the sender gave up."""
    by_receiver = pl.col("received_at").is_not_null() | pl.col("finished_at").is_not_null()
    answered = (pl.col("kind") == "request") & pl.col("answered_at").is_not_null() & (pl.col("status") != "timeout")
    return by_receiver | answered.fill_null(False)
