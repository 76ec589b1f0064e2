"""Latency against latencies whose truth is known, against nothing wrong, and against times that make no sense."""

import numpy as np
import polars as pl
import pytest
from drawing.frames import drawn, messages
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses import latency
from integrhealth.analyses.latency import edge_latencies
from integrhealth.analyses.latency.journeys import journey_times, savings
from integrhealth.analyses.latency.tables import TABLES
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.evidence import Evidence
from integrhealth.language.schema import FRAMES, STATUSES, TIME, conform
from integrhealth.traces import links
from integrhealth.traces.facts import bucket_ms, log_bucket, merged, percentiles
from integrhealth.traces.journeys import journeys as walked

NO_HOLDS = FRAMES["holds"].empty()
STEPS = ["system", "operation", "object_type"]
EDGE = edge_latencies.EDGE


def evidence(frame, **integration):
    """Evidence of these messages, with one integration in the catalog if it is described."""
    declared = pl.DataFrame([integration], schema=CATALOG["integrations"]) if integration else None
    catalog = Catalog() if declared is None else Catalog(integrations=declared)
    return Evidence(messages=frame, catalog=catalog)


def hops(latencies_us, *, status="ok", kind="request", integration="orders to stock", **columns):
    """One message per latency, sent a second apart; null latencies never ended."""
    sent = pl.int_range(pl.len()) * 1_000_000
    frame = pl.DataFrame({"us": pl.Series(latencies_us, dtype=pl.Int64)}).with_columns(
        sent_at=sent.cast(TIME), finished_at=(sent + pl.col("us")).cast(TIME)
    )
    described = {"source": "orders", "target": "stock", "status": status, "kind": kind, "integration": integration}
    texts = [pl.lit(value).alias(name) for name, value in (described | columns).items()]
    numbered = pl.format("{} {}", pl.lit(f"{integration} {status}"), pl.int_range(pl.len()))
    return conform(frame.with_columns(*texts, message_id=numbered), "messages")


def one(frame, **options):
    """The only row of latency.integrations."""
    return edge_latencies.integrations(edge_latencies.latency_facts(frame), **options).row(0, named=True)


@given(st.integers(0, 10**14))
def test_a_duration_read_back_from_its_bucket_is_at_most_one_percent_off(us):
    read = pl.DataFrame({"us": [us]}).select(bucket_ms(log_bucket(pl.col("us")))).item()
    assert read * 1000 == pytest.approx(us, rel=0.0100001)


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=60), st.sampled_from([0.05, 0.5, 0.9, 0.95, 0.99]))
def test_percentiles_are_the_nearest_rank(values, quantile):
    buckets = pl.DataFrame({"us": values}).select(key=pl.lit("k"), bucket=log_bucket(pl.col("us")), count=pl.lit(1))
    found = percentiles(buckets, ["key"], count="count", quantiles={"q_ms": quantile})
    exact = min(value for value in values if sum(other <= value for other in values) >= quantile * len(values) - 1e-9)
    assert found["n"].item() == len(values)
    assert found["q_ms"].item() * 1000 == pytest.approx(exact, rel=0.0100001)


def test_percentiles_of_exponential_latencies_are_where_theory_puts_them():
    draws = np.random.default_rng(5).exponential(200_000, 40_000).astype(int)
    row = one(hops(draws))
    for name, share in edge_latencies.QUANTILES.items():
        assert row[name] == pytest.approx(-200 * np.log(1 - share), rel=0.05)
    assert row["p95_low_ms"] < 200 * np.log(20) < row["p95_high_ms"]
    assert row["max_ms"] == draws.max() / 1000


def test_the_interval_of_p95_holds_the_truth_nineteen_times_in_twenty():
    rng = np.random.default_rng(11)
    frames = [hops(rng.exponential(100_000, 300).astype(int), integration=f"feed {number}") for number in range(200)]
    table = edge_latencies.integrations(edge_latencies.latency_facts(pl.concat(frames)))
    truth = 100 * np.log(20)
    # The buckets add 1% of their own on either side.
    held = table.filter((pl.col("p95_low_ms") <= truth * 1.01) & (pl.col("p95_high_ms") >= truth * 0.99)).height
    assert 0.93 <= held / 200 <= 1


