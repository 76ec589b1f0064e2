"""The findings of report_overload: each with the owner and the question to ask."""

from collections.abc import Mapping

import polars as pl

from integrhealth.language.findings import findings, no_findings, ranked, severity
from integrhealth.language.statistics import chance_of_distance
from integrhealth.language.thresholds import FLOOD_CRITICAL, FLOOD_WARNING, SPARE_CRITICAL, SPARE_WARNING, UNOPENED_DAYS

NAME = "report_overload"
ALL_REPORTS = "all reports"
NO_OWNER = "reports without an owner"
# Longest part of a report's name in a sentence: names come from logs.
NAME_LENGTH = 60


def overload_findings(tables: Mapping[str, pl.DataFrame], whole: pl.DataFrame) -> pl.DataFrame:
    """What people should talk about, worst first; `whole` is the row of ``reading.company``."""
    judged = tables["reports"]
    return ranked(
        [
            flood(whole, judged),
            spare_reports(judged, tables["keep"]),
            no_decision(judged),
            near_duplicates(judged),
            unopened(judged),
        ]
    )


def _shown(number: pl.Expr) -> pl.Expr:
    """A number with one digit after the point, or none when that is a zero."""
    return number.round(1).cast(pl.String).str.strip_suffix(".0")


def flood(whole: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """One finding when people are sent more than they read: needed / spent of all of them, for the largest owner.

    `whole` is the row of ``company``. Where nobody spent any time there is no ratio; that is critical as it stands.
    """
    needed, spent, ratio = pl.col("needed_minutes"), pl.col("spent_minutes"), pl.col("flood_ratio")
    beyond = whole.filter((needed > 0) & (ratio.is_null() | (ratio > FLOOD_WARNING)))
    thresholds = (FLOOD_WARNING, FLOOD_CRITICAL)
    warning, critical = (chance_of_distance(ratio - most, ratio - pl.col("low")) for most in thresholds)
    sure = severity(warning=warning, critical=critical)
    said = pl.format(
        "{} reports a person and day need {} minutes and get {}",
        *(_shown(number) for number in (pl.col("deliveries") / pl.col("person_days"), needed, spent)),
    )
    none = pl.when(pl.col("never_reading") > 0).then(
        pl.format("; {} of {} people read none", "never_reading", "people")
    )
    rows = beyond.with_columns(
        severity=pl.when(ratio.is_null()).then(pl.lit("critical")).otherwise(sure),
        statement=pl.concat_str(said, none.otherwise(pl.lit("")), pl.lit(".")),
        value=ratio,
        unit=pl.lit("minutes needed per minute spent"),
        n=pl.col("deliveries"),
        threshold=pl.lit(FLOOD_WARNING),
        owner=pl.lit(_largest_owner(judged), pl.String),
        ask=pl.lit("Which report would anybody miss tomorrow, and for which decision?"),
    )
    return findings(NAME, "flood", rows)


def _largest_owner(judged: pl.DataFrame) -> str | None:
    """Whose reports ask for the most reading; None where most of it is nobody's."""
    minutes = judged.group_by("owner").agg(pl.col("minutes").sum())
    return minutes.sort("minutes", "owner", descending=[True, False])["owner"].first() if minutes.height else None


def spare_reports(judged: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """One finding when delivered reports could stop without leaving a decision unserved; counted, not estimated."""
    if kept.is_empty():
        return no_findings()
    staying = pl.col("report").is_in(kept["report"].implode())
    share = pl.col("value")
    counts = (
        judged.filter((pl.col("deliveries") > 0) & (pl.col("verdict") != "not in inventory"))
        .select(
            n=pl.len(),
            spare=(~staying).sum(),
            minutes=pl.col("minutes").filter(~staying).sum() / pl.col("minutes").sum(),
        )
        .with_columns(value=pl.col("spare") / pl.col("n"))
    )
    rows = counts.filter(share > SPARE_WARNING).with_columns(
        subject=pl.lit(ALL_REPORTS),
        severity=pl.when(share > SPARE_CRITICAL).then(pl.lit("critical")).otherwise(pl.lit("warning")),
        statement=pl.format(
            "{} of {} delivered reports serve every decision; the other {} take {}% of the reading time.",
            *(pl.col("n") - pl.col("spare"), "n", "spare", (pl.col("minutes") * 100).round().cast(pl.Int64)),
        ),
        low=share,
        high=share,
        unit=pl.lit("share of reports"),
        threshold=pl.lit(SPARE_WARNING),
        owner=pl.lit(_largest_owner(judged.filter(~staying)), pl.String),
        ask=pl.format("Can we pause these {} reports for two weeks and see who asks for one?", "spare"),
    )
    return findings(NAME, "spare_reports", rows)


def no_decision(judged: pl.DataFrame) -> pl.DataFrame:
    """One finding per owner of delivered reports that serve no decision."""
    rows = _by_owner(judged.filter(pl.col("verdict") == "retire candidate")).with_columns(
        severity=pl.lit("warning"),
        statement=pl.format("{} delivered reports serve no decision, first of all {}.", "value", "first"),
        ask=pl.format("Which decision is {} for, and who takes it?", "first"),
    )
    return findings(NAME, "no_decision", rows)


def near_duplicates(judged: pl.DataFrame) -> pl.DataFrame:
    """One finding per owner of reports that show what another shows, and whose decisions others serve."""
    rows = _by_owner(judged.filter(pl.col("verdict") == "near-duplicate")).with_columns(
        severity=pl.lit("warning"),
        statement=pl.format("{} reports show what others already show; {} is one of them.", "value", "first"),
        ask=pl.format("What does {} say that {} does not?", "first", "instead"),
    )
    return findings(NAME, "near_duplicates", rows)


def unopened(judged: pl.DataFrame) -> pl.DataFrame:
    """One finding per owner of reports that would stay, or cannot be judged, and that nobody opened for 90 days."""
    candidates = judged.filter(pl.col("unopened") & pl.col("verdict").is_in(["keep", "unopened 90 days"]))
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
            instead=_short(pl.col("covered_by").first().list.first()),
        )
        .with_columns(subject=pl.col("owner").fill_null(NO_OWNER), unit=pl.lit("reports"))
    )


def _short(name: pl.Expr) -> pl.Expr:
    cut = pl.concat_str(name.str.slice(0, NAME_LENGTH - 1), pl.lit("…"))
    return pl.when(name.str.len_chars() > NAME_LENGTH).then(cut).otherwise(name)
