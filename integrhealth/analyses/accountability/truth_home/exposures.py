"""Every value that a system showed of an element, how it came there, and the message that brought it.

An *exposure* is the time for which one system showed one value of one element of one entity (a *thing*). A change that
names a message was brought by it, also where no log has that message: its sender is then not known. A message inside
one system brings nothing: what names it was changed there.
"""

from datetime import UTC, datetime, timedelta

import polars as pl

from integrhealth.language.schema import COUNT, is_business
from integrhealth.language.thresholds import ENTRY_DAYS, LOGGED_LATE_SECONDS

THING = ("element", "entity")
PLACE = ["thing", "system"]
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
# A message id that is used again so much later is that of another message.
WINDOW = timedelta(days=ENTRY_DAYS)
LOGGED_LATE = timedelta(seconds=LOGGED_LATE_SECONDS)
# How a value came to a system.
WRITTEN, INSIDE, BROUGHT = "written", "changed inside", "brought"
# Frames are sorted where they are joined; polars cannot check within groups.
ASOF = {"check_sortedness": False}


def exposures(field_changes: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """One row per exposure, numbered by ``exposure`` in the order of thing, system and time. ``place`` is the number of
    its thing in its system, ``value`` that of its thing with its value: by numbers all is compared many times faster.

    ``came``: written (no message brought it), changed inside (by a message inside the system) or brought. ``first``:
    the system showed no other value of the thing before. ``until_at`` is null for a value that stands to the end.
    ``source``, ``integration`` and ``sent_at`` are of the message; null where it is not known. ``in_hand_at``: from
    when on the system can have passed the value on: what a message brings is logged when its work is done, and
    everything up to a minute late, or by a clock that is. A write of the value that is there already changes nothing,
    and is no exposure.
    """
    kept = in_order(field_changes, linked).filter(~pl.col("again")).with_row_index("exposure")
    kept = kept.with_columns(place=pl.col("first").cum_sum())
    values = kept.select("thing", "value_hash").unique().with_row_index("value")
    kept = kept.join(values, on=["thing", "value_hash"], maintain_order="left")
    following = pl.col("place") == pl.col("place").shift(-1)
    begun = pl.when("arrived").then(pl.min_horizontal("at", "received_at")).otherwise("at")
    return kept.select(
        pl.col("exposure").cast(COUNT),
        *("thing", *THING, "system", "value_hash", "place", "value"),
        pl.col("at").alias("from_at"),
        until_at=pl.when(following).then(pl.col("at").shift(-1)),
        first="first",
        came="came",
        actor="actor",
        person=(pl.col("actor_type") == "person").fill_null(False),
        machine=(pl.col("actor_type") == "system").fill_null(False),
        message_id="message_id",
        source="source",
        integration="integration",
        sent_at="sent_at",
        message_row="message_row",
        in_hand_at=begun - LOGGED_LATE,
    )


def in_order(field_changes: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """All changes by thing, system and time, as ``arrived``, with ``first`` and ``again``: the value was there."""
    changes = arrived(field_changes, linked).sort(*PLACE, "at", "value_hash", "message_id", "actor", nulls_last=True)
    same_place = pl.all_horizontal(pl.col(PLACE) == pl.col(PLACE).shift(1)).fill_null(False)
    same_value = (pl.col("value_hash") == pl.col("value_hash").shift(1)).fill_null(False)
    return changes.with_columns(first=~same_place, again=same_place & same_value)


def arrived(field_changes: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """`field_changes`, each once, with the number of its thing, how it ``came``, and of the message that brought it
    source, integration, sent_at, received_at and its row; those of load tests are left out. `linked` are messages as
    ``links.linked`` gives them.

    Of messages with its id the one sent nearest, at most 30 days apart. ``arrived``: the message is known and was for
    this system. One that was for another system brought the value as well, nobody knows from where.
    """
    columns = [*THING, "system", "value_hash", "at", "actor", "actor_type", "message_id"]
    changes = field_changes.select(columns)
    things = changes.select(THING).unique().sort(THING).with_row_index("thing")
    changes = changes.join(things, on=THING)
    ids = changes.select("message_id").drop_nulls().unique()
    sent = (
        linked.join(ids, on="message_id", how="semi")
        .select(
            *("message_id", "source", "target", "integration", "sent_at"),
            received_at=pl.coalesce("received_at", "sent_at"),
            load_test=pl.col("load_test").fill_null(False),
            message_row="row",
            time="sent_at",
        )
        .sort("time", "message_row")
    )
    with_message = pl.col("message_id").is_not_null()
    with_id = changes.filter(with_message).with_columns(time="at").sort("time")
    with_id = with_id.join_asof(sent, on="time", by="message_id", strategy="nearest", tolerance=WINDOW, **ASOF)
    every = pl.concat([changes.filter(~with_message), with_id.drop("time")], how="diagonal")
    here = (pl.col("target") == pl.col("system")).fill_null(False)
    inside = here & (pl.col("source") == pl.col("system"))
    came = pl.when(pl.col("message_id").is_null())
    comes = here & ~inside
    return (
        every.filter(is_business())
        .with_columns(
            came=came.then(pl.lit(WRITTEN)).when(inside).then(pl.lit(INSIDE)).otherwise(pl.lit(BROUGHT)),
            arrived=comes,
            source=pl.when(comes).then("source"),
        )
        .drop("target", "load_test")
    )


def shown_by_others(asked: pl.DataFrame, shown: pl.DataFrame, *, after: str) -> pl.Series:
    """Whether some system showed the same value of the thing just before each of `asked` came, and still after `after`.

    `asked` and `shown` are exposures. What ended when this one came, as the system's own values did, is not looked at.
    """
    values = (
        shown.join(asked, on="value", how="semi")
        .select("value", "from_at", shown_until=pl.col("until_at").fill_null(NEVER))
        .sort("from_at", "shown_until")
        .with_columns(pl.col("shown_until").cum_max().over("value"))
    )
    asked = asked.select("value", "from_at", still=after).with_row_index("asked").sort("from_at", "asked")
    before = asked.join_asof(values, on="from_at", by="value", allow_exact_matches=False, **ASOF).sort("asked")
    return before.select((pl.col("shown_until") > pl.col("still")).fill_null(False)).to_series()
