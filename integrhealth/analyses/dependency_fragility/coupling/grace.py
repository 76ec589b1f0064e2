"""What became of the work that needed a system while it was down: grace, from the messages sent meanwhile."""

from datetime import timedelta

import numpy as np
import polars as pl

from integrhealth.analyses.dependency_fragility.coupling.down_times import arrived_at, is_sent_away
from integrhealth.language.schema import is_business, is_delivered, is_failed
from integrhealth.language.statistics import TAIL, Z, ratio_margin, wilson_interval
from integrhealth.language.thresholds import MIN_OUTAGES, PARENT_DAYS

PAIR = ("source", "target")
OUTAGE = (*PAIR, "outage")
ENDS = ("served", "deferred", "failed", "lost")
OBJECT = ("object_type", "object_id", "operation")
# Accepted, and nobody says how it ended; what was declined, skipped or cancelled needed nothing any more.
WAITING = ("held", "pending", "unknown")
COLUMNS = ("row", "parent_row", "trace", *PAIR, "message_id", *OBJECT, "payload_hash", "sent_at", "status")


def grace_facts(caused: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """One row per edge and outage of its target: how the work ended that needed it in the `windows` when it was down.

    A message, with all its attempts (same object, operation and payload, else same message_id), counts once, under the
    first of these that holds: ``served`` by a fallback, itself, at the request that it was sent for, or as the next to
    deliver the same object (``_instead``); ``deferred`` and applied at the target after that time, as the same
    message_id or the same object with no other operation or payload; ``lost``: accepted, and nothing says that it
    arrived; ``failed``. Requests that were served by a fallback without trying the target count as served. Answers that
    the target gave meanwhile all the same count nowhere, nor does what was accepted on an edge on which no arrival is
    ever logged.

    The rows add up over sets of messages that hold all of an object and all of a trace, for the same `windows`.
    """
    fallback = pl.col("fallback").fill_null(False) & is_delivered(pl.col("status"))
    traffic = caused.lazy().filter(is_business())
    rows = traffic.select(*COLUMNS, arrived_at=arrived_at(), sent_away=is_sent_away(), fallback=fallback)
    windows = windows.select("started_at", "ended_at", "outage", target="system").sort("started_at")
    asked = _while_down(rows.filter(pl.col("source") != pl.col("target")), windows)
    needing = asked.filter(
        is_delivered(pl.col("status")) | is_failed(pl.col("status")) | pl.col("status").is_in(WAITING)
    )
    unlogged = _unlogged(rows, needing).with_columns(unlogged=pl.lit(True))
    undecided = pl.col("unlogged").fill_null(False) & pl.col("sent_away") & is_delivered(pl.col("status"))
    sent = needing.join(unlogged, on=PAIR, how="left").filter(~undecided).drop("unlogged")
    works = _served_works(rows)
    instead = _instead(rows, sent)
    ended = _with_ends(sent, rows, works, instead)
    tried = pl.concat([ended.select(*PAIR, "work"), instead.select(*PAIR, "work")]).unique()
    counted = pl.concat([_counted(ended), _untried(works, rows, tried, windows)])
    return counted.group_by(OUTAGE).agg(pl.col(ENDS).sum()).filter(pl.sum_horizontal(ENDS) > 0).sort(OUTAGE)


def _while_down(messages: pl.LazyFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """`messages` sent while their target was down, with started_at, ended_at and outage of that time."""
    return (
        messages.filter(pl.col("target").is_in(windows["target"].unique().implode()), pl.col("sent_at").is_not_null())
        .collect(engine="streaming")
        .sort("sent_at")
        .join_asof(
            windows,
            left_on="sent_at",
            right_on="started_at",
            by="target",
            check_sortedness=False,  # sorted above; polars cannot check within groups
            coalesce=False,
        )
        .filter(pl.col("sent_at") <= pl.col("ended_at"))
    )


def _unlogged(rows: pl.LazyFrame, needing: pl.DataFrame) -> pl.DataFrame:
    """Edges of which messages were sent away and accepted, and none of which ever says when it arrived."""
    edges = needing.select(PAIR).unique()
    sent_away = rows.filter("sent_away", is_delivered(pl.col("status"))).join(edges.lazy(), on=PAIR, how="semi")
    logged = sent_away.group_by(PAIR).agg(pl.col("arrived_at").count())
    return logged.filter(pl.col("arrived_at") == 0).select(PAIR).collect()


def _work() -> pl.Expr:
    """The request that a message was sent for, or the message itself."""
    return pl.coalesce("parent_row", "row")


def _served_works(rows: pl.LazyFrame) -> pl.DataFrame:
    """source, work, sent_at of what a fallback served: a system answered with one, or called one."""
    fallbacks = rows.filter("fallback").collect(engine="streaming")
    called = fallbacks.select("source", "sent_at", work=_work())
    answered = fallbacks.select("sent_at", source="target", work="row")
    works = pl.concat([called, answered.select(called.columns)]).sort("source", "work", "sent_at")
    return works.unique(["source", "work"], keep="first", maintain_order=True)


def _instead(rows: pl.LazyFrame, sent: pl.DataFrame) -> pl.DataFrame:
    """row, source, target of `sent`, and the work of the fallback that served the same object after it.

    What has no parent shares no request with its fallback. The fallback answers in the place of the target, or is
    another system in the same trace; it comes before the target itself delivered, and before ids are used again.
    """
    delivered = rows.filter(is_delivered(pl.col("status")), pl.col("object_id").is_not_null())
    delivered = delivered.join(sent.lazy().select(OBJECT).unique(), on=OBJECT, how="semi", nulls_equal=True)
    delivered = delivered.with_columns(work=_work()).collect(engine="streaming").sort("sent_at", "row")
    about = (*OBJECT, "payload_hash")
    asking = sent.filter(pl.col("object_id").is_not_null()).sort("sent_at", "row")
    parts = []
    for where in ("target", "trace"):
        by = pl.struct("source", where, *about).hash()
        first = asking.select("row", *PAIR, "sent_at", by=by).join_asof(
            delivered.filter("fallback").select("work", served_at="sent_at", by=by),
            left_on="sent_at",
            right_on="served_at",
            by="by",
            strategy="forward",
            tolerance=timedelta(days=PARENT_DAYS),
            check_sortedness=False,  # sorted above; polars cannot check within groups
        )
        parts.append(first.drop_nulls("work"))
    itself = pl.struct(*PAIR, *about).hash()
    made_good = asking.select("row", "sent_at", by=itself).join_asof(
        delivered.filter(~pl.col("fallback")).select(made_good_at="sent_at", by=itself),
        left_on="sent_at",
        right_on="made_good_at",
        by="by",
        strategy="forward",
        check_sortedness=False,  # sorted above
    )
    served = pl.concat(parts).join(made_good.select("row", "made_good_at"), on="row")
    before = (pl.col("served_at") <= pl.col("made_good_at")).fill_null(True)
    return served.filter(before).select("row", *PAIR, "work").unique()


def _with_ends(sent: pl.DataFrame, rows: pl.LazyFrame, works: pl.DataFrame, instead: pl.DataFrame) -> pl.DataFrame:
    """`sent` with served, deferred, within (answered while down) and accepted."""
    later = _applied(rows, sent)
    served = works.select("source", "work", by_fallback=pl.lit(True)).unique()
    delivered = is_delivered(pl.col("status"))
    return (
        sent.with_columns(work=_work())
        .join(served, on=["source", "work"], how="left")
        .with_columns(
            served=pl.col("by_fallback").fill_null(False) | pl.col("row").is_in(instead["row"].implode()),
            deferred=pl.col("row").is_in(later.implode()),
            accepted=~is_failed(pl.col("status")) & (~delivered | pl.col("sent_away")),
            within=delivered & ~pl.col("sent_away"),
        )
        .drop("by_fallback")
    )


def _applied(rows: pl.LazyFrame, sent: pl.DataFrame) -> pl.Series:
    """The rows of `sent` that were applied at their target after it was down."""
    applied = rows.filter(is_delivered(pl.col("status")), ~pl.col("fallback")).select(
        "target",
        "message_id",
        "object_type",
        "object_id",
        applied_at=pl.max_horizontal("sent_at", pl.coalesce("arrived_at", "sent_at")),
        by_operation="operation",
        payload="payload_hash",
    )
    later = (pl.col("applied_at") > pl.col("ended_at")) & (
        pl.col("applied_at") <= pl.col("ended_at") + pl.duration(days=PARENT_DAYS)
    )
    by_id = ("target", "ended_at", "message_id")
    by_object = ("target", "ended_at", *OBJECT, "payload_hash")
    # Each asked for once: an id that stands on every message must not multiply them.
    ids = sent.lazy().select(by_id).unique().join(applied, on=["target", "message_id"])
    objects = sent.lazy().select(by_object).drop_nulls("object_id").unique()
    # A batch that brings later what was refused has often neither operation nor payload.
    objects = objects.join(applied, on=["target", "object_type", "object_id"], nulls_equal=True).filter(
        (pl.col("by_operation") == pl.col("operation")).fill_null(True),
        (pl.col("payload") == pl.col("payload_hash")).fill_null(True),
    )
    reached = (
        sent.join(frame.filter(later).select(keys).unique().collect(engine="streaming"), on=keys, how="semi", **options)
        for frame, keys, options in ((ids, by_id, {}), (objects, by_object, {"nulls_equal": True}))
    )
    return pl.concat(frame["row"] for frame in reached).unique().sort()


def _counted(ended: pl.DataFrame) -> pl.DataFrame:
    """One row per edge and outage: its messages by how they ended."""
    has_object = pl.col("object_id").is_not_null()
    units = (
        ended.group_by(
            *OUTAGE,
            *(pl.when(has_object).then(column).alias(column) for column in (*OBJECT, "payload_hash")),
            message=pl.when(~has_object).then("message_id"),
        )
        .agg(pl.col("served", "deferred", "accepted").any(), pl.col("within").any())
        .filter(pl.col("served") | pl.col("deferred") | ~pl.col("within"))
    )
    served, deferred, accepted = pl.col("served"), pl.col("deferred"), pl.col("accepted")
    left = ~served & ~deferred
    return units.group_by(OUTAGE).agg(
        served=served.sum().cast(pl.Int64),
        deferred=(~served & deferred).sum().cast(pl.Int64),
        failed=(left & ~accepted).sum().cast(pl.Int64),
        lost=(left & accepted).sum().cast(pl.Int64),
    )


def _untried(works: pl.DataFrame, rows: pl.LazyFrame, tried: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """Work that a fallback served while a system was down which the server sends to, but did not try then."""
    edges = (
        rows.filter(pl.col("source") != pl.col("target"))
        .join(works.select("source").unique().lazy(), on="source", how="semi")
        .select(PAIR)
        .unique()
        .collect()
    )
    unasked = _while_down(works.join(edges, on="source").lazy(), windows).join(tried, on=[*PAIR, "work"], how="anti")
    none = pl.lit(0, pl.Int64)
    return (
        unasked.group_by(OUTAGE).agg(served=pl.len().cast(pl.Int64)).with_columns(deferred=none, failed=none, lost=none)
    )


def grace(facts: pl.DataFrame) -> pl.DataFrame:
    """One row per edge: outages in which the target was needed, grace with its 95% interval, and the counts behind it.

    Grace = (served + deferred) / all, null below three outages. What one outage did to many messages is one event:
    the interval is of the ratio over outages (t of as many less one), and never narrower than that of so many messages.
    """
    kind, everyone = pl.col("served") + pl.col("deferred"), pl.sum_horizontal(ENDS)
    sums = (
        facts.with_columns(kind=kind, everyone=everyone)
        .group_by(PAIR)
        .agg(
            pl.col(*ENDS, "kind", "everyone").sum(),
            outages=pl.len().cast(pl.Int64),
            top_sq=(pl.col("kind") ** 2).sum().cast(pl.Float64),
            cross=(pl.col("kind") * pl.col("everyone")).sum().cast(pl.Float64),
            bottom_sq=(pl.col("everyone") ** 2).sum().cast(pl.Float64),
        )
        .sort(PAIR)
    )
    share = pl.col("kind") / pl.col("everyone")
    across = ratio_margin(
        pl.col("top_sq"), pl.col("cross"), pl.col("bottom_sq"), ratio=share, bottom=pl.col("everyone")
    )
    low, high = wilson_interval(sums["kind"], sums["everyone"])
    rated = pl.when(pl.col("outages") >= MIN_OUTAGES)
    margin = across * _few(sums["outages"])
    return sums.select(
        *PAIR,
        "outages",
        *ENDS,
        grace=rated.then(share),
        grace_low=rated.then(pl.min_horizontal(pl.Series(low), share - margin).clip(0, 1)),
        grace_high=rated.then(pl.max_horizontal(pl.Series(high), share + margin).clip(0, 1)),
    )


def _few(outages: pl.Series) -> pl.Series:
    """How much wider an interval over so few units is than over many: t with n - 1 degrees, variance over n - 1."""
    from scipy.special import stdtrit

    n = np.maximum(outages.to_numpy(), 2)
    return pl.Series(stdtrit(n - 1, 1 - TAIL) / Z * np.sqrt(n / (n - 1)))
