"""Why there is no row about alerts: which file or column would make them possible."""

from collections.abc import Mapping

import polars as pl

TABLES = ("alerts", "alert_people", "alert_hours", "alert_totals")
NO_ALERTS = (
    "What people are alerted to needs deliveries whose channel is alert, or incident_events of a tool that alerts "
    "people (state or action triggered, firing or acknowledged)."
)
NO_PERSON = "No alert names the person who got it."


def alert_notes(tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """The sentence of each empty table; one for all that lack the same."""
    none = tables["alerts"].is_empty()
    return {table: NO_ALERTS if none else NO_PERSON for table in TABLES if tables[table].is_empty()}
