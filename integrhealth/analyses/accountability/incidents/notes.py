"""Why a table about incidents has no rows: which file or column would help, or that all is well."""

from collections.abc import Mapping

import polars as pl

TABLES = (
    "incidents",
    "handovers",
    "support_lines",
    "incident_phases",
    "wanderings",
    "owner_effect",
    "first_touches",
)
NO_INCIDENTS = "incident_events (incident, at, team, state, integration), the history of the service desk's tickets"
NO_TEAMS = "incident_events.team, the team that had the incident at each step"
NO_REPAIRS = "incident_events.state, which says when an incident was resolved"
NO_OWNERS = "integrations with an owner in the catalog, and incident_events.integration to tell which is meant"
NO_LINES = "teams with their line of support (1, 2 or 3) in the catalog"
NO_HANDOVER = "No incident changed its team."


def incident_notes(
    tables: Mapping[str, pl.DataFrame], *, incident_events: pl.DataFrame, teams: pl.DataFrame
) -> dict[str, str]:
    """The sentence of each empty table of incidents; `teams` are those of the catalog."""
    if incident_events.is_empty():
        return dict.fromkeys(TABLES, f"The way of incidents needs {NO_INCIDENTS}.")
    without_team = incident_events["team"].is_null().all()
    lacking = {
        "handovers": NO_TEAMS if without_team else None,
        "wanderings": NO_TEAMS if without_team else None,
        "support_lines": NO_TEAMS if without_team else NO_LINES if teams["line"].is_null().all() else None,
        "incident_phases": NO_TEAMS if without_team else NO_REPAIRS,
        "owner_effect": NO_TEAMS if without_team else f"{NO_OWNERS}; and {NO_REPAIRS}",
        "first_touches": NO_OWNERS,
    }
    empty = [table for table in lacking if tables[table].is_empty()]
    return {table: f"This needs {lacking[table]}." if lacking[table] else NO_HANDOVER for table in empty}
