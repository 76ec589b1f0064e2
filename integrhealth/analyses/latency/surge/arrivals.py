"""Arrivals: how many messages each integration sends a system in every minute, and on its busiest day."""

import polars as pl

from integrhealth.analyses.latency.edge_latencies import edge_name
from integrhealth.language.schema import TIME

MINUTE_US = 60_000_000
FEED = ("integration", "target")
EDGE = ("source", "target", "integration")
# What never reached its target, or has not yet.
NOT_SENT = ("skipped", "held", "cancelled")


def sent_between_systems(messages: pl.DataFrame) -> pl.LazyFrame:
    """The attempts that reached another system; load tests are no traffic."""
    return messages.lazy().filter(
        pl.col("source") != pl.col("target"),
        ~pl.col("status").is_in(NOT_SENT),
        ~pl.col("load_test").fill_null(False),
    )


def arrival_facts(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per integration, target and minute with traffic: messages and the retries among them, which add up.

    Every attempt counts, as the target has to work on each; ``retries`` have an attempt number beyond 1.
    """
    # Named afterwards: there are fewer minutes than messages.
    counted = (
        sent_between_systems(messages)
        .select(*EDGE, minute=pl.col("sent_at").dt.epoch("us") // MINUTE_US, retry=pl.col("attempt") > 1)
        .group_by(*EDGE, "minute")
        .agg(messages=pl.len().cast(pl.Int64), retries=pl.col("retry").sum().cast(pl.Int64))
        .collect(engine="streaming")
    )
    at = pl.from_epoch(pl.col("minute") * MINUTE_US, "us").dt.replace_time_zone("UTC")
    return (
        counted.with_columns(integration=edge_name(), at=at)
        .group_by(*FEED, "at")
        .agg(pl.col("messages", "retries").sum())
        .sort(*FEED, "at")
    )


def busiest_days(arrivals: pl.DataFrame) -> pl.DataFrame:
    """One row per integration, target and minute of the day (UTC) on which the target was sent most: day, minute.

    `arrivals` as ``arrival_facts`` gives them. The day is that of the target, so that all its integrations share it;
    of several that are equally busy the first.
    """
    days = arrivals.group_by("target", day=pl.col("at").dt.truncate("1d")).agg(pl.col("messages").sum())
    busiest = days.sort("target", "messages", "day", descending=[False, True, False]).unique(
        "target", keep="first", maintain_order=True
    )
    dated = arrivals.with_columns(day=pl.col("at").dt.truncate("1d"))
    return (
        dated.join(busiest.select("target", "day"), on=["target", "day"], how="semi")
        .select(
            *FEED,
            pl.col("day").cast(TIME),
            minute=(pl.col("at") - pl.col("day")).dt.total_minutes(),
            messages="messages",
            retries="retries",
        )
        .sort("target", "integration", "minute")
    )
