"""How long everything takes: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.latency import clocks, edge_latencies, omission
from integrhealth.analyses.latency import measurements as measured
from integrhealth.analyses.latency.request_metrics.answers import with_requests
from integrhealth.analyses.latency.request_metrics.questions import requests_by_integration
from integrhealth.language.measured import readings
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def latency_facts(evidence: "Evidence") -> pl.DataFrame:
    """One row per source, target, integration and bucket of latency: counts that add up over messages."""
    return edge_latencies.latency_facts(evidence.outcomes)


@question
def clock_offsets(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per source and target whose clocks can be compared, as `clocks.offsets`."""
    return clocks.offsets(clocks.way_facts(evidence.outcomes), min_messages=min_messages)


@question
def corrected_latencies(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per edge that two clocks time: their offset, and the latencies without it, as `clocks.corrected`."""
    apart = clock_offsets(evidence, min_messages=min_messages)
    return clocks.corrected(clocks.corrected_facts(evidence.outcomes, apart), apart, min_messages=min_messages)


@question
def _unsent(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    declared = evidence.catalog.integrations
    followed = omission.schedules(omission.send_gaps(evidence.messages), declared, min_messages=min_messages)
    sent = omission.sent_facts(evidence.messages)
    return omission.corrected(latency_facts(evidence), sent, followed, min_messages=min_messages)


@question
def integrations(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per source, target and integration, slowest p95 first: how long its messages take, and how many fail.

    Percentiles are over the messages delivered or timed out, with the 95% interval of p95 by order statistics; they
    are read from logarithmic buckets, at most 1% off (DDSketch, Masson et al., VLDB 2019). Failed and rejected
    messages count in none: failing fast is not being fast. ``error_share`` = failed / ended, with its Wilson
    interval; those ``passed_on`` failed because a message that caused it had. Business rejections, such as a declined
    payment, are ``declined``: they ended and did not fail. Where the clock of the target ends what that of the source
    began, ``clock_offset_ms`` is how far it is ahead, and the percentiles called corrected are over those
    ``two_clocks`` messages without it. Below `min_messages` the counts stay and the figures are null. Work inside a
    system is no integration.

    What no messages tell of but counters and histograms of requests is ``measured_by`` "metrics": per system (source
    null) or, where labels name who asks, per edge. A percentile is then the upper bound of its bucket: so many took at
    most so long, null where it has no end; ``p95_low_ms`` and ``p95_high_ms`` are the bounds of that of p95.

    >>> seen = "integration", "messages", "failed", pl.col("p95_ms").round()
    >>> ih.latency.integrations(evidence).select(seen).head(2).rows()
    [('bi-sales', 300, 0, 163215.0), ('planning-demand', 300, 0, 120912.0)]

    Columns: source, target, integration (text); messages (count); error_share (number, share); p50_ms, p90_ms, p95_ms,
    p99_ms, max_ms, p95_low_ms, p95_high_ms (number, ms); ended, failed, declined, timeouts, rejected, partial,
    skipped, held, pending, cancelled, unknown, skewed, measured, unmeasured (count); error_low, error_high (number,
    share); measured_by (text); passed_on, two_clocks (count); clock_offset_ms, p50_corrected_ms, p95_corrected_ms,
    schedule_ms (number, ms); schedule_from (text); unsent (count); p95_unsent_ms, p99_unsent_ms (number, ms)
    """
    passed_on = edge_latencies.passed_on_facts(evidence.caused)
    counted = edge_latencies.integrations(latency_facts(evidence), min_messages=min_messages)
    counted = counted.join(passed_on, on=edge_latencies.EDGE, how="left", maintain_order="left")
    counted = counted.with_columns(pl.col("passed_on").fill_null(0))
    counted = clocks.with_corrected(counted, corrected_latencies(evidence, min_messages=min_messages))
    unsent = _unsent(evidence, min_messages=min_messages)
    joined = counted.join(unsent, on=edge_latencies.EDGE, how="left", maintain_order="left")
    rows = joined.with_columns(
        edge_latencies.at_most_the_largest(figure).alias(figure) for figure in omission.QUANTILES
    )
    return with_requests(rows, requests_by_integration(evidence, min_messages=min_messages))


@question
def _readings(evidence: "Evidence") -> pl.DataFrame:
    return readings(evidence.metrics)


@question
def measurements(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per system, metric, statistic and unit: what was measured, and where the measuring paused.

    First comes what went furthest from its usual value, up or down. A counter (statistic "cumulative") is its rate
    per second between two samples; where it fell it began anew, which ``resets`` counts. ``gaps`` is the longest
    pause between samples as a multiple of the usual one. ``median`` and ``p95`` are null below `min_messages` samples.

    >>> sample = {"system": "db", "metric": "rows", "statistic": "cumulative"}
    >>> seen = {"12:00": 100.0, "12:01": 160.0, "12:02": 30.0, "12:05": 120.0}
    >>> rows = [sample | {"time": f"2026-03-02T{time}:00Z", "value": value} for time, value in seen.items()]
    >>> measured = ih.latency.measurements(ih.Evidence(metrics=pl.DataFrame(rows)))
    >>> measured.select("metric", "unit", "samples", "max", "last", "gaps", "resets").rows()
    [('rows', '/s', 4, 1.0, 0.5, 3.0, 1)]

    Columns: system, metric, statistic, unit (text); samples (count); first_at, last_at (time, UTC); median, p95, max,
    last (number, unit); gaps (number, times the usual step); resets (count)
    """
    return measured.measurements(_readings(evidence), min_messages=min_messages)


@question
def measurements_over_time(evidence: "Evidence") -> pl.DataFrame:
    """One row per step of the twelve series that went furthest from their usual value, in the order of those.

    What a series covers is cut into 240 steps; ``at`` is the first sample of a step, ``samples`` how many it has.

    >>> rows = [{"time": "2026-03-02T12:00:00Z", "system": "db", "metric": "load", "value": load} for load in (0.5,)]
    >>> ih.latency.measurements_over_time(ih.Evidence(metrics=pl.DataFrame(rows))).select("metric", "mean").rows()
    [('load', 0.5)]

    Columns: system, metric, statistic, unit (text); at (time, UTC); mean, least, most (number, unit); samples (count)
    """
    return measured.measurements_over_time(_readings(evidence), measurements(evidence))
