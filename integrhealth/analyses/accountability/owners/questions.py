"""Who answers for each integration, and whether they ever did: one call on evidence."""

from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.accountability.names import hides, identities, team_key
from integrhealth.analyses.accountability.owners import acts, answering, declared, staleness, verdicts
from integrhealth.analyses.accountability.questions import edges_of, lives_of
from integrhealth.language.period import last_moment
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _hidden(evidence: "Evidence") -> bool:
    """Whether the logs hold pseudonyms in place of addresses."""
    columns = (
        (evidence.incident_events, "person"),
        (evidence.field_changes, "actor"),
        (evidence.messages, "actor"),
        (evidence.reads, "person"),
        (evidence.ownerships, "owner"),
    )
    return any(hides(frame[column].unique()) for frame, column in columns)


@question
def _declared(evidence: "Evidence") -> pl.DataFrame:
    catalog = evidence.catalog
    names = declared.team_names(catalog.systems, catalog.teams, evidence.incident_events)
    edges = edges_of(evidence)
    frames = (catalog.integrations, edges, evidence.ownerships)
    return declared.declared(*frames, systems=catalog.systems, teams=names, timezone=catalog.timezone)


@question
def _end(evidence: "Evidence") -> datetime | None:
    """The last moment of what the logs hold, times that a wrong clock made left out."""
    return last_moment(evidence.messages["sent_at"], evidence.incident_events["at"], evidence.field_changes["at"])


@question
def _acts(evidence: "Evidence") -> pl.DataFrame:
    edges = _declared(evidence).select("integration", source="source_system", target="target_system")
    frames = (evidence.incident_events, evidence.field_changes, evidence.messages)
    return acts.acts(*frames, edges, hidden=_hidden(evidence))


@question
def _claims(evidence: "Evidence") -> pl.DataFrame:
    events, hidden = evidence.incident_events, _hidden(evidence)
    seen = identities(events["person"], hidden=hidden).drop_nulls().unique()
    teams = events.select(team_key(pl.col("team"))).to_series().drop_nulls().unique()
    return answering.claims(_declared(evidence), evidence.catalog.systems, seen, teams, hidden=hidden)


@question
def _touched(evidence: "Evidence") -> pl.DataFrame:
    claims, done = _claims(evidence), _acts(evidence)
    teams = answering.teams_of(claims, done, evidence.catalog.systems, hidden=_hidden(evidence))
    return answering.touched(claims, done, teams)


@question
def _people(evidence: "Evidence") -> pl.DataFrame:
    frames = (evidence.incident_events, evidence.field_changes, evidence.messages, evidence.reads)
    seen = acts.sightings(*frames, hidden=_hidden(evidence))
    of_incidents = _acts(evidence).filter(pl.col("what") == acts.INCIDENT)
    return staleness.people(_claims(evidence), _touched(evidence), of_incidents, seen, _end(evidence))


@question
def owning_people(evidence: "Evidence") -> pl.DataFrame:
    """One row per person who owns an integration or backs one up, by name: whether they still touch what is theirs.

    ``integration`` is the first that they own. ``asked`` incidents of theirs moved in the last 90 days of the data
    (own), those of a backup that the owner did not touch. ``idle``: some did, and the person touched nothing of theirs;
    null where the incidents do not go back so far, or write nobody as the catalog writes this person. ``gone``: seen in
    the logs before, and not in these 90 days; ``gone_chance`` is how likely that was, had nothing changed (Holm 1979,
    over all of them). Addresses of the catalog are hashed and compared with the pseudonyms of the logs.

    >>> ih.accountability.owning_people(evidence).select("name", "owns", "asked", "idle", "gone").rows()[:1]
    [('tax-lead@example.com', 1, 1, False, False)]

    Columns: name (text); owns, backs_up (count, integrations); integration (text); asked (count, incidents); idle
    (flag); last_own_touch_at (time, UTC); last_seen (date); gone (flag); gone_chance (number, probability)
    """
    return _people(evidence).drop("who").sort("name")


@question
def owners(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration between two systems, most incidents first: who owns it, and whether they ever answered.

    Verdicts: owned (a person is named, who touched an incident of theirs, or had fewer than 5 (own)); "team only" (the
    name of a team, or an address of one or of a function, RFC 2142); nobody; "never answered" (5 incidents or more,
    and neither owner nor backup nor a team of theirs touched any); "cannot tell" where the logs write people in another
    way than the catalog. The owner is that of the integration, not of its target (``target_owner``); where the catalog
    names none, the one of OpenLineage's ownership facet. Incidents before ``owner_since`` are not theirs.
    ``first_touched_by_owner`` has its 95% interval (Wilson 1927).

    >>> ih.accountability.owners(evidence)["verdict"].value_counts(sort=True).rows()
    [('nobody', 45), ('owned', 2)]

    Columns: integration, owner, backup, level, verdict, why, owner_kind (text); owner_since (date); named_by,
    target_owner (text); messages, incidents, answered, first_touches (count); first_touched_by_owner, first_touch_low,
    first_touch_high (number, share); last_touch_at (time, UTC); days_since_touch (number, days); stale (flag)
    """
    answered = answering.answers(
        _declared(evidence),
        _claims(evidence),
        lives_of(evidence),
        _touched(evidence),
        _acts(evidence).filter(pl.col("what") == acts.INCIDENT),
    )
    return verdicts.owners(_declared(evidence), answered, _people(evidence), _end(evidence), hidden=_hidden(evidence))
