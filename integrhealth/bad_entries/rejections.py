"""Wrong records that a system turned down: rejected or failed for good at an edge, or stopped at a checkpoint.

Not every failure says that a record is wrong: what another failure caused, what timed out, and what was delivered
when it was sent again is technical.
"""

from datetime import timedelta

import polars as pl

from integrhealth.language.decisions import is_caught
from integrhealth.language.schema import is_delivered
from integrhealth.language.thresholds import ENTRY_DAYS
from integrhealth.traces.ancestry import NO_ROW, roots

WINDOW = timedelta(days=ENTRY_DAYS)
OBJECT = ["object_type", "object_id"]
# The same record of a log, whatever row it stands in.
CONTENT = ["trace", "message_id", *OBJECT, "source", "target", "integration", "operation", "sent_at", "finished_at"]
CONTENT += ["status", "attempt", "payload_hash"]
# Who calls where a trace begins at a server: no system, so what it enters is entered at the server.
OUTSIDE = "user"
ASOF = {"on": "time", "tolerance": WINDOW, "check_sortedness": False}
EARLIEST = ASOF | {"by": ["object", "source"], "strategy": "forward"}


def arrived_at() -> pl.Expr:
    """When a message was at its target with its work done, as far as is known."""
    return pl.coalesce("finished_at", "received_at", "answered_at", "sent_at").alias("arrived_at")


def brought_at() -> pl.Expr:
    """From when on the target can have passed on what a message brought."""
    return pl.coalesce("received_at", "finished_at", "answered_at", "sent_at")


def suspects(caused: pl.DataFrame, holds: pl.DataFrame) -> pl.DataFrame:
    """One row per message that may show that its record was wrong: row, detection (rejected, failed, checkpoint, or
    null for one that a checkpoint let through although it was bad), detected_at, detected_in.

    Messages without an object id never do.
    """
    has_object = pl.col("object_id").is_not_null()
    refused = caused.filter(has_object, pl.col("own_error"), pl.col("status").is_in(["rejected", "failed"])).select(
        "row",
        detection="status",
        detected_at=pl.coalesce("finished_at", "answered_at", "received_at", "sent_at"),
        detected_in="target",
    )
    caught = is_caught(pl.col("decision"))
    stopped = holds.filter(caught | pl.col("was_bad").fill_null(False)).select(
        "message_id",
        detection=pl.when(caught).then(pl.lit("checkpoint")),
        detected_at=pl.when(caught).then(pl.coalesce("released_at", "held_at")),
        held_at="held_at",
    )
    if stopped.is_empty():
        return refused
    held = caused.filter(has_object, pl.col("message_id").is_in(stopped["message_id"].unique().implode()))
    held = held.join(stopped, on="message_id").filter(
        (pl.col("held_at") - pl.col("sent_at")).is_between(-WINDOW, WINDOW)
    )
    return pl.concat([refused, held.select("row", "detection", "detected_at", detected_in="source")]).unique()


