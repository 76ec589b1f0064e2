"""Which changes by persons say that a value was wrong, and which are amendments: business that goes on.

A customer who changes a quantity, an order that is amended, an address that moves: the value was right until then. That
a value was wrong needs evidence, and there are seven kinds of it (``EVIDENCE``). A change without any is an amendment.
"""

import polars as pl

from integrhealth.bad_entries.corrections import THING, WINDOW
from integrhealth.language.corrections import says_corrected
from integrhealth.language.schema import FLAG, FRAMES, TEXT, TIME, WORDS
from integrhealth.language.statistics import wilson_interval
from integrhealth.language.thresholds import MIN_AGREEING_SYSTEMS, TAKEN_BACK_SHARE

# What says that the value that a person replaced was wrong; the first that holds stands for all.
EVIDENCE = (
    "marked as a correction",
    "marked by its message",
    "rejected or stopped",
    "named by an incident",
    "not amended, says the catalog",
    "no other system held it",
    "taken back",
)
ELEMENTS = {"element": TEXT, "amended": FLAG, "correction_codes": WORDS}
CHANGES = {
    "element": TEXT,
    "entity": TEXT,
    "object_type": TEXT,
    "system": TEXT,
    "entered_at": TIME,
    "changed_at": TIME,
    "evidence": TEXT,
}
NO_ELEMENTS, NO_INCIDENTS = pl.DataFrame(schema=ELEMENTS), FRAMES["incident_events"].empty()
ASOF = {"on": "time", "check_sortedness": False}


def judged(
    exposures: pl.DataFrame,
    entered: pl.DataFrame,
    about: pl.DataFrame,
    refused: pl.DataFrame,
    incident_events: pl.DataFrame,
    elements: pl.DataFrame,
) -> pl.DataFrame:
    """`exposures` plus ``evidence``: what says that the value that a person replaced was wrong, else null.

    Only a change that can be a correction is asked: at most 30 days after the value was entered, and not taken back.
    `exposures` as ``changed_exposures`` gives them, `entered` as ``values_entered``; `about` the messages of their
    objects, `refused` those that show that a record was wrong, as ``rejections.message_detections`` gives them.
    """
    written = entered.select("value", "object", "entered_at", "entered_by", entered_by_person="by_person")
    placed = exposures.join(written, on="value", how="left", maintain_order="left").with_row_index("change")
    took = pl.col("until_at") - pl.col("entered_at")
    asked = placed.filter("correctable", took.is_between(WINDOW * 0, WINDOW, closed="right"))
    signs = [
        _marked(asked, elements),
        _marked_by_message(asked, about),
        _refused(asked, refused),
        _named_by_incident(asked, incident_events),
        _not_amended(asked, elements),
        _held_by_no_other(asked, exposures),
        _taken_back(asked, exposures),
    ]
    wrong = pl.concat(
        [
            sign.select("change", rank=pl.lit(rank, pl.Int8), evidence=pl.lit(what))
            for rank, (sign, what) in enumerate(zip(signs, EVIDENCE, strict=True))
        ]
    ).sort("rank")
    wrong = wrong.unique("change", keep="first", maintain_order=True).drop("rank")
    evidence = placed.join(wrong, on="change", how="left", maintain_order="left")
    return evidence.select(*exposures.columns, "evidence")


def changes_by_persons(exposures: pl.DataFrame, entered: pl.DataFrame) -> pl.DataFrame:
    """One row per write of a person over another value, by time. `exposures` as ``judged`` gives them.

    ``evidence`` says how it is known that the value was wrong; a change without it is an amendment.
    """
    changed = exposures.filter("changed").join(
        entered.select("value", "object_type", "entered_at"), on="value", how="left"
    )
    order = ["changed_at", "element", "entity", "system"]
    return changed.with_columns(changed_at="until_at").select(*CHANGES).cast(CHANGES).sort(order)


def _marked(asked: pl.DataFrame, elements: pl.DataFrame) -> pl.DataFrame:
    """The reason says so in words, or is a code of which the catalog says that it does."""
    codes = elements.select("element", next_reason="correction_codes").explode("next_reason").drop_nulls().unique()
    by_code = asked.join(codes, on=["element", "next_reason"], how="semi")
    return pl.concat([asked.filter(says_corrected(pl.col("next_reason"))), by_code])


