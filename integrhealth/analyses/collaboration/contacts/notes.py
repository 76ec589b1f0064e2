"""Why there is no row about contacts between teams: which file or column would make it possible."""

from collections.abc import Mapping

import polars as pl

from integrhealth.analyses.collaboration.team_contacts import between
from integrhealth.language.period import days
from integrhealth.language.thresholds import CONTACT_DAYS

PAIRS = "Who should talk and who does needs {}."
CONGRUENCE = "How many of those who should talk do needs {}."
BYPASS = "What flows between teams that do not talk needs {}."
SPARKED = "Which red flags sparked a conversation needs {}."
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
NO_MESSAGES = (
    f"delivered messages between the systems of two teams, from {CONTACT_DAYS} days after the first contact to the last"
)
NO_NAMES = (
    "contacts that name the teams of the catalog: a calendar names the mail domain, Slack the title in the profile; "
    "where all people share one, give a table of contacts by team"
)
NO_FLAGS = (
    "reports with an owner, delivered with a flag to a person of another team; the team of a person is that of the "
    "systems that they own or of the tickets that they work on"
)


def contact_notes(
    tables: Mapping[str, pl.DataFrame],
    *,
    contacts: pl.DataFrame,
    shown_teams: pl.DataFrame,
    heard_teams: pl.DataFrame,
) -> dict[str, str]:
    """The sentence of each empty table of `tables`: what it needs."""
    needed = tables["pairs"].filter("needed")
    talk = NO_CONTACTS if contacts.is_empty() else None
    teams = NO_SIZES if shown_teams.height < 2 else None
    needs = NO_OWNERS if needed.is_empty() else None
    names = NO_NAMES if not (talk or teams or needs) and between(needed, heard_teams).is_empty() else None
    short = SHORT if not talk and days(contacts["at"]) <= CONTACT_DAYS else None
    judged = [talk, teams, needs, names, short]
    flow = None if any(judged) else NO_MESSAGES
    flags = None if talk or teams else NO_FLAGS
    lacking = {
        "pairs": (PAIRS, [talk, teams, needs]),
        "congruence": (CONGRUENCE, judged),
        "bypass": (BYPASS, [*judged, flow]),
        "bypass_index": (BYPASS, [*judged, flow]),
        "sparked": (SPARKED, [talk, teams, flags]),
    }
    return {
        table: sentence.format("; ".join(filter(None, reasons)))
        for table, (sentence, reasons) in lacking.items()
        if tables[table].is_empty()
    }
