"""What came when: messages of each integration by the hour, counts that add up, and until when the evidence goes.

Every message is a sign of life, however it ended; load tests are none, nor is work inside a system. A trace that is
already under way goes on where the evidence ends, days after the last one began: evidence is cut by whole traces. It
ends where the last trace began.
"""

from datetime import datetime

import polars as pl

from integrhealth.analyses.latency.edge_latencies import edge_name
from integrhealth.language.period import outlying
from integrhealth.language.schema import COUNT, is_delivered, is_exchanged
from integrhealth.language.thresholds import MAX_TRACE_MESSAGES, STRAGGLING_SHARE

KEYS = ("integration", "hour")


def arrival_facts(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per integration and hour (UTC) in which something was sent: counts that add up over messages.

    ``sized`` were delivered and say how many bytes they brought, ``empty`` of them none; ``min_at`` and ``max_at`` are
    the first and the last moment, which merge by minimum and maximum.
    """
    sized = is_delivered(pl.col("status")) & pl.col("bytes").is_not_null()
    return (
        messages.lazy()
        .filter(is_exchanged())
        .select("source", "target", "integration", "sent_at", "bytes", sized=sized)
        .group_by("source", "target", "integration", hour=pl.col("sent_at").dt.truncate("1h"))
        .agg(
            messages=pl.len().cast(COUNT),
            sized=pl.col("sized").sum().cast(COUNT),
            empty=(pl.col("sized") & (pl.col("bytes") == 0)).sum().cast(COUNT),
            bytes=pl.col("bytes").filter("sized").sum().cast(COUNT),
            min_at=pl.col("sent_at").min(),
            max_at=pl.col("sent_at").max(),
        )
        .with_columns(integration=edge_name())
        .group_by(KEYS)
        .agg(
            pl.col("messages", "sized", "empty", "bytes").sum(),
            pl.col("min_at").min(),
            pl.col("max_at").max(),
        )
        .sort(KEYS)
        .collect(engine="streaming")
    )


def beginning_facts(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per hour (UTC) in which traces began: traces, max_at; they add up over traces.

    A message without a trace is one of its own, and so are those of a trace that is too long for one.
    """
    traced = pl.col("trace_id").is_not_null()
    begun = messages.lazy().filter(is_exchanged()).select("sent_at", trace=pl.col("trace_id").hash(), traced=traced)
    traces = begun.filter("traced").group_by("trace").agg(pl.len().alias("size"), pl.col("sent_at").min())
    whole = traces.filter(pl.col("size") <= MAX_TRACE_MESSAGES).select("sent_at")
    alone = begun.filter(~pl.col("traced")).select("sent_at")
    return (
        pl.concat([whole, alone])
        .group_by(hour=pl.col("sent_at").dt.truncate("1h"))
        .agg(traces=pl.len().cast(COUNT), max_at=pl.col("sent_at").max())
        .sort("hour")
        .collect(engine="streaming")
    )


def within_period(facts: pl.DataFrame) -> pl.DataFrame:
    """`facts` without the hours that lie so far off that a clock or a default must have made them."""
    return facts.filter(~outlying(facts["hour"]))


def evidence_end(arrivals: pl.DataFrame, beginnings: pl.DataFrame) -> datetime | None:
    """Until when the evidence goes: the beginning of the last trace; None without any message.

    What is sent later than that belongs to traces under way. Where these would be more than a few the traces are none
    that begin and end, such as an id for a whole day, and the last message tells.
    """
    begun = within_period(beginnings)["max_at"].max()
    if begun is None or arrivals.is_empty():
        return arrivals["max_at"].max()
    late = arrivals.filter(pl.col("hour") > begun)["messages"].sum()
    return arrivals["max_at"].max() if late > STRAGGLING_SHARE * arrivals["messages"].sum() else begun
