"""The critical path against CRISP's own answers, against a recursive reading of the same rules, and its laws."""

import json

import numpy as np
import polars as pl
import pytest
from drawing.frames import drawn, messages
from drawing.recursive_path import KINDS, as_messages, recursive
from drawing.shared_data import shared_data
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.language.schema import FRAMES, TIME, conform
from integrhealth.traces.journeys import PARTS, journeys
from integrhealth.traces.links import linked

NO_HOLDS = FRAMES["holds"].empty()
CRISP = [*range(1, 13), "errpat1_1", "errpat1_2", "errpat2_1", "errpat2_2"]
SELF_TIMES = ["spanLongerAsParent", "spansAmongEachOther", "testTraceNormal", "traceWithTwoNonOverlappingChildren"]


def spans(*parts):
    """A small Jaeger file as messages, and the answer it embeds."""
    document = json.loads(shared_data("formats", "jaeger", *parts).read_text())
    rows = []
    for trace in document.get("data", [document]):
        service = {name: process["serviceName"] for name, process in trace["processes"].items()}
        at = {span["spanID"]: service[span["processID"]] for span in trace["spans"]}
        for span in trace["spans"]:
            parent = next((reference["spanID"] for reference in span.get("references", [])), None)
            rows.append(
                {
                    "message_id": span["spanID"],
                    "trace_id": span["traceID"],
                    "parent_id": parent,
                    "source": at.get(parent, at[span["spanID"]]),
                    "target": at[span["spanID"]],
                    "operation": span["operationName"],
                    "kind": "request",
                    "status": "ok",
                    "sent_at": span["startTime"],
                    "finished_at": span["startTime"] + span["duration"],
                }
            )
    frame = pl.DataFrame(rows).with_columns(pl.col("sent_at", "finished_at").cast(pl.Int64).cast(TIME))
    return conform(frame.with_columns(received_at="sent_at", answered_at="finished_at"), "messages"), document.get(
        "testing"
    )


def walked(frame, *, holds=NO_HOLDS):
    return journeys(linked(frame), holds=holds)


def on_path(found):
    """Self time in microseconds per (system, operation), overhang left out."""
    inside = found.steps.filter("on_path")
    return {
        (system, operation): us
        for system, operation, us in inside.group_by("system", "operation").agg(pl.col("self_us").sum()).rows()
    }


def assert_complete(found):
    """Self time, gaps and overhang, and parts and gaps, sum to the duration of every journey, in microseconds."""
    total = found.steps.group_by("journey").agg(
        path=pl.sum_horizontal("self_us", "gap_us", "overhang_us").sum(),
        parts=pl.sum_horizontal(*PARTS, "gap_us").sum(),
    )
    summed = found.journeys.join(total, on="journey", how="left").filter(pl.col("duration_us").is_not_null())
    assert summed["path"].fill_null(0).to_list() == summed["duration_us"].to_list()
    assert summed["parts"].fill_null(0).to_list() == summed["duration_us"].to_list()
    smallest = found.steps.select(pl.col(*PARTS, "self_us", "gap_us", "drag_us", "overhang_us").min())
    assert all(least is None or least >= 0 for least in smallest.row(0))


@pytest.mark.parametrize("case", CRISP)
def test_crisp_finds_the_same_exclusive_times(case):
    frame, answer = spans(f"crisp_{case}.json")
    expected = answer[0] if isinstance(answer, list) else answer["opTimeExclusive"]
    found = walked(frame)
    assert {f"[{system}] {operation}": us for (system, operation), us in on_path(found).items()} == expected
    assert_complete(found)


@pytest.mark.parametrize("case", SELF_TIMES)
def test_self_time_is_the_time_that_no_child_covers(case):
    frame, _ = spans(f"selftime_{case}.json")
    rows = frame.select("message_id", "parent_id", pl.col("sent_at", "finished_at").to_physical()).rows()
    uncovered = {}
    for name, _, start, end in rows:
        covered = set()
        for _, parent, child_start, child_end in rows:
            if parent == name:
                covered |= set(range(max(start, child_start), min(end, child_end)))
        uncovered[name] = end - start - len(covered)
    found = walked(frame)
    inner = found.steps.filter(pl.col("message_id").is_in(frame["parent_id"].drop_nulls().implode()))
    assert inner.height > 0
    assert dict(inner.select("message_id", "self_us").rows()) == {name: uncovered[name] for name in inner["message_id"]}
    assert_complete(found)


