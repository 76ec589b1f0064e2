"""The worst hour: when failures stood out most from the hours like it, and when that began.

A healthy company has a worst hour too, and it is no news. What is usual is said by the hours like it, the same hour of
other weeks or days, so that a busy hour and a nightly maintenance are no incident; how far chance goes beyond what is
usual is said by the worst hours of other days, since failures come in bursts. What the promise allows is no news.
"""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.language.schema import is_failed
from integrhealth.language.thresholds import (
    DAY_PATTERN_DAYS,
    MAX_TRACE_MESSAGES,
    MIN_PEAKS,
    PEAK_SHARES,
    PRIOR_FAILURES,
    SLO_SUCCESS,
    STANDING_OUT_LEVEL,
    TREND_DAYS,
    WEEK_PATTERN_DAYS,
)

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
TRAFFIC = ("integration", "source", "target")
# How far back of an hour the failures that stand out in it can have begun.
FARTHEST_BACK = timedelta(days=1)
# Spans of which each has a worst hour: days, and where there are few days, a few hours.
SPAN, SHORT_SPAN = "1d", "4h"


def failures(messages: pl.DataFrame) -> pl.DataFrame:
    """The failed messages, each with its trace; one without, or of a constant that is no trace, is a trace of its own,
    with all its attempts.

    Only the traces that failures name are counted: failures are few.
    """
    failed = messages.filter(is_failed(pl.col("status")))
    traces = failed.select("trace_id").drop_nulls().unique()
    shared = messages.select("trace_id").join(traces, on="trace_id", how="semi").group_by("trace_id").len()
    constant = shared.filter(pl.col("len") > MAX_TRACE_MESSAGES)["trace_id"]
    alone = pl.col("trace_id").is_null() | pl.col("trace_id").is_in(constant.implode())
    return failed.select(
        "sent_at", "message_id", *TRAFFIC, trace=pl.when(alone).then("message_id").otherwise("trace_id")
    )