def _marked_by_message(asked: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """The next message about the object that the system sent, before the value was changed again, is a correction."""
    sent = about.select("object", "operation", "message_id", system="source", time="sent_at", sent_at="sent_at").sort(
        "time", "message_id"
    )
    return (
        asked.drop_nulls("object")
        .select("change", "object", "system", "next_until_at", time="until_at")
        .sort("time", "change")
        .join_asof(sent, by=["object", "system"], strategy="forward", tolerance=WINDOW, **ASOF)
        .filter(says_corrected(pl.col("operation")), (pl.col("sent_at") < pl.col("next_until_at")).fill_null(True))
    )


def _refused(asked: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    """A later system rejected the record, or a checkpoint stopped it or said that it was bad, with this very value."""
    # Of all that was refused by then the one sent last: a look back at one row tells of all.
    seen = (
        refused.filter(pl.col("detection").fill_null("") != "failed")
        .select("object", "sent_at", time=pl.coalesce("detected_at", "sent_at"))
        .sort("time", "sent_at")
        .with_columns(pl.col("sent_at").cum_max().over("object"))
    )
    return (
        asked.drop_nulls("object")
        .select("change", "object", "entered_at", time="until_at")
        .sort("time", "change")
        .join_asof(seen, by="object", **ASOF)
        .filter(pl.col("sent_at") >= pl.col("entered_at"))
    )


def _named_by_incident(asked: pl.DataFrame, incident_events: pl.DataFrame) -> pl.DataFrame:
    """An incident named the object after the value was entered and before it was changed."""
    naming = incident_events.select(entity="object_id", time="at", named_at="at").drop_nulls().sort("time")
    return (
        asked.select("change", "entity", "entered_at", time="until_at")
        .sort("time", "change")
        .join_asof(naming, by="entity", **ASOF)
        .filter(pl.col("named_at") >= pl.col("entered_at"))
    )


def _not_amended(asked: pl.DataFrame, elements: pl.DataFrame) -> pl.DataFrame:
    """The catalog says that people do not change the element in the course of business."""
    return asked.join(elements.filter(~pl.col("amended")), on="element", how="semi")


def _held_by_no_other(asked: pl.DataFrame, exposures: pl.DataFrame) -> pl.DataFrame:
    """All other systems agreed on another value, to which it was changed, and none had ever shown this one.

    One of them had that value before this one came here: what a person copies to a system that gets no messages is an
    amendment that the others had first. A return to what this system itself had shown says less (``_taken_back``).
    """
    new = asked.filter(~pl.col("reversed")).select(
        "change", *THING, "system", "value_hash", "next_hash", "from_at", "until_at"
    )
    others = exposures.select(
        *THING, other="system", other_hash="value_hash", other_from="from_at", other_until="until_at"
    )
    elsewhere = new.join(others, on=THING).filter(
        pl.col("other") != pl.col("system"), pl.col("other_from") < pl.col("until_at")
    )
    at_change = (pl.col("other_until") >= pl.col("until_at")).fill_null(True)
    agreed = pl.col("other_hash") == pl.col("next_hash")
    return (
        elsewhere.group_by("change")
        .agg(
            systems=pl.col("other").n_unique(),
            agreeing=pl.col("other").filter(at_change & agreed).n_unique(),
            held=(pl.col("other_hash") == pl.col("value_hash")).any(),
            earlier=(agreed & (pl.col("other_from") <= pl.col("from_at"))).any(),
        )
        .filter(
            pl.col("systems") >= MIN_AGREEING_SYSTEMS,
            pl.col("agreeing") == pl.col("systems"),
            ~pl.col("held"),
            pl.col("earlier"),
        )
    )


def _taken_back(asked: pl.DataFrame, exposures: pl.DataFrame) -> pl.DataFrame:
    """Changed back to an earlier value, and not by somebody who changed his mind: another person than the one who had
    written it did, or no person had; or people do not change this element there in any other way.

    Customers go back and forth as well. So where changes of the element in the system last (not surely fewer than half
    of them), a return by the same person, or by one who is not known, is an amendment like the others.
    """
    kind = ["element", "system"]
    back = asked.filter("reversed")
    lasting = exposures.filter("correctable", ~pl.col("reversed")).group_by(kind).agg(lasting=pl.len())
    shares = back.group_by(kind).agg(back=pl.len()).join(lasting, on=kind, how="left")
    low, _ = wilson_interval(shares["back"], shares["back"] + shares["lasting"].fill_null(0))
    only = shares.filter(pl.col("lasting").is_null() | (pl.Series(low) > TAKEN_BACK_SHARE))
    by_another = ~pl.col("entered_by_person") | (pl.col("entered_by") != pl.col("next_actor")).fill_null(False)
    return pl.concat([back.filter(by_another), back.join(only, on=kind, how="semi")])
