"""Variants: which ways objects take, counted per object, whatever was retried."""

import json
import xml.etree.ElementTree as ElementTree
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from drawing.shared_data import shared_data
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses.reconciliation.exceptions import variants as ways
from integrhealth.analyses.reconciliation.exceptions.questions import variants

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def logs(objects):
    """`objects` are (object_type, object_id, steps); a step is an operation, ``!`` behind it says that it failed."""
    return ih.Evidence(messages=messages(objects))


def messages(objects):
    rows = []
    for kind, name, steps in objects:
        for minute, step in enumerate(steps):
            sent = START + minute * MINUTE
            rows.append(
                {
                    "message_id": f"{kind}-{name}-{minute}",
                    "source": "shop",
                    "target": "erp",
                    "kind": "request",
                    "object_type": kind,
                    "object_id": name,
                    "operation": step.rstrip("!"),
                    "status": "failed" if step.endswith("!") else "ok",
                    "sent_at": sent,
                    "answered_at": sent + MINUTE,
                }
            )
    return pl.DataFrame(rows)


def taken(evidence):
    return {
        tuple(way.removeprefix("shop > erp: ") for way in variant.split(" → ")): cases
        for variant, cases in variants(evidence).select("variant", "cases").rows()
    }


def test_ways_are_counted_per_object_with_their_shares():
    objects = [("order", f"a{n}", ["place", "ship", "bill"]) for n in range(60)]
    objects += [("order", f"b{n}", ["place", "bill", "ship"]) for n in range(30)]
    objects += [("order", f"c{n}", ["place", "ship!"]) for n in range(10)]
    table = variants(logs(objects))
    assert table["variant"][0] == "shop > erp: place → shop > erp: ship → shop > erp: bill"
    columns = ["rank", "steps", "cases", "share", "coverage", "failed_share", "objects", "variants"]
    assert table.select(columns).rows() == [
        (1, 3, 60, 0.6, 0.6, 0.0, 100, 3),
        (2, 3, 30, 0.3, 0.9, 0.0, 100, 3),
        # Ten objects are no sample: they are counted, and have no share.
        (3, 2, 10, 0.1, 1.0, None, 100, 3),
    ]
    assert variants(logs(objects), min_cases=10)["failed_share"].to_list() == [0, 0, 1]
    assert table["median_hours"].to_list()[0] == pytest.approx(3 / 60, rel=0.01)
    assert table["median_hours"].to_list()[2] is None


def test_retries_and_copies_make_no_way_of_their_own():
    objects = [
        ("order", "1", ["place", "ship"]),
        ("order", "2", ["place!", "place", "ship"]),
        ("order", "3", ["place!", "place!", "place", "ship!", "ship"]),
        ("order", "4", ["place", "ship!", "ship"]),
        ("order", "5", ["place", "place", "ship", "ship"]),
        ("order", "6", ["place!", "ship", "place"]),
    ]
    assert taken(logs(objects)) == {("place", "ship"): 6}
    renumbered = messages([("order", "7", ["place", "ship", "place", "ship"])]).with_columns(attempt=pl.lit(2))
    assert taken(ih.Evidence(messages=renumbered)) == {("place", "ship"): 1}


def test_what_is_done_again_after_something_else_is_another_way():
    objects = [("order", "1", ["place", "change", "place"]), ("order", "2", ["place", "change"])]
    assert taken(logs(objects)) == {("place", "change", "place"): 1, ("place", "change"): 1}


def test_a_failure_that_was_made_good_is_none():
    objects = [("order", f"{n}", ["place!", "place"] if n < 10 else ["place", "place!"]) for n in range(20)]
    assert variants(logs(objects))["failed_share"].to_list() == [0.5]


def test_one_invoice_for_three_orders_is_one_object():
    once = messages([("invoice", "1", ["bill", "send"])])
    flattened = pl.concat(
        [
            once.with_columns(trace_id=pl.lit(order), message_id=pl.format("{}-{}", "message_id", pl.lit(order)))
            for order in "abc"
        ]
    )
    assert taken(ih.Evidence(messages=flattened)) == {("bill", "send"): 1}


def test_the_ten_most_frequent_are_shown_and_what_they_cover():
    objects = [("order", f"{way}-{n}", ["place", f"step {way:02}"]) for way in range(14) for n in range(20 - way)]
    table = variants(logs(objects))
    assert (table.height, table["rank"].to_list(), table["variants"].unique().to_list()) == (10, [*range(1, 11)], [14])
    assert table["coverage"].to_list()[-1] == pytest.approx(sum(20 - way for way in range(10)) / len(objects))


