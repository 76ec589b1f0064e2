"""How many bits of what was sent cannot be read back from what arrived, and how sure that is.

The plug-in entropies of the counts: exact where the rows are all there is, too low where they are a sample of many
values, so that neither loss nor gain is overstated. Where values stand nearly alone nothing is told at all.
"""

import numpy as np
import polars as pl

from integrhealth.language.statistics import Z
from integrhealth.language.thresholds import (
    MEANING_PAIRS,
    MEANING_SHUFFLES,
    NEARLY_DISTINCT,
    SEED,
)


def pair_facts(pairs: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """One row per `by` of `pairs` (x before, y after, entity): their bits and counts.

    ``loss_bits`` = H(X|Y) = - sum p(x, y) log2 p(x|y), with a 95% interval: linearised, the entity being the unit,
    its upper end with the correction of Miller and Madow (1955). ``gain_bits`` = H(Y|X), ``before_bits`` = H(X).
    ``renamed``: rows of another value than before, each standing for one value and the commonest of it, both ways.
    ``alone_before`` and ``alone_after``: values stand nearly alone, so that any two columns would seem one-to-one.
    """
    rows = pairs.drop_nulls("x").with_columns(
        cell=pl.len().over(*by, "x", "y"), of_x=pl.len().over(*by, "x"), of_y=pl.len().over(*by, "y")
    )
    # Each window on its own: one inside another is worked out value by value.
    rows = rows.with_columns(pl.col("cell").max().over(*by, value).alias(f"most_{value}") for value in ("x", "y"))
    rows = rows.with_columns(
        loss=(pl.col("of_y") / pl.col("cell")).log(2),
        gain=(pl.col("of_x") / pl.col("cell")).log(2),
        # With ties nobody knows which value stands for which.
        best=_only_best("x", by) & _only_best("y", by),
        single_x=pl.col("entity").n_unique().over(*by, "x") == 1,
        single_y=pl.col("entity").n_unique().over(*by, "y") == 1,
    )
    counted = rows.group_by(by).agg(
        paired=pl.len().cast(pl.Int64),
        copied=(pl.col("x") == pl.col("y")).sum().cast(pl.Int64),
        renamed=((pl.col("x") != pl.col("y")) & pl.col("best")).sum().cast(pl.Int64),
        entities=pl.col("entity").n_unique().cast(pl.Int64),
        values_before=pl.col("x").n_unique().cast(pl.Int64),
        values_after=pl.col("y").n_unique().cast(pl.Int64),
        cells=pl.struct("x", "y").n_unique().cast(pl.Int64),
        loss_bits=pl.col("loss").mean(),
        gain_bits=pl.col("gain").mean(),
        before_bits=-(pl.col("of_x") / pl.len()).log(2).mean(),
        alone_before=_alone("x"),
        alone_after=_alone("y"),
    )
    by_entity = (
        rows.with_columns(away=pl.col("loss") - pl.col("loss").mean().over(by))
        .group_by(*by, "entity")
        .agg(pl.col("away").sum())
        .group_by(by)
        .agg(away=(pl.col("away") ** 2).sum().sqrt())
    )
    margin = Z * pl.col("away") / pl.col("paired")
    unseen = (pl.col("cells") - pl.col("values_after")) / (2 * np.log(2) * pl.col("paired"))
    return (
        counted.join(by_entity, on=by)
        .with_columns(low=(pl.col("loss_bits") - margin).clip(0), high=pl.col("loss_bits") + margin + unseen)
        .drop("away", "cells")
        .sort(by)
    )


def _only_best(value: str, by: list[str]) -> pl.Expr:
    """The row is of the one commonest pair of its value."""
    most = pl.col(f"most_{value}")
    return (pl.col("cell") == most) & ((pl.col("cell") == most).sum().over(*by, value) == most)


def _alone(value: str) -> pl.Expr:
    """Over half of the rows hold a value that only one entity has; or there are over half as many values as rows."""
    many = pl.col(value).n_unique() > NEARLY_DISTINCT * pl.len()
    single = pl.col(f"single_{value}").mean() > NEARLY_DISTINCT
    return many | (single & (pl.col("entity").n_unique() > 1))


def after_facts(arrived: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """One row per `by` of `arrived`: n, values, and for fields without a source after_bits = H(Y) and alone_added."""
    rows = arrived.with_columns(of_y=pl.len().over(*by, "y"), single_y=pl.col("entity").n_unique().over(*by, "y") == 1)
    return (
        rows.group_by(by)
        .agg(
            n=pl.len().cast(pl.Int64),
            after_bits=-(pl.col("of_y") / pl.len()).log(2).mean(),
            values=pl.col("y").n_unique().cast(pl.Int64),
            alone_added=_alone("y"),
        )
        .sort(by)
    )


def unrelated_chance(x: pl.Series, y: pl.Series) -> float:
    """How likely x is as well told by y as here where the two have nothing to do with each other: by shuffling.

    Of more than some thousand rows every so many are taken. They must come in an order of their own.
    """
    step = len(x) // MEANING_PAIRS + 1
    before, after = (_codes(each.gather_every(step)) for each in (x, y))
    rng = np.random.default_rng(SEED)
    seen = _told(before, after)
    as_well = sum(_told(rng.permutation(before), after) <= seen + 1e-9 for _ in range(MEANING_SHUFFLES))
    return (1 + as_well) / (1 + MEANING_SHUFFLES)


def _codes(values: pl.Series) -> np.ndarray:
    return values.rank("dense").to_numpy().astype(np.int64) - 1


def _told(before: np.ndarray, after: np.ndarray) -> float:
    """H(X, Y) in nats, which differs from H(X|Y) by what shuffling leaves as it is."""
    cells = np.unique(before * (after.max() + 1) + after, return_counts=True)[1]
    return -float((cells / len(before)) @ np.log(cells / len(before)))
