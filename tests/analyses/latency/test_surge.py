"""What a surge would do, told from messages: two companies with and without a queue, and what nobody can tell."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.frames import NOON, messages
from drawing.surges import MIDNIGHT, MINUTES, RATE, answer, capacities, catalog, given_up, parts, row, sent, steady
from polars.testing import assert_frame_equal

from integrhealth.analyses.latency.surge.arrivals import day_facts, minute_facts
from integrhealth.analyses.latency.surge.backlog import surge_backlog
from integrhealth.analyses.latency.surge.notes import said_of_surge
from integrhealth.analyses.latency.surge.patience import patience, patience_facts, pause_facts
from integrhealth.analyses.latency.surge.queue_metrics import queue_checks, queue_depths
from integrhealth.analyses.latency.surge.surge import feeds
from integrhealth.language.schema import FRAMES, TIME, conform
from integrhealth.traces.facts import merged


def test_without_a_queue_three_times_the_day_gives_timeouts_duplicates_and_a_break():
    """Company A: twice its load is all that it can do; callers leave after a minute and try again, twice at most."""
    table = answer(pl.concat([steady(), given_up()]), capacities(erp=2 * RATE))
    worst = row(table, 3)
    assert (worst["verdict"], worst["sure"], worst["queued"]) == ("breaks", True, False)
    assert worst["limit_minutes"] == pytest.approx(1, rel=0.01)
    # Ten more than can be done come in each minute, so that from the second minute on all wait for longer than one.
    assert worst["timeouts"] > 3 * RATE * (MINUTES - 3)
    assert worst["retries"] == worst["duplicates"] > 0.9 * 2 * 3 * RATE * (MINUTES - 3)
    # The first two attempts of all that gave up were followed by another, so that only the third is the last.
    assert worst["lost"] == pytest.approx(worst["timeouts"] - worst["retries"], abs=1)
    assert worst["peak_backlog"] > RATE * MINUTES + worst["retries"] / 2


def test_with_a_queue_ten_times_the_day_slows_drains_in_time_and_loses_nothing():
    """Company B: three times its load can be done, and what cannot be done at once waits."""
    table = answer(steady(kind="queue"), capacities(erp=3 * RATE))
    worst, best = row(table, 10), row(table, 3)
    assert worst["verdict"] == "slows"
    waits = (10 - 3) * RATE * MINUTES
    assert worst["peak_backlog"] == pytest.approx(waits)
    # Nothing comes from eight until the next noon, 16 hours; from then on a third of what can be done is new.
    night = 16 * 60
    assert worst["drain_minutes"] == pytest.approx(night + (waits - night * 3 * RATE) / (2 * RATE))
    assert worst["oldest_minutes"] == pytest.approx(waits / (3 * RATE))
    assert [worst[name] for name in ("timeouts", "retries", "lost", "duplicates")] == [0, 0, 0, 0]
    assert (best["verdict"], best["peak_backlog"], best["drain_minutes"]) == ("holds", 0, 0)


def test_the_same_requests_in_a_queue_do_not_break():
    frame = pl.concat([steady(), given_up()])
    declared = catalog({"integration": "orders", "queue": True})
    worst = row(answer(frame, capacities(erp=2 * RATE), declared), 3)
    assert (worst["verdict"], worst["queued"], worst["timeouts"], worst["limit_minutes"]) == ("slows", True, 0, None)
    assert worst["peak_backlog"] == pytest.approx(RATE * MINUTES)


def test_what_nobody_can_say_of_a_system_nobody_says_of_its_integrations():
    frame = pl.concat([steady(), steady(integration="mails", target="crm")])
    table = answer(frame, capacities(erp=None, reason="too few busy minutes"))
    assert table["verdict"].to_list() == ["cannot tell"] * 4
    assert set(table["why"]) == {"what crm can take: nobody knows", "what erp can take: too few busy minutes"}
    counted = row(table, 10)
    assert (counted["messages"], counted["demand_per_minute"]) == (10 * RATE * MINUTES, 10 * RATE)
    figures = ("peak_backlog", "drain_minutes", "oldest_minutes", "timeouts", "retries", "lost", "duplicates", "sure")
    assert [counted[name] for name in figures] == [None] * len(figures)


@pytest.mark.parametrize("capacity", [0.0, -5.0, float("inf"), float("nan"), None])
def test_a_capacity_that_is_none_is_none(capacity):
    assert set(answer(steady(), capacities(erp=capacity))["verdict"]) == {"cannot tell"}


@pytest.mark.parametrize(("capacity", "verdict"), [(3 * RATE - 0.05, "holds"), (3 * RATE - 0.1, "slows")])
def test_a_wait_of_up_to_a_minute_is_none(capacity, verdict):
    # 480 minutes of 0.05 more than can be done are 24 messages, which are served in 48 seconds.
    assert row(answer(steady(), capacities(erp=capacity)), 3)["verdict"] == verdict


@pytest.mark.parametrize(("minutes", "verdict"), [(4.9, "slows"), (5.1, "breaks")])
def test_an_answer_after_five_minutes_is_none_also_where_nobody_knows_the_limit(minutes, verdict):
    # In 480 minutes so much less than comes can be done that the last one waits for so many.
    capacity = 3 * RATE * MINUTES / (MINUTES + minutes)
    asked, queued = (row(answer(steady(kind=kind), capacities(erp=capacity)), 3) for kind in ("request", "queue"))
    assert asked["oldest_minutes"] == pytest.approx(minutes)
    assert (asked["verdict"], asked["timeouts"], queued["verdict"]) == (verdict, 0, "slows")


@pytest.mark.parametrize(("seconds", "verdict"), [(49, "holds"), (47, "breaks")])
def test_who_has_less_patience_than_the_longest_wait_gives_up(seconds, verdict):
    declared = catalog({"integration": "orders", "sync_limit_ms": seconds * 1000.0})
    assert row(answer(steady(), capacities(erp=3 * RATE - 0.05), declared), 3)["verdict"] == verdict


def test_the_interval_of_the_capacity_is_that_of_the_figures():
    wide = capacities(erp=30, low=25.0, high=36.0)
    worst = row(answer(steady(kind="queue"), wide), 10)
    waits = [(100 - capacity) * MINUTES for capacity in (36, 30, 25)]
    names = ("peak_backlog_low", "peak_backlog", "peak_backlog_high")
    assert [worst[name] for name in names] == pytest.approx(waits)
    minutes = [(100 - capacity) * MINUTES / capacity for capacity in (36, 30, 25)]
    assert [worst[f"oldest{end}_minutes"] for end in ("_low", "", "_high")] == pytest.approx(minutes)
    assert worst["sure"] is True
    # At three times the load one end of the interval holds and the other does not.
    assert row(answer(steady(kind="queue"), wide), 3)["sure"] is False


def test_what_is_idempotent_is_done_again_without_harm():
    frame = pl.concat([steady(), given_up()])
    declared = catalog({"integration": "orders", "idempotent": True})
    worst = row(answer(frame, capacities(erp=2 * RATE), declared), 3)
    assert worst["retries"] > 0
    assert worst["duplicates"] == 0


def test_integrations_of_a_system_stand_in_one_line():
    frame = pl.concat([steady(8, kind="queue"), steady(2, kind="queue", integration="mails")])
    alone = row(answer(steady(kind="queue"), capacities(erp=30)), 10)
    table = answer(frame, capacities(erp=30))
    orders, mails = row(table, 10), row(table, 10, "mails")
    assert orders["peak_backlog"] == pytest.approx(0.8 * alone["peak_backlog"])
    assert mails["peak_backlog"] == pytest.approx(0.2 * alone["peak_backlog"])
    assert orders["drain_minutes"] == mails["drain_minutes"] == pytest.approx(alone["drain_minutes"])


def test_an_integration_is_as_good_as_the_worst_of_its_targets():
    frame = pl.concat([steady(kind="queue"), steady(2, kind="queue", target="crm")])
    table = answer(frame, capacities(erp=200, crm=5))
    assert table.height == 2
    assert (row(table, 10)["system"], row(table, 10)["verdict"]) == ("crm", "slows")


def test_the_busiest_day_of_a_system_is_replayed_the_first_of_two_alike():
    frame = pl.concat([steady(5, day=-2), steady(day=0), steady(day=3), steady(9, day=4)])
    assert set(answer(frame, capacities(erp=30))["day"]) == {MIDNIGHT}


def test_what_was_not_sent_and_what_was_a_test_is_no_load():
    frame = pl.concat(
        [steady(), steady(90, load_test=True), *(steady(90, status=each) for each in ("held", "skipped"))]
    )
    inside = steady(90, source="erp")
    assert_frame_equal(answer(pl.concat([frame, inside]), capacities(erp=30)), answer(steady(), capacities(erp=30)))


def test_retries_after_a_timeout_are_left_out_of_the_day_that_is_replayed():
    """The day's own storm is not load of the surge: the replay makes its own."""
    frame = pl.concat([steady(), given_up(day=0)])
    declared = catalog({"integration": "orders", "sync_limit_ms": 60_000.0})
    backlog = row(answer(frame, capacities(erp=3 * RATE + 1), declared), 3)
    assert backlog["messages"] == 3 * (RATE * MINUTES + 60)
    rows, days = parts(frame, capacities(erp=30), declared)
    assert rows["timeout_share"].item() == 1
    assert days["retries"].sum() == 40
    assert feeds(rows, days).sent.sum() == RATE * MINUTES + 20
    # Where nobody gives up they are load like any other.
    assert (
        feeds(*parts(frame, capacities(erp=30), catalog({"integration": "orders", "queue": True}))).sent.sum() == 4860
    )


