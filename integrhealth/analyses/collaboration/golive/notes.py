"""Why there is no row about contact around go-lives: which file or column would make it possible."""

import polars as pl

from integrhealth.language.thresholds import SMALLEST_GROUP

NEEDS = {
    "contacts": "contacts (at, team_a, team_b): calendars (.ics), a Slack export, or a table of who met whom",
    "dates": "the date of go-live in the catalog (integrations: go_live); the first message of a log is none",
    "teams": f"the two systems of an integration with go-live in two teams of {SMALLEST_GROUP} people or more "
    "(systems: name, team; teams: name, people)",
}


def golive_notes(golive: pl.DataFrame, *, contacts: pl.DataFrame, integrations: pl.DataFrame) -> dict[str, str]:
    """The sentence of both tables where there is no go-live to judge."""
    if golive.height:
        return {}
    dated = integrations["go_live"].count() > 0
    lacking = {"contacts": contacts.is_empty(), "dates": not dated, "teams": dated and not contacts.is_empty()}
    needs = "; ".join(NEEDS[name] for name, lacks in lacking.items() if lacks)
    return dict.fromkeys(("golive", "golive_weeks"), f"Contact before and after a go-live needs {needs}.")
