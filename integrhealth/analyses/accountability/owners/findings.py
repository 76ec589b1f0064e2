"""What is asked about owners: integrations without a person, owners who never answered, and stale ones."""

import polars as pl

from integrhealth.analyses.accountability.owners.verdicts import NEVER_ANSWERED, NOBODY, TEAM_ONLY
from integrhealth.analyses.accountability.tables import NAME
from integrhealth.language.findings import findings, ranked, written
from integrhealth.language.thresholds import MIN_ANSWERABLE, NOBODY_SHARE, STALE_OWNER_DAYS

WHOLE = "all integrations"


def owner_findings(owners: pl.DataFrame, people: pl.DataFrame, *, integrations: pl.DataFrame) -> pl.DataFrame:
    """``no_owner``, ``never_answered`` and ``stale_owner``, worst first.

    `owners` and `people` are the tables ``owners`` and ``owning_people``. Where the catalog has no `integrations` and
    no log names an owner, nobody was asked who they are: that is no finding.
    """
    asked = integrations.height > 0 or owners["named_by"].is_not_null().any()
    return ranked([_no_owner(owners if asked else owners.clear()), _never_answered(owners), _stale(people)])


def _no_owner(owners: pl.DataFrame) -> pl.DataFrame:
    """One finding for all integrations without a person: counted, and a warning where more than NOBODY_SHARE of all
    have neither person nor team.
    """
    busiest = owners.filter(pl.col("verdict").is_in([NOBODY, TEAM_ONLY])).sort(
        pl.col("verdict") == NOBODY, "messages", "integration", descending=[True, True, False]
    )
    nobody, team_only = (owners.filter(pl.col("verdict") == verdict).height for verdict in (NOBODY, TEAM_ONLY))
    teams = f", and {team_only:,} only a team" if team_only else ""
    said = f"{nobody:,} of {owners.height:,} integrations have no owner{teams}"
    rows = busiest.head(1).select(
        subject=pl.lit(WHOLE),
        severity=pl.lit("warning" if nobody > NOBODY_SHARE * owners.height else "note"),
        statement=pl.format(
            "{}; the busiest is {} with {} and {}.",
            *(pl.lit(said), "integration", _counted("messages", "message"), _counted("incidents", "incident")),
        ),
        value=pl.lit(nobody / max(owners.height, 1)),
        unit=pl.lit("share of integrations without an owner"),
        n=pl.lit(owners.height),
        threshold=pl.lit(NOBODY_SHARE),
        owner=pl.col("target_owner"),
        ask=pl.format("Who, by name, is called when {} stops?", "integration"),
    )
    return findings(NAME, "no_owner", rows)


def _never_answered(owners: pl.DataFrame) -> pl.DataFrame:
    """One finding per integration whose owners touched none of its incidents: a warning, as it is counted."""
    also = pl.format(" and {}", "backup").fill_null("")
    rows = owners.filter(pl.col("verdict") == NEVER_ANSWERED).select(
        subject="integration",
        severity=pl.lit("warning"),
        statement=pl.format(
            "{}: {}{} should answer, and touched none of {} incidents, nor did a team of theirs.",
            *("integration", "owner", also, written(pl.col("incidents"))),
        ),
        value=pl.lit(0.0),
        unit=pl.lit("incidents answered"),
        n="incidents",
        threshold=pl.lit(MIN_ANSWERABLE),
        owner="owner",
        ask=pl.format("Does {} know that {} is theirs, and who answers for it in truth?", "owner", "integration"),
    )
    return findings(NAME, "never_answered", rows)


def _stale(people: pl.DataFrame) -> pl.DataFrame:
    """One finding per person: a warning where they own something and are gone, or were asked MIN_ANSWERABLE times."""
    stale = people.filter((pl.col("idle") | pl.col("gone")).fill_null(False))
    gone = pl.col("gone")
    what = pl.format("{} touched nothing of theirs", "name")
    seen = pl.format("{} was last seen in the logs on {}", "name", pl.col("last_seen"))
    theirs = (
        pl.when(pl.col("owns") > 0)
        .then(pl.format("owns {}", _counted("owns", "integration")))
        .otherwise(pl.format("is the backup of {}", _counted("backs_up", "integration")))
    )
    rows = stale.select(
        subject="name",
        severity=pl.when((pl.col("owns") > 0) & (gone | (pl.col("asked") >= MIN_ANSWERABLE)))
        .then(pl.lit("warning"))
        .otherwise(pl.lit("note")),
        statement=pl.format(
            "{} in the last {} days, and {} ({}); {} of theirs moved in these days.",
            pl.when(gone).then(pl.format("{}: not", seen)).otherwise(what),
            STALE_OWNER_DAYS,
            *(theirs, "integration", _counted("asked", "incident")),
        ),
        value="asked",
        unit=pl.lit("incidents of theirs in 90 days, none touched"),
        n="asked",
        threshold=pl.lit(MIN_ANSWERABLE),
        owner="name",
        ask=pl.format("Is {} still the one to ask about {}, and who is it if not?", "name", "integration"),
    )
    return findings(NAME, "stale_owner", rows)


def _counted(column: str, thing: str) -> pl.Expr:
    """So many of a thing, in the singular where it is one."""
    several = pl.format("{} {}s", written(pl.col(column)), pl.lit(thing))
    return pl.when(pl.col(column) == 1).then(pl.lit(f"1 {thing}")).otherwise(several)
