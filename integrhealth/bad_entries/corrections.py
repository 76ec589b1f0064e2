"""Values that a person replaced by hand, as field changes tell, and every system that showed one.

An *exposure* is the time for which one system showed one value of one element of one entity. Exposures of the same
value in several systems, one overlapping the next, are one value on its way: it was entered once and then copied.
"""

from datetime import timedelta

import polars as pl

from integrhealth.language.thresholds import ENTRY_DAYS

WINDOW = timedelta(days=ENTRY_DAYS)
THING = ("element", "entity")
# What is left of an exposure in a list: the system, from when until when, and the message (row) that brought the value.
EXPOSURE = pl.Struct(
    {
        "system": pl.String,
        "from_at": pl.Datetime("us", "UTC"),
        "until_at": pl.Datetime("us", "UTC"),
        "message_row": pl.Int64,
    }
)


def changed_exposures(field_changes: pl.DataFrame) -> pl.DataFrame:
    """One row per exposure of a value of an element that a person changed: value (its number), element, entity, system,
    value_hash, from_at, until_at, direct, by_person, actor, message_id, and how it ended.

    ``until_at`` is null for a value that stays to the end. ``direct``: written there, not brought by a message;
    ``by_person``: directly, and by no system. ``changed``: the next write there was a person's, directly (a null
    actor_type counts as one), of ``next_hash``, by ``next_actor``, for ``next_reason``, replaced at ``next_until_at``.
    ``correctable``: that was at most 30 days later, and was not itself taken back by the write after it: then it was
    the mistake, and what it replaced was right. ``reversed``: changed back to a value that the system had shown before.
    Elements of entities without a change by a person are left out before anything else is looked at.
    """
    exposures = _exposures(field_changes)
    within = (pl.col("until_at") - pl.col("from_at")) <= WINDOW
    next_within = (pl.col("next_until_at") - pl.col("until_at")) <= WINDOW
    taken_back = pl.col("after_next_by_person") & (pl.col("after_next_hash") == pl.col("value_hash")) & next_within
    changed = pl.col("next_by_person").fill_null(False)
    exposures = exposures.with_columns(
        changed=changed, correctable=changed & within.fill_null(False) & ~taken_back.fill_null(False)
    )
    relevant = exposures.join(
        exposures.filter("changed").select(THING).unique(), on=THING, how="semi", maintain_order="left"
    )
    relevant = relevant.with_columns(reversed=pl.col("changed") & ~pl.col("next_first_shown").fill_null(True))
    return _with_value(relevant).select(
        *("value", *THING, "system", "value_hash", "from_at", "until_at", "direct", "by_person", "actor", "message_id"),
        *("changed", "correctable", "reversed", "next_hash", "next_actor", "next_reason", "next_until_at"),
    )


def written_by_person() -> pl.Expr:
    """A field change that no message brought and no system made; a null actor_type counts as a person's."""
    return pl.col("message_id").is_null() & (pl.col("actor_type").fill_null("person") != "system")


def _exposures(field_changes: pl.DataFrame) -> pl.DataFrame:
    """Exposures by system, each with what came next; writes of the value that is there already change nothing."""
    place = [*THING, "system"]
    direct, person = pl.col("message_id").is_null(), written_by_person()
    # Without a person's write and two values nobody changed anything: most entities end here.
    changeable = field_changes.group_by(THING).agg(
        (person.any() & (pl.col("value_hash") != pl.col("value_hash").first()).any()).alias("changeable")
    )
    changes = (
        field_changes.select(*place, "value_hash", "at", "message_id", "actor_type", "actor", "change_reason")
        .join(changeable.filter("changeable"), on=THING, how="semi")
        .unique()
        .sort(*place, "at", "value_hash", "message_id", "actor_type", "actor", "change_reason", nulls_last=True)
    )
    # Rows of one place stand together: a number for each is compared, where three texts would cost most of the time.
    changes = changes.with_columns(
        run=pl.any_horizontal(pl.col(place) != pl.col(place).shift(1)).cum_sum().fill_null(0)
    )
    new = (pl.col("value_hash") != pl.col("value_hash").shift(1)) | (pl.col("run") != pl.col("run").shift(1))
    exposures = changes.filter(new.fill_null(True)).select(
        *("run", *place, "value_hash", "message_id", "actor", "change_reason"),
        from_at="at",
        direct=direct,
        by_person=person,
    )
    exposures = exposures.with_columns(first_shown=pl.struct("run", "value_hash").is_first_distinct())

    def following(column: str, steps: int = 1) -> pl.Expr:
        """The column of the exposure so many further on at the same place, or null."""
        return pl.when(pl.col("run").shift(-steps) == pl.col("run")).then(pl.col(column).shift(-steps))

    return exposures.with_columns(
        until_at=following("from_at"),
        next_until_at=following("from_at", 2),
        next_by_person=following("by_person"),
        next_hash=following("value_hash"),
        next_first_shown=following("first_shown"),
        next_actor=following("actor"),
        next_reason=following("change_reason"),
        after_next_by_person=following("by_person", 2),
        after_next_hash=following("value_hash", 2),
    )


def _with_value(exposures: pl.DataFrame) -> pl.DataFrame:
    """`exposures` plus value: the number of the value on its way to which each belongs.

    A direct write begins anew where no system shows the value any more; a message may bring it late, so it does so
    only after 30 days.
    """
    kind = [*THING, "value_hash"]
    latest = pl.col("from_at") + WINDOW
    ordered = exposures.sort(*kind, "from_at", pl.col("direct").not_(), "system").with_columns(
        shown_until=pl.min_horizontal("until_at", latest).cum_max().shift(1).over(kind),
        known_until=latest.cum_max().shift(1).over(kind),
    )
    anew = (
        pl.when("direct")
        .then(pl.col("from_at") >= pl.col("shown_until"))
        .otherwise(pl.col("from_at") > pl.col("known_until"))
    )
    return ordered.with_columns(value=anew.fill_null(True).cast(pl.Int64).cum_sum())
