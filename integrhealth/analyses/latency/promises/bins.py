"""What counts for a promise, in bins of five minutes: counts that add up over messages."""

import polars as pl

from integrhealth.analyses.latency.clocks import PAIR, by_two_clocks
from integrhealth.analyses.latency.edge_latencies import BIN, EDGE, edge_name, p95_limits
from integrhealth.language.schema import COUNT, TEXT, TIME, is_delivered, is_ended, is_exchanged, is_failed, latency_ms

BINS = {"integration": TEXT, "at": TIME, "ended": COUNT, "bad": COUNT, "timed": COUNT, "slower": COUNT}
BIN_KEYS = ("integration", "at")
COUNTS = ("ended", "bad", "timed", "slower")
SPENDING = {"integration": TEXT, "promise": TEXT, "at": TIME, "spent_on": TEXT, "bad": COUNT}
SPENDING_KEYS = ("integration", "promise", "at", "spent_on")


def promise_facts(messages: pl.DataFrame, promised: pl.DataFrame, apart: pl.DataFrame | None = None) -> pl.DataFrame:
    """One row per integration and five minutes in which one of its messages was sent that ended.

    ``bad`` of the ``ended`` failed or were delivered in part. ``timed`` have a latency to hold against the
    ``slo_p95_ms`` that `promised` (integration, slo_p95_ms) names, and ``slower`` took longer; both are 0 where it
    names none. A timeout is slower where it was given up later than that; one given up before is not timed: nobody
    knows when its answer would have come. What two clocks timed is read without their offset, where it is known:
    `apart` as ``clocks.offsets`` gives it. A message counts when it was sent. Load tests are no traffic.
    """
    traffic = messages.lazy().filter(is_exchanged())
    ended = (
        traffic.filter(is_ended(pl.col("status")))
        .group_by(*EDGE, at=_bin())
        .agg(ended=pl.len(), bad=_bad().sum(), timed=pl.lit(0), slower=pl.lit(0))
    )
    timed = (
        _timed(traffic, promised, apart)
        .group_by(*EDGE, at=_bin())
        .agg(ended=pl.lit(0), bad=pl.lit(0), timed=pl.len(), slower=pl.col("slower").sum())
    )
    counted = [ended, timed] if promised["slo_p95_ms"].count() else [ended]
    edges = pl.concat([each.cast(dict.fromkeys(COUNTS, COUNT)) for each in counted])
    bins = edges.group_by(integration=edge_name(), at="at").agg(pl.col(*COUNTS).sum())
    return bins.sort(BIN_KEYS).collect(engine="streaming").cast(BINS)


def spending_facts(messages: pl.DataFrame, promised: pl.DataFrame, apart: pl.DataFrame | None = None) -> pl.DataFrame:
    """One row per integration, promise, five minutes and what the budget was spent on: bad, counts that add up.

    A failed message is spent on its error code, else its status; one slower than promised on its edge. The messages
    are those that are ``bad`` or ``slower`` in ``promise_facts``.
    """
    traffic = messages.lazy().filter(is_exchanged())
    failed = traffic.filter(is_ended(pl.col("status")) & _bad()).select(
        *EDGE, at=_bin(), promise=pl.lit("success"), spent_on=pl.coalesce("error_code", "status")
    )
    slower = (
        _timed(traffic, promised, apart)
        .filter("slower")
        .select(*EDGE, at=_bin(), promise=pl.lit("p95"), spent_on=pl.format("{} > {}", "source", "target"))
    )
    spent = pl.concat([failed, slower]).group_by(
        integration=edge_name(), promise="promise", at="at", spent_on="spent_on"
    )
    return spent.agg(bad=pl.len()).sort(SPENDING_KEYS).collect(engine="streaming").cast(SPENDING)


def _bin() -> pl.Expr:
    return pl.col("sent_at").dt.truncate(BIN)


def _bad() -> pl.Expr:
    return is_failed(pl.col("status")) | (pl.col("status") == "partial")


def _timed(traffic: pl.LazyFrame, promised: pl.DataFrame, apart: pl.DataFrame | None) -> pl.LazyFrame:
    """The messages that can be held against the p95 that their integration promises, and whether each is slower."""
    limits = p95_limits(promised)
    limit, taken = pl.col("slo_p95_ms"), latency_ms()
    given_up = pl.col("status") == "timeout"
    judged = traffic.filter(is_delivered(pl.col("status")) | given_up).join(limits.lazy(), on="integration")
    if apart is not None and apart.height:
        judged = judged.join(apart.lazy(), on=PAIR, how="left")
        across = (pl.col("finished_at") - pl.col("sent_at")).dt.total_microseconds() / 1000 - pl.col("clock_offset_ms")
        taken = pl.coalesce(pl.when(by_two_clocks()).then(across.clip(0)), taken)
    # To the microsecond, as times are: a latency equal to the promise keeps it.
    slower = (taken.round(3) > limit).fill_null(False)
    timed = (~given_up & taken.is_not_null()) | slower
    return judged.select(*EDGE, "sent_at", timed=timed, slower=slower).filter("timed")
