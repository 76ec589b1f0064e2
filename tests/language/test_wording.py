import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrhealth.language.wording import (
    and_others,
    counted,
    duration,
    exact_percent,
    joined,
    listed,
    percent,
    spoken_ms,
)

SAID = [
    (0, "0 ms"),
    (-0.0, "0 ms"),
    (0.05, "0.05 ms"),
    (0.25, "0.25 ms"),
    (999.4, "999 ms"),
    (999.7, "1 s"),
    (123.4, "123 ms"),
    (1500, "1.5 s"),
    (4250, "4.25 s"),
    (4256, "4.26 s"),
    (10_260, "10.3 s"),
    (12_340, "12.3 s"),
    (59_999, "1 min"),
    (61_000, "61 s"),
    (119_000, "119 s"),
    (120_000, "2 min"),
    (123_456, "2.06 min"),
    (300_000, "5 min"),
    (3_600_000, "1 h"),
    (5_400_000, "90 min"),
    (7_200_000, "2 h"),
    (9e6, "2.5 h"),
    (13_564_800, "3.8 h"),
    (86_400_000, "1 day"),
    (172_800_000, "2 days"),
    (4328 * 60_000, "3 days"),
    (1234.6 * 86_400_000, "1,235 days"),
    (-3_600_000, "-1 h"),
]


@pytest.mark.parametrize(("ms", "said"), SAID)
def test_durations_are_said_as_people_say_them(ms, said):
    assert duration(ms) == said
    assert pl.select(spoken_ms(pl.lit(ms))).item() == said


def test_a_duration_nobody_knows_is_not_said():
    assert pl.DataFrame({"ms": [None, 5]}).select(spoken_ms(pl.col("ms"))).to_series().to_list() == [None, "5 ms"]


@given(st.lists(st.integers(-(10**11), 10**11), min_size=1))
def test_frames_and_single_values_are_said_alike(lengths):
    thousandths = [length / 1000 for length in lengths]
    frame = pl.DataFrame({"ms": thousandths})
    assert frame.select(spoken_ms(pl.col("ms"))).to_series().to_list() == [duration(ms) for ms in thousandths]


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 findings"), (1, "1 finding"), (2, "2 findings"), (1200, "1,200 findings")]
)
def test_counts_agree_with_what_is_counted(count, said):
    assert counted(count, "finding") == said


def test_shares_are_said_in_percent_without_digits_that_say_nothing():
    shares = pl.Series([0.00341, 0.034, 0.34, 0.99951, 1.0, None])
    assert pl.select(percent(shares)).to_series().to_list() == ["0.34%", "3.4%", "34%", "100%", "100%", None]
    assert pl.select(exact_percent(shares)).to_series().to_list() == ["0.34%", "3.4%", "34%", "99.95%", "100%", None]


@pytest.mark.parametrize(
    ("names", "most", "said"),
    [
        ([], None, ""),
        (["a"], 3, "a"),
        (["a", "b"], 3, "a and b"),
        (["a", "b", "c"], 3, "a, b and c"),
        (["a", "b", "c", "d", "e"], 3, "a, b, c and 2 more"),
        (["a", "b", "c", "d"], None, "a, b, c and d"),
    ],
)
def test_names_are_joined_as_in_a_sentence(names, most, said):
    assert joined(names, most) == said


def test_of_a_list_the_first_names_are_said_and_the_others_counted():
    rows = pl.DataFrame({"names": [["a", "b"], ["a", "b", "c", "d", "e"], [], None]})
    assert rows.select(listed(pl.col("names"), 2)).to_series().to_list() == ["a, b", "a, b and 3 more", "", None]
    counts = pl.DataFrame({"count": [2, 3]})
    assert counts.select(and_others(pl.col("count"), 2)).to_series().to_list() == ["", " and others"]