def test_patience_is_what_the_catalog_says_else_what_timeouts_show():
    def limit(frame, *declared):
        return patience(patience_facts(frame), pause_facts(frame), catalog(*declared)).row(0, named=True)

    seen = limit(given_up(limit=30, pause=45))
    assert seen["limit_minutes"] == pytest.approx(0.5, rel=0.01)
    assert seen["pause_minutes"] == pytest.approx(0.75, rel=0.01)
    assert seen["tried_again"] == [1, 1, *[0] * 8]
    assert limit(given_up(), {"integration": "orders", "sync_limit_ms": 5000.0})["limit_minutes"] == 5 / 60
    # Four messages with a timeout each say nothing, five do.
    assert limit(given_up(4, attempts=2))["limit_minutes"] is None
    assert limit(given_up(5, attempts=2))["limit_minutes"] is not None
    assert limit(given_up().with_columns(pl.col("attempt") - 1))["tried_again"] == [1, 1, *[0] * 8]
    assert limit(given_up().with_columns(attempt=pl.lit(None, pl.Int64)))["tried_again"] == [0] * 10


def on_the_day(frame):
    """The minutes of the day that is replayed, which is told before."""
    return minute_facts(frame, pl.DataFrame({"target": ["erp"], "day": [MIDNIGHT]}, schema_overrides={"day": TIME}))


