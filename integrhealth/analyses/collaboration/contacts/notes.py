"""Why there is no row about contacts between teams: which file or column would make it possible."""

from collections.abc import Mapping

import polars as pl

from integrhealth.language.thresholds import CONTACT_DAYS

NO_CONTACTS = (
    "contacts (at, team_a, team_b): calendars (.ics), a Slack export, or a table of who met whom; "
    "tickets alone show no silence"
)
NO_SIZES = (
    "teams of five people or more in the catalog (teams: name, people), named as in calendars (the mail domain), "
    "Slack (the title in the profile) and tickets: smaller teams, and those of unknown size, are hidden"
)
NO_OWNERS = "the team of each system in the catalog (systems: name, team), of which two teams are integrated"
SHORT = f"contacts of more than {CONTACT_DAYS} days"
NO_MESSAGES = "delivered messages between the systems of two teams, from {} days after the first contact to the last"
NO_FLAGS = (
    "reports with an owner, delivered with a flag to a person of another team; the team of a person is that of the "
    "system that he owns or of the tickets that he works on"
)


def contact_notes(
    tables: Mapping[str, pl.DataFrame],
    *,
    contacts: pl.DataFrame,
    shown_teams: pl.DataFrame,
    days: int,
) -> dict[str, str]:
    """The sentence of each empty table of `tables`: what it needs. `days` are those of the log of contacts."""
    lacking = {
        "contacts": NO_CONTACTS if contacts.is_empty() else None,
        "teams": NO_SIZES if shown_teams.height < 2 else None,
        "needs": NO_OWNERS if tables["pairs"].filter("needed").is_empty() else None,
        "days": SHORT if contacts.height and days <= CONTACT_DAYS else None,
    }
    talk, teams, needs, length = (lacking[name] for name in ("contacts", "teams", "needs", "days"))
    flow = NO_MESSAGES.format(CONTACT_DAYS) if not (talk or teams or needs or length) else None
    flags = NO_FLAGS if not (talk or teams) else None
    needed = {
        "pairs": ("Who should talk and who does needs {}.", [talk, teams, needs]),
        "congruence": ("How many of those who should talk do needs {}.", [talk, teams, needs, length]),
        "bypass": ("What flows between teams that do not talk needs {}.", [talk, teams, needs, length, flow]),
        "bypass_index": ("What flows between teams that do not talk needs {}.", [talk, teams, needs, length, flow]),
        "sparked": ("Which red flags sparked a conversation needs {}.", [talk, teams, flags]),
    }
    return {
        table: sentence.format("; ".join(filter(None, reasons)))
        for table, (sentence, reasons) in needed.items()
        if tables[table].is_empty()
    }
