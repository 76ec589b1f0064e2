"""Load by the minute against a count by hand, and companies of the textbook that break, slow or say nothing."""

from datetime import timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest
from drawing.landscapes import healthy
from drawing.servers import MONDAY, messages, poisson, rhythm, worked_off
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses import latency
from integrhealth.analyses.latency.capacity.findings import capacity_findings
from integrhealth.analyses.latency.capacity.load import KEYS, load_facts, loads
from integrhealth.analyses.latency.charts import capacity_chart
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.language.schema import TIME, conform
from integrhealth.traces.facts import merged

NOTHING_DECLARED = pl.DataFrame(schema=CATALOG["integrations"])
TAKES_PLACE = ("ok", "partial", "timeout", "declined")
STATUSES = ("ok", "ok", "partial", "failed", "timeout", "rejected", "pending", "declined")


def drawn(rows: list[tuple[float, float | None, str, str]]) -> pl.DataFrame:
    """Messages from Shop by (seconds sent, seconds taken, status, target)."""
    return conform(
        pl.DataFrame(
            [
                {
                    "message_id": str(number),
                    "source": "Shop",
                    "target": target,
                    "kind": "queue",
                    "status": status,
                    "sent_at": MONDAY + timedelta(seconds=sent),
                    "finished_at": None if taken is None else MONDAY + timedelta(seconds=sent + taken),
                }
                for number, (sent, taken, status, target) in enumerate(rows)
            ],
            schema_overrides={"finished_at": pl.Datetime("us", "UTC")},
        ),
        "messages",
    )


def of_minutes(frame: pl.DataFrame, minutes: int = 1) -> pl.DataFrame:
    facts = load_facts(frame, NOTHING_DECLARED)
    return loads(facts, facts.select("system", minutes=pl.lit(minutes, pl.Int64)).unique())


