"""Hours say what a naive count says, add up, and know an hour without messages."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from drawing.frames import messages
from drawing.rhythms import rhythmic
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses.latency.shifts.hours import FACT, days, hour_facts, hours
from integrhealth.language.schema import DECLINED
from integrhealth.traces.facts import GAMMA, merged

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_what_counts_is_what_counts_in_every_report():
    frame = messages("""
        message_id  integration  source  target  status   load_test  sent_at  finished_at
        a           pick         orders  stock   ok       -          0        1
        b           pick         orders  depot   timeout  false      10       13
        c           pick         orders  stock   failed   -          20       21
        d           pick         orders  stock   pending  -          30       -
        e           pick         orders  stock   ok       true       40       41
        f           pick         orders  orders  ok       -          50       51
        g           pick         orders  stock   ok       -          60       59
        h           -            orders  stock   ok       -          7300     7301
    """)
    facts = hour_facts(frame.with_columns(status=pl.col("status").replace("failed", DECLINED)))
    read = hours(facts).select("integration", "messages", "ended", "failed", "timed").rows()
    # Declined ended and did not fail, a timeout failed and is timed, a skewed pair is not; load tests are no traffic.
    assert read == [("orders > stock", 1, 1, 0, 1), ("pick", 5, 4, 1, 2)]
    assert hours(hour_facts(frame)).select("ended", "failed").row(1) == (4, 2)


def test_an_hour_without_messages_has_none_and_no_percentile():
    frame = messages("""
        message_id  source  target  sent_at  finished_at
        a           orders  stock   0        1
        b           orders  stock   7300     7303
    """)
    read = hours(hour_facts(frame))
    assert read["at"].to_list() == [NOON + timedelta(hours=each) for each in range(3)]
    assert read["messages"].to_list() == [1, 0, 1]
    assert read["p50_ms"].to_list() == [pytest.approx(1000, rel=0.01), None, pytest.approx(3000, rel=0.01)]
    assert read["p95_ms"].null_count() == 3
    assert days(hour_facts(frame)).select("messages", "timed").rows() == [(2, 2)]


@pytest.mark.parametrize(("count", "read"), [(19, None), (20, 1900.0)])
def test_a_p95_takes_twenty_messages(count, read):
    lines = "\n".join(f"m{n}  orders  stock  {n}  {n + 0.1 * (n + 1)}" for n in range(count))
    (p95,) = hours(hour_facts(messages(f"message_id source target sent_at finished_at\n{lines}")))["p95_ms"]
    assert p95 == (None if read is None else pytest.approx(read, rel=0.011))


@given(st.integers(1, 60), st.integers(0, 59), st.integers(0, 10))
def test_parts_of_messages_add_up_to_the_whole(rate, cut, seed):
    frame = rhythmic(2, 1, rate=rate / 20, seed=seed)
    facts = hour_facts(frame)
    assert_frame_equal(merged([hour_facts(frame[:cut]), hour_facts(frame[cut:])], FACT), facts)


def test_percentiles_are_those_of_sorted_values():
    frame = rhythmic(3, 2, rate=15, failing=0.1)
    timed = frame.filter(pl.col("status") == "ok").with_columns(
        ms=(pl.col("finished_at") - pl.col("sent_at")).dt.total_microseconds() / 1000
    )
    for read, width in ((hours(hour_facts(frame)), "1h"), (days(hour_facts(frame)), "1d")):
        at = pl.col("sent_at").dt.truncate(width)
        naive = timed.group_by("integration", at.alias("at")).agg(pl.col("ms").sort(), n=pl.len())
        both = read.join(naive, on=["integration", "at"])
        assert both["timed"].to_list() == both["n"].to_list()
        for name, share in (("p50_ms", 0.5), ("p95_ms", 0.95)):
            told = both.drop_nulls(name)
            true = [values[max(int(np.ceil(share * len(values) - 1e-9)), 1) - 1] for values in told["ms"].to_list()]
            assert told.height > 0
            assert np.abs(np.log(told[name].to_numpy() / true)).max() <= np.log(GAMMA)


def test_a_message_of_1970_makes_no_hours():
    frame = rhythmic(1, 2, rate=5)
    first = frame.with_row_index().with_columns(
        pl.when(pl.col("index") == 0)
        .then(pl.lit(datetime(1970, 1, 1, tzinfo=UTC)))
        .otherwise("sent_at")
        .alias("sent_at")
    )
    assert hours(hour_facts(first.drop("index"))).height <= 48


def test_nothing_has_no_hours():
    facts = hour_facts(messages("message_id source target\na orders orders"))
    assert (facts.height, hours(facts).height, days(facts).height) == (0, 0, 0)
    assert hours(facts).columns == ["integration", "at", "messages", "ended", "failed", "timed", "p50_ms", "p95_ms"]
