"""What nothing is known of is null and never NaN, also where no sample is too small."""

import polars as pl
import polars.selectors as cs
import pytest
from drawing.frames import drawn, messages

import integrhealth as ih
from integrhealth.analyses import OVERVIEW, REPORTS

# Systems that only send, edges on which nothing has ended, journeys without an end, reports that nobody was sent.
TRAFFIC = """
    message_id  trace_id  parent_id  source  target  integration  kind     object_type  status   finished_at
    a1          t1        -          Shop    ERP     orders       request  order        pending  -
    a2          t1        a1         Sensor  ERP     -            queue    -            held     -
    b1          t2        -          Shop    Bank    payments     request  payment      failed   1
    b2          t2        b1         Bank    Ledger  -            request  -            skipped  -
    c1          t3        -          Robot   ERP     -            -        -            unknown  -
    d1          t4        -          Robot   Mail    mail         queue    -            ok       0
"""
# Requests that nobody made, and some that took longer than any bound.
COUNTED = (
    ("idle_requests_total", "cumulative", 0),
    ("slow_request_duration_seconds", "bucket le=1", 0),
    ("slow_request_duration_seconds", "bucket le=+Inf", 5),
)
SAMPLES = [
    {
        "time": f"2026-03-02T12:0{minute}:00Z",
        "system": name,
        "metric": name,
        "statistic": part,
        "value": growth * minute,
    }
    for minute in range(3)
    for name, part, growth in COUNTED
]
EVIDENCE = {
    "nothing": {},
    "metrics": {"metrics": pl.DataFrame(SAMPLES)},
    "messages": {"messages": messages(TRAFFIC)},
    "messages that never end": {"messages": messages(TRAFFIC).filter(pl.col("finished_at").is_null())},
    "reports": {
        "reports": drawn("reports", "report words fields\nsales - -\nstock 0 amount"),
        "deliveries": drawn("deliveries", "report person at\nsales ada 0\nstock ada 0"),
        "reads": drawn("reads", "report person at seconds\nsales ada 5 -\nstock bob 5 0"),
    },
}


@pytest.mark.parametrize("given", EVIDENCE)
@pytest.mark.parametrize("name", [name for name in REPORTS if name != OVERVIEW])
def test_no_table_holds_a_number_that_is_none(name, given):
    report = getattr(ih, name).report(ih.Evidence(**EVIDENCE[given]), min_messages=0)
    for table, frame in (report.tables | {"findings": report.findings}).items():
        nan = frame.select(cs.float().is_nan().any() | cs.float().is_infinite().any())
        assert [column for column in nan.columns if nan[column].item()] == [], table
