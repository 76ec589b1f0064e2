"""What requests of metrics say of integrations: how many fail, how long they take, hour by hour and bin by bin."""

from collections.abc import Sequence

import polars as pl

from integrhealth.analyses.latency.request_metrics.requests import ENDS, UNLABELLED
from integrhealth.language.schema import COUNT, NUMBER, is_ended, is_failed
from integrhealth.language.statistics import enough, wilson_interval
from integrhealth.traces.facts import log_bucket

QUANTILES = {"p50_ms": 0.50, "p90_ms": 0.90, "p95_ms": 0.95, "p99_ms": 0.99}
# Fewer timed requests of an hour have no such percentile, as for messages.
FEWEST_TIMED = {"p50_ms": 1, "p95_ms": 20}
EDGE = (*ENDS, "integration")
# What took longer than the last bound of a histogram is drawn so much above it.
BEYOND = 0.05


def integration_names(edges: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """source, target, integration: which integration each of `edges` is, as the catalog has `declared` it.

    An edge is the first that leads from its source to its target, else "source > target". Where no label names who
    asks it is the only one declared into the system, if none of the edges is, else the system itself.
    """
    seen = edges.select(ENDS).unique().sort(ENDS)
    by_edge = declared.select(*ENDS, by_edge="integration").drop_nulls()
    by_edge = by_edge.unique(ENDS, keep="first", maintain_order=True)
    into = declared.select("target", "integration").drop_nulls().unique().group_by("target").agg(pl.col("integration"))
    sole = into.filter(pl.col("integration").list.len() == 1).select("target", by_target=pl.col("integration").list[0])
    sole = sole.join(seen.drop_nulls("source"), on="target", how="anti")
    by_name = pl.when(pl.col("source").is_null()).then(pl.coalesce("by_target", "target"))
    by_name = by_name.otherwise(pl.coalesce("by_edge", pl.format("{} > {}", "source", "target")))
    joined = seen.join(by_edge, on=ENDS, how="left").join(sole, on="target", how="left")
    return joined.select(*ENDS, integration=by_name)


def bounds(taken: pl.DataFrame, keys: Sequence[str], quantiles: dict[str, float]) -> pl.DataFrame:
    """One row per combination of `keys`: ``measured`` requests, and for each quantile between what times it lies.

    The request of rank ceil(q n) took at least ``<quantile>_low`` and at most ``<quantile>``, which is null where no
    bucket ends: all that buckets can say. Where histograms with other bounds were added the rank is sought once as if
    every request had taken the least that its bucket says, and once the most.
    """
    counted = taken.group_by(*keys, "low_ms", "high_ms").agg(pl.col("requests").sum())
    whole = counted.group_by(keys).agg(measured=pl.col("requests").sum()).sort(keys)
    answers = whole
    for side in ("low_ms", "high_ms"):
        ordered = counted.join(whole, on=keys, nulls_equal=True).sort(*keys, side)
        ordered = ordered.with_columns(reached=pl.col("requests").cum_sum().over(keys))
        read = [
            pl.col(side)
            .filter(pl.col("reached") >= (q * pl.col("measured") - 1e-9).ceil().clip(1))
            .first()
            .alias(name if side == "high_ms" else f"{name}_low")
            for name, q in quantiles.items()
        ]
        answers = answers.join(ordered.group_by(keys).agg(read), on=keys, nulls_equal=True)
    finite = [pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in quantiles]
    return answers.with_columns(finite).sort(keys)


def integrations(ended: pl.DataFrame, taken: pl.DataFrame, *, min_messages: int) -> pl.DataFrame:
    """One row per source, target and integration that metrics count, with the columns of the table `integrations`.

    A percentile is the upper bound of its bucket: so many took at most so long; null where the bucket has no end.
    ``p95_low_ms`` and ``p95_high_ms`` are the bounds of the bucket of p95.
    """
    status, count = pl.col("status"), pl.col("requests")
    parts = {"timeouts": "timeout", "rejected": "rejected", "cancelled": "cancelled"}
    totals = ended.group_by(EDGE).agg(
        messages=count.sum(),
        ended=count.filter(is_ended(status)).sum(),
        failed=count.filter(is_failed(status)).sum(),
        **{column: count.filter(status == word).sum() for column, word in parts.items()},
        unknown=count.filter(status.is_in(["unknown", UNLABELLED])).sum(),
    )
    read = bounds(taken, EDGE, QUANTILES)
    joined = totals.join(read, on=EDGE, how="left", nulls_equal=True).with_columns(pl.col("measured").fill_null(0))
    timed = pl.when(enough(pl.col("measured"), min_messages))
    judged = pl.when(enough(pl.col("ended"), min_messages))
    low, high = wilson_interval(joined["failed"], joined["ended"])
    return (
        joined.with_columns(error_low=pl.Series(low, dtype=NUMBER), error_high=pl.Series(high, dtype=NUMBER))
        .with_columns(
            timed.then(pl.col(QUANTILES)).name.keep(),
            p95_low_ms=timed.then("p95_ms_low"),
            p95_high_ms=timed.then("p95_ms"),
            error_share=judged.then(pl.col("failed") / pl.col("ended")),
            error_low=judged.then("error_low"),
            error_high=judged.then("error_high"),
        )
        .drop([f"{name}_low" for name in QUANTILES])
        .sort("p95_ms", *EDGE, descending=[True, False, False, False], nulls_last=True)
    )


def with_requests(integrations: pl.DataFrame, by_metrics: pl.DataFrame) -> pl.DataFrame:
    """The table `integrations`, slowest p95 first, plus the rows that metrics alone tell, in the same columns."""
    if by_metrics.is_empty():
        return integrations
    labelled = by_metrics.with_columns(measured_by=pl.lit("metrics"))
    added = labelled.select(
        (pl.col(name) if name in labelled.columns else pl.lit(0 if dtype == COUNT else None)).cast(dtype).alias(name)
        for name, dtype in integrations.schema.items()
    )
    order = ("p95_ms", *EDGE)
    return pl.concat([integrations, added]).sort(order, descending=[True, False, False, False], nulls_last=True)


def over_time(ended: pl.DataFrame, taken: pl.DataFrame, width: str) -> pl.DataFrame:
    """One row per integration and `width` of time that was measured: messages, ended, failed, timed, p50_ms, p95_ms.

    An hour without a sample has no row: nobody knows whether there was traffic. The percentiles are the upper bounds
    of their buckets.
    """
    keys = ["integration", "at"]
    begin = pl.col("at").dt.truncate(width)
    read = bounds(taken.with_columns(at=begin), keys, {name: QUANTILES[name] for name in FEWEST_TIMED})
    figures = [pl.when(pl.col("timed") >= least).then(name).alias(name) for name, least in FEWEST_TIMED.items()]
    return (
        _counted(ended.with_columns(at=begin))
        .join(read.rename({"measured": "timed"}), on=keys, how="left")
        .with_columns(pl.col("timed").fill_null(0))
        .select(*keys, "messages", "ended", "failed", "timed", *figures)
        .sort(keys)
    )


def bucket_facts(taken: pl.DataFrame) -> pl.DataFrame:
    """One row per integration, hour and log bucket of latency, as messages are counted over time, for charts.

    A request stands at the upper bound of its bucket; where that has no end, just above its lower one.
    """
    highest = pl.when(pl.col("high_ms").is_finite()).then("high_ms").otherwise(pl.col("low_ms") * (1 + BEYOND))
    bucket = log_bucket((highest * 1000).round().cast(COUNT))
    counted = taken.group_by("integration", pl.col("at").dt.truncate("1h"), bucket=bucket)
    sums = counted.agg(messages=pl.col("requests").sum())
    nothing = (pl.lit(0, COUNT).alias(name) for name in ("ended", "failed"))
    return sums.with_columns(nothing).sort("integration", "at", "bucket")


def _counted(ended: pl.DataFrame) -> pl.DataFrame:
    status, count = pl.col("status"), pl.col("requests")
    return ended.group_by("integration", "at").agg(
        messages=count.sum(),
        ended=count.filter(is_ended(status)).sum(),
        failed=count.filter(is_failed(status)).sum(),
    )


def bins(ended: pl.DataFrame, taken: pl.DataFrame, promised: pl.DataFrame) -> pl.DataFrame:
    """One row per integration and five minutes with requests that ended: ended, bad, timed and slower.

    ``slower`` took certainly longer than the ``slo_p95_ms`` that `promised` names: they lie in buckets that begin at
    it or above. ``timed`` and ``slower`` are 0 where it names none.
    """
    keys = ["integration", "at"]
    limits = promised.select("integration", "slo_p95_ms").drop_nulls()
    limits = limits.unique("integration", keep="first", maintain_order=True)
    held = (
        taken.join(limits, on="integration")
        .group_by(keys)
        .agg(timed=pl.col("requests").sum(), slower=slower(pl.col("slo_p95_ms")))
    )
    counted = _counted(ended).select(*keys, "ended", bad="failed")
    joined = counted.join(held, on=keys, how="full", coalesce=True).with_columns(pl.exclude(keys).fill_null(0))
    return (
        joined.filter((pl.col("ended") > 0) | (pl.col("timed") > 0))
        .sort(keys)
        .cast(dict.fromkeys(("ended", "bad", "timed", "slower"), COUNT))
    )


def spending(ended: pl.DataFrame, taken: pl.DataFrame, promised: pl.DataFrame) -> pl.DataFrame:
    """One row per integration, promise, five minutes and what the budget was spent on: bad, as in ``bins``.

    A failed request is spent on its status, one slower than promised on its system or edge.
    """
    failed = ended.filter(is_failed(pl.col("status"))).select(
        "integration", "at", promise=pl.lit("success"), spent_on="status", bad="requests"
    )
    limits = promised.select("integration", "slo_p95_ms").drop_nulls()
    limits = limits.unique("integration", keep="first", maintain_order=True)
    over = (
        taken.join(limits, on="integration")
        .filter(is_slower(pl.col("slo_p95_ms")))
        .select(
            "integration",
            "at",
            promise=pl.lit("p95"),
            spent_on=pl.concat_str("source", "target", separator=" > ", ignore_nulls=True),
            bad="requests",
        )
    )
    keys = ["integration", "promise", "at", "spent_on"]
    summed = pl.concat([failed, over]).group_by(keys).agg(pl.col("bad").sum())
    return summed.filter(pl.col("bad") > 0).sort(keys)


def is_slower(limit: pl.Expr) -> pl.Expr:
    """The requests of a bucket certainly took longer than `limit`: it begins there or above."""
    # A limit that is a bound in seconds need not be the same number in milliseconds.
    return pl.col("low_ms") >= limit * (1 - 1e-9)


def slower(limit: pl.Expr) -> pl.Expr:
    """How many of the requests of buckets certainly took longer than `limit`."""
    return pl.col("requests").filter(is_slower(limit)).sum()
