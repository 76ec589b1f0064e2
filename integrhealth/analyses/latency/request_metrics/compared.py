"""Where both messages and metrics count the requests of an integration: whether they count the same."""

import polars as pl

from integrhealth.analyses.latency.request_metrics.requests import ENDS
from integrhealth.language.schema import COUNT, NUMBER, TEXT

BIN = "5m"
COMPARED = {"source": TEXT, "target": TEXT, "integration": TEXT, "messages": COUNT, "requests": COUNT, "apart": NUMBER}


def covered(by_metrics: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """source, target of `by_metrics` that `messages` tell of too: the same edge, or any into a system without one.

    Integrations that have messages on other edges are among them: they are judged by their messages alone.
    """
    edges = messages.lazy().filter(pl.col("source") != pl.col("target")).select(*ENDS, "integration").unique().collect()
    each = by_metrics.select(*ENDS, "integration").unique()
    same = each.join(edges, on=list(ENDS), how="semi")
    into = each.filter(pl.col("source").is_null()).join(edges, on="target", how="semi")
    alike = each.join(edges, on="integration", how="semi")
    return pl.concat([same, into, alike]).select(ENDS).unique()


def compared(by_metrics: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """One row per source and target that metrics and messages both count: how many each counted in the same time.

    `by_metrics` as ``requests.ended_requests`` gives them. What a system was asked is compared with all messages into
    it. Compared are the five minutes in which metrics were measured, without the first and the last, which they cover
    in part; a message counts when it ended, as for the metrics. ``apart`` is the difference as a share of the larger.
    """
    bins = by_metrics.group_by(*ENDS, "integration", "at").agg(requests=pl.col("requests").sum())
    every = bins.with_columns(first=pl.col("at").min().over(ENDS), last=pl.col("at").max().over(ENDS))
    inner = every.filter(pl.col("at") > pl.col("first"), pl.col("at") < pl.col("last")).drop("first", "last")
    ended_at = pl.coalesce("answered_at", "finished_at", "sent_at").dt.truncate(BIN)
    edges = messages.lazy().filter(pl.col("source") != pl.col("target")).group_by(*ENDS, at=ended_at)
    counted = edges.agg(messages=pl.len().cast(COUNT)).collect()
    into = counted.group_by("target", "at").agg(pl.col("messages").sum()).with_columns(source=pl.lit(None, TEXT))
    both = pl.concat([counted, into.select(counted.columns)])
    there = inner.join(both.select(ENDS).unique(), on=list(ENDS), how="semi", nulls_equal=True)
    joined = there.join(both, on=[*ENDS, "at"], how="left", nulls_equal=True)
    totals = joined.group_by(*ENDS, "integration").agg(pl.col("messages").sum(), pl.col("requests").sum())
    most = pl.max_horizontal("messages", "requests")
    apart = pl.when(most > 0).then((pl.col("messages") - pl.col("requests")).abs() / most)
    return totals.with_columns(apart=apart).select(list(COMPARED)).cast(COMPARED).sort(*ENDS)
