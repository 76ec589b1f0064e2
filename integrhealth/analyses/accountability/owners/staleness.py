"""Owners who have gone stale: who touched nothing of theirs for a season, or whom the logs no longer know."""

from datetime import date, datetime, timedelta

import polars as pl

from integrhealth.analyses.accountability.names import PERSON
from integrhealth.analyses.accountability.owners.answering import BACKUP, OWNER
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, TIME
from integrhealth.language.statistics import TAIL, holm
from integrhealth.language.thresholds import STALE_OWNER_DAYS

STALE = {
    "who": TEXT,
    "name": TEXT,
    "owns": COUNT,
    "backs_up": COUNT,
    "integration": TEXT,
    "asked": COUNT,
    "idle": FLAG,
    "last_own_touch_at": TIME,
    "last_seen": pl.Date,
    "gone": FLAG,
    "gone_chance": NUMBER,
}
SEASON = timedelta(days=STALE_OWNER_DAYS)


def people(
    claims: pl.DataFrame,
    touches: pl.DataFrame,
    incident_acts: pl.DataFrame,
    sightings: pl.DataFrame,
    end: datetime | None,
) -> pl.DataFrame:
    """One row per person who owns an integration or backs one up, as STALE, judged at the `end` of the data.

    ``idle``: something happened to incidents of theirs in the last 90 days (``asked``: to so many; a backup is asked by
    those alone that the owner did not touch), and they touched nothing of theirs; null where the incidents do not reach
    back so far, or where the logs write people in another way (`claims` as ``answering.claims``). ``gone``: seen in the
    logs before, and not in these 90 days, which chance would hardly bring about: were nothing changed, each of the days
    on which they were seen would lie in the last 90 as likely as these are long (Holm over all of them). Only logs that
    go on can show it.
    """
    owners = claims.filter(pl.col("kind") == PERSON)
    if end is None:
        return pl.DataFrame(schema=STALE)
    begin, first_step = end - SEASON, incident_acts["at"].min()
    covered = first_step is not None and first_step <= begin
    recent = incident_acts.filter(pl.col("at") > begin, pl.col("at") <= end)
    by_owner = touches.filter(pl.col("role") == OWNER, pl.col("by") == PERSON)
    with_owner = by_owner.select("incident", role=pl.lit(BACKUP)).drop_nulls().unique()
    asked = (
        owners.join(recent.select("integration", "incident", "at"), on="integration")
        .filter(pl.col("since").is_null() | (pl.col("at") >= pl.col("since")))
        .join(with_owner, on=["incident", "role"], how="anti")
        .group_by("who")
        .agg(asked=pl.col("incident").n_unique())
    )
    own = touches.filter(pl.col("by") == PERSON).join(
        owners.select("integration", "role", "name", "who"), on=["integration", "role", "name"]
    )
    last_touch = own.group_by("who").agg(last_own_touch_at=pl.col("at").max())
    listed = (
        owners.sort("integration")
        .group_by("who")
        .agg(
            pl.col("name").first(),
            pl.col("tellable").any(),
            owns=(pl.col("role") == OWNER).sum(),
            backs_up=(pl.col("role") == BACKUP).sum(),
            integration=pl.col("integration").sort_by("role", descending=True, maintain_order=True).first(),
        )
        .join(asked, on="who", how="left")
        .join(last_touch, on="who", how="left")
        .join(_last_seen(sightings, end.date()), on="who", how="left")
        .with_columns(pl.col("asked").fill_null(0))
        .sort("who")
    )
    idle = (pl.col("asked") > 0) & (pl.col("last_own_touch_at") <= begin).fill_null(True)
    tested = pl.col("tellable") & pl.lit(covered)
    return (
        listed.with_columns(
            idle=pl.when(tested).then(idle),
            gone=(holm(pl.col("gone_chance")) <= TAIL).fill_null(False),
        )
        .select(*STALE)
        .cast(STALE)
    )


def _last_seen(sightings: pl.DataFrame, end: date) -> pl.DataFrame:
    """who, last_seen, and gone_chance of those who were not seen in the last 90 days in logs that go on."""
    begin = end - SEASON
    seen = sightings.filter(pl.col("day") <= end)
    last = seen.group_by("who").agg(last_seen=pl.col("day").max())
    going_on = seen.filter(pl.col("day") > begin)["what"].unique()
    lasting = seen.filter(pl.col("what").is_in(going_on.implode()))
    length = (pl.lit(end) - pl.col("day").min()).dt.total_days()
    days = (
        lasting.select("who", "day", length=length.over("what"))
        .group_by("who")
        .agg(days=pl.col("day").n_unique(), length=pl.col("length").max())
    )
    chance = (1 - STALE_OWNER_DAYS / pl.col("length")) ** pl.col("days")
    away = (pl.col("last_seen") <= begin) & (pl.col("length") > STALE_OWNER_DAYS)
    return last.join(days, on="who", how="left").select("who", "last_seen", gone_chance=pl.when(away).then(chance))
