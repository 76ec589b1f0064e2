"""Google's LogEntry: requests, audit logs of one entry and of two, and the lines of programs."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.reading.account.parsed import Head
from integrhealth.reading.formats import gcp_logentry

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
POD = {"type": "k8s_container", "labels": {"project_id": "p", "container_name": "app", "pod_name": "app-1"}}
BALANCER = {"type": "http_load_balancer", "labels": {"project_id": "p", "backend_service_name": "shop-backend"}}


def entry(id="i1", **more):
    return {
        "insertId": id,
        "logName": "projects/p/logs/stdout",
        "resource": POD,
        "timestamp": "2026-03-02T12:00:00.000000000Z",
        "receiveTimestamp": "2026-03-02T12:00:09Z",
    } | more


def request(status=200, latency="0.250s", details=None, **more):
    asked = {"requestMethod": "GET", "requestUrl": "https://192.0.2.8/cart/7?token=x", "remoteIp": "192.0.2.9"}
    asked |= {"status": status, "latency": latency, "responseSize": "17"}
    payload = {} if details is None else {"jsonPayload": {"statusDetails": details}}
    return entry(httpRequest=asked, resource=BALANCER, **payload) | more


def audit(id="i1", *, at=0, operation=None, code=None, email="ann@example.com", **more):
    proto = {"@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": "compute.googleapis.com"}
    proto |= {"methodName": "v1.compute.instances.insert", "authenticationInfo": {"principalEmail": email}}
    proto |= {} if code is None else {"status": {"code": code, "message": "because"}}
    step = {} if operation is None else {"operation": operation}
    return entry(id, timestamp=f"2026-03-02T12:00:{at:02}Z", protoPayload=proto, **step) | more


@pytest.fixture
def read(tmp_path):
    """What is read of a file with these entries, one per line unless they are text already."""

    def read(*entries):
        text = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in entries)
        (tmp_path / "log.json").write_text(text)
        evidence = ih.read(tmp_path, show_people=True)
        assert (evidence.sources["rows_in"] == evidence.sources["rows_out"] + evidence.sources["rows_rejected"]).all()
        assert set(evidence.sources["format"]) == {"gcp_logentry"}
        return evidence

    return read


def test_real_audit_logs_and_lines():
    evidence = ih.read(shared_data("formats_more", "gcp_logentry", "gcp_logging.jsonl"), show_people=True)
    assert evidence.sources["rows_in"].sum() == evidence.sources["rows_out"].sum() == 11
    messages = evidence.messages.sort("sent_at")
    taken = (messages["finished_at"] - messages["sent_at"]).dt.total_microseconds().to_list()
    assert list(zip(messages["status"], taken, messages["error_code"], strict=True)) == [
        ("ok", 9_146_344, None),
        ("ok", None, None),
        ("ok", 5_560_197, None),
        ("ok", 7_984_608, None),
        ("pending", None, None),
        ("rejected", None, "7"),
    ]
    assert set(messages["target"]) == {"compute.googleapis.com", "iam.googleapis.com"}
    assert messages["source"].to_list() == ["fake-project"] * 5 + ["dvwa-service-account"]
    assert evidence.logs.sort("time").select("system", "level", "text").rows()[0] == (
        "testlog",
        None,
        "This is a text payload",
    )


def test_a_real_request_to_a_load_balancer():
    evidence = ih.read(shared_data("formats_more", "gcp_logentry", "load_balancer.json"))
    row = evidence.messages.row(0, named=True)
    assert (row["source"], row["target"], row["status"]) == ("client", "gcp-fixture-alb-backend-service", "ok")
    assert row["sent_at"] == datetime(2025, 11, 20, 13, 35, 27, 558_637, tzinfo=UTC)
    assert row["finished_at"] - row["sent_at"] == timedelta(microseconds=5192)
    assert row["trace_id"] == "5334e0e7aee6ec1b1a8c34db601241ab"
    assert (row["operation"], row["bytes"]) == ("GET /", 780)
    assert row["actor"].startswith("client-"), "under a pseudonym"


def test_a_download_of_lines_and_a_request():
    evidence = ih.read(shared_data("cases", "B15", "downloaded-logs.json"))
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    assert evidence.logs.select("system", "level", "site", "text", "trace_id", "parent_id").rows() == [
        ("app", None, "app-1", "HTTP server started", trace, f"{trace}:00f067aa0ba902b7"),
        ("app", "ERROR", "app-1", "plain text", trace, f"{trace}:00f067aa0ba902b7"),
    ]
    row = evidence.messages.row(0, named=True)
    assert (row["target"], row["status"], row["error_code"], row["bytes"]) == ("app", "failed", "502", 17)
    assert row["finished_at"] - row["sent_at"] == timedelta(milliseconds=123)


@pytest.mark.parametrize(
    "packed",
    [
        lambda entries: json.dumps(entries, indent=2),
        lambda entries: json.dumps({"entries": entries}),
        lambda entries: "\n".join(map(json.dumps, entries)),
    ],
)
def test_every_packing_says_the_same(read, packed, tmp_path):
    entries = [request(), audit("i2"), entry("i3", textPayload="hello\n")]
    evidence = read(packed(entries))
    assert evidence.messages.sort("message_id").select("message_id", "target", "operation").rows() == [
        ("i1", "shop-backend", "GET /cart/7"),
        ("i2", "compute.googleapis.com", "v1.compute.instances.insert"),
    ]
    assert evidence.logs["text"].to_list() == ["hello"]
    (tmp_path / "log.json.gz").write_bytes(gzip.compress(packed(entries).encode()))
    assert ih.read(tmp_path).messages.height == 2, "the same entries, packed, are copies"


@pytest.mark.parametrize(
    ("status", "details", "canonical", "code"),
    [
        (204, None, "ok", None),
        (304, "response_from_cache", "ok", None),
        (403, "denied_by_security_policy", "rejected", "403"),
        (404, None, "rejected", "404"),
        (408, None, "timeout", "408"),
        (499, None, "cancelled", "499"),
        (500, None, "failed", "500"),
        (502, "backend_timeout", "timeout", "502"),
        (502, "failed_to_pick_backend", "failed", "502"),
        (504, None, "timeout", "504"),
        (0, "client_disconnected_before_any_response", "cancelled", None),
        (0, None, "unknown", None),
    ],
)
def test_how_a_request_ended(read, status, details, canonical, code):
    row = read(request(status, details=details)).messages.row(0, named=True)
    assert (row["status"], row["error_code"]) == (canonical, code)
    assert row["error_text"] == (details if code else None)


@pytest.mark.parametrize(
    ("latency", "milliseconds"),
    [("0.250s", 250), ("1s", 1000), (0.25, 250), ({"seconds": "1", "nanos": 5000000}, 1005), (None, None), ("?", None)],
)
def test_a_request_ends_when_its_latency_is_over(read, latency, milliseconds):
    row = read(request(latency=latency)).messages.row(0, named=True)
    assert row["sent_at"] == AT
    end = None if milliseconds is None else AT + timedelta(milliseconds=milliseconds)
    assert (row["finished_at"], row["answered_at"]) == (end, end)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *((0, "ok"), (1, "cancelled"), (4, "timeout")),
        *((code, "rejected") for code in (3, 5, 6, 7, 9, 11, 16)),
        *((code, "failed") for code in (2, 8, 10, 13, 14, 15)),
    ],
)
def test_how_a_call_ended(read, code, status):
    row = read(audit(code=code)).messages.row(0, named=True)
    assert (row["status"], row["error_code"]) == (status, str(code) if code else None)
    assert row["finished_at"] is None, "an audit log says when, and not how long"


def test_an_operation_of_several_entries_is_one_message(read):
    first, last = {"id": "o1", "first": True}, {"id": "o1", "last": True}
    whole = {"id": "o2", "first": True, "last": True}
    refused = {"id": "o3", "first": True}
    evidence = read(
        audit("i1", at=9, operation=last),
        audit("i2", at=1, operation=first),
        audit("i3", at=5, operation={"id": "o1"}),
        audit("i4", at=2, operation=whole),
        audit("i5", at=3, operation=refused, code=7),
        audit("i6", at=4, operation={"id": "o4", "first": True}),
    )
    second = timedelta(seconds=1)
    assert evidence.messages.sort("message_id").select("message_id", "status", "sent_at", "finished_at").rows() == [
        ("o1", "ok", AT + second, AT + 9 * second),
        ("o2", "ok", AT + 2 * second, None),
        ("o3", "rejected", AT + 3 * second, None),
        ("o4", "pending", AT + 4 * second, None),
    ]


@pytest.mark.parametrize(
    ("email", "source", "kind"),
    [
        ("ann@example.com", "p", "person"),
        ("erp-sync@p.iam.gserviceaccount.com", "erp-sync", "system"),
        ("system:serviceaccount:shop:cart", "cart", "system"),
        (None, "p", None),
    ],
)
def test_who_called(read, email, source, kind):
    row = read(audit(email=email)).messages.row(0, named=True)
    assert (row["source"], row["actor"], row["actor_type"]) == (source, email, kind)


def test_the_names_of_bigquery_and_log_analytics(read):
    analytics = {
        "insert_id": "a",
        "log_name": "projects/p/logs/requests",
        "timestamp": "2026-03-02 12:00:00 UTC",
        "resource": BALANCER,
        "http_request": {"request_method": "PUT", "request_url": "/x", "status": 503, "response_size": 5},
    }
    of_audit = {
        "insert_id": "b",
        "log_name": "projects/p/logs/cloudaudit.googleapis.com%2Factivity",
        "timestamp": "2026-03-02 12:00:01 UTC",
        "proto_payload": {"audit_log": {"service_name": "iam.googleapis.com", "method_name": "Delete"}},
    }
    exported = entry("c", protopayload_auditlog={"serviceName": "run.googleapis.com", "methodName": "Create"})
    lines = {"insert_id": "d", "log_name": "projects/p/logs/stdout", "timestamp": "2026-03-02 12:00:02 UTC"}
    evidence = read(analytics, of_audit, exported, lines | {"json_payload": {"message": "hi"}, "severity": "DEFAULT"})
    assert evidence.messages.sort("message_id").select(
        "message_id", "target", "operation", "status", "bytes"
    ).rows() == [
        ("a", "shop-backend", "PUT /x", "failed", 5),
        ("b", "iam.googleapis.com", "Delete", "ok", None),
        ("c", "run.googleapis.com", "Create", "ok", None),
    ]
    assert evidence.logs.select("system", "level", "text").rows() == [("stdout", None, "hi")]


def test_app_engine_says_most_in_the_payload(read):
    proto = {"@type": "type.googleapis.com/google.appengine.logging.v1.RequestLog", "latency": "0.5s"}
    proto |= {"method": "POST", "resource": "/orders?x=1", "responseSize": "9"}
    engine = {"type": "gae_app", "labels": {"module_id": "shop", "project_id": "p"}}
    evidence = read(entry(httpRequest={"status": 200}, protoPayload=proto, resource=engine))
    assert evidence.messages.select("target", "operation", "finished_at", "bytes").rows() == [
        ("shop", "POST /orders", AT + timedelta(milliseconds=500), 9)
    ]


def test_lines_inside_are_read_as_what_they_are(read):
    times = [f"2026-03-02T12:00:0{second}Z" for second in range(3)]
    evidence = read(*(entry(at, timestamp=at, textPayload=f"ts={at} level=warn msg=slow") for at in times))
    assert evidence.logs.select("level", "text").rows() == [("warn", "slow")] * 3


def test_what_is_broken_costs_itself_alone(read):
    evidence = read(
        entry(textPayload="a", trace=None, resource=None, severity="WARNING"),
        {"insertId": "x", "textPayload": "no log"},
        entry(textPayload="b", timestamp="soon"),
        [],
        7,
        entry(jsonPayload=None, timestamp=None),
        request(httpRequest={"status": None}),
        audit("odd", code=["7"], logName="organizations/9/logs/x", resource=None),
        request(httpRequest={"status": 200, "requestMethod": ["GET"], "requestUrl": [7]}, insertId="method"),
        '{"insertId": ',
    )
    assert evidence.logs.sort("log_line").select("system", "level", "text").rows() == [
        ("stdout", "WARNING", "a"),
        ("app", None, None),
        ("shop-backend", None, None),
    ]
    assert evidence.messages.sort("message_id").select("message_id", "source", "status", "operation").rows() == [
        ("method", "client", "ok", None),
        ("odd", "organizations/9", "failed", "v1.compute.instances.insert"),
    ]
    reasons = [reason.split(":")[0] for reason in evidence.rejected["reason"]]
    assert reasons == ["no_log_entry", "bad_time", "no_log_entry", "no JSON"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"insertId": "x", "logName": "mine"}',
        '{"logName": "projects/p/logs/x"}',
        '{"severity": "INFO", "message": "as a program writes it", "timestamp": "2026-03-02T12:00:00Z"}\n',
    ],
)
def test_other_files_are_left_alone(tmp_path, text):
    assert not gcp_logentry.recognises(Head(tmp_path / "x", text.encode()))
