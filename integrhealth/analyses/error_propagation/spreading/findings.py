"""What spreading errors ask a person: errors that multiply, go far, are passed on, or are swallowed in silence."""

import polars as pl

from integrhealth.analyses.error_propagation.tables import NAME
from integrhealth.language.findings import findings, integration_owners, ranked, severity, system_owners, written
from integrhealth.language.statistics import chance_of_distance, chance_of_more, wilson_interval
from integrhealth.language.thresholds import CONTAINED, RUNAWAY, STOPPING_NONE, STOPPING_WEAK, SWALLOWING, WIDE_CASCADE


def propagation_findings(
    spread: pl.DataFrame, systems: pl.DataFrame, cascades: pl.DataFrame, declared: pl.DataFrame
) -> pl.DataFrame:
    """What a person should talk about: errors that multiply, that go far, that are passed on or swallowed.

    `spread`, `systems` and `cascades` as the tables of these names, `declared` the systems of the catalog, for their
    owners.
    """
    owners = system_owners(declared)
    return ranked(
        [
            _multiplying(spread),
            _passing_on(systems, owners),
            _swallowing(systems, owners),
            _wide(cascades, owners),
        ]
    )


def integration_findings(integrations: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """One finding per integration whose errors cause more than 0.7 others each, by the whole interval of each alone.

    A warning where that is certain of it as one of all integrations.

    `integrations` as ``spread_by_integration`` gives them, `declared` those of the catalog, for their owners.
    """
    value = pl.col("reproduction")
    beyond = chance_of_distance(value - RUNAWAY, value - pl.col("low"))
    rows = (
        integrations.with_columns(severity=severity(warning=beyond))
        .filter(pl.col("low") > RUNAWAY)
        .join(integration_owners(declared), on="integration", how="left")
        .with_columns(
            subject=pl.col("integration"),
            statement=pl.format(
                "{} failures on {} took {} more along: one error there causes {} elsewhere.",
                written(pl.col("failed")),
                "integration",
                written(pl.col("caused")),
                pl.col("reproduction").round(1),
            ),
            value=value,
            unit=pl.lit("errors caused per error"),
            n=pl.col("failed"),
            threshold=pl.lit(RUNAWAY),
            ask=pl.format("What that waits for {} could go on without it?", "integration"),
        )
    )
    return ranked([findings(NAME, "integration_multiplies", rows)])


def _multiplying(spread: pl.DataFrame) -> pl.DataFrame:
    value, parents = pl.col("reproduction"), (pl.col("link_coverage") * 100).round().cast(pl.Int64)
    warning, critical = (chance_of_distance(value - most, value - pl.col("low")) for most in (CONTAINED, RUNAWAY))
    rows = spread.filter(value >= CONTAINED).with_columns(
        subject=pl.lit("all systems"),
        severity=severity(warning=warning, critical=critical),
        statement=pl.format(
            "Every 100 errors cause {} more: {} of {} failed messages failed because another one had{}.",
            (value * 100).round().cast(pl.Int64),
            written(pl.col("caused")),
            written(pl.col("failed")),
            # What is seen is less than what is said: where the rest comes from.
            pl.when(parents < 100)
            .then(pl.format(", with {} of 100 parents in the data", parents))
            .otherwise(pl.lit("")),
        ),
        value=value,
        unit=pl.lit("errors caused per error"),
        n=pl.col("failed"),
        threshold=pl.lit(CONTAINED),
        ask=pl.lit("Where could a queue, a default or a refusal stop the next one?"),
    )
    return findings(NAME, "errors_multiply", rows)


def _passing_on(systems: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    value = pl.col("stopping_power")
    passed_on = pl.when(value.is_not_null()).then("passed_on")
    # Few stopped is many passed on.
    warning, critical = (
        chance_of_more(passed_on, pl.col("reached"), pl.lit(1 - least)) for least in (STOPPING_WEAK, STOPPING_NONE)
    )
    judged = systems.with_columns(severity=severity(warning=warning, critical=critical))
    weak = judged.filter(value < STOPPING_WEAK).join(owners, on="system", how="left")
    rows = weak.with_columns(
        subject=pl.col("system"),
        statement=pl.format(
            "{} passed on {} of the {} errors that reached it.",
            "system",
            written(pl.col("passed_on")),
            written(pl.col("reached")),
        ),
        value=value,
        unit=pl.lit("share of errors stopped"),
        low=pl.col("stopping_low"),
        high=pl.col("stopping_high"),
        n=pl.col("reached"),
        threshold=pl.lit(STOPPING_WEAK),
        ask=pl.format("What could {} do instead of failing when its partner fails?", "system"),
    )
    return findings(NAME, "passes_errors_on", rows)


def _swallowing(systems: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    low, high = wilson_interval(systems["swallowed"], systems["reached"])
    share = pl.col("swallowed") / pl.col("reached")
    swallowed = pl.when(pl.col("stopping_power").is_not_null()).then("swallowed")
    beyond = chance_of_more(swallowed, pl.col("reached"), pl.lit(SWALLOWING))
    silent = (
        systems.with_columns(low=pl.Series(low), high=pl.Series(high), severity=severity(warning=beyond))
        .filter(pl.col("stopping_power").is_not_null() & (share > SWALLOWING))
        .join(owners, on="system", how="left")
    )
    rows = silent.with_columns(
        subject=pl.col("system"),
        statement=pl.format(
            "{} said ok in {} of {} cases although a call it waited for had failed and was not made again.",
            "system",
            written(pl.col("swallowed")),
            written(pl.col("reached")),
        ),
        value=share,
        unit=pl.lit("share of errors swallowed"),
        n=pl.col("reached"),
        threshold=pl.lit(SWALLOWING),
        ask=pl.format("Who knows what is missing in the answers of {}?", "system"),
    )
    return findings(NAME, "swallows_errors", rows)


def _wide(cascades: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """One finding per system where far-reaching cascades begin, told by its widest."""
    wide = (
        cascades.filter(pl.col("systems") >= WIDE_CASCADE)
        .sort("systems", "messages", "root_id", descending=[True, True, False])
        .group_by(system="root_system", maintain_order=True)
        .agg(pl.len().alias("n"), pl.col("systems", "messages", "root_id", "started_at").first())
        .join(owners, on="system", how="left")
    )
    rows = wide.with_columns(
        subject=pl.col("system"),
        severity=pl.lit("warning"),
        statement=pl.format(
            "One error at {} on {} brought down {} messages in {} systems{}.",
            "system",
            pl.col("started_at").dt.strftime("%Y-%m-%d"),
            "messages",
            "systems",
            pl.when(pl.col("n") > 1)
            .then(pl.format(", the widest of {} that reached {} or more", "n", pl.lit(WIDE_CASCADE)))
            .otherwise(pl.lit("")),
        ),
        value=pl.col("systems"),
        unit=pl.lit("systems hit by one error"),
        threshold=pl.lit(WIDE_CASCADE),
        ask=pl.format("How long would you have needed to notice the first error at {}?", "system"),
    )
    return findings(NAME, "wide_cascade", rows)