def message_detections(suspects: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """One row per message that shows that its record was wrong: row, object, detection, detected_at, detected_in,
    source, target, sent_at, and of the message by which the record began: first_row, origin, entered_at.

    `about` holds all messages of the objects concerned, each once. The record began with the first message of the
    object in the same trace; where the sender of that one had got the object by another message, with that one's.
    Without a trace, and for work inside a system, which may have one of its own, with the sender's first about the
    object in the 30 days before.
    ``rejected`` counts unless the same was delivered there when it was sent again; ``failed`` at a later edge only, if
    the object was never delivered there afterwards, and for no error code of the system that elsewhere went away so.
    """
    suspected = suspects.join(about, on="row").join(_beginnings(about), on="row")
    resent, delivered = _delivered_later(suspected, about)
    passing = (
        suspected.filter(pl.col("row").is_in(delivered.implode())).select("target", "error_code").drop_nulls().unique()
    )
    passing = suspected.join(passing, on=["target", "error_code"], how="semi")["row"]
    technical = (
        pl.when(pl.col("detection") == "failed")
        .then(pl.col("row").is_in(pl.concat([delivered, passing]).implode()) | (pl.col("source") == pl.col("origin")))
        .when(pl.col("detection") == "rejected")
        .then(pl.col("row").is_in(resent.implode()))
        .otherwise(pl.lit(False))
    )
    columns = ["row", "object", "detection", "detected_at", "detected_in", "source", "target", "sent_at"]
    return suspected.filter(~technical).select(
        *columns, "object_type", "object_id", "first_row", "origin", "entered_at"
    )


def _beginnings(about: pl.DataFrame) -> pl.DataFrame:
    """One row per message of `about`: row, and of the message its record began with: first_row, origin, entered_at."""
    first = (
        about.sort("sent_at", "message_id", "row")
        .group_by("trace", "object", maintain_order=True)
        .agg(pl.col("row", "source", "target", "sent_at", "payload_hash", "trace_id").first())
        .with_columns(entered=pl.when(pl.col("source") == OUTSIDE).then("target").otherwise("source"))
        .with_row_index("group")
    )
    numbers = first.select("group", "trace", "object")
    groups = about.select("row", "trace", "object").join(numbers, on=["trace", "object"])
    arrivals = (
        about.filter(is_delivered(pl.col("status")), pl.col("source") != pl.col("target"))
        .join(groups.select("row", above="group"), on="row")
        .select("object", "above", "row", "message_id", source="target", brought="payload_hash", time=brought_at())
        .sort("time", "message_id", "row")
    )
    carried = first.select("group", "object", "source", "payload_hash", time="sent_at").sort("time", "group")
    brought = _above(carried.join_asof(arrivals, by=["object", "source"], **ASOF))
    loose = pl.col("trace_id").ne_missing(pl.col("trace")) | (pl.col("source") == pl.col("target"))
    sent = carried.rename({"group": "above", "payload_hash": "brought"})
    earliest = (
        carried.join(first.filter(loose).select("group"), on="group", how="semi", maintain_order="left")
        .with_columns(pl.col("time") - WINDOW)
        .join_asof(sent.unique(["object", "source", "time"], keep="first", maintain_order=True), **EARLIEST)
    )
    above = pl.concat([brought, _above(earliest)]).unique("group", keep="first", maintain_order=True).sort("group")
    above = first.select("group").join(above, on="group", how="left", maintain_order="left")["above"]
    top = pl.Series(roots(above.cast(pl.Int64).fill_null(NO_ROW).to_numpy())[0], dtype=pl.UInt32)
    begun = first.select(
        "group",
        first_row=pl.col("row").gather(top),
        origin=pl.col("entered").gather(top),
        entered_at=pl.col("sent_at").gather(top),
    )
    return groups.join(begun, on="group").select("row", "first_row", "origin", "entered_at")


def _above(pairs: pl.DataFrame) -> pl.DataFrame:
    """group and above of those `pairs` in which a group began with another; two contents that are known to differ are
    two records of one object."""
    other = (pl.col("brought") != pl.col("payload_hash")).fill_null(False) | (pl.col("above") == pl.col("group"))
    return pairs.filter(~other).drop_nulls("above").select("group", "above")


def _delivered_later(suspected: pl.DataFrame, about: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Rows of `suspected` whose object was delivered later on the same edge: with the same content, and with any.

    The content is the payload_hash; where that is unknown, an attempt of more than 1 or the same message_id says
    that the same was sent again.
    """
    edge = ["object", "source", "target"]
    done = about.filter(is_delivered(pl.col("status")))
    unhashed = pl.col("payload_hash").is_null()
    asked = [
        suspected.filter(~unhashed).select("row", *edge, how=pl.lit("content"), what="payload_hash", time="sent_at"),
        suspected.filter(unhashed).select("row", *edge, how=pl.lit("id"), what="message_id", time="sent_at"),
        suspected.filter(unhashed).select("row", *edge, how=pl.lit("attempt"), what=pl.lit(""), time="sent_at"),
        suspected.select("row", *edge, how=pl.lit("any"), what=pl.lit(""), time="sent_at"),
    ]
    given = [
        done.filter(~unhashed).select(*edge, how=pl.lit("content"), what="payload_hash", time="sent_at"),
        done.select(*edge, how=pl.lit("id"), what="message_id", time="sent_at"),
        done.filter(pl.col("attempt") > 1).select(*edge, how=pl.lit("attempt"), what=pl.lit(""), time="sent_at"),
        done.select(*edge, how=pl.lit("any"), what=pl.lit(""), time="sent_at"),
    ]
    later = pl.concat(given).with_columns(delivered=True).sort("time")
    matched = (
        pl.concat(asked)
        .sort("time", "row")
        .join_asof(later, by=[*edge, "how", "what"], strategy="forward", **ASOF)
        .filter("delivered")
    )
    same = pl.col("how") != "any"
    return matched.filter(same)["row"].unique(), matched.filter(~same)["row"].unique()