FACTS = [
    (day_facts, ("target", "day")),
    (on_the_day, ("target", "integration", "day", "minute")),
    (patience_facts, ("integration", "target", "attempt", "bucket")),
    (pause_facts, ("integration", "target", "bucket")),
]


@pytest.mark.parametrize(("facts", "keys"), FACTS, ids=lambda each: getattr(each, "__name__", ""))
def test_the_facts_of_the_parts_are_the_facts_of_the_whole(facts, keys):
    frame = pl.concat([steady(4, 50), given_up(), steady(3, 40, integration=None, kind="queue")])
    frame = frame.with_columns(trace_id="object_id")
    half = pl.col("object_id").hash(3) % 2 == 0
    assert_frame_equal(merged([facts(frame.filter(half)), facts(frame.filter(~half))], keys), facts(frame))


def test_the_order_of_messages_does_not_matter():
    frame = pl.concat([steady(), given_up(), steady(4, integration="mails", kind="queue")])
    mixed = frame.sample(fraction=1, shuffle=True, seed=1)
    capacity = capacities(erp=25)
    assert_frame_equal(answer(mixed, capacity), answer(frame, capacity))


BROKEN = """
    message_id  source  target  integration  kind  attempt  status    sent_at  finished_at
    a           shop    erp     -            -     -        timeout   0        -5
    b           shop    erp     -            -     -1       unknown   0        -
    c           shop    erp     -            -     0        failed    0        0
    d           shop    erp     -            -     900      pending   -90000   -
"""


@pytest.mark.parametrize("frame", [FRAMES["messages"].empty(), messages(BROKEN).head(1), messages(BROKEN)])
def test_broken_and_missing_columns_are_counted_and_nothing_more(frame):
    table = answer(frame, capacities(erp=1))
    assert table.height == (2 if frame.height else 0)
    assert not table.select(pl.col(pl.Float64).is_nan().any()).row(0).count(True)
    assert surge_backlog(*parts(frame, capacities(erp=1)), table).height == (289 - 1) * 13 * (frame.height > 0)


def test_the_drawn_backlog_is_that_of_the_table():
    frame, capacity = steady(kind="queue"), capacities(erp=3 * RATE)
    table = answer(frame, capacity)
    curve = surge_backlog(*parts(frame, capacity), table).filter(multiple=10)
    assert curve["backlog"].max() == pytest.approx(row(table, 10)["peak_backlog"])
    assert curve["oldest_minutes"].max() == pytest.approx(row(table, 10)["oldest_minutes"])
    assert curve.filter(pl.col("backlog") > 0)["at"].min() == NOON
    # Full at eight in the evening, and 1,200 minutes later empty.
    empty = NOON + timedelta(minutes=MINUTES + row(table, 10)["drain_minutes"])
    assert timedelta(0) <= empty - curve.filter(pl.col("backlog") > 0)["at"].max() <= timedelta(minutes=10)


