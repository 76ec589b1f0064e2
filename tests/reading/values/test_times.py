"""Times of one width, read digit by digit, are what strptime makes of them; anything else is left to it."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrhealth.reading.values.times import times
from integrhealth.reading.values.times_alike import MANY, times_alike

MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(9998, 12, 31))


@given(st.lists(MOMENTS, min_size=1, max_size=20), st.sampled_from("T "), st.sampled_from([0, 3, 6]), st.booleans())
def test_times_of_one_width_are_read_to_the_digit(moments, between, digits, zulu):
    step = timedelta(microseconds=10 ** (6 - digits))
    moments = [datetime.min + (moment - datetime.min) // step * step for moment in moments]
    many = (moments * MANY)[:MANY]
    fraction = {0: "", 3: "%.3f", 6: "%.6f"}[digits]
    text = pl.Series("at", many).dt.to_string(f"%Y-%m-%d{between}%H:%M:%S{fraction}{'Z' if zulu else ''}")
    read = times_alike(text)
    assert read.to_list() == [moment.replace(tzinfo=UTC) if zulu else moment for moment in many]
    # The values of a slice do not begin at the beginning of its memory.
    assert times_alike(pl.concat([text, text])[7 : 7 + MANY]).to_list() == (read.to_list() * 2)[7 : 7 + MANY]


@pytest.mark.parametrize(
    "odd",
    [
        "2026-02-29T08:00:00.000Z",
        "2026-13-01T08:00:00.000Z",
        "2026-00-01T08:00:00.000Z",
        "2026-01-00T08:00:00.000Z",
        "2026-01-05T24:00:00.000Z",
        "2026-01-05T08:60:00.000Z",
        "2026-01-05T08:00:60.000Z",
        "2026-01-05T08:00:00,000Z",
        "2026-01-05T08:00:00.00:Z",
        "2026-01-05T08:00:00.0000",
        "2026/01/05T08:00:00.000Z",
        "2026-01-05_08:00:00.000Z",
        "2026-01-05T 8:00:00.000Z",
        "0999-01-05T08:00:00.000Z",
        "9999-12-31T23:59:59.000Z",
        "2026-01-05T08:00:00Z",
        "",
        None,
    ],
)
def test_one_time_written_otherwise_leaves_the_column_to_the_patient_reader(odd):
    many = ["2024-02-29T08:00:00.250Z"] * MANY
    assert times_alike(pl.Series(many)) is not None
    assert times_alike(pl.Series([*many[1:], odd])) is None
    assert times_alike(pl.Series([odd, *many[1:]])) is None


def test_the_short_way_and_the_patient_one_agree():
    text = pl.Series([f"2026-01-05 08:{minute:02}:07.123456" for minute in range(60)] * (MANY // 60 + 1))
    short, patient = times(text), times(text[:60])
    assert short.times[:60].to_list() == patient.times.to_list()
    assert short.naive.all()
    assert patient.naive.all()
    assert not short.faults.any()
