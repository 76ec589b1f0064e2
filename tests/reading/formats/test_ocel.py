"""OCEL 1 and 2: an event of several objects is a step in the life of each, and counts once."""

import json

import pytest
from drawing.shared_data import shared_data

import integrhealth
from integrhealth.reading.formats.ocel import FORMAT

FIRST = {"ocel:activity": "pay", "ocel:timestamp": "2026-01-01T00:00:00Z", "ocel:omap": ["o1"], "ocel:vmap": {}}
SECOND = {
    "id": "e1",
    "type": "pay",
    "time": "2026-01-01T00:00:00Z",
    "attributes": [{"name": "resource", "value": "anna"}],
    "relationships": [{"objectId": "o1", "qualifier": "order"}, {"objectId": "i1", "qualifier": "item"}],
}


def read(folder, log, **options):
    path = folder / "log.jsonocel"
    path.write_text(log if isinstance(log, str) else json.dumps(log))
    return integrhealth.read(path, show_people=True, **options)


def second(*events):
    return {"objectTypes": [], "eventTypes": [], "objects": [], "events": list(events)}


def steps(found):
    return found.incident_events.select("incident", "action", "person", "team", "state").rows()


def account(found):
    return found.sources.select("rows_in", "rows_out", "rows_rejected").rows()


@pytest.mark.parametrize(
    ("name", "events", "pairs"), [("example_log.jsonocel", 23, 39), ("ocel20_example.jsonocel", 13, 20)]
)
def test_real_logs_count_events_and_give_each_object_its_steps(name, events, pairs):
    path = shared_data("formats", "ocel", name)
    log = json.loads(path.read_text())
    expected = sorted(
        (name, event["ocel:activity"], event["ocel:timestamp"][:10])
        for event in log.get("ocel:events", {}).values()
        for name in event["ocel:omap"]
    ) or sorted(
        (each["objectId"], event["type"], event["time"][:10])
        for event in log["events"]
        for each in event["relationships"]
    )
    assert len(expected) == pairs
    assert account(integrhealth.read(path)) == [(events, events, 0)]
    (parsed,) = FORMAT.read(path, path.name)
    frame = parsed.rows
    assert sorted((row["incident"], row["action"], str(row["at"])[:10]) for row in frame.rows(named=True)) == expected
    assert frame["log_line"].n_unique() == events


def test_events_of_several_objects_and_times_without_a_zone_are_said():
    first = integrhealth.read(shared_data("formats", "ocel", "example_log.jsonocel"))
    assert any("events of several objects" in sentence for sentence in first.warnings)
    assert any("times without a zone" in sentence for sentence in first.warnings)
    second_log = integrhealth.read(shared_data("formats", "ocel", "ocel20_example.jsonocel"))
    assert not any("times without a zone" in sentence for sentence in second_log.warnings)


def test_events_that_differ_in_nothing_but_their_id_are_copies():
    found = integrhealth.read(shared_data("formats", "ocel", "example_log.jsonocel"))
    assert (found.sources["duplicates"].to_list(), found.incident_events.height) == ([1], 38)


def test_attributes_tell_who_acted(tmp_path):
    told = {"Resource": "anna", "org:group": "sales", "lifecycle:transition": "complete"}
    assert steps(read(tmp_path, {"ocel:events": {"e1": FIRST | {"ocel:vmap": told}}})) == [
        ("o1", "pay", "anna", "sales", "complete")
    ]
    assert steps(read(tmp_path, second(SECOND))) == [
        ("o1", "pay", "anna", None, None),
        ("i1", "pay", "anna", None, None),
    ]


def test_objects_tell_their_type_where_the_log_does(tmp_path):
    first = {"ocel:events": {"e1": FIRST}, "ocel:objects": {"o1": {"ocel:type": "order"}}}
    assert read(tmp_path, first).incident_events["object_type"].to_list() == ["order"]
    objects = [{"id": "o1", "type": "order"}, {"id": ["i1"], "type": "item"}, 5, {"type": "item"}]
    found = read(tmp_path, second(SECOND) | {"objects": objects})
    assert found.incident_events.select("incident", "object_type").rows() == [("o1", "order"), ("i1", None)]
    for broken in ({"ocel:objects": 5}, {"ocel:objects": {"o1": 5}}, {"ocel:objects": {"o1": {"ocel:type": None}}}):
        found = read(tmp_path, {"ocel:events": {"e1": FIRST}} | broken)
        assert (found.incident_events["object_type"].to_list(), account(found)) == ([None], [(1, 1, 0)])


def test_an_object_that_an_event_names_twice_is_one_step(tmp_path):
    twice = SECOND | {"relationships": [{"objectId": "o1", "qualifier": "a"}, {"objectId": "o1", "qualifier": "b"}]}
    found = read(tmp_path, second(twice))
    assert (len(steps(found)), found.sources["duplicates"].to_list()) == (1, [0])


def test_an_event_without_objects_is_passed_over_and_counted(tmp_path):
    found = read(tmp_path, second(SECOND, {"id": "e2", "type": "wait", "time": "2026-01-02T00:00:00Z"}))
    assert account(found) == [(2, 2, 0)]
    assert len(steps(found)) == 2


def test_bad_events_are_rejected_and_the_others_stay(tmp_path):
    other = SECOND | {"id": "e2"}
    events = [
        SECOND,
        5,
        SECOND | {"type": "other"},
        {key: value for key, value in other.items() if key != "time"},
        other | {"id": "e3", "time": "{{time}}"},
        {key: value for key, value in other.items() if key != "id"},
        other | {"id": "e4", "time": "2026-01-03T00:00:00Z"},
    ]
    found = read(tmp_path, second(*events))
    assert account(found) == [(7, 2, 5)]
    assert found.rejected.select("line", "reason").rows() == [
        (2, "no_event"),
        (3, "conflicting_id"),
        (4, "no_at"),
        (5, "bad_time:at"),
        (6, "no_event_id"),
    ]


def test_the_same_event_again_is_a_copy(tmp_path):
    found = read(tmp_path, second(SECOND, SECOND))
    assert account(found) == [(2, 2, 0)]
    assert (found.sources["duplicates"].to_list(), len(steps(found))) == ([2], 2)


@pytest.mark.parametrize("log", ['{"ocel:events": {"e1": {"ocel:act', '{"ocel:events": 5}', '{"ocel:objects": {}}'])
def test_a_log_that_cannot_be_read_is_one_rejection(tmp_path, log):
    assert account(read(tmp_path, log)) == [(1, 0, 1)]