@st.composite
def forests(draw, *, skewed=True):
    """Traces of up to nine messages with times that tie often, at two scales, with nulls and skewed clocks."""
    scale = draw(st.sampled_from([20, 1000]))
    rows = []
    for trace in range(draw(st.integers(1, 3))):
        size = draw(st.integers(1, 9))
        for place in range(size):
            sent = draw(st.integers(0, scale))
            offsets = draw(st.lists(st.integers(-scale // 4 if skewed else 0, scale), min_size=3, max_size=3))
            received, first, second = offsets if skewed else sorted(offsets)
            away = (kind := draw(st.sampled_from(KINDS))) in ("queue", "batch", "file")
            order = (first, received, second) if away and skewed else (received, first, second)
            names = (
                ("answered_at", "received_at", "finished_at") if away else ("received_at", "finished_at", "answered_at")
            )
            times = dict(zip(names, (sent + offset for offset in order), strict=True))
            parent = draw(st.none() | st.integers(0, place - 1)) if place else None
            rows.append(
                {
                    "message_id": f"{trace}-{draw(st.integers(0, 9))}-{place}",
                    "trace_id": f"trace {trace}",
                    "parent": parent,
                    "order": place,
                    "kind": kind,
                    "sent_at": sent,
                }
                | {name: None if draw(st.integers(0, 6)) == 0 else time for name, time in times.items()}
            )
    names = {(row["trace_id"], row["order"]): row["message_id"] for row in rows}
    for row in rows:
        parent = row.pop("parent")
        row["parent_id"] = None if parent is None else names[row["trace_id"], parent]
    return rows


@given(forests())
def test_arrays_and_recursion_find_the_same_path(rows):
    found = walked(as_messages(rows))
    assert_complete(found)
    expected = {}
    for trace in {row["trace_id"] for row in rows}:
        expected |= recursive({row["message_id"]: row for row in rows if row["trace_id"] == trace})[0]
    steps = found.steps.group_by("message_id").agg(pl.col("self_us", "gap_us", "overhang_us").sum())
    assert {name: values for name, *values in steps.rows()} == {name: list(step) for name, step in expected.items()}


@given(forests(skewed=False))
def test_every_microsecond_of_a_step_is_sending_waiting_or_working(rows):
    found = walked(as_messages(rows))
    steps = found.steps.filter("on_path")
    parts = {
        name: values for name, *values in steps.select("message_id", "sending_us", "waiting_us", "working_us").rows()
    }
    for trace in {row["trace_id"] for row in rows}:
        mine = {row["message_id"]: row for row in rows if row["trace_id"] == trace}
        began = min(row["sent_at"] for row in mine.values())
        for name, (opens, closes, inner) in recursive(mine)[1].items():
            own = set(range(opens, closes)) - {instant for window in inner for instant in range(*window)}
            if len(own) != closes - opens - sum(last - first for first, last in inner):
                continue  # siblings overlap within the allowance: an instant stands twice
            told = [part_of(mine[name], instant + began) for instant in own]
            assert parts[name] == [told.count(part) for part in ("sending", "waiting", "working")]


def part_of(row, instant):
    """What a message did at one instant, by the four times."""
    received, answered, finished = row["received_at"], row["answered_at"], row["finished_at"]
    if row["kind"] in ("queue", "batch", "file"):
        if answered is not None and instant < answered:
            return "sending"
        return "waiting" if received is not None and instant < received else "working"
    if received is not None and instant < received:
        return "sending"
    return "working" if finished is None or instant < finished else "sending"


@given(forests(), st.randoms())
def test_the_order_of_the_rows_decides_nothing(rows, random):
    frame = as_messages(rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = walked(frame[order])
    assert_frame_equal(walked(frame).steps, shuffled.steps)


def test_of_two_parallel_steps_only_the_longer_drags():
    found = walked(
        messages("""
            message_id  parent_id  trace_id  source  target  kind      sent_at  finished_at
            order       -          t         web     orders  request   0        1.1
            stock       order      t         orders  stock   request   0.05     0.95
            credit      order      t         orders  bank    request   0.05     1.05
        """)
    )
    drag = dict(found.steps.select("message_id", "drag_us").rows())
    assert drag == {"order": 100_000, "credit": 100_000}


def test_a_step_inside_a_parallel_branch_drags_no_more_than_the_branch():
    found = walked(
        messages("""
            message_id  parent_id  trace_id  source  target  kind      sent_at  finished_at
            order       -          t         web     orders  request   0        10
            stock       order      t         orders  stock   request   0        9
            credit      order      t         orders  bank    request   0        10
            score       credit     t         bank    score   request   1        8
        """)
    )
    drag = dict(found.steps.select("message_id", "drag_us").rows())
    assert drag == {"order": 0, "credit": 1_000_000, "score": 1_000_000}


def test_a_message_on_a_queue_is_followed_to_its_end_and_its_sender_only_until_it_was_sent():
    found = walked(
        messages("""
            message_id  parent_id  trace_id  source  target     kind     sent_at  answered_at  received_at  finished_at
            order       -          t         web     orders     request  0        8            0            8
            stock       order      t         orders  stock      request  1        3            1            3
            parcel      order      t         orders  warehouse  queue    4        5            60           70
            mail        order      t         orders  mail       queue    2        2            3            20
        """)
    )
    steps = found.steps.select("message_id", pl.col("self_us", "sending_us", "waiting_us", "working_us") // 1_000_000)
    assert steps.rows() == [("order", 2, 0, 0, 2), ("stock", 2, 0, 0, 2), ("parcel", 66, 1, 55, 10)]
    assert dict(found.steps.select("message_id", "drag_us").rows())["parcel"] == 50_000_000  # then the mail is last


def test_a_journey_without_trace_follows_its_object_and_waits_between_messages():
    found = walked(
        messages("""
            message_id  source  target     kind   object_type  object_id  sent_at  received_at  finished_at
            m1          erp     warehouse  file   -            4711       0        10           15
            m2          erp     carrier    queue  order        4711       25       25           30
            m3          erp     carrier    queue  order        4712       25       25           26
            m4          erp     carrier    queue  order        -          25       25           27
        """).with_columns(object_type=pl.lit("order"))
    )
    journey = found.journeys.select("object_type", "messages", pl.col("duration_us") // 1_000_000)
    assert sorted(journey.rows()) == [("order", 1, 1), ("order", 1, 2), ("order", 2, 30)]
    steps = found.steps.select("message_id", pl.col("gap_us", "waiting_us", "working_us") // 1_000_000)
    assert steps.sort("message_id").rows()[:2] == [("m1", 0, 10, 5), ("m2", 10, 0, 5)]


def test_siblings_that_overlap_a_little_follow_each_other_only_if_both_fit_into_their_parent():
    def picture(end):
        return f"""
            message_id  parent_id  trace_id  source  target  kind      sent_at  finished_at
            order       -          t         web     orders  request   0        {end}
            stock       order      t         orders  stock   request   0        505
            credit      order      t         orders  bank    request   500      1000
        """

    roomy = walked(messages(picture(1005)))
    assert dict(roomy.steps.select("message_id", pl.col("self_us") // 1_000_000).rows()) == {
        "order": 0,
        "stock": 505,
        "credit": 500,
    }
    tight = walked(messages(picture(1000)))
    assert dict(tight.steps.select("message_id", pl.col("self_us") // 1_000_000).rows()) == {
        "order": 500,
        "credit": 500,
    }


def test_an_instant_inside_a_sibling_does_not_come_before_it():
    found = walked(
        messages("""
            message_id  trace_id  source  target  sent_at  finished_at
            long        t         web     orders  100      1000
            instant     t         web     audit   101      101
        """)
    )
    assert found.steps.select("message_id", pl.col("self_us") // 1_000_000).rows() == [("long", 900)]


def test_a_call_that_ends_with_the_message_it_sent_away_did_not_wait_for_it():
    found = walked(
        messages("""
            message_id  parent_id  trace_id  source  target  kind      sent_at  finished_at
            order       -          t         web     orders  request   0        10
            mail        order      t         orders  mail    queue     2        10
        """)
    )
    assert found.steps.select("message_id", pl.col("self_us") // 1_000_000).rows() == [("order", 10)]


def test_holding_is_taken_out_of_the_part_it_lies_in():
    frame = messages("""
        message_id  parent_id  trace_id  source  target     kind     sent_at  answered_at  received_at  finished_at
        order       -          t         web     orders     request  0        -            2            100
        stock       order      t         orders  stock      request  30       40           30           40
        parcel      -          u         orders  warehouse  queue    0        10           90           100
    """)
    holds = drawn(
        "holds",
        """
        message_id  held_at  released_at
        order       1        12
        order       10       20
        order       35       -
        parcel      5        50
        unknown     0        50
        """,
        checkpoint="four eyes",
    )
    found = walked(frame, holds=holds)
    seconds = found.steps.select("message_id", pl.col(*PARTS) // 1_000_000).sort("message_id").rows()
    assert seconds == [("order", 1, 0, 79, 10), ("parcel", 5, 40, 45, 10), ("stock", 0, 0, 0, 10)]
    assert_complete(found)


def test_a_hold_belongs_to_the_message_of_its_id_that_was_sent_last_before_it():
    """Ids come back, in another trace or with the next attempt; a clock that is off must not lose a hold."""
    frame = messages("""
        message_id  trace_id  source  target     kind   sent_at  answered_at  received_at  finished_at
        parcel      t         orders  warehouse  queue  0        0            90           100
        parcel      u         orders  warehouse  queue  9000     9000         9090         9100
        letter      v         orders  mail       queue  50       50           90           100
    """)
    holds = drawn(
        "holds",
        """
        message_id  held_at  released_at
        parcel      9010     9030
        letter      40       60
        """,
        checkpoint="four eyes",
    )
    found = walked(frame, holds=holds)
    held = found.steps.sort("journey").select("message_id", "start_us", pl.col("holding_us") // 1_000_000)
    assert sorted(held.rows()) == [("letter", 0, 10), ("parcel", 0, 0), ("parcel", 0, 20)]
    assert_complete(found)


def test_the_type_of_a_journey_is_its_first_and_times_that_contradict_each_other_are_counted():
    found = walked(
        messages("""
            message_id  trace_id  source  target  kind     object_type  sent_at  received_at  finished_at
            m1          t         a       b       request  -            0        -1           2
            m2          t         a       b       request  invoice      5        5            6
            m3          t         a       b       request  order        4        4            3
            m4          u         a       b       request  -            0        0            -
        """)
    )
    assert found.journeys.select("object_type", "messages", "skewed", "duration_us").rows() == [
        ("order", 3, 2, 6_000_000),
        (None, 1, 0, None),
    ]
    assert_complete(found)


def test_no_messages_have_no_journeys():
    found = walked(FRAMES["messages"].empty())
    assert (found.journeys.height, found.steps.height) == (0, 0)
    assert found.steps.columns == walked(messages("message_id source target\nm a b")).steps.columns


def test_a_chain_of_ten_thousand_messages_is_walked_at_once():
    size = 10_000
    rows = [
        {
            "message_id": f"m{place:05}",
            "parent_id": f"m{place - 1:05}" if place else None,
            "trace_id": "t",
            "kind": "queue",
            "sent_at": 10 * place,
            "received_at": 10 * place + 2,
            "finished_at": 10 * place + 9,
            "answered_at": None,
        }
        for place in range(size)
    ]
    found = walked(as_messages(rows))
    assert found.steps["gap_us"].to_list() == [0] + [1] * (size - 1)
    assert np.unique(found.steps["self_us"]).tolist() == [9]
    assert_complete(found)
