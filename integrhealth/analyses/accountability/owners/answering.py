"""Whether the owners of an integration answer: who touched its incidents, and who touched them first."""

import polars as pl

from integrhealth.analyses.accountability.names import MAILBOX, PERSON, TEAM, identities, team_key, written_as
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, TIME
from integrhealth.language.statistics import enough, wilson_interval
from integrhealth.language.thresholds import MIN_ANSWERABLE

OWNER, BACKUP = "owner", "backup"
ROLES = (OWNER, BACKUP)
CLAIMS = {"integration": TEXT, "role": TEXT, "name": TEXT, "kind": TEXT, "who": TEXT, "since": TIME, "tellable": FLAG}
ANSWERED = {
    "integration": TEXT,
    "incidents": COUNT,
    "answered": COUNT,
    "first_touches": COUNT,
    "first_touched_by_owner": NUMBER,
    "first_touch_low": NUMBER,
    "first_touch_high": NUMBER,
    "tellable": FLAG,
    "last_touch_at": TIME,
}


def claims(
    declared: pl.DataFrame, systems: pl.DataFrame, seen: pl.Series, teams: pl.Series, *, hidden: bool
) -> pl.DataFrame:
    """One row per integration of `declared` (``declared.declared``) and name of an owner or backup, as CLAIMS.

    ``who`` is the identity of a person and the key of a team. Whether a person who is not in the logs could be in them
    is ``tellable`` where somebody whom the catalog names in the same form (an address, a name) is: `seen` are the
    identities in the incidents, `systems` those of the catalog. A team is tellable that is among the `teams` (keys) of
    the incidents.
    """
    named_owners = pl.concat(
        declared.select("integration", role=pl.lit(role), name=role, kind=f"{role}_kind", since="since")
        for role in ROLES
    ).drop_nulls("kind")
    others = pl.concat([systems.select(name=role) for role in ROLES]).drop_nulls()
    people = pl.concat([named_owners.filter(pl.col("kind") == PERSON).select("name"), others]).unique()
    people = people.with_columns(who=identities(people["name"], hidden=hidden), form=written_as(pl.col("name")))
    forms = people.filter(pl.col("who").is_in(seen.implode()))["form"].unique()
    in_group = pl.col("kind").is_in([TEAM, MAILBOX])
    rows = named_owners.with_columns(
        who=pl.when(in_group).then(team_key(pl.col("name"))).otherwise(identities(named_owners["name"], hidden=hidden))
    )
    fits = written_as(pl.col("name")).is_in(forms.implode())
    of_team = pl.col("who").is_in(teams.implode())
    return (
        rows.with_columns(tellable=pl.when(in_group).then(of_team).otherwise(fits & (pl.col("kind") == PERSON)))
        .select(*CLAIMS)
        .cast(CLAIMS)
        .sort("integration", "role", descending=[False, True])
    )


def teams_of(claims: pl.DataFrame, acts: pl.DataFrame, systems: pl.DataFrame, *, hidden: bool) -> pl.DataFrame:
    """who, team (key): the teams with which people worked at incidents, and those whose systems they own."""
    worked = acts.select("who", "team")
    owned = [
        systems.select(who=identities(systems[role], hidden=hidden), team=team_key(pl.col("team"))) for role in ROLES
    ]
    groups = claims.filter(pl.col("kind").is_in([TEAM, MAILBOX])).select("who", team="who")
    return pl.concat([worked, *owned, groups]).drop_nulls().unique().sort("who", "team")


def touched(claims: pl.DataFrame, acts: pl.DataFrame, teams: pl.DataFrame) -> pl.DataFrame:
    """One row per act by an owner, a backup or their team on what they own: integration, role, name, kind, by (person
    or team), incident, what, at. `teams` as ``teams_of`` gives them. Nobody owned it before ``since``.
    """
    columns = ("integration", "role", "name", "kind", "by", "incident", "what", "at")
    own = claims.filter(pl.col("kind") == PERSON).join(acts, on=["integration", "who"]).with_columns(by=pl.lit(PERSON))
    their = (
        claims.join(teams, on="who").join(acts.drop("who"), on=["integration", "team"]).with_columns(by=pl.lit(TEAM))
    )
    since = pl.col("since").is_null() | (pl.col("at") >= pl.col("since"))
    return pl.concat(each.filter(since).select(columns) for each in (own, their)).unique().sort(columns)


def answers(
    declared: pl.DataFrame, claims: pl.DataFrame, lives: pl.DataFrame, touches: pl.DataFrame, acts: pl.DataFrame
) -> pl.DataFrame:
    """One row per integration of `declared` as ANSWERED: its incidents since it has its owner, and who touched them.

    `lives` as ``incident_lives`` gives them, `touches` as ``touched``. ``answered``: the owner, the backup or the team
    of one of the two touched it. The share first touched by the owner (a person, or their own team where a team is the
    owner) is of the ``first_touches``, the incidents of which it is known; null under MIN_ANSWERABLE.
    """
    theirs = (
        lives.drop_nulls("integration")
        .join(declared.select("integration", "since"), on="integration")
        .filter(pl.col("since").is_null() | (pl.col("detected_at") >= pl.col("since")))
    )
    by_anybody = touches.drop_nulls("incident").select("incident").unique().with_columns(answered=pl.lit(True))
    first = (
        acts.drop_nulls("incident")
        .sort("at", maintain_order=True)
        .group_by("incident", maintain_order=True)
        .agg(pl.col("who", "team").drop_nulls().first(), at=pl.col("at").first())
    )
    owner = claims.filter(pl.col("role") == OWNER).select("integration", claimed="who", group=pl.col("kind") != PERSON)
    each = (
        theirs.join(by_anybody, on="incident", how="left")
        .join(first, on="incident", how="left")
        .join(owner, on="integration", how="left")
        .with_columns(toucher=pl.when("group").then("team").otherwise("who"))
    )
    counted = each.group_by("integration").agg(
        incidents=pl.len(),
        answered=pl.col("answered").is_not_null().sum(),
        first_touches=(pl.col("toucher").is_not_null() & pl.col("claimed").is_not_null()).sum(),
        by_owner=(pl.col("toucher") == pl.col("claimed")).sum(),
        people=pl.col("who").is_not_null().sum(),
    )
    able = claims.group_by("integration").agg(pl.col("tellable").all(), needs_people=(pl.col("kind") == PERSON).any())
    own = touches.filter((pl.col("by") == PERSON) | (pl.col("kind") != PERSON))
    rows = (
        declared.select("integration")
        .join(counted, on="integration", how="left", maintain_order="left")
        .join(able, on="integration", how="left", maintain_order="left")
        .join(own.group_by("integration").agg(last_touch_at=pl.col("at").max()), on="integration", how="left")
        .with_columns(pl.col("incidents", "answered", "first_touches", "by_owner", "people").fill_null(0))
    )
    low, high = wilson_interval(rows["by_owner"].to_numpy(), rows["first_touches"].to_numpy())
    shares = {
        "first_touched_by_owner": pl.col("by_owner") / pl.col("first_touches"),
        "first_touch_low": pl.Series(low),
        "first_touch_high": pl.Series(high),
    }
    sample = enough(pl.col("first_touches"), MIN_ANSWERABLE)
    with_people = pl.col("people") >= MIN_ANSWERABLE
    return (
        rows.with_columns(pl.when(sample).then(share).alias(name) for name, share in shares.items())
        .with_columns(tellable=pl.col("tellable").fill_null(False) & (with_people | ~pl.col("needs_people")))
        .select(*ANSWERED)
        .cast(ANSWERED)
        .sort("integration")
    )
