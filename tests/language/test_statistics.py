"""Intervals against what the textbooks and scipy say."""

import numpy as np
import pytest
from scipy.stats import beta, binomtest

from integrhealth.language.statistics import beta_interval, quantile_ranks, wilson_interval


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


@pytest.mark.parametrize(("n", "bounded"), [(30, False), (71, False), (72, True), (1000, True)])
def test_a_high_percentile_of_few_values_has_no_upper_bound(n, bounded):
    low, high = (rank.item() for rank in quantile_ranks([n], 0.95))
    assert 1 <= low <= n
    assert (high <= n) == bounded
    assert (0.95**n <= 0.025) == bounded  # all values below the quantile: then even the largest bounds nothing
