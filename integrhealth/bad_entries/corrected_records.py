"""The values that persons changed, and the wrong ones of them as records: whose, where entered, where they stayed."""

import polars as pl

from integrhealth.bad_entries.corrections import EXPOSURE, THING, WINDOW
from integrhealth.bad_entries.rejections import CONTENT
from integrhealth.language.schema import is_delivered


def values_entered(exposures: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """One row per value of `exposures`, as ``with_messages`` gives them: value, element, entity, where and when it was
    entered, whether ``by_person`` and by whom (``entered_by``), its object_type and object (the number in `about`)."""
    entered = (
        exposures.sort("value", pl.col("direct").not_(), "from_at", "system")
        .group_by("value", maintain_order=True)
        .agg(
            pl.col(THING).first(),
            origin=pl.when("direct").then("system").otherwise(pl.coalesce("message_source", "system")).first(),
            entered_at=pl.when("direct").then("from_at").otherwise(pl.coalesce("message_sent_at", "from_at")).first(),
            by_person=pl.col("by_person").first(),
            entered_by=pl.col("actor").first(),
        )
    )
    return _with_objects(entered, exposures, about)


def wrong_values(
    exposures: pl.DataFrame, entered: pl.DataFrame, about: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The wrong values that persons corrected (value, element, object, where and when entered, exposures), and their
    detections (value, detection, detected_at, detected_in, needs_release).

    `exposures` as ``amendments.judged`` gives them, with ``evidence`` where a change corrected a wrong value; `entered`
    as ``values_entered`` does.
    """
    detections = (
        exposures.filter(pl.col("evidence").is_not_null())
        .join(entered.select("value", "origin"), on="value")
        .select(
            "value",
            detection=pl.when("reversed").then(pl.lit("reversed")).otherwise(pl.lit("corrected")),
            detected_at="until_at",
            detected_in="system",
            needs_release=pl.col("system") != pl.col("origin"),
        )
    )
    wrong = entered.join(detections, on="value", how="semi").drop("by_person", "entered_by")
    # Several elements that one person got wrong at once are one wrong record.
    record = ["object_type", "entity", "origin", "entered_at"]
    wrong = wrong.with_columns(same=pl.col("value").min().over(record))
    same = wrong.select("value", "same")
    listed = _exposure_lists(exposures.join(wrong, on="value", suffix="_of_value"), exposures, about)
    values = (
        wrong.sort("same", "value")
        .group_by("same", maintain_order=True)
        .agg(pl.col("element", "object", *record).first())
        .join(listed, on="same", how="left")
        .rename({"same": "value", "entity": "object_id"})
    )
    detections = detections.join(same, on="value").select(
        pl.col("same").alias("value"), "detection", "detected_at", "detected_in", "needs_release"
    )
    return values.join(
        detections.group_by("value").agg(corrected_at=pl.col("detected_at").max()), on="value"
    ), detections


def with_messages(exposures: pl.DataFrame, caused: pl.DataFrame) -> pl.DataFrame:
    """`exposures` plus row, source, sent_at and object of the message that each names: of those with its id the
    nearest."""
    ids = exposures["message_id"].drop_nulls().unique()
    sent = caused.filter(pl.col("message_id").is_in(ids.implode())).unique(CONTENT, keep="first", maintain_order=True)
    by_id = sent.select(
        "message_id",
        message_row=pl.col("row").cast(pl.Int64),
        message_source="source",
        message_sent_at="sent_at",
        named_type="object_type",
        named_id="object_id",
        time="sent_at",
    ).sort("time", "message_row")
    return (
        exposures.with_columns(time="from_at")
        .sort("time", "value", "system")
        .join_asof(by_id, on="time", by="message_id", strategy="nearest", tolerance=WINDOW, check_sortedness=False)
        .drop("time")
    )


def _with_objects(entered: pl.DataFrame, exposures: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """`entered` plus object_type and object (its number in `about`, or null)."""
    by_name = (
        exposures.filter(pl.col("named_id") == pl.col("entity"))
        .group_by(*THING, object_type="named_type")
        .agg(n=pl.len())
        .sort(*THING, "n", "object_type", descending=[False, False, True, False])
        .unique(THING, keep="first", maintain_order=True)
        .select(*THING, "object_type", in_messages=pl.lit(True))
    )
    sent = about.select(entity="object_id", nearest_type="object_type", time="sent_at").sort("time", "nearest_type")
    how = {"on": "time", "by": "entity", "check_sortedness": False}
    ordered = entered.with_columns(time="entered_at").sort("time", "value")
    after = ordered.join_asof(sent.with_columns(sent_later=True), strategy="forward", **how)
    before = ordered.select("value", "entity", "time").join_asof(sent.unique(maintain_order=True), **how)
    typed = (
        after.join(before.select("value", earlier_type="nearest_type"), on="value")
        .join(by_name, on=THING, how="left")
        .with_columns(
            object_type=pl.when("in_messages")
            .then("object_type")
            .when("sent_later")
            .then("nearest_type")
            .otherwise("earlier_type")
        )
    )
    objects = about.select(object_type="object_type", entity="object_id", object="object").unique()
    return typed.join(objects, on=["object_type", "entity"], how="left", nulls_equal=True).select(
        *entered.columns, "object_type", "object"
    )


def _exposure_lists(wrong: pl.DataFrame, exposures: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """One row per wrong record: same, exposures. `wrong`: the exposures of the wrong values."""
    # Where a change names no message, the latest that brought the object there.
    sent = about.filter(is_delivered(pl.col("status"))).select(
        "object", system="target", time="sent_at", latest_row=pl.col("row").cast(pl.Int64), latest_at="sent_at"
    )
    brought = (
        wrong.with_columns(time="from_at")
        .sort("time", "value", "system")
        .join_asof(sent.sort("time", "latest_row"), on="time", by=["object", "system"], check_sortedness=False)
        .with_columns(
            message_row=pl.when(pl.col("message_id").is_not_null())
            .then("message_row")
            .when(pl.col("system") != pl.col("origin"), pl.col("latest_at") >= pl.col("entered_at"))
            .then("latest_row")
        )
    )
    seen = brought.select("same", "system", "from_at", "until_at", "message_row")
    things = wrong.select("same", *THING).unique()
    showing = exposures.select(*THING, "system").unique().join(things, on=THING)
    clean = showing.select("same", "system").unique().join(seen, on=["same", "system"], how="anti")
    nothing = [pl.lit(None, field.dtype).alias(field.name) for field in EXPOSURE.fields[1:]]
    return (
        pl.concat([seen, clean.with_columns(nothing)])
        .sort("same", "from_at", "system", nulls_last=True)
        .group_by("same", maintain_order=True)
        .agg(exposures=pl.struct("system", "from_at", "until_at", "message_row"))
    )
