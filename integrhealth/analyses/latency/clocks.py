"""How far the clocks of two systems are apart, and what latency is without that.

Only what begins by one clock and ends by another is spoilt: a queue, batch or file from sent to finished. A request and
its answer are timed by its sender alone. The offset of a pair is that of NTP (RFC 5905): half of what the way there
seems to take longer than the way back, on the median; both ways are taken to last the same.
"""

import networkx as nx
import polars as pl

from integrhealth.analyses.latency.edge_latencies import EDGE, edge_name
from integrhealth.language.schema import COUNT, NUMBER, TEXT, is_delivered
from integrhealth.language.statistics import enough
from integrhealth.language.thresholds import SKEWED_SHARE
from integrhealth.language.wording import duration
from integrhealth.traces.facts import log_bucket, percentiles

PAIR = ("source", "target")
# Ways are counted to the millisecond, as most logs are written.
WAYS = {"source": TEXT, "target": TEXT, "way": TEXT, "ms": COUNT, "messages": COUNT}
OFFSETS = {"source": TEXT, "target": TEXT, "clock_offset_ms": NUMBER}
QUANTILES = {"p50_corrected_ms": 0.50, "p95_corrected_ms": 0.95}


def way_facts(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per source, target, way and millisecond: messages, counts that add up.

    A way leads from the clock of the source to that of the target: ``asked`` and ``sent``, the requests and all else on
    their way there; ``answered``, the answers on their way back. What has the same time at both ends was written by one
    side alone and says nothing about the other.
    """
    between = messages.lazy().filter(pl.col("source") != pl.col("target"))
    request = (pl.col("kind") == "request").fill_null(False)
    asked = pl.when(request).then(pl.lit("asked")).otherwise(pl.lit("sent"))
    there = between.select(*PAIR, way=asked, taken=pl.col("received_at") - pl.col("sent_at"))
    back = between.filter(request).select(
        source="target", target="source", way=pl.lit("answered"), taken=pl.col("answered_at") - pl.col("finished_at")
    )
    ways = pl.concat([there, back]).filter(pl.col("taken") != pl.duration(seconds=0))
    counted = ways.group_by(*PAIR, "way", ms=(pl.col("taken").dt.total_microseconds() / 1000).round().cast(COUNT))
    return counted.agg(messages=pl.len().cast(COUNT)).cast(WAYS).sort(*PAIR, "way", "ms").collect()


def offsets(ways: pl.DataFrame, *, min_messages: int) -> pl.DataFrame:
    """One row per source and target whose clocks can be compared: how far that of the target is ahead, in ms.

    From `min_messages` ways in both directions, of requests and their answers, half the difference of their medians.
    Of other messages 99 of 100 bound it: in both directions it lies in the middle. Two systems that only send one way
    are compared by others: along the quickest ways between clocks that are compared so. Where none leads from one to
    the other it is said only where the bound lies below zero, and the target is behind at least so far.
    """
    asked = _between(ways.filter(pl.col("way") != "sent"), 0.5, min_messages)
    bounds = _between(ways, SKEWED_SHARE, min_messages)
    middle = ((pl.col("there") - pl.col("back")) / 2).alias("clock_offset_ms")
    both = pl.concat([asked, bounds]).drop_nulls().unique(PAIR, keep="first", maintain_order=True)
    compared = both.select(*PAIR, middle, taken_ms=(pl.col("there") + pl.col("back")).clip(0))
    behind = bounds.filter(pl.col("there") < 0).select(*PAIR, clock_offset_ms="there")
    chosen = [compared.drop("taken_ms"), _by_others(bounds.select(PAIR), compared), behind]
    every = pl.concat([each.cast(OFFSETS) for each in chosen])
    return every.unique(PAIR, keep="first", maintain_order=True).sort(PAIR)


def _by_others(pairs: pl.DataFrame, compared: pl.DataFrame) -> pl.DataFrame:
    """The offsets of `pairs` by the systems between them; `compared` are the offsets there, and how long ways take."""
    clocks = nx.DiGraph()
    for source, target, offset, taken in compared.sort(PAIR).iter_rows():
        clocks.add_edge(source, target, offset=offset, taken=taken)
    rows = []
    for source, target in pairs.sort(PAIR).iter_rows():
        if source in clocks and target in clocks and nx.has_path(clocks, source, target):
            path = nx.dijkstra_path(clocks, source, target, weight="taken")
            rows.append((source, target, nx.path_weight(clocks, path, weight="offset")))
    return pl.DataFrame(rows, schema=OFFSETS, orient="row")


def _between(ways: pl.DataFrame, quantile: float, min_messages: int) -> pl.DataFrame:
    """source, target, there, back: a quantile of the ways from each to the other, null where there are too few."""
    counted = ways.group_by(*PAIR, "ms").agg(pl.col("messages").sum()).sort(*PAIR, "ms")
    reached = pl.col("messages").cum_sum().over(PAIR)
    whole = pl.col("messages").sum().over(PAIR)
    placed = counted.filter(reached >= quantile * whole, enough(whole, min_messages))
    there = placed.group_by(PAIR).agg(there=pl.col("ms").first())
    back = there.select(source="target", target="source", back="there")
    return there.join(back, on=PAIR, how="left")


def by_two_clocks() -> pl.Expr:
    """Whether the latency of a message begins by the clock of its source and ends by that of its target."""
    crossed = pl.col("finished_at").is_not_null() & (
        (pl.col("kind") != "request").fill_null(True) | pl.col("answered_at").is_null()
    )
    one_side = (pl.col("finished_at") == pl.col("answered_at")) | (pl.col("received_at") == pl.col("sent_at"))
    return crossed & ~one_side.fill_null(False)


def corrected_facts(messages: pl.DataFrame, apart: pl.DataFrame) -> pl.DataFrame:
    """One row per source, target, integration and bucket of the latency without the offset `apart`: counts that add up.

    Only delivered messages whose latency two clocks have timed; ``bucket`` is null where nobody knows how far they are
    apart. ``shorter`` take less than the clocks are apart.
    """
    spoilt = is_delivered(pl.col("status")) & by_two_clocks()
    raw_us = (pl.col("finished_at") - pl.col("sent_at")).dt.total_microseconds()
    away_us = (pl.col("clock_offset_ms") * 1000).round().cast(COUNT)
    us = (raw_us - away_us).clip(0)
    # Of a target that is behind, these are the messages that end before they are sent, by however much it is behind.
    shorter = pl.when(away_us < 0).then(raw_us < 0).otherwise(us < away_us)
    return (
        messages.lazy()
        .filter(spoilt)
        .join(apart.lazy(), on=PAIR, how="left")
        .select(*PAIR, integration=edge_name(), us=us, shorter=shorter)
        .group_by(*EDGE, bucket=log_bucket(pl.col("us")))
        .agg(two_clocks=pl.len().cast(COUNT), shorter=pl.col("shorter").sum().cast(COUNT))
        .sort(*EDGE, "bucket")
        .collect()
    )


def corrected(facts: pl.DataFrame, apart: pl.DataFrame, *, min_messages: int) -> pl.DataFrame:
    """One row per source, target and integration of `facts` (``corrected_facts``), with its clocks' offset `apart`.

    ``two_clocks`` and ``shorter`` are counts; the percentiles are null below `min_messages` of ``two_clocks``.
    """
    totals = facts.group_by(EDGE).agg(pl.col("two_clocks", "shorter").sum())
    read_back = percentiles(facts, EDGE, count="two_clocks", quantiles=QUANTILES).drop("n")
    rated = pl.when(enough(pl.col("two_clocks"), min_messages))
    return (
        totals.join(apart, on=PAIR, how="left")
        .join(read_back, on=EDGE, how="left")
        .with_columns(rated.then(pl.col(QUANTILES)).name.keep())
        .sort(EDGE)
    )


def with_corrected(integrations: pl.DataFrame, corrected: pl.DataFrame) -> pl.DataFrame:
    """`integrations` plus what `corrected` says of each: two_clocks, clock_offset_ms and the corrected percentiles."""
    beside = corrected.select(*EDGE, "two_clocks", "clock_offset_ms", *QUANTILES)
    joined = integrations.join(beside, on=EDGE, how="left", maintain_order="left")
    return joined.with_columns(pl.col("two_clocks").fill_null(0))


def said_of_clocks(integrations: pl.DataFrame) -> str | None:
    """How far the clocks are apart that time messages together, for the notes on method; None where none is told."""
    pairs = integrations.drop_nulls("clock_offset_ms").unique(PAIR)
    if pairs.is_empty():
        return None
    most = duration(pairs["clock_offset_ms"].abs().max())
    return (
        "Latencies that begin by the clock of one system and end by that of another stand as logged, and without the "
        f"offset of the clocks as corrected: these are up to {most} apart, over {pairs.height:,} pairs of systems."
    )
