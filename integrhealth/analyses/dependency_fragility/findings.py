"""What the dependency_fragility report asks people to talk about."""

import polars as pl

from integrhealth.language.findings import findings, ranked, severity, system_owners, written
from integrhealth.language.statistics import chance_of_more
from integrhealth.language.thresholds import BROKEN_AVAILABILITY, MIN_MESSAGES, PROMISED_AVAILABILITY
from integrhealth.language.wording import spoken_ms

NAME = "dependency_fragility"
ENDS = ("entry", "goal")
# Capabilities named in one sentence; the rest are counted.
MOST_NAMED = 3


def fragility_findings(
    systems: pl.DataFrame,
    capabilities: pl.DataFrame,
    declared: pl.DataFrame,
    repairs: pl.DataFrame,
    *,
    min_messages: int = MIN_MESSAGES,
) -> pl.DataFrame:
    """What a person should talk about: systems that nothing replaces, capabilities that hang on one, low uptime.

    How systems hang together is a fact and a note; what makes it more is what was measured. `declared` are the systems
    of the catalog, with their owners; `repairs` as ``repairs.repairs`` gives them. A capability seen in fewer than
    `min_messages` traces has its structure in the tables, and no finding.
    """
    owners = system_owners(declared)
    # What is judged is what was seen to come through; the composed availability says what each system adds to it.
    seen = capabilities.filter(pl.col("traces") >= min_messages).with_columns(
        availability="came_through", low="came_through_low", high="came_through_high"
    )
    return ranked(
        [
            _single_points(systems, seen, owners, repairs),
            _fragile_capabilities(systems, seen, owners),
            _low_availability(systems, seen, owners),
        ]
    )


def _single_points(
    systems: pl.DataFrame, seen: pl.DataFrame, owners: pl.DataFrame, repairs: pl.DataFrame
) -> pl.DataFrame:
    """A warning where its own errors or the hours of its repairs cost the capability its promise.

    Critical where an outage outlasts what an integration tolerates, and nothing takes its place meanwhile.
    """
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
    costly = severity(warning=_too_rare(PROMISED_AVAILABILITY, pl.col("own_errors"), pl.col("ended")))
    long = pl.col("down_share") > 1 - PROMISED_AVAILABILITY
    repaired = pl.format(
        "; it was under repair for {} of {}", spoken_ms(pl.col("down_ms")), spoken_ms(pl.col("period_ms"))
    )
    helpless = pl.format(
        "; a repair takes {}, {} bears {}",
        spoken_ms(pl.col("repair_ms")),
        "helpless",
        spoken_ms(pl.col("tolerance_ms")),
    )
    rows = stops.join(repairs, on="system", how="left", maintain_order="left").with_columns(
        _judged(),
        severity=pl.when(pl.col("helpless").is_not_null())
        .then(pl.lit("critical"))
        .when(long)
        .then(pl.lit("warning"))
        .otherwise(costly),
        subject=pl.col("system"),
        n=pl.col("ended"),
        statement=pl.format(
            "Nothing replaces {}: without it {}; {}{}.",
            "system",
            pl.when(pl.col("stopped") == 1).then(pl.format("{} stops", "first")).otherwise(several),
            _uptime("it was up for {}% of {} messages", pl.col("ended")),
            pl.coalesce(helpless, pl.when(long).then(repaired), pl.lit("")),
        ),
        ask=pl.format("What do we do in the hour when {} is down?", "system"),
    )
    return findings(NAME, "single_point", rows)


def _fragile_capabilities(systems: pl.DataFrame, seen: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """A warning where both are certain: that it comes through too rarely, and that the one system fails by itself.

    What fails elsewhere on the way is told of where it fails.
    """
    hanging = seen.filter("fragile").with_columns(system=pl.col("cut").list.first())
    errors = systems.select("system", "own_errors", "ended")
    through = pl.col("completed") + pl.col("lost")
    warning, critical = (
        pl.max_horizontal(
            _too_rare(promise, pl.col("lost"), through),
            _too_rare(PROMISED_AVAILABILITY, pl.col("own_errors"), pl.col("ended")),
        )
        for promise in (PROMISED_AVAILABILITY, BROKEN_AVAILABILITY)
    )
    joined = hanging.join(owners, on="system", how="left").join(errors, on="system", how="left", maintain_order="left")
    rows = joined.with_columns(
        _judged(),
        severity=severity(warning=warning, critical=critical),
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


def _low_availability(systems: pl.DataFrame, seen: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """Capabilities and systems that are up too rarely although no single system stops them, as one family."""
    rows = pl.concat([_robust_capabilities(seen, owners), _other_systems(systems, owners)], how="diagonal_relaxed")
    judged = rows.with_columns(_judged(), severity=_severity(pl.col("down"), pl.col("up") + pl.col("down")))
    return findings(NAME, "low_availability", judged.filter(pl.col("bound") < PROMISED_AVAILABILITY))


def _robust_capabilities(seen: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """The capabilities that hang on no single system; beyond their promise by the estimate."""
    robust = seen.filter(~pl.col("fragile").fill_null(False))
    return robust.join(owners, left_on="goal", right_on="system", how="left").with_columns(
        up="completed",
        down="lost",
        bound="availability",
        subject="capability",
        n=_begun(),
        statement=pl.format("{}: {}.", "capability", _uptime("{}% of {} traces came through", _begun())),
        ask=pl.format("Where on the way from {} to {} do they get stuck, and who notices?", *ENDS),
    )


def _other_systems(systems: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """The systems on which no capability hangs; beyond the promise by the interval, nothing stops without them."""
    others = systems.filter(~pl.col("single_point").fill_null(False))
    return others.join(owners, on="system", how="left").with_columns(
        up=pl.col("ended") - pl.col("own_errors"),
        down="own_errors",
        bound="high",
        subject="system",
        n="ended",
        statement=pl.format(
            "{} failed {} of {} messages by itself.",
            "system",
            written(pl.col("own_errors")),
            written(pl.col("ended")),
        ),
        ask=pl.format("What makes {} fail, and who waits for it?", "system"),
    )


def _judged() -> list[pl.Expr]:
    return [
        pl.col("availability").alias("value"),
        pl.lit("availability").alias("unit"),
        pl.lit(PROMISED_AVAILABILITY).alias("threshold"),
    ]


def _severity(down: pl.Expr, ended: pl.Expr) -> pl.Expr:
    promises = (PROMISED_AVAILABILITY, BROKEN_AVAILABILITY)
    warning, critical = (_too_rare(promise, down, ended) for promise in promises)
    return severity(warning=warning, critical=critical)


def _too_rare(promise: float, down: pl.Expr, ended: pl.Expr) -> pl.Expr:
    """How likely so many are down where the `promise` is kept; null where there were too few to rate."""
    return chance_of_more(pl.when(pl.col("availability").is_not_null()).then(down), ended, pl.lit(1 - promise))


def _begun() -> pl.Expr:
    return pl.col("completed") + pl.col("lost") + pl.col("undecided")


def _uptime(sentence: str, n: pl.Expr) -> pl.Expr:
    """`sentence` with the availability in percent (rounded down: 99.999% is not 100%) and n, or that n is too small."""
    percent = ((pl.col("availability") * 10_000).round(6).floor() / 100).round(2)
    return pl.coalesce(pl.format(sentence, percent, written(n)), pl.lit("too few messages to say how often it is up"))
