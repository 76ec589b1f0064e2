"""Silence against planted stops, against traffic in which nothing is wrong, and against times without sense."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from drawing.arrivals import START, by_rhythm, daily, evidence, landscape, moment, sent
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses import latency
from integrhealth.analyses.latency.silence import arrivals, tails
from integrhealth.analyses.latency.silence.findings import silence_findings
from integrhealth.analyses.latency.silence.verdicts import said_of_silence
from integrhealth.evidence import Evidence
from integrhealth.language.schema import FRAMES
from integrhealth.traces.facts import merged

SHOP, OFFICE, FLAT = "shop", "office", "flat"


def verdict(table, integration="watched"):
    return table.filter(pl.col("integration") == integration).row(0, named=True)


def watched(times, *, seed=0, weeks=6, end, **columns):
    """Evidence of a landscape in which one more integration sent at these `times`, all until `end`."""
    rest = landscape(seed, weeks=weeks)
    frames = [sent(name, each[each < end]) for name, each in rest.items()]
    return evidence(*frames, sent("watched", times[times < end], **columns))


def stopped(times, begin):
    return times[times < begin]


# What is counted


def test_facts_of_parts_add_up_to_those_of_the_whole():
    frame = pl.concat(
        [sent("a", by_rhythm(OFFICE, 300, 2, seed=1), bytes=500), sent("b", by_rhythm(FLAT, 90, 2, seed=2))]
    )
    for facts, keys in ((arrivals.arrival_facts, ["integration", "hour"]), (arrivals.beginning_facts, ["hour"])):
        parts = [facts(part) for _, part in frame.group_by(pl.col("trace_id").hash() % 3)]
        assert_frame_equal(merged(parts, keys), facts(frame))


def test_every_message_is_a_sign_of_life_but_a_load_test_and_work_inside_a_system():
    frame = pl.concat(
        [
            sent("a", np.array([1.0]), status="failed"),
            sent("a", np.array([2.0]), load_test=True),
            sent("a", np.array([3.0]), target="source"),
            sent(None, np.array([4.0])),
        ]
    )
    facts = arrivals.arrival_facts(frame)
    assert facts.select("integration", "messages").rows() == [("a", 1), ("source > target", 1)]


def test_the_evidence_ends_where_the_last_trace_began():
    begun = by_rhythm(FLAT, 700, 3, seed=3)
    late = sent("refunds", begun[-40:] + 72).with_columns(trace_id=sent("orders", begun)["trace_id"].tail(40))
    everything = evidence(sent("orders", begun), late)
    ends = arrivals.evidence_end(
        arrivals.arrival_facts(everything.outcomes), arrivals.beginning_facts(everything.outcomes)
    )
    assert ends == moment(begun[-1])
    assert verdict(latency.silence(everything), "orders")["verdict"] == "normal"


def test_an_id_that_all_messages_share_is_no_trace_that_began():
    times = by_rhythm(FLAT, 700, 3, seed=3)
    everything = evidence(sent("orders", times).with_columns(trace_id=pl.lit("constant")))
    assert verdict(latency.silence(everything), "orders")["last_at"] == moment(times[-1])
    assert verdict(latency.silence(everything), "orders")["silent_hours"] == 0


# What has stopped


@pytest.mark.parametrize(
    ("kind", "a_week", "hours"),
    [(SHOP, 4000, 1), (OFFICE, 4000, 1), (FLAT, 900, 6), (SHOP, 600, 24), (OFFICE, 120, 72)],
)
def test_a_stop_is_silent_and_dated(kind, a_week, hours):
    begin = 5 * 168 + 24 + 10.0
    everything = watched(stopped(by_rhythm(kind, a_week, 6, seed=hours), begin), end=begin + hours)
    table = latency.silence(everything, at=moment(begin + hours))
    row = verdict(table)
    assert row["verdict"] == "silent"
    assert abs(row["began_at"] - moment(begin)) < timedelta(hours=2)
    assert row["missing"] > 6
    assert table.filter(pl.col("verdict").is_in(["silent", "thin"]))["integration"].to_list() == ["watched"]


@pytest.mark.parametrize("working_days", [False, True])
def test_a_batch_that_did_not_run_is_silent_within_two_gaps(working_days):
    times = daily(6, hour=2, late=0.5, seed=4, working_days=working_days)
    last = times[times < 5 * 168 + 3 * 24][-1]
    everything = watched(times[times <= last], end=last + 60)
    assert verdict(latency.silence(everything, at=moment(last + 47.5)))["verdict"] == "silent"
    # An hour late is late, and no more.
    assert verdict(latency.silence(everything, at=moment(last + 25.5)))["verdict"] == "normal"


def test_a_batch_that_rests_at_the_weekend_is_silent_on_monday_and_not_on_sunday():
    times = daily(6, hour=2, late=0.3, seed=5, working_days=True)
    friday = times[times < 5 * 168 + 5 * 24][-1]
    everything = watched(times[times <= friday], end=friday + 120)
    assert verdict(latency.silence(everything, at=moment(friday + 60)))["verdict"] == "normal"
    assert verdict(latency.silence(everything, at=moment(friday + 71)))["expected_gap"] == pytest.approx(72, abs=4)
    assert verdict(latency.silence(everything, at=moment(friday + 118)))["verdict"] == "silent"


def test_what_is_to_be_expected_is_the_rate_times_the_time():
    times = by_rhythm(FLAT, 168, 8, seed=6)  # one an hour
    everything = watched(stopped(times, 1300), weeks=8, end=1320)
    row = verdict(latency.silence(everything, at=moment(1320)))
    assert row["missing"] == pytest.approx(row["silent_hours"], rel=0.25)
    assert row["expected_gap"] == pytest.approx(1, rel=0.25)


def test_a_schedule_shows_in_a_day_and_what_comes_at_random_does_not():
    beat = np.arange(0, 30, 0.25)
    table = latency.silence(
        evidence(sent("beat", beat), sent("other", by_rhythm(FLAT, 900, 1, seed=7)[:200])), at=moment(34)
    )
    assert verdict(table, "beat")["verdict"] == "silent"
    assert verdict(table, "other")["verdict"] == "cannot tell"


@pytest.mark.parametrize(("gaps", "expected"), [(1.4, "normal"), (1.6, "silent")])
def test_what_comes_by_the_clock_is_silent_from_one_and_a_half_gaps_on(gaps, expected):
    beat = np.arange(0, 400, 0.5)
    table = latency.silence(evidence(sent("beat", beat)), at=moment(beat[-1] + 0.5 * gaps))
    assert verdict(table, "beat")["verdict"] == expected


def test_what_was_as_quiet_before_and_came_back_cannot_be_told():
    times = by_rhythm(OFFICE, 60, 10, seed=8)
    begin = 9 * 168 + 10.0
    pause = (times > 4 * 168) & (times < 6 * 168)
    everything = watched(stopped(times[~pause], begin), weeks=10, end=begin + 72)
    table = latency.silence(everything, at=moment(begin + 72))
    assert verdict(table)["verdict"] == "cannot tell"
    assert "watched lack what was expected, but no more than they did before" in said_of_silence(table)


# What is thin


def test_a_day_with_a_tenth_is_thin_and_one_with_a_half_is_not():
    times = by_rhythm(FLAT, 1400, 6, seed=9)
    begin = 5 * 168 + 48.0
    rng = np.random.default_rng(9)
    for share, expected in ((0.1, "thin"), (0.5, "normal")):
        thinned = times[(times < begin) | (rng.random(times.size) < share)]
        row = verdict(latency.silence(watched(thinned, end=begin + 24), at=moment(begin + 24)))
        assert row["verdict"] == expected
    assert row["day_expected"] == pytest.approx(200, rel=0.2)


def test_a_thin_day_is_dated():
    times = by_rhythm(FLAT, 1400, 6, seed=10)
    begin = 5 * 168 + 50.0
    thinned = times[(times < begin) | (np.random.default_rng(10).random(times.size) < 0.1)]
    row = verdict(latency.silence(watched(thinned, end=begin + 24), at=moment(begin + 24)))
    assert (row["verdict"], row["what"]) == ("thin", "messages")
    assert abs(row["began_at"] - moment(begin)) <= timedelta(hours=1)
    assert row["missing"] == pytest.approx(180, rel=0.2)


def test_answers_that_bring_nothing_are_thin_in_content():
    times = daily(6, hour=3, late=0.2, seed=11)
    sizes = np.random.default_rng(11).normal(50_000, 5_000, times.size).astype(int)
    empty = sizes.copy()
    empty[-1] = 0
    row = verdict(latency.silence(watched(times, end=times[-1] + 6, bytes=empty), at=moment(times[-1] + 6)))
    assert (row["verdict"], row["what"], row["began_at"]) == ("thin", "content", moment(times[-1]))
    row = verdict(latency.silence(watched(times, end=times[-1] + 6, bytes=sizes), at=moment(times[-1] + 6)))
    assert row["verdict"] == "normal"


def test_empty_answers_are_no_news_where_there_were_some_before_or_where_sizes_go_far():
    times = daily(6, hour=3, late=0.2, seed=12)
    some = np.where(np.arange(times.size) % 7 == 6, 0, 50_000)
    far = np.random.default_rng(12).lognormal(6, 3, times.size).astype(int)
    far[-1] = 3
    for sizes in (some, far):
        row = verdict(latency.silence(watched(times, end=times[-1] + 6, bytes=sizes), at=moment(times[-1] + 6)))
        assert row["verdict"] != "thin"


# What is nothing


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_silent_where_nothing_is_wrong(seed):
    rng = np.random.default_rng([seed, 1])
    end = 7 * 168 - rng.uniform(0, 168)
    everything = evidence(*(sent(name, times[times < end]) for name, times in landscape(seed, weeks=7).items()))
    table = latency.silence(everything, at=moment(end))
    assert table.filter(pl.col("verdict").is_in(["silent", "thin"])).is_empty()
    assert silence_findings(table, latency.silences(everything), everything.catalog.integrations).is_empty()


def test_a_holiday_is_silence_of_none_and_a_day_on_which_others_work_is():
    rest = landscape(20, weeks=6)
    times, begin = by_rhythm(SHOP, 700, 6, seed=20), 5 * 168 + 24.0
    end = begin + 22

    def of(free):
        """All rest but those of which `free` says that they work."""
        kept = {name: each[(each < begin) | free(name)] for name, each in rest.items()}
        frames = [sent(name, each[each < end]) for name, each in kept.items()]
        return latency.silence(evidence(*frames, sent("watched", stopped(times, begin))), at=moment(end))

    assert verdict(of(lambda name: name in ("beat", "batch")))["verdict"] == "normal"
    assert verdict(of(lambda name: True))["verdict"] == "silent"


def test_where_all_stop_at_once_the_evidence_ends():
    frames = [sent(name, each[each < 900]) for name, each in landscape(21, weeks=6).items()]
    assert latency.silence(evidence(*frames)).filter(pl.col("verdict").is_in(["silent", "thin"])).is_empty()


def test_what_the_catalog_declares_and_nobody_saw_cannot_be_told():
    times = by_rhythm(FLAT, 700, 3, seed=22)
    everything = evidence(sent("seen", times), unseen="never seen")
    table = latency.silence(everything)
    assert table.select("integration", "verdict", "messages").rows() == [
        ("never seen", "cannot tell", 0),
        ("seen", "normal", times.size),
    ]
    assert "of never seen in the catalog no message was ever read" in said_of_silence(table)


# What fell silent and came back


def test_a_stop_of_three_days_two_weeks_ago_is_told_once():
    times = by_rhythm(OFFICE, 400, 8, seed=23)
    begin = 5 * 168 + 10.0
    everything = watched(times[(times < begin) | (times > begin + 72)], weeks=8, end=8 * 168)
    assert verdict(latency.silence(everything))["verdict"] == "normal"
    row = latency.silences(everything).row(0, named=True)
    assert (row["integration"], row["verdict"], row["messages"]) == ("watched", "silent", 0)
    assert abs(row["began_at"] - moment(begin)) < timedelta(hours=1)
    assert abs(row["ended_at"] - moment(begin + 72)) < timedelta(hours=1)
    assert latency.silences(everything).height == 1


def test_a_thin_day_before_is_told():
    times = by_rhythm(FLAT, 1400, 6, seed=24)
    begin = 4 * 168 + 5.0
    thin = (times >= begin) & (times < begin + 48) & (np.random.default_rng(24).random(times.size) > 0.1)
    past = latency.silences(watched(times[~thin], end=6 * 168))
    assert set(past.select("integration", "verdict").rows()) == {("watched", "thin")}


# The tail


def test_the_chance_of_a_gap_is_what_it_is_where_gaps_are_random():
    rng = np.random.default_rng(25)
    past = rng.exponential(1, (300, 200))
    usual = tails.tails(np.repeat(np.arange(300), 200), past.ravel(), 300)
    for beyond in (2.0, 4.0, 8.0):
        chance = usual.chance(np.arange(300), np.full(300, beyond))
        # Rather too careful than too sure, as there are few to judge by.
        assert np.exp(-beyond) / 2 < np.median(chance) < np.exp(-beyond) * 5


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(0, 1e6), min_size=11, max_size=60),
    st.floats(0, 1e6),
    st.floats(0, 1e6),
)
def test_a_longer_gap_is_never_likelier(past, one, other):
    usual = tails.tails(np.zeros(len(past), int), np.array(past), 1)
    shorter, longer = usual.chance(np.zeros(2, int), np.array(sorted((one, other))))
    assert 0 <= longer <= shorter + 1e-12 <= 1 + 1e-9
    assert shorter >= np.mean(np.array(past) >= min(one, other)) - 1e-12


# Times without sense


def test_nothing_at_all():
    for question in (latency.silence, latency.silences, latency.arrivals_over_time):
        assert question(Evidence()).is_empty()
    assert latency.silence(Evidence()).columns == latency.silence(evidence(sent("a", np.array([1.0])))).columns


@pytest.mark.parametrize("times", [[1.0], [5.0] * 40, [0.0, 1e5]])
def test_one_message_or_all_at_one_time(times):
    table = latency.silence(evidence(sent("a", np.array(times))))
    assert table["verdict"].to_list() == ["cannot tell"]
    assert latency.silences(evidence(sent("a", np.array(times)))).is_empty()


def test_a_message_of_1970_changes_nothing():
    frame = sent("a", by_rhythm(FLAT, 700, 3, seed=26))
    odd = frame.head(1).with_columns(
        message_id=pl.lit("odd"), trace_id=pl.lit("odd"), sent_at=pl.lit(datetime(1970, 1, 1, tzinfo=UTC))
    )
    plain, both = (latency.silence(evidence(each)) for each in (frame, pl.concat([frame, odd])))
    assert_frame_equal(both, plain)


def test_the_order_of_messages_does_not_matter():
    frame = pl.concat([sent("a", by_rhythm(SHOP, 700, 3, seed=27)), sent("b", by_rhythm(OFFICE, 70, 3, seed=28))])
    assert_frame_equal(latency.silence(evidence(frame)), latency.silence(evidence(frame.reverse())))


def test_columns_without_values_do_no_harm():
    frame = sent("a", by_rhythm(FLAT, 700, 3, seed=29))
    bare = frame.select(*FRAMES["messages"].required)
    assert latency.silence(Evidence(messages=bare))["verdict"].to_list() == ["normal"]


def test_before_anything_came_nothing_is_known():
    assert latency.silence(
        evidence(sent("a", by_rhythm(FLAT, 700, 3, seed=30))), at=START - timedelta(days=1)
    ).is_empty()


def test_people_and_jobs_work_by_the_clock_of_the_company():
    # An office in Madrid, whose clocks were put forward on March 29, a Sunday.
    local = pl.Series([moment(each) for each in by_rhythm(OFFICE, 400, 4, seed=31)]).dt.replace_time_zone(None)
    local = local.dt.replace_time_zone("Europe/Madrid", ambiguous="earliest", non_existent="null")
    times = (local.dt.convert_time_zone("UTC").drop_nulls() - START).dt.total_microseconds() / 3.6e9
    frame, monday = sent("a", times.to_numpy()), datetime(2026, 3, 30, 6, 50, tzinfo=UTC)
    by_the_clock, by_utc = (
        verdict(latency.silence(evidence(frame, timezone=zone), at=monday), "a")["missing"]
        for zone in ("Europe/Madrid", "UTC")
    )
    # Fifty minutes at eight messages an hour.
    assert by_the_clock - by_utc == pytest.approx(6.7, abs=1.5)
