"""Patience: how long those who send wait for an answer, and how often they try again, as the messages show."""

import polars as pl

from integrhealth.analyses.latency.edge_latencies import edge_name
from integrhealth.analyses.latency.surge.arrivals import EDGE, FEED, sent_between_systems
from integrhealth.language.schema import SENT_AWAY
from integrhealth.language.thresholds import MIN_TIMEOUTS, MOST_ATTEMPTS
from integrhealth.traces.facts import log_bucket, percentiles

CHAIN = (*EDGE, "operation", "object_type", "object_id", "trace_id")
# What is worth another try; a rejection is an answer.
RETRIABLE = ("failed", "timeout")
MINUTE_MS = 60_000


def patience_facts(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per integration, target, attempt and log bucket of the time to giving up: counts that add up.

    ``retriable`` failed or timed out. ``sent_away`` went into a queue, batch or file; ``waited`` were requests.
    ``bucket`` is null for whatever did not time out.
    """
    ended_at = pl.coalesce("answered_at", "finished_at")
    waited_us = (ended_at - pl.col("sent_at")).dt.total_microseconds()
    timeout = pl.col("status") == "timeout"
    bucket = pl.when(timeout & (waited_us > 0)).then(log_bucket(waited_us))
    # Counted by plain columns first, so that the large group by carries few.
    counted = (
        sent_between_systems(messages)
        .select(*EDGE, "attempt", "kind", "status", bucket=bucket)
        .group_by(*EDGE, "attempt", "kind", "status", "bucket")
        .agg(messages=pl.len().cast(pl.Int64))
        .collect(engine="streaming")
    )
    count = pl.col("messages")
    return (
        counted.with_columns(integration=edge_name())
        .group_by(*FEED, "attempt", "bucket")
        .agg(
            count.sum(),
            retriable=count.filter(pl.col("status").is_in(RETRIABLE)).sum(),
            timeouts=count.filter(timeout).sum(),
            sent_away=count.filter(pl.col("kind").is_in(SENT_AWAY)).sum(),
            waited=count.filter(pl.col("kind") == "request").sum(),
        )
        .sort(*FEED, "attempt", "bucket")
    )


def pause_facts(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per integration, target and log bucket of the pause before a retry: retries, which add up over traces.

    From the end of a failed attempt to the sending of the next one, whose number is beyond 1, of the same object,
    operation and trace; what names neither an object nor a trace is left out.
    """
    slim = sent_between_systems(messages).select(
        *CHAIN, "attempt", "sent_at", "status", ended_at=pl.coalesce("answered_at", "finished_at")
    )
    traceable = pl.any_horizontal(pl.col("object_id", "trace_id").is_not_null())
    failed = slim.filter(pl.col("status").is_in(RETRIABLE), traceable).select(*CHAIN, pl.col("attempt") + 1, "ended_at")
    retries = slim.filter(pl.col("attempt") > 1, traceable).select(*CHAIN, "attempt", "sent_at")
    pause_us = (pl.col("sent_at") - pl.col("ended_at")).dt.total_microseconds()
    return (
        retries.join(failed, on=[*CHAIN, "attempt"], nulls_equal=True)
        .filter(pause_us >= 0)
        .group_by(*EDGE, bucket=log_bucket(pause_us))
        .agg(retries=pl.len().cast(pl.Int64))
        .collect(engine="streaming")
        .with_columns(integration=edge_name())
        .group_by(*FEED, "bucket")
        .agg(pl.col("retries").sum())
        .sort(*FEED, "bucket")
    )


def patience(facts: pl.DataFrame, pauses: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """One row per integration and target: queued, idempotent, limit_minutes, pause_minutes, timeout_share, tried_again.

    `facts` and `pauses` as ``patience_facts`` and ``pause_facts`` give them, `declared` the integrations of the
    catalog. ``queued``: as the catalog says, else most of its messages are sent away. Who waits for an answer gives
    up after ``limit_minutes``: the sync_limit of the catalog, else the median time of at least 5 timeouts, else null,
    never. What is queued waits. ``tried_again`` lists, by attempt, the share of the failed ones that were followed by
    another; ``timeout_share`` is the share of those failures that were timeouts. ``idempotent`` only where the catalog
    says so.
    """
    said = declared.select("integration", "queue", "idempotent", "sync_limit_ms").unique(
        "integration", keep="first", maintain_order=True
    )
    totals = facts.group_by(FEED).agg(pl.col("retriable", "timeouts", "sent_away", "waited").sum())
    given_up = percentiles(facts, FEED, count="timeouts", quantiles={"given_up_ms": 0.5}).filter(
        pl.col("n") >= MIN_TIMEOUTS
    )
    paused = percentiles(pauses, FEED, count="retries", quantiles={"pause_ms": 0.5})
    queued = pl.coalesce("queue", pl.col("sent_away") > pl.col("waited"))
    limit = pl.coalesce(pl.when(pl.col("sync_limit_ms") > 0).then("sync_limit_ms"), "given_up_ms") / MINUTE_MS
    return (
        totals.join(said, on="integration", how="left")
        .join(given_up.drop("n"), on=FEED, how="left")
        .join(paused.drop("n"), on=FEED, how="left")
        .join(_tried_again(facts), on=FEED, how="left")
        .select(
            *FEED,
            queued=queued,
            idempotent=pl.col("idempotent").fill_null(False),
            limit_minutes=pl.when(~queued).then(limit),
            pause_minutes=pl.col("pause_ms").fill_null(0) / MINUTE_MS,
            timeout_share=pl.when(pl.col("retriable") > 0)
            .then(pl.col("timeouts") / pl.col("retriable"))
            .otherwise(0.0),
            tried_again="tried_again",
        )
        .sort("target", "integration")
    )


def _tried_again(facts: pl.DataFrame) -> pl.DataFrame:
    """One row per integration and target: tried_again, by attempt from the first."""
    # Some count from 0, some not at all.
    first = pl.when((pl.col("attempt") == 0).any().over(FEED)).then(1).otherwise(0)
    numbered = facts.with_columns(number=(pl.col("attempt") + first).fill_null(1).clip(1, MOST_ATTEMPTS))
    by_attempt = numbered.group_by(*FEED, "number").agg(pl.col("messages", "retriable").sum())
    every = facts.select(FEED).unique().join(pl.DataFrame({"number": range(1, MOST_ATTEMPTS + 1)}), how="cross")
    filled = every.join(by_attempt, on=[*FEED, "number"], how="left").with_columns(
        pl.col("messages", "retriable").fill_null(0)
    )
    following = pl.col("messages").shift(-1).over(FEED, order_by="number").fill_null(0)
    share = pl.when(pl.col("retriable") > 0).then((following / pl.col("retriable")).clip(0, 1)).otherwise(0.0)
    shares = filled.with_columns(share=share).sort(*FEED, "number")
    return shares.group_by(FEED, maintain_order=True).agg(tried_again="share")
