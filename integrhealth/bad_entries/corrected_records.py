"""The wrong values that persons corrected, as records: whose they are, where they were entered, where they stayed."""

import polars as pl

from integrhealth.bad_entries.corrections import STAY, THING, WINDOW
from integrhealth.bad_entries.rejections import CONTENT
from integrhealth.language.schema import is_delivered


def wrong_values(stays: pl.DataFrame, about: pl.DataFrame, caused: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The wrong values that persons corrected (value, element, object, where and when entered, stays), and what told
    of them (value, told, told_at, told_in, needs_release)."""
    stays = _with_messages(stays, caused)
    entered = (
        stays.sort("value", pl.col("direct").not_(), "from_at", "system")
        .group_by("value", maintain_order=True)
        .agg(
            pl.col(THING).first(),
            origin=pl.when("direct").then("system").otherwise(pl.coalesce("message_source", "system")).first(),
            entered_at=pl.when("direct").then("from_at").otherwise(pl.coalesce("message_sent_at", "from_at")).first(),
        )
    )
    told = (
        stays.filter("corrected")
        .join(entered.select("value", "origin", "entered_at"), on="value")
        .filter((pl.col("until_at") - pl.col("entered_at")).is_between(WINDOW * 0, WINDOW, closed="right"))
        .select(
            "value",
            told=pl.when("reversed").then(pl.lit("reversed")).otherwise(pl.lit("corrected")),
            told_at="until_at",
            told_in="system",
            needs_release=pl.col("system") != pl.col("origin"),
        )
    )
    wrong = _with_objects(entered.join(told, on="value", how="semi"), stays, about)
    # Several elements that one person got wrong at once are one wrong record.
    record = ["object_type", "entity", "origin", "entered_at"]
    wrong = wrong.with_columns(same=pl.col("value").min().over(record))
    same = wrong.select("value", "same")
    listed = _stay_lists(stays.join(wrong, on="value", suffix="_of_value"), stays, about)
    values = (
        wrong.sort("same", "value")
        .group_by("same", maintain_order=True)
        .agg(pl.col("element", "object", *record).first())
        .join(listed, on="same", how="left")
        .rename({"same": "value", "entity": "object_id"})
    )
    told = told.join(same, on="value").select(
        pl.col("same").alias("value"), "told", "told_at", "told_in", "needs_release"
    )
    return values.join(told.group_by("value").agg(corrected_at=pl.col("told_at").max()), on="value"), told


def _with_messages(stays: pl.DataFrame, caused: pl.DataFrame) -> pl.DataFrame:
    """STAYS plus row, source, sent_at and object of the message that each names: of those with its id the nearest."""
    ids = stays["message_id"].drop_nulls().unique()
    sent = caused.filter(pl.col("message_id").is_in(ids.implode())).unique(CONTENT, keep="first", maintain_order=True)
    named = sent.select(
        "message_id",
        message_row=pl.col("row").cast(pl.Int64),
        message_source="source",
        message_sent_at="sent_at",
        named_type="object_type",
        named_id="object_id",
        time="sent_at",
    ).sort("time", "message_row")
    return (
        stays.with_columns(time="from_at")
        .sort("time", "value", "system")
        .join_asof(named, on="time", by="message_id", strategy="nearest", tolerance=WINDOW, check_sortedness=False)
        .drop("time")
    )


def _with_objects(entered: pl.DataFrame, stays: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """ENTERED plus object_type and object (its number in ABOUT, or null)."""
    by_name = (
        stays.filter(pl.col("named_id") == pl.col("entity"))
        .group_by(*THING, object_type="named_type")
        .agg(n=pl.len())
        .sort(*THING, "n", "object_type", descending=[False, False, True, False])
        .unique(THING, keep="first", maintain_order=True)
        .select(*THING, "object_type", named=pl.lit(True))
    )
    sent = about.select(entity="object_id", nearest_type="object_type", time="sent_at").sort("time", "nearest_type")
    how = {"on": "time", "by": "entity", "check_sortedness": False}
    ordered = entered.with_columns(time="entered_at").sort("time", "value")
    after = ordered.join_asof(sent.with_columns(found=True), strategy="forward", **how)
    before = ordered.select("value", "entity", "time").join_asof(sent.unique(maintain_order=True), **how)
    typed = (
        after.join(before.select("value", earlier_type="nearest_type"), on="value")
        .join(by_name, on=THING, how="left")
        .with_columns(
            object_type=pl.when("named")
            .then("object_type")
            .when("found")
            .then("nearest_type")
            .otherwise("earlier_type")
        )
    )
    objects = about.select(object_type="object_type", entity="object_id", object="object").unique()
    return typed.join(objects, on=["object_type", "entity"], how="left", nulls_equal=True).select(
        *entered.columns, "object_type", "object"
    )


def _stay_lists(wrong: pl.DataFrame, stays: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """One row per wrong record: same, stays. WRONG: the stays of the wrong values."""
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
    showing = stays.select(*THING, "system").unique().join(things, on=THING)
    clean = showing.select("same", "system").unique().join(seen, on=["same", "system"], how="anti")
    nothing = [pl.lit(None, field.dtype).alias(field.name) for field in STAY.fields[1:]]
    return (
        pl.concat([seen, clean.with_columns(nothing)])
        .sort("same", "from_at", "system", nulls_last=True)
        .group_by("same", maintain_order=True)
        .agg(stays=pl.struct("system", "from_at", "until_at", "message_row"))
    )
