"""Companies with rituals, whose meetings are planted day by day."""

from datetime import UTC, date, datetime, timedelta
from itertools import combinations

import polars as pl
from drawing.teams import section

from integrhealth.catalog import Catalog
from integrhealth.language.schema import conform

MONDAY = date(2026, 1, 5)
ALL = ("finance", "operations", "sales")
TUESDAY = 1


def declared(*entries, people=None, timezone="Europe/Madrid"):
    """A catalog of rituals (name, weekday, teams) and teams of nine."""
    sizes = dict.fromkeys((*ALL, "legal"), 9) | (people or {})
    return Catalog(
        timezone=timezone,
        teams=section("teams", [{"team": team, "people": count} for team, count in sizes.items()]),
        rituals=section(
            "rituals", [{"ritual": name, "weekday": day, "teams": list(teams)} for name, day, teams in entries]
        ),
    )


ALIGN = ("Weekly alignment", "tuesday", ALL)


def meeting(day, teams, *, about="weekly alignment", hour=9, kind="meeting", people=8):
    """A row for each pair of the teams that came."""
    at = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=hour)
    return [(at, a, b, kind, people, about) for a, b in combinations(sorted(teams), 2)]


def contacts(*meetings, weeks=8):
    """These meetings, and a call of finance and sales on the first Monday and the last Sunday of so many weeks."""
    edges = [meeting(MONDAY + timedelta(days=d), ("finance", "sales"), about=None) for d in (0, 7 * weeks - 1)]
    rows = [row for each in (*edges, *meetings) for row in each]
    return conform(pl.DataFrame(rows, ["at", "team_a", "team_b", "kind", "people", "about"], orient="row"), "contacts")


def week(number, weekday=TUESDAY):
    return MONDAY + timedelta(days=7 * number + weekday)
