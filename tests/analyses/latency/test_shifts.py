"""Shifts of integrations that were planted, dated and named; rhythms, spikes, outages and holidays that are none."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.rhythms import MONDAY, from_hour, rhythmic

from integrhealth.analyses import latency
from integrhealth.analyses.latency.shifts.hours import days, hour_facts, hours
from integrhealth.analyses.latency.shifts.levels import SHIFTS, shifts
from integrhealth.evidence import Evidence
from integrhealth.language.schema import FRAMES, TIME

DAY = timedelta(days=1)
LATENCIES = ["p50_ms", "p95_ms"]


def shifted(messages, **options):
    facts = hour_facts(messages)
    return shifts(hours(facts), days(facts), **options)


def series(rows):
    return rows.select("integration", "metric").unique().height


@pytest.mark.parametrize(("length", "correlated"), [(14, 0.8), (24, 0.5), (24, 0.9)])
def test_a_rhythm_of_day_and_week_is_no_shift(length, correlated):
    """At most 1 of 100 series: 40 integrations by four metrics."""
    rows = shifted(rhythmic(40, length, seed=length, rate=4, correlated=correlated))
    assert series(rows) <= 2


@pytest.mark.parametrize("hour", [12 * 24, 11 * 24 + 9])
def test_a_step_is_dated_within_a_day(hour):
    rows = shifted(rhythmic(20, 24, rate=8, slower=from_hour(24 * 24, hour, 1.6)))
    median = rows.filter(pl.col("metric") == "p50_ms", pl.col("kind") == "shift")
    planted = MONDAY + timedelta(hours=hour)
    assert median.filter((pl.col("at") - planted).abs() <= DAY)["integration"].n_unique() >= 19
    assert median["change"].mean() == pytest.approx(0.6, abs=0.05)
    assert rows.filter(~pl.col("metric").is_in(LATENCIES)).height <= 1


def test_before_and_after_are_the_levels_beside_the_shift_and_n_their_messages():
    messages = rhythmic(1, 28, rate=30, slower=from_hour(28 * 24, 14 * 24, 2.0), day=0, week=0)
    row = shifted(messages).filter(pl.col("metric") == "p50_ms").row(0, named=True)
    assert (row["before"], row["after"]) == (pytest.approx(300, rel=0.05), pytest.approx(600, rel=0.05))
    assert row["change"] == pytest.approx(row["after"] / row["before"] - 1)
    timed = messages.filter(pl.col("status") == "ok")
    assert row["n_before"] == timed.filter(pl.col("sent_at") < row["at"]).height
    assert row["n_after"] == timed.height - row["n_before"]
    assert (row["at"], row["until"], row["measured_by"]) == (MONDAY + 14 * DAY, None, "messages")


def test_a_volume_is_messages_per_day_and_no_latency():
    busier = from_hour(28 * 24, 10 * 24, 3.0) * from_hour(28 * 24, 20 * 24, 1 / 3)
    messages = rhythmic(2, 28, rate=5, busier=busier)
    rows = shifted(messages)
    assert set(rows["metric"]) == {"messages"}
    first = rows.filter(pl.col("integration") == "i000")
    assert [(at - MONDAY) / DAY for at in first["at"]] == [10, 20]
    per_day = messages.filter(pl.col("integration") == "i000", pl.col("sent_at") < MONDAY + 10 * DAY).height / 10
    assert first["before"][0] == pytest.approx(per_day)
    assert first["change"].to_list() == [pytest.approx(2, abs=0.5), pytest.approx(-2 / 3, abs=0.1)]


@pytest.mark.parametrize(("failed", "rows"), [(9, 0), (10, 1)])
def test_an_error_share_takes_ten_failures(failed, rows):
    """Twenty days of an hour with ten messages each, one of which failed on each of the last days."""
    counts = pl.DataFrame({"day": range(20)}, schema={"day": pl.Int64}).select(
        integration=pl.lit("pick"),
        at=(pl.lit(MONDAY) + pl.duration(days="day")).cast(TIME),
        messages=pl.lit(10, pl.Int64),
        ended=pl.lit(10, pl.Int64),
        failed=(pl.col("day") >= 20 - failed).cast(pl.Int64),
        timed=pl.lit(0, pl.Int64),
        p50_ms=pl.lit(None, pl.Float64),
        p95_ms=pl.lit(None, pl.Float64),
    )
    assert shifts(counts, counts.clear()).height == rows


def test_an_error_share_that_rose_is_one_shift():
    failing = 0.01 * from_hour(24 * 24, 12 * 24, 5.0)
    rows = shifted(rhythmic(5, 24, rate=20, failing=failing))
    errors = rows.filter(pl.col("metric") == "error_share")
    assert errors["integration"].to_list() == [f"i00{number}" for number in range(5)]
    assert all(abs(at - MONDAY - 12 * DAY) <= DAY for at in errors["at"])
    assert errors["after"].to_list() == [pytest.approx(0.05, abs=0.01)] * 5


def test_two_steps_are_two_rows():
    stairs = from_hour(60 * 24, 20 * 24, 1.6) * from_hour(60 * 24, 40 * 24, 1.6)
    twice = shifted(rhythmic(2, 60, rate=6, slower=stairs)).filter(pl.col("metric") == "p50_ms")
    dated = [(row["kind"], (row["at"] - MONDAY) / DAY) for row in twice.rows(named=True)]
    assert dated == [("shift", 20), ("shift", 40)] * 2


def test_five_percent_a_week_are_one_drift():
    slowly = rhythmic(3, 70, rate=6, slower=1.05 ** (np.arange(70 * 24) / 168), noise=0.05)
    drifts = shifted(slowly).filter(pl.col("metric") == "p50_ms")
    assert drifts["kind"].to_list() == ["drift"] * 3
    assert drifts["change"].mean() == pytest.approx(1.05**10 - 1, rel=0.15)
    assert all(until - at > 50 * DAY for at, until in drifts.select("at", "until").rows())


def test_a_spike_of_an_hour_an_outage_and_a_holiday_are_none():
    quiet = np.ones(28 * 24)
    slow, dead, closed = quiet.copy(), quiet * 0.01, quiet.copy()
    slow[300] = 50
    dead[400:403] = 0.9
    closed[15 * 24 : 17 * 24] = 0.02
    for planted in ({"slower": slow}, {"failing": dead}, {"busier": closed}):
        assert shifted(rhythmic(2, 28, seed=5, rate=6, **planted)).height == 0, planted.keys()


def test_of_little_traffic_a_step_is_seen_by_the_day():
    rows = shifted(rhythmic(6, 90, rate=0.2, slower=from_hour(90 * 24, 45 * 24, 2.2)))
    median = rows.filter(pl.col("metric") == "p50_ms")
    assert median["integration"].n_unique() == 6
    assert (median["at"] - MONDAY - 45 * DAY).abs().median() <= 3 * DAY
    assert rows.filter(pl.col("metric") == "p95_ms").height == 0


@pytest.mark.parametrize(("factor", "rows"), [(1.07, 0), (1.2, 2)])
def test_a_change_below_a_tenth_is_none(factor, rows):
    messages = rhythmic(1, 28, rate=60, slower=from_hour(28 * 24, 14 * 24, factor), noise=0.01, correlated=0)
    assert shifted(messages).filter(pl.col("metric").is_in(LATENCIES)).height == rows


def test_fewer_messages_than_asked_for_on_one_side_say_nothing():
    messages = rhythmic(1, 28, rate=0.3, slower=from_hour(28 * 24, 14 * 24, 5.0))
    row = shifted(messages, min_messages=1).filter(pl.col("metric") == "p50_ms").row(0, named=True)
    least = min(row["n_before"], row["n_after"])
    assert shifted(messages, min_messages=least).filter(pl.col("metric") == "p50_ms").height == 1
    assert shifted(messages, min_messages=least + 1).filter(pl.col("metric") == "p50_ms").height == 0


BROKEN = rhythmic(1, 12, rate=3, failing=0.0)


@pytest.mark.parametrize(
    "messages",
    [
        FRAMES["messages"].empty(),
        BROKEN.head(1),
        BROKEN.with_columns(sent_at=pl.lit(MONDAY).cast(TIME)),
        BROKEN.with_columns(finished_at=pl.lit(None, TIME), answered_at=pl.lit(None, TIME)),
        BROKEN.with_columns(finished_at=pl.col("sent_at") - pl.duration(seconds=1)),
        BROKEN.with_columns(finished_at=pl.col("sent_at")),
        BROKEN.with_columns(status=pl.lit("pending")),
        BROKEN.with_columns(status=pl.lit("failed")),
        BROKEN.sample(fraction=1, shuffle=True, seed=1),
    ],
    ids=["none", "one", "one time", "no end", "backwards", "no time", "pending", "failed", "shuffled"],
)
def test_whatever_is_wrong_with_the_messages_there_are_columns_and_no_shift(messages):
    rows = shifted(messages)
    assert rows.schema == SHIFTS
    assert rows.height == 0


def test_the_report_says_why_there_is_none():
    few = latency.report(Evidence(messages=BROKEN.filter(pl.col("sent_at") < MONDAY + 5 * DAY)))
    assert few.notes["shifts"] == "A shift takes 10 days of messages to be told from chance; here are 5."
    calm = latency.report(Evidence(messages=BROKEN))
    assert calm.notes["shifts"].startswith("No integration changed")
