"""What comes: the busiest hour of every integration, and whether its messages can wait in a queue."""

import polars as pl

from integrhealth.language.schema import NOT_SENT, SENT_AWAY, is_exchanged

BUSIEST = ("integration", "source", "target", "hour", "arrivals", "sent_away_share")


def hour_facts(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per integration, edge and hour (UTC) with traffic: arrivals and what of them was sent away; they add up.

    Each message arrives once, with its first attempt. ``sent_away``: by queue, batch or file; ``kinds``: those that
    say how they were sent. Load tests are no traffic.
    """
    hour = pl.col("sent_at").dt.epoch("us") // 3_600_000_000
    first = pl.col("attempt").is_null() | (pl.col("attempt") <= 1)
    return (
        messages.lazy()
        .filter(is_exchanged(), ~pl.col("status").is_in(NOT_SENT), first)
        .group_by("integration", "source", "target", hour=hour)
        .agg(
            arrivals=pl.len().cast(pl.Int64),
            sent_away=pl.col("kind").is_in(SENT_AWAY).sum().cast(pl.Int64),
            kinds=pl.col("kind").is_not_null().sum().cast(pl.Int64),
        )
        .collect(engine="streaming")
        .sort("integration", "source", "target", "hour")
    )


def busiest_hours(facts: pl.DataFrame) -> pl.DataFrame:
    """One row per integration: the hour in which most arrived, of several that are equally busy the first.

    `facts` as ``hour_facts`` gives them. An integration of several edges has the ends of the busiest, and what passes
    on from edge to edge has arrived once: what counts are the edges that lead into it, from a system to which none of
    its own leads, or one edge alone if more came there. ``sent_away_share`` is null where no message says how it was
    sent.
    """
    per_hour = facts.drop_nulls("integration")
    totals = per_hour.group_by("integration").agg(pl.col("sent_away", "kinds").sum())
    edges = per_hour.group_by("integration", "source", "target").agg(all_arrivals=pl.col("arrivals").sum())
    ends = edges.sort("all_arrivals", "source", "target", descending=[True, False, False]).unique(
        "integration", keep="first", maintain_order=True
    )
    entering = edges.join(edges, left_on=["integration", "source"], right_on=["integration", "target"], how="anti")
    into = entering.select("integration", "source", "target", enters=True)
    each = per_hour.join(into, on=["integration", "source", "target"], how="left")
    hours = each.group_by("integration", "hour").agg(
        arrivals=pl.max_horizontal(pl.col("arrivals").filter("enters").sum(), pl.col("arrivals").max())
    )
    busiest = hours.sort("arrivals", "hour", descending=[True, False]).unique(
        "integration", keep="first", maintain_order=True
    )
    at = pl.from_epoch(pl.col("hour") * 3_600_000_000, "us").dt.replace_time_zone("UTC")
    share = pl.when(pl.col("kinds") > 0).then(pl.col("sent_away") / pl.col("kinds"))
    return (
        busiest.join(totals, on="integration")
        .join(ends, on="integration")
        .with_columns(hour=at, sent_away_share=share)
        .select(BUSIEST)
        .sort("integration")
    )
