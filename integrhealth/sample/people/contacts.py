"""Mechanism: who talks to whom. Pairs of teams talk so often a week, half as often in the weeks around Christmas; in
company A one pair falls silent when an integration between the two goes live, and most that share one hardly talk.
"""

from datetime import date, timedelta

import numpy as np
import polars as pl

from integrhealth.sample.chance import stream
from integrhealth.sample.companies import DAYS, FIRST_DAY
from integrhealth.sample.landscape import TEAMS
from integrhealth.sample.season import DAY_US, FIRST_US, HOLIDAYS

# Calendars and chats are kept for longer than logs: from a Monday, twelve weeks before anything goes live, to the end.
FIRST_CONTACTS, LAST_DAY = date(2025, 9, 1), FIRST_DAY + timedelta(days=DAYS - 1)
# A team of A too small to be shown, and what it does beside the all-hands.
LEGAL, LEGAL_PEOPLE = "legal", 3
TEAMS_OF = {"a": (*TEAMS, LEGAL), "b": tuple(TEAMS)}
# Two weeks, Monday to Sunday, in which people are away.
AWAY_FROM, AWAY_TO = date(2025, 12, 22), date(2026, 1, 4)
# Contacts a week of each pair that talks every week.
WEEKLY = {
    "a": {
        ("IT", "production"): 3,
        ("IT", "purchasing"): 2,
        ("sales", "service"): 4,
        ("service", "warehouse"): 4,
        ("finance", "purchasing"): 3,
        ("finance", "sales"): 2,
        ("production", "purchasing"): 3,
        ("production", "sales"): 2,
        ("production", "warehouse"): 4,
    },
    "b": {
        ("IT", "finance"): 4,
        ("IT", "production"): 4,
        ("IT", "purchasing"): 3,
        ("IT", "sales"): 4,
        ("IT", "service"): 3,
        ("IT", "warehouse"): 4,
        ("finance", "service"): 3,
        ("purchasing", "warehouse"): 4,
        ("sales", "service"): 5,
        ("service", "warehouse"): 4,
        ("finance", "purchasing"): 2,
        ("finance", "sales"): 2,
        ("production", "purchasing"): 3,
        ("production", "sales"): 2,
        ("production", "warehouse"): 4,
    },
}
# Single days on which two teams talked that else do not.
SINGLE = {
    "a": {
        ("IT", "sales"): (date(2025, 11, 6), date(2025, 11, 19)),
        ("purchasing", "warehouse"): (date(2025, 11, 12),),
        ("finance", LEGAL): (date(2025, 11, 11), date(2025, 12, 2), date(2026, 1, 13)),
        (LEGAL, "sales"): (date(2025, 11, 26), date(2026, 1, 20)),
    },
    "b": {},
}
# From this day on the carrier's scans are in the service team's system, and nobody asks the warehouse any more.
SCANS_LIVE = date(2025, 11, 28)
SILENT_FROM = {"a": {("service", "warehouse"): SCANS_LIVE}, "b": {}}
# Everybody is invited, sixty come.
ALL_HANDS_PEOPLE = 60
ALL_HANDS = (date(2025, 9, 3), date(2025, 10, 1), date(2025, 11, 5), date(2025, 12, 3), date(2026, 1, 7))
# A ritual's teams that came, week by week from the first Tuesday on; empty where it was skipped.
RITUAL, WEEKDAY = "weekly alignment", "tuesday"
FIRST_TUESDAY, WEEKS = date(2025, 9, 2), 22
RITUAL_TEAMS = ("sales", "warehouse", "finance", "production")
WITHOUT_FINANCE = ("sales", "warehouse", "production")
THREE_KINGS, HOLIDAY_OF_FINANCE = 18, 6
CAME = {
    "a": {
        **dict.fromkeys((0, 2, 13), RITUAL_TEAMS),
        **dict.fromkeys((3, 4, 7, 9, 10, 14, 20), WITHOUT_FINANCE),
        18: ("sales", "production"),
    },
    "b": {
        week: WITHOUT_FINANCE if week == HOLIDAY_OF_FINANCE else RITUAL_TEAMS
        for week in range(WEEKS)
        if week != THREE_KINGS
    },
}
# Kind: share of talks, and from how many to how many people take part.
KINDS = {"chat": (0.5, 2, 4), "call": (0.25, 2, 3), "meeting": (0.25, 3, 9)}
COLUMNS = ("at", "team_a", "team_b", "kind", "people", "about")