def test_a_long_way_is_shortened_and_not_taken_for_another():
    steps = [f"s{n}" for n in range(30)]
    other = [*steps[:15], "x", *steps[16:]]
    table = variants(logs([("order", "1", steps), ("order", "2", other), ("order", "3", other)]))
    assert table["cases"].to_list() == [2, 1]
    assert table["steps"].to_list() == [30, 30]
    assert table["variant"].unique().to_list() == [
        " → ".join(f"shop > erp: {name}" if name[0] == "s" else name for name in [*steps[:4], "22 more", *steps[-4:]])
    ]


# Laws


def drawn(seed, objects=40):
    rng = np.random.default_rng(seed)
    names = ["a", "b", "c", "a!", "b!"]
    return [
        (("order", "invoice")[rng.integers(2)], str(n), [names[k] for k in rng.integers(0, 5, rng.integers(1, 7))])
        for n in range(objects)
    ]


def by_loops(objects):
    counts = Counter()
    for kind, _, steps in objects:
        way, failed = [], {}
        for step in steps:
            name = step.rstrip("!")
            if not failed.get(name, False) and (not way or way[-1] != name):
                way.append(name)
            failed[name] = step.endswith("!")
        counts[kind, tuple(way)] += 1
    return counts


@pytest.mark.parametrize("seed", range(12))
def test_ways_are_those_of_a_loop_over_objects(seed):
    objects = drawn(seed)
    facts = ways.message_ways(logs(objects).messages)
    counted = Counter()
    for kind, way, count in facts.select("object_type", "way", "objects").rows():
        counted[kind, tuple(name.removeprefix("shop > erp: ") for name in way)] += count
    assert counted == by_loops(objects)


def test_facts_of_parts_are_those_of_the_whole_and_order_changes_nothing():
    whole = logs(drawn(3, 300)).messages
    parts = [whole.filter(pl.col("object_id").cast(pl.Int64) % 3 == part) for part in range(3)]
    merged = ways.variants(pl.concat([ways.message_ways(part) for part in parts]), min_cases=5)
    assert_frame_equal(merged, ways.variants(ways.message_ways(whole), min_cases=5))
    shuffled = whole.sample(fraction=1, shuffle=True, seed=1)
    assert_frame_equal(merged, ways.variants(ways.message_ways(shuffled), min_cases=5))


def test_without_objects_there_are_no_ways_and_load_tests_take_none():
    frame = messages([("order", "1", ["place"])])
    for changed in (
        {"object_id": pl.lit(None, pl.String)},
        {"object_type": pl.lit(None, pl.String)},
        {"load_test": True},
    ):
        lacking = frame.with_columns(
            **{name: pl.lit(value) if value is True else value for name, value in changed.items()}
        )
        assert variants(ih.Evidence(messages=lacking)).is_empty()
    assert variants(ih.Evidence()).schema == variants(ih.Evidence(messages=frame)).schema


# Real logs


@pytest.mark.parametrize("name", ["example_log.jsonocel", "ocel20_example.jsonocel"])
def test_objects_of_an_ocel_log_count_once_each_by_type(name):
    path = shared_data("formats", "ocel", name)
    log = json.loads(path.read_text())
    if "events" in log:
        types = {each["id"]: each["type"] for each in log["objects"]}
        events = [
            (each["time"], each["type"], {link["objectId"] for link in each["relationships"]}) for each in log["events"]
        ]
    else:
        types = {key: each["ocel:type"] for key, each in log["ocel:objects"].items()}
        events = [
            (each["ocel:timestamp"], each["ocel:activity"], set(each["ocel:omap"]))
            for each in log["ocel:events"].values()
        ]
    walked, seen = {}, set()
    for at, activity, objects in sorted(events, key=lambda event: event[0]):
        if (at, activity, frozenset(objects)) in seen:
            continue  # an event that differs in nothing but its id is a copy
        seen.add((at, activity, frozenset(objects)))
        for each in objects:
            walked.setdefault(each, []).append(activity)
    expected = Counter((types[each], tuple(way)) for each, way in walked.items())
    facts = ways.incident_ways(ih.read(path).incident_events)
    counted = Counter()
    for kind, way, count in facts.select("object_type", "way", "objects").rows():
        counted[kind, tuple(way)] += count
    assert counted == expected
    table = variants(ih.read(path))
    assert dict(table.group_by("object_type").agg(pl.col("objects").first()).rows()) == Counter(
        types[each] for each in walked
    )


def test_cases_of_an_xes_log_take_the_ways_of_a_plain_count():
    path = shared_data("formats", "xes", "running-example.xes")
    root = ElementTree.parse(path).getroot()
    space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    expected = Counter()
    for trace in root.iter(f"{space}trace"):
        events = [{item.get("key"): item.get("value") for item in event} for event in trace.iter(f"{space}event")]
        ordered = sorted(events, key=lambda event: event["time:timestamp"])
        expected[tuple(event["concept:name"] for event in ordered)] += 1
    facts = ways.incident_ways(ih.read(path).incident_events)
    counted = Counter()
    for way, count in facts.select("way", "objects").rows():
        counted[tuple(way)] += count
    assert counted == expected
