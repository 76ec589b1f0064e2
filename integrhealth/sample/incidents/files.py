"""The export of the service desk, step by step, and what was planted in it."""

from typing import Any

import polars as pl

from integrhealth.sample.catalogs import all_integrations
from integrhealth.sample.companies import TIMEZONE
from integrhealth.sample.incidents.desk import EXPORTED_US, MINUTE_US, at_night
from integrhealth.sample.landscape import SYSTEMS

INCIDENT_HEADER = "TICKET;CHANGED;ACTION;STATE;GROUP;ASSIGNEE;PRIORITY;INTERFACE;DOC_NO"


def incident_lines(tickets: pl.DataFrame) -> pl.Series:
    """One line per step of an incident, by time: opened, assigned, resolved, closed; none later than the export."""
    last = pl.col("teams").list.last(), pl.col("people").list.last()
    about = ("incident", "priority", "integration", "object_id")
    hands = tickets.select(
        *about, "teams", "people", "since_us", place=pl.int_ranges(pl.col("teams").list.len())
    ).explode("teams", "people", "since_us", "place")
    first = pl.col("place") == 0
    given = hands.select(
        *about,
        at_us="since_us",
        place="place",
        action=pl.when(first).then(pl.lit("opened")).otherwise(pl.lit("assigned")),
        state=pl.when(first).then(pl.lit("new")).otherwise(pl.lit("in progress")),
        team="teams",
        person="people",
    )
    ended = [
        tickets.select(
            *about,
            at_us=f"{state}_us",
            place=pl.lit(place, pl.Int64),
            action=pl.lit(state),
            state=pl.lit(state),
            team=last[0],
            person=last[1],
        )
        for place, state in ((90, "resolved"), (91, "closed"))
    ]
    steps = pl.concat([given, *ended]).filter(pl.col("at_us") < EXPORTED_US).sort("at_us", "incident", "place")
    local = pl.from_epoch("at_us", time_unit="us").dt.replace_time_zone("UTC").dt.convert_time_zone(TIMEZONE)
    columns = (
        "incident",
        local.dt.strftime("%d.%m.%Y %H:%M:%S"),
        "action",
        "state",
        "team",
        "person",
        pl.col("priority").cast(pl.String),
        "integration",
        "object_id",
    )
    filled = [pl.coalesce(column, pl.lit("-")) for column in columns]
    return steps.select(pl.concat_str(filled, separator=";")).to_series()


def repairs(tickets: pl.DataFrame) -> pl.DataFrame:
    """The incidents repaired in the time of the export: integration, night, search_minutes, fix_minutes.

    The search ends when the incident comes, for the last time, to the team that repairs it.
    """
    hands = (
        tickets.filter(pl.col("resolved_us") < EXPORTED_US)
        .select("incident", "integration", "opened_us", "resolved_us", "teams", "since_us")
        .explode("teams", "since_us")
    )
    elsewhere = pl.col("teams").ne_missing(pl.col("teams").shift().over("incident"))
    return (
        hands.filter(elsewhere | (pl.col("since_us") == pl.col("opened_us")))
        .group_by("incident", maintain_order=True)
        .agg(pl.col("integration", "opened_us", "resolved_us").first(), came_us=pl.col("since_us").max())
        .select(
            "integration",
            night=at_night(pl.col("opened_us")),
            search_minutes=(pl.col("came_us") - pl.col("opened_us")) / MINUTE_US,
            fix_minutes=(pl.col("resolved_us") - pl.col("came_us")) / MINUTE_US,
        )
    )


def incident_truth(tickets: pl.DataFrame, owned: set[str]) -> dict[str, Any]:
    """What was planted, with exact counts. A handover changes the team, a return goes to one that had it.

    `owned` are the integrations of which the catalog names an owner.
    """
    given = tickets.select("incident", "teams", "since_us").explode("teams", "since_us")
    teams = given.filter(pl.col("since_us") < EXPORTED_US).drop_nulls("teams")
    before = pl.col("teams").shift().over("incident")
    passed = teams.with_columns(
        handover=(pl.col("teams") != before).fill_null(False),
        back=~pl.struct("incident", "teams").is_first_distinct(),
    )
    repaired = repairs(tickets)
    has_owner = pl.col("integration").is_in(sorted(owned))
    target = {made.name: made.target for made in all_integrations()}
    systems = repaired.group_by(system=pl.col("integration").replace_strict(target)).agg(
        repaired=pl.len(), median_minutes=(pl.col("search_minutes") + pl.col("fix_minutes")).median()
    )
    return {
        "incidents": tickets.height,
        "repaired": repaired.height,
        "handovers": int(passed["handover"].sum()),
        "returns": int((passed["handover"] & passed["back"]).sum()),
        "night": _medians(repaired.filter("night")),
        "day": _medians(repaired.filter(~pl.col("night"))),
        "owned": _medians(repaired.filter(has_owner)),
        "ownerless": _medians(repaired.filter(~has_owner)),
        "first_blamed": _first_blamed(tickets, {made.name: SYSTEMS[made.target][0] for made in all_integrations()}),
        "by_system": {system: {"repaired": n, "median_minutes": m} for system, n, m in systems.sort("system").rows()},
    }


def _medians(repaired: pl.DataFrame) -> dict[str, Any]:
    return {
        "repaired": repaired.height,
        "median_search_minutes": repaired["search_minutes"].median(),
        "median_fix_minutes": repaired["fix_minutes"].median(),
    }


def _first_blamed(tickets: pl.DataFrame, root_team: dict[str, str]) -> dict[str, Any]:
    """Whom a ticket about one message was given to first: ``wrong`` where the system in which that failed is not
    theirs, ``handed_on`` where another team repaired it.

    Such a message failed for a reason of its own: where it went is where it began.
    """
    given = (
        tickets.filter(pl.col("object_id").is_not_null())
        .select("incident", "integration", "teams", "since_us", place=pl.int_ranges(pl.col("teams").list.len()))
        .explode("teams", "since_us", "place")
    )
    # Who writes a ticket is not blamed by that: the desk in A, in B nobody.
    passed = given.filter(pl.col("place") > 0, pl.col("since_us") < EXPORTED_US)
    first = passed.unique("incident", keep="first", maintain_order=True).join(
        tickets.select("incident", repaired_by=pl.col("teams").list.last()), on="incident", maintain_order="left"
    )
    first = first.with_columns(root=pl.col("integration").replace_strict(root_team))
    return {
        "cases": first.height,
        "wrong": first.filter(pl.col("teams") != pl.col("root")).height,
        "handed_on": first.filter(pl.col("teams") != pl.col("repaired_by")).height,
        "by_team": {
            team: {"cases": cases, "wrong": bad}
            for team, cases, bad in first.group_by("teams")
            .agg(pl.len(), bad=(pl.col("teams") != pl.col("root")).sum())
            .sort("teams")
            .rows()
        },
    }
