"""The receiver's own log: which object each of its rows is of, on which integration, and which messages it has."""

import polars as pl

from integrhealth.language.schema import FAILED, NOT_SENT, is_delivered
from integrhealth.language.thresholds import SOONEST_LOST_MINUTES

# Of what a row is.
OBJECT = ("integration", "object")
# By which content an arrival is told to be of one of several transfers, the surest first. An order and an invoice may
# have the same number, and an object be created and changed: names decide where both logs use the same.
PAIRED_BY = ("seq", "payload_hash", "amount", "object_type", "operation")
# Clocks of sender and receiver differ by so much at most.
SKEW = pl.duration(minutes=SOONEST_LOST_MINUTES)


def arrivals(receipts: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """`receipts` with ``object``, ``applied`` and ``refused``: what still waits at the receiver is neither.

    One whose integration no message has is of the only one among `messages` from its source to its target, or to its
    target where it names no source; where there are several, or none, it keeps its own, and without one is left out.
    """
    edges = messages.filter(pl.col("source") != pl.col("target"))
    edges = edges.select("integration", "source", "target").drop_nulls().unique()
    placed = receipts
    for key, name in ((["source", "target"], "by_edge"), (["target"], "by_target")):
        only = edges.group_by(key).agg(pl.col("integration").unique().alias(name))
        only = only.filter(pl.col(name).list.len() == 1).with_columns(pl.col(name).list.first())
        placed = placed.join(only, on=key, how="left", maintain_order="left")
    logged = pl.when(pl.col("integration").is_in(edges["integration"].unique().implode())).then("integration")
    by_target = pl.when(pl.col("source").is_null()).then("by_target")
    integration = pl.coalesce(logged, "by_edge", by_target, "integration")
    return placed.select(
        "received_at",
        "target",
        integration=integration,
        object="object_id",
        applied=is_delivered(pl.col("status").fill_null("ok")),
        refused=pl.col("status").is_in((*FAILED, *NOT_SENT)).fill_null(False),
        **{name: pl.col(name) for name in (*PAIRED_BY, "currency", "log_file")},
    ).filter(pl.col("integration").is_not_null())


def with_receipts(messages: pl.DataFrame, receipts: pl.DataFrame) -> pl.DataFrame:
    """`messages`, ``received_at`` of those without one being when the receiver's own log last has their object.

    Not what it had before they were sent, nor what it refused: of an object that is sent again and again some may still
    be missing, which ``transfers`` counts.
    """
    if receipts.is_empty():
        return messages
    came = arrivals(receipts, messages).filter(~pl.col("refused"))
    last = came.group_by(OBJECT).agg(came_at=pl.col("received_at").max())
    with_object = messages.with_columns(object=pl.coalesce("object_id", "message_id"))
    with_last = with_object.join(last, on=OBJECT, how="left", maintain_order="left")
    after = pl.when(pl.col("came_at") + SKEW >= pl.col("sent_at")).then("came_at")
    return with_last.with_columns(received_at=pl.coalesce("received_at", after)).drop("object", "came_at")
