"""Mechanism: incidents. A failed message or an outage is noticed, passed from team to team and repaired, day or night.

In company A the service team writes every ticket and passes it on, team by team, until it gets to those who know the
receiving system; only where an owner is named it goes there at once. In company B the monitoring calls the owner, who
repairs it or hands it to the backup.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.sample.catalogs import SYSTEM_OWNERS
from integrhealth.sample.chance import stream
from integrhealth.sample.companies import COMPANIES, TIMEZONE, Company
from integrhealth.sample.journeys.texts import OUT_OF_SERVICE
from integrhealth.sample.landscape import INTEGRATIONS, SYSTEMS, TEAMS
from integrhealth.sample.purposes import OWNERS_A, purposes
from integrhealth.sample.retry_storm.scans import EVENINGS, SCANS, TRIGGER
from integrhealth.sample.season import DAY_US, FIRST_US, days

SECOND_US, MINUTE_US = 1_000_000, 60_000_000
# What is later is not in the export, and night is from 22 to 6 of the clock.
EXPORTED_US = FIRST_US + len(days()) * DAY_US
NIGHT = (22, 6)
DESK_TEAM = "service"
# The teams of those who own an integration; the order desk has no system of its own.
TEAM_OF = {role: SYSTEMS[system][0] for system, role in SYSTEM_OWNERS.items()} | {"order-desk-lead": "sales"}


@dataclass(frozen=True)
class Desk:
    """How a company deals with what fails: incidents by night and by day, and minutes (medians; by night, by day).

    ``stops`` are the shares of incidents that pass through 0, 1, 2, ... other hands before those that repair them.
    ``spread`` is the standard deviation of the logarithm of all times.
    """

    incidents: tuple[int, int]
    stops: tuple[float, ...]
    wait: tuple[float, float]
    fix: tuple[float, float]
    after_minutes: float
    closed_minutes: float
    spread: float


DESKS = {
    "a": Desk(
        (36, 72),
        (0.1, 0.3, 0.35, 0.25),
        wait=(45, 240),
        fix=(190, 130),
        after_minutes=80,
        closed_minutes=1500,
        spread=0.6,
    ),
    "b": Desk((18, 30), (0.85, 0.15), wait=(7, 4), fix=(24, 16), after_minutes=3, closed_minutes=240, spread=0.5),
}
PRIORITY = {"foundation": 2, "operations": 2, "intelligence": 4, "experience": 3}


@dataclass(frozen=True)
class Planned:
    """An incident about what is planted elsewhere: minutes after `since` it was opened, and its hands with minutes.

    ``repaired`` is the end of what it is about, or None: still open.
    """

    integration: str
    since: datetime
    after: float
    hands: tuple[tuple[str | None, float], ...]
    repaired: datetime | None


def planned(company: Company) -> list[Planned]:
    """The outage of the ERP, the retry storm, and in A the slow answers since November, which nobody takes on."""
    outage, evening, trigger = company.outage, EVENINGS[company.key], TRIGGER
    if company.key == "b":
        return [
            Planned("shop-orders", outage.start, 2, ((None, 3), ("erp-lead", 0)), outage.end),
            Planned(SCANS.name, trigger[0], 1, ((None, 2), ("service-lead", 0)), trigger[1] + timedelta(minutes=4)),
        ]
    step = company.latency_step
    slow = (("service", 900), ("sales", 4300), ("IT", 7200), ("sales", 5700), ("IT", 8600), ("finance", 4300))
    return [
        Planned("shop-orders", outage.start, 35, (("service", 20), ("sales", 45), ("IT", 0)), outage.end),
        Planned(SCANS.name, trigger[0], 3, (("service", 0),), evening.switched_off),
        Planned(step.integration, step.at, 3500, (*slow, ("IT", 0)), None),
    ]


def incident_causes(rows: pl.DataFrame) -> pl.DataFrame:
    """The messages of `rows` that failed for a reason of their own, and for good: integration, object_id, ended_us."""
    last = pl.col("attempt") == pl.col("attempt").max().over("step", "number")
    own = pl.col("failed") & ~pl.col("caused") & (pl.col("fault") != OUT_OF_SERVICE)
    ended = pl.max_horizontal("finished_us", "answered_us")
    return rows.filter(own, last, pl.col("integration").is_not_null()).select(
        "integration", "object_id", ended_us=ended
    )


def incidents(causes: pl.DataFrame, company: str, seed: int) -> pl.DataFrame:
    """One row per incident, by the time it was opened: what it is about, who had it since when, what was repaired when.

    incident, integration, object_id, priority, opened_us, teams, people, since_us, resolved_us, closed_us; of the lists
    one place for each pair of hands. `causes` as ``incident_causes`` gives them; where fewer messages failed there are
    fewer incidents.
    """
    drawn = _drawn(causes.sort("ended_us", "integration", "object_id"), company, seed)
    foreseen = pl.concat([_as_planned(each) for each in planned(COMPANIES[company])]).cast(drawn.schema)
    everything = pl.concat([drawn, foreseen]).sort("opened_us", "integration")
    number = pl.int_range(10_001, pl.len() + 10_001)
    return everything.select(pl.format("INC{}", number).alias("incident"), pl.all())


def at_night(microseconds: pl.Expr) -> pl.Expr:
    """Whether it is night in Madrid."""
    utc = pl.from_epoch(microseconds, time_unit="us").dt.replace_time_zone("UTC")
    hour = utc.dt.convert_time_zone(TIMEZONE).dt.hour()
    return (hour >= NIGHT[0]) | (hour < NIGHT[1])


def _drawn(causes: pl.DataFrame, company: str, seed: int) -> pl.DataFrame:
    desk, rng = DESKS[company], partial(stream, seed, "incidents", company)
    delay = _minutes(rng("opened"), np.full(causes.height, desk.after_minutes), desk)
    opened = causes.with_columns(opened_us=pl.col("ended_us") // SECOND_US * SECOND_US + delay).filter(
        pl.col("opened_us") < EXPORTED_US
    )
    night = opened.select(at_night(pl.col("opened_us"))).to_series().to_numpy()
    chosen = [
        rng("chosen", part).permutation(np.flatnonzero(night == (part == "night")))[:most]
        for part, most in zip(("night", "day"), desk.incidents, strict=True)
    ]
    rows = np.sort(np.concatenate(chosen))
    tickets, here = opened[rows], night[rows]
    stops = rng("stops").choice(len(desk.stops), size=tickets.height, p=desk.stops)
    draws = rng("hands").random((tickets.height, len(desk.stops) + 1, 2))
    hands = [
        _hands(company, *each) for each in zip(tickets["integration"], stops.tolist(), draws.tolist(), strict=True)
    ]
    longest = len(desk.stops) + 1
    waits = _minutes(rng("wait"), np.broadcast_to(np.where(here, *desk.wait)[:, None], (tickets.height, longest)), desk)
    since = tickets["opened_us"].to_numpy()[:, None] + np.cumsum(waits, axis=1) - waits
    reached = since[np.arange(tickets.height), [len(each) - 1 for each in hands]]
    resolved = reached + _minutes(rng("fix"), np.where(here, *desk.fix), desk)
    return tickets.select(
        "integration",
        "object_id",
        priority=pl.col("integration").replace_strict(
            {name: PRIORITY[made.level] for name, made in INTEGRATIONS.items()}
        ),
        opened_us="opened_us",
        teams=pl.Series([[team for team, _ in each] for each in hands], dtype=pl.List(pl.String)),
        people=pl.Series([[person for _, person in each] for each in hands], dtype=pl.List(pl.String)),
        since_us=pl.Series(
            [row[: len(each)].tolist() for row, each in zip(since, hands, strict=True)], dtype=pl.List(pl.Int64)
        ),
        resolved_us=pl.Series(resolved, dtype=pl.Int64),
        closed_us=pl.Series(
            resolved + _minutes(rng("closed"), np.full(tickets.height, desk.closed_minutes), desk), dtype=pl.Int64
        ),
    )


def _minutes(rng: np.random.Generator, medians: NDArray, desk: Desk) -> NDArray:
    """Times around these medians of minutes, in microseconds, whole seconds."""
    drawn = medians * np.exp(desk.spread * rng.standard_normal(medians.shape))
    return np.rint(drawn * 60).astype(np.int64) * SECOND_US


def _hands(company: str, integration: str, stops: int, draws: list[list[float]]) -> list[tuple[str | None, str | None]]:
    """Team and person of each pair of hands, those that repair it last."""
    if company == "b":
        purpose = purposes()[integration]
        called = (purpose["owner"], purpose["backup"])[: 1 + stops]
        return [(None, None), *(_owner(role) for role in called)]
    opening = _member(DESK_TEAM, draws[0][1])
    if integration in OWNERS_A:
        return [opening, _owner(OWNERS_A[integration].partition("@")[0])]
    repairing = SYSTEMS[INTEGRATIONS[integration].target][0]
    others = [team for team in TEAMS if team != repairing]
    passed = [_member(others[int(which * len(others))], who) for which, who in draws[1 : 1 + stops]]
    return [opening, *passed, _member(repairing, draws[-1][1])]


def _owner(role: str) -> tuple[str, str]:
    return TEAM_OF[role], f"{role}@example.com"


def _member(team: str, draw: float) -> tuple[str, str]:
    return team, f"{team}-{int(draw * TEAMS[team]) + 1:02}"


def _as_planned(incident: Planned) -> pl.DataFrame:
    opened = int((incident.since + timedelta(minutes=incident.after)).timestamp()) * SECOND_US
    waits = np.array([minutes for _, minutes in incident.hands]) * MINUTE_US
    since = opened + np.cumsum(waits) - waits
    members = [
        (None, None) if name is None else _owner(name) if name in TEAM_OF else _member(name, 0.5)
        for name, _ in incident.hands
    ]
    resolved = None if incident.repaired is None else int(incident.repaired.timestamp()) * SECOND_US
    return pl.DataFrame(
        {
            "integration": incident.integration,
            "object_id": None,
            "priority": 1 if resolved else 3,
            "opened_us": opened,
            "teams": [[team for team, _ in members]],
            "people": [[person for _, person in members]],
            "since_us": [since.astype(np.int64).tolist()],
            "resolved_us": resolved,
            "closed_us": resolved and resolved + 45 * MINUTE_US,
        }
    )
