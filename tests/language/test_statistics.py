"""Intervals against what the textbooks and scipy say."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import beta, binom, binomtest, norm

from integrhealth.language.statistics import (
    Z,
    beta_interval,
    chance_of_distance,
    chance_of_more,
    difference_interval,
    enough,
    holm,
    quantile_ranks,
    ratio_margin,
    wilson_interval,
)


@pytest.mark.parametrize(("k", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (3, 1000)])
def test_wilson_is_scipys(k, n):
    low, high = wilson_interval([k], [n])
    expected = binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert (low.item(), high.item()) == pytest.approx((expected.low, expected.high))
    assert k > 0 or low.item() == 0
    assert k < n or high.item() == 1


def test_no_trials_have_no_interval():
    assert all(np.isnan(bound).all() for bound in wilson_interval([0], [0]))


def test_availability_has_the_middle_of_its_beta():
    low, high = beta_interval([98], [2])
    assert (low.item(), high.item()) == pytest.approx(tuple(beta(99, 3).ppf([0.025, 0.975])))


def test_ranks_enclose_the_quantile_as_often_as_they_say():
    rng = np.random.default_rng(5)
    low, high = (rank.item() for rank in quantile_ranks([200], 0.95))
    samples = np.sort(rng.random((4000, 200)), axis=1)
    inside = (samples[:, low - 1] <= 0.95) & (samples[:, high - 1] >= 0.95)
    assert 0.94 < inside.mean() < 0.985


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.95, 0.99])
def test_the_ranks_are_those_of_scipys_binomial(quantile):
    n = np.concatenate([np.arange(2000), [10_000, 123_457, 9_999_999]])
    low, high = quantile_ranks(n, quantile)
    assert low.tolist() == binom.ppf(0.025, n, quantile).tolist()
    assert high.tolist() == (binom.ppf(0.975, n, quantile) + 1).tolist()


@pytest.mark.parametrize(("n", "bounded"), [(30, False), (71, False), (72, True), (1000, True)])
def test_a_high_percentile_of_few_values_has_no_upper_bound(n, bounded):
    low, high = (rank.item() for rank in quantile_ranks([n], 0.95))
    assert 1 <= low <= n
    assert (high <= n) == bounded
    assert (0.95**n <= 0.025) == bounded  # all values below the quantile: then even the largest bounds nothing


def test_the_margin_of_a_ratio_is_that_of_units_drawn_anew():
    draw = np.random.default_rng(1)
    bottom = draw.integers(1, 9, 400).astype(float)
    # Tops that grow with their bottoms: without the covariance, or with its sign turned, the margin is thrice as wide.
    top = np.round(bottom * 0.5 + draw.normal(0, 0.3, 400), 3)
    drawn = draw.integers(0, 400, (4000, 400))
    ratios = top[drawn].sum(axis=1) / bottom[drawn].sum(axis=1)
    sums = pl.DataFrame({"t": top, "b": bottom}).select(
        t=pl.col("t").sum(), b=pl.col("b").sum(), tt=(pl.col("t") ** 2).sum(), tb=(pl.col("t") * pl.col("b")).sum(),
        bb=(pl.col("b") ** 2).sum(),
    )  # fmt: skip
    squares = pl.col("tt"), pl.col("tb"), pl.col("bb")
    margin = sums.select(ratio_margin(*squares, ratio=pl.col("t") / pl.col("b"), bottom=pl.col("b"))).item()
    assert margin == pytest.approx(1.96 * ratios.std(), rel=0.05)


def test_units_that_are_all_alike_have_no_margin():
    sums = pl.DataFrame({"t": [30.0], "b": [60.0], "tt": [90.0], "tb": [180.0], "bb": [360.0]})
    squares = pl.col("tt"), pl.col("tb"), pl.col("bb")
    assert sums.select(ratio_margin(*squares, ratio=pl.col("t") / pl.col("b"), bottom=pl.col("b"))).item() == 0


@pytest.mark.parametrize(("least", "large"), [(3, [False, False, False, True]), (0, [False, True, True, True])])
def test_nothing_is_never_enough(least, large):
    counts = pl.DataFrame({"n": [0, 1, 2, 3]})
    assert counts.select(enough(pl.col("n"), least)).to_series().to_list() == large


@pytest.mark.parametrize(
    ("count", "trials", "share"), [(4, 729, 0.005), (0, 30, 0.2), (30, 30, 0.2), (3, 200, 0.005), (7, 9, 1.0)]
)
def test_so_many_or_more_are_as_likely_as_the_binomial_says(count, trials, share):
    drawn = pl.DataFrame({"k": [count, None, 1], "n": [trials, 5, 0]}, schema={"k": pl.Int64, "n": pl.Int64})
    chances = drawn.select(chance_of_more(pl.col("k"), pl.col("n"), pl.lit(share)).alias("p"))["p"].to_list()
    assert chances == [pytest.approx(binom.sf(count - 1, trials, share)), None, None]


def test_an_estimate_is_certainly_beyond_where_its_whole_interval_is():
    rows = pl.DataFrame(
        {"distance": [0.2, 0.2, -0.2, 0.1, 0.0, None, 0.1], "margin": [0.2, 0.1, 0.1, 0.0, 0.0, 0.1, None]}
    )
    chances = rows.select(chance_of_distance(pl.col("distance"), pl.col("margin")).alias("p"))["p"].to_list()
    beyond = [norm.sf(Z), norm.sf(2 * Z), norm.cdf(2 * Z)]
    assert chances[:3] == pytest.approx(beyond)
    # Without a margin it is a count, and nothing is left to chance.
    assert chances[3:] == [0, 1, None, None]


def test_a_family_steps_down_from_its_smallest():
    family = pl.DataFrame({"p": [0.01, 0.04, None, 0.03, 0.005, 0.9]})
    # 0.005 x 5, 0.01 x 4, 0.03 x 3; 0.04 x 2 would be less than that, and is no less.
    stepped = [0.04, 0.09, None, 0.09, 0.025, 0.9]
    assert family.select(holm(pl.col("p")))["p"].to_list() == [
        each if each is None else pytest.approx(each) for each in stepped
    ]
    assert pl.DataFrame({"p": [0.8, 0.9]}).select(holm(pl.col("p")))["p"].to_list() == [1, 1]


def test_the_interval_of_a_difference_is_that_of_newcombe():
    # Newcombe 1998, table II, method 10: (a) 56/70 - 48/80, (b) 9/10 - 3/10, (g) 10/10 - 0/20.
    low, high = difference_interval([56, 9, 10], [70, 10, 10], [48, 3, 0], [80, 10, 20])
    assert low == pytest.approx([0.0524, 0.1705, 0.6791], abs=5e-5)
    assert high == pytest.approx([0.3339, 0.8090, 1.0], abs=5e-5)
    assert np.isnan(difference_interval([0], [0], [1], [2])).all()
