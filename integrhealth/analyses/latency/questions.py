"""How long everything takes: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.latency import clocks, edge_latencies, journey_times
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
def _journey_facts(evidence: "Evidence") -> pl.DataFrame:
    return journey_times.journey_facts(evidence.journeys)


@question
def _step_facts(evidence: "Evidence") -> pl.DataFrame:
    return journey_times.step_facts(evidence.journeys)


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
    share); measured_by (text); passed_on, two_clocks (count); clock_offset_ms, p50_corrected_ms, p95_corrected_ms
    (number, ms)
    """
    passed_on = edge_latencies.passed_on_facts(evidence.caused)
    counted = edge_latencies.integrations(latency_facts(evidence), min_messages=min_messages)
    counted = counted.join(passed_on, on=edge_latencies.EDGE, how="left", maintain_order="left")
    counted = counted.with_columns(pl.col("passed_on").fill_null(0))
    rows = clocks.with_corrected(counted, corrected_latencies(evidence, min_messages=min_messages))
    return with_requests(rows, requests_by_integration(evidence, min_messages=min_messages))


@question
def journeys(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per object type, slowest mean first: how long its journeys take, and what they spend the time on.

    A journey is one trace, without trace id one business object, from its first send to its last finish. The four
    parts are means along the critical path (CRISP: Zhang et al., USENIX ATC 2022) and sum to ``mean_ms``.
    ``unended`` journeys have no end time and count in nothing else. Percentiles are null below `min_messages`
    journeys, the means never; journeys that name no object type are the row with null.

    >>> ih.latency.journeys(evidence).select("object_type", "journeys", pl.col("p95_ms").round()).head(2).rows()
    [('return', 500, 307220546.0), ('order', 2663, 168602838.0)]

    Columns: object_type (text); journeys (count); p50_ms, p95_ms, sending_ms, waiting_ms, holding_ms, working_ms
    (number, ms); unended, skewed (count); mean_ms, max_ms, p95_low_ms, p95_high_ms (number, ms)
    """
    return journey_times.journeys(_journey_facts(evidence), min_messages=min_messages)


@question
def critical_path(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per target system and operation on a critical path, most time first: what all journeys waited for.

    ``share`` = self_ms / all self_ms, with its 95% interval: the journey is the unit that was sampled (ratio
    estimate, linearised: Cochran, Sampling Techniques 1977, 6.3), null below `min_messages` journeys. ``drag_ms``:
    how much the step could shrink before something beside it limits. ``gap_ms``: how long journeys stood still
    before it, in no message; ``overhang_ms``: how long it ran on after its caller had ended. What only ever did that
    is on no path and has no row.

    >>> ih.latency.critical_path(evidence).select("system", "traces", pl.col("share").round(3)).head(2).rows()
    [('BI', 300, 0.258), ('Planning', 300, 0.203)]

    Columns: system, operation (text); self_ms (number, ms); share (number, share); drag_ms (number, ms); traces
    (count); share_low, share_high (number, share); gap_ms, overhang_ms (number, ms)
    """
    return journey_times.critical_path(_step_facts(evidence), _journey_facts(evidence), min_messages=min_messages)


@question
def waterfall(evidence: "Evidence") -> pl.DataFrame:
    """One row per object type, step of its mean journey and part, in the order of the flow, from 0 to the mean.

    ``part`` is "between steps" (the journey stood still before the step) or "step" (its self time, overhang
    included). Means are over all journeys of the type, also those without the step; ``seen`` had it.

    >>> ih.latency.waterfall(evidence).select("step", "system", "part", pl.col("to_ms").round()).head(3).rows()
    [(1, 'ERP', 'step', 112.0), (2, 'Webshop', 'between steps', 6055.0), (2, 'Webshop', 'step', 6147.0)]

    Columns: object_type (text); step (count); system, operation (text); journeys, seen (count); part (text); from_ms,
    to_ms (number, ms)
    """
    return journey_times.waterfall(_step_facts(evidence), _journey_facts(evidence))


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
