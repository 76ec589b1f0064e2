"""The search for steps: published series of others with their indices, and laws that hold for every series."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrhealth.analyses.latency.shifts.search import changes, without_outliers

# The demonstration series of TigerBeetle in the tests of Apache Otava (tests/tigerbeetle_test.py): from its comment,
# steps at 15 and 71, an outlier at 10, a small fall at 95 and a slope behind it.
TIGERBEETLE = json.loads((Path(__file__).parent / "otava_tigerbeetle.json").read_text())
# tests/analysis_test.py of the same; it finds 10.
SINGLE = [
    1.02,
    0.95,
    0.99,
    1.0,
    1.12,
    1.0,
    1.01,
    0.98,
    1.01,
    0.96,
    *(0.5, 0.51, 0.48, 0.48, 0.55, 0.5, 0.49, 0.51, 0.5),
]
SINGLE += [0.49]
# tests/series_test.py of the same: 5, 13 and 21; 6; 4.
STAIRS = [1.0] * 5 + [5.0] * 8 + [9.0] * 8 + [3.0] * 9
FALLING = [1.02, 0.95, 0.99, 1.0, 1.12, 0.9, 0.5, 0.51, 0.48, 0.48, 0.55]
SMALL = [2.02, 2.03, 2.01, 2.04, 1.82, 1.85, 1.79, 1.81, 1.8, 1.76, 1.78]
# tests/test_detection.py of MongoDB's signal processing algorithms: random numbers of three ranges; 20 and 40.
RANGES = [
    *(41, 18, 23, 3, 32, 11, 40, 13, 29, 48, 47, 35, 18, 21, 6, 2, 23, 3, 4, 7),
    *(120, 103, 102, 81, 71, 62, 115, 61, 108, 63, 70, 98, 65, 96, 64, 74, 70, 113, 90, 114),
    *(208, 196, 153, 150, 225, 179, 206, 165, 177, 151, 218, 217, 244, 245, 229, 195, 225, 229, 176, 250),
]


def indices(values, *weights, **options):
    return [each.index for each in changes(values, *weights, **options)]


@pytest.mark.parametrize("level", [0.01, 0.05])
def test_tigerbeetle(level):
    assert indices(np.log(TIGERBEETLE), level=level, least=3, least_step=np.log(1.05)) == [15, 71]


@pytest.mark.parametrize(
    ("values", "expected", "least"),
    [
        (SINGLE, [10], 4),
        (STAIRS, [5, 13, 21], 4),
        (FALLING, [6], 3),
        (SMALL, [4], 3),
        (RANGES, [20, 40], 4),
        ([50.0] * 15 + [100.0] * 15, [15], 4),
        # One value between the levels belongs to the nearer one.
        ([50.0] * 14 + [74.0] + [100.0] * 15, [15], 4),
        ([50.0] * 14 + [76.0] + [100.0] * 15, [14], 4),
        ([50.0] * 2 + [100.0] + [50.0] * 12 + [100.0] * 15, [15], 4),
        ([50.0] * 2 + [100.0] + [50.0] * 12 + [100.0] * 15 + [150.0] * 15, [15, 30], 4),
        ([50.0] * 30, [], 4),
        ([0.0] * 100 + [1.0] * 100, [100], 4),
    ],
)
def test_published_series_have_their_published_steps(values, expected, least):
    assert indices(values, least=least) == expected


@pytest.mark.parametrize("cut", [5, 8, 20, 60, 99])
def test_two_levels_of_every_length_are_one_step(cut):
    assert indices([0] * cut + [1] * cut, level=0.05) == [cut]


noisy = st.builds(
    lambda seed, size, step: np.random.default_rng(seed).normal(size=size) + step * (np.arange(size) >= size // 2),
    st.integers(0, 50),
    st.integers(8, 60),
    st.sampled_from([0.0, 3.0]),
)


@settings(max_examples=25, deadline=None)
@given(noisy, st.floats(0.5, 20), st.floats(-50, 50))
def test_another_unit_changes_nothing(values, scale, shift):
    assert indices(values * scale + shift) == indices(values)


@settings(max_examples=25, deadline=None)
@given(noisy)
def test_upside_down_is_the_same_downwards(values):
    up, down = changes(values), changes(-values)
    assert [(each.index, each.end, each.p_value) for each in up] == [
        (each.index, each.end, each.p_value) for each in down
    ]
    assert [each.before for each in up] == pytest.approx([-each.before for each in down])


@settings(max_examples=25, deadline=None)
@given(noisy)
def test_levels_last_and_are_significant(values):
    seen = changes(values)
    edges = [0, *(each.index for each in seen if each.index == each.end), len(values)]
    assert all(b - a >= 4 for a, b in pairwise(edges))
    assert all(each.p_value < 0.01 for each in seen)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7])
def test_few_values_have_no_step(size):
    assert indices(np.arange(size) * 100.0) == []


def test_a_value_of_weight_zero_says_nothing():
    values = np.r_[np.zeros(12), np.ones(12)] + np.random.default_rng(1).normal(size=24) * 0.1
    wrong = values.copy()
    wrong[[3, 4]] = 9.0
    weights = np.where(wrong == 9.0, 0.0, 1.0)
    assert indices(wrong, weights) == [12]


def test_three_values_that_stand_out_are_drawn_in_and_four_are_a_level():
    rng = np.random.default_rng(2)
    values = rng.normal(size=40)
    values[20:23] += 30
    assert without_outliers(values)[20:23].max() < 8
    values[23] += 30
    assert without_outliers(values)[20:24].min() > 20


@pytest.mark.parametrize(("weeks", "sd"), [(13, 0.1), (13, 0.05), (8, 0.05), (6, 0.03)])
def test_a_slow_climb_is_one_drift(weeks, sd):
    days = weeks * 7
    climbs = [
        changes(np.arange(days) / 7 * np.log(1.05) + np.random.default_rng(seed).normal(size=days) * sd)
        for seed in range(6)
    ]
    drifting = [len(each) == 1 and each[0].end > each[0].index for each in climbs]
    assert all(drifting)
    total = [each[0].after - each[0].before for each in climbs if len(each) == 1]
    assert np.mean(total) == pytest.approx(weeks * np.log(1.05), rel=0.1)


def test_a_climb_between_two_levels_is_dated_where_it_begins_and_ends():
    course = np.log(1.08) * np.clip(np.arange(90) / 7 - 4, 0, 6)
    (climb,) = changes(course + np.random.default_rng(3).normal(size=90) * 0.03)
    assert abs(climb.index - 28) <= 4
    assert abs(climb.end - 70) <= 4
    assert (climb.before, climb.after) == (pytest.approx(0, abs=0.02), pytest.approx(6 * np.log(1.08), abs=0.02))


def test_two_steps_are_two_steps():
    stairs = np.log(1.6) * ((np.arange(90) >= 30) * 1.0 + (np.arange(90) >= 60))
    for seed in range(5):
        assert indices(stairs + np.random.default_rng(seed).normal(size=90) * 0.1) == [30, 60]


def test_days_that_resemble_their_neighbours_are_no_steps():
    wrong = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        values = np.empty(60)
        values[0] = rng.normal()
        for day in range(1, 60):
            values[day] = 0.3 * values[day - 1] + np.sqrt(1 - 0.3**2) * rng.normal()
        wrong += bool(changes(values))
    # One in a hundred is the published level; the exact figure of 200 such series is 1.
    assert wrong <= 4
