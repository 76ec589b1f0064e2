"""What a counter says of each moment, and how long a series paused."""

import polars as pl
import pytest
from drawing.frames import drawn

from integrhealth.language.measured import longest_pause, readings


def metrics(picture: str) -> pl.DataFrame:
    return drawn("metrics", picture, system="db", metric="rows")


def test_a_counter_is_a_rate_and_begins_anew_at_zero():
    seen = readings(
        metrics("time value statistic\n0 100 cumulative\n10 150 cumulative\n30 20 cumulative\n40 20 cumulative")
    )
    assert seen["value"].to_list() == [None, 5.0, 1.0, 0.0]
    assert seen["reset"].to_list() == [False, False, True, False]
    assert seen["unit"].unique().to_list() == ["/s"]


def test_what_is_no_counter_stays_as_it_is_also_where_it_falls():
    seen = readings(metrics("time value unit\n0 9 ms\n10 4 ms"))
    assert seen.select("value", "unit", "reset").rows() == [(9.0, "ms", False), (4.0, "ms", False)]


def test_series_do_not_mix_and_their_order_in_the_file_does_not_matter():
    picture = "system time value statistic\nb 10 7 cumulative\na 20 9 cumulative\nb 0 5 cumulative\na 0 1 cumulative"
    seen = readings(drawn("metrics", picture, metric="rows"))
    assert seen.select("system", "value").rows() == [("a", None), ("a", 0.4), ("b", None), ("b", 0.2)]


def test_of_two_samples_at_one_time_the_last_counts_and_no_number_is_left_out():
    seen = readings(metrics("time value\n0 1\n0 2\n10 nan\n20 inf\n30 4"))
    assert seen["value"].to_list() == [2.0, 4.0]


def test_a_pause_is_told_in_usual_steps():
    seen = readings(metrics("time value\n0 1\n10 1\n20 1\n30 1\n80 1"))
    assert seen.select(longest_pause()).item() == pytest.approx(5)
    assert readings(metrics("time value\n0 1")).select(longest_pause()).item() is None
