"""Bad entries: records that were wrong from some moment on, as a later event shows, and the messages they travelled by.

A record is wrong when a person corrects it, when a later system turns it down, or when a checkpoint stops it. Until
then the wrong value travels with status ok: nothing fails, and every system that gets it holds it. What a person
changes without any sign that it was wrong is an amendment (``amendments``), and no bad entry.
"""

import numpy as np
import polars as pl

from integrhealth.bad_entries.amendments import (
    CHANGES,
    NO_ELEMENTS,
    NO_INCIDENTS,
    changes_by_persons,
    judged,
)
from integrhealth.bad_entries.corrected_records import values_entered, with_messages, wrong_values
from integrhealth.bad_entries.corrections import EXPOSURE, WINDOW, changed_exposures
from integrhealth.bad_entries.first_values import with_first_values
from integrhealth.bad_entries.rejections import CONTENT, OBJECT, arrived_at, message_detections, suspects
from integrhealth.bad_entries.trees import members, owned, traces_of
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, TIME, is_delivered
from integrhealth.traces.ancestry import NO_ROW, roots

ENTRIES = {
    "entry": COUNT,
    "object_type": TEXT,
    "object_id": TEXT,
    "element": TEXT,
    "origin": TEXT,
    "entered_at": TIME,
    "detected_at": TIME,
    "detection": TEXT,
    "detected_in": TEXT,
    "needs_release": FLAG,
    "independent_at": TIME,
    "message_id": TEXT,
    "amount": NUMBER,
    "exposures": pl.List(EXPOSURE),
}
STEPS = {
    "entry": COUNT,
    "step": COUNT,
    "before": COUNT,
    "message_id": TEXT,
    "integration": TEXT,
    "source": TEXT,
    "target": TEXT,
    "object_type": TEXT,
    "object_id": TEXT,
    "sent_at": TIME,
    "arrived_at": TIME,
    "before_detection": FLAG,
    "amount": NUMBER,
    "currency": TEXT,
}


