"""How long messages take on each edge: counts per bucket of latency that add up, and the percentiles read from them."""

import polars as pl

from integrhealth.analyses.latency.tables import TABLES
from integrhealth.language.schema import DECLINED, is_delivered, is_ended, is_exchanged, is_failed, latency_ms
from integrhealth.language.statistics import enough, wilson_interval
from integrhealth.language.thresholds import MIN_MESSAGES
from integrhealth.traces.facts import log_bucket, percentiles

EDGE = ("source", "target", "integration")
UNENDED = ("skipped", "held", "pending", "cancelled", "unknown")
QUANTILES = {"p50_ms": 0.50, "p90_ms": 0.90, "p95_ms": 0.95, "p99_ms": 0.99}
# Fewer timed messages of an hour or a day have no such percentile: the p95 of fewer than 20 is the slowest of them.
FEWEST_TIMED = {"p50_ms": 1, "p95_ms": 20}
# Messages and what metrics count are put into the same bins of time, so that promises can be judged by either.
BIN, BIN_US = "5m", 300_000_000


def edge_name() -> pl.Expr:
    """The name of an integration; an edge without one is called "source > target"."""
    return pl.coalesce("integration", pl.concat_str("source", pl.lit(" > "), "target"))


def p95_limits(promised: pl.DataFrame) -> pl.DataFrame:
    """integration, slo_p95_ms: the p95 of each integration of the catalog (`promised`) that promises one."""
    limits = promised.select("integration", "slo_p95_ms").drop_nulls()
    return limits.unique("integration", keep="first", maintain_order=True)


def latency_facts(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per source, target, integration and log bucket of latency: counts that add up over messages.

    Edges only; work inside a system (source = target) is no integration, and a load test no traffic. An edge without a
    name is called "source > target". ``bucket`` is null for messages that count in no percentile. ``declined`` are
    business rejections, where `messages` come as ``rejections.outcomes`` gives them. ``skewed`` were received or ended
    before they were sent; ``unmeasured`` were delivered or given up but have no usable latency. ``max_us`` merges by
    maximum.
    """
    status = pl.col("status")
    latency = (latency_ms() * 1000).round().cast(pl.Int64)
    waited_for = is_delivered(status) | (status == "timeout")
    backwards = (pl.coalesce("finished_at", "answered_at") < pl.col("sent_at")) | (
        pl.col("received_at") < pl.col("sent_at")
    )
    between = messages.lazy().filter(is_exchanged())
    # Counted once per status first: the big group by then carries two columns instead of twelve.
    counted = (
        between.select(
            "source", "target", "integration", "status", us=pl.when(waited_for).then(latency), back=backwards
        )
        .group_by(*EDGE, "status", pl.col("back").fill_null(False), bucket=log_bucket(pl.col("us")))
        .agg(messages=pl.len().cast(pl.Int64), max_us=pl.col("us").max())
        .collect(engine="streaming")
    )
    labelled = counted.with_columns(integration=edge_name())
    count = pl.col("messages")
    return (
        labelled.group_by(*EDGE, "bucket")
        .agg(
            messages=count.sum(),
            ended=count.filter(is_ended(status)).sum(),
            failed=count.filter(is_failed(status)).sum(),
            declined=count.filter(status == DECLINED).sum(),
            timeouts=count.filter(status == "timeout").sum(),
            rejected=count.filter(status == "rejected").sum(),
            partial=count.filter(status == "partial").sum(),
            **{name: count.filter(status == name).sum() for name in UNENDED},
            skewed=count.filter(pl.col("back")).sum(),
            measured=count.filter(pl.col("bucket").is_not_null()).sum(),
            unmeasured=count.filter(waited_for & pl.col("bucket").is_null()).sum(),
            max_us=pl.col("max_us").max(),
        )
        .sort(*EDGE, "bucket")
    )


def passed_on_facts(caused: pl.DataFrame) -> pl.DataFrame:
    """One row per source, target and integration: passed_on, how many failed because a cause had, counts that add up.

    `caused` as ``links.with_causes`` gives it.
    """
    passed_on = caused.filter(is_exchanged(), pl.col("passed_on"))
    edges = passed_on.select("source", "target", integration=edge_name())
    return edges.group_by(EDGE).agg(passed_on=pl.len().cast(pl.Int64)).sort(EDGE)


def at_most_the_largest(figure: str) -> pl.Expr:
    """A bucket's value may lie above the largest latency in it, which is known exactly; what is null stays so."""
    return pl.when(pl.col(figure).is_not_null()).then(pl.min_horizontal(figure, "max_ms"))


def integrations(facts: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per source, target and integration of `facts` (``latency_facts``), slowest p95 first.

    ``error_share`` = failed / ended, with its Wilson interval (error_low, error_high). Percentiles are over
    ``measured`` messages (delivered or timed out), with the 95% interval of p95 by order statistics, open above
    (null) below 72 of them. Below `min_messages` ended or measured messages the row stays with its counts and null
    in place of the figures.
    """
    counts = pl.exclude(*EDGE, "bucket", "max_us").sum()
    totals = facts.group_by(EDGE).agg(counts, max_ms=pl.col("max_us").max() / 1000)
    read_back = percentiles(facts, EDGE, count="measured", quantiles=QUANTILES, interval_of="p95_ms")
    read_back = read_back.drop("n").rename({"low_ms": "p95_low_ms", "high_ms": "p95_high_ms"})
    measured = pl.when(enough(pl.col("measured"), min_messages))
    ended = pl.when(enough(pl.col("ended"), min_messages))
    figures = [*QUANTILES, "p95_low_ms", "p95_high_ms"]
    low, high = wilson_interval(totals["failed"], totals["ended"])
    published = TABLES["integrations"]
    return (
        totals.with_columns(error_low=pl.Series(low, dtype=pl.Float64), error_high=pl.Series(high, dtype=pl.Float64))
        .join(read_back, on=EDGE, how="left")
        .with_columns(
            *(measured.then(at_most_the_largest(figure)).alias(figure) for figure in figures),
            error_share=ended.then(pl.col("failed") / pl.col("ended")),
            error_low=ended.then("error_low"),
            error_high=ended.then("error_high"),
            measured_by=pl.lit("messages"),
        )
        .select(*published, pl.exclude(*published))
        .sort("p95_ms", *EDGE, descending=[True, False, False, False], nulls_last=True)
    )
