"""A period begins with its first moment and ends before its last: a row at either is on one side only."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from drawing.frames import NOON, drawn, messages

from integrhealth.errors import WrongValue
from integrhealth.language.period import moment
from integrhealth.reading.period import whole_traces_between

LATER = NOON + timedelta(seconds=10)
FRAMES = {
    "messages": messages("""
        message_id  trace_id  parent_id  source  target  sent_at
        before      t1        -          a       b       9
        its_child   t1        before     b       c       11
        at          t2        -          a       b       10
        after       t3        -          a       b       11
    """),
    "reads": drawn("reads", "report person at seconds\nr ada 9 1\nr bob 10 1\nr eve 11 1"),
}


@pytest.mark.parametrize(
    ("since", "until", "ids", "people"),
    [
        (LATER, None, ["at", "after"], ["bob", "eve"]),
        (None, LATER, ["before", "its_child"], ["ada"]),
        (LATER, LATER + timedelta(seconds=1), ["at"], ["bob"]),
        (NOON, NOON + timedelta(seconds=12), ["before", "its_child", "at", "after"], ["ada", "bob", "eve"]),
    ],
    ids=["since is inside", "until is outside", "one moment", "all"],
)
def test_since_is_inside_and_until_is_not(since, until, ids, people):
    chosen = whole_traces_between(FRAMES, since, until)
    assert chosen["messages"]["message_id"].to_list() == ids
    assert chosen["reads"]["person"].to_list() == people


@pytest.mark.parametrize("until", [LATER, NOON])
def test_since_comes_before_until(until):
    with pytest.raises(WrongValue, match="since must come before until"):
        whole_traces_between(FRAMES, LATER, until)


def test_without_bounds_and_without_times_everything_stays():
    inventory = {"reports": drawn("reports", "report words\nprices 300\nstock 200")}
    assert whole_traces_between(inventory, LATER, None)["reports"].equals(inventory["reports"])
    chosen = whole_traces_between(FRAMES, None, None)
    assert all(chosen[name].equals(frame) for name, frame in FRAMES.items())


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T08:00:00+01:00", datetime(2026, 1, 31, 7, tzinfo=UTC)),
        (datetime(2026, 1, 31, 8), datetime(2026, 1, 31, 8, tzinfo=UTC)),
        (datetime(2026, 1, 31, 8, tzinfo=timezone(timedelta(hours=-2))), datetime(2026, 1, 31, 10, tzinfo=UTC)),
        (None, None),
        ("", None),
    ],
)
def test_a_moment_is_in_utc(said, meant):
    assert moment(said) == meant
    assert not meant or moment(said).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("said", "told"),
    [("yesterday", "invalid time 'yesterday'"), ("0001-01-01T00:00:00+01:00", "outside the years 1 to 9999")],
)
def test_what_is_no_moment_is_told(said, told):
    with pytest.raises(WrongValue, match=told):
        moment(said)


def test_a_receipt_goes_with_the_message_that_it_is_of():
    frames = {
        "messages": messages("""
            message_id  integration  source  target  object_id  sent_at
            m1          orders       a       b       one        1
            m2          orders       a       b       two        8
            m3          orders       a       b       two        14
            m4          orders       a       b       three      12
            m5          orders       a       b       -          8
        """),
        "receipts": drawn(
            "receipts",
            """
            object_id  integration  received_at
            one        orders       11
            two        orders       13
            two        orders       15
            three      orders       11.9
            m5         orders       30
            nobody     orders       9
            nobody     orders       10
            """,
        ),
    }
    early = whole_traces_between(frames, None, LATER)["receipts"]
    late = whole_traces_between(frames, LATER, None)["receipts"]
    assert early["object_id"].to_list() == ["one", "two", "m5", "nobody"]
    assert late["object_id"].to_list() == ["two", "three", "nobody"]
