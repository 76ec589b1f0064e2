"""Latency: how long each integration takes, what a journey waits for, and which step to speed up first.

Percentiles are read from logarithmic buckets that add up and are at most 1% off; they are never averaged. Timeouts
count with the time at which they were given up, a floor of the true wait; failed and rejected messages do not count:
failing fast is not being fast.
"""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.latency.findings import latency_findings
from integrhealth.analyses.latency.tables import TABLES
from integrhealth.language.report_tables import Report, published_report
from integrhealth.language.schema import is_delivered, is_ended, is_failed, latency_ms
from integrhealth.language.statistics import ratio_margin, wilson_interval
from integrhealth.language.thresholds import MIN_MESSAGES
from integrhealth.traces import links
from integrhealth.traces.facts import log_bucket, percentiles
from integrhealth.traces.journeys import PARTS, Journeys
from integrhealth.traces.journeys import journeys as walked

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

NAME = "latency"
HOP = ("source", "target", "integration")
STEP = ("system", "operation")
UNENDED = ("skipped", "held", "pending", "cancelled", "unknown")
QUANTILES = {"p50_ms": 0.50, "p90_ms": 0.90, "p95_ms": 0.95, "p99_ms": 0.99}
LATER = {
    "shifts": "Shifts of latency over time are not detected yet by this version.",
    "slo": "Service levels are not judged over time yet by this version.",
    "capacity": "Capacity is not estimated yet by this version.",
    "surge": "A surge is not simulated yet by this version.",
}
MISSING = "needs messages: traces (OTLP, Jaeger, Zipkin) or a table mapped to messages"


