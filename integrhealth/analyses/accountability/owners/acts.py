"""What people did: steps of incidents, values that they changed, messages that they sent, reports that they read."""

import polars as pl

from integrhealth.analyses.accountability.incident_lives import steps
from integrhealth.analyses.accountability.names import identities, team_key
from integrhealth.language.schema import TEXT, TIME

INCIDENT, CHANGE, MESSAGE, READ = "incident", "change", "message", "read"
SYSTEM_ACTOR = "system"
ACTS = {"who": TEXT, "team": TEXT, "integration": TEXT, "incident": TEXT, "what": TEXT, "at": TIME}


def acts(
    incident_events: pl.DataFrame,
    field_changes: pl.DataFrame,
    messages: pl.DataFrame,
    edges: pl.DataFrame,
    *,
    hidden: bool,
) -> pl.DataFrame:
    """One row per thing that a person or a team did to an integration, as ACTS, in the order of time.

    Steps of incidents that are more than their being written down belong to the integration of the incident. A value
    that a person changed belongs to the integration of the message that brought it, else to all that begin or end at
    the system (`edges`: integration, source, target) in which it was changed. Messages count for the person that they
    name as ``actor``. `hidden` as ``names.identities`` takes it.
    """
    of_incidents = incident_events.group_by("incident").agg(
        about=pl.col("integration").sort_by("at", maintain_order=True).drop_nulls().first()
    )
    stepped = (
        steps(incident_events)
        .filter("touch")
        .join(of_incidents, on="incident", how="left")
        .select("incident", "at", "team", person="person", integration="about", what=pl.lit(INCIDENT))
    )
    changed = _by_persons(field_changes).select("system", "message_id", "at", person="actor", what=pl.lit(CHANGE))
    brought = changed.drop_nulls("message_id").join(messages.select("message_id", "integration"), on="message_id")
    ends = pl.concat([edges.select("integration", system=end) for end in ("source", "target")]).drop_nulls().unique()
    local = changed.filter(pl.col("message_id").is_null()).join(ends, on="system")
    sent = _by_persons(messages).select("integration", person="actor", at="sent_at", what=pl.lit(MESSAGE))
    every = pl.concat([stepped, brought, local, sent], how="diagonal")
    return (
        every.with_columns(who=identities(every["person"], hidden=hidden), team=team_key(pl.col("team")))
        .select(*ACTS)
        .cast(ACTS)
        .sort("at", "incident", "who", "integration", nulls_last=True)
    )


def sightings(
    incident_events: pl.DataFrame,
    field_changes: pl.DataFrame,
    messages: pl.DataFrame,
    reads: pl.DataFrame,
    *,
    hidden: bool,
) -> pl.DataFrame:
    """One row per person, kind of log and day on which the person did anything at all: who, what, day."""
    parts = [
        incident_events.select("at", who="person", what=pl.lit(INCIDENT)),
        _by_persons(field_changes).select("at", who="actor", what=pl.lit(CHANGE)),
        _by_persons(messages).select(at="sent_at", who="actor", what=pl.lit(MESSAGE)),
        reads.select("at", who="person", what=pl.lit(READ)),
    ]
    days = pl.concat(parts).drop_nulls().select("who", "what", day=pl.col("at").dt.date()).unique()
    return days.with_columns(who=identities(days["who"], hidden=hidden)).unique().sort("who", "what", "day")


def _by_persons(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that name a person as their actor; where no kind of actor is said, everybody is one."""
    return rows.filter(pl.col("actor").is_not_null(), (pl.col("actor_type") != SYSTEM_ACTOR).fill_null(True))
