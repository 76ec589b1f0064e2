"""What a surge would do to every integration: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.latency.capacity.questions import capacity
from integrhealth.analyses.latency.surge import arrivals, backlog, patience, queue_metrics
from integrhealth.analyses.latency.surge import surge as surges
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _minutes(evidence: "Evidence") -> pl.DataFrame:
    busiest = arrivals.busiest_days(arrivals.day_facts(evidence.outcomes))
    return arrivals.minute_facts(evidence.outcomes, busiest)


@question
def _lines(evidence: "Evidence", *, min_messages: int) -> pl.DataFrame:
    messages, declared = evidence.outcomes, evidence.catalog.integrations
    patient = patience.patience(patience.patience_facts(messages), patience.pause_facts(messages), declared)
    return surges.lines(_minutes(evidence), patient, capacity(evidence, min_messages=min_messages))


@question
def surge(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per integration and multiple (3 and 10), the worst first: the busiest day so many times, replayed.

    The real arrivals of the busiest day of the target system, times ``multiple``, minute by minute through one line of
    all its integrations and its capacity, then the same day as it was: Q(t+1) = max(0, Q + l - mu), a fluid queue
    (Newell 1982) in the order of arrival. ``peak_backlog`` are the integration's own messages, ``drain_minutes`` run
    from the largest backlog of the system to none (null: never), ``oldest_minutes`` is the longest wait. Who waits for
    an answer and has none after ``limit_minutes`` gives up, and tries again as often, and after such a pause, as the
    messages show; the system does the work all the same, so each of the ``retries`` does something twice
    (``duplicates``, none where the catalog says idempotent), and ``lost`` are those that gave up for good. Low and high
    are the figures at the ends of the interval of the capacity.

    Verdicts: breaks (somebody gives up, an answer takes over 5 minutes, or the line never ends), slows (somebody waits
    for over a minute), holds; "cannot tell" where the capacity is unknown, ``why`` says. ``sure``: both ends of the
    interval say the same. Where metrics measure a queue of the system (``checked_by``), the most that it held that day
    stands beside the replay of the day as it was, with their correlation.

    >>> table = ih.latency.surge(evidence)
    >>> table.select("integration", "multiple", "messages", "verdict").filter(integration="portal-orders").rows()
    [('portal-orders', 3.0, 450, 'cannot tell'), ('portal-orders', 10.0, 1500, 'cannot tell')]

    Columns: integration (text); multiple (number, times); peak_backlog (number, messages); drain_minutes,
    oldest_minutes (number, minutes); system, verdict (text); sure (flag); why (text); day (time, UTC); messages
    (count); demand_per_minute, capacity_per_minute, capacity_low, capacity_high (number, messages per minute);
    peak_backlog_low, peak_backlog_high (number, messages); drain_low_minutes, drain_high_minutes, oldest_low_minutes,
    oldest_high_minutes (number, minutes); queued (flag); limit_minutes (number, minutes); timeouts, retries, lost,
    duplicates (number, messages); tested_multiple (number, times); tested_error_share (number, share); checked_by
    (text); queue_measured, queue_replayed (number, messages); queue_correlation (number, correlation)
    """
    rows, minutes = _lines(evidence, min_messages=min_messages), _minutes(evidence)
    depths = queue_metrics.queue_depths(evidence.metrics)
    checks = queue_metrics.queue_checks(depths, rows, minutes)
    return surges.surge(rows, minutes).join(checks, on="system", how="left", maintain_order="left")


@question
def surge_backlog(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per integration, multiple and ten minutes of the surge and the day after: what waits, the most in them.

    The six integrations that would wait longest in ``surge``, at 13 multiples from 1 to 12; ``oldest_minutes`` is the
    age of what stands first in the line.

    >>> ih.latency.surge_backlog(evidence).columns[:4]
    ['integration', 'system', 'multiple', 'at']

    Columns: integration, system (text); multiple (number, times); at (time, UTC); backlog (number, messages);
    oldest_minutes (number, minutes)
    """
    rows = _lines(evidence, min_messages=min_messages)
    return backlog.surge_backlog(rows, _minutes(evidence), surge(evidence, min_messages=min_messages))
