"""What should stop, or be asked about: a finding per owner, and one for all reports."""

import polars as pl

from integrhealth.analyses.report_overload.findings import NAME, largest_owner
from integrhealth.language.findings import findings, no_findings
from integrhealth.language.thresholds import SPARE_CRITICAL, SPARE_WARNING, STALE_DELIVERIES, UNOPENED_DAYS

ALL_REPORTS = "all reports"
NO_OWNER = "reports without an owner"
# Longest part of a report's name in a sentence: names come from logs.
NAME_LENGTH = 60


def cover_findings(judged: pl.DataFrame, kept: pl.DataFrame) -> list[pl.DataFrame]:
    """What people should talk about; `judged` and `kept` are the tables ``reports`` and ``keep``."""
    return [spare_reports(judged, kept), no_decision(judged), near_duplicates(judged), stale(judged), unopened(judged)]


def spare_reports(judged: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """One finding when delivered reports could stop without leaving a decision unserved; counted, not estimated."""
    if kept.is_empty():
        return no_findings()
    staying = pl.col("report").is_in(kept["report"].implode())
    share = pl.col("value")
    minutes = pl.col("minutes")
    counts = (
        judged.filter((pl.col("deliveries") > 0) & (pl.col("why") != "not in inventory"))
        .select(
            n=pl.len(),
            spare=(~staying).sum(),
            minutes=pl.when(minutes.sum() > 0).then(minutes.filter(~staying).sum() / minutes.sum()),
        )
        .with_columns(value=pl.col("spare") / pl.col("n"))
    )
    rows = counts.filter(share > SPARE_WARNING).with_columns(
        subject=pl.lit(ALL_REPORTS),
        severity=pl.when(share > SPARE_CRITICAL).then(pl.lit("critical")).otherwise(pl.lit("warning")),
        statement=pl.format(
            "{} of {} delivered reports serve every decision; the other {} {}.",
            *(pl.col("n") - pl.col("spare"), "n", "spare"),
            # Where no length is known there is no reading time either.
            pl.format("take {}% of the reading time", (minutes * 100).round().cast(pl.Int64)).fill_null("add none"),
        ),
        low=share,
        high=share,
        unit=pl.lit("share of reports"),
        threshold=pl.lit(SPARE_WARNING),
        owner=pl.lit(largest_owner(judged.filter(~staying)), pl.String),
        ask=pl.format("Can we pause these {} reports for two weeks and see who asks for one?", "spare"),
    )
    return findings(NAME, "spare_reports", rows)


def no_decision(judged: pl.DataFrame) -> pl.DataFrame:
    """One finding per owner of delivered reports that serve no decision."""
    rows = _by_owner(judged.filter(pl.col("why") == "no decision")).with_columns(
        severity=pl.lit("warning"),
        statement=pl.format("{} delivered reports serve no decision, first of all {}.", "value", "first"),
        ask=pl.format("Which decision is {} for, and who takes it?", "first"),
    )
    return findings(NAME, "no_decision", rows)


def near_duplicates(judged: pl.DataFrame) -> pl.DataFrame:
    """One finding per owner of reports that show what another shows, whose readers can take that one."""
    rows = _by_owner(judged.filter(pl.col("verdict") == "merge")).with_columns(
        severity=pl.lit("warning"),
        statement=pl.format("{} reports show what others already show; {} is one of them.", "value", "first"),
        ask=pl.format("What does {} say that {} does not?", "first", "instead"),
    )
    return findings(NAME, "near_duplicates", rows)


def stale(judged: pl.DataFrame) -> pl.DataFrame:
    """One finding per owner of reports that were sent on although their refresh failed: old numbers as new ones."""
    rows = _by_owner(judged.filter(pl.col("sent_stale") >= STALE_DELIVERIES)).with_columns(
        severity=pl.lit("warning"),
        statement=pl.format(
            "{} reports are sent with old content, {} for {} days: refreshes fail.", *("value", "first", "days")
        ),
        threshold=pl.lit(float(STALE_DELIVERIES)),
        ask=pl.format("Who sees that the refresh of {} fails, and who tells its readers?", "first"),
    )
    return findings(NAME, "stale_reports", rows)


def unopened(judged: pl.DataFrame) -> pl.DataFrame:
    """One finding per owner of reports that would stay, or cannot be judged, and that nobody opened for 90 days."""
    kept = pl.col("verdict").is_in(["keep", "fewer people", "less often"])
    candidates = judged.filter(pl.col("unopened") & (kept | (pl.col("why") == "unopened 90 days")))
    rows = _by_owner(candidates).with_columns(
        severity=pl.lit("note"),
        statement=pl.format(
            "Nobody opened {} reports for {} days; {} is one of them.", "value", UNOPENED_DAYS, "first"
        ),
        threshold=pl.lit(float(UNOPENED_DAYS)),
        ask=pl.format("How is the decision taken that {} is for?", "first"),
    )
    return findings(NAME, "unopened", rows)


def _by_owner(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per owner: how many reports, their deliveries, and the one that takes the most reading time."""
    return (
        rows.sort("minutes", "report", descending=[True, False], nulls_last=True)
        .group_by("owner", maintain_order=True)
        .agg(
            value=pl.len(),
            n=pl.col("deliveries").sum(),
            first=_short(pl.col("report").first()),
            days=pl.col("stale_days").first().round().cast(pl.Int64),
            instead=_short(pl.col("covered_by").first().list.first()),
        )
        .with_columns(subject=pl.col("owner").fill_null(NO_OWNER), unit=pl.lit("reports"))
    )


def _short(name: pl.Expr) -> pl.Expr:
    cut = pl.concat_str(name.str.slice(0, NAME_LENGTH - 1), pl.lit("…"))
    return pl.when(name.str.len_chars() > NAME_LENGTH).then(cut).otherwise(name)
