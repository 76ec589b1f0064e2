"""What several subjects of the report ask first: the lives of incidents, and the edges of integrations."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.accountability import edges, incident_lives
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def touches_of(evidence: "Evidence") -> pl.DataFrame:
    """One row per stay of an incident with a team, as ``incident_lives.touches``."""
    return incident_lives.touches(evidence.incident_events)


@question
def lives_of(evidence: "Evidence") -> pl.DataFrame:
    """One row per incident, as ``incident_lives.incident_lives``."""
    return incident_lives.incident_lives(evidence.incident_events)


@question
def edges_of(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration and edge, as ``edges.edge_facts``."""
    return edges.edge_facts(evidence.messages)
