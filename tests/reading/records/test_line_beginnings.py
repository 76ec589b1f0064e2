"""What the beginning of a line says of its level and its time."""

from datetime import UTC, datetime

import pytest

from integrhealth.reading.records.line_beginnings import leading_level, leading_times

WRITTEN = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("ERROR boom", "ERROR"),
        ("  WARN: low", "WARN"),
        ("[error] boom", "ERROR"),
        ("error: boom", "ERROR"),
        ("2015-08-18 16:28:54,569 INFO\tread", "INFO"),
        ("May 27 18:28:11 ERROR x", "ERROR"),
        ("FATAL", "FATAL"),
        ("error handling was improved", None),
        ("ERRORS are counted", None),
        ("INFO-Desk opened", None),
        ("an ERROR", None),
        ("info:x", None),
        ("", None),
    ],
)
def test_a_level_is_a_word_that_stands_out_at_the_beginning(line, level):
    assert leading_level(line) == level


@pytest.mark.parametrize(
    ("line", "time"),
    [
        ("2012-05-27 18:28:11:112 10.2.1.35 POST /", "2012-05-27T18:28:11.112"),
        ("[2012/05/27T18:28:11Z] x", "2012-05-27T18:28:11Z"),
        ("2012-05-27 18:28:11,5 +02:00 x", "2012-05-27T18:28:11.5+02:00"),
        ('1.2.3.4 - bob [18/Aug/2015:16:28:54.695 -0700] "GET / HTTP/1.1" 200 1', "2015-08-18T16:28:54.695-0700"),
        ("<34>May  1 18:28:11 host x", "2025-05-01T18:28:11"),
        ("Mar 1 18:28:11 host x", "2026-03-01T18:28:11"),
        ("Feb 29 18:28:11 host x", "2024-02-29T18:28:11"),
        ("2012-13-27 18:28:11 x", None),
        ("Feb 30 18:28:11 x", None),
        ("x 2012-05-27 18:28:11", None),
    ],
)
def test_a_time_is_read_as_it_is_written(line, time):
    assert leading_times([line], written=WRITTEN) == [time]


def test_a_date_without_a_year_goes_with_those_that_have_one():
    lines = ["May 27 18:28:12 a", "2012-05-27 18:28:11 b", "Dec 31 00:00:00 c"]
    times = ["2012-05-27T18:28:12", "2012-05-27T18:28:11", "2011-12-31T00:00:00"]
    assert leading_times(lines, written=WRITTEN) == times
