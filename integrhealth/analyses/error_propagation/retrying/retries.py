"""Retries: how many attempts a message takes, whether pauses are jittered, and what a short outage would start.

Amplification = attempts / messages; with failure share f and r retries a message takes (1 - f^(r+1)) / (1 - f). A
feed is vulnerable where its peak arrivals with all their retries exceed what it worked off when it was behind
(Bronson et al., Metastable Failures in Distributed Systems, HotOS 2021).
"""

import polars as pl

from integrhealth.analyses.error_propagation.retrying.pauses import jitter, pauses
from integrhealth.language.statistics import Z, enough
from integrhealth.language.thresholds import AMPLIFICATION_WATCH, MIN_DRAIN_MINUTES, MIN_MESSAGES, VULNERABLE

VERDICTS = ("sustained", "vulnerable", "no jitter", "watch", "calm", "not enough data")


def retry_facts(tried: pl.DataFrame) -> pl.DataFrame:
    """One row per integration: attempts, delivered, failed, retries, retried, most, squares.

    `tried` as ``chains.attempts`` gives it. ``delivered`` are the messages that were to be delivered: first
    attempts, and those missing from the data. ``retried`` are those with a retry, ``most`` is the largest attempt
    number and ``squares`` sums the squared attempts per message, which the interval needs.
    """
    lengths = tried.filter(~pl.col("new")).group_by("integration", "chain").agg(more=pl.len().cast(pl.Int64))
    squares = lengths.group_by("integration").agg(squares=((pl.col("more") + 1) ** 2 - 1).sum())
    retried = tried.filter("retry").group_by("integration").agg(retried=pl.col("chain").n_unique().cast(pl.Int64))
    return (
        tried.group_by("integration")
        .agg(
            attempts=pl.len().cast(pl.Int64),
            delivered=pl.col("new").sum().cast(pl.Int64),
            failed=pl.col("failed").sum().cast(pl.Int64),
            retries=pl.col("retry").sum().cast(pl.Int64),
            most=pl.col("number").max(),
        )
        .join(retried, on="integration", how="left")
        .join(squares, on="integration", how="left")
        .with_columns(pl.col("retried").fill_null(0), squares=pl.col("squares").fill_null(0) + pl.col("delivered"))
        .sort("integration")
    )


def retries(
    tried: pl.DataFrame, storms: pl.DataFrame, drains: pl.DataFrame, *, min_messages: int = MIN_MESSAGES
) -> pl.DataFrame:
    """One row per integration, the worst verdict first.

    `tried` as ``chains.attempts`` gives it, `storms` and `drains` as ``storms.retry_storms`` and ``bins.drains`` do.
    The interval of the amplification is over messages; ``vulnerability`` = peak_per_minute x most / drain_per_minute
    is null where the integration was never seen behind, for at least 5 minutes, or never retried. Verdicts, worst
    first: sustained (a storm outlived its trigger), vulnerable, no jitter, watch (more than 1.1 attempts per message),
    calm; "not enough data" under `min_messages` attempts.
    """
    counted = retry_facts(tried)
    outlived = storms.filter("sustained")["integration"].unique()
    judged = pl.when(enough(pl.col("attempts"), min_messages))
    mean = pl.col("attempts") / pl.col("delivered")
    half = Z * ((pl.col("squares") / pl.col("delivered") - mean**2).clip(0) / pl.col("delivered")).sqrt()
    share, behind = pl.col("failed") / pl.col("attempts"), pl.col("drain_minutes") >= MIN_DRAIN_MINUTES
    expected = pl.when(share < 1).then((1 - share ** pl.col("most")) / (1 - share)).otherwise("most")
    measured = (
        counted.join(jitter(pauses(tried)), on="integration", how="left", maintain_order="left")
        .join(drains, on="integration", how="left", maintain_order="left")
        .with_columns(pl.col("paused", "drain_minutes").fill_null(0))
        .with_columns(
            amplification=judged.then(mean),
            low=judged.then(pl.max_horizontal(mean - half, 1.0)),
            high=judged.then(mean + half),
            error_share=judged.then(share),
            amplification_expected=judged.then(expected),
            vulnerability=judged.then(
                pl.when(behind & (pl.col("retries") > 0)).then(
                    pl.col("peak_per_minute") * pl.col("most") / pl.col("drain_per_minute")
                )
            ),
        )
    )
    verdict = (
        pl.when(~enough(pl.col("attempts"), min_messages))
        .then(pl.lit("not enough data"))
        .when(pl.col("integration").is_in(outlived.implode()))
        .then(pl.lit("sustained"))
        .when(pl.col("vulnerability") > VULNERABLE)
        .then(pl.lit("vulnerable"))
        .when(~pl.col("jittered"))
        .then(pl.lit("no jitter"))
        .when(pl.col("amplification") > AMPLIFICATION_WATCH)
        .then(pl.lit("watch"))
        .otherwise(pl.lit("calm"))
    )
    order = pl.col("verdict").replace_strict(VERDICTS, range(len(VERDICTS)), return_dtype=pl.Int8)
    return (
        measured.with_columns(verdict=verdict)
        .select(
            *("integration", "attempts", "delivered", "amplification", "jittered", "verdict"),
            *("low", "high", "amplification_expected", "error_share"),
            *("failed", "retried", "retries", "most", "paused", "constant_share"),
            *("peak_per_minute", "drain_per_minute", "drain_minutes", "vulnerability"),
        )
        .sort(order, "amplification", "integration", descending=[False, True, False], nulls_last=True)
    )
