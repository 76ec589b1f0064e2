"""Why there is no row about red flags: which file or column would help, or that all is well."""

from collections.abc import Mapping

import polars as pl

TABLES = ("red_flags", "announced", "red_flag_share")
NEEDS = {
    "flags": "deliveries.flag, which says what is alarming in the report that was sent",
    "incidents": "incident_events (incident, at, integration), to tell what the flags announced",
    "reads": "reads (report, person, at, seconds), to tell which flags were read in time",
}
NOTHING_ANNOUNCED = "No incident names what a red flag of the seven days before it names."
ALL_READ = "Every red flag that announced an incident had been read before it."


def red_flag_notes(
    tables: Mapping[str, pl.DataFrame], *, flagged: pl.DataFrame, incident_events: pl.DataFrame, reads: pl.DataFrame
) -> dict[str, str]:
    """The sentence of each empty table; one for all that lack the same."""
    frames = {"flags": flagged, "incidents": incident_events, "reads": reads}
    lacking = [NEEDS[name] for name, frame in frames.items() if frame.is_empty()]
    empty = [table for table in TABLES if tables[table].is_empty()]
    if lacking:
        return dict.fromkeys(empty, f"What red flags announced needs {'; '.join(lacking)}.")
    return dict.fromkeys(empty, NOTHING_ANNOUNCED if tables["announced"].is_empty() else ALL_READ)
