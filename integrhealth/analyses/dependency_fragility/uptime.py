"""How often each system did its work, and how often each edge failed: counts that add up, and the shares from them."""

import polars as pl

from integrhealth.analyses.dependency_fragility.suppositions import AS_IT_IS, Suppositions, with_longer_repairs, without
from integrhealth.analyses.dependency_fragility.tables import TABLES
from integrhealth.language.schema import is_ended, is_failed
from integrhealth.language.statistics import beta_interval, enough
from integrhealth.language.thresholds import MIN_MESSAGES


def system_facts(caused: pl.DataFrame) -> pl.DataFrame:
    """One row per system of `caused` (from ``links.with_causes``): messages, ended and own_errors at it, as the target.

    A system that only sends is there with zeros.
    """
    at_target = caused.group_by(system="target").agg(
        messages=pl.len().cast(pl.Int64),
        ended=is_ended(pl.col("status")).sum().cast(pl.Int64),
        own_errors=pl.col("own_error").sum().cast(pl.Int64),
    )
    senders = caused.select(system="source").unique()
    counts = pl.col("messages", "ended", "own_errors").fill_null(0)
    return at_target.join(senders, on="system", how="full", coalesce=True).with_columns(counts).sort("system")


def unmeasured(dependencies: pl.DataFrame) -> pl.DataFrame:
    """``system_facts`` of the systems of a dependency graph: nothing is known of them, they are only there."""
    ends = pl.concat([dependencies.select(system="source"), dependencies.select(system="target")])
    zero = pl.lit(0, pl.Int64)
    return ends.unique().with_columns(messages=zero, ended=zero, own_errors=zero).sort("system")


def systems(
    facts: pl.DataFrame,
    capabilities: pl.DataFrame,
    parts: pl.DataFrame,
    *,
    min_messages: int = MIN_MESSAGES,
    supposed: Suppositions = AS_IT_IS,
) -> pl.DataFrame:
    """One row per system of `facts` (``system_facts``): what stops without it, its uptime, and what it costs.

    ``single_point``: some capability gets through only where this system works; null when no capability could be
    judged. ``availability``: 1 - own errors / ended messages at the system, with the interval Beta(up + 1, down +
    1); null where fewer than `min_messages` ended. Errors passed on from elsewhere are not its own. ``importance`` is
    the largest of its `parts` (capability, system, importance, value_per_hour, value_low, value_high), the values add
    up; both are 0 for a system that is no part, and null without any part, or without any value. A system that is
    `supposed` to be removed is available never, one that is repaired more slowly less, its counts being those of today.
    """
    low, high = beta_interval(facts["ended"] - facts["own_errors"], facts["own_errors"])
    sampled = pl.when(enough(pl.col("ended"), min_messages))
    # Where a system is removed what was needed is still told, and there is no cut any more.
    judged = capabilities["cut"].is_not_null().any() or (capabilities["single_points"].list.len() > 0).any()
    stops = (
        capabilities.select("capability", system="single_points")
        .explode("system")
        .drop_nulls("system")
        .group_by("system")
        .agg(pl.col("capability").unique().sort().alias("capabilities"))
    )
    everywhere = facts.join(stops, on="system", how="full", coalesce=True).with_columns(
        pl.col("messages", "ended", "own_errors").fill_null(0)
    )
    rated = facts.select(
        "system",
        availability=sampled.then(1 - pl.col("own_errors") / pl.col("ended")),
        low=sampled.then(pl.Series(low, dtype=pl.Float64)),
        high=sampled.then(pl.Series(high, dtype=pl.Float64)),
    ).with_columns(_supposedly(pl.col("availability", "low", "high"), supposed))
    values, part = ("value_per_hour", "value_low", "value_high"), pl.col("importance")
    value = pl.col(values)
    priced = pl.lit(parts["value_per_hour"].count() > 0)
    adds = parts.group_by("system").agg(part.max(), pl.when(value.count() > 0).then(value.sum()))
    stopped = pl.col("capabilities").fill_null(pl.lit([], dtype=pl.List(pl.String)))
    return (
        everywhere.join(rated, on="system", how="left")
        .join(adds, on="system", how="left")
        .with_columns(
            stopped,
            *(pl.when(priced & part.is_null()).then(0.0).otherwise(column).alias(column) for column in values),
            single_point=pl.when(pl.lit(judged)).then(pl.col("capabilities").is_not_null()),
            importance=pl.when(pl.lit(parts.height > 0)).then(part.fill_null(0)),
        )
        .select(*TABLES["systems"], "value_low", "value_high", "messages", "ended", "own_errors", "capabilities")
        .sort("single_point", "availability", "system", descending=[True, False, False], nulls_last=True)
    )


def _supposedly(rates: pl.Expr, supposed: Suppositions) -> pl.Expr:
    factor = pl.col("system").replace_strict(dict(supposed.of_systems), default=1.0, return_dtype=pl.Float64)
    removed = pl.col("system").is_in(sorted(supposed.removed))
    return pl.when(removed).then(0.0).otherwise(with_longer_repairs(rates, factor)).name.keep()


def edge_facts(linked: pl.DataFrame) -> pl.DataFrame:
    """One row per edge (source, target; not work inside a system): messages, ended, failed."""
    between = linked.filter(pl.col("source") != pl.col("target"))
    counted = between.group_by("source", "target").agg(
        messages=pl.len().cast(pl.Int64),
        ended=is_ended(pl.col("status")).sum().cast(pl.Int64),
        failed=is_failed(pl.col("status")).sum().cast(pl.Int64),
    )
    return counted.sort("source", "target")


def declared_edge_facts(dependencies: pl.DataFrame) -> pl.DataFrame:
    """``edge_facts`` of a dependency graph: its calls are the messages, and nothing says how they ended."""
    between = dependencies.filter(pl.col("source") != pl.col("target"))
    zero = pl.lit(0, pl.Int64)
    counted = between.group_by("source", "target").agg(messages=pl.col("calls").fill_null(0).sum())
    return counted.with_columns(pl.col("messages").cast(pl.Int64), ended=zero, failed=zero).sort("source", "target")


def edges(facts: pl.DataFrame, *, min_messages: int = MIN_MESSAGES, supposed: Suppositions = AS_IT_IS) -> pl.DataFrame:
    """One row per edge of `facts` (``edge_facts``), with error_share = failed / ended.

    The share is null where fewer than `min_messages` ended. A system `supposed` to be removed has no edge.
    """
    rated = pl.when(enough(pl.col("ended"), min_messages))
    return facts.filter(without(supposed.removed)).with_columns(
        error_share=rated.then(pl.col("failed") / pl.col("ended"))
    )