def test_timeouts_are_slow_and_failures_are_not_fast():
    answered, given_up = hops([20_000] * 90), hops([30_000_000] * 10, status="timeout")
    refused = hops([1000] * 100, status="failed")
    row = one(pl.concat([answered, given_up, refused, hops([5] * 7, status="rejected")]))
    assert row["p50_ms"] == pytest.approx(20, rel=0.01)
    assert row["p95_ms"] == pytest.approx(30_000, rel=0.01)
    counts = {name: row[name] for name in ("messages", "ended", "failed", "timeouts", "rejected", "measured")}
    expected = {"messages": 207, "ended": 207, "failed": 117, "timeouts": 10, "rejected": 7, "measured": 100}
    assert counts == expected
    assert row["error_share"] == pytest.approx(117 / 207)
    assert row["error_low"] < 117 / 207 < row["error_high"]


def test_what_has_not_ended_is_counted_and_in_no_share():
    frames = [hops([1000] * 40)] + [hops([1000] * 2, status=status) for status in STATUSES if status != "ok"]
    row = one(pl.concat(frames))
    assert {name: row[name] for name in edge_latencies.UNENDED} == dict.fromkeys(edge_latencies.UNENDED, 2)
    assert (row["messages"], row["ended"], row["failed"], row["partial"]) == (58, 48, 6, 2)
    assert row["error_share"] == pytest.approx(6 / 48)


def test_few_messages_keep_their_counts_and_get_no_figures():
    row = one(hops([1000] * 29))
    assert (row["messages"], row["ended"], row["measured"], row["max_ms"]) == (29, 29, 29, 1.0)
    withheld = [*edge_latencies.QUANTILES, "p95_low_ms", "p95_high_ms", "error_share", "error_low", "error_high"]
    assert {row[name] for name in withheld} == {None}
    assert one(hops([1000] * 29), min_messages=29)["p95_ms"] == pytest.approx(1, rel=0.01)
    assert one(hops([None] * 3), min_messages=0)["p95_ms"] is None


def test_instant_messages_take_no_time():
    assert one(hops([0] * 40))["p99_ms"] == 0


def test_times_that_run_backwards_are_counted_and_not_used():
    frame = pl.concat([hops([1000] * 30), hops([-1000] * 3, integration="orders to stock"), hops([None] * 2)])
    row = one(
        frame.with_columns(received_at=pl.when(pl.int_range(pl.len()) == 0).then(pl.col("sent_at").dt.offset_by("-1s")))
    )
    assert (row["measured"], row["skewed"], row["unmeasured"], row["max_ms"]) == (30, 4, 5, 1.0)


def test_work_inside_a_system_is_no_integration_and_a_hop_without_a_name_gets_one():
    frame = messages("""
        message_id  source  target  integration  finished_at
        m1          a       a       -            1
        m2          a       b       -            1
        m3          a       b       feed         1
    """)
    table = edge_latencies.integrations(edge_latencies.latency_facts(frame))
    assert table.select(EDGE).rows() == [("a", "b", "a > b"), ("a", "b", "feed")]


def test_the_slowest_come_first_and_those_without_figures_last():
    slow, fast, few = (
        hops([us] * n, integration=name) for us, n, name in ((9000, 40, "slow"), (10, 40, "fast"), (99_000, 2, "few"))
    )
    table = edge_latencies.integrations(edge_latencies.latency_facts(pl.concat([few, fast, slow])))
    assert table["integration"].to_list() == ["slow", "fast", "few"]


SYSTEMS = st.sampled_from(["a", "b", "c"])


