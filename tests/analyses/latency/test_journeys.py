"""Where the time of journeys goes: drag and slack by step, what the median would gain, retries, gaps, one journey."""

import numpy as np
import polars as pl
import pytest
from drawing.frames import drawn, messages

import integrhealth as ih
from integrhealth.analyses.latency.journeys import savings
from integrhealth.errors import WrongValue
from integrhealth.evidence import Evidence
from integrhealth.language.schema import FRAMES
from integrhealth.traces.facts import log_bucket

PARALLEL = """
    message_id  parent_id  trace_id  source  target  kind      object_type  sent_at  finished_at
    order{n}    -          t{n}      web     orders  request   order        0        1.1
    stock{n}    order{n}   t{n}      orders  stock   request   order        0.05     0.95
    credit{n}   order{n}   t{n}      orders  bank    request   order        0.05     1.05
"""


def repeated(picture, times):
    return Evidence(messages=pl.concat([messages(picture.format(n=number)) for number in range(times)]))


def by_system(frame, *columns):
    return {system: values for system, *values in frame.select("system", *columns).rows()}


def test_a_step_of_900_ms_beside_one_of_1000_drags_nothing_and_the_other_100():
    evidence = repeated(PARALLEL, 40)
    found = by_system(ih.latency.steps(evidence), "on_path", "beside", "drag_ms", "slack_ms", "median_saved_ms")
    assert found["bank"] == [40, 0, pytest.approx(4000), 0, pytest.approx(100)]
    assert found["stock"] == [0, 40, 0, pytest.approx(4000), 0]
    assert found["orders"] == [40, 0, pytest.approx(4000), 0, pytest.approx(100)]
    path = ih.latency.critical_path(evidence)
    assert by_system(path, "median_saved_ms", "object_type")["bank"] == [pytest.approx(100), "order"]
    assert "stock" not in path["system"]


def test_the_median_of_few_journeys_gains_nothing_that_is_said():
    assert ih.latency.steps(repeated(PARALLEL, 29))["median_saved_ms"].null_count() == 3


def test_a_parallel_shorter_step_changes_nothing():
    with_it = ih.latency.critical_path(repeated(PARALLEL, 40))
    alone = "\n".join(line for line in PARALLEL.splitlines() if "stock{n}" not in line)
    without = ih.latency.critical_path(repeated(alone, 40))
    same = ["system", "self_ms", "share", "traces", "gap_ms"]
    assert with_it.select(same).rows() == without.select(same).rows()


def test_messages_of_one_step_that_run_beside_the_same_other_drag_no_more_than_it_leaves():
    """Two looks at the stock, each faster by up to a second, beside a credit check with half a second to spare."""
    found = ih.latency.steps(
        repeated(
            """
            message_id  parent_id  trace_id  source  target  kind      sent_at  finished_at
            order{n}    -          t{n}      web     orders  request   0        2
            first{n}    order{n}   t{n}      orders  stock   request   0        1
            second{n}   order{n}   t{n}      orders  stock   request   1        2
            credit{n}   order{n}   t{n}      orders  bank    request   0        1.5
            """,
            40,
        )
    )
    assert by_system(found, "drag_ms", "slack_ms")["stock"] == [pytest.approx(40 * 500), 0]
    assert by_system(found, "slack_ms")["bank"] == [pytest.approx(40 * 500)]


def test_messages_of_one_step_with_a_pause_between_them_drag_each_what_runs_beside_it_leaves():
    found = ih.latency.steps(
        repeated(
            """
            message_id  parent_id  trace_id  source  target  kind      sent_at  finished_at
            order{n}    -          t{n}      web     orders  request   0        3
            first{n}    order{n}   t{n}      orders  stock   request   0        1
            beside{n}   order{n}   t{n}      orders  bank    request   0        0.7
            second{n}   order{n}   t{n}      orders  stock   request   2        3
            again{n}    order{n}   t{n}      orders  bank    request   2        2.6
            """,
            40,
        )
    )
    assert by_system(found, "drag_ms")["stock"] == [pytest.approx(40 * 700)]


