"""Stalls that kept messages from being sent: percentiles as they would have been, and only where that is the case."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses import latency
from integrhealth.analyses.latency import edge_latencies, omission
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.evidence import Evidence
from integrhealth.language.schema import FRAMES, TIME, conform
from integrhealth.traces.facts import bucket_ms, merged

EDGE = list(edge_latencies.EDGE)


def sends(at_us, latencies_us, **columns):
    """Requests of one integration, sent at these microseconds."""
    frame = pl.DataFrame({"sent_at": at_us, "us": latencies_us}, schema={"sent_at": pl.Int64, "us": pl.Int64})
    described = {"source": "shop", "target": "bank", "status": "ok", "kind": "request", "integration": "pay"} | columns
    return conform(
        frame.with_columns(
            pl.col("sent_at").cast(TIME),
            answered_at=(pl.col("sent_at") + pl.col("us")).cast(TIME),
            message_id=pl.format("m{}", pl.int_range(pl.len())),
            **{name: pl.lit(value) for name, value in described.items()},
        ),
        "messages",
    )


def closed_loop(latencies_us, *, every_us):
    """Sends on a schedule by someone who waits for each answer, and leaves out what the answer kept it from."""
    at, sent = 0, []
    for taken in latencies_us:
        sent.append(at)
        at += max(every_us, -(-taken // every_us) * every_us)
    return sends(sent, latencies_us)


def row(frame, *, schedule_ms=None):
    declared = pl.DataFrame([{"integration": "pay", "schedule_ms": schedule_ms}], schema=CATALOG["integrations"])
    catalog = Catalog() if schedule_ms is None else Catalog(integrations=declared)
    return latency.integrations(Evidence(messages=frame, catalog=catalog)).row(0, named=True)


STALL = [1000] * 10_000 + [100_000_000]


@pytest.mark.parametrize(("schedule_ms", "source"), [(10.0, "catalog"), (None, "sends")])
def test_a_stall_counts_for_all_that_it_kept_from_being_sent(schedule_ms, source):
    frame = pl.concat([closed_loop(STALL, every_us=10_000), sends([200_000_000], [1000], status="ok")])
    found = row(frame.with_columns(message_id=pl.format("m{}", pl.int_range(pl.len()))), schedule_ms=schedule_ms)
    assert found["p99_ms"] == pytest.approx(1, rel=0.01)
    assert found["schedule_from"] == source
    assert found["schedule_ms"] == pytest.approx(10)
    assert found["unsent"] == pytest.approx(9_999, rel=0.01)
    assert found["p99_unsent_ms"] == pytest.approx(98_000, rel=0.02)
    assert found["p95_unsent_ms"] == pytest.approx(90_000, rel=0.02)


def test_who_went_on_sending_left_nothing_out():
    """100 s in which nothing was answered, and all that was to be sent was: those latencies are there already."""
    at = np.arange(20_000) * 10_000
    waited = np.where(at < 100_000_000, 1000, np.maximum(1000, 200_000_000 - at))
    found = row(sends(at, waited), schedule_ms=10.0)
    assert (found["unsent"], found["p99_unsent_ms"]) == (0, found["p99_ms"])


@pytest.mark.parametrize("seed", range(6))
def test_sends_at_random_follow_no_schedule(seed):
    rng = np.random.default_rng(seed)
    found = row(sends(np.cumsum(rng.exponential(10_000, 3000)).astype(int), np.full(3000, 50_000)))
    assert [found[name] for name in ("schedule_ms", "schedule_from", "unsent", "p99_unsent_ms")] == [None] * 4


@pytest.mark.parametrize(("jitter_us", "source"), [(0, "sends"), (400, "sends"), (1100, None)])
def test_a_schedule_is_seen_where_nine_of_ten_gaps_are_within_a_tenth(jitter_us, source):
    late = np.where(np.arange(2000) % 2 == 0, 0, jitter_us)
    assert row(sends(np.arange(2000) * 10_000 + late, np.full(2000, 1000)))["schedule_from"] == source


def test_a_latency_within_the_schedule_stands_for_itself_alone():
    slow = row(closed_loop([19_000] * 100, every_us=10_000), schedule_ms=10.0)
    assert (slow["unsent"], slow["p95_unsent_ms"]) == (0, slow["p95_ms"])


def test_few_messages_have_no_schedule_of_their_own_and_no_percentile():
    few = closed_loop([1000] * 20 + [5_000_000], every_us=10_000)
    assert row(few)["schedule_from"] is None
    declared = row(few, schedule_ms=10.0)
    assert (declared["schedule_from"], declared["p99_unsent_ms"]) == ("catalog", None)


def hdr(latencies_ms, interval_ms):
    """HdrHistogram's recordValueWithExpectedInterval, value by value."""
    values = []
    for value in latencies_ms:
        missing = value - interval_ms
        while missing >= interval_ms - 1e-9:
            values.append(missing)
            missing -= interval_ms
    return values


@settings(max_examples=30)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=6), st.sampled_from([0.5, 1.0, 7.0, 60.0, 1000.0]))
def test_what_is_added_in_closed_form_is_what_the_loop_adds(latencies, interval):
    facts = edge_latencies.latency_facts(sends(np.arange(len(latencies)), [ms * 1000 for ms in latencies]))
    schedules = facts.select(EDGE).unique().with_columns(schedule_ms=pl.lit(interval), schedule_from=pl.lit("catalog"))
    found = omission.unsent_facts(facts, schedules)
    read_back = facts.with_columns(ms=bucket_ms(pl.col("bucket")))
    values = [ms for ms, n in read_back.select("ms", "measured").rows() for _ in range(n)]
    expected = pl.DataFrame({"ms": hdr(values, interval)}, schema={"ms": pl.Float64})
    counted = expected.group_by(bucket=((pl.col("ms") * 1000).log() / np.log(1.01 / 0.99)).ceil().cast(pl.Int16))
    assert dict(found.select("bucket", "unsent").rows()) == pytest.approx(dict(counted.agg(pl.len()).rows()), abs=1)
    assert found["unsent"].sum() == expected.height


@settings(max_examples=10)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**7)), max_size=30), st.integers(0, 30))
def test_facts_of_the_parts_merged_are_those_of_the_whole(drawn, cut):
    frame = sends([at for at, _ in drawn], [us for _, us in drawn])
    parts = [frame[:cut], frame[cut:]]
    whole = omission.sent_facts(frame)
    assert_frame_equal(merged([omission.sent_facts(part) for part in parts], EDGE), whole)
    schedules = whole.select(EDGE).with_columns(schedule_ms=pl.lit(50.0), schedule_from=pl.lit("catalog"))
    unsent = [omission.unsent_facts(edge_latencies.latency_facts(part), schedules) for part in [*parts, frame]]
    assert_frame_equal(merged(unsent[:2], [*EDGE, "bucket"]), unsent[2])


def test_without_messages_there_are_no_schedules():
    assert latency.integrations(Evidence(messages=FRAMES["messages"].empty())).height == 0
