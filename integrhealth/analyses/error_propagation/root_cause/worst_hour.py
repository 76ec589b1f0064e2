"""The worst hour: when failures stood out most from what its traffic usually loses, and when that began.

A row of ``hours`` is an hour in which something failed. What is usual is said by the data themselves: the share of
failures of the same integration at all times, or at this hour of the day on all days, whichever expects more, so that
a busy hour and a nightly maintenance are no incident.
"""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from integrhealth.language.schema import is_failed
from integrhealth.language.thresholds import DAY_PATTERN_DAYS, MAX_TRACE_MESSAGES, STANDING_OUT_LEVEL

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
TRAFFIC = ("integration", "source", "target")
# How far back of an hour the failures that stand out in it can have begun.
FARTHEST_BACK = timedelta(days=1)


def failures(messages: pl.DataFrame) -> pl.DataFrame:
    """The failed messages, each with its trace; one without, or of a constant that is no trace, is a trace of its own.

    Only the traces that failures name are counted: failures are few.
    """
    failed = messages.filter(is_failed(pl.col("status")))
    traces = failed.select("trace_id").drop_nulls().unique()
    shared = messages.select("trace_id").join(traces, on="trace_id", how="semi").group_by("trace_id").len()
    constant = shared.filter(pl.col("len") > MAX_TRACE_MESSAGES)["trace_id"]
    alone = pl.col("trace_id").is_null() | pl.col("trace_id").is_in(constant.implode())
    own = pl.format("{} {}", pl.col("message_id"), pl.int_range(pl.len()))
    return failed.select("sent_at", "message_id", *TRAFFIC, trace=pl.when(alone).then(own).otherwise("trace_id"))


def hours(messages: pl.DataFrame, failed: pl.DataFrame) -> pl.DataFrame:
    """One row per hour with failed messages: hour, messages, failed, expected, excess, traces, expected_traces, chance.

    `failed` as ``failures`` gives them. ``expected`` failed messages: those of each integration, dealt out by its
    messages in the hour; ``excess`` = failed - expected; ``traces`` that failed, each once, as the failures of one
    trace are not independent; ``chance`` that so many or more of them fail where they are expected as ever (a Poisson
    tail, an upper bound of the hypergeometric one), times the hours with messages (Bonferroni), at most 1.
    """
    from scipy.special import gammainc

    traffic = messages.group_by(*TRAFFIC, hour=pl.col("sent_at").dt.truncate("1h")).agg(messages=pl.len())
    failed = failed.with_columns(hour=pl.col("sent_at").dt.truncate("1h"))
    first = failed.sort("sent_at", "message_id").unique(["trace", "hour"], keep="first", maintain_order=True)
    counted = traffic
    for name, frame in (("failed", failed), ("traces", first)):
        count = frame.group_by(*TRAFFIC, "hour").agg(pl.len().alias(name))
        counted = counted.join(count, on=[*TRAFFIC, "hour"], how="left", nulls_equal=True)
    counted = counted.with_columns(pl.col("failed", "traces").fill_null(0))
    always, daily = list(TRAFFIC), [*TRAFFIC, pl.col("hour").dt.hour()]
    days = counted["hour"].dt.date().n_unique()
    expected = [
        (pl.col("messages") * pl.col(name).sum() / pl.col("messages").sum()).over(by).alias(f"{name}_{place}")
        for name in ("failed", "traces")
        for place, by in enumerate([always, daily] if days >= DAY_PATTERN_DAYS else [always])
    ]
    by_hour = counted.with_columns(expected).group_by("hour").agg(pl.exclude(*TRAFFIC).sum())
    by_hour = by_hour.with_columns(
        expected=pl.max_horizontal("^failed_[0-9]$"), expected_traces=pl.max_horizontal("^traces_[0-9]$")
    )
    all_hours = by_hour.height
    by_hour = by_hour.filter(pl.col("failed") > 0)
    chance = gammainc(by_hour["traces"].to_numpy(), by_hour["expected_traces"].to_numpy()) * all_hours
    return (
        by_hour.with_columns(chance=pl.Series(np.minimum(chance, 1)), excess=pl.col("failed") - pl.col("expected"))
        .select("hour", "messages", "failed", "expected", "excess", "traces", "expected_traces", "chance")
        .sort("hour")
    )


def standing_out(hours: pl.DataFrame) -> pl.DataFrame:
    """The rows of `hours` that chance does not explain, the largest excess first."""
    certain = hours.filter((pl.col("chance") < STANDING_OUT_LEVEL) & (pl.col("excess") > 0))
    return certain.sort("excess", "hour", descending=[True, False])


def worst_hour(messages: pl.DataFrame) -> datetime | None:
    """The hour with the largest excess of failed messages, the first of equals; null where none stands out."""
    return next(iter(standing_out(hours(messages, failures(messages)))["hour"]), None)


def began(failed: pl.DataFrame, hour: datetime, *, usual: float, reached: float) -> datetime:
    """The minute in which the excess of `hour` began, at most a day earlier.

    A cumulative sum (CUSUM) of traces that failed per minute, against the reference value between `usual` and `reached`
    traces an hour that tells the two apart soonest (Lucas 1985): where the run begins that stands highest in `hour`.
    """
    start = hour - FARTHEST_BACK
    near = failed.filter(pl.col("sent_at").is_between(start, hour + HOUR, closed="left"))
    first = near.sort("sent_at", "message_id").unique("trace", keep="first", maintain_order=True)
    minute = (first["sent_at"] - start).dt.total_minutes().to_numpy()
    minutes = int((FARTHEST_BACK + HOUR) / MINUTE)
    usual, reached = usual / 60, max(reached, usual + 1) / 60
    reference = (reached - usual) / np.log(reached / usual)
    total = np.concatenate([[0], np.cumsum(np.bincount(minute, minlength=minutes) - reference)])
    within = int(FARTHEST_BACK / MINUTE) + 1
    above = total - np.minimum.accumulate(total)
    height = within + int(np.argmax(above[within:]))
    lowest = np.flatnonzero(total[: height + 1] == total[: height + 1].min())[-1]
    return start + int(lowest) * MINUTE