def exact_saving(durations, saved):
    return (
        np.sort(durations)[(len(durations) - 1) // 2] - np.sort(durations - saved)[(len(durations) - 1) // 2]
    ) / 1000


@pytest.mark.parametrize("spread", [0.1, 0.5, 1.5])
@pytest.mark.parametrize("passing", [1.0, 0.6])
@pytest.mark.parametrize("typical_ms", [150, 2000, 60_000])
def test_what_the_median_gains_is_the_old_median_less_the_new_one(spread, passing, typical_ms):
    rng = np.random.default_rng(5)
    durations = (typical_ms * 1000 * rng.lognormal(0, spread, 100_000)).astype(int) + 1
    drag = np.minimum(rng.uniform(0, 200_000, 100_000), durations * 0.8).astype(int)
    drag[rng.random(100_000) > passing] = 0
    journeys = pl.DataFrame({"journey": np.arange(100_000), "object_type": "order", "duration_us": durations})
    passed = journeys.select("journey", system=pl.lit("s"), operation=pl.lit(None, pl.String), drag_us=pl.Series(drag))
    whole = journeys.group_by("object_type", bucket=log_bucket(pl.col("duration_us"))).agg(
        journeys=pl.len().cast(pl.Int64)
    )
    facts = savings.saving_facts(passed, journeys)
    found = savings.median_savings(facts, whole, min_messages=30)["median_saved_ms"].item()
    expected = exact_saving(durations, np.minimum(drag, 100_000))
    # The middle one of a sample is itself uncertain: where few are as long, more so.
    noise = 100 * 4 / np.sqrt(100_000 * 0.02 / spread) + 0.0005 * typical_ms * spread
    assert found == pytest.approx(expected, abs=noise)
    if typical_ms > 1000:  # a gain that is small against the spread is the mean gain of those in the middle
        assert found == pytest.approx(np.minimum(drag, 100_000).mean() / 1000, rel=0.1)


RETRIED = """
    message_id parent_id trace_id source target operation kind    object_id attempt status sent_at finished_at
    order{n}   -         t{n}     web    orders place     request o{n}      1       ok     0       10
    first{n}   order{n}  t{n}     orders bank   pay       request o{n}      1       failed 1       3
    again{n}   order{n}  t{n}     orders bank   pay       request o{n}      2       failed 5       6
    third{n}   order{n}  t{n}     orders bank   pay       request o{n}      3       ok     8       9
"""


def test_time_of_attempts_that_failed_and_between_attempts_is_retrying():
    evidence = repeated(RETRIED, 40)
    row = ih.latency.journeys(evidence).row(0, named=True)
    # From the first attempt at 1 s to the last at 8 s, and no second longer.
    assert (row["mean_ms"], row["retrying_ms"], row["gap_ms"]) == (pytest.approx(10_000), pytest.approx(7000), 0)
    steps = by_system(ih.latency.steps(evidence), "retrying_ms", "self_ms")
    assert steps["bank"] == [pytest.approx(40 * 3000), pytest.approx(40 * 4000)]
    assert steps["orders"] == [pytest.approx(40 * 4000), pytest.approx(40 * 6000)]
    assert by_system(ih.latency.critical_path(evidence), "retrying_ms")["bank"] == [pytest.approx(40 * 3000)]


def test_what_else_the_journey_waits_for_between_two_attempts_is_not_retrying():
    other = RETRIED + "    other{n} order{n} t{n} orders stock take request o{n} 1 ok 3 5"
    assert ih.latency.journeys(repeated(other, 40))["retrying_ms"].item() == pytest.approx(5000)


def test_attempts_that_all_succeeded_or_that_nobody_replaced_are_not_retrying():
    fine = RETRIED.replace("failed", "ok    ")
    assert ih.latency.journeys(repeated(fine, 40))["retrying_ms"].item() == 0
    last = "\n".join(line for line in RETRIED.splitlines() if "again" not in line and "third" not in line)
    assert ih.latency.journeys(repeated(last, 40))["retrying_ms"].item() == 0


def test_a_gap_between_attempts_of_what_was_sent_away_is_retrying_and_a_gap():
    evidence = repeated(
        """
        message_id parent_id trace_id source target operation kind  object_id attempt status sent_at finished_at
        order{n}   -         t{n}     web    orders place     queue o{n}      1       ok     0       2
        first{n}   order{n}  t{n}     orders depot  pick      queue o{n}      1       failed 1       3
        again{n}   order{n}  t{n}     orders depot  pick      queue o{n}      2       ok     7       9
        """,
        40,
    )
    row = ih.latency.journeys(evidence).row(0, named=True)
    assert [row[name] for name in ("mean_ms", "gap_ms", "waiting_ms")] == pytest.approx([9000, 5000, 5000])
    # The order still ran from 1 to 2; from 2 to 7 nothing did.
    assert row["retrying_ms"] == pytest.approx(6000)


def test_where_clocks_contradict_each_other_the_path_says_so():
    """One child that seems to begin before its caller, and one that ends after it and is received before it is sent."""
    found = ih.latency.critical_path(
        repeated(
            """
            message_id  parent_id  trace_id  source  target  kind      sent_at  received_at  finished_at
            order{n}    -          t{n}      web     orders  request   1        1            10
            early{n}    order{n}   t{n}      orders  stock   request   0        0            4
            late{n}     order{n}   t{n}      orders  bank    request   6        5            12
            """,
            40,
        )
    )
    assert by_system(found, "skewed", "outside_ms") == {
        "orders": [0, 0],
        "stock": [0, pytest.approx(40 * 1000)],
        "bank": [40, pytest.approx(40 * 2000)],
    }
    fine = ih.latency.critical_path(repeated(PARALLEL, 40))
    assert fine.select(pl.col("skewed", "outside_ms").sum()).row(0) == (0, 0)


def test_one_journey_is_told_message_by_message_on_the_path_and_beside_it():
    evidence = repeated(PARALLEL, 3)
    found = ih.latency.journey_steps(evidence, journey="t1")
    assert found.select("message_id", "place", "start_ms", "end_ms", "self_ms", "drag_ms", "slack_ms").rows() == [
        ("order1", "path", 0, 1100, 100, 100, 0),
        ("credit1", "path", 50, 1050, 1000, 100, 0),
        ("stock1", "beside", 50, 950, None, None, 100),
    ]
    assert found.select("object_type", "journey", "duration_ms").unique().rows() == [("order", "t1", 1100)]


def test_the_journey_shown_without_asking_is_the_median_of_the_type_with_most_time():
    picture = """
        message_id  trace_id  source  target  object_type  object_id  sent_at  finished_at
        short{n}    a{n}      web     a       enquiry      e{n}       0        1
        long{n}     b{n}      web     b       order        o{n}       0        {n}
    """
    evidence = repeated(picture, 6)
    assert ih.latency.journey_steps(evidence)["message_id"].to_list() == ["long2"]  # of 0 to 5 s the third
    assert ih.latency.journey_steps(evidence, journey="o4")["message_id"].to_list() == ["long4"]
    with pytest.raises(WrongValue, match="no journey that ended has the trace_id or object_id 'o9'"):
        ih.latency.journey_steps(evidence, journey="o9")


def test_a_journey_without_trace_is_named_by_its_object():
    frame = messages("""
        message_id  source  target  kind   object_type  object_id  sent_at  finished_at
        m1          erp     depot   file   order        4711       0        15
        m2          erp     carrier queue  order        4711       25       30
    """)
    holds = drawn("holds", "message_id held_at released_at\nm2 26 28", checkpoint="four eyes")
    found = ih.latency.journey_steps(Evidence(messages=frame, holds=holds), journey="4711")
    assert found.select("message_id", "gap_ms", "holding_ms").rows() == [("m1", 0, 0), ("m2", 10_000, 2000)]


def test_without_messages_there_is_no_journey_to_show():
    assert ih.latency.journey_steps(Evidence(messages=FRAMES["messages"].empty())).height == 0
