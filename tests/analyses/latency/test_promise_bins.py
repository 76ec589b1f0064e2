"""What counts for a promise in bins of five minutes, drawn by hand, and that it adds up."""

from datetime import timedelta

import polars as pl
import pytest
from drawing.frames import NOON, messages
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses.latency.promises.bins import BIN_KEYS, BINS, promise_facts
from integrhealth.language.schema import FRAMES, TIME
from integrhealth.traces.facts import merged

PROMISED = pl.DataFrame({"integration": ["fast", "any"], "slo_p95_ms": [2000.0, None]})


def drawn_facts(picture, promised=PROMISED, apart=None):
    return promise_facts(messages(picture), promised, apart)


def test_messages_count_in_the_five_minutes_in_which_they_were_sent():
    facts = drawn_facts("""
        message_id  integration  source  target  sent_at  finished_at  status
        a           any          web     erp     0        1            ok
        b           any          web     erp     299.9    1000         failed
        c           any          web     erp     300      301          partial
        d           any          crm     erp     310      311          ok
    """)
    later = NOON + timedelta(minutes=5)
    assert facts.rows() == [("any", NOON, 2, 1, 0, 0), ("any", later, 2, 1, 0, 0)]


@pytest.mark.parametrize(
    ("status", "ended", "bad"),
    [("ok", 1, 0), ("partial", 1, 1), ("failed", 1, 1), ("timeout", 1, 1), ("rejected", 1, 1), ("declined", 1, 0)]
    + [(status, 0, 0) for status in ("skipped", "held", "pending", "cancelled", "unknown")],
)
def test_what_is_partial_is_bad_and_what_was_declined_is_not(status, ended, bad):
    facts = drawn_facts(f"""
        message_id  integration  source  target  status
        a           any          web     erp     {status}
        b           any          web     erp     ok
    """)
    assert facts.select("ended", "bad").row(0) == (1 + ended, bad)


def test_work_inside_a_system_and_load_tests_are_no_traffic_and_an_edge_has_a_name():
    facts = drawn_facts("""
        message_id  integration  source  target  status  load_test
        a           any          erp     erp     failed  -
        b           any          web     erp     failed  true
        c           any          web     erp     ok      false
        d           -            web     erp     ok      -
    """)
    assert facts.select("integration", "ended", "bad").rows() == [("any", 1, 0), ("web > erp", 1, 0)]


def test_as_slow_as_promised_is_kept_and_a_microsecond_more_is_not():
    facts = drawn_facts("""
        message_id  integration  source  target  kind     sent_at  answered_at  finished_at  status
        a           fast         web     erp     request  0        2            9            ok
        b           fast         web     erp     request  0        2.000001     -            ok
        c           fast         web     erp     request  0        9            9            failed
        d           fast         web     erp     request  0        -            -            ok
        e           fast         web     erp     request  0        -1           -            ok
        f           any          web     erp     request  0        9            9            ok
    """)
    assert facts.select("integration", "ended", "timed", "slower").rows() == [("any", 1, 0, 0), ("fast", 5, 2, 1)]


def test_a_timeout_given_up_before_the_promise_says_nothing_of_it():
    facts = drawn_facts("""
        message_id  integration  source  target  kind     sent_at  answered_at  status
        a           fast         web     erp     request  0        1            timeout
        b           fast         web     erp     request  0        2            timeout
        c           fast         web     erp     request  0        2.5          timeout
        d           fast         web     erp     request  0        -            timeout
    """)
    assert facts.select("ended", "bad", "timed", "slower").row(0) == (4, 4, 1, 1)


@pytest.mark.parametrize(("offset_ms", "timed", "slower"), [(None, 2, 2), (3000.0, 3, 1), (-3000.0, 3, 2)])
def test_what_two_clocks_timed_is_read_without_their_offset(offset_ms, timed, slower):
    """The answer to a request is timed by one clock, and whatever its offset is, it keeps its latency."""
    apart = pl.DataFrame({"source": ["web"], "target": ["erp"], "clock_offset_ms": [offset_ms]})
    facts = drawn_facts(
        """
        message_id  integration  source  target  kind     sent_at  answered_at  finished_at  status
        a           fast         web     erp     request  0        2.5          0.1          ok
        b           fast         web     erp     queue    0        -            4            ok
        c           fast         web     erp     queue    0        -            -1           ok
        """,
        apart=apart if offset_ms else None,
    )
    assert facts.select("timed", "slower").row(0) == (timed, slower)


def test_nothing_gives_no_rows_and_a_name_promised_twice_counts_once():
    assert promise_facts(FRAMES["messages"].empty(), PROMISED).equals(pl.DataFrame(schema=BINS))
    one = "message_id integration source target finished_at \n a fast web erp 3"
    assert drawn_facts(one, pl.concat([PROMISED, PROMISED])).select("ended", "timed", "slower").row(0) == (1, 1, 1)


BEGAN = st.integers(-(10**12), 10**12).map(lambda us: 1_700_000_000_000_000 + us)
ROW = st.tuples(BEGAN, st.integers(-5, 4_000_000), st.sampled_from(("ok", "failed", "timeout", "held")), st.booleans())


@settings(max_examples=40, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=30), st.integers(0, 30), st.randoms())
def test_parts_merged_are_the_whole_in_any_order(rows, cut, chance):
    frame = pl.DataFrame(rows, schema=["sent", "taken", "status", "fast"], orient="row").select(
        message_id=pl.int_range(pl.len()).cast(pl.String),
        integration=pl.when("fast").then(pl.lit("fast")),
        source=pl.lit("web"),
        target=pl.lit("erp"),
        sent_at=pl.col("sent").cast(TIME),
        finished_at=(pl.col("sent") + pl.col("taken")).cast(TIME),
        status="status",
    )
    whole = FRAMES["messages"].empty()
    whole = pl.concat([whole.clear(), frame], how="diagonal").select(whole.columns)
    shuffled = whole[chance.sample(range(whole.height), whole.height)]
    parts = [promise_facts(part, PROMISED) for part in (shuffled[:cut], shuffled[cut:])]
    assert_frame_equal(merged(parts, BIN_KEYS), promise_facts(whole, PROMISED))
    assert merged(parts, BIN_KEYS)["ended"].sum() == whole.filter(pl.col("status") != "held").height