def contacts(company: str, seed: int) -> pl.DataFrame:
    """Every contact of two teams in the kit's own columns, by time; at in microseconds, about null for most."""
    parts = [_talks(company, pair, seed) for pair in WEEKLY[company]]
    parts += [
        _timed(list(on), pair, stream(seed, "contacts", company, "single", *pair))
        for pair, on in SINGLE[company].items()
    ]
    every = pl.concat([*parts, *_gatherings(company)])
    turned = pl.Series(stream(seed, "contacts", company, "turned").random(every.height) < 0.5)
    # Who of the two is named first means nothing.
    return every.with_columns(
        team_a=pl.when(turned).then("team_b").otherwise("team_a"),
        team_b=pl.when(turned).then("team_a").otherwise("team_b"),
    ).sort("at", "team_a", "team_b")


def working_days() -> list[date]:
    """Monday to Friday without holidays, from the first contacts on."""
    every = [FIRST_CONTACTS + timedelta(days=number) for number in range((LAST_DAY - FIRST_CONTACTS).days + 1)]
    return [day for day in every if day.weekday() < 5 and (day.month, day.day) not in HOLIDAYS]


def _talks(company: str, pair: tuple[str, str], seed: int) -> pl.DataFrame:
    """The talks of a pair that talks every week: once at least, `WEEKLY` times on average, half of it at Christmas."""
    rng = stream(seed, "contacts", company, *pair)
    often, silent_from = WEEKLY[company][pair], SILENT_FROM[company].get(pair)
    weeks: dict[date, list[date]] = {}
    for day in working_days():
        weeks.setdefault(day - timedelta(days=day.weekday()), []).append(day)
    chosen = []
    for monday, days in weeks.items():
        mean = often / 2 if AWAY_FROM <= monday <= AWAY_TO else often
        chosen += [days[place] for place in rng.integers(0, len(days), size=1 + rng.poisson(mean - 1))]
    return _timed([day for day in chosen if silent_from is None or day < silent_from], pair, rng)


def _timed(on: list[date], pair: tuple[str, str], rng: np.random.Generator) -> pl.DataFrame:
    """A talk of the pair on each of the days, within office hours; what kind, and how many people."""
    kind = rng.choice(len(KINDS), size=len(on), p=[share for share, _, _ in KINDS.values()])
    least, most = (np.array([row[place] for row in KINDS.values()])[kind] for place in (1, 2))
    return _rows(
        [_at(day, second) for day, second in zip(on, rng.integers(8 * 3600, 16 * 3600, len(on)), strict=True)],
        [pair] * len(on),
        kind=[list(KINDS)[place] for place in kind],
        people=rng.integers(least, most + 1).tolist(),
        about=[None] * len(on),
    )


def _gatherings(company: str) -> list[pl.DataFrame]:
    """The all-hands and the ritual: a row for each pair of the teams that came."""
    held = {_ritual_day(week): teams for week, teams in CAME[company].items()}
    plans = [(day, 15 * 3600, TEAMS_OF[company], ALL_HANDS_PEOPLE, "all-hands") for day in ALL_HANDS]
    plans += [(day, 8 * 3600, teams, 2 * len(teams), RITUAL) for day, teams in held.items()]
    rows = []
    for day, second, teams, people, about in plans:
        pairs = _pairs(teams)
        size = len(pairs)
        at = [_at(day, second)] * size
        rows.append(_rows(at, pairs, kind=["meeting"] * size, people=[people] * size, about=[about] * size))
    return rows


def _pairs(teams: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(one, other) for one in sorted(teams) for other in sorted(teams) if one < other]


def _ritual_day(week: int) -> date:
    return FIRST_TUESDAY + timedelta(weeks=week)


def _at(day: date, second: int) -> int:
    return FIRST_US + (day - FIRST_DAY).days * DAY_US + int(second) * 1_000_000


def _rows(at: list[int], pairs: list[tuple[str, str]], **columns: list) -> pl.DataFrame:
    both = {"at": at, "team_a": [pair[0] for pair in pairs], "team_b": [pair[1] for pair in pairs]}
    schema = {"at": pl.Int64, "people": pl.Int64} | {
        name: pl.String for name in COLUMNS if name not in ("at", "people")
    }
    return pl.DataFrame(both | columns, schema_overrides=schema).select(COLUMNS)


def contact_rows(talked: pl.DataFrame) -> pl.DataFrame:
    """`talked` as it stands in the file."""
    return talked.with_columns(at=pl.from_epoch("at", time_unit="us").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
