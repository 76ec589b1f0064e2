"""The Universal Scalability Law against published fits, and what windows say of a capacity that the test has set."""

from functools import cache

import numpy as np
import pytest
from drawing.servers import per_minute, poisson, worked_off

from integrhealth.analyses.latency.capacity.curves import FEW, STEADY, UNSEEN, UNSURE, Curve, curve
from integrhealth.analyses.latency.capacity.scalability import Law, fitted

# Cisco and Percona's MySQL benchmark as the package usl for R and Schwartz's Practical Scalability Analysis fit them.
PUBLISHED = [
    (
        ([1, 18, 36, 72, 108, 144, 216], [64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2]),
        {"sigma": 0.02773, "kappa": 1.044e-4, "gamma": 90.00, "capacity": 1884, "peak_concurrency": 96.52},
    ),
    (
        ([1, 4, 8, 12, 16, 20], [20, 78, 130, 170, 190, 200]),
        {"sigma": 0.02444, "kappa": 0.00163, "gamma": 20.86},
    ),
]
TRUE = Law(np.array([1000.0]), np.array([0.02]), np.array([5e-4]))


def law_of(points, **options) -> Law:
    concurrency, throughput = (np.array([values], float) for values in points)
    return fitted(concurrency, throughput, np.ones_like(concurrency), **options)


@pytest.mark.parametrize(("points", "published"), PUBLISHED)
def test_published_fits_come_out(points, published):
    law = law_of(points)
    digits = {"kappa": 3e-3}  # 0.00163 has three digits
    for name, value in published.items():
        assert getattr(law, name)[0] == pytest.approx(value, rel=digits.get(name, 1e-3)), name


def test_many_sets_at_once_are_each_fitted_as_if_alone_and_a_weight_of_zero_is_no_point():
    sets = [points for points, _ in PUBLISHED]
    n, x = (np.full((2, 7), np.nan) for _ in range(2))
    for row, (concurrency, throughput) in enumerate(sets):
        n[row, : len(concurrency)], x[row, : len(throughput)] = concurrency, throughput
    together = fitted(n, x, (~np.isnan(n)).astype(float))
    for row, points in enumerate(sets):
        assert together.capacity[row] == pytest.approx(law_of(points).capacity[0], rel=1e-9)


@pytest.mark.parametrize(
    ("gamma", "sigma", "kappa", "capacity"),
    [
        (90.0, 0.03, 1e-4, None),
        (50.0, 0.5, 0.0, 100.0),  # one server, M/M/1: asymptote gamma / sigma
        (50.0, 0.0, 1e-3, None),
        (50.0, 0.0, 0.0, np.inf),
        (100.0, 1.0, 0.0, 100.0),  # a plateau from the first on
    ],
)
def test_exact_points_give_back_their_law(gamma, sigma, kappa, capacity):
    concurrency = np.array([0.2, 0.5, 1, 2, 5, 10, 20, 50])
    true = Law(*(np.array([value]) for value in (gamma, sigma, kappa)))
    law = law_of((concurrency, true.throughput(concurrency)[0]))
    assert [law.gamma[0], law.sigma[0], law.kappa[0]] == pytest.approx([gamma, sigma, kappa], rel=1e-5, abs=1e-9)
    highest = true.throughput(np.geomspace(0.1, 1e4, 200_001)).max() if capacity is None else capacity
    assert law.capacity[0] == pytest.approx(highest, rel=1e-5)


def test_throughput_that_grows_faster_than_concurrency_has_no_limit_and_no_negative_terms():
    law = law_of(([1, 2, 4, 8], [10, 22, 50, 120]))
    assert (law.sigma[0], law.kappa[0], law.capacity[0]) == (0, 0, np.inf)


def windows(rng: np.random.Generator, count: int, seen: float, law: Law = TRUE, noise: float = 0.2):
    """Throughput and concurrency of so many windows, at random up to a part of the peak; response times lognormal."""
    x = law.capacity[0] * seen * rng.uniform(0.1, 1, count)
    gamma, sigma, kappa = law.gamma[0], law.sigma[0], law.kappa[0]
    held = gamma - x * (sigma - kappa)
    n = 2 * x * (1 - sigma) / (held + np.sqrt(held**2 - 4 * kappa * x**2 * (1 - sigma)))
    return x, n * rng.lognormal(0, noise, count)


def unlimited(rng: np.random.Generator, count: int):
    x = rng.uniform(100, 1000, count)
    return x, x * 0.01 * rng.lognormal(0, 0.2, count)


@cache
def runs(kind: str, count: int, times: int) -> list[Curve]:
    rng = np.random.default_rng([count, times])
    made = {
        "unlimited": lambda: unlimited(rng, count),
        "near": lambda: windows(rng, count, 0.98),
        "asymptote": lambda: windows(rng, count, 0.95, Law(*map(np.array, ([1000.0], [0.5], [0.0])))),
        "short": lambda: windows(rng, count, 0.5),
    }
    return [curve(*made[kind](), minutes=1) for _ in range(times)]


@pytest.mark.parametrize("count", [40, 200, 2000])
def test_a_system_without_limit_has_no_capacity(count):
    answers = runs("unlimited", count, 20)
    assert sum(answer.capacity is not None for answer in answers) <= 1
    assert {answer.reason for answer in answers} <= {STEADY, UNSEEN, UNSURE, None}


def test_seen_to_half_of_its_peak_nobody_can_tell():
    assert all(answer.capacity is None for answer in runs("short", 2000, 6))


@pytest.mark.parametrize(("kind", "truth", "fewest"), [("near", TRUE.capacity[0], 5), ("asymptote", 2000.0, 9)])
def test_intervals_cover_the_capacity_wherever_one_is_told(kind, truth, fewest):
    told = [answer for answer in runs(kind, 2000, 10) if answer.capacity is not None]
    assert len(told) >= fewest
    assert sum(answer.low <= truth <= answer.high for answer in told) >= len(told) - 1
    assert np.median([answer.capacity for answer in told]) == pytest.approx(truth, rel=0.03)
    assert all(answer.low <= answer.capacity <= answer.high for answer in told)


def test_data_that_stop_before_three_tenths_of_the_peak_are_refused():
    rng = np.random.default_rng(1)
    # Hardly any noise: the law is known exactly, and yet what was not seen is not told.
    answer = curve(*windows(rng, 2000, 0.5, noise=0.001), minutes=1)
    assert answer.law.capacity[0] == pytest.approx(TRUE.capacity[0], rel=0.1)
    assert (answer.capacity, answer.reason) == (None, UNSEEN)
    assert answer.concurrency.max() < 0.3 * answer.law.peak_concurrency[0]


@pytest.mark.parametrize("count", [0, 1, 39])
def test_few_windows_say_nothing(count):
    answer = curve(*windows(np.random.default_rng(1), count, 0.98), minutes=1)
    assert (answer.capacity, answer.reason, len(answer.throughput)) == (None, FEW, 0)


def test_windows_that_are_all_alike_say_nothing():
    answer = curve(np.full(100, 50.0), np.full(100, 2.0), minutes=1)
    assert (answer.capacity, answer.reason) == (None, STEADY)


def test_a_load_that_varies_by_chance_alone_says_nothing():
    rng = np.random.default_rng(3)
    arrived = poisson(np.full(1500, 480.0), rng)
    done = worked_off(arrived, rng.exponential(1 / 600, arrived.size))
    throughput, concurrency = per_minute(arrived, done, 1500)
    assert curve(throughput, concurrency, minutes=1).reason == STEADY