some_messages = st.lists(
    st.tuples(
        st.integers(-900, 900).map(lambda tenth: tenth / 2),
        st.none() | st.integers(-20, 900).map(lambda tenth: tenth / 2),
        st.sampled_from(STATUSES),
        st.sampled_from(["ERP", "WMS"]),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(some_messages, st.sampled_from([1, 2, 5]))
def test_concurrency_is_what_counting_every_half_second_gives(rows, minutes):
    told = of_minutes(drawn(rows), minutes)
    for system, at, concurrency, completions in told.select("system", "at", "concurrency", "completions").iter_rows():
        start = (at - MONDAY).total_seconds()
        spans = [
            (sent, sent + taken, status)
            for sent, taken, status, target in rows
            if target == system and taken is not None and taken >= 0 and status in TAKES_PLACE
        ]
        moments = [start + step / 2 for step in range(120 * minutes)]
        counted = sum(sum(begun <= moment < ended for begun, ended, _ in spans) for moment in moments)
        assert concurrency == pytest.approx(counted / (120 * minutes), abs=1e-9)
        done = sum(
            start <= (sent + taken if taken is not None and taken >= 0 else sent) < start + 60 * minutes
            for sent, taken, status, target in rows
            if target == system and status in ("ok", "partial", "declined")
        )
        assert completions == done


@settings(max_examples=40, deadline=None)
@given(some_messages, st.integers(0, 25))
def test_facts_of_parts_add_up_to_those_of_the_whole(rows, cut):
    whole = drawn(rows)
    parts = [load_facts(part, NOTHING_DECLARED) for part in (whole[:cut], whole[cut:])]
    assert_frame_equal(merged(parts, KEYS), load_facts(whole, NOTHING_DECLARED))


@settings(max_examples=30, deadline=None)
@given(some_messages)
def test_littles_law_holds_where_everything_that_came_has_left(rows):
    told = of_minutes(drawn(rows))
    in_flight = dict(told.group_by("system").agg(pl.col("concurrency").sum()).iter_rows())
    for system, minutes in in_flight.items():
        taken = sum(
            each
            for _, each, status, target in rows
            if target == system and each is not None and each >= 0 and status in TAKES_PLACE
        )
        # Minutes in which nothing came or ended have no row; all others hold the rest of the time.
        assert minutes <= taken / 60 + 1e-9
        if all(each is None or each < 60 for _, each, _, target in rows if target == system):
            assert minutes == pytest.approx(taken / 60)


def test_what_counts_where():
    request = {"source": "Shop", "kind": "request", "status": "ok", "sent_at": MONDAY}
    rows = [
        request | {"target": "ERP", "received_at": MONDAY + timedelta(seconds=6), "attempt": 2},
        request | {"target": "Shop"},  # work inside a system
        request | {"target": "ERP", "status": "failed"},  # refused: takes no place
        request | {"target": "ERP", "load_test": True},
        request | {"target": "unknown (asked by Shop)"},
    ]
    frame = pl.DataFrame(rows).with_columns(
        message_id=pl.int_range(pl.len()).cast(pl.String), finished_at=pl.lit(MONDAY) + pl.duration(seconds=36)
    )
    facts = load_facts(conform(frame, "messages"), NOTHING_DECLARED)
    counts = facts.select("system", "load_test", "arrivals", "retries", "queued", "completions", "failed", "entered")
    assert counts.rows() == [("ERP", False, 2, 1, 0, 1, 1, 1), ("ERP", True, 1, 0, 0, 1, 0, 1)]
    traffic = facts.filter(~pl.col("load_test"))
    assert loads(traffic, pl.DataFrame({"system": ["ERP"], "minutes": [1]}))["concurrency"].to_list() == [0.5]


def test_what_is_normal_is_the_busiest_hour_of_a_median_day():
    """10, 40 and 40 a minute for two hours on three days; on a fourth nothing comes, and the last of them is done."""
    frame = days_of([10, 40, 40])
    last = frame[-1].with_columns(
        message_id=pl.lit("late"),
        attempt=pl.lit(2, pl.Int64),
        finished_at=pl.lit(MONDAY + timedelta(days=4)).cast(TIME),
    )
    row = answer(ih.Evidence(messages=pl.concat([frame, last])))
    assert row["normal_per_minute"] == pytest.approx(40)
    assert row["mean_per_minute"] == pytest.approx(40 * 120 / 1440, rel=0.01)
    assert (row["busiest_per_minute"], row["peak_per_minute"]) == (pytest.approx(40), 40)
    assert row["done_per_minute"] == pytest.approx(40, abs=1)


# A normal day asks for 100 a minute at its busiest hour, and two days nearly for what the server can do.
BUSY = {"A": ([100, 194, 194, 100, 100], 200, "request"), "B": ([100, 303, 303, 100, 100], 300, "queue")}
TIMEOUT = 1  # minutes


@cache
def company(name: str, *, seed: int = 0, quiet: bool = False) -> ih.Evidence:
    """One server with a rhythm of days. A takes twice the normal load, and who waits a minute gives up and tries again;
    B takes three times as much, from a queue."""
    tops, per_minute, kind = BUSY[name]
    rng = np.random.default_rng(seed)
    arrived = poisson(rhythm([100] * len(tops) if quiet else tops), rng)
    done = worked_off(arrived, rng.exponential(1 / per_minute, arrived.size))
    if name == "B":
        return ih.Evidence(messages=messages(arrived, done, kind=kind))
    late = done - arrived > TIMEOUT
    again = arrived[late] + TIMEOUT
    every = np.concatenate([arrived, again])
    order = np.argsort(every, kind="stable")
    every, attempt = every[order], np.repeat([1, 2], [arrived.size, again.size])[order]
    done = worked_off(every, rng.exponential(1 / per_minute, every.size))
    given_up = done - every > TIMEOUT
    ended = np.where(given_up, every + TIMEOUT, done)
    status = np.where(given_up, "timeout", "ok")
    return ih.Evidence(messages=messages(every, ended, kind=kind, status=status, attempt=attempt))


def answer(evidence: ih.Evidence) -> dict:
    return latency.capacity(evidence).row(0, named=True)


def test_company_a_breaks_at_three_times_its_normal_load():
    row = answer(company("A"))
    assert (row["at_3x"], row["at_10x"], row["at_3x_by"], row["reason"]) == ("breaks", "breaks", "curve", None)
    assert row["normal_per_minute"] == pytest.approx(100, rel=0.05)
    assert row["low"] < 200 < row["high"]
    assert row["capacity_per_minute"] == pytest.approx(200, rel=0.05)


def test_company_b_slows_at_three_times_and_breaks_at_ten():
    row = answer(company("B"))
    assert (row["at_3x"], row["at_10x"], row["queue"]) == ("slows", "breaks", True)
    assert row["low"] < 300 < row["high"]


@pytest.mark.parametrize("name", ["A", "B"])
def test_a_quiet_week_cannot_tell(name):
    row = answer(company(name, quiet=True))
    assert (row["at_3x"], row["at_10x"], row["at_3x_by"]) == ("cannot tell", "cannot tell", None)
    assert row["capacity_per_minute"] is row["low"] is row["high"] is None
    assert row["reason"] in ("never seen near its limit", "too uncertain")
    assert latency.load_curve(company(name, quiet=True)).is_empty()


def steady(per_minute: float, minutes: int, *, share_failed: float = 0.0, load_test: bool, start: int = 0):
    count = round(per_minute * minutes)
    at = start + (np.arange(count) + 0.5) / per_minute
    failed = np.arange(count) < share_failed * count
    shuffled = np.random.default_rng(1).permutation(failed)
    return messages(
        at, at + 0.01, status=np.where(shuffled, "failed", "ok"), load_test=np.full(count, load_test)
    ).with_columns(message_id=pl.format("{}-{}", pl.lit(str(load_test)), "message_id"))


@pytest.mark.parametrize(
    ("multiple", "failed", "minutes", "at_3x", "at_10x"),
    [
        (10, 0.0, 6, "holds", "holds"),
        (9.5, 0.0, 6, "holds", "cannot tell"),
        (3, 0.2, 6, "breaks", "breaks"),
        (5, 0.2, 6, "cannot tell", "breaks"),
        (10, 0.0, 4, "cannot tell", "cannot tell"),  # too short a test
        (10, 0.004, 6, "holds", "holds"),  # within the promise
    ],
)
def test_a_load_test_answers_by_evidence(multiple, failed, minutes, at_3x, at_10x):
    traffic = steady(20, 180, load_test=False)
    test = steady(20 * multiple, minutes, share_failed=failed, load_test=True, start=60)
    row = answer(ih.Evidence(messages=pl.concat([traffic, test])))
    assert (row["at_3x"], row["at_10x"]) == (at_3x, at_10x)
    assert row["normal_per_minute"] == pytest.approx(20)  # a test is no traffic
    assert row["peak_per_minute"] == pytest.approx(20)
    if minutes > 5:
        assert row["tested_multiple"] == pytest.approx(multiple, rel=0.01)
        assert row["tested_error_share"] == pytest.approx(failed, abs=0.002)
        assert row["at_10x_by"] == (None if at_10x == "cannot tell" else "load test")


def days_of(rates: list[float], *, share_failed: float = 0.0) -> pl.DataFrame:
    """Two hours of steady traffic a day, the last day of which also fails."""
    frames = [
        steady(rate, 120, share_failed=share_failed if day == len(rates) - 1 else 0, load_test=False, start=day * 1440)
        for day, rate in enumerate(rates)
    ]
    numbered = pl.concat(frames)
    return numbered.with_columns(message_id=pl.int_range(pl.len()).cast(pl.String))


@pytest.mark.parametrize(
    ("rates", "failed", "at_3x"),
    [
        ([10, 10, 10, 31], 0.0, "holds"),
        ([10, 10, 10, 29], 0.0, "cannot tell"),
        ([10, 10, 10, 31], 0.2, "cannot tell"),
    ],
)
def test_traffic_that_came_through_answers_where_no_curve_does(rates, failed, at_3x):
    row = answer(ih.Evidence(messages=days_of(rates, share_failed=failed)))
    assert (row["at_3x"], row["at_10x"]) == (at_3x, "cannot tell")
    queued = days_of(rates, share_failed=failed).with_columns(kind=pl.lit("queue"))
    # Behind a queue nothing fails: without a promise nobody knows how long it waited.
    assert answer(ih.Evidence(messages=queued))["at_3x"] == "cannot tell"


def test_headroom_is_the_throughput_at_which_the_promise_was_kept():
    """One server at 200 a minute takes ln 20 / (200 - x) minutes for 95 of 100: 2 s are kept up to about 110."""
    tops, per_minute, _ = BUSY["A"]
    rng = np.random.default_rng(0)
    arrived = poisson(rhythm(tops), rng)
    done = worked_off(arrived, rng.exponential(1 / per_minute, arrived.size))
    promised = pl.DataFrame(
        [{"integration": "orders", "source": "Shop", "target": "Server", "slo_p95_ms": 2000.0}],
        schema=CATALOG["integrations"],
    )
    evidence = ih.Evidence(messages=messages(arrived, done), catalog=Catalog(integrations=promised))
    row = answer(evidence)
    assert row["sustained_per_minute"] == pytest.approx(200 - np.log(20) * 30, rel=0.1)
    assert row["observed_headroom"] == pytest.approx(row["sustained_per_minute"] / row["normal_per_minute"])
    assert answer(ih.Evidence(messages=messages(arrived, done)))["observed_headroom"] is None


def rules(evidence: ih.Evidence) -> dict[str, str]:
    said = capacity_findings(latency.capacity(evidence), evidence.catalog.systems)
    return dict(said.select("rule", "severity").iter_rows())


def test_findings_where_a_limit_is_near_and_none_where_nobody_knows():
    assert rules(company("A")) == {"capacity_reached": "warning", "breaks_at_3x": "note"}
    assert rules(company("B")) == {"capacity_reached": "warning"}
    assert rules(company("A", quiet=True)) == {}


@pytest.mark.parametrize("seed", range(3))
def test_healthy_companies_draw_nothing(seed):
    assert rules(healthy(seed)) == {}


@pytest.mark.parametrize("rows", [[], [(0.0, None, "ok", "ERP")], [(0.0, 0.0, "ok", "ERP")] * 50])
def test_little_input_is_answered_with_counts_alone(rows):
    evidence = ih.Evidence(messages=drawn(rows)) if rows else ih.Evidence()
    table = latency.capacity(evidence)
    assert table.height == min(len(rows), 1)
    assert table["capacity_per_minute"].null_count() == table.height
    assert latency.load_points(evidence).is_empty()
    assert "mark" in capacity_chart(table, latency.load_points(evidence), latency.load_curve(evidence)).to_dict()


def test_the_chart_is_small_and_names_what_it_shows():
    evidence = company("B")
    chart = capacity_chart(
        latency.capacity(evidence), latency.load_points(evidence), latency.load_curve(evidence)
    ).to_dict()
    assert chart["title"]["text"].startswith("Server can take 3")
    assert sum(map(len, chart["datasets"].values())) < 150
    quiet = company("B", quiet=True)
    points = capacity_chart(latency.capacity(quiet), latency.load_points(quiet), latency.load_curve(quiet)).to_dict()
    assert "nobody can tell" in points["title"]["text"]


def table_of(**columns) -> pl.DataFrame:
    """One system with what the findings ask for."""
    row = {
        "system": "Server",
        "capacity_per_minute": 100.0,
        "low": 96.0,
        "high": 104.0,
        "busiest_per_minute": 50.0,
        "normal_per_minute": 30.0,
        "minutes": 5000,
        "at_3x": "holds",
        "at_3x_by": "curve",
        "tested_per_minute": None,
        "tested_error_share": None,
    }
    return pl.DataFrame([row | columns]).cast({pl.Null: pl.Float64})


@pytest.mark.parametrize(
    ("busiest", "severity"), [(89.0, None), (91.0, "note"), (95.0, "warning"), (103.0, "warning"), (105.0, "critical")]
)
def test_how_near_the_limit_the_busiest_hour_came(busiest, severity):
    systems = pl.DataFrame([{"system": "Server", "team": "core"}], schema=CATALOG["systems"])
    said = capacity_findings(table_of(busiest_per_minute=busiest), systems)
    assert said["severity"].to_list() == ([severity] if severity else [])
    assert said["owner"].to_list() == (["core"] if severity else [])


def test_a_capacity_that_nobody_can_tell_is_near_nothing():
    unknown = table_of(capacity_per_minute=None, low=None, high=None, busiest_per_minute=1e6, at_3x="cannot tell")
    assert capacity_findings(unknown, pl.DataFrame(schema=CATALOG["systems"])).is_empty()


def a_test_that_failed() -> ih.Evidence:
    traffic = steady(20, 180, load_test=False)
    return ih.Evidence(messages=pl.concat([traffic, steady(60, 6, share_failed=0.2, load_test=True, start=60)]))


def test_the_report_says_of_a_system_what_the_table_does():
    said = latency.report(a_test_that_failed()).findings
    assert said.filter(rule="breaks_at_3x")["statement"].to_list() == [
        "Server breaks at three times its normal 20 messages a minute: a load test of 60 a minute failed 20% of its "
        "messages."
    ]
