"""What every system can take, and the points that say so: one call on evidence per table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.latency.capacity import load, verdicts
from integrhealth.analyses.latency.capacity.curves import Curve
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _load_facts(evidence: "Evidence") -> pl.DataFrame:
    return load.load_facts(evidence.outcomes, evidence.catalog.integrations)


@question
def _windows(evidence: "Evidence") -> pl.DataFrame:
    return verdicts.windows(_load_facts(evidence))


@question
def _curves(evidence: "Evidence") -> dict[str, tuple[Curve, int]]:
    return verdicts.curves(_windows(evidence))


@question
def capacity(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per system that messages come to, least room first: how much it can take, whether 3 and 10 times hold.

    Throughput against concurrency (Little's law) in windows of minutes, binned by throughput, is fitted with the
    Universal Scalability Law (Gunther 2007): ``capacity_per_minute`` is its peak, without kappa its asymptote, with the
    95% interval of blocks of windows drawn anew. Refused, with the ``reason``, where the data stop short of the peak or
    the interval is wider than 15% to either side. It is that of today's mix of work.

    ``at_3x`` and ``at_10x`` ask about multiples of ``normal_per_minute``, the busiest hour of a median day; ``_by``
    says what answers: a load test that reached it, real traffic that did, else the curve. ``slows``: more comes in that
    hour than it can take, but it waits in a queue, and the day has room to drain it.

    >>> table = ih.latency.capacity(evidence)
    >>> table.filter(system="ERP").select("peak_per_minute", "at_3x", "reason").rows()
    [(4.0, 'cannot tell', 'too few busy minutes')]

    Columns: system (text); peak_per_minute, capacity_per_minute, low, high (number, per minute); at_3x, at_10x,
    at_3x_by, at_10x_by, reason (text); normal_per_minute, mean_per_minute, busiest_per_minute, done_per_minute (number,
    per minute); queue (flag); sigma, kappa, gamma, peak_concurrency (number); minutes (count); sustained_per_minute
    (number, per minute); observed_headroom (number, times normal); tested_per_minute (number, per minute);
    tested_error_share (number, share); tested_multiple (number, times normal)
    """
    facts, loaded, fits = _load_facts(evidence), _windows(evidence), _curves(evidence)
    return verdicts.capacities(facts, loaded, fits, min_messages=min_messages)


@question
def load_points(evidence: "Evidence") -> pl.DataFrame:
    """One row per system and bin of its windows, by throughput: the points that the law of `capacity` is fitted to.

    ``concurrency`` is throughput times the median response time of the bin, and ``response_ms`` that median, by
    Little's law: time in flight per completed message.

    >>> ih.latency.load_points(evidence).columns[:3]
    ['system', 'throughput_per_minute', 'concurrency']

    Columns: system (text); throughput_per_minute, concurrency, response_ms (number); windows (count)
    """
    return verdicts.load_points(_curves(evidence))


@question
def load_curve(evidence: "Evidence") -> pl.DataFrame:
    """One row per system with a capacity and step of concurrency: the fitted law and its band, of 95% at each step.

    >>> ih.latency.load_curve(evidence).height
    0

    Columns: system (text); concurrency, throughput_per_minute, low, high (number)
    """
    return verdicts.load_curve(_curves(evidence))
