"""Times in the forms that programs and people write: read to the digit where they can be one thing, else a fault."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import polars as pl
import pytest
from drawing.shared_data import shared_data
from hypothesis import given, settings
from hypothesis import strategies as st

from integrhealth.language.schema import FRAMES
from integrhealth.reading.mapping.columns import canonical
from integrhealth.reading.mapping.sources import Column, MappedSource
from integrhealth.reading.values.times import TimeRule, times
from integrhealth.reading.values.written_times import FORMS, read_form

MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(9998, 12, 31))
OFFSETS = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# What each form holds of a moment: strftime, and the length of what it cannot say.
SECOND, MILLI, MICRO = timedelta(seconds=1), timedelta(milliseconds=1), timedelta(microseconds=1)
LOCAL = {
    "%b %d, %Y @ %H:%M:%S.{milli}": MILLI,
    "%b %d, %Y, %I:%M:%S %p": SECOND,
    "%b %d, %Y, %I:%M:%S\u202f%p": SECOND,
    "%A, %B %d, %Y %I:%M:%S %p": SECOND,
    "%d/%b/%Y:%H:%M:%S": SECOND,
    "%d/%b/%Y:%H:%M:%S.{milli}": MILLI,
    "%a %b %d %H:%M:%S %Y": SECOND,
    "%a %b %d %H:%M:%S.%f %Y": MICRO,
    "%Y/%m/%d %H:%M:%S.%f": MICRO,
    "%Y-%m-%d %H:%M:%S,%f": MICRO,
    "%Y%m%dT%H%M%S": SECOND,
    "%Y%m%dT%H%M%S.{milli}": MILLI,
    "%Y%m%d-%H:%M:%S.{milli}": MILLI,
    "%d %b %Y %H:%M:%S": SECOND,
    "%d %B %Y %H:%M:%S,{milli}": MILLI,
    "%Y-%m-%d-%H.%M.%S.%f": MICRO,
}
ZONED = {
    "%d/%b/%Y:%H:%M:%S {zone}": SECOND,
    "%a, %d %b %Y %H:%M:%S {zone}": SECOND,
    "%a %b %d %H:%M:%S %Y {zone}": SECOND,
    "%a %b %d %Y %H:%M:%S GMT{zone} (Some Standard Time)": SECOND,
    "%Y-%m-%d %H:%M:%S.%f {zone} XYZ m=+0.012345": MICRO,
    "%Y-%m-%d %H:%M:%S.%f {zone} {zone}": MICRO,
    "%Y%m%dT%H%M%S.{milli}{zone}": MILLI,
    "%Y%m%dT%H%M%S{zone}": SECOND,
}


def written(moment: datetime, form: str) -> str:
    """`moment` in `form`; strftime writes years before 1000 as it likes, and no offset of a naive time."""
    milli = f"{moment.microsecond // 1_000:03}"
    zone = moment.strftime("%z")[:5] if moment.tzinfo else ""
    return moment.strftime(form.replace("{milli}", milli).replace("{zone}", zone))


def cut(moment: datetime, step: timedelta) -> datetime:
    return datetime.min + (moment - datetime.min) // step * step


@pytest.mark.parametrize("form", LOCAL)
@settings(max_examples=20)
@given(moments=st.lists(MOMENTS, min_size=1, max_size=8))
def test_a_local_time_is_read_as_it_was_written(form, moments):
    moments = [cut(moment, LOCAL[form]) for moment in moments]
    read = times(pl.Series([written(moment, form) for moment in moments]))
    assert read.times.to_list() == [moment.replace(tzinfo=UTC) for moment in moments]
    assert read.naive.all()


@pytest.mark.parametrize("form", ZONED)
@settings(max_examples=20)
@given(moments=st.lists(MOMENTS, min_size=1, max_size=8), zone=OFFSETS)
def test_an_instant_is_read_as_it_was_written(form, moments, zone):
    moments = [cut(moment, ZONED[form]).replace(tzinfo=zone) for moment in moments]
    read = times(pl.Series([written(moment, form) for moment in moments]))
    assert read.times.to_list() == [moment.astimezone(UTC) for moment in moments]
    assert not read.naive.any()


@given(MOMENTS, st.booleans())
def test_dates_of_mail_and_http_are_read(moment, http):
    moment = cut(moment, SECOND).replace(tzinfo=UTC)
    read = times(pl.Series([format_datetime(moment, usegmt=http)]))
    assert read.times.to_list() == [moment]


@given(st.integers(1, 9), st.integers(0, 999_999_999))
def test_fractions_of_any_length_are_read_to_the_microsecond(digits, nanos):
    fraction = f"{nanos:09}"[:digits]
    forms = ["2024-04-16 06:21:39,{}", "16/Apr/2024:06:21:39.{}", "16-APR-24 06.21.39.{} AM", "20240416T062139.{}"]
    read = times(pl.Series([form.format(fraction) for form in forms]))
    micros = int(fraction.ljust(9, "0")) // 1_000
    assert read.times.to_list() == [datetime(2024, 4, 16, 6, 21, 39, micros, UTC)] * len(forms)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("Tue Apr 16 06:21:39 CEST 2024", datetime(2024, 4, 16, 4, 21, 39, tzinfo=UTC)),
        ("Tue Apr 16 06:21:39 PM PDT 2024", datetime(2024, 4, 17, 1, 21, 39, tzinfo=UTC)),
        ("Tue, 16 Apr 2024 06:21:39 EST", datetime(2024, 4, 16, 11, 21, 39, tzinfo=UTC)),
        ("Tue, 16 Apr 2024 06:21:39 UTC", datetime(2024, 4, 16, 6, 21, 39, tzinfo=UTC)),
        ("Tuesday, 16-Apr-24 06:21:39 GMT", datetime(2024, 4, 16, 6, 21, 39, tzinfo=UTC)),
        ("20260131T120000Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2024-04-16T06:21:39+02:00[Europe/Madrid]", datetime(2024, 4, 16, 4, 21, 39, tzinfo=UTC)),
        ("Tue 2024-04-16 06:21:39 CEST", datetime(2024, 4, 16, 4, 21, 39, tzinfo=UTC)),
        ("2024-04-16 06:21:39 UTC+2", datetime(2024, 4, 16, 4, 21, 39, tzinfo=UTC)),
        ("[16/Apr/2024:06:21:39 +0530]", datetime(2024, 4, 16, 0, 51, 39, tzinfo=UTC)),
    ],
)
def test_zones_that_are_one_thing_are_read(text, instant):
    read = times(pl.Series([text]))
    assert read.times.to_list() == [instant]
    assert not read.naive.any()


@pytest.mark.parametrize("zone", ["IST", "BST", "CST"])
def test_a_zone_of_several_countries_leaves_a_local_time_and_it_is_said(zone):
    column = pl.Series([f"2024-04-16 06:21:39 {zone}"])
    read = times(column)
    assert read.times.to_list() == [datetime(2024, 4, 16, 6, 21, 39, tzinfo=UTC)]
    assert read.naive.all()
    assert zone in read.notes[0]
    # Who declares the zone has it read there.
    declared = times(column, TimeRule(zone="Asia/Kolkata"))
    assert declared.times.to_list() == [datetime(2024, 4, 16, 0, 51, 39, tzinfo=UTC)]


@pytest.mark.parametrize(
    "garbage",
    [
        "Apr 16 06:21:39",
        "31-FEB-24",
        "32/Jan/2019:08:59:54",
        "21/Foo/2019:08:59:54",
        "21/Jan/2019:24:59:54",
        "21/Jan/2019:08:60:54",
        "21/Jan/2019:08:59:54 +1500",
        "21/Jan/2019:08:59:54 +0260",
        "Mon, 16 Apr 2024 06:21:39 GMT",
        "Foo, 16 Apr 2024 06:21:39 GMT",
        "2024-04-16 13:21:39 PM",
        "2024-04-16 00:21:39 AM",
        "2024-04-16 06:21:39 XYZ",
        "2024-04-16 06:21:39 CET+2",
        "2024/04-16 06:21:39",
        "16/Apr/2024:06:21:39.1234567891",
        "16 Apr 2024 21:39.5",
        "17/06/09 20:10:40",
        "081109 203518",
        "20261331T120000Z",
        "Feb 30, 2012 @ 17:47:08.000",
        "2024-04-16 06:21:39 and more",
        "order 2024-04-16 06:21:39",
        "16.04",
        "May",
        "12 May",
    ],
)
def test_garbage_near_the_forms_is_a_fault(garbage):
    read = times(pl.Series([garbage, "2026-01-01T00:00:00Z"]))
    assert read.faults.to_list() == [True, False]
    assert read.reason == "bad_time"


@given(st.text("0123456789/-.:, TZ+JanPM@()[]", max_size=30))
def test_no_text_is_read_in_two_ways(text):
    meanings = set()
    for form in FORMS:
        read = read_form(pl.Series([text]), form)
        meanings |= {*read.instants.drop_nulls(), *read.local.drop_nulls()}
    assert len(meanings) <= 1


def test_one_column_may_hold_every_form():
    moment = datetime(2024, 4, 16, 6, 21, 39)
    column = [written(moment, form) for form in LOCAL] + ["2024-04-16T06:21:39Z", "1713248499", "16/04/2024 06:21:39"]
    assert times(pl.Series(column)).times.to_list() == [moment.replace(tzinfo=UTC)] * len(column)


@given(st.lists(MOMENTS, min_size=1, max_size=5), st.integers(1, 4))
def test_repeated_times_are_read_like_others(moments, often):
    column = pl.Series([written(moment, "%d/%b/%Y:%H:%M:%S") for moment in moments] * often)
    assert times(column).times.to_list() == times(column[: len(moments)]).times.to_list() * often


def test_commas_before_fractions_are_read_at_once_as_points_are():
    column = pl.Series([f"2026-01-05 08:00:07,{milli:03}" for milli in range(1_000)] * 2)
    assert times(column).times.to_list() == times(column.str.replace(",", ".")).times.to_list()


def test_one_value_of_a_portal_export_shows_that_the_month_comes_first():
    column = pl.read_csv(shared_data("cases", "B13b", "query_data.csv"))["timestamp [UTC]"]
    read = times(column)
    assert [f"{each:%m-%d %H:%M:%S.%f}" for each in read.times] == [
        "03-08 14:21:50.180000",
        "03-08 14:21:50.185000",
        "03-13 14:21:50.190000",
    ]
    assert "month first" in read.notes[0]


def test_dates_by_number_may_have_a_zone():
    read = times(pl.Series(["16/04/2024 06:21:39 +0200", "3/4/2024, 1:02 PM"]))
    assert read.times.to_list() == [
        datetime(2024, 4, 16, 4, 21, 39, tzinfo=UTC),
        datetime(2024, 4, 3, 13, 2, tzinfo=UTC),
    ]


@pytest.mark.parametrize("as_text", [True, False])
def test_days_of_a_spreadsheet_are_read_where_a_fraction_shows_them(as_text):
    column = pl.Series([45359.5985, 45360.0])
    read = times(column.cast(pl.String) if as_text else column)
    assert read.times.to_list() == [datetime(2024, 3, 8, 14, 21, 50, 400_000, UTC), datetime(2024, 3, 9, tzinfo=UTC)]
    assert read.naive.all()
    assert "spreadsheets" in read.notes[0]
    # Whole numbers may count anything, and one number that is no such day makes the column none.
    for other in ([45359, 45360], [45359.5985, 12.5], [45359.5985, 1713248499.0]):
        assert times(pl.Series(other)).times.to_list()[0] is None


@pytest.mark.parametrize("counter", ["0", "5", "-1", "86400", "20260131.5", "600000000", 0, 0.0, 5.5])
def test_no_number_becomes_1970_unless_its_unit_is_declared(counter):
    read = times(pl.Series([counter]))
    assert read.faults.to_list() == [True]
    assert "before 1990" in read.notes[0]
    declared = times(pl.Series([counter]), TimeRule(unit="s"))
    assert not declared.faults.any()


def test_zeros_do_not_tell_the_unit_of_the_others():
    read = times(pl.Series(["0", "0", "0", "1713248499000", "5"]))
    assert read.times.to_list() == [None] * 3 + [datetime(2024, 4, 16, 6, 21, 39, tzinfo=UTC), None]
    assert read.faults.to_list() == [True, True, True, False, True]


@pytest.mark.parametrize("numbers", [["0", "20260131"], [20260131, 0], ["20260131120000", "0"]])
def test_compact_dates_stay_dates_beside_a_zero(numbers):
    read = times(pl.Series(numbers))
    assert sorted(f"{each:%Y-%m-%d}" for each in read.times.drop_nulls()) == ["2026-01-31"]
    assert read.faults.sum() == 1


def test_a_compact_time_among_epoch_times_is_no_epoch_time():
    read = times(pl.Series(["1713248499000", "20240416062139", "20240416"]))
    assert read.times.to_list() == [datetime(2024, 4, 16, 6, 21, 39, tzinfo=UTC)] * 2 + [None]


@pytest.mark.parametrize("word", ["NaN", "nan", "NaT", "null", "None", "-", " NULL "])
@pytest.mark.parametrize("rule", [{}, {"unit": "s"}, {"format": "%Y"}])
def test_a_word_for_nothing_is_no_time_and_no_fault(word, rule):
    read = times(pl.Series([word, "yesterday"]), TimeRule(**rule))
    assert read.times.to_list() == [None, None]
    assert read.faults.to_list() == [False, True]
    assert "no time" in read.notes[-1]


def test_a_float_that_is_no_number_is_no_time():
    read = times(pl.Series([1713248499.0, float("nan"), float("inf")]))
    assert read.times.to_list() == [datetime(2024, 4, 16, 6, 21, 39, tzinfo=UTC), None, None]
    assert read.faults.to_list() == [False, False, True]


def test_a_message_whose_time_is_a_word_for_nothing_has_none():
    names = FRAMES["messages"].required
    table = pl.DataFrame({name: ["x"] for name in names} | {"sent_at": ["NaN"], "log_line": [1]})
    read = canonical(table, FRAMES["messages"], MappedSource("messages", {name: Column(name) for name in names}))
    assert read.refused.rows() == [(1, "no_sent_at")]
