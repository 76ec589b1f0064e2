"""Departments that are teams too small to be spoken of: they are taken together, so that nobody is singled out."""

from collections.abc import Iterable

import polars as pl

from integrhealth.analyses.collaboration.joint_kpi.orders import PROMISES
from integrhealth.analyses.collaboration.team_contacts import as_declared
from integrhealth.language.thresholds import SMALLEST_GROUP

TOGETHER = "departments taken together"


def names_shown(departments: Iterable[str], teams: pl.DataFrame, shown_teams: pl.DataFrame) -> dict[str, str]:
    """The name under which each of the `departments` is spoken of that cannot be by its own.

    That are those that are one of the catalog's `teams` and not among `shown_teams` (``team_contacts.shown_teams``);
    whoever is no team at all keeps its name. Where they are fewer than five people together, the smallest of the others
    joins them: who knows the company could tell who is meant else.
    """
    every = pl.DataFrame({"department": sorted(set(departments))}, schema={"department": pl.String})
    of_teams = every.with_columns(team=as_declared("department", teams))
    small = of_teams.join(teams, on="team", how="semi").join(shown_teams, on="team", how="anti")
    if small.is_empty():
        return {}
    people = teams.join(small, on="team", how="semi").unique("team")["people"].fill_null(0).sum()
    others = of_teams.join(small, on="department", how="anti").join(shown_teams, on="team", how="left")
    promise = pl.col("department").str.to_lowercase() == PROMISES
    joining = others.sort(promise, "people", "department", nulls_last=True).head(0 if people >= SMALLEST_GROUP else 1)
    joined = others.join(joining, on="team", how="semi")
    return dict.fromkeys([*small["department"], *joined["department"]], TOGETHER)
