"""Which meetings that were agreed on are not held."""

import polars as pl

from integrhealth.analyses.collaboration.rituals.holding import NEVER
from integrhealth.analyses.collaboration.rituals.meetings import BY_SERIES
from integrhealth.analyses.collaboration.tables import NAME
from integrhealth.language.findings import findings, severity
from integrhealth.language.statistics import chance_of_more
from integrhealth.language.thresholds import BROADCAST_PEOPLE, RITUAL_HELD


def ritual_findings(rituals: pl.DataFrame, *, named: bool) -> list[pl.DataFrame]:
    """The findings of each rule; `named`: whether the log says what meetings are about."""
    return [skipped_rituals(rituals), never_seen(rituals) if named else never_seen(rituals.clear())]


def skipped_rituals(rituals: pl.DataFrame) -> pl.DataFrame:
    """``ritual_skipped``: one finding per ritual that is held in less than three of four planned weeks.

    A note where its meetings are only taken to be that ritual's, and never critical.
    """
    skipped, most = pl.col("planned") - pl.col("held"), 1 - RITUAL_HELD
    judged = rituals.filter(pl.col("share").is_not_null()).with_columns(
        severity=severity(warning=chance_of_more(skipped.cast(pl.Float64), pl.col("planned"), pl.lit(most)))
    )
    missing = pl.when(pl.col("missing_team").is_not_null()).then(
        pl.format("; {} was missing in {} of them", "missing_team", "missing_weeks")
    )
    complete = pl.when(pl.col("complete").is_not_null()).then(pl.format(", with all its teams in {}", "complete"))
    moved = pl.when(pl.col("recognised_by") == BY_SERIES).then(pl.lit(" (recognised by who met, not by name)"))
    calls = pl.format("Who calls the next {}, and what would make it worth coming?", "ritual")
    rows = judged.filter(pl.col("share") < RITUAL_HELD).with_columns(
        severity=pl.when(pl.col("recognised_by") == BY_SERIES).then(pl.lit("note")).otherwise("severity"),
        subject="ritual",
        value=pl.col("share"),
        n=pl.col("planned"),
        statement=pl.concat_str(
            pl.format("{} was held in {} of {} planned weeks", "ritual", "held", "planned"),
            *(part.fill_null("") for part in (complete, missing, moved)),
            pl.lit("."),
        ),
        unit=pl.lit("share of planned weeks"),
        threshold=pl.lit(RITUAL_HELD),
        owner=pl.col("teams").list.join(", "),
        ask=calls,
    )
    return findings(NAME, "ritual_skipped", rows)


def never_seen(rituals: pl.DataFrame) -> pl.DataFrame:
    """``ritual_never_seen``: a note per ritual that no meeting is about, or broadcasts only; it may be named else."""
    large = pl.col("broadcasts") > 0
    rows = rituals.filter(pl.col("verdict") == NEVER).with_columns(
        subject="ritual",
        severity=pl.lit("note"),
        n=pl.col("planned"),
        statement=pl.when(large)
        .then(
            pl.format(
                "In {} of {} weeks only a meeting of more than {} people is about {}, in which few can speak.",
                *("broadcasts", "planned", pl.lit(BROADCAST_PEOPLE), "ritual"),
            )
        )
        .otherwise(
            pl.format(
                "No meeting of {} weeks is about {}: it is not held, or written down by another name.",
                *("planned", "ritual"),
            )
        ),
        owner=pl.col("teams").list.join(", "),
        ask=pl.when(large)
        .then(pl.format("Who of {} needs to speak with whom, and in which smaller meeting?", "ritual"))
        .otherwise(pl.format("When was {} last held, and what does the calendar call it?", "ritual")),
    )
    return findings(NAME, "ritual_never_seen", rows)
