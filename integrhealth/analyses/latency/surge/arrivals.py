"""Arrivals: how many messages each integration sends a system in every minute, and on its busiest day."""

import polars as pl

from integrhealth.analyses.latency.edge_latencies import EDGE, edge_name
from integrhealth.language.schema import NOT_SENT, is_exchanged

MINUTE_US, DAY_US = 60_000_000, 86_400_000_000
FEED = ("integration", "target")


def sent_between_systems(messages: pl.DataFrame) -> pl.LazyFrame:
    """The attempts that reached another system; load tests are no traffic."""
    return messages.lazy().filter(is_exchanged(), ~pl.col("status").is_in(NOT_SENT))


def day_facts(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per target and day (UTC) with traffic: messages, which add up."""
    counted = (
        sent_between_systems(messages)
        .group_by("target", number=_day())
        .agg(messages=pl.len().cast(pl.Int64))
        .collect(engine="streaming")
    )
    return counted.select("target", day=_midnight(), messages="messages").sort("target", "day")


def busiest_days(days: pl.DataFrame) -> pl.DataFrame:
    """One row per target: the day on which most was sent to it, of several that are equally busy the first.

    `days` as ``day_facts`` gives them. The day is that of the target, so that all its integrations share it.
    """
    busiest = days.sort("target", "messages", "day", descending=[False, True, False])
    return busiest.unique("target", keep="first", maintain_order=True).select("target", "day")


def minute_facts(messages: pl.DataFrame, busiest: pl.DataFrame) -> pl.DataFrame:
    """One row per integration, target and minute with traffic on the `busiest` day of the target: counts that add up.

    ``minute`` counts from midnight. Every attempt is one of the ``messages``, as the target has to work on each;
    ``retries`` have an attempt number beyond 1.
    """
    chosen = busiest.select("target", "day", number=pl.col("day").dt.epoch("us") // DAY_US)
    minute = pl.col("sent_at").dt.epoch("us") % DAY_US // MINUTE_US
    counted = (
        sent_between_systems(messages)
        .select(*EDGE, number=_day(), minute=minute, retry=pl.col("attempt") > 1)
        .join(chosen.lazy(), on=["target", "number"])
        .group_by(*EDGE, "day", "minute")
        .agg(messages=pl.len().cast(pl.Int64), retries=pl.col("retry").sum().cast(pl.Int64))
        .collect(engine="streaming")
    )
    keys = ("target", "integration", "day", "minute")
    return (
        counted.with_columns(integration=edge_name()).group_by(keys).agg(pl.col("messages", "retries").sum()).sort(keys)
    )


def _day() -> pl.Expr:
    """The number of the day since 1970."""
    return pl.col("sent_at").dt.epoch("us") // DAY_US


def _midnight() -> pl.Expr:
    return pl.from_epoch(pl.col("number") * DAY_US, "us").dt.replace_time_zone("UTC")
