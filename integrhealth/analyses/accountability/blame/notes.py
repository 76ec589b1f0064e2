"""Why there is no row about blame: which file or column would help."""

import polars as pl

from integrhealth.language.wording import counted

NO_INCIDENTS = "Blame needs incident_events (incident, at, team): who had an incident, and who got it next."
NOBODY = "No incident went from its first team to another one: nobody was blamed."
TABLES = ("blame", "accusations", "wrongly_accused")


def blame_notes(coverage: pl.DataFrame) -> dict[str, str]:
    """The sentence of the tables about blame; `coverage` is the table ``blame_coverage``."""
    counts = coverage.row(0, named=True) if coverage.height else {"incidents": 0}
    if not counts["incidents"]:
        return dict.fromkeys((*TABLES, "blame_coverage"), NO_INCIDENTS)
    if counts["nobody_blamed"] == counts["incidents"]:
        return dict.fromkeys(TABLES, NOBODY)
    why = {
        "no_root": "with no failure of its object or integration before it, or with several roots",
        "no_team": "whose root is a system without a team in the catalog",
    }
    unknown = [f"{counted(counts[each], 'incident')} {said}" for each, said in why.items() if counts[each]]
    sentences = [f"Unknown, and never wrong: {'; '.join(unknown)}."] if unknown else []
    if counts["no_reporter"]:
        begun = counted(counts["no_reporter"], "incident")
        sentences.append(f"{begun} began without a team: who reported is not known, and only the accused are counted.")
    return {"blame": " ".join(sentences)} if sentences else {}
