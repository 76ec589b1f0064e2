"""What the dependency_fragility report asks people to talk about."""

import polars as pl

from integrhealth.language.findings import findings, ranked, severity, system_owners, written
from integrhealth.language.thresholds import (
    BROKEN_AVAILABILITY,
    CRITICAL_DEPENDENCY_AVAILABILITY,
    MIN_MESSAGES,
    PROMISED_AVAILABILITY,
)

NAME = "dependency_fragility"
ENDS = ("entry", "goal")
# Capabilities named in one sentence; the rest are counted.
MOST_NAMED = 3


def fragility_findings(
    systems: pl.DataFrame, capabilities: pl.DataFrame, declared: pl.DataFrame, *, min_messages: int = MIN_MESSAGES
) -> pl.DataFrame:
    """What a person should talk about: systems that nothing replaces, capabilities that hang on one, low uptime.

    `declared` are the systems of the catalog, with their owners. A capability seen in fewer than `min_messages` traces
    has its structure in the tables, and no finding.
    """
    owners = system_owners(declared)
    seen = capabilities.filter(pl.col("traces") >= min_messages)
    return ranked(
        [
            _single_points(systems, seen, owners),
            _fragile_capabilities(seen, owners),
            _unavailable_capabilities(seen, owners),
            _unavailable_systems(systems, owners),
        ]
    )


def _single_points(systems: pl.DataFrame, seen: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """Below one more nine than is promised (99.95%) a warning, certainly below the promise itself critical."""
    stopped = (
        seen.select("capability", system="single_points")
        .explode("system")
        .group_by("system")
        .agg(
            stopped=pl.len(),
            first=pl.col("capability").sort().head(MOST_NAMED).str.join("; "),
        )
    )
    stops = systems.join(stopped, on="system").join(owners, on="system", how="left")
    more = pl.when(pl.col("stopped") > MOST_NAMED).then(pl.lit("; ...")).otherwise(pl.lit(""))
    several = pl.format("{} of {} capabilities stop ({}{})", "stopped", pl.lit(seen.height), "first", more)
    rows = _judged(stops, warning=CRITICAL_DEPENDENCY_AVAILABILITY, critical=PROMISED_AVAILABILITY).with_columns(
        subject=pl.col("system"),
        n=pl.col("ended"),
        statement=pl.format(
            "Nothing replaces {}: without it {}; {}.",
            "system",
            pl.when(pl.col("stopped") == 1).then(pl.format("{} stops", "first")).otherwise(several),
            _uptime("it was up for {}% of {} messages", pl.col("ended")),
        ),
        ask=pl.format("What do we do in the hour when {} is down?", "system"),
    )
    return findings(NAME, "single_point", rows)


def _fragile_capabilities(seen: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    hanging = seen.filter("fragile").with_columns(system=pl.col("cut").list.first())
    rows = _judged(hanging.join(owners, on="system", how="left"), warning=PROMISED_AVAILABILITY).with_columns(
        subject=pl.col("capability"),
        n=_begun(),
        statement=pl.format(
            "For {}, no way from {} to {} leads around {}; {}.",
            "capability",
            *ENDS,
            "system",
            _uptime("{}% of {} traces came through", _begun()),
        ),
        ask=pl.format("How would {} reach {} without {}?", *ENDS, "system"),
    )
    return findings(NAME, "fragile_capability", rows)


def _unavailable_capabilities(seen: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """Capabilities that come through too rarely although no single system stops them."""
    robust = seen.filter(~pl.col("fragile").fill_null(False), pl.col("availability") < PROMISED_AVAILABILITY)
    owned = robust.join(owners, left_on="goal", right_on="system", how="left")
    rows = _judged(owned, warning=PROMISED_AVAILABILITY).with_columns(
        subject=pl.col("capability"),
        n=_begun(),
        statement=pl.format("{}: {}.", "capability", _uptime("{}% of {} traces came through", _begun())),
        ask=pl.format("Where on the way from {} to {} do they get stuck, and who notices?", *ENDS),
    )
    return findings(NAME, "low_availability", rows)


def _unavailable_systems(systems: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """Systems that certainly fail too often by themselves although no capability hangs on them."""
    low = systems.filter(~pl.col("single_point").fill_null(False), pl.col("high") < PROMISED_AVAILABILITY)
    rows = _judged(low.join(owners, on="system", how="left"), warning=PROMISED_AVAILABILITY).with_columns(
        subject=pl.col("system"),
        n=pl.col("ended"),
        statement=pl.format(
            "{} failed {} of {} messages by itself.",
            "system",
            written(pl.col("own_errors")),
            written(pl.col("ended")),
        ),
        ask=pl.format("What makes {} fail, and who waits for it?", "system"),
    )
    return findings(NAME, "low_availability", rows)


def _judged(rows: pl.DataFrame, *, warning: float, critical: float = BROKEN_AVAILABILITY) -> pl.DataFrame:
    value = pl.col("availability")
    return rows.with_columns(
        severity=severity(value, pl.col("low"), pl.col("high"), warning=warning, critical=critical),
        value=value,
        unit=pl.lit("availability"),
        threshold=pl.lit(warning),
    )


def _begun() -> pl.Expr:
    return pl.col("completed") + pl.col("lost") + pl.col("undecided")


def _uptime(sentence: str, n: pl.Expr) -> pl.Expr:
    """`sentence` with the availability in percent (rounded down: 99.999% is not 100%) and n, or that n is too small."""
    percent = ((pl.col("availability") * 10_000).round(6).floor() / 100).round(2)
    return pl.coalesce(pl.format(sentence, percent, written(n)), pl.lit("too few messages to say how often it is up"))
