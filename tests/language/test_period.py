"""The period that times cover: what lies far off is no part of it, and no usual log loses anything."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from integrhealth.language.period import days, last_moment, outlying, period
from integrhealth.language.schema import TIME

START = datetime(2026, 3, 1, tzinfo=UTC)


def times(*numbers):
    """Times by days since the start."""
    return pl.Series([None if each is None else START + timedelta(days=float(each)) for each in numbers], dtype=TIME)


def spread(count, length, begun=0.0, seed=1):
    return sorted(begun + np.random.default_rng(seed).random(count) * length)


def test_a_message_of_fifty_years_before_makes_no_period_of_fifty_years():
    series = times(*spread(500, 20), -365.25 * 50)
    assert outlying(series).arg_true().to_list() == [500]
    assert days(series) == 20
    assert days(times(0, 1, 2, -20_000)) == 3


@pytest.mark.parametrize("count", [1, 3, 200])
def test_the_epoch_is_no_time_of_a_log_whatever_its_share(count):
    epoch = [(datetime(1970, 1, 1, tzinfo=UTC) - START).days] * count
    series = times(*epoch, *spread(100, 3), None)
    assert outlying(series).sum() == count
    assert days(series) == 3


def test_both_sides_are_cut_and_a_clock_that_is_a_year_off_among_thousands():
    assert outlying(times(-30_000, *spread(50, 5), 27_000, 27_001)).arg_true().to_list() == [0, 51, 52]
    assert outlying(times(*spread(5_000, 10), 370)).arg_true().to_list() == [5_000]


@pytest.mark.parametrize(
    "numbers",
    [
        [],
        [None],
        [0],
        [0, -20_000],
        [0, 1, -20_000, -20_001],
        range(0, 4_000, 400),
        spread(10, 7),
        [*spread(9, 7), -365],
        [*spread(1_000, 7), *spread(1_000, 7, begun=365)],
        [*spread(10_000, 7), *spread(60, 7, begun=365)],
        [*spread(3_000, 365), *spread(3_000, 365, begun=730)],
        [*spread(100_000, 30), *spread(90, 3_000, begun=-3_000)],
        [*spread(40, 2_000), *spread(3_000, 30, begun=2_000)],
        [0, 4_000, 8_000, 12_000],
    ],
)
def test_what_is_no_outlier_stays(numbers):
    assert not outlying(times(*numbers)).any()


def test_the_epoch_alone_is_all_there_is():
    series = pl.Series([datetime(1970, 1, 1, tzinfo=UTC)] * 3, dtype=TIME)
    assert not outlying(series).any()
    assert days(series) == 1
    assert period(series.clear()) is None


def test_the_order_of_the_times_does_not_matter():
    series = times(*spread(300, 9), -20_000, 30_000)
    shuffled = series.sample(fraction=1, shuffle=True, seed=3)
    assert period(shuffled) == period(series)
    assert series.filter(outlying(series)).sort().equals(shuffled.filter(outlying(shuffled)).sort())


def test_several_columns_of_times_are_one_period():
    series = times(*spread(300, 9), -20_000, 30_000)
    one, other = series.head(100).alias("sent_at"), series.tail(len(series) - 100).alias("at")
    assert period(one, other) == period(series)
    assert last_moment(one, other) == period(series)[1]
    assert last_moment(one.clear(), other.clear()) is None
