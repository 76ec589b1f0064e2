"""How sure a number is: whether a sample is large enough, 95% intervals, p-values and families of them, vectorised."""

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95
# What a 95% interval leaves out on one side.
TAIL = (1 - CONFIDENCE) / 2
Z = 1.959963984540054
# Upper end of the exact 95% interval of a Poisson count of which none was seen: -ln 0.025.
NONE_SEEN = 3.6888794541139363


def enough(count: pl.Expr, least: int) -> pl.Expr:
    """`count` is a sample of at least `least`, and in any case of one: nothing has no rate."""
    return count >= max(least, 1)


def ratio_margin(top_sq: pl.Expr, cross: pl.Expr, bottom_sq: pl.Expr, *, ratio: pl.Expr, bottom: pl.Expr) -> pl.Expr:
    """Half the width of the 95% interval of `ratio` = sum of tops / sum of bottoms over independent units, linearised.

    `top_sq`, `cross` and `bottom_sq` are sums over the units of top squared, top x bottom and bottom squared, `bottom`
    is the sum of bottoms (Cochran, Sampling Techniques 1977, 6.3).
    """
    return Z * (top_sq - 2 * ratio * cross + ratio.pow(2) * bottom_sq).clip(0).sqrt() / bottom


def wilson_interval(successes: ArrayLike, trials: ArrayLike) -> tuple[NDArray, NDArray]:
    """Low and high of a share (Wilson 1927); NaN where there were no trials."""
    k, n = np.asarray(successes, float), np.asarray(trials, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = k / n
        middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
        half = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    # Nobody failed, or everybody: the bound is the edge itself and not a hair beside it.
    low, high = np.where(k == 0, 0, middle - half), np.where(k == n, 1, middle + half)
    tried = n > 0
    return np.where(tried, np.clip(low, 0, 1), np.nan), np.where(tried, np.clip(high, 0, 1), np.nan)


def difference_interval(
    successes: ArrayLike, trials: ArrayLike, other_successes: ArrayLike, other_trials: ArrayLike
) -> tuple[NDArray, NDArray]:
    """Low and high of a share minus that of another, independent sample; NaN where one of the two had no trials.

    Newcombe's hybrid of the two Wilson intervals (Statistics in Medicine 17, 1998, method 10).
    """
    one, other = (np.asarray(count, float) for count in (successes, other_successes))
    with np.errstate(divide="ignore", invalid="ignore"):
        share, other_share = one / np.asarray(trials, float), other / np.asarray(other_trials, float)
    low, high = wilson_interval(one, trials)
    other_low, other_high = wilson_interval(other, other_trials)
    gap = share - other_share
    return gap - np.hypot(share - low, other_high - other_share), gap + np.hypot(high - share, other_share - other_low)


def beta_interval(up: ArrayLike, down: ArrayLike) -> tuple[NDArray, NDArray]:
    """Low and high of an availability: the central 95% of Beta(up + 1, down + 1), a uniform prior."""
    from scipy.special import betaincinv

    a, b = np.asarray(up, float) + 1, np.asarray(down, float) + 1
    return betaincinv(a, b, TAIL), betaincinv(a, b, 1 - TAIL)


def quantile_ranks(n: ArrayLike, quantile: float) -> tuple[NDArray, NDArray]:
    """Ranks (from 1) of the order statistics that enclose a quantile of n values, distribution-free.

    Binomial(n, quantile) tails of at most 2.5% each (Conover 1999, 3.2). A rank of 0 or n + 1 says that no value of
    so small a sample bounds the quantile on that side: the 95th percentile has no upper bound below 72 values.
    """
    # Not scipy.stats, whose import takes longer than most reports.
    from scipy.special import bdtr, bdtrik

    size = np.asarray(n)

    def smallest(share: float) -> NDArray:
        """The smallest count that at least this share of binomial counts does not exceed."""
        above = np.ceil(np.nan_to_num(bdtrik(share, size, quantile)))
        below = np.maximum(above - 1, 0)
        return np.where(bdtr(below, size, quantile) >= share, below, above).astype(np.int64)

    return smallest(TAIL), smallest(1 - TAIL) + 1


def chance_of_more(count: pl.Expr, trials: pl.Expr, share: pl.Expr) -> pl.Expr:
    """How likely `count` or more of `trials` are where `share` of them is to be expected: the exact binomial tail.

    The p-value of the statement that the true share is larger than `share`; exact, because the normal and Wilson's
    interval are too sure of small shares in small samples. Null where one of the three is null, and without trials.
    """
    sample = pl.struct(count=count.cast(pl.Float64), trials=trials.cast(pl.Float64), share=share.cast(pl.Float64))
    return sample.map_batches(_binomial_tail, return_dtype=pl.Float64)


def _binomial_tail(sample: pl.Series) -> pl.Series:
    from scipy.special import betainc

    count, trials, share = (sample.struct.field(name).to_numpy() for name in ("count", "trials", "share"))
    tail = np.where(count == 0, 1.0, betainc(np.maximum(count, 1), trials - count + 1, np.clip(share, 0, 1)))
    tested = (trials > 0) & ~np.isnan(count + share)
    return pl.Series(np.where(tested, tail, np.nan), nan_to_null=True)


def chance_of_distance(distance: pl.Expr, margin: pl.Expr) -> pl.Expr:
    """How likely an estimate lies `distance` beyond a threshold that is the truth, `margin` being how far its interval
    reaches back towards the threshold: at most 2.5% where the whole interval lies beyond.

    For numbers whose interval is all there is (bootstrap, linearised ratios), read as normal. A number without margin
    is a count: 0 beyond the threshold, else 1. Null where one of the two is null.
    """
    from scipy.special import ndtr

    sigmas = pl.when(margin > 0).then(distance * Z / margin).otherwise(pl.when(distance > 0).then(40).otherwise(-40))
    sure = pl.when(distance.is_not_null() & margin.is_not_null()).then(sigmas)
    return sure.map_batches(lambda sigma: pl.Series(ndtr(-sigma.to_numpy()), nan_to_null=True), pl.Float64)


def holm(p_value: pl.Expr) -> pl.Expr:
    """`p_value` of a family of statements, each so much larger that any of them is wrong no more often than it says.

    Step down (Holm 1979), which holds however the statements depend on each other. Null is no member of the family.
    """
    return p_value.map_batches(_stepped_down, return_dtype=pl.Float64)


def _stepped_down(p_value: pl.Series) -> pl.Series:
    smallest = p_value.arg_sort(nulls_last=True).to_numpy()[: p_value.count()]
    stepped = p_value.gather(smallest).to_numpy() * np.arange(len(smallest), 0, -1)
    held = np.full(len(p_value), np.nan)
    held[smallest] = np.minimum(np.maximum.accumulate(stepped), 1)
    return pl.Series(held, nan_to_null=True)
