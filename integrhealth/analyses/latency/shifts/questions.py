"""Has it changed: one call on evidence per table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.latency.request_metrics.questions import (
    by_metrics_alone,
    request_buckets,
    requests_over_time,
)
from integrhealth.analyses.latency.shifts import hours as of_hours
from integrhealth.analyses.latency.shifts import levels, over_time
from integrhealth.analyses.latency.shifts.rhythm import METRICS, VOLUME
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def hour_facts(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration, hour and bucket of latency: counts that add up over messages."""
    return of_hours.hour_facts(evidence.outcomes)


@question
def hours(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration and hour from its first to its last message, as ``hours.hours``; what metrics alone count
    has one per hour that was measured.
    """
    return pl.concat([of_hours.hours(hour_facts(evidence)), requests_over_time(evidence, width="1h")])


@question
def _shifts_of(evidence: "Evidence", *, metrics: tuple[str, ...], min_messages: int) -> pl.DataFrame:
    facts = hour_facts(evidence)
    asked = {"metrics": metrics, "min_messages": min_messages}
    by_messages = levels.shifts(of_hours.hours(facts), of_hours.days(facts), **asked)
    hourly, daily = (requests_over_time(evidence, width=width) for width in ("1h", "1d"))
    by_metrics = levels.shifts(hourly, daily, measured_by="metrics", **asked)
    return pl.concat([by_messages, by_metrics]).sort("integration", "at", "metric")


@question
def shifts(evidence: "Evidence", *, volume: bool = True, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per shift or drift of an integration: a new level of latency, volume or error share, and since when.

    ``metric`` is p50_ms, p95_ms, messages (per day) or error_share; ``before`` and ``after`` are its levels on usual
    days, ``change`` = after / before - 1, at least a tenth. A shift is dated to the first day (UTC) of the new level; a
    ``drift`` went there slowly, from ``at`` to ``until``. Days are compared without the rhythm of their hours and, from
    three weeks on, of their weekdays. ``p_value``: how often days in random order would show one as clear, corrected
    for days that resemble their neighbours; below 0.01. ``n_before`` and ``n_after`` are the messages of the levels.
    `volume` false leaves that out.

    >>> seen = "integration", "metric", "at", pl.col("change").round(1)
    >>> ih.latency.shifts(evidence).filter(pl.col("metric") == "p50_ms").select(seen).rows()
    [('crm-accounts', 'p50_ms', datetime.datetime(2025, 11, 26, 0, 0, tzinfo=zoneinfo.ZoneInfo(key='UTC')), 1.2)]

    Columns: integration, metric (text); at (time, UTC); before, after (number, of the metric); change (number, share);
    p_value (number, share); kind (text); until (time, UTC); n_before, n_after (count); measured_by (text)
    """
    # Most of the time goes into volume, so that who does not ask for it does not wait for it.
    parts = [tuple(each for each in METRICS if each != VOLUME), *([(VOLUME,)] if volume else [])]
    each = [_shifts_of(evidence, metrics=metrics, min_messages=min_messages) for metrics in parts]
    return pl.concat(each).sort("integration", "at", "metric")


def _drawn_facts(evidence: "Evidence") -> pl.DataFrame:
    """What is drawn: the facts of messages, and the buckets of histograms where no messages tell."""
    return pl.concat([hour_facts(evidence), request_buckets(evidence)])


@question
def latency_over_time(evidence: "Evidence") -> pl.DataFrame:
    """One row per day (hour, where there are fewer than 14 days) of the four integrations whose latency changed most.

    Without a change of latency, of those with most messages. p25_ms and p75_ms bound the middle half of the messages;
    they are null below 4 timed messages, p95_ms below 20.

    >>> ih.latency.latency_over_time(evidence).select("integration", "timed", pl.col("p50_ms").round()).row(0)
    ('crm-accounts', 22, 266.0)

    Columns: integration (text); at (time, UTC); timed (count); p25_ms, p50_ms, p75_ms, p95_ms (number, ms)
    """
    facts = _drawn_facts(evidence)
    return over_time.latency_over_time(facts, over_time.drawn(facts, shifts(evidence)))


@question
def latency_heat(evidence: "Evidence", *, integration: str | None = None) -> pl.DataFrame:
    """One row per time bin and range of latency of one `integration`, else of the one whose latency changed most.

    A range ends 1.4 times above where it begins; where metrics alone tell it is a bucket of histograms, the last of
    which has no end (null). ``share`` is that of the timed messages of the time bin.

    >>> ih.latency.latency_heat(evidence).select("integration", "messages", pl.col("share").round(2)).row(0)
    ('crm-accounts', 1, 0.05)

    Columns: integration (text); at, until (time, UTC); low_ms, high_ms (number, ms); messages (count); share (number,
    share); measured_by (text)
    """
    facts, taken = _drawn_facts(evidence), by_metrics_alone(evidence).taken
    drawn = over_time.drawn(facts, shifts(evidence)) if integration is None else [integration]
    name = next(iter(drawn), "")
    if name in taken["integration"]:
        return over_time.histogram_heat(taken, name)
    return over_time.latency_heat(facts, name)
