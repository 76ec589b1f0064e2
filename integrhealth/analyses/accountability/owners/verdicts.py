"""What is to be said of the owners of each integration: owned, team only, nobody, or never answered."""

from datetime import datetime

import polars as pl

from integrhealth.analyses.accountability.names import MAILBOX, PERSON, PROGRAM, TEAM, identities
from integrhealth.language.findings import written
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, TIME
from integrhealth.language.thresholds import MIN_ANSWERABLE, STALE_OWNER_DAYS

OWNED, TEAM_ONLY, NOBODY, NEVER_ANSWERED, UNKNOWN = "owned", "team only", "nobody", "never answered", "cannot tell"
VERDICTS = (OWNED, TEAM_ONLY, NEVER_ANSWERED, NOBODY, UNKNOWN)
OWNERS = {
    "integration": TEXT,
    "owner": TEXT,
    "backup": TEXT,
    "level": TEXT,
    "verdict": TEXT,
    "why": TEXT,
    "owner_kind": TEXT,
    "owner_since": pl.Date,
    "named_by": TEXT,
    "target_owner": TEXT,
    "messages": COUNT,
    "incidents": COUNT,
    "answered": COUNT,
    "first_touches": COUNT,
    "first_touched_by_owner": NUMBER,
    "first_touch_low": NUMBER,
    "first_touch_high": NUMBER,
    "last_touch_at": TIME,
    "days_since_touch": NUMBER,
    "stale": FLAG,
}
US_PER_DAY = 86_400_000_000


def owners(
    declared: pl.DataFrame, answers: pl.DataFrame, people: pl.DataFrame, end: datetime | None, *, hidden: bool
) -> pl.DataFrame:
    """One row per integration as OWNERS, those with most incidents and messages first.

    `declared`, `answers` and `people` as the functions of these names give them, `end` the end of the data. A program
    that is named as owner is nobody who could be asked, nor is a backup without an owner.
    """
    stale = {
        role: people.filter(pl.col("idle") | pl.col("gone")).select("who", pl.lit(True).alias(f"{role}_stale"))
        for role in ("owner", "backup")
    }
    rows = declared.join(answers, on="integration", how="left", maintain_order="left")
    for role, names in stale.items():
        who = identities(rows[role], hidden=hidden)
        person = pl.col(f"{role}_kind") == PERSON
        rows = (
            rows.with_columns(who=who)
            .with_columns(who=pl.when(person).then("who"))
            .join(names, on="who", how="left", maintain_order="left")
            .drop("who")
            .with_columns(pl.col(f"{role}_stale").fill_null(False))
        )
    kind = pl.col("owner_kind")
    silent = (pl.col("incidents") >= MIN_ANSWERABLE) & (pl.col("answered") == 0)
    since = (pl.lit(end, TIME) - pl.col("last_touch_at")).dt.total_microseconds() / US_PER_DAY
    verdict = (
        pl.when(kind.is_null() | (kind == PROGRAM))
        .then(pl.lit(NOBODY))
        .when(silent & pl.col("tellable"))
        .then(pl.lit(NEVER_ANSWERED))
        .when(silent)
        .then(pl.lit(UNKNOWN))
        .when(kind.is_in([TEAM, MAILBOX]))
        .then(pl.lit(TEAM_ONLY))
        .otherwise(pl.lit(OWNED))
    )
    return (
        rows.with_columns(
            verdict=verdict,
            days_since_touch=since.clip(0),
            stale=pl.col("owner_stale") | pl.col("backup_stale"),
        )
        .with_columns(why=_why())
        .select(*OWNERS)
        .cast(OWNERS)
        .sort("incidents", "messages", "integration", descending=[True, True, False])
    )


def _why() -> pl.Expr:
    """What the verdict rests on, and who of the two is stale, in words."""
    kind, incidents = pl.col("owner_kind"), written(pl.col("incidents"))
    came = pl.when(pl.col("incidents") == 1).then(pl.lit("1 incident")).otherwise(pl.format("{} incidents", incidents))
    verdict = pl.col("verdict")
    program = pl.format("{} is a program, which nobody can ask", "owner")
    nobody = (
        pl.when(kind == PROGRAM)
        .then(program)
        .when(pl.col("backup").is_not_null())
        .then(pl.lit("only a backup is named"))
    )
    group = pl.when(kind == MAILBOX).then(pl.lit("a mailbox")).otherwise(pl.lit("a team"))
    touched = pl.format("of {} the owner, the backup or their team touched {}", came, written(pl.col("answered")))
    quiet = pl.when(pl.col("incidents") == 0).then(pl.lit("no incident to answer")).otherwise(touched)
    said = (
        pl.when(verdict == NOBODY)
        .then(pl.coalesce(nobody, pl.lit("nobody is named")))
        .when(verdict == NEVER_ANSWERED)
        .then(pl.format("{}, and neither the owner nor the backup nor their team touched any", came))
        .when(verdict == UNKNOWN)
        .then(pl.format("{}, and the logs write nobody as the catalog writes the owners", came))
        .when(verdict == TEAM_ONLY)
        .then(pl.format("the owner is {} and no person; {}", group, quiet))
        .otherwise(quiet)
    )
    both = pl.col("owner_stale") & pl.col("backup_stale")
    stale = (
        pl.when(both)
        .then(pl.lit("owner and backup are"))
        .when("owner_stale")
        .then(pl.lit("the owner is"))
        .when("backup_stale")
        .then(pl.lit("the backup is"))
    )
    gone_stale = pl.format("; {} stale: nothing of theirs touched, or not seen, for {} days", stale, STALE_OWNER_DAYS)
    return pl.concat_str(said, gone_stale.fill_null(""))
