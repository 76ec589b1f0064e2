"""Why there is no row about rituals, or none that says anything: what would make it possible."""

import polars as pl

from integrhealth.language.thresholds import SMALLEST_GROUP

NO_RITUALS = "rituals in the catalog (rituals: name, weekday, teams)"
NO_CONTACTS = "contacts (at, team_a, team_b, about): meetings, and the name of the ritual as what they are about"
HIDDEN = (
    f"rituals of two teams of {SMALLEST_GROUP} people or more: smaller teams, and those of unknown size, are hidden"
)
NO_ABOUT = (
    "Whether rituals are held needs contacts.about, which is the name of the ritual, or the same for each of its "
    "meetings, as calendars give it; here it is never filled."
)


def ritual_notes(
    rituals: pl.DataFrame, *, declared: pl.DataFrame, contacts: pl.DataFrame, named: bool
) -> dict[str, str]:
    """The sentence of both tables where they are empty, or where no meeting says what it is about (not `named`).

    `rituals` is the table, `declared` are those of the catalog.
    """
    lacking = [need for need, lacks in ((NO_RITUALS, declared.is_empty()), (NO_CONTACTS, contacts.is_empty())) if lacks]
    if not lacking and rituals.is_empty():
        lacking = [HIDDEN]
    if lacking:
        return dict.fromkeys(("rituals", "ritual_weeks"), f"Whether rituals are held needs {'; '.join(lacking)}.")
    return {} if named else dict.fromkeys(("rituals", "ritual_weeks"), NO_ABOUT)