@st.composite
def traffic(draw):
    """A few traces of a few messages, with all that may be null null now and then."""
    rows = []
    for number in range(draw(st.integers(0, 25))):
        sent = draw(st.integers(0, 10**6))
        ends = [draw(st.none() | st.integers(sent - 50, sent + 10**6)) for _ in range(3)]
        rows.append(
            {
                "message_id": f"m{number}",
                "trace_id": draw(st.sampled_from(["t1", "t2", "t3"])),
                "parent_id": f"m{draw(st.integers(0, 25))}",
                "integration": draw(st.none() | st.sampled_from(["feed", "a > b"])),
                "source": draw(SYSTEMS),
                "target": draw(SYSTEMS),
                "operation": draw(st.none() | st.just("book")),
                "kind": draw(st.sampled_from(["request", "queue", None])),
                "object_type": draw(st.none() | st.sampled_from(["order", "invoice"])),
                "status": draw(st.sampled_from(STATUSES)),
                "sent_at": sent,
            }
            | dict(zip(("received_at", "finished_at", "answered_at"), ends, strict=True))
        )
    times = ("sent_at", "received_at", "finished_at", "answered_at")
    text = {name: pl.String for name in FRAMES["messages"].columns if rows and name in rows[0] and name not in times}
    schema = text | dict.fromkeys(times, pl.Int64)
    frame = pl.DataFrame(rows, schema=schema) if rows else FRAMES["messages"].empty()
    return conform(frame.with_columns(pl.col(times).cast(TIME)), "messages")


def all_facts(frame):
    found = walked(links.linked(frame), holds=NO_HOLDS)
    passed = journey_times.passed(found)
    return {
        (*EDGE, "bucket"): edge_latencies.latency_facts(frame),
        ("object_type", "bucket"): journey_times.journey_facts(found),
        ("object_type", "system", "operation"): journey_times.step_facts(passed, found.journeys),
        tuple(STEPS): journey_times.beside_facts(found, passed).sort(STEPS),
        ("object_type", *journey_times.STEP, "bucket", "tenth"): savings.saving_facts(passed, found.journeys),
    }


@settings(max_examples=10)
@given(traffic())
def test_facts_of_the_parts_merged_are_the_facts_of_the_whole(frame):
    parts = [all_facts(frame.filter(pl.col("trace_id") == trace)) for trace in ("t1", "t2", "t3")]
    for keys, whole in all_facts(frame).items():
        assert_frame_equal(merged([part[keys] for part in parts], keys), whole)


@settings(max_examples=10)
@given(traffic(), st.randoms())
def test_the_order_of_the_rows_decides_nothing(frame, random):
    order = list(range(frame.height))
    random.shuffle(order)
    once, again = (latency.report(evidence(rows), min_messages=1) for rows in (frame, frame[order]))
    for name, table in once.tables.items():
        assert_frame_equal(table, again.tables[name])
    assert_frame_equal(once.findings, again.findings)


@settings(max_examples=12)
@given(traffic())
def test_the_parts_of_the_mean_journey_sum_to_it_and_the_waterfall_ends_there(frame):
    tables = latency.report(evidence(frame), min_messages=1).tables
    parts = tables["journeys"].select(pl.sum_horizontal("sending_ms", "waiting_ms", "holding_ms", "working_ms"))
    known = tables["journeys"]["mean_ms"].drop_nulls().to_list()
    assert parts.to_series().filter(tables["journeys"]["mean_ms"].is_not_null()).to_list() == pytest.approx(known)
    for (kind,), fall in tables["waterfall"].group_by("object_type"):
        mean = tables["journeys"].filter(pl.col("object_type").eq_missing(kind))["mean_ms"].item()
        assert fall["to_ms"].max() == pytest.approx(mean)
        assert fall["from_ms"].min() == pytest.approx(0)
        assert (fall["to_ms"] - fall["from_ms"]).sum() == pytest.approx(mean)
    path = tables["critical_path"]
    if path["self_ms"].sum() > 0:
        assert path["share"].sum() == pytest.approx(1)
    assert (path["drag_ms"] <= path["self_ms"] + 1e-9).all()


# One second of a web order; then its parcel waits in a queue.
JOURNEY = """
    message_id parent_id trace_id source target operation kind  object_type sent_at answered_at received_at finished_at
    o{n}       -         t{n}     web    orders place   request -           0       1.0         0.1         0.9
    s{n}       o{n}      t{n}     orders stock  reserve request order       0.2     0.6         0.3         0.5
    p{n}       o{n}      t{n}     orders depot  pick    queue   order       0.8     1.0         {picked}    {packed}
"""


def planted(journeys):
    """Journeys of three steps in which the parcel waits the longer the higher its number."""
    drawn_traces = [
        messages(JOURNEY.format(n=number, picked=5 + number, packed=6 + number)) for number in range(journeys)
    ]
    return pl.concat(drawn_traces)


