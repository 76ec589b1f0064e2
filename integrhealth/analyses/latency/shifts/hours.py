"""What each hour of each integration was like: counts per bucket of latency that add up, and what is read from them."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.latency.edge_latencies import FEWEST_TIMED, QUANTILES, edge_name
from integrhealth.language.period import outlying
from integrhealth.language.schema import TIME, is_delivered, is_ended, is_exchanged, is_failed, latency_ms
from integrhealth.traces.facts import bucket_ms, log_bucket

BIN = ("integration", "at")
FACT = (*BIN, "bucket")
HOUR_US = 3_600_000_000


def hour_facts(messages: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """One row per integration, hour of sending (UTC) and log bucket of latency: counts that add up over messages.

    Edges only, each integration by its name over all its edges; load tests are no traffic. What was delivered or timed
    out is timed; ``bucket`` is null for all else and for what has no usable latency. ``declined`` messages, where
    `messages` come as ``rejections.outcomes`` gives them, ended and did not fail.
    """
    status = pl.col("status")
    timed = is_delivered(status) | (status == "timeout")
    latency = (latency_ms() * 1000).round().cast(pl.Int64)
    counted = (
        messages.lazy()
        .filter(is_exchanged(), pl.col("sent_at").is_not_null())
        .select(
            integration=edge_name(),
            # By arithmetic: truncation of times takes several times as long.
            at=pl.col("sent_at").dt.epoch("us") // HOUR_US * HOUR_US,
            bucket=log_bucket(pl.when(timed).then(latency)),
            ended=is_ended(status).cast(pl.Int64),
            failed=is_failed(status).cast(pl.Int64),
        )
        .group_by(FACT)
        .agg(pl.len().cast(pl.Int64).alias("messages"), pl.col("ended", "failed").sum())
        .collect(engine="streaming")
    )
    return _in_order(counted).with_columns(pl.col("at").cast(TIME))


def _in_order(facts: pl.DataFrame) -> pl.DataFrame:
    """`facts` sorted by integration, time and bucket, by one number for the three, which takes half as long."""
    names = facts["integration"].unique().sort()
    place = pl.col("integration").cast(pl.Enum(names)).to_physical().cast(pl.Int64)
    hour, bucket = pl.col("at").cast(pl.Int64) // HOUR_US, pl.col("bucket").cast(pl.Int64).fill_null(-2) + 2
    return facts.sort((place * 2**28 + hour) * 2**12 + bucket)


def hours(facts: pl.DataFrame) -> pl.DataFrame:
    """One row per integration and hour from its first to its last message: an hour without any has 0 messages.

    `facts` as ``hour_facts`` gives them. ``timed`` of the messages have a latency; p50_ms is null without any, p95_ms
    below 20 of them, as it would be the slowest.
    """
    return _bins(facts, "1h")


def days(facts: pl.DataFrame) -> pl.DataFrame:
    """The same per day (UTC), for integrations that have few messages in an hour."""
    counts = pl.col("messages", "ended", "failed").sum()
    by_day = facts.group_by("integration", pl.col("at").dt.truncate("1d"), "bucket").agg(counts)
    return _bins(_in_order(by_day), "1d")


def _bins(facts: pl.DataFrame, width: str) -> pl.DataFrame:
    # A message of 1970 would make half a million empty hours.
    facts = facts.filter(~outlying(facts["at"]))
    timed = pl.when(pl.col("bucket").is_not_null()).then("messages").otherwise(0)
    counts = (
        facts.lazy()
        .select(*BIN, "messages", "ended", "failed", timed=timed)
        .group_by(BIN)
        .agg(pl.all().sum())
        .sort(BIN)
        .collect()
    )
    period = counts.group_by("integration").agg(first=pl.col("at").min(), last=pl.col("at").max())
    every = period.select("integration", at=pl.datetime_ranges("first", "last", interval=width)).explode("at")
    return (
        every.join(counts.with_columns(_read_back(facts, counts["timed"].to_numpy())), on=BIN, how="left")
        .with_columns(pl.col("messages", "ended", "failed", "timed").fill_null(0))
        .sort(BIN)
    )


def _read_back(facts: pl.DataFrame, timed: NDArray) -> list[pl.Series]:
    """The percentiles of each bin: the bucket of rank ceil(q n), as ``facts.percentiles`` reads them.

    `facts` are sorted by bin and bucket, `timed` is how many messages each bin has in them: so one running count over
    all of them reaches every rank of every bin, without a sort.
    """
    buckets = facts.filter(pl.col("bucket").is_not_null())
    reached, before = buckets["messages"].cum_sum().to_numpy(), np.cumsum(timed) - timed
    figures = []
    for name, fewest in FEWEST_TIMED.items():
        enough = timed >= fewest
        rank = np.maximum(np.ceil(QUANTILES[name] * timed - 1e-9), 1)
        row = pl.Series(np.searchsorted(reached, before + rank)).set(pl.Series(~enough), None)
        read = buckets.select(bucket_ms(pl.col("bucket")).alias(name)).to_series()
        figures.append(read.gather(row))
    return figures