def latency_facts(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per source, target, integration and log bucket of latency: counts that add up over messages.

    Hops only; work inside a system (source = target) is no integration. A hop without a name is called
    "source > target". ``bucket`` is null for messages that count in no percentile. ``skewed`` were received or ended
    before they were sent; ``unmeasured`` were delivered or given up but have no usable latency. ``max_us`` merges by
    maximum.
    """
    status = pl.col("status")
    latency = (latency_ms() * 1000).round().cast(pl.Int64)
    waited_for = is_delivered(status) | (status == "timeout")
    backwards = (pl.coalesce("finished_at", "answered_at") < pl.col("sent_at")) | (
        pl.col("received_at") < pl.col("sent_at")
    )
    hops = messages.lazy().filter(pl.col("source") != pl.col("target"))
    # Counted once per status first: the big group by then carries two columns instead of twelve.
    counted = (
        hops.select("source", "target", "integration", "status", us=pl.when(waited_for).then(latency), back=backwards)
        .group_by(*HOP, "status", pl.col("back").fill_null(False), bucket=log_bucket(pl.col("us")))
        .agg(messages=pl.len().cast(pl.Int64), max_us=pl.col("us").max())
        .collect(engine="streaming")
    )
    named = counted.with_columns(
        integration=pl.coalesce("integration", pl.concat_str("source", pl.lit(" > "), "target"))
    )
    count = pl.col("messages")
    return (
        named.group_by(*HOP, "bucket")
        .agg(
            messages=count.sum(),
            ended=count.filter(is_ended(status)).sum(),
            failed=count.filter(is_failed(status)).sum(),
            timeouts=count.filter(status == "timeout").sum(),
            rejected=count.filter(status == "rejected").sum(),
            partial=count.filter(status == "partial").sum(),
            **{name: count.filter(status == name).sum() for name in UNENDED},
            skewed=count.filter(pl.col("back")).sum(),
            measured=count.filter(pl.col("bucket").is_not_null()).sum(),
            unmeasured=count.filter(waited_for & pl.col("bucket").is_null()).sum(),
            max_us=pl.col("max_us").max(),
        )
        .sort(*HOP, "bucket")
    )


def _at_most_the_largest(figure: str) -> pl.Expr:
    """A bucket's value may lie above the largest latency in it, which is known exactly; what is null stays so."""
    return pl.when(pl.col(figure).is_not_null()).then(pl.min_horizontal(figure, "max_ms"))


def integrations(facts: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per source, target and integration, slowest p95 first.

    ``error_share`` = failed / ended, with its Wilson interval (error_low, error_high). Percentiles are over
    ``measured`` messages (delivered or timed out), with the 95% interval of p95 by order statistics, open above
    (null) below 72 of them. Below
    MIN_MESSAGES ended or measured messages the row stays with its counts and null in place of the figures.
    """
    counts = pl.exclude(*HOP, "bucket", "max_us").sum()
    totals = facts.group_by(HOP).agg(counts, max_ms=pl.col("max_us").max() / 1000)
    found = percentiles(facts, HOP, count="measured", quantiles=QUANTILES, interval_of="p95_ms")
    enough = pl.when(pl.col("measured") >= max(min_messages, 1))
    ended = pl.when(pl.col("ended") >= max(min_messages, 1))
    renamed = found.drop("n").rename({"low_ms": "p95_low_ms", "high_ms": "p95_high_ms"})
    figures = [*QUANTILES, "p95_low_ms", "p95_high_ms"]
    low, high = wilson_interval(totals["failed"], totals["ended"])
    return (
        totals.with_columns(error_low=pl.Series(low, dtype=pl.Float64), error_high=pl.Series(high, dtype=pl.Float64))
        .join(renamed, on=HOP, how="left")
        .with_columns(
            *(enough.then(_at_most_the_largest(figure)).alias(figure) for figure in figures),
            error_share=ended.then(pl.col("failed") / pl.col("ended")),
            error_low=ended.then("error_low"),
            error_high=ended.then("error_high"),
        )
        .sort("p95_ms", *HOP, descending=[True, False, False, False], nulls_last=True)
    )


def journey_facts(found: Journeys) -> pl.DataFrame:
    """One row per object type and log bucket of duration: sums over journeys, in microseconds, that add up.

    ``bucket`` is null for journeys without any end. The parts are those along the critical path, gaps counted as
    waiting; ``path_us`` is the self time on it and ``path_sq`` the sum of its squares over journeys, in ms².
    """
    sums = found.steps.group_by("journey").agg(pl.col(*PARTS, "gap_us", "self_us").sum())
    path = pl.col("self_us")
    return (
        found.journeys.join(sums, on="journey", how="left")
        .with_columns(pl.col(*PARTS, "gap_us", "self_us").fill_null(0))
        .with_columns(waiting_us=pl.col("waiting_us") + pl.col("gap_us"), bucket=log_bucket(pl.col("duration_us")))
        .group_by("object_type", "bucket")
        .agg(
            pl.col("messages", "skewed", "duration_us", *PARTS).sum(),
            journeys=pl.len().cast(pl.Int64),
            path_us=path.sum(),
            path_sq=(path / 1000).pow(2).sum(),
            max_us=pl.col("duration_us").max(),
        )
        .sort("object_type", "bucket")
    )


def step_facts(found: Journeys) -> pl.DataFrame:
    """One row per object type, system and operation on a critical path or overhanging it: sums that add up.

    ``traces`` counts the journeys with it on their path, ``seen`` those with it at all. ``start_us`` sums when it
    first began after the start of the journey.
    ``self_sq`` and ``cross`` are sums over journeys of the self time squared and times all self time of the journey,
    in ms²: what the interval of a share needs.
    """
    total = found.steps.group_by("journey").agg(all_us=pl.col("self_us").sum())
    typed = found.journeys.select("journey", "object_type")
    self_ms = pl.col("self_us") / 1000
    summed = pl.col("self_us", "gap_us", "overhang_us", "drag_us").sum()
    return (
        found.steps.group_by("journey", *STEP)
        .agg(summed, pl.col("start_us").min(), pl.col("on_path").any())
        .join(total, on="journey")
        .join(typed, on="journey")
        .group_by("object_type", *STEP)
        .agg(
            summed,
            pl.col("start_us").sum(),
            traces=pl.col("on_path").sum().cast(pl.Int64),
            seen=pl.len().cast(pl.Int64),
            self_sq=self_ms.pow(2).sum(),
            cross=(self_ms * pl.col("all_us") / 1000).sum(),
        )
        .sort("object_type", *STEP)
    )


def journeys(facts: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per object type, slowest mean first: how long its journeys take, and how that time is spent.

    The four parts are means along the critical path and sum to ``mean_ms``. ``unended`` journeys have no end time
    and count in nothing else. Percentiles are null below MIN_MESSAGES journeys, the means never. Journeys whose
    messages name no object type are the row with null.
    """
    ended = pl.col("bucket").is_not_null()
    kept = pl.col("journeys").filter(ended).sum()
    means = {column.replace("_us", "_ms"): pl.col(column).filter(ended).sum() / 1000 / kept for column in PARTS}
    totals = facts.group_by("object_type").agg(
        journeys=kept,
        unended=pl.col("journeys").filter(~ended).sum(),
        skewed=pl.col("skewed").sum(),
        mean_ms=pl.col("duration_us").filter(ended).sum() / 1000 / kept,
        max_ms=pl.col("max_us").max() / 1000,
        **means,
    )
    wanted = {name: QUANTILES[name] for name in ("p50_ms", "p95_ms")}
    found = percentiles(facts, ["object_type"], count="journeys", quantiles=wanted, interval_of="p95_ms")
    found = found.drop("n").rename({"low_ms": "p95_low_ms", "high_ms": "p95_high_ms"})
    enough = pl.when(pl.col("journeys") >= max(min_messages, 1))
    figures = [*wanted, "p95_low_ms", "p95_high_ms"]
    return (
        totals.join(found, on="object_type", how="left", nulls_equal=True)
        .with_columns(enough.then(_at_most_the_largest(figure)).alias(figure) for figure in figures)
        .with_columns(pl.col("mean_ms", *means).fill_nan(None))
        .sort("mean_ms", "object_type", descending=[True, False], nulls_last=True)
    )


def critical_path(steps: pl.DataFrame, whole: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per target system and operation, most time first: what all journeys together waited for.

    STEPS and WHOLE are ``step_facts`` and ``journey_facts``. ``share`` = self_ms / all self_ms, with its 95%
    interval: journeys are the sampled units (ratio estimate, linearised); null below MIN_MESSAGES journeys.
    ``drag_ms``: how much the step could shrink before something beside it limits. ``gap_ms``: how long the journeys
    stood still before the step, in no message; ``overhang_ms``: how long it ran on after its caller had ended (what
    only ever did that is on no path and has no row).
    """
    summed = steps.group_by(STEP).agg(pl.exclude("object_type", "start_us").sum()).filter(pl.col("traces") > 0)
    all_us, all_sq = pl.lit(whole["path_us"].sum()), pl.lit(whole["path_sq"].sum())
    share = pl.when(all_us > 0).then(pl.col("self_us") / all_us)
    squares = pl.col("self_sq"), pl.col("cross"), all_sq
    # Rounded, since sums of squares depend on the order of rows in their last digits.
    margin = ratio_margin(*squares, ratio=pl.col("share"), bottom=all_us / 1000).round(9)
    enough = pl.when(pl.lit(whole["journeys"].sum()) >= max(min_messages, 1))
    in_ms = [(pl.col(f"{name}_us") / 1000).alias(f"{name}_ms") for name in ("self", "drag", "gap", "overhang")]
    return (
        summed.with_columns(*in_ms, share=share)
        .with_columns(
            share_low=enough.then((pl.col("share") - margin).clip(0)),
            share_high=enough.then((pl.col("share") + margin).clip(upper_bound=1)),
        )
        .select(*STEP, "self_ms", "share", "drag_ms", "traces", "share_low", "share_high", "gap_ms", "overhang_ms")
        .sort("self_ms", *STEP, descending=[True, False, False])
    )


def waterfall(steps: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """One row per object type, step of its mean journey and part, in the order of the flow, from 0 to the mean.

    Steps stand in order of when they began on average. ``part`` is "between steps" (the journey stood still before
    the step) or "step" (its self time, overhang included); from_ms to to_ms is the mean over all journeys of the
    type, also those without the step.
    """
    journeys = whole.filter(pl.col("bucket").is_not_null()).group_by("object_type").agg(pl.col("journeys").sum())
    begins = pl.col("start_us") / pl.col("seen")
    ordered = (
        steps.join(journeys, on="object_type", nulls_equal=True)
        .sort(pl.col("object_type"), begins, *STEP)
        .with_columns(step=pl.int_range(1, pl.len() + 1).over("object_type"))
    )
    parts = {"between steps": pl.col("gap_us"), "step": pl.col("self_us") + pl.col("overhang_us")}
    columns = ("object_type", "step", *STEP, "journeys", "seen")
    rows = [ordered.select(*columns, part=pl.lit(part), us=us) for part, us in parts.items()]
    reached = pl.col("us").cum_sum().over("object_type")
    return (
        pl.concat(rows)
        .sort("object_type", "step", "part")
        .with_columns(
            from_ms=(reached - pl.col("us")) / 1000 / pl.col("journeys"), to_ms=reached / 1000 / pl.col("journeys")
        )
        .filter(pl.col("us") != 0)
        .drop("us")
    )


def report(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> Report:
    """All published tables of latency, its findings, and why a table is empty."""
    found = walked(links.linked(evidence.messages), holds=evidence.holds)
    steps, whole = step_facts(found), journey_facts(found)
    tables = {
        "integrations": integrations(latency_facts(evidence.messages), min_messages=min_messages),
        "journeys": journeys(whole, min_messages=min_messages),
        "critical_path": critical_path(steps, whole, min_messages=min_messages),
        "waterfall": waterfall(steps, whole),
    }
    notes = dict(LATER)
    if evidence.messages.height and not tables["integrations"].height:
        notes["integrations"] = "No message passed from one system to another."
    if evidence.messages.height and not steps.height:
        notes["critical_path"] = "No journey has an end: finished_at and answered_at are null throughout."
    return published_report(
        NAME,
        TABLES,
        tables,
        latency_findings(tables, evidence.catalog.integrations, min_messages=min_messages),
        notes=notes,
        missing=None if evidence.messages.height else MISSING,
    )