def hours(messages: pl.DataFrame, failed: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """One row per hour in which something failed: hour, messages, failed, usual, allowed, excess, chance.

    ``failed`` traces, each once, as the failures of one trace are not independent; ``usual``: how many of them the
    hours like it lose with this traffic; ``allowed``: how many the promises do; ``excess`` beyond what is usual;
    ``chance`` that some hour loses so many. `failed` as ``failures`` gives them, `declared` the integrations of the
    catalog, for their promises.
    """
    everything = with_chance(with_usual(lost_by_hour(messages, failed, declared)))
    return (
        everything.filter(pl.col("failed") > 0)
        .with_columns(excess=pl.col("failed") - pl.col("usual"))
        .select("hour", "messages", "failed", "usual", "allowed", "excess", "chance")
        .sort("hour")
    )


def lost_by_hour(messages: pl.DataFrame, failed: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """One row per hour with messages, by time: hour, messages, failed, dealt, allowed.

    ``dealt``: the failed traces of each integration and edge, dealt out by its messages in the hour.
    """
    traffic = messages.group_by(*TRAFFIC, hour=pl.col("sent_at").dt.truncate("1h")).agg(messages=pl.len())
    failed = failed.with_columns(hour=pl.col("sent_at").dt.truncate("1h"))
    first = failed.sort("sent_at", "message_id").unique(["trace", "hour"], keep="first", maintain_order=True)
    lost = first.group_by(*TRAFFIC, "hour").agg(failed=pl.len())
    promised = declared.select("integration", "slo_success").unique("integration", keep="first", maintain_order=True)
    counted = (
        traffic.join(lost, on=[*TRAFFIC, "hour"], how="left", nulls_equal=True)
        .join(promised, on="integration", how="left")
        .with_columns(pl.col("failed").fill_null(0), budget=1 - pl.col("slo_success").fill_null(SLO_SUCCESS))
    )
    share = (pl.col("failed").sum() / pl.col("messages").sum()).over(TRAFFIC)
    each = counted.with_columns(dealt=pl.col("messages") * share, allowed=pl.col("messages") * pl.col("budget"))
    return each.group_by("hour").agg(pl.col("messages", "failed", "dealt", "allowed").sum()).sort("hour")


def with_usual(by_hour: pl.DataFrame) -> pl.DataFrame:
    """`by_hour` plus ``usual``, the failed traces that the hours like it say, and ``seen``, how many these lost.

    Like it are the same hours of other weeks, with less than three weeks those of other days, with less than three days
    all others. What they lost per trace dealt out, after the trend, is drawn towards the trend by the weight of
    one failure (a Gamma prior): few hours that lost nothing are no proof that nothing is ever lost. The trend is the
    median over the week around it of what each day lost, so that an incident does not make one.
    """
    day, days = pl.col("hour").dt.date(), by_hour["hour"].dt.date().n_unique()
    like = [pl.col("hour").dt.hour()] if days >= DAY_PATTERN_DAYS else []
    like += [pl.col("hour").dt.weekday()] if days >= WEEK_PATTERN_DAYS else []
    prior = PRIOR_FAILURES
    daily = (
        by_hour.group_by(day=day)
        .agg(level=(pl.col("failed").sum() + prior) / (pl.col("dealt").sum() + prior))
        .sort("day")
        .with_columns(pl.col("level").rolling_median(TREND_DAYS, center=True, min_samples=1))
    )
    trend = pl.col("dealt") * pl.col("level")
    others = [(part.sum().over(like) if like else part.sum()) - part for part in (pl.col("failed"), trend)]
    return (
        by_hour.with_columns(day=day)
        .join(daily, on="day", how="left", maintain_order="left")
        .with_columns(seen=others[0], usual=trend * (others[0] + prior) / (others[1].clip(0) + prior))
        .drop("day", "level")
    )


def with_chance(by_hour: pl.DataFrame) -> pl.DataFrame:
    """`by_hour` with ``usual`` plus ``chance``, at most 1: the larger of two, each that of any hour of all.

    That so many fail where what is usual, or what is promised if that is more, is as uncertain as the few hours that
    say it (a negative binomial tail, times the hours: Bonferroni). And that an hour goes so far beyond the usual where
    the worst hours of other days, with the bursts in them, went as far as they did.
    """
    from scipy.special import betainc

    failed, usual, seen = (by_hour[name].to_numpy().astype(float) for name in ("failed", "usual", "seen"))
    expected, size = np.maximum(usual, by_hour["allowed"].to_numpy()), seen + PRIOR_FAILURES
    # That at least one fails is said by the incomplete beta function; that none does at least is certain.
    as_many = np.where(failed > 0, betainc(np.maximum(failed, 1), size, expected / (size + expected)), 1.0)
    by_itself = as_many * by_hour.height
    # Square roots (Anscombe 1948) make sigmas alike from no failures to many; the squares of these have an exponential
    # tail both where counts are chance and where bursts add to them.
    beyond = 2 * (np.sqrt(failed + 0.375) - np.sqrt(usual + 0.375)) / np.sqrt(1 + usual / size)
    few = by_hour["hour"].dt.date().n_unique() < WEEK_PATTERN_DAYS
    span = by_hour["hour"].dt.truncate(SHORT_SPAN if few else SPAN).rle_id().cast(pl.Int64).to_numpy()
    beside_others = _chance_beside(beyond * np.maximum(beyond, 0), span)
    return by_hour.with_columns(chance=pl.Series(np.minimum(np.maximum(by_itself, beside_others), 1.0)))


def _chance_beside(squares: NDArray, span: NDArray) -> NDArray:
    """The chance that some span holds an hour of so many squared sigmas, by the worst hours of other spans.

    These are taken for exponential above a threshold (peaks over a threshold, Davison and Smith 1990): the highest part
    of them over the next one, their mean as uncertain as they are few; of several parts the one that allows more. What
    a span and the ones beside it hold may be one incident and does not judge itself.
    """
    place = np.arange(span.max(initial=-1) + 1)
    worst = np.zeros(len(place))
    np.maximum.at(worst, span, squares)
    highest = -np.sort(np.where(np.abs(place[:, None] - place) <= 1, np.inf, -worst), axis=1)
    chance = np.zeros(len(squares))
    for part in PEAK_SHARES:
        peaks = max(int(len(place) * part), MIN_PEAKS)
        if peaks < len(place) - 3:  # else there are too few others to judge by
            threshold = highest[:, peaks]
            total = np.maximum((highest[:, :peaks] - threshold[:, None]).sum(1), 1e-9)
            over = np.maximum(squares - threshold[span], 0) / total[span]
            chance = np.maximum(chance, peaks * (1 + over) ** -peaks)
    return chance


def standing_out(hours: pl.DataFrame) -> pl.DataFrame:
    """The rows of `hours` that chance does not explain, the largest excess first."""
    certain = hours.filter((pl.col("chance") < STANDING_OUT_LEVEL) & (pl.col("excess") > 0))
    return certain.sort("excess", "hour", descending=[True, False])


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
