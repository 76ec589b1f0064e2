"""Whether people are sent more than they read: a finding with the owner and the question to ask."""

import polars as pl

from integrhealth.language.findings import findings, severity
from integrhealth.language.statistics import chance_of_distance
from integrhealth.language.thresholds import FLOOD_CRITICAL, FLOOD_WARNING

NAME = "report_overload"


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
    numbers = [_shown(number) for number in (pl.col("deliveries") / pl.col("person_days"), needed, spent)]
    one = pl.format("{} report a person and day needs {} minutes and gets {}", *numbers)
    many = pl.format("{} reports a person and day need {} minutes and get {}", *numbers)
    said = pl.when(numbers[0] == "1").then(one).otherwise(many)
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
        owner=pl.lit(largest_owner(judged), pl.String),
        ask=pl.lit("Which report would anybody miss tomorrow, and for which decision?"),
    )
    return findings(NAME, "flood", rows)


def largest_owner(judged: pl.DataFrame) -> str | None:
    """Whose reports ask for the most reading; None where most of it is nobody's."""
    minutes = judged.group_by("owner").agg(pl.col("minutes").sum())
    return minutes.sort("minutes", "owner", descending=[True, False])["owner"].first() if minutes.height else None
