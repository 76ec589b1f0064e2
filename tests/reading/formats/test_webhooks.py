"""Deliveries of webhooks: tries of one message, how long they took in seconds, and how the receiver answered."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih


def github(name: str = "1", second: int = 0, *, again: bool = False, code: int | None = 200, **more) -> dict:
    given = {"id": 100 + second, "guid": name, "delivered_at": f"2026-03-01T10:00:{second:02}Z", "redelivery": again}
    return given | {"duration": 0.27, "status": "OK", "status_code": code, "event": "issues", "action": "opened"} | more


def svix(name: str = "msg_1", second: int = 0, status: int = 0, **more) -> dict:
    given = {"id": f"atmpt_{second}", "msgId": name, "endpointId": "ep_1", "url": "https://shop.example/hook?key=7"}
    told = {"responseStatusCode": 200, "responseDurationMs": 150, "status": status, "response": "{}", "triggerType": 0}
    return given | told | {"timestamp": f"2026-03-01T10:00:{second:02}.5Z"} | more


def read(folder: Path, document: object, name: str = "deliveries.json") -> ih.Evidence:
    (folder / name).write_text(document if isinstance(document, str) else json.dumps(document))
    evidence = ih.read(folder)
    for counts in evidence.sources.rows(named=True):
        assert counts["format"] == "webhooks"
        assert counts["rows_in"] == counts["rows_out"] + counts["rows_rejected"]
    return evidence


def tries(evidence: ih.Evidence) -> list[tuple]:
    return evidence.messages.sort("sent_at", "message_id").select("message_id", "attempt", "status").rows()


def test_the_recorded_answer_of_github(tmp_path):
    exchange = shared_data("formats", "github", "Github.testGetHookDeliveries.txt").read_text()
    body = next(line for line in exchange.splitlines() if line.startswith("[{"))
    (found,) = read(tmp_path, body).messages.rows(named=True)
    assert (found["message_id"], found["trace_id"]) == ("abcde-12345 www.example-webhook.com", "abcde-12345")
    assert (found["source"], found["target"], found["kind"]) == ("GitHub", "www.example-webhook.com", "request")
    assert (found["integration"], found["operation"], found["error_code"]) == ("issues", "opened", "200")
    assert found["sent_at"].isoformat() == "2012-05-27T06:00:32+00:00"
    assert found["answered_at"] - found["sent_at"] == timedelta(milliseconds=270)
    assert (found["attempt"], found["status"], found["error_text"]) == (1, "ok", None)


def test_the_tries_of_a_message_are_counted_in_the_order_of_time(tmp_path):
    newest_first = [
        github("a", 9, again=True),
        github("b", 5, again=True, code=500),
        github("a", 3, again=True, code=502),
        github("a", 1, code=502),
    ]
    evidence = read(tmp_path, newest_first)
    assert tries(evidence) == [("a", 1, "failed"), ("a", 2, "failed"), ("b", 2, "failed"), ("a", 3, "ok")]
    assert evidence.messages["target"].unique().to_list() == ["webhook receiver"]


def test_the_same_delivery_in_two_exports_is_counted_once(tmp_path):
    read(tmp_path, [github("a", 1, code=502)], "first.json")
    evidence = read(tmp_path, [github("a", 3, again=True), github("a", 1, code=502)], "second.json")
    assert tries(evidence) == [("a", 1, "failed"), ("a", 2, "ok")]
    assert evidence.sources["duplicates"].sum() == 1


def test_one_event_for_two_receivers_is_two_messages(tmp_path):
    both = [github("a", 1, url="https://one.example/x"), github("a", 2, url="https://user:key@two.example:8443/x")]
    evidence = read(tmp_path, both)
    assert tries(evidence) == [("a one.example", 1, "ok"), ("a two.example", 1, "ok")]
    assert evidence.messages["trace_id"].to_list() == ["a", "a"]


@pytest.mark.parametrize(
    ("code", "said", "status"),
    [
        (204, "OK", "ok"),
        (302, "Found", "failed"),
        (404, "Not Found", "failed"),
        (500, "Internal Server Error", "failed"),
        (504, "Gateway Time-out", "timeout"),
        (0, "timed out", "timeout"),
        (0, "failed to connect", "failed"),
        (None, "queued", "unknown"),
    ],
)
def test_how_the_receiver_answered(tmp_path, code, said, status):
    (found,) = read(tmp_path, [github(code=code, status=said)]).messages.rows(named=True)
    assert (found["status"], found["error_text"]) == (status, None if said == "OK" else said)


def test_svix_lists_attempts_a_page_at_a_time(tmp_path):
    attempts = [svix("m", 9, 0), svix("m", 1, 2, responseStatusCode=500), svix("n", 4, 3)]
    evidence = read(tmp_path, {"data": attempts, "iterator": "atmpt_1", "done": False})
    assert tries(evidence) == [("m ep_1", 1, "failed"), ("n ep_1", 1, "pending"), ("m ep_1", 2, "ok")]
    assert evidence.messages["target"].unique().to_list() == ["shop.example"]
    waits = evidence.messages["answered_at"] - evidence.messages["sent_at"]
    assert waits.unique().to_list() == [timedelta(milliseconds=150)]
    assert any("done is false" in each for each in evidence.warnings)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (github(delivered_at="soon"), "bad_time:sent_at; bad_time:finished_at; bad_time:answered_at"),
        (github(duration="long"), "bad_number:finished_at; bad_number:answered_at"),
        (github(guid=5, delivered_at=None), "no_sent_at"),
        (github("{{ guid }}"), "template:message_id"),
        ({"delivered_at": "2026-03-01T10:00:00Z"}, "no delivery of a webhook"),
        (7, "no delivery of a webhook"),
    ],
)
def test_a_bad_delivery_is_refused_and_the_good_ones_around_it_stay(tmp_path, bad, reason):
    evidence = read(tmp_path, "\n".join(json.dumps(each) for each in (github("x", 1), bad, github("y", 2))))
    assert tries(evidence) == [("x", 1, "ok"), ("y", 1, "ok")]
    assert evidence.rejected.select("line", "reason").rows() == [(2, reason)]


def test_the_payload_of_a_webhook_is_no_list_of_deliveries():
    sources = ih.read(shared_data("formats", "github", "webhook_issues_assigned.json")).sources
    assert "webhooks" not in sources["format"].to_list()
