"""What several subjects of the report ask first: the contacts that count, and the teams that are shown."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.collaboration import team_contacts
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def contacts_of(evidence: "Evidence") -> pl.DataFrame:
    """One row per contact between two teams that are shown, as ``team_contacts.team_contacts``."""
    return team_contacts.team_contacts(evidence.contacts, evidence.incident_events, evidence.catalog.teams)


@question
def heard_teams_of(evidence: "Evidence") -> pl.DataFrame:
    """One row per team that the log of contacts names, as ``team_contacts.heard_teams``."""
    return team_contacts.heard_teams(evidence.contacts, evidence.catalog.teams)


@question
def shown_teams_of(evidence: "Evidence") -> pl.DataFrame:
    """One row per team of five people or more, as ``team_contacts.shown_teams``."""
    return team_contacts.shown_teams(evidence.catalog.teams, evidence.incident_events)
