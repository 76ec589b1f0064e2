"""Who is named as the owner of each integration: by the catalog, else by the logs."""

import polars as pl

from integrhealth.analyses.accountability.names import PERSON, owner_kind
from integrhealth.language.schema import COUNT, TEXT, TIME

CATALOG, LOGS = "catalog", "logs"
INTEGRATION = "integration"
DECLARED = {
    "integration": TEXT,
    "source_system": TEXT,
    "target_system": TEXT,
    "level": TEXT,
    "owner": TEXT,
    "backup": TEXT,
    "owner_since": pl.Date,
    "since": TIME,
    "named_by": TEXT,
    "owner_kind": TEXT,
    "backup_kind": TEXT,
    "target_owner": TEXT,
    "messages": COUNT,
}


def team_names(systems: pl.DataFrame, teams: pl.DataFrame, incident_events: pl.DataFrame) -> pl.Series:
    """The teams of the catalog and those of the incidents that are not called like a person of them."""
    worked = incident_events.select("team").filter(~pl.col("team").is_in(incident_events["person"].implode()))
    return pl.concat([teams["team"], systems["team"], worked["team"]]).drop_nulls().unique().sort()


def declared(
    integrations: pl.DataFrame,
    edges: pl.DataFrame,
    ownerships: pl.DataFrame,
    *,
    systems: pl.DataFrame,
    teams: pl.Series,
    timezone: str = "UTC",
) -> pl.DataFrame:
    """One row per integration of the catalog's `integrations` or of the messages, as DECLARED, by name.

    `edges` as ``edge_facts`` gives them; the systems are the catalog's, else those of most messages. The owner is the
    catalog's; where it names none, the one of `ownerships`. The owner of the target in the catalog's `systems` stands
    beside it: it is no owner of the integration. `teams` are the names that are no persons (``team_names``).
    ``since`` is when the day ``owner_since`` begins in `timezone`.
    """
    busiest = edges.sort("messages", "source", "target", descending=[True, False, False])
    seen = busiest.group_by("integration").agg(
        pl.col("messages").sum(), seen_source=pl.col("source").first(), seen_target=pl.col("target").first()
    )
    listed = integrations.unique("integration", keep="first", maintain_order=True)
    every = pl.concat([listed.select("integration"), seen.select("integration")]).drop_nulls().unique()
    kinds = {f"{each}_kind": owner_kind(pl.col(each), teams) for each in ("owner", "backup")}
    known_targets = systems.unique("system", keep="first").select(target_system="system", target_owner="owner")
    by_catalog = pl.col("owner").is_not_null() | pl.col("backup").is_not_null()
    rows = (
        every.join(listed, on="integration", how="left")
        .join(seen, on="integration", how="left")
        .join(told(ownerships, teams), on="integration", how="left")
        .with_columns(named_by=pl.when(by_catalog).then(pl.lit(CATALOG)).when("told").then(pl.lit(LOGS)))
        .with_columns(
            pl.when(pl.col("named_by") == LOGS).then(f"told_{each}").otherwise(each).alias(each)
            for each in ("owner", "backup", "owner_since")
        )
        .with_columns(
            source_system=pl.coalesce("source", "seen_source"),
            target_system=pl.coalesce("target", "seen_target"),
            messages=pl.col("messages").fill_null(0),
            since=_begins(pl.col("owner_since"), timezone),
            **kinds,
        )
        .join(known_targets, on="target_system", how="left")
    )
    return rows.select(*DECLARED).cast(DECLARED).sort("integration")


def _begins(day: pl.Expr, timezone: str) -> pl.Expr:
    """Its midnight on the wall; where the clocks leave that out, as some zones do in spring, that of UTC."""
    midnight = day.cast(pl.Datetime("us"))
    on_the_wall = midnight.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    return pl.coalesce(on_the_wall.dt.convert_time_zone("UTC"), midnight.dt.replace_time_zone("UTC"))


def told(ownerships: pl.DataFrame, teams: pl.Series) -> pl.DataFrame:
    """One row per integration whose owners the logs name: told_owner, told_backup, told_owner_since.

    Those of the last moment at which any are named; of several the first person is the owner and the next one the
    backup, a team is the owner where there is no person. They own it since they are first named, if others were before.
    """
    about = ownerships.filter(pl.col("kind") == INTEGRATION).sort("at", "log_file", "log_line", maintain_order=True)
    first_named = about.group_by("subject", "owner").agg(since=pl.col("at").min())
    begins = about.group_by("subject").agg(begins=pl.col("at").min())
    newest = (
        about.filter(pl.col("at").eq_missing(pl.col("at").max().over("subject")))
        .unique(["subject", "owner"], keep="first", maintain_order=True)
        .with_columns(person=owner_kind(pl.col("owner"), teams) == PERSON)
        .sort("person", descending=True, maintain_order=True)
    )
    backup = pl.col("owner").filter("person").get(1, null_on_oob=True)
    owned = newest.group_by("subject", maintain_order=True).agg(pl.col("owner").first(), told_backup=backup)
    since = pl.when(pl.col("since") > pl.col("begins")).then(pl.col("since").dt.date())
    return (
        owned.join(first_named, on=["subject", "owner"], how="left")
        .join(begins, on="subject", how="left")
        .select(
            integration="subject",
            told_owner="owner",
            told_backup="told_backup",
            told_owner_since=since,
            told=pl.lit(True),
        )
    )