def entries_and_changes(
    caused: pl.DataFrame,
    field_changes: pl.DataFrame,
    holds: pl.DataFrame,
    *,
    incident_events: pl.DataFrame = NO_INCIDENTS,
    elements: pl.DataFrame = NO_ELEMENTS,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The bad entries, in the order of entering, and the changes by persons, which correct one or amend what was right.

    A bad entry is a record (object_type, object_id) that was wrong from ``entered_at`` on, as a detection at most 30
    days later shows. ``detection``, the first: "corrected" (a person's direct write replaced the value, and something
    says that it was wrong), "reversed" (the same, back to an
    earlier value), "rejected" or "failed" (a later system would not have it), "checkpoint" (a hold that did not let
    it through); null, with ``detected_at``, for one that a checkpoint let through although it was bad. ``detected_in``
    is the system, ``needs_release`` whether the detection could come only because the record had left its origin,
    ``independent_at`` the first detection that did not need that. ``origin`` is where it was entered, ``element`` what
    was wrong (as field changes tell), ``message_id`` the first message that carried it, ``amount`` the largest that
    messages of the object name until the detection. ``exposures`` is what field changes tell of single systems: from
    when until when each held the wrong value, and the row in `caused` of the message that brought it; a system of
    which the value is known and was another has an exposure without times. A change has a row for each write of a
    person over another value, with its ``evidence`` that what it replaced was wrong; without any it is an amendment.

    `caused` as ``links.with_causes`` gives it, `elements` those of the catalog. Objects without an id are never
    entries. Where an entity of `field_changes` is the id of objects of several types, it is of the type whose messages
    its changes name, else of the one sent first after the entry. What messages tell of an object whose record began
    below a message that carried another bad entry, along parent links, belongs to that one, the topmost.
    """
    suspected = suspects(caused, holds)
    if field_changes.is_empty() and suspected.is_empty():
        return pl.DataFrame(schema=ENTRIES), pl.DataFrame(schema=CHANGES)
    exposures = with_messages(changed_exposures(with_first_values(field_changes, caused)), caused)
    about = _about(caused, pl.concat([exposures["entity"], _ids(caused, suspected)]).unique())
    refused = message_detections(suspected, about)
    entered = values_entered(exposures, about)
    exposures = judged(exposures, entered, about, refused, incident_events, elements)
    values, corrections = wrong_values(exposures, entered, about)
    records, detections = _brought_together(values, corrections, refused)
    entries = _numbered(records, detections, about)
    if (nested := _nested(caused, entries)).height:
        above = pl.col("value").replace(nested["value"], nested["above"])
        detections = detections.with_columns(
            value=above, needs_release=pl.col("needs_release") | (above != pl.col("value"))
        )
        entries = _numbered(records.join(nested, on="value", how="anti"), detections, about)
    return entries.select(*ENTRIES).cast(ENTRIES), changes_by_persons(exposures, entered)


def _ids(caused: pl.DataFrame, suspected: pl.DataFrame) -> pl.Series:
    return caused.select("row", "object_id").join(suspected, on="row", how="semi")["object_id"]


def _about(caused: pl.DataFrame, object_ids: pl.Series) -> pl.DataFrame:
    """All messages of the objects with these ids, each once, with the number of the object."""
    chosen = caused.filter(pl.col("object_id").is_in(object_ids.implode()))
    once = chosen.unique(CONTENT, keep="first", maintain_order=True)
    objects = once.select(OBJECT).unique().sort(OBJECT).with_row_index("object")
    return once.join(objects, on=OBJECT, nulls_equal=True, maintain_order="left").with_columns(arrived_at())


def _brought_together(
    values: pl.DataFrame, corrections: pl.DataFrame, detections: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bad entries and their detections, both by key. What messages tell of a value that a person corrected belongs to
    it; what else they tell of one object at overlapping times is one entry."""
    times = values.filter(pl.col("object").is_not_null()).select(
        "object", "value", "corrected_at", value_origin="origin", value_entered_at="entered_at", time="entered_at"
    )
    placed = (
        detections.with_columns(time="sent_at")
        .sort("time", "row")
        .join_asof(times.sort("time", "value"), on="time", by="object", check_sortedness=False)
        .with_columns(value=pl.when(pl.col("sent_at") < pl.col("corrected_at")).then("value"))
        .with_columns(
            origin=pl.when(pl.col("value").is_null()).then("origin").otherwise("value_origin"),
            entered_at=pl.when(pl.col("value").is_null()).then("entered_at").otherwise("value_entered_at"),
        )
        .filter((pl.col("detected_at") - pl.col("entered_at") <= WINDOW).fill_null(True))
        .sort("object", "entered_at", "detected_at", "row")
    )
    until = pl.coalesce("detected_at", pl.col("entered_at") + WINDOW)
    others = placed.filter(pl.col("value").is_null()).with_columns(
        anew=(pl.col("entered_at") >= until.cum_max().shift(1).over("object")).fill_null(True)
    )
    others = others.with_columns(value=-pl.col("anew").cast(pl.Int64).cum_sum()).drop("anew")
    inside = (pl.col("source") == pl.col("target")) & (pl.col("source") == pl.col("origin"))
    heads = others.unique("value", keep="first", maintain_order=True)
    needs = (
        pl.when(pl.col("detection") == "checkpoint")
        .then(pl.col("source") != pl.col("origin"))
        .when(pl.col("detection").is_not_null())
        .then(~inside)
    )
    seen = pl.concat([placed.filter(pl.col("value").is_not_null()), others]).select(
        "value",
        "detection",
        "detected_at",
        detected_in=pl.when(pl.col("detection").is_not_null()).then("detected_in"),
        needs_release=needs,
    )
    records = pl.concat(
        [
            values.select(
                "value", "object", "object_type", "object_id", "element", "origin", "entered_at", "exposures"
            ),
            heads.select("value", "object", "object_type", "object_id", "origin", "entered_at"),
        ],
        how="diagonal_relaxed",
    )
    return records, pl.concat([corrections, seen], how="vertical_relaxed")


def _numbered(records: pl.DataFrame, detections: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """The bad entries `records` with what the detections say of them."""
    detected = (
        detections.sort("value", "detected_at", "needs_release", "detection", "detected_in", nulls_last=True)
        .group_by("value", maintain_order=True)
        .agg(
            pl.col("detected_at", "detection", "detected_in", "needs_release").first(),
            independent_at=pl.col("detected_at").filter(~pl.col("needs_release")).min(),
        )
    )
    entries = records.join(detected, on="value").with_columns(time="entered_at").sort("time", "value")
    sent = about.select("object", "message_id", "sent_at", "amount", origin="source", time="sent_at")
    sent = sent.sort("time", "message_id")
    first = entries.join_asof(
        sent.select("object", "origin", "message_id", "sent_at", "time").unique(
            ["object", "origin", "time"], keep="first", maintain_order=True
        ),
        on="time",
        by=["object", "origin"],
        strategy="forward",
        check_sortedness=False,
    )
    until = pl.coalesce("detected_at", pl.col("entered_at") + WINDOW)
    amounts = (
        sent.drop_nulls("amount")
        .join_asof(
            entries.select("object", "value", "detected_at", "entered_at", "time"),
            on="time",
            by="object",
            check_sortedness=False,
        )
        .filter(pl.col("sent_at") <= until)
        .group_by("value")
        .agg(pl.col("amount").max())
    )
    return (
        first.with_columns(message_id=pl.when(pl.col("sent_at") <= until).then("message_id"))
        .join(amounts, on="value", how="left")
        .sort("entered_at", "object_type", "object_id", "element", "origin", "detected_at", nulls_last=True)
        .with_columns(pl.int_range(pl.len()).alias("entry"))
        .select("value", *ENTRIES)
        .cast(ENTRIES)
    )


def _nested(caused: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """The entries told by messages alone that lie below another one by parent links: value, and that of the topmost
    (``above``)."""
    by_message = entries.filter(pl.col("value") < 0)
    if by_message.is_empty():
        return pl.DataFrame(schema={"value": pl.Int64, "above": pl.Int64})
    placed = owned(traces_of(caused, entries), entries)
    parent, carried = placed["parent"].to_numpy(), np.full(placed.height, NO_ROW)
    carriers = members(placed, entries)
    carried[carriers["place"].to_numpy()] = carriers["entry"].to_numpy()
    # The nearest message above each that carried anything, and from there the topmost that did.
    nearest = roots(np.where(carried >= 0, NO_ROW, parent))[0]
    above = np.where(parent >= 0, nearest[parent], NO_ROW)
    above = np.where((above >= 0) & (carried[above] >= 0), above, NO_ROW)
    top = pl.Series(carried[roots(above)[0]])
    first = placed.drop_nulls("entry").sort("place").unique("entry", keep="first", maintain_order=True)
    values = entries.select(top="entry", above="value", above_at="entered_at")
    return (
        first.select("entry", top=top.gather(first["place"]))
        .join(by_message.select("entry", "value", "detected_at"), on="entry")
        .filter(pl.col("top") >= 0, pl.col("top") != pl.col("entry"))
        .join(values, on="top")
        # Where clocks differ a detection may come before what is above was entered: it tells nothing of that.
        .filter((pl.col("detected_at") >= pl.col("above_at")).fill_null(True))
        .select("value", "above")
    )


def entry_steps(caused: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """One row per delivered message by which a wrong value travelled, by entry and time: a tree for each entry.

    ``step`` is the row in `caused`, ``before`` the step that brought the value to the sender (null at the origin),
    ``before_detection`` whether it arrived before the entry was detected (or nobody has). A message belongs to one
    entry at most. Members are the messages of the object, sent from the entry until its detection by a system that had
    the value by then, and what they are parents of, about whatever object. Where field changes tell what a system held
    (``exposures``), exactly the messages that brought the wrong value there are steps, also after the detection.

    `caused` and `entries` as ``links.with_causes`` and ``bad_entries`` give them.
    """
    if entries.is_empty():
        return pl.DataFrame(schema=STEPS)
    traced = traces_of(caused, entries)
    return _steps(members(owned(traced, entries), entries), traced, entries)


def _steps(members: pl.DataFrame, traced: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """The delivered `members`, each with the delivered one that brought the value to its sender."""
    local = np.full(traced.height, NO_ROW)
    local[members["place"].to_numpy()] = np.arange(members.height)
    above = members["above"].to_numpy()
    above = np.where(above >= 0, local[above], NO_ROW)
    messages = members.join(traced.drop("entry", strict=False), on="place", maintain_order="left")
    delivered = messages.select(is_delivered(pl.col("status"))).to_series().to_numpy()
    # What was not delivered brought nothing by itself: what it was a part of did.
    nearest = roots(np.where(delivered, NO_ROW, above))[0]
    before = np.where(above >= 0, nearest[above], NO_ROW)
    before = np.where(delivered[before], before, NO_ROW)
    rows = messages["row"].cast(pl.Int64).to_numpy()
    return (
        messages.with_columns(step="row", before=pl.Series(np.where(before >= 0, rows[before], NO_ROW)))
        .with_columns(before=pl.when(pl.col("before") != NO_ROW).then("before"))
        .join(entries.select("entry", "detected_at"), on="entry", maintain_order="left")
        .with_columns(before_detection=(pl.col("arrived_at") < pl.col("detected_at")).fill_null(True))
        .filter(pl.Series(delivered))
        .sort("entry", "sent_at", "arrived_at", "message_id", "step")
        .select(*STEPS)
        .cast(STEPS)
    )
