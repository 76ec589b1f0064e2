"""Companies with a go-live between two of their teams, whose contacts are planted week by week."""

from datetime import UTC, date, datetime, timedelta
from itertools import combinations

import numpy as np
import polars as pl
from drawing.teams import section

from integrhealth.catalog import Catalog
from integrhealth.language.schema import conform

FIRST = date(2026, 1, 5)
LIVE = FIRST + timedelta(weeks=14)
WEEKS = 30
TEAMS = ("IT", "finance", "production", "sales", "warehouse")
PAIRS = list(combinations(TEAMS, 2))
LINKED = ("sales", "warehouse")


def declared(lives, *, people=None, timezone="Europe/Madrid"):
    """A catalog with a system per team, named as the team in capitals, and integrations (source, target, go_live)."""
    sizes = dict.fromkeys(TEAMS, 9) | (people or {})
    return Catalog(
        timezone=timezone,
        teams=section("teams", [{"team": team, "people": count} for team, count in sizes.items()]),
        systems=section("systems", [{"system": team.upper(), "team": team} for team in sizes]),
        integrations=section(
            "integrations",
            [
                {
                    "integration": name,
                    "source": a.upper(),
                    "target": b.upper(),
                    "go_live": day,
                    "owner": f"{name} owner",
                }
                for name, (a, b, day) in lives.items()
            ],
        ),
    )


ONE = {"orders": (*LINKED, LIVE)}


def talks(weekly, *, first=FIRST, kind="meeting", people=4):
    """So many contacts of each pair in each week from the first on: pair -> counts, spread over its working days."""
    rows = [
        (
            datetime.combine(first + timedelta(days=7 * week + number % 5), datetime.min.time(), UTC)
            + timedelta(hours=9, minutes=number),
            *pair,
            kind,
            people,
        )
        for pair, counts in weekly.items()
        for week, count in enumerate(counts)
        for number in range(int(count))
    ]
    return conform(pl.DataFrame(rows, ["at", "team_a", "team_b", "kind", "people"], orient="row"), "contacts")


def steady(pairs=PAIRS, weekly=5, weeks=WEEKS):
    return {pair: [weekly] * weeks for pair in pairs}


def halved(counts, start=14):
    """From go-live on every second week brings the half of what it did."""
    return [count if week < start else count // 2 for week, count in enumerate(counts)]


def poisson(rng, *, weeks=WEEKS, season=None):
    """Every pair at a rate of its own, from one contact in two weeks to eight a week, all in the same season."""
    season = np.ones(weeks) if season is None else season
    return {pair: rng.poisson(rng.uniform(0.5, 8) * season) for pair in PAIRS}
