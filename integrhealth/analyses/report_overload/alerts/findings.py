"""Which alerts nobody acts on, which say the same again, and which nights they break."""

import polars as pl

from integrhealth.analyses.report_overload.findings import NAME
from integrhealth.language.findings import findings, integration_owners, severity
from integrhealth.language.statistics import chance_of_more, wilson_interval
from integrhealth.language.thresholds import (
    ALERTS_PER_SHIFT,
    BROKEN_NIGHTS_CRITICAL,
    BROKEN_NIGHTS_WARNING,
    IGNORED_CRITICAL,
    IGNORED_WARNING,
    MIN_MESSAGES,
    NIGHT_HOURS,
    REPEATED_WARNING,
)

ALL_ALERTS = "all alerts"


def alert_findings(
    alerts: pl.DataFrame, totals: pl.DataFrame, *, stock: pl.DataFrame, integrations: pl.DataFrame
) -> list[pl.DataFrame]:
    """The findings of each rule; the owner is that of the report in `stock` or of the integration that alerts."""
    owners = pl.concat(
        [
            stock.select(source="report", owner="owner"),
            integration_owners(integrations).rename({"integration": "source"}),
        ]
    ).drop_nulls()
    sources = (
        alerts.group_by("source")
        .agg(pl.col("alerts", "episodes", "repeats", "night").sum(), _sum("acted"), _sum("ignored"))
        .join(owners.unique("source", keep="first", maintain_order=True), on="source", how="left")
        .sort("source")
    )
    return [alert_fatigue(sources), repeated_alerts(sources), broken_nights(totals, sources)]


def _sum(count: str) -> pl.Expr:
    """The sum of a count that is null where nothing is known of it."""
    return pl.when(pl.col(count).count() > 0).then(pl.col(count).sum()).alias(count)


def alert_fatigue(sources: pl.DataFrame) -> pl.DataFrame:
    """``alert_fatigue``: one finding per source of alerts most of which nobody acts on; counted are episodes."""
    judged = sources.with_columns(n=pl.col("acted") + pl.col("ignored")).filter(pl.col("n") > 0)
    ignored = pl.col("ignored").cast(pl.Float64)
    warning, critical = (
        chance_of_more(ignored, pl.col("n"), pl.lit(most)) for most in (IGNORED_WARNING, IGNORED_CRITICAL)
    )
    beyond = judged.with_columns(
        value=pl.col("ignored") / pl.col("n"), severity=severity(warning=warning, critical=critical)
    ).filter(pl.col("value") > IGNORED_WARNING, pl.col("severity") != "note")
    low, high = wilson_interval(beyond["ignored"].to_numpy(), beyond["n"].to_numpy())
    rows = beyond.with_columns(
        subject=pl.col("source"),
        low=pl.Series(low, dtype=pl.Float64),
        high=pl.Series(high, dtype=pl.Float64),
        statement=pl.format(
            "Nobody acted on {} of {} episodes that {} alerted to, in {} alerts.", "ignored", "n", "source", "alerts"
        ),
        unit=pl.lit("share of episodes"),
        threshold=pl.lit(IGNORED_WARNING),
        ask=pl.format("What should anybody do when {} alerts, and what if it did not?", "source"),
    )
    return findings(NAME, "alert_fatigue", rows)


def repeated_alerts(sources: pl.DataFrame) -> pl.DataFrame:
    """``repeated_alerts``: one finding per source most of whose alerts tell people what they were told; counted."""
    share = pl.col("repeats") / pl.col("alerts")
    rows = sources.filter(pl.col("alerts") >= MIN_MESSAGES, share > REPEATED_WARNING).with_columns(
        subject=pl.col("source"),
        severity=pl.lit("warning"),
        value=share,
        low=share,
        high=share,
        n=pl.col("alerts"),
        statement=pl.format(
            "{} of {} alerts of {} repeat; one message per cause and person would be {}.",
            *("repeats", "alerts", "source", pl.col("alerts") - pl.col("repeats")),
        ),
        unit=pl.lit("share of alerts"),
        threshold=pl.lit(REPEATED_WARNING),
        ask=pl.format("Can {} tell once, and again only when something changes?", "source"),
    )
    return findings(NAME, "repeated_alerts", rows)


def broken_nights(totals: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """``broken_nights``: one finding, for the loudest source, where many nights bring somebody more than two alerts."""
    loudest = sources.sort("night", "source", descending=[True, False]).head(1).select("source", "owner")
    n, overloaded = pl.col("nights"), pl.col("overloaded").cast(pl.Float64)
    warning, critical = (
        chance_of_more(overloaded, n, pl.lit(most)) for most in (BROKEN_NIGHTS_WARNING, BROKEN_NIGHTS_CRITICAL)
    )
    beyond = (
        pl.concat([totals.select("nights", "overloaded"), loudest], how="horizontal")
        .filter(n > 0)
        .with_columns(value=overloaded / n, severity=severity(warning=warning, critical=critical))
        .filter(pl.col("value") > BROKEN_NIGHTS_WARNING, pl.col("severity") != "note")
    )
    low, high = wilson_interval(beyond["overloaded"].to_numpy(), beyond["nights"].to_numpy())
    rows = beyond.with_columns(
        subject=pl.lit(ALL_ALERTS),
        low=pl.Series(low, dtype=pl.Float64),
        high=pl.Series(high, dtype=pl.Float64),
        n=n,
        statement=pl.format(
            "In {} of {} nights somebody got more than {} alerts between {} and {}; {} sends most at night.",
            *(
                "overloaded",
                "nights",
                pl.lit(ALERTS_PER_SHIFT),
                pl.lit(NIGHT_HOURS[0]),
                pl.lit(NIGHT_HOURS[1]),
                "source",
            ),
        ),
        unit=pl.lit("share of nights"),
        threshold=pl.lit(BROKEN_NIGHTS_WARNING),
        ask=pl.format("Which alerts of {} could wait for the morning?", "source"),
    )
    return findings(NAME, "broken_nights", rows)
