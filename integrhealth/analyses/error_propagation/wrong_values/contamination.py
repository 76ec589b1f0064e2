"""Contamination: a wrong value travels with status ok; which systems held it between its entry and its detection?

Nothing fails here. A record was corrected, reversed, turned down or stopped at a checkpoint later, so until then it
was wrong wherever it had got to. A message that merely failed does not say that its content was wrong, nor does a value
that a person amended: left out.
"""

import polars as pl

from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, TIME
from integrhealth.language.statistics import enough, quantile_ranks
from integrhealth.language.thresholds import MIN_MESSAGES

CONTAMINATION = {
    "object_type": TEXT,
    "object_id": TEXT,
    "element": TEXT,
    "origin": TEXT,
    "entered_at": TIME,
    "detected_at": TIME,
    "detection": TEXT,
    "detected_in": TEXT,
    "needs_release": FLAG,
    "held_minutes": NUMBER,
    "systems": COUNT,
    "records": COUNT,
    "reached": pl.List(TEXT),
    "amount": NUMBER,
    "entry": COUNT,
    "objects": COUNT,
    "message_id": TEXT,
    "first_integration": TEXT,
}
EXPOSURES = {
    "place": COUNT,
    "entry": COUNT,
    "system": TEXT,
    "origin": FLAG,
    "from_at": TIME,
    "until_at": TIME,
    "minutes": NUMBER,
    "minutes_before_detection": NUMBER,
}
SYSTEMS = {
    "system": TEXT,
    "entries": COUNT,
    "entered": COUNT,
    "timed": COUNT,
    "median_minutes": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
    "hours_before_detection": NUMBER,
    "amount": NUMBER,
}
EDGES = {"source": TEXT, "target": TEXT, "entries": COUNT, "messages": COUNT}


def wrong_entries(entries: pl.DataFrame) -> pl.DataFrame:
    """The bad `entries` of which more is known than that a message about them failed."""
    return entries.filter(pl.col("detection").fill_null("") != "failed")


