"""Elastic's schema: what an agent sends against what Elastic's server makes of it, and every way to write a field."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.reading.account.parsed import Head
from integrhealth.reading.formats import ecs

OUTCOMES = {"success": "ok", "failure": "failed", "unknown": "unknown"}
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def written(folder: Path, *events: object, name: str = "events.json"):
    path = folder / name
    path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in events) + "\n")
    found = ih.read(path)
    assert (found.sources["rows_in"] == found.sources["rows_out"] + found.sources["rows_rejected"]).all()
    return found


def spans(path: Path, frame: str = "spans"):
    (part,) = (part for part in ecs.read(path, path.name) if part.frame == frame)
    return part.rows


@pytest.mark.parametrize("name", ["apm_transactions", "apm_spans"])
def test_what_an_agent_sends_is_what_the_server_makes_of_it(name):
    approved = shared_data("formats", "ecs", f"{name}.approved.json")
    expected = set()
    for each in json.loads(approved.read_text()):
        kind = each["processor.event"][0]
        start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=each["timestamp.us"][0])
        end = start + timedelta(microseconds=each[f"{kind}.duration.us"][0])
        ids = (each["trace.id"][0], each["span.id"][0], each.get("parent.id", [None])[0])
        expected.add((*ids, each["service.name"][0], start, end, OUTCOMES[each["event.outcome"][0]]))
    columns = ("trace_id", "span_id", "parent_id", "service", "start", "end", "status")
    sent = spans(shared_data("formats", "ecs", f"{name}.ndjson"))
    assert set(sent.select(columns).rows()) == expected
    assert set(spans(approved).select(columns).rows()) == expected
    both = ("trace_id", "span_id", "peer", "operation", "span_kind", "error_code")
    assert set(sent.select(both).rows()) == set(spans(approved).select(both).rows())


def test_missing_outcomes_are_told_as_elastic_tells_them():
    rows = spans(shared_data("formats", "ecs", "apm_spans.ndjson"))
    assert dict(rows["status"].value_counts().rows()) == {"ok": 6, "unknown": 4}


def test_errors_are_log_lines_alike_as_sent_and_as_indexed():
    columns = ("time", "system", "level", "site", "text", "trace_id", "parent_id")
    sent = spans(shared_data("formats", "ecs", "apm_errors.ndjson"), "logs").select(columns)
    indexed = spans(shared_data("formats", "ecs", "apm_errors.approved.json"), "logs").select(columns)
    assert set(sent.drop("site", "text").rows()) == set(indexed.drop("site", "text").rows())
    assert sent.height == 5
    assert sent.row(0)[1:5] == (
        "service1",
        "warning",
        "my.logger.name",
        "My service could not talk to the database named foobar",
    )


def test_metadata_count_as_understood_and_spans_become_messages():
    found = ih.read(shared_data("formats", "ecs", "apm_spans.ndjson"))
    assert found.sources.select("format", "frame", "rows_in", "rows_out").rows() == [("ecs", "messages", 11, 11)]
    assert found.messages.filter(operation="Request").select("source", "target", "kind").rows() == [
        ("backendspans", "localhost:8080", "request")
    ]


def test_fields_may_be_flat_nested_or_both_and_nested_ones_count(tmp_path):
    at, shop = "2026-03-02T12:00:00.000Z", {"name": "shop"}
    events = [
        {"@timestamp": at, "log.level": "info", "message": "flat", "service.name": "shop", "ecs.version": "8.0"},
        {"@timestamp": at, "log": {"level": "warn", "logger": "cart"}, "message": "nested", "service": shop},
        {"@timestamp": at, "log": {"level": "error"}, "log.level": "info", "message": "both", "host.name": "h"},
        {"@timestamp": [at], "log.level": ["debug"], "message": ["listed"], "trace.id": ["t"], "span.id": ["s"]},
    ]
    found = written(tmp_path, *events)
    assert found.logs.select("time", "system", "level", "site", "text", "trace_id", "parent_id").rows() == [
        (AT, "shop", "info", None, "flat", None, None),
        (AT, "shop", "warn", "cart", "nested", None, None),
        (AT, "h", "error", None, "both", None, None),
        (AT, "unknown_service", "debug", None, "listed", "t", "t:s"),
    ]


def test_an_event_with_an_outcome_and_a_duration_in_nanoseconds_is_a_message(tmp_path):
    event = {
        "@timestamp": "2026-03-02T12:00:00Z",
        "event": {"outcome": "failure", "duration": 1_500_000_000, "action": "push order"},
        "service": {"name": "shop", "target": {"name": "erp"}},
        "trace": {"id": "t"},
        "span": {"id": "s"},
        "error": {"code": "E7", "message": "no stock"},
    }
    found = written(tmp_path, event, event | {"event": {"duration": "5"}})
    columns = ("source", "target", "operation", "status", "error_code", "error_text", "sent_at", "answered_at")
    assert found.messages.select(columns).rows() == [
        ("shop", "erp", "push order", "failed", "E7", "no stock", AT, AT + timedelta(seconds=1.5))
    ]
    assert found.logs.height == 1


@pytest.mark.parametrize(
    ("kind", "code", "said", "status"),
    [
        ("span", 200, None, "ok"),
        ("span", 404, None, "ok"),
        ("span", 422, None, "failed"),
        ("span", 504, None, "timeout"),
        ("transaction", 422, None, "ok"),
        ("transaction", 500, None, "failed"),
        ("span", None, None, "unknown"),
        ("span", 500, "success", "ok"),
        ("span", 504, "failure", "timeout"),
        ("span", 200, "maybe", "unknown"),
    ],
)
def test_the_outcome_is_what_is_said_else_the_http_status(tmp_path, kind, code, said, status):
    http = {"response": {"status_code": code}}
    body = {"id": "a", "trace_id": "t", "timestamp": 1, "duration": 1, "outcome": said, "context": http}
    path = tmp_path / "sent.ndjson"
    path.write_text(f'{{"metadata": {{"service": {{"name": "shop"}}}}}}\n{json.dumps({kind: body})}\n')
    assert spans(path)["status"].to_list() == [status]


def test_a_search_answer_and_an_export_are_unwrapped(tmp_path):
    source = {"@timestamp": "2026-03-02T12:00:00Z", "message": "x", "log.level": "info"}
    hits = [{"_id": "1", "_source": source}, {"_id": "2", "fields": source | {"message": ["y"]}}]
    assert written(tmp_path, {"took": 1, "hits": {"hits": hits}}).logs["text"].to_list() == ["x", "y"]
    assert written(tmp_path, {"_index": "logs", "_source": source}).logs["text"].to_list() == ["x"]


def test_metrics_of_an_agent_and_bad_events(tmp_path):
    metadata = {"metadata": {"service": {"name": "shop"}}}
    samples = {"load": {"value": 0.5}, "none": {}}
    metrics = {"metricset": {"timestamp": 1_772_452_800_000_000, "tags": {"core": "1"}, "samples": samples}}
    bad = ["garbage", {"span": 7}, {"span": {"id": "x", "duration": 1}}, [1], {"error": {"timestamp": "noon"}}]
    found = written(tmp_path, metadata, metrics, *bad)
    assert found.metrics.select("time", "system", "metric", "value").rows() == [(AT, "shop", 'load{core="1"}', 0.5)]
    assert found.rejected["line"].to_list() == [3, 4, 5, 6, 7]
    assert [reason.split(":")[0] for reason in found.rejected["reason"]] == [
        "no JSON",
        "not_an_object",
        "no_start",
        "not_an_object",
        "bad_time",
    ]


@pytest.mark.parametrize(
    ("start", "known"),
    [
        (b'{"@timestamp":"x","log.level":"info"}', True),
        (b'{"@timestamp":"x","event":{"outcome":"success"}}', True),
        (b'{"@timestamp":"x","service.name":["a"]}', True),
        (b'{"@timestamp":"x","level":"info"}', False),
        (b'{"@timestamp":"x","event":"order_created","service":"billing"}', False),
        (b'{"metadata":{"service":{}}}\n{"span":{}}', True),
        (b'{"metadata":{"service":{}}}\n{"other":{}}', False),
        (b'"@timestamp","log.level"', False),
    ],
)
def test_what_is_recognised(tmp_path, start, known):
    assert ecs.recognises(Head(tmp_path / "x", start)) is known
