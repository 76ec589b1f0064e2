"""What was planted among people: pairs of teams, the weeks around Christmas, the pair that fell silent, the ritual."""

from datetime import timedelta
from typing import Any

import polars as pl

from integrhealth.sample.landscape import TEAMS
from integrhealth.sample.people.about import PAIR, REPORTS, TALKED_ABOUT, concerned, needed, with_pair
from integrhealth.sample.people.contacts import (
    ALL_HANDS,
    ALL_HANDS_PEOPLE,
    AWAY_FROM,
    AWAY_TO,
    CAME,
    FIRST_CONTACTS,
    FIRST_TUESDAY,
    LAST_DAY,
    LEGAL,
    RITUAL,
    RITUAL_TEAMS,
    SILENT_FROM,
    WEEKDAY,
    WEEKS,
)

LATELY_DAYS, WEEKS_BEFORE = 30, 12


def contact_truth(talked: pl.DataFrame, tickets: pl.DataFrame, company: str) -> dict[str, Any]:
    """Exact counts of the contacts, `talked` with what they are ``about``; `tickets` as ``incidents`` gives them.

    The all-hands is no contact of two teams, and a team under five is not counted.
    """
    everything = with_pair(talked).with_columns(day=pl.from_epoch("at", time_unit="us").dt.date())
    broadcast = pl.col("people") == ALL_HANDS_PEOPLE
    small = (pl.col("one") == LEGAL) | (pl.col("other") == LEGAL)
    counted = everything.filter(~broadcast, ~small)
    pairs = _pairs(counted)
    asked = concerned(tickets)
    names = set(asked["integration"])
    days = (LAST_DAY - FIRST_CONTACTS).days + 1
    reports = {report for report, _ in REPORTS[company].values()}
    return {
        "from": str(FIRST_CONTACTS),
        "days": days,
        "contacts": counted.height,
        "pairs": pairs,
        "congruence": {
            "needed": sum(pair["needed"] for pair in pairs),
            "with_contact": sum(pair["needed"] and pair["contacts"] > 0 for pair in pairs),
            "with_contact_on_a_day_in_thirty": sum(
                pair["needed"] and pair["contact_days"] * LATELY_DAYS >= days for pair in pairs
            ),
            "with_contact_lately": sum(pair["needed"] and pair["contacts_lately"] > 0 for pair in pairs),
            "lately_days": LATELY_DAYS,
        },
        "all_hands": {
            "days": [str(day) for day in ALL_HANDS],
            "people": ALL_HANDS_PEOPLE,
            "rows": everything.filter(broadcast).height,
        },
        "too_small": {LEGAL: everything.filter(small, ~broadcast).height} if company == "a" else {},
        "away": _away(counted.filter(pl.col("about").ne_missing(RITUAL))),
        "silent": [_silent(counted, pair, live) for pair, live in SILENT_FROM[company].items()],
        "about": {
            "incidents_between_two_teams": asked.height,
            "planted_share": TALKED_ABOUT[company],
            "talked_about_within_two_working_days": counted.filter(pl.col("about").is_in(names)).height,
            "reports": {report: counted.filter(pl.col("about") == report).height for report in sorted(reports)},
        },
    }


def _pairs(counted: pl.DataFrame) -> list[dict[str, Any]]:
    """Every pair of the teams of five and more, with the integrations between their systems."""
    teams = sorted(TEAMS)
    every = pl.DataFrame(
        [(one, other) for one in teams for other in teams if one < other], schema=list(PAIR), orient="row"
    )
    lately = pl.col("day") > LAST_DAY - timedelta(days=LATELY_DAYS)
    talks = counted.group_by(PAIR).agg(
        contacts=pl.len(),
        contact_days=pl.col("day").n_unique(),
        contacts_lately=lately.sum(),
        last=pl.col("day").max().dt.strftime("%Y-%m-%d"),
    )
    shared = needed().group_by(PAIR).agg(integrations=pl.len())
    rows = (
        every.join(shared, on=PAIR, how="left", maintain_order="left")
        .join(talks, on=PAIR, how="left", maintain_order="left")
        .with_columns(pl.col("integrations", "contacts", "contact_days", "contacts_lately").fill_null(0))
    )
    return [
        {"team_a": row["one"], "team_b": row["other"], "needed": row["integrations"] > 0}
        | {key: row[key] for key in ("integrations", "contacts", "contact_days", "contacts_lately", "last")}
        for row in rows.to_dicts()
    ]


def _away(talks: pl.DataFrame) -> dict[str, Any]:
    """Contacts a week in the two weeks around Christmas and in the others, of the pairs that talked in every week."""
    weeks = talks.with_columns(week=pl.col("day").dt.truncate("1w"))
    steady = weeks.group_by(PAIR).agg(pl.col("week").n_unique()).filter(pl.col("week") == WEEKS)
    kept = weeks.join(steady, on=PAIR, how="semi")
    inside = kept["day"].is_between(AWAY_FROM, AWAY_TO)
    away, weeks_away = int(inside.sum()), ((AWAY_TO - AWAY_FROM).days + 1) // 7
    rest, weeks_else = kept.height - away, WEEKS - weeks_away
    return {
        "from": str(AWAY_FROM),
        "to": str(AWAY_TO),
        "pairs_in_every_week": steady.height,
        "contacts": away,
        "weeks": weeks_away,
        "contacts_else": rest,
        "weeks_else": weeks_else,
        "ratio_per_week": (away / weeks_away) / (rest / weeks_else),
    }


def _silent(counted: pl.DataFrame, pair: tuple[str, str], live: Any) -> dict[str, Any]:
    """The pair whose contacts ended with a go-live, beside all pairs with contacts before it."""
    of_pair = (pl.col("one") == pair[0]) & (pl.col("other") == pair[1])
    before = pl.col("day").is_between(live - timedelta(weeks=WEEKS_BEFORE), live - timedelta(days=1))

    def counts(rows: pl.DataFrame) -> dict[str, int]:
        return {"before": rows.filter(before).height, "after": rows.filter(pl.col("day") >= live).height}

    return {
        "integration": "parcel-scans",
        "go_live": str(live),
        "team_a": pair[0],
        "team_b": pair[1],
        "weeks": {"before": WEEKS_BEFORE, "after": ((LAST_DAY - live).days + 1) // 7},
        "contacts": counts(counted.filter(of_pair)),
        "contacts_of_other_pairs": counts(counted.filter(~of_pair)),
    }


def ritual_truth(company: str) -> dict[str, Any]:
    """Weeks in which the ritual was planned, held by some of its teams, and held by all of them."""
    came = CAME[company]
    return {
        RITUAL: {
            "weekday": WEEKDAY,
            "teams": list(RITUAL_TEAMS),
            "first": str(FIRST_TUESDAY),
            "planned": WEEKS,
            "held": len(came),
            "complete": sum(set(teams) == set(RITUAL_TEAMS) for teams in came.values()),
            "without_finance": sum("finance" not in teams for teams in came.values()),
            "weeks": {str(FIRST_TUESDAY + timedelta(weeks=week)): list(teams) for week, teams in came.items()},
        }
    }
