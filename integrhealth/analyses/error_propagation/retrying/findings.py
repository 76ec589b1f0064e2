"""What retries ask people to talk about: constant pauses, storms that stay or may come, and layers that multiply."""

import polars as pl

from integrhealth.analyses.error_propagation.tables import NAME
from integrhealth.language.findings import findings, integration_owners, ranked, severity, written
from integrhealth.language.statistics import chance_of_distance, enough
from integrhealth.language.thresholds import (
    AMPLIFICATION_WATCH,
    CONSTANT_SHARE,
    GOODPUT_LOST,
    LAYERED,
    MIN_MESSAGES,
    SLOW_DRAIN,
    VULNERABLE,
)


def retries_findings(
    retries: pl.DataFrame,
    storms: pl.DataFrame,
    layers: pl.DataFrame,
    declared: pl.DataFrame,
    *,
    min_messages: int = MIN_MESSAGES,
) -> pl.DataFrame:
    """What the tables ``retries``, ``retry_storms`` and ``retry_layers`` ask a person, worst first.

    `declared` are the integrations of the catalog, for their owners.
    """
    owners = integration_owners(declared)
    return ranked(
        [
            _unjittered(retries.join(owners, on="integration", how="left")),
            _storms(storms.join(owners, on="integration", how="left")),
            _vulnerable(retries.join(owners, on="integration", how="left")),
            _layered(layers.join(owners, left_on="outer", right_on="integration", how="left"), min_messages),
        ]
    )


def _unjittered(retries: pl.DataFrame) -> pl.DataFrame:
    """Integrations that retry after constant pauses; a warning where they certainly retry a lot."""
    attempts = pl.col("amplification")
    judged = retries.with_columns(
        severity=severity(warning=chance_of_distance(attempts - AMPLIFICATION_WATCH, attempts - pl.col("low")))
    )
    rows = judged.filter(~pl.col("jittered") & attempts.is_not_null()).with_columns(
        subject=pl.col("integration"),
        statement=pl.format(
            "{}: {} of 100 retries come after the same pause, so all that failed together come back together.",
            "integration",
            (pl.col("constant_share") * 100).round().cast(pl.Int64),
        ),
        value=pl.col("constant_share"),
        unit=pl.lit("share of retries after a constant pause"),
        n=pl.col("paused"),
        low=pl.lit(None, pl.Float64),
        high=pl.lit(None, pl.Float64),
        threshold=pl.lit(CONSTANT_SHARE),
        ask=pl.format("Who can let {} wait a random and growing time before it tries again?", "integration"),
    )
    return findings(NAME, "no_jitter", rows)


def _storms(storms: pl.DataFrame) -> pl.DataFrame:
    """One finding per integration with a storm that outlived its trigger, or drained too slowly, told by the worst."""
    slow = pl.col("drain_ratio") > SLOW_DRAIN
    stayed = pl.col("sustained").fill_null(False)
    change = pl.col("goodput_change")
    warning, critical = (chance_of_distance(-lost - change, pl.col("high") - change) for lost in (0, GOODPUT_LOST))
    worst = (
        storms.with_columns(stayed=stayed, certain=severity(warning=warning, critical=critical))
        .filter(stayed | slow)
        .sort("stayed", "minutes", "started_at", descending=[True, True, False])
        .unique("integration", keep="first", maintain_order=True)
    )
    day = pl.col("started_at").dt.strftime("%Y-%m-%d %H:%M")
    rows = worst.with_columns(
        subject=pl.col("integration"),
        severity=pl.when("stayed").then("certain").otherwise(pl.lit("warning")),
        statement=pl.when("stayed")
        .then(
            pl.format(
                "{}: the {} of {} UTC was over, its retries went on, and {} of 100 messages fewer got through.",
                "integration",
                "trigger",
                day,
                (pl.col("goodput_change") * -100).round().cast(pl.Int64),
            )
        )
        .otherwise(
            pl.format(
                "{}: the {} of {} UTC took {} times as long to work off as the backlog explains.",
                "integration",
                "trigger",
                day,
                pl.col("drain_ratio").round(1),
            )
        ),
        value=pl.when("stayed").then("goodput_change").otherwise("drain_ratio"),
        unit=pl.when("stayed")
        .then(pl.lit("change of deliveries per new message"))
        .otherwise(pl.lit("drain time, actual to predicted")),
        low=pl.when("stayed").then("low"),
        high=pl.when("stayed").then("high"),
        n=pl.when("stayed").then("messages_after"),
        threshold=pl.when("stayed").then(-GOODPUT_LOST).otherwise(float(SLOW_DRAIN)),
        ask=pl.format("Who may switch off the retries of {} when they do more harm than good?", "integration"),
    )
    return findings(NAME, "retry_storm", rows)


def _vulnerable(retries: pl.DataFrame) -> pl.DataFrame:
    rows = retries.filter(pl.col("vulnerability") > VULNERABLE).with_columns(
        subject=pl.col("integration"),
        severity=pl.lit("warning"),
        statement=pl.format(
            "{}: {} new messages a minute with {} attempts each are {} times what it worked off when it was behind.",
            "integration",
            pl.col("peak_per_minute").round().cast(pl.Int64),
            "most",
            pl.col("vulnerability").round(1),
        ),
        value=pl.col("vulnerability"),
        unit=pl.lit("peak attempts per drain rate"),
        low=pl.lit(None, pl.Float64),
        high=pl.lit(None, pl.Float64),
        n=pl.col("drain_minutes").round().cast(pl.Int64),
        threshold=pl.lit(float(VULNERABLE)),
        ask=pl.format("What stops {} from keeping itself down after a short outage?", "integration"),
    )
    return findings(NAME, "vulnerable_to_storm", rows)


def _layered(layers: pl.DataFrame, min_messages: int) -> pl.DataFrame:
    """One finding per integration above which nobody else retries, told by the path with the most attempts below."""
    below = layers.filter(pl.col("outer") != pl.col("inner"))["inner"].unique()
    tops = layers.filter(~pl.col("outer").is_in(below.implode()), enough(pl.col("chains"), min_messages))
    worst = tops.sort("expected", "attempts_below", "inner", descending=[True, True, False]).unique(
        "outer", keep="first", maintain_order=True
    )
    rows = worst.with_columns(
        subject=pl.format("{} > {}", "outer", "inner"),
        severity=pl.when(pl.col("attempts_per_message") > LAYERED).then(pl.lit("warning")).otherwise(pl.lit("note")),
        statement=pl.format(
            "{} and {} both retry: up to {} attempts below for one message above, {} when all fails.",
            "outer",
            "inner",
            written(pl.col("most_below")),
            written(pl.col("expected")),
        ),
        value=pl.col("attempts_per_message"),
        unit=pl.lit("attempts below per message above"),
        n=pl.col("chains"),
        threshold=pl.lit(float(LAYERED)),
        ask=pl.format("Which one of {} and {} should be the only one to retry?", "outer", "inner"),
    )
    return findings(NAME, "layered_retries", rows)
