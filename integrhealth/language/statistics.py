"""How sure a number is: whether a sample is large enough, and 95% intervals, vectorised."""

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95
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


def beta_interval(up: ArrayLike, down: ArrayLike) -> tuple[NDArray, NDArray]:
    """Low and high of an availability: the central 95% of Beta(up + 1, down + 1), a uniform prior."""
    from scipy.special import betaincinv

    a, b = np.asarray(up, float) + 1, np.asarray(down, float) + 1
    tail = (1 - CONFIDENCE) / 2
    return betaincinv(a, b, tail), betaincinv(a, b, 1 - tail)


def quantile_ranks(n: ArrayLike, quantile: float) -> tuple[NDArray, NDArray]:
    """Ranks (from 1) of the order statistics that enclose a quantile of n values, distribution-free.

    Binomial(n, quantile) tails of at most 2.5% each (Conover 1999, 3.2). A rank of 0 or n + 1 says that no value of
    so small a sample bounds the quantile on that side: the 95th percentile has no upper bound below 72 values.
    """
    from scipy.stats import binom

    size = np.asarray(n)
    tail = (1 - CONFIDENCE) / 2
    low = binom.ppf(tail, size, quantile)
    high = binom.ppf(1 - tail, size, quantile) + 1
    return low.astype(np.int64), high.astype(np.int64)