def steps_before_detection(wrong: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """The `steps` (as ``entries.entry_steps`` gives them) by which the `wrong` values travelled undetected."""
    return steps.join(wrong.select("entry"), on="entry", how="semi", maintain_order="left").filter("before_detection")


def nothing_detected(messages: pl.DataFrame, field_changes: pl.DataFrame, amended: int = 0) -> str:
    """Why there is no wrong value to tell of, and what file or column would make it possible.

    `amended` changes by people were amendments.
    """
    with_objects = messages["object_id"].null_count() < messages.height
    if amended:
        return (
            f"Nothing says that a value was wrong: people changed {amended:,} in the course of business (amendments), "
            "and no record was turned down or stopped."
        )
    if field_changes.height:
        return "No value was corrected by a person within 30 days, and no record was turned down or stopped."
    if with_objects:
        return (
            "No record was turned down or stopped; corrections by people need field_changes (element, entity, system, "
            "value_hash, at, actor_type)."
        )
    return (
        "Wrong values need to be recognised: field_changes (element, entity, system, value_hash, at, actor_type), or "
        "object_id in messages, for those that were rejected or stopped at a checkpoint (holds)."
    )


def system_exposures(wrong: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """One row per wrong value and system that held it before it was detected, in the order reached (``place``, from 0).

    ``from_at``: the entry at the origin, elsewhere the first arrival, or what field changes tell. ``until_at``: when
    field changes show the value replaced there, else the detection; null for a value that nobody has detected yet.
    """
    times = wrong.select("entry", "entered_at", "detected_at", at="origin")
    shown = (
        _shown(wrong)
        .group_by("entry", "system")
        .agg(
            shown_from=pl.col("from_at").min(),
            # A value that came back leaves for good when the last one does; null: it still stands there.
            shown_until=pl.when(pl.col("until_at").is_not_null().all()).then(pl.col("until_at").max()),
        )
    )
    places = [
        times.select("entry", system="at", from_at="entered_at"),
        taken.select("entry", system="target", from_at="arrived_at"),
        shown.select("entry", "system", from_at="shown_from"),
    ]
    first = pl.concat(places).group_by("entry", "system").agg(pl.col("from_at").min())
    held = (
        first.join(shown, on=["entry", "system"], how="left")
        .join(times, on="entry")
        .with_columns(origin=pl.col("system") == pl.col("at"))
        .with_columns(from_at=pl.when("origin").then("entered_at").otherwise(pl.coalesce("shown_from", "from_at")))
        .filter(pl.col("origin") | (pl.col("from_at") < pl.col("detected_at")).fill_null(True))
        .with_columns(until_at=pl.coalesce("shown_until", "detected_at"))
    )
    before = pl.min_horizontal("until_at", "detected_at")
    return (
        held.with_columns(
            minutes=_minutes("from_at", pl.col("until_at")).clip(0),
            minutes_before_detection=pl.when(pl.col("detected_at").is_not_null()).then(
                _minutes("from_at", before).clip(0)
            ),
        )
        .sort("entry", pl.col("origin").not_(), "from_at", "system")
        .with_columns(place=pl.int_range(pl.len()).over("entry"))
        .select(*EXPOSURES)
        .cast(EXPOSURES)
    )


def _shown(wrong: pl.DataFrame) -> pl.DataFrame:
    """One row per wrong value and exposure that field changes tell of: entry, system, from_at, until_at."""
    exposures = wrong.select("entry", "exposures").explode("exposures").unnest("exposures")
    return exposures.drop_nulls(["system", "from_at"])


def _minutes(since: str, until: pl.Expr) -> pl.Expr:
    return (until - pl.col(since)).dt.total_microseconds() / 60_000_000


def _sum_of_known(column: str) -> pl.Expr:
    """The sum of a column; null where every row is null, and not 0."""
    return pl.when(pl.col(column).is_not_null().any()).then(pl.col(column).sum())


def contamination(wrong: pl.DataFrame, taken: pl.DataFrame, exposures: pl.DataFrame) -> pl.DataFrame:
    """One row per wrong value, most systems first, then most records, then longest held.

    ``held_minutes`` from entry to detection; ``systems`` that held it before the detection, the origin included;
    ``records`` the distinct objects in systems among them, ``objects`` the distinct objects; ``reached`` the systems
    in the order in which it came to them; ``amount`` the sum over the objects, each at its largest, currencies as
    logged; ``first_integration`` the one by which it left its origin.
    """
    reached = (
        exposures.sort("entry", "place")
        .group_by("entry", maintain_order=True)
        .agg(systems=pl.len(), reached=pl.col("system"))
    )
    own = wrong.select("entry", "object_type", "object_id", "amount")
    # Messages about nothing in particular are part of what happened to the object itself.
    has_object = pl.col("object_id").is_not_null()
    moved = taken.join(own.rename({"object_type": "own_type", "object_id": "own_id"}).drop("amount"), on="entry")
    moved = moved.select(
        "entry",
        object_type=pl.when(has_object).then("object_type").otherwise("own_type"),
        object_id=pl.coalesce("object_id", "own_id"),
        amount="amount",
        system="target",
    )
    # The object itself stands where it was entered, where its messages went and where field changes show it.
    shown = _shown(wrong)
    itself = exposures.filter("origin").select("entry", "system")
    itself = pl.concat([itself, exposures.join(shown, on=["entry", "system"], how="semi").select("entry", "system")])
    held = itself.join(own, on="entry")
    touched = pl.concat([held.select(moved.columns), moved])
    records = (
        touched.group_by("entry", "system", "object_type", "object_id").len().group_by("entry").agg(records=pl.len())
    )
    objects = (
        touched.group_by("entry", "object_type", "object_id")
        .agg(pl.col("amount").max())
        .group_by("entry")
        .agg(objects=pl.len(), amount=_sum_of_known("amount"))
    )
    left = taken.filter(pl.col("source") != pl.col("target")).sort("entry", "sent_at", "message_id", "step")
    left = left.group_by("entry", maintain_order=True).agg(first_integration=pl.col("integration").first())
    table = wrong.drop("amount")
    for part in (reached, records, objects, left):
        table = table.join(part, on="entry", how="left")
    order = {"systems": True, "records": True, "held_minutes": True, "entered_at": False, "entry": False}
    return (
        table.with_columns(held_minutes=_minutes("entered_at", pl.col("detected_at")))
        .sort(*order, descending=list(order.values()), nulls_last=True)
        .select(*CONTAMINATION)
        .cast(CONTAMINATION)
    )


def contaminated_systems(
    wrong: pl.DataFrame, exposures: pl.DataFrame, *, min_messages: int = MIN_MESSAGES
) -> pl.DataFrame:
    """One row per system that held a wrong value before anybody detected it, most of them first.

    ``entries`` wrong values it held, ``entered`` of them entered there; ``median_minutes`` for which it held one,
    with its interval (order statistics), null below `min_messages` ``timed`` ones; ``hours_before_detection`` all
    together until the detection, or the correction there if that was earlier; ``amount`` the sum over distinct objects.
    """
    amounts = (
        exposures.join(wrong.select("entry", "object_type", "object_id", "amount"), on="entry")
        .group_by("system", "object_type", "object_id")
        .agg(pl.col("amount").max())
        .group_by("system")
        .agg(amount=_sum_of_known("amount"))
    )
    held = exposures.group_by("system").agg(
        entries=pl.len(),
        entered=pl.col("origin").sum(),
        timed=pl.col("minutes").count(),
        sorted=pl.col("minutes").drop_nulls().sort(),
        hours_before_detection=pl.col("minutes_before_detection").sum() / 60,
    )
    low, high = quantile_ranks(held["timed"].to_numpy().clip(1), 0.5)
    judged = pl.when(enough(pl.col("timed"), min_messages))
    ranked_minutes = held.with_columns(low_rank=pl.Series(low), high_rank=pl.Series(high)).with_columns(
        median_minutes=judged.then(pl.col("sorted").list.median()),
        low=judged.then(pl.col("sorted").list.get(pl.col("low_rank") - 1, null_on_oob=True)),
        high=judged.then(pl.col("sorted").list.get(pl.col("high_rank") - 1, null_on_oob=True)),
    )
    return (
        ranked_minutes.with_columns(low=pl.when(pl.col("low_rank") > 0).then("low"))
        .join(amounts, on="system", how="left")
        .sort("entries", "hours_before_detection", "system", descending=[True, True, False])
        .select(*SYSTEMS)
        .cast(SYSTEMS)
    )


def contaminated_edges(taken: pl.DataFrame) -> pl.DataFrame:
    """One row per edge that carried wrong values: source, target, how many (``entries``) and in how many messages."""
    return (
        taken.filter(pl.col("source") != pl.col("target"))
        .group_by("source", "target")
        .agg(entries=pl.col("entry").n_unique(), messages=pl.len())
        .sort("entries", "messages", "source", "target", descending=[True, True, False, False])
        .select(*EDGES)
        .cast(EDGES)
    )


def worst_exposures(contamination: pl.DataFrame, exposures: pl.DataFrame, *, top: int = 3) -> pl.DataFrame:
    """The exposures of the worst wrong value of each of `top` origins, worst first, in minutes since the entry.

    Only values that travelled. ``detection_minutes`` is null for one that nobody has detected.
    """
    travelled = contamination.filter(pl.col("systems") > 1).unique("origin", keep="first", maintain_order=True)
    worst = travelled.head(top).select("entry", "entered_at", "held_minutes").with_row_index("rank")
    return (
        exposures.join(worst, on="entry")
        .sort("rank", "place")
        .select(
            "entry",
            "place",
            "system",
            "origin",
            from_minutes=_minutes("entered_at", pl.col("from_at")),
            until_minutes=_minutes("entered_at", pl.col("until_at")),
            detection_minutes="held_minutes",
        )
    )
