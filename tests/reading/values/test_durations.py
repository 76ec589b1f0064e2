"""Durations: numbers of a unit, and clocks with and without days."""

import polars as pl
import pytest

from integrhealth.reading.values.conversions import micros


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ("1500", 1_500_000),
        ("0.5", 500),
        ("00:00:12", 12_000_000),
        ("0:01:30.25", 90_250_000),
        ("100:00:00", 360_000_000_000),
        ("1.00:00:01", 86_401_000_000),
        ("2 01:00:00", 176_400_000_000),
        ("01:30", None),
        ("00:61:00", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_duration_is_a_number_of_its_unit_or_a_clock(written, length):
    assert micros(pl.Series([written]), 1_000.0, decimal=".").to_list() == [length]


def test_clocks_and_numbers_may_stand_in_one_column():
    assert micros(pl.Series(["1,5", "00:00:02", None]), 1e6, decimal=",").to_list() == [1_500_000, 2_000_000, None]
