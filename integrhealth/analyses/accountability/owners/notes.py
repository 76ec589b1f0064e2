"""Why there is no row about owners, or what could not be told: which file or column would help."""

from collections.abc import Mapping

import polars as pl

from integrhealth.analyses.accountability.owners.verdicts import UNKNOWN
from integrhealth.language.wording import counted

NOTHING = "Owners need integrations: those of the catalog, or messages between two systems."
NOBODY_NAMED = (
    "Nobody is named as the owner of anything: owners are a key of the integrations in catalog.yaml, the ownership "
    "facet of OpenLineage, or ownerships (kind, subject, owner). Owners are usually absent: that is itself a finding."
)
NO_INCIDENTS = "Whether owners answer needs incident_events (incident, at, team, person, integration)."
NO_PEOPLE = "No person is named as an owner or a backup."


def owner_notes(tables: Mapping[str, pl.DataFrame], *, incident_events: pl.DataFrame) -> dict[str, str]:
    """The sentence of ``owners`` and of ``owning_people``, where there is something to say."""
    owners, people = tables["owners"], tables["owning_people"]
    said = {"owners": _of_owners(owners, incident_events), "owning_people": _of_people(people)}
    return {table: sentence for table, sentence in said.items() if sentence}


def _of_owners(owners: pl.DataFrame, incident_events: pl.DataFrame) -> str | None:
    if owners.is_empty():
        return NOTHING
    if owners["named_by"].null_count() == owners.height:
        return NOBODY_NAMED
    if incident_events["integration"].null_count() == incident_events.height:
        return NO_INCIDENTS
    unknown = owners.filter(pl.col("verdict") == UNKNOWN).height
    if unknown:
        return (
            f"Of {counted(unknown, 'integration')} nobody can tell whether the owner answered: the incidents write "
            "people in another way than the catalog. The same address in both would show it."
        )
    return None


def _of_people(people: pl.DataFrame) -> str | None:
    if people.is_empty():
        return NO_PEOPLE
    never = people.filter(pl.col("last_seen").is_null())["name"].to_list()
    if not never:
        return None
    listed = ", ".join(never[:3]) + (f" and {len(never) - 3:,} more" if len(never) > 3 else "")
    return f"Never seen in any log, which may write them in another way: {listed}."
