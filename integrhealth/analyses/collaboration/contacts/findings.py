"""Between which teams much flows and nobody talks, and how many of those who should talk do not."""

import polars as pl

from integrhealth.analyses.collaboration.tables import NAME
from integrhealth.language.findings import findings, integration_owners, severity
from integrhealth.language.statistics import chance_of_more, wilson_interval
from integrhealth.language.thresholds import (
    BYPASS_WARNING,
    CONGRUENCE_GOOD,
    CONTACT_DAYS,
    LONG_SILENCE_DAYS,
    MIN_MESSAGES,
)
from integrhealth.language.wording import percent

ALL_PAIRS = "teams whose systems are integrated"


def contact_findings(
    bypass: pl.DataFrame, congruence: pl.DataFrame, *, integrations: pl.DataFrame
) -> list[pl.DataFrame]:
    """The findings of each rule; owners are those of the catalog's `integrations`, else the first team of the pair."""
    return [bypassed(bypass, integrations), silent_pairs(congruence)]


def bypassed(bypass: pl.DataFrame, integrations: pl.DataFrame) -> pl.DataFrame:
    """``bypass``: one finding per pair of teams that carries much of all value in silence; counted.

    A warning where they did not speak for sixty days in a row: one missed monthly meeting is no silence. Never
    critical: silence loses no money by itself.
    """
    silent = bypass.filter(pl.col("share") > BYPASS_WARNING, pl.col("messages") >= MIN_MESSAGES)
    long = pl.col("longest_silence_days") > LONG_SILENCE_DAYS
    days = pl.col("longest_silence_days").floor().cast(pl.Int64)
    what = pl.when(pl.col("value").is_not_null()).then(pl.lit("value")).otherwise(pl.lit("messages"))
    rows = silent.join(integration_owners(integrations), on="integration", how="left", maintain_order="left")
    rows = rows.with_columns(
        subject=pl.format("{} and {}", "team_a", "team_b"),
        severity=pl.when(long).then(pl.lit("warning")).otherwise(pl.lit("note")),
        value=pl.col("share"),
        low=pl.col("share"),
        high=pl.col("share"),
        n=pl.col("messages"),
        statement=pl.format(
            "{} of the {} between all teams flowed from {} to {} or back while they had not spoken for {} days; "
            "their longest silence was {} days.",
            *(percent(pl.col("share")), what, "team_a", "team_b", pl.lit(CONTACT_DAYS), days),
        ),
        unit=pl.format("share of {}", what),
        threshold=pl.lit(BYPASS_WARNING),
        owner=pl.coalesce("owner", "team_a"),
        ask=pl.format("When do {} and {} next sit together over what {} moves?", "team_a", "team_b", _moved()),
    )
    return findings(NAME, "bypass", rows)


def _moved() -> pl.Expr:
    return pl.coalesce("integration", pl.lit("their integration"))


def silent_pairs(congruence: pl.DataFrame) -> pl.DataFrame:
    """``silent_pairs``: one finding, where certainly more than three in ten of the pairs who need to talk do not.

    Never critical, and no promise: whether congruent teams do better is open between two studies.
    """
    silent = pl.col("judged") - pl.col("congruent")
    most = 1 - CONGRUENCE_GOOD
    beyond = congruence.with_columns(silent=silent, value=silent / pl.col("judged")).filter(pl.col("value") > most)
    low, high = wilson_interval(beyond["silent"].to_numpy(), beyond["judged"].to_numpy())
    rows = beyond.with_columns(
        subject=pl.lit(ALL_PAIRS),
        severity=severity(warning=chance_of_more(pl.col("silent").cast(pl.Float64), pl.col("judged"), pl.lit(most))),
        low=pl.Series(low, dtype=pl.Float64),
        high=pl.Series(high, dtype=pl.Float64),
        n=pl.col("judged"),
        statement=pl.format(
            "{} of {} pairs of teams whose systems are integrated spoke on fewer than one day in {}.",
            *("silent", "judged", pl.lit(CONTACT_DAYS)),
        ),
        unit=pl.lit("share of pairs of teams"),
        threshold=pl.lit(most),
        ask=pl.lit("Which of these pairs of teams should meet, and about what?"),
    )
    return findings(NAME, "silent_pairs", rows)
