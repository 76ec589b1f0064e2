"""Drag and slack against journeys that are played again with one message faster or slower."""

import random

import polars as pl
import pytest
from drawing.recursive_path import KINDS, as_messages, recursive
from drawing.replayed_path import Replay

from integrhealth.language.schema import FRAMES
from integrhealth.traces.journeys import journeys
from integrhealth.traces.links import linked

SCALE = 20  # so short that no two siblings overlap by less than one part in a hundred of their parent


def walked(frame):
    return journeys(linked(frame), holds=FRAMES["holds"].empty())


def trees(seed, *, wide):
    """Thirty random traces of up to nine messages: trees of any kinds, or a call with many children beside others."""
    draw = random.Random(seed)
    rows = []
    for trace in range(30):
        for place in range(draw.randint(1, 9)):
            sent, above = draw.randint(0, SCALE), None
            if wide and place:
                offsets, kind, above = sorted(draw.randint(0, 8) for _ in range(3)), draw.choice(KINDS[:3]), 0
                kind = "request" if kind == "internal" else kind
            elif wide:
                sent, offsets, kind = 0, [0, SCALE + 5, SCALE + 5], "request"
            else:
                offsets, kind = [draw.randint(-SCALE // 4, SCALE) for _ in range(3)], draw.choice(KINDS)
                above = draw.choice([None, *range(place)]) if place else None
            names = ("received_at", "finished_at", "answered_at")
            ends = {
                name: None if draw.random() < 0.1 else sent + offset
                for name, offset in zip(names, offsets, strict=True)
            }
            ids = {"message_id": f"{trace}-{place}", "trace_id": str(trace), "order": place, "kind": kind}
            rows.append(ids | {"parent_id": None if above is None else f"{trace}-{above}", "sent_at": sent} | ends)
    return rows


@pytest.mark.parametrize("wide", [False, True])
def test_a_step_drags_what_the_journey_gains_when_it_is_played_again_without_it(wide):
    limited = 0
    for seed in range(12):
        rows = trees(seed, wide=wide)
        found = walked(as_messages(rows))
        drag = dict(found.steps.filter("on_path").select("message_id", "drag_us").rows())
        slack = dict(found.beside.select("message_id", "slack_us").rows())
        for trace in {row["trace_id"] for row in rows}:
            mine = {row["message_id"]: row for row in rows if row["trace_id"] == trace}
            _, windows, plan = recursive(mine)
            if plan is None:
                continue
            replay = Replay(plan)
            end = replay.ends()
            for name, (opens, closes, inner) in windows.items():
                own = set(range(opens, closes)) - {instant for window in inner for instant in range(*window)}
                alone = [instant for instant in replay.alone(name, opens, closes) if instant in own]
                order = alone + sorted(own - set(alone))  # first what passes while nothing else is under way
                assert end - replay.ends(name, without=order[: drag[name]]) == drag[name]
                tree = next(tree for root, tree in plan["trees"].items() if name in replay.members(root))
                ran_on = tree[1] > tree[4][-1]  # then what the caller drags is bounded from below only
                if drag[name] < len(alone) and not ran_on:
                    assert end - replay.ends(name, without=order[: drag[name] + 1]) == drag[name]
                    limited += 1
            for name in mine.keys() & slack.keys():
                assert replay.ends(name, longer=slack[name]) == end
    assert limited > 50


def test_a_shorter_step_beside_one_on_the_path_changes_nothing():
    compared = 0
    for seed in range(8):
        rows = trees(seed, wide=True)
        found = walked(as_messages(rows))
        of = {row["message_id"]: row["trace_id"] for row in rows}
        path = found.steps.filter("on_path").select("message_id", "start_us", "end_us", "self_us")
        inside = {}
        for name, start, end, _ in path.rows():
            if end - start > 2 and not name.endswith("-0"):
                inside.setdefault(of[name], (start + 1, end - 1))
        began = {row["trace_id"]: row["sent_at"] for row in rows if row["message_id"].endswith("-0")}
        for trace, (start, end) in inside.items():
            times = {"sent_at": began[trace] + start, "received_at": None, "answered_at": None}
            ids = {"message_id": f"{trace}-0 more", "trace_id": trace, "parent_id": f"{trace}-0", "order": 99}
            rows.append(ids | {"kind": "request", "finished_at": began[trace] + end} | times)
        again = walked(as_messages(rows)).steps.filter("on_path")
        assert again.select(path.columns).rows() == path.rows()
        compared += len(inside)
    assert compared > 50


def test_two_long_chains_beside_each_other_leave_each_other_room_at_once():
    """3,000 calls one after the other, beside as many that take a little less each: the first wait for nothing."""
    size = 3000
    call = {"trace_id": "t", "kind": "request", "received_at": None, "answered_at": None}
    rows = [call | {"message_id": "root", "parent_id": None, "order": 0, "sent_at": 0, "finished_at": 10 * size}]
    for place in range(size):
        long = {"message_id": f"long {place:05}", "sent_at": 10 * place, "finished_at": 10 * place + 10}
        short = {"message_id": f"short {place:05}", "sent_at": 10 * place + 1, "finished_at": 10 * place + 11}
        last = {"finished_at": 10 * size - 1} if place == size - 1 else {}
        rows += [call | {"parent_id": "root", "order": 1} | each for each in (long, short | last)]
    found = walked(as_messages(rows))
    slack = found.beside.filter(pl.col("message_id").str.starts_with("short"))["slack_us"]
    assert slack.to_list() == [1] * size
    drag = found.steps.filter(pl.col("message_id").str.starts_with("long"))["drag_us"]
    assert drag.to_list() == [1] * size
