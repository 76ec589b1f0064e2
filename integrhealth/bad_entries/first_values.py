"""Values that were sent but that no log shows, since a log of changes alone begins with what replaced them.

There a person's first write over an object that was sent before is a correction. Not so where the log shows values
from the beginning of objects on, nor where people write to most objects after they were sent: that is their work.
"""

from datetime import timedelta

import polars as pl

from integrhealth.bad_entries.corrections import THING, WINDOW, written_by_person
from integrhealth.bad_entries.rejections import OUTSIDE, arrived_at, brought_at
from integrhealth.language.schema import is_delivered
from integrhealth.language.thresholds import LOGGED_LATE_SECONDS, USUALLY_WRITTEN_SHARE

# What is written where, to objects of which type.
KIND = ["element", "system", "object_type"]
LOGGED_LATE = timedelta(seconds=LOGGED_LATE_SECONDS)
ASOF = {"on": "time", "by": "entity", "check_sortedness": False}


def with_first_values(field_changes: pl.DataFrame, caused: pl.DataFrame) -> pl.DataFrame:
    """`field_changes` plus the values at the origins of objects that the log does not show, from the first sending on.

    What a person's write replaced, where that is the only value known in the system: what another system showed then,
    else one that is not known. Where a system downstream was written to, there is a row there too, from when a message
    brought the object. And a first value that was logged while the first message of the object
    was under way, at most a minute late: that message carried it.

    `caused` as ``links.with_causes`` gives it. A write counts at most 30 days after the object was first sent, if the
    system shows no value of the element so early that any object was sent with it, and if fewer than half of the
    objects of the type that the system sent or got were written to so.
    """
    begun = _begun(_first_writes(field_changes), caused)
    here = pl.col("system") == pl.col("origin")
    late = begun.filter(here, pl.col("at").is_between("begun_at", "carried_at"))
    corrected = begun.filter("by_person", "only")
    written = corrected.join(_corrected_only(begun, caused), on=KIND, how="semi", nulls_equal=True)
    written = _with_replaced(written, field_changes).with_columns(time="begun_at").sort("time")
    brought = (
        caused.filter(pl.col("object_id").is_in(written["entity"].unique().implode()))
        .filter(is_delivered(pl.col("status")), pl.col("source") != pl.col("target"))
        .select("message_id", entity="object_id", system="target", time=brought_at(), brought_at=brought_at())
        .sort("time", "message_id")
    )
    elsewhere = (
        written.filter(~here)
        .join_asof(brought, **ASOF | {"by": ["entity", "system"]}, strategy="forward")
        .filter(pl.col("brought_at") < pl.col("at"))
    )
    row = [*THING, "value_hash"]
    entered = pl.concat([late, written.filter(here), elsewhere], how="diagonal")
    return pl.concat(
        [
            field_changes,
            entered.select(*row, system="origin", at="begun_at"),
            elsewhere.select(*row, "system", "message_id", at="brought_at"),
        ],
        how="diagonal",
    )


def _first_writes(field_changes: pl.DataFrame) -> pl.DataFrame:
    """The first row of each element, entity and system: these, value_hash, at, by_person, and whether that value is
    the ``only`` one known there."""
    return (
        field_changes.select(*THING, "system", "value_hash", "at", by_person=written_by_person())
        .with_columns(only=pl.col("value_hash").n_unique().over(*THING, "system") == 1)
        .sort("at", "by_person", "system", "value_hash")
        .unique([*THING, "system"], keep="first", maintain_order=True)
    )


def _begun(first: pl.DataFrame, caused: pl.DataFrame) -> pl.DataFrame:
    """`first` plus object_type, origin, begun_at and carried_at of the first message of the object in the 30 days
    before, or else after; not where the object had been sent in the 30 days before that, too. ``carried_at``: until
    then what is logged was sent with it."""
    sent = (
        caused.filter(pl.col("object_id").is_in(first["entity"].unique().implode()))
        .select(
            "object_type",
            entity="object_id",
            origin=pl.when(pl.col("source") == OUTSIDE).then("target").otherwise("source"),
            begun_at="sent_at",
            carried_at=pl.min_horizontal(arrived_at(), pl.col("sent_at") + LOGGED_LATE),
            time="sent_at",
        )
        .unique()
        .sort("time", "object_type", "origin", "carried_at")
        .with_columns(earlier_at=pl.col("begun_at").shift(1).over("entity"))
        .unique(["entity", "time"], keep="first", maintain_order=True)
    )
    return (
        first.with_columns(time=pl.col("at") - WINDOW)
        .sort("time")
        .join_asof(sent, **ASOF, strategy="forward", tolerance=2 * WINDOW)
        .filter(pl.col("begun_at").is_not_null())
        .filter((pl.col("begun_at") - pl.col("earlier_at") > WINDOW).fill_null(True))
        .drop("time")
    )


def _with_replaced(written: pl.DataFrame, field_changes: pl.DataFrame) -> pl.DataFrame:
    """`written` with the value that was replaced in place of that which replaced it."""
    shown = field_changes.join(written.select(THING).unique(), on=THING, how="semi")
    shown = shown.select(*THING, time="at", shown="value_hash").sort("time", "shown")
    before = written.with_columns(time="at").sort("time")
    before = before.join_asof(
        shown, on="time", by=THING, allow_exact_matches=False, check_sortedness=False
    ).with_columns(value_hash=pl.coalesce("shown", pl.format("before {}", "value_hash")))
    return before.drop("time", "shown")


def _corrected_only(begun: pl.DataFrame, caused: pl.DataFrame) -> pl.DataFrame:
    """What is written to few objects, and to none before it was sent, by element, system and object type."""
    kinds = begun.group_by(KIND).agg(written=pl.len(), afterwards=(pl.col("carried_at") < pl.col("at")).all())
    kinds = kinds.filter("afterwards")
    carried = caused.drop_nulls("object_id").join(kinds, on="object_type", how="semi", nulls_equal=True)
    ends = [carried.select("object_type", "object_id", system=end) for end in ("source", "target")]
    objects = pl.concat(ends).group_by("object_type", "system").agg(objects=pl.col("object_id").n_unique())
    few = pl.col("written") < USUALLY_WRITTEN_SHARE * pl.col("objects")
    return kinds.join(objects, on=["object_type", "system"], nulls_equal=True).filter(few)
