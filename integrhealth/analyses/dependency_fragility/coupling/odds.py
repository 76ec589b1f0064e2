"""Who fails together: the odds of failing in the same time bin, among bins of the same hour of the week.

A busy hour makes failures likelier everywhere, so two systems that have nothing to do with each other fail together
more often than by chance; within one hour of the week they do not.
"""

import polars as pl

from integrhealth.language.statistics import Z
from integrhealth.language.thresholds import COUPLING_BIN_MINUTES, MIN_FAILING_BINS

PAIR = ("source", "target")


def bins(seen: pl.DataFrame) -> pl.DataFrame:
    """One row per system and time bin with messages that ended at it, from ``seen_facts``: system, bin, failing."""
    bin_of = pl.col("at").dt.truncate(f"{COUPLING_BIN_MINUTES}m")
    failing = (pl.col("failed") > 0).any()
    return seen.group_by("system", bin=bin_of).agg(failing=failing).sort("system", "bin")


def strata(bins: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """One row per pair (source, target) and hour of the week: bins in which messages ended at both, and failing ones.

    ``both`` of them failed in, ``source_only``, ``target_only``, ``neither``.
    """
    of_source = bins.select(source="system", bin="bin", first="failing").lazy()
    of_target = bins.select(target="system", bin="bin", second="failing").lazy()
    first, second = pl.col("first"), pl.col("second")
    return (
        pairs.lazy()
        .select(PAIR)
        .join(of_source, on="source")
        .join(of_target, on=["target", "bin"])
        .group_by(*PAIR, hour=(pl.col("bin").dt.weekday() - 1) * 24 + pl.col("bin").dt.hour())
        .agg(
            both=(first & second).sum(),
            source_only=(first & ~second).sum(),
            target_only=(~first & second).sum(),
            neither=(~first & ~second).sum(),
        )
        .with_columns(pl.col("both", "source_only", "target_only", "neither").cast(pl.Int64))
        .collect()
        .sort(*PAIR, "hour")
    )


def odds(strata: pl.DataFrame) -> pl.DataFrame:
    """One row per pair: odds_ratio with its 95% interval low to high, lift, and the bins behind them.

    Mantel and Haenszel's ratio (1959) with the variance of Robins, Breslow and Greenland (1986). Where no bin speaks
    for it, or none against it, one more stratum of two bins with half a bin in each cell keeps it finite. ``lift`` is
    the raw one: how often both failed, beside how often chance would have it if all hours were alike. Null where either
    failed in fewer than five bins, or where no hour of the week has bins to compare.
    """
    a, b, c, d = (pl.col(cell).cast(pl.Float64) for cell in ("both", "source_only", "target_only", "neither"))
    n = a + b + c + d
    for_, against = a * d / n, b * c / n
    agree, differ = (a + d) / n, (b + c) / n
    sums = strata.group_by(PAIR).agg(
        bins=n.sum().cast(pl.Int64),
        both_failing=pl.col("both").sum(),
        source_failing=(pl.col("both") + pl.col("source_only")).sum(),
        target_failing=(pl.col("both") + pl.col("target_only")).sum(),
        r=for_.sum(),
        s=against.sum(),
        pr=(agree * for_).sum(),
        ps_qr=(agree * against + differ * for_).sum(),
        qs=(differ * against).sum(),
    )
    # Half a bin in each of four cells: R = S = 1/8, P = Q = 1/2.
    one_sided = (pl.col("r") == 0) | (pl.col("s") == 0)
    r, s, pr, ps_qr, qs = (
        pl.col(term) + pl.when(one_sided).then(more).otherwise(0)
        for term, more in (("r", 1 / 8), ("s", 1 / 8), ("pr", 1 / 16), ("ps_qr", 1 / 8), ("qs", 1 / 16))
    )
    spread = Z * (pr / (2 * r**2) + ps_qr / (2 * r * s) + qs / (2 * s**2)).sqrt()
    sampled = pl.min_horizontal("source_failing", "target_failing") >= MIN_FAILING_BINS
    comparable = (pl.col("r") + pl.col("s")) > 0
    expected = pl.col("source_failing") * pl.col("target_failing") / pl.col("bins")
    rated = pl.when(sampled & comparable)
    return sums.select(
        *PAIR,
        odds_ratio=rated.then(r / s),
        low=rated.then(r / s * (-spread).exp()),
        high=rated.then(r / s * spread.exp()),
        lift=pl.when(sampled).then(pl.col("both_failing") / expected),
        bins="bins",
        both_failing="both_failing",
        source_failing="source_failing",
        target_failing="target_failing",
    ).sort(PAIR)
