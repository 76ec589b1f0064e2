"""A record that two exports tell of, one of them only in part, is one; and what ids and warnings must not hold."""

import json

import pytest

import integrhealth as ih

RUN = "/subscriptions/s/providers/Microsoft.Logic/workflows/orders/runs/r1"
TIMES = {"startTime": "2026-03-01T10:00:00Z", "endTime": "2026-03-01T10:00:09Z"}
TOLD = TIMES | {"waitEndTime": TIMES["startTime"], "status": "Succeeded", "correlation": {"clientTrackingId": "r1"}}
OVERVIEW = {"value": [{"id": RUN, "properties": TOLD}]}
WHOLE = {"id": RUN, "properties": TOLD | {"actions": {"HTTP": TIMES | {"status": "Failed"}}}}


def read(folder, **documents):
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    return ih.read(folder)


def account(evidence):
    return evidence.sources.select("file", "rows_in", "rows_out", "rows_rejected", "duplicates").rows()


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_a_run_in_an_overview_and_in_full_is_one(tmp_path, names):
    evidence = read(tmp_path, **dict(zip(names, (OVERVIEW, WHOLE), strict=True)))
    assert evidence.messages.select("message_id", "status").sort("message_id").rows() == [
        ("r1", "partial"),
        ("r1/actions/HTTP", "failed"),
    ]
    assert account(evidence) == sorted([(f"{names[0]}.json", 1, 1, 0, 1), (f"{names[1]}.json", 2, 2, 0, 0)])


def executions(*told):
    common = {"id": "7", "workflowId": "w", "mode": "trigger", "startedAt": "2026-03-01T10:00:00Z"}
    return {"data": [common | each for each in told]}


def test_a_run_that_was_exported_while_it_went_on_and_at_its_end_is_one(tmp_path):
    running = executions({"stoppedAt": None, "status": "running"})
    ended = executions({"stoppedAt": "2026-03-01T10:00:09Z", "status": "error"})
    evidence = read(tmp_path, a=running, b=ended)
    assert evidence.messages["status"].to_list() == ["failed"]
    assert account(evidence) == [("a.json", 1, 1, 0, 1), ("b.json", 1, 1, 0, 0)]


@pytest.mark.parametrize(
    ("other", "kept", "rejected"),
    [
        ({"stoppedAt": "2026-03-01T10:00:09Z", "status": "success"}, 1, 1),
        ({"stoppedAt": "2026-03-01T10:00:08Z", "status": "success"}, 2, 0),
        ({"stoppedAt": "2026-03-01T10:00:09Z", "status": "error", "mode": "retry"}, 2, 0),
    ],
    ids=["another outcome", "another end", "another attempt"],
)
def test_what_says_something_else_is_no_part(tmp_path, other, kept, rejected):
    evidence = read(tmp_path, a=executions({"stoppedAt": "2026-03-01T10:00:09Z", "status": "error"}, other))
    assert account(evidence) == [("a.json", 2, kept, rejected, 0)]


def test_an_id_made_of_an_address_holds_no_password(tmp_path):
    event = {"specversion": "1.0", "id": "9", "type": "placed", "time": "2026-03-01T10:00:00Z"}
    evidence = read(tmp_path, a=event | {"source": "https://shop:hunter2@example.com/x?sig=abcdef"})
    assert evidence.messages["message_id"].to_list() == ["https://shop:***@example.com/x?sig=*** 9"]


def test_people_in_warnings_are_masked(tmp_path):
    owned = {"namespace": "n", "name": "load", "facets": {"ownership": {"owners": [{"name": "ann@example.com"}]}}}
    event = {"eventTime": "2026-03-01T10:00:00Z", "eventType": "START", "run": {"runId": "1"}, "job": owned}
    evidence = read(tmp_path, a=event)
    assert any("load: ***" in sentence for sentence in evidence.warnings)
    assert not any("ann@" in sentence for sentence in evidence.warnings)