def measured(depth, *, metric="messages_ready", **columns):
    minute = pl.int_range(len(depth))
    frame = pl.DataFrame({"value": np.array(depth, float)}).select(
        "value",
        time=pl.lit(MIDNIGHT) + pl.duration(minutes=minute),
        **{name: pl.lit(each) for name, each in ({"system": "erp", "metric": metric} | columns).items()},
    )
    return conform(frame, "metrics")


def line(capacity):
    """What waits at each minute of a day with twenty minutes of 40 a minute after noon, as arithmetic has it."""
    rises = [max(0, (40 - capacity) * minute) for minute in range(21)]
    falls = [max(0, rises[-1] - capacity * minute) for minute in range(1, 700)]
    return [0] * 720 + rises + falls


def test_a_measured_queue_checks_the_replay_of_the_day_as_it_was():
    rows, days = parts(sent([40] * 20, kind="queue"), capacities(erp=10))
    depth = pl.concat([measured(line(10)[:1440]), measured([1] * 1440, metric="cpu")])
    checked = queue_checks(queue_depths(depth), rows, days).row(0, named=True)
    assert (checked["checked_by"], checked["queue_measured"], checked["queue_replayed"]) == ("messages_ready", 600, 600)
    assert checked["queue_correlation"] == pytest.approx(1)
    half = queue_checks(queue_depths(measured(line(25)[:1440])), rows, days).row(0, named=True)
    assert (half["queue_measured"], half["queue_replayed"]) == (300, 600)
    flat = queue_checks(queue_depths(measured([7] * 1440)), rows, days).row(0, named=True)
    assert flat["queue_correlation"] is None


def test_the_note_says_why_there_is_no_figure_and_what_checked_those_that_there_are():
    frame = sent([40] * 20, kind="queue")
    rows, days = parts(frame, capacities(erp=10))
    checks = queue_checks(queue_depths(measured(line(10)[:1440], metric="depth\u202eof queue_depth")), rows, days)
    judged = answer(frame, capacities(erp=10)).join(checks, on="system", how="left")
    assert said_of_surge(judged, sent=True) == (
        "At erp up to 600 waited on the day that is replayed (depth\ufffdof queue_depth); "
        "the replay of the day as it was has 600, with a correlation of 1.00."
    )
    unknown = answer(frame, capacities()).join(checks.clear(), on="system", how="left")
    assert said_of_surge(unknown, sent=True).startswith("Of no system is it known")
    assert said_of_surge(unknown.clear(), sent=True) == "No message passed from one system to another."
    assert said_of_surge(unknown.clear(), sent=False) is None
    assert said_of_surge(judged.with_columns(checked_by=pl.lit(None, pl.String)), sent=True) is None


@pytest.mark.parametrize(
    ("metric", "waits"),
    [
        ("rabbitmq_queue_messages_ready{queue=a}", True),
        ("ApproximateNumberOfMessagesVisible", True),
        ("kafka_consumergroup_lag", True),
        ("kafka.consumer.records-lag-max", True),
        ("jobs.queue.depth", True),
        ("queue_length", True),
        ("cpu_usage", False),
        ("messages_received", False),
        ("queue_messages_published", False),
    ],
)
def test_a_queue_is_known_by_its_name(metric, waits):
    assert (queue_depths(measured([3, 4], metric=metric)).height > 0) is waits


def test_a_mapping_says_which_metric_is_a_queue_and_which_is_none():
    assert queue_depths(measured([3, 4], metric="orders_waiting", meaning="depth"))["waiting"].to_list() == [3, 4]
    assert queue_depths(measured([3, 4], metric="queue_depth", meaning="requests")).is_empty()


def test_queues_of_a_system_add_up_and_what_is_no_depth_is_none():
    both = pl.concat([measured([3, 4], metric=f"queue_depth{{queue={name}}}") for name in "ab"])
    assert queue_depths(both)["waiting"].to_list() == [6, 8]
    assert queue_depths(measured([3], statistic="cumulative")).height == 0
    assert queue_depths(measured([3], metric="kafka_consumer_lag", unit="s")).height == 0
    assert queue_depths(measured([-3])).height == 0
