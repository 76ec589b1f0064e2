"""When what an incident is about went wrong: the first failed message behind it."""

from datetime import timedelta

import polars as pl

from integrhealth.language.schema import TEXT, TIME, is_business, is_ended, is_failed
from integrhealth.language.thresholds import DETECTED_WITHIN_HOURS, ENTRY_DAYS, FAILURES_IN_A_ROW

ENTERED = {"incident": TEXT, "entered_at": TIME}


def entered(lives: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """incident, entered_at of the incidents behind which a message failed; `lives` as ``incident_lives`` gives them.

    It is the earliest failed message of the object of the incident, on its integration where it names one, in the 30
    days before its detection. Where no such message failed, it is the first of a row of failures on the integration,
    with none delivered between, of which the third or a later one was sent in the 24 hours before the detection.
    """
    real = messages.filter(is_business())
    by_object = _of_objects(lives, real)
    others = lives.join(by_object, on="incident", how="anti")
    return pl.concat([by_object, _of_rows(others, real)]).cast(ENTERED).sort("incident")


def _of_objects(lives: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    failures = messages.filter(is_failed(pl.col("status"))).select("object_id", "sent_at", on="integration")
    pairs = lives.select("incident", "object_id", "integration", "detected_at").join(
        failures.drop_nulls("object_id"), on="object_id"
    )
    before = pl.col("detected_at") - pl.col("sent_at")
    return (
        pairs.filter(
            before.is_between(timedelta(0), timedelta(days=ENTRY_DAYS)),
            pl.col("integration").is_null() | (pl.col("integration") == pl.col("on")),
        )
        .group_by("incident")
        .agg(entered_at=pl.col("sent_at").min())
    )


def _of_rows(lives: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """Those that begin in a row of failures of their integration."""
    asked = lives.drop_nulls("integration").select("incident", "integration", "detected_at").sort("detected_at")
    ended = (
        messages.filter(is_ended(pl.col("status")))
        .join(asked, on="integration", how="semi")
        .select("integration", "sent_at", failed=is_failed(pl.col("status")))
        .sort("integration", "sent_at", "failed")
    )
    row = pl.col("row")
    failures = (
        ended.with_columns(row=pl.struct("integration", "failed").rle_id())
        .filter("failed")
        .with_columns(entered_at=pl.col("sent_at").min().over(row), place=pl.int_range(1, pl.len() + 1).over(row))
        .filter(pl.col("place") >= FAILURES_IN_A_ROW)
        .select("integration", "entered_at", failed_at="sent_at")
        .sort("failed_at")
    )
    before = asked.join_asof(
        failures,
        left_on="detected_at",
        right_on="failed_at",
        by="integration",
        strategy="backward",
        coalesce=False,
        check_sortedness=False,  # sorted above; polars cannot check within groups
    )
    recent = pl.col("detected_at") - pl.col("failed_at") <= timedelta(hours=DETECTED_WITHIN_HOURS)
    return before.filter(recent).select("incident", "entered_at")
