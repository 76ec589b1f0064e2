"""A period begins with its first moment and ends before its last: a row at either is on one side only."""

from datetime import timedelta

import pytest
from drawing.frames import NOON, drawn, messages

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
