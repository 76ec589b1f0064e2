"""Who was blamed first in each incident, and whose system it was in truth."""

import polars as pl

from integrhealth.analyses.accountability.names import team_key
from integrhealth.language.schema import FLAG, NUMBER, TEXT

CASES = {
    "incident": TEXT,
    "integration": TEXT,
    "priority": TEXT,
    "reporter": TEXT,
    "blamed": TEXT,
    "root": TEXT,
    "root_system": TEXT,
    "wrong": FLAG,
    "days": NUMBER,
}
US_PER_DAY = 86_400_000_000


def cases(lives: pl.DataFrame, touches: pl.DataFrame, roots: pl.DataFrame, systems: pl.DataFrame) -> pl.DataFrame:
    """One row per incident of `lives`, in the order of detection, as CASES.

    ``reporter`` is the team of the first step; ``blamed`` the first other team that had the incident, for so many
    ``days``. A team that is called like one of the catalog's `systems`, or like an alias of one, stands for the team of
    this system. ``root`` is the team of the root's system (`roots` as ``measured_roots`` gives them). ``wrong`` is null
    where nobody was blamed, no root was measured, or the catalog names no team for its system and a team was blamed.
    """
    parties = _parties(systems)
    lasted = pl.col("until") - pl.col("since")
    held = (
        touches.join(lives.select("incident", "opened_by"), on="incident")
        .with_columns(_party(pl.col("team"), parties), reporter=_party(pl.col("opened_by"), parties))
        .filter(pl.col("team").ne_missing(pl.col("reporter")))
        .sort("incident", "place")
        .unique("incident", keep="first", maintain_order=True)
        .select("incident", blamed="team", days=lasted.dt.total_microseconds() / US_PER_DAY)
    )
    of_system = systems.unique("system", keep="first").select(root_system="system", root_team="team")
    comparable = pl.col("root_team").is_not_null() | pl.col("blamed").is_in(systems["system"].implode())
    return (
        lives.with_columns(reporter=_party(pl.col("opened_by"), parties))
        .join(held, on="incident", how="left", maintain_order="left")
        .join(roots.select("incident", "root_system"), on="incident", how="left", maintain_order="left")
        .join(of_system, on="root_system", how="left", maintain_order="left")
        .with_columns(root=pl.when(comparable).then(pl.coalesce("root_team", "root_system")))
        .with_columns(wrong=pl.col("blamed") != pl.col("root"))
        .select(*CASES)
        .cast(CASES)
    )


def candidates(cases: pl.DataFrame, ends: pl.DataFrame, systems: pl.DataFrame) -> pl.DataFrame:
    """integration, team: whose systems an integration connects, by `ends` (``edges.ends``); of a system without a team
    the system itself.
    """
    party = _party(pl.col("system"), _parties(systems))
    return ends.select("integration", team=party).join(cases.select("integration").unique(), on="integration").unique()


def _parties(systems: pl.DataFrame) -> pl.DataFrame:
    """key, party: how the logs may write a team or a system, and the team (of a system without one, the system)."""
    owned = systems.select("system", "aliases", party=pl.coalesce("team", "system"))
    aliases = owned.explode("aliases").select(said="aliases", party="party")
    said = [systems.select(said="team", party="team"), owned.select(said="system", party="party"), aliases]
    names = pl.concat(said).drop_nulls().with_columns(key=team_key(pl.col("said")))
    return names.unique("key", keep="first", maintain_order=True).select("key", "party")


def _party(team: pl.Expr, parties: pl.DataFrame) -> pl.Expr:
    return team_key(team).replace_strict(parties["key"], parties["party"], default=team, return_dtype=TEXT)
