"""Who owned the integration of an incident when it was detected, and whether the first who touched it was the owner."""

import polars as pl

from integrhealth.analyses.accountability.names import hides, identities, team_key
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT
from integrhealth.language.statistics import enough, wilson_interval
from integrhealth.language.thresholds import MIN_INCIDENTS

OWNERS = {"incident": TEXT, "owner": TEXT, "owned": FLAG, "first_by": TEXT}
OWNED_BY = {True: "with an owner", False: "without an owner"}
# Who touched an incident first.
BY_OWNER, BY_BACKUP, BY_OTHERS = "owner", "backup", "others"
FIRST = {"integration": TEXT, "owner": TEXT, "incidents": COUNT, "by_owner": COUNT, "by_backup": COUNT} | {
    "share": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
}


def owners_at(lives: pl.DataFrame, integrations: pl.DataFrame, systems: pl.DataFrame, *, timezone: str) -> pl.DataFrame:
    """incident, owner, owned, first_by of each incident of `lives`, by what the catalog (`integrations`) declares.

    ``owner`` is the owner of the integration on the day of detection in `timezone`; ``owned`` is false where the
    catalog lists the integration without an owner, and null where it does not list it, or where its owner came later:
    who owned it before, nobody says. ``first_by``: whether who touched it first was the owner or the backup, or their
    team: the one they are, or that of one of the `systems` that they own; null without an owner, or where nobody
    touched it.
    """
    declared = integrations.select("integration", "owner", "backup", "owner_since", listed=pl.lit(True)).unique(
        "integration", keep="first", maintain_order=True
    )
    on_day = pl.col("detected_at").dt.convert_time_zone(timezone).dt.date()
    rows = lives.join(declared, on="integration", how="left", maintain_order="left").with_columns(
        later=(pl.col("owner_since") > on_day).fill_null(False)
    )
    owned = pl.when(pl.col("listed") & ~(pl.col("later") & pl.col("owner").is_not_null())).then(
        pl.col("owner").is_not_null()
    )
    rows = rows.with_columns(owned=owned, **{who: pl.when(~pl.col("later")).then(who) for who in ("owner", "backup")})
    return rows.select("incident", "owner", "owned", first_by=_first_by(rows, systems))


def _first_by(rows: pl.DataFrame, systems: pl.DataFrame) -> pl.Series:
    """Whose the first touch of each row was."""
    hidden = hides(rows["first_person"])
    first, team = identities(rows["first_person"], hidden=hidden), rows.select(team_key(pl.col("first_team")))
    asked = rows.select("owner", "backup", first=first, team=team.to_series())
    for who in ("owner", "backup"):
        people = pl.concat([systems.select("team", name=role) for role in ("owner", "backup")]).drop_nulls()
        theirs = people.group_by(identities(people["name"], hidden=hidden)).agg(teams=team_key(pl.col("team")).unique())
        asked = (
            asked.with_columns(name=identities(asked[who], hidden=hidden), itself=team_key(pl.col(who)))
            .join(theirs, on="name", how="left", maintain_order="left")
            .with_columns(
                pl.any_horizontal(
                    (pl.col("first") == pl.col("name")).fill_null(False),
                    (pl.col("team") == pl.col("itself")).fill_null(False),
                    pl.col("team").is_in(pl.col("teams")).fill_null(False),
                ).alias(f"by_{who}")
            )
            .drop("name", "itself", "teams")
        )
    somebody = pl.col("first").is_not_null() | pl.col("team").is_not_null()
    by = (
        pl.when("by_owner")
        .then(pl.lit(BY_OWNER))
        .when("by_backup")
        .then(pl.lit(BY_BACKUP))
        .otherwise(pl.lit(BY_OTHERS))
    )
    return asked.select(first_by=pl.when(pl.col("owner").is_not_null() & somebody).then(by)).to_series()


def first_touches(incidents: pl.DataFrame) -> pl.DataFrame:
    """One row per integration and owner with incidents that somebody touched, the most incidents first.

    ``share`` = incidents first touched by the owner / incidents, with Wilson's interval; null below ten incidents.
    """
    touched = incidents.drop_nulls(["integration", "owner", "first_by"])
    by = pl.col("first_by")
    counted = touched.group_by("integration", "owner").agg(
        incidents=pl.len(), by_owner=(by == BY_OWNER).sum(), by_backup=(by == BY_BACKUP).sum()
    )
    low, high = wilson_interval(counted["by_owner"].to_numpy(), counted["incidents"].to_numpy())
    sampled = enough(pl.col("incidents"), MIN_INCIDENTS)
    return (
        counted.with_columns(share=pl.col("by_owner") / pl.col("incidents"), low=pl.Series(low), high=pl.Series(high))
        .with_columns(pl.when(sampled).then(name).alias(name) for name in ("share", "low", "high"))
        .sort("incidents", "integration", "owner", descending=[True, False, False])
        .select(pl.col(name).cast(dtype) for name, dtype in FIRST.items())
    )
