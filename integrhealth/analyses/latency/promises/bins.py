"""What counts for a promise, in bins of five minutes: counts that add up over messages."""

import polars as pl

from integrhealth.analyses.latency.clocks import PAIR, by_two_clocks
from integrhealth.analyses.latency.edge_latencies import EDGE, edge_name
from integrhealth.language.schema import COUNT, TEXT, TIME, is_delivered, is_ended, is_failed, latency_ms

BIN = "5m"
BINS = {"integration": TEXT, "at": TIME, "ended": COUNT, "bad": COUNT, "timed": COUNT, "slower": COUNT}
BIN_KEYS = ("integration", "at")
COUNTS = ("ended", "bad", "timed", "slower")
PROMISED = ("integration", "slo_p95_ms")


def promise_facts(messages: pl.DataFrame, promised: pl.DataFrame, apart: pl.DataFrame | None = None) -> pl.DataFrame:
    """One row per integration and five minutes in which one of its messages was sent that ended.

    ``bad`` of the ``ended`` failed or were delivered in part. ``timed`` have a latency to hold against the
    ``slo_p95_ms`` that `promised` (integration, slo_p95_ms) names, and ``slower`` took longer; both are 0 where it
    names none. A timeout is slower where it was given up later than that; one given up before is not timed: nobody
    knows when its answer would have come. What two clocks timed is read without their offset, where it is known:
    `apart` as ``clocks.offsets`` gives it. A message counts when it was sent. Load tests are no traffic.
    """
    traffic = messages.lazy().filter(pl.col("source") != pl.col("target"), ~pl.col("load_test").fill_null(False))
    status = pl.col("status")
    bad = is_failed(status) | (status == "partial")
    ended = (
        traffic.filter(is_ended(status))
        .group_by(*EDGE, at=_bin())
        .agg(ended=pl.len(), bad=bad.sum(), timed=pl.lit(0), slower=pl.lit(0))
    )
    limits = promised.select(*PROMISED).drop_nulls().unique("integration", keep="first", maintain_order=True)
    counted = [ended, _timed(traffic, limits, apart)] if limits.height else [ended]
    edges = pl.concat([each.cast(dict.fromkeys(COUNTS, COUNT)) for each in counted])
    return (
        edges.group_by(integration=edge_name(), at="at")
        .agg(pl.col(*COUNTS).sum())
        .sort(BIN_KEYS)
        .collect(engine="streaming")
        .cast(BINS)
    )


def _bin() -> pl.Expr:
    return pl.col("sent_at").dt.truncate(BIN)


def _timed(traffic: pl.LazyFrame, limits: pl.DataFrame, apart: pl.DataFrame | None) -> pl.LazyFrame:
    """Messages of integrations that promise a p95, counted per edge and time bin: timed, slower."""
    status, limit, taken = pl.col("status"), pl.col("slo_p95_ms"), latency_ms()
    given_up = status == "timeout"
    judged = traffic.filter(is_delivered(status) | given_up).join(limits.lazy(), on="integration")
    if apart is not None and apart.height:
        judged = judged.join(apart.lazy(), on=PAIR, how="left")
        across = (pl.col("finished_at") - pl.col("sent_at")).dt.total_microseconds() / 1000 - pl.col("clock_offset_ms")
        taken = pl.coalesce(pl.when(by_two_clocks()).then(across.clip(0)), taken)
    # To the microsecond, as times are: a latency equal to the promise keeps it.
    slower = (taken.round(3) > limit).fill_null(False)
    return (
        judged.select(*EDGE, at=_bin(), timed=(~given_up & taken.is_not_null()) | slower, slower=slower)
        .group_by(*EDGE, "at")
        .agg(ended=pl.lit(0), bad=pl.lit(0), timed=pl.col("timed").sum(), slower=pl.col("slower").sum())
    )