def test_a_planted_journey_is_split_into_its_parts_and_its_steps():
    tables = latency.report(evidence(planted(40))).tables
    row = tables["journeys"].row(0, named=True)
    # To be sent: 0.1 to orders, 0.1 + 0.1 to stock and back, 0.2 to the queue; in the queue 4 to 43 seconds.
    assert (row["object_type"], row["journeys"], row["mean_ms"]) == ("order", 40, pytest.approx(25_500))
    assert row["sending_ms"] == pytest.approx(500)
    assert row["waiting_ms"] == pytest.approx(23_500)
    assert row["working_ms"] == pytest.approx(1500)
    assert row["holding_ms"] == 0
    assert row["p50_ms"] == pytest.approx(25_000, rel=0.01)
    path = tables["critical_path"].select("system", "operation", "self_ms", "traces").rows()
    assert path == [
        ("depot", "pick", pytest.approx(40 * 24_700), 40),
        ("orders", "place", pytest.approx(40 * 400), 40),
        ("stock", "reserve", pytest.approx(40 * 400), 40),
    ]
    fall = tables["waterfall"].select("step", "system", "from_ms", "to_ms").rows()
    assert fall == [
        (1, "orders", pytest.approx(0), pytest.approx(400)),
        (2, "stock", pytest.approx(400), pytest.approx(800)),
        (3, "depot", pytest.approx(800), pytest.approx(25_500)),
    ]


def test_few_journeys_have_means_and_no_percentiles():
    tables = latency.report(evidence(planted(3))).tables
    row = tables["journeys"].row(0, named=True)
    assert row["mean_ms"] is not None
    assert (row["journeys"], row["p50_ms"], row["p95_ms"]) == (3, None, None)
    assert tables["critical_path"]["share_low"].null_count() == 3


def test_the_share_of_a_step_has_an_interval_that_holds_the_truth():
    rng = np.random.default_rng(3)
    held, shares, widths = 0, [], []
    for _ in range(50):
        size = 200
        first, second = rng.exponential(1e5, size).astype(int) + 1, rng.exponential(3e5, size).astype(int) + 1
        start = np.arange(size) * 10**9
        rows = {
            "message_id": [f"{step}{n}" for step in "ab" for n in range(size)],
            "trace_id": [f"t{n}" for n in range(size)] * 2,
            "source": "web",
            "target": ["a"] * size + ["b"] * size,
            "status": "ok",
            "sent_at": np.concatenate([start, start + first]),
            "finished_at": np.concatenate([start + first, start + first + second]),
        }
        frame = pl.DataFrame(rows).with_columns(pl.col("sent_at", "finished_at").cast(TIME))
        path = latency.critical_path(evidence(conform(frame, "messages")))
        low, share, high = path.filter(pl.col("system") == "b").select("share_low", "share", "share_high").row(0)
        shares, widths = [*shares, share], [*widths, high - low]
        held += low <= 0.75 <= high
    assert held >= 44  # of 50; the linearised interval is a little short where durations are skewed
    assert np.mean(widths) == pytest.approx(2 * 1.96 * np.std(shares), rel=0.3)


def rules(found):
    return found.findings.select("rule", "subject", "severity").rows()


def test_a_broken_promise_is_a_finding_with_its_owner():
    frame = pl.concat([hops([2_000_000] * 300), hops([0] * 2, status="failed")])
    found = latency.report(
        evidence(frame, integration="orders to stock", owner="Mara", slo_p95_ms=500.0, slo_success=0.98)
    )
    assert rules(found) == [("slow_integration", "orders to stock", "critical")]
    row = found.findings.row(0, named=True)
    assert row["statement"] == "orders to stock: 5 of 100 messages take longer than 2 s; the promise is 500 ms."
    assert (row["owner"], row["n"], row["threshold"], row["ask"][-1]) == ("Mara", 300, 500.0, "?")
    kept = latency.report(evidence(frame, integration="orders to stock", slo_p95_ms=2500.0, slo_success=0.98))
    assert kept.findings.height == 0


