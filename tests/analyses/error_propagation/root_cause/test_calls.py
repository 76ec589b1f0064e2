"""How long a system worked itself, and what it waited for: one trace, drawn message by message."""

from datetime import timedelta

import numpy as np
import polars as pl
from drawing.frames import NOON, messages

from integrhealth.analyses.error_propagation.root_cause.messages import _calls
from integrhealth.analyses.error_propagation.root_cause.windows import Windows
from integrhealth.evidence import Evidence

# The shop takes 10 seconds, 6 of them until the stock has answered, which works 4 and waits 1 for the store.
# The client inside of the shop only waits for pay.
TRACE = """
    message_id trace_id parent_id source target sent_at received_at finished_at answered_at
    shop       t        -         web    shop   0       0           10          10
    stock      t        shop      shop   stock  1       2           6           7
    store      t        stock     stock  store  3       3           4           4
    client     u        -         shop   shop   20      20          25          25
    pay        u        client    shop   pay    21      21          23          23
    early      v        -         web    stock  -1      -           -           -
"""


def test_own_work_leaves_out_what_was_called_and_the_way_is_what_neither_side_worked():
    window = Windows(NOON, timedelta(seconds=10), None, np.array([0]))
    found = _calls(Evidence(messages=messages(TRACE)).caused, window)
    columns = "message_id", "system", "own", "other", "way", "linked", "bin"
    assert found.select(columns).sort("message_id").rows() == [
        ("client", "shop", None, "pay", 3000.0, True, 2),
        ("early", "stock", None, "web", None, False, -1),
        ("pay", "pay", 2000.0, "shop", None, True, 2),
        ("shop", "shop", 4000.0, "web", None, True, 0),
        ("stock", "stock", 3000.0, "shop", 2000.0, True, 0),
        ("store", "store", 1000.0, "stock", None, True, 0),
    ]
    assert found.schema["own"] == pl.Float64


# A filter of the shop, beside the call to the stock that it lets pass: it has waited for it until it ended.
BESIDE = """
    message_id trace_id parent_id source target sent_at received_at finished_at answered_at
    shop       t        -         web    shop   0       0           10          10
    filter     t        shop      shop   shop   1       1           8           8
    client     t        shop      shop   shop   2       2           9           9
    stock      t        client    shop   stock  3       3           7           7
"""


def test_a_childless_span_beside_the_next_of_its_siblings_counts_its_time_once():
    window = Windows(NOON, timedelta(seconds=10), None, np.array([0]))
    found = _calls(Evidence(messages=messages(BESIDE)).caused, window)
    # 10 less 7 and 7 of its children, and 6 of these for both at once; 7 less the 6 beside the client.
    assert dict(found.select("message_id", "own").rows()) == {
        "shop": 2000,
        "filter": 1000,
        "client": None,
        "stock": 4000,
    }
