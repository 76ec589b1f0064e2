"""The walk of one value: every system it came to, when, by which message, and where it had been written."""

import polars as pl

from integrhealth.analyses.accountability.truth_home.exposures import (
    BROUGHT,
    INSIDE,
    THING,
    exposures,
    in_order,
)
from integrhealth.analyses.accountability.truth_home.upstream import with_roots, with_senders
from integrhealth.errors import UnknownName, WrongParameter
from integrhealth.language.schema import TEXT, TIME

WALK = {
    "element": TEXT,
    "entity": TEXT,
    "at": TIME,
    "system": TEXT,
    "what": TEXT,
    "value_hash": TEXT,
    "source": TEXT,
    "integration": TEXT,
    "message_id": TEXT,
    "actor": TEXT,
    "began_in": TEXT,
    "began_at": TIME,
}
ENTERED, WRITTEN_OVER, OVERWRITTEN = "entered", "written", "overwritten"
CHANGED_ON_THE_WAY, AGAIN = "changed on the way", "again"


def walk(field_changes: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """One row per change of one thing, by time; `field_changes` are those of it alone.

    ``what`` happened: entered (the first value there, by no message), written (by hand over another), changed inside
    (by a machine), brought (by a message), overwritten (brought over a value that had been written there), changed on
    the way (brought, and the sender had never shown it), again (the value that was there).
    """
    shown = with_roots(with_senders(exposures(field_changes, linked), linked))
    after_own = (pl.col("came").shift(1) != BROUGHT) & ~pl.col("first")
    machine = (pl.col("came") == INSIDE) | pl.col("machine")
    what = (
        pl.when("changed")
        .then(pl.lit(CHANGED_ON_THE_WAY))
        .when(pl.col("came") == BROUGHT)
        .then(pl.when(after_own).then(pl.lit(OVERWRITTEN)).otherwise(pl.lit(BROUGHT)))
        .when("first")
        .then(pl.lit(ENTERED))
        .when(machine)
        .then(pl.lit(INSIDE))
        .otherwise(pl.lit(WRITTEN_OVER))
    )
    steps = shown.with_columns(what=what, at="from_at")
    again = in_order(field_changes, linked).filter("again").with_columns(what=pl.lit(AGAIN))
    rows = pl.concat(
        [steps.select(*WALK), again.select([each for each in WALK if each in again.columns])], how="diagonal"
    )
    return rows.sort("at", "system", "value_hash", "message_id", nulls_last=True).select(*WALK).cast(WALK)


def chosen(
    field_changes: pl.DataFrame, contested: pl.DataFrame, *, element: str | None, entity: str | None
) -> pl.DataFrame:
    """The rows of `field_changes` about one thing: the element and entity asked for, else the first of `contested`.

    Raises UnknownName for an element, WrongParameter for an entity that no change shows.
    """
    rows = field_changes
    if element is not None and rows.filter(element=element).is_empty():
        raise UnknownName("element", element, rows["element"].unique())
    if element is not None:
        rows = rows.filter(element=element)
    if entity is not None and rows.filter(entity=entity).is_empty():
        raise WrongParameter(f"walk: no change shows an entity {entity!r}{f' of {element}' if element else ''}")
    if entity is not None:
        rows = rows.filter(entity=entity)
    first = contested.join(rows.select(THING).unique(), on=THING, how="semi", maintain_order="left").head(1)
    return rows.join(first, on=THING, how="semi")


def most_contested(exposures: pl.DataFrame, conflicts: pl.DataFrame, writes: pl.DataFrame) -> pl.DataFrame:
    """element, entity of everything that changes show: those with most conflicts first, then the longest, then most
    writes outside their home, then most values."""
    fought = conflicts.group_by(THING).agg(conflicts=pl.len(), hours=pl.col("hours").sum())
    outside = writes.filter("outside").group_by(THING).agg(outside=pl.len())
    every = exposures.group_by(THING).agg(values=pl.len())
    for part in (fought, outside):
        every = every.join(part, on=THING, how="left")
    order = ["conflicts", "hours", "outside", "values"]
    return (
        every.with_columns(pl.col(order).fill_null(0))
        .sort(*order, *THING, descending=[True] * len(order) + [False] * len(THING))
        .select(THING)
    )