@pytest.mark.parametrize(
    ("failed", "severity"), [(0, None), (5, None), (8, "note"), (20, "warning"), (100, "critical")]
)
def test_failing_more_often_than_allowed_is_a_finding(failed, severity):
    found = latency.report(
        evidence(pl.concat([hops([1000] * (1000 - failed)), hops([1000] * failed, status="failed")]))
    )
    expected = [("failing_integration", "orders to stock", severity)] if severity else []
    assert rules(found) == expected


@pytest.mark.parametrize(("messages_sent", "failed"), [(199, 5), (300, 1)])
def test_a_few_failures_on_a_quiet_feed_page_nobody(messages_sent, failed):
    quiet = pl.concat([hops([1000] * (messages_sent - failed)), hops([1000] * failed, status="failed")])
    assert rules(latency.report(evidence(quiet))) == []
    busy = pl.concat([hops([1000] * 198), hops([1000] * 2, status="failed")])
    assert rules(latency.report(evidence(busy))) == [("failing_integration", "orders to stock", "note")]


def test_a_step_that_takes_most_of_the_time_is_a_finding():
    found = latency.report(evidence(planted(40)))
    assert ("dominant_step", "depot: pick", "note") in rules(found)
    assert "dominant_step" not in latency.report(evidence(planted(20))).findings["rule"]


def test_three_equal_steps_dominate_nothing():
    picture = """
        message_id  trace_id  source  target  sent_at  finished_at
        a{n}        t{n}      web     a       0        1
        b{n}        t{n}      web     b       1        2
        c{n}        t{n}      web     c       2        3
    """
    found = latency.report(evidence(pl.concat([messages(picture.format(n=number)) for number in range(50)])))
    assert found.findings.height == 0
    assert found.tables["critical_path"]["share"].to_list() == pytest.approx([1 / 3] * 3)


def test_without_messages_every_table_is_there_and_the_reason_is_said():
    found = latency.report(evidence(FRAMES["messages"].empty()))
    assert found.missing.startswith("needs messages")
    assert set(TABLES) < set(found.tables)
    assert {name: table.height for name, table in found.tables.items()} == dict.fromkeys(found.tables, 0)
    assert found.findings.height == 0
    assert found.notes == {}


def test_work_in_one_system_that_never_ends_gives_empty_tables_with_sentences():
    found = latency.report(evidence(messages("message_id source target\nm a a")))
    assert found.missing is None
    assert {"integrations", "critical_path", "slo"} <= set(found.notes)
    assert found.tables["journeys"].select("object_type", "journeys", "unended", "mean_ms").rows() == [
        (None, 0, 1, None)
    ]


def test_holds_of_the_evidence_are_taken_out_of_waiting():
    frame = planted(1)
    holds = drawn("holds", "message_id held_at released_at\np0 2 4", checkpoint="four eyes")
    row = latency.report(Evidence(messages=frame, holds=holds)).tables["journeys"].row(0, named=True)
    assert (row["holding_ms"], row["waiting_ms"]) == (pytest.approx(2000), pytest.approx(2000))


@pytest.mark.parametrize(
    ("failed", "ended", "found"),
    [(30, 30, True), (100, 100, True), (10, 40, True), (2, 40, False), (1, 30, False), (1, 200, False), (4, 200, True)],
)
def test_a_feed_that_certainly_fails_is_named_though_it_is_quiet(failed, ended, found):
    """At 99.5% promised: 200 messages, or fewer when the failures are certainly beyond six or fourteen times that."""
    lines = ["message_id source target status"]
    lines += [f"m{i} shop erp {'failed' if i < failed else 'ok'}" for i in range(ended)]
    report = latency.report(Evidence(messages=messages("\n".join(lines))))
    assert ("failing_integration" in set(report.findings["rule"])) == found


def test_the_highest_of_fifty_values_is_no_upper_bound_of_their_95th_percentile():
    lines = ["message_id source target kind sent_at answered_at"]
    lines += [f"m{i} shop erp request {i} {2 * i + 1}" for i in range(100)]
    frame = messages("\n".join(lines))
    few, many = (latency.report(Evidence(messages=f)).tables["integrations"] for f in (frame.head(50), frame))
    assert few["p95_high_ms"].to_list() == [None]
    assert few["p95_low_ms"].item() < few["p95_ms"].item()
    assert many["p95_high_ms"].item() > many["p95_ms"].item()
