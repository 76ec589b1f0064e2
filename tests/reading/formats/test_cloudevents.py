"""CloudEvents: envelopes alone, in batches and by line, what they leave out, and what is none."""

import json
from pathlib import Path

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.reading.account.remedies import remedies

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def event(name: str = "1", **more) -> dict:
    given = {
        "specversion": "1.0",
        "id": name,
        "source": "/shop",
        "type": "order.placed",
        "time": "2026-03-01T10:00:00Z",
    }
    return {key: value for key, value in (given | more).items() if value is not None}


def read(folder: Path, text: str, records: int = 1) -> ih.Evidence:
    (folder / "events.json").write_text(text, encoding="utf-8")
    evidence = ih.read(folder)
    (counts,) = evidence.sources.rows(named=True)
    assert (counts["format"], counts["rows_in"]) == ("cloudevents", records)
    assert counts["rows_in"] == counts["rows_out"] + counts["rows_rejected"]
    return evidence


def one(folder: Path, **more) -> dict:
    return read(folder, json.dumps(event(**more))).messages.row(0, named=True)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (json.dumps([event("1"), event("2")]), [1, 1]),
        (json.dumps([event("1"), event("2")], indent=1), [1, 2]),
        (f"{json.dumps(event('1'))}\n{json.dumps(event('2'))}\n", [1, 2]),
        (f"{json.dumps(event('1'), indent=1)}\n{json.dumps(event('2'), indent=1)}\n", [1, 2]),
        (f"\n{json.dumps([event('1')])}\n{json.dumps([event('2')])}\n", [2, 3]),
    ],
    ids=["batch", "batch over lines", "lines", "documents", "batches by line"],
)
def test_single_events_batches_and_lines(tmp_path, text, lines):
    messages = read(tmp_path, text, records=2).messages
    assert messages.select("message_id", "log_line").rows() == [("/shop 1", lines[0]), ("/shop 2", lines[1])]


def test_an_envelope_tells_who_sent_and_not_how_it_ended(tmp_path):
    found = one(tmp_path, subject="A-0017", correlationid="c9")
    assert {key: value for key, value in found.items() if value is not None and not key.startswith("log_")} == {
        "message_id": "/shop 1",
        "trace_id": "c9",
        "source": "/shop",
        "target": "/shop",
        "integration": "order.placed",
        "operation": "order.placed",
        "kind": "internal",
        "object_id": "A-0017",
        "sent_at": found["sent_at"],
        "status": "unknown",
    }
    assert found["sent_at"].isoformat() == "2026-03-01T10:00:00+00:00"


def test_the_id_alone_is_no_identity_and_a_redelivery_is_counted(tmp_path):
    lines = [event("1"), event("1", source="/stock"), event("1")]
    evidence = read(tmp_path, "\n".join(map(json.dumps, lines)), records=3)
    assert evidence.messages["message_id"].to_list() == ["/shop 1", "/stock 1"]
    assert evidence.sources["duplicates"].item() == 1


@pytest.mark.parametrize(
    ("traceparent", "trace", "parent"),
    [
        (f"00-{TRACE}-{SPAN}-01", TRACE, f"{TRACE}:{SPAN}"),
        (f"00-{'0' * 32}-{SPAN}-01", "c9", None),
        (f"00-{TRACE}-{'0' * 16}-01", "c9", None),
        ("nonsense", "c9", None),
        (7, "c9", None),
    ],
)
def test_the_trace_is_that_of_the_sender(tmp_path, traceparent, trace, parent):
    found = one(tmp_path, traceparent=traceparent, correlationid="c9")
    assert (found["trace_id"], found["parent_id"]) == (trace, parent)


def test_data_of_any_shape_is_only_told_apart(tmp_path):
    shapes = [{"data": [{"a": 1}]}, {"data": "secret"}, {"data": "secret"}, {"data_base64": "c2VjcmV0"}, {"data": None}]
    lines = [event(str(number), **shape) for number, shape in enumerate(shapes)]
    hashes = read(tmp_path, "\n".join(map(json.dumps, lines)), records=5).messages["payload_hash"].to_list()
    assert hashes[1] == hashes[2]
    assert len(set(hashes)) == 4
    assert "secret" not in str(hashes)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (event(time=None), "no_time"),
        (event(time="soon"), "bad_time:sent_at"),
        (event(source=None), "no_message_id; no_source; no_target"),
        (event("{{ id }}"), "template:message_id"),
        ({"id": "1", "time": "2026-03-01T10:00:00Z"}, "no CloudEvent"),
        ("text", "no CloudEvent"),
    ],
)
def test_a_bad_event_is_refused_and_the_good_ones_around_it_stay(tmp_path, bad, reason):
    evidence = read(tmp_path, "\n".join(json.dumps(each) for each in (event("a"), bad, event("b"))), records=3)
    assert evidence.messages["message_id"].to_list() == ["/shop a", "/shop b"]
    assert evidence.rejected.select("line", "reason").rows() == [(2, reason)]


def test_a_missing_time_is_refused_with_what_to_do():
    assert remedies("no_time") == {
        "no_time": "a time may be left out of a CloudEvent, but not here: let the sender write it"
    }


@pytest.mark.parametrize(
    ("name", "message", "subject", "sent_at"),
    [
        (
            "structured_MessagePublishedData",
            "//pubsub.googleapis.com/projects/test-project/topics/my-topic 3103425958877813",
            None,
            "2021-02-05T04:06:14.109000+00:00",
        ),
        (
            "structured_StorageObjectDataWorkflows",
            "//storage.googleapis.com/projects/_/buckets/sample-bucket 1234567",
            "objects/MyFile",
            "2021-11-25T21:04:32.279744+00:00",
        ),
    ],
)
def test_real_events(name, message, subject, sent_at):
    (found,) = ih.read(shared_data("formats", "cloudevents", f"{name}.json")).messages.rows(named=True)
    assert (found["message_id"], found["object_id"], found["sent_at"].isoformat()) == (message, subject, sent_at)


def test_every_real_file_and_no_other():
    sources = ih.read(shared_data("formats", "cloudevents")).sources
    known = dict(sources.select("file", "format").rows())
    assert known == {
        "SCHEMA_cloudevents.json": None,
        "binary_BuildEventData-complex.json": None,
        "binary_LogEntryData-pubsubCreateTopic.json": "gcp_logentry",
        "structured_LogEntryData-bigqueryjobcompleted.json": "cloudevents",
        "structured_MessagePublishedData.json": "cloudevents",
        "structured_StorageObjectDataWorkflows.json": "cloudevents",
    }


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"at": "2026-03-01", "event": event()}),
        json.dumps([{"at": "2026-03-01", "events": [event()]}]),
        f"id\ttopic\tpayload\n1\torders\t{json.dumps(event())}\n",
    ],
    ids=["log line", "list in a list", "column of a table"],
)
def test_a_file_that_only_mentions_events_is_none_of_them(tmp_path, text):
    (tmp_path / "log.json").write_text(text, encoding="utf-8")
    assert ih.read(tmp_path).sources["format"].to_list() != ["cloudevents"]
