"""Application Insights: envelopes, continuous export, and rows of queries from the portal and the API."""

import csv
import gzip
import io
import json

import pytest
from drawing.accounts import account, utc
from drawing.shared_data import shared_data

import integrhealth as ih

EDGE = ("message_id", "parent_id", "source", "target", "kind", "sent_at", "finished_at", "status", "error_code")


def envelope(base_type, base, *, time="2024-03-08T14:21:50.1802621Z", **tags):
    tags = {"ai.cloud.role": "shop", "ai.operation.id": "op1"} | {f"ai.operation.{k}": v for k, v in tags.items()}
    name = f"Microsoft.ApplicationInsights.Dev.x.{base_type}"
    return {"name": name, "time": time, "tags": tags, "data": {"baseType": base_type, "baseData": base}}


def request(**more):
    base = {"ver": 2, "id": "r1", "name": "GET /", "duration": "00:00:01.5000000", "success": True}
    return base | {"responseCode": "200"} | more


def dependency(**more):
    base = {"ver": 2, "id": "d1", "name": "SELECT", "duration": "1.00:00:00.25", "success": False}
    return base | {"type": "SQL", "target": "sql1 | orders", "resultCode": "-2"} | more


@pytest.fixture
def read(tmp_path):
    def read(content, name="ai.json"):
        text = content if isinstance(content, str) else "\n".join(json.dumps(each) for each in content)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return ih.read(tmp_path)

    return read


def test_what_an_sdk_sends():
    evidence = ih.read(shared_data("cases", "B13a", "ai.jsonl"))
    assert account(evidence) == [("app_insights", 2, 2, 0, 0)]
    start = utc("2024-03-08T14:21:50.180262"), utc("2024-03-08T14:21:50.185262")
    end = utc("2024-03-08T14:21:50.196938"), utc("2024-03-08T14:21:50.195262")
    assert evidence.messages.select(EDGE).rows() == [
        ("op1:r1", None, "user", "shop-web", "request", start[0], end[0], "ok", None),
        ("op1:d1", "op1:r1", "shop-web", "sql1", "request", start[1], end[1], "failed", "-2"),
    ]
    assert evidence.warnings == ()


def test_a_query_of_the_portal():
    evidence = ih.read(shared_data("cases", "B13b", "query_data.csv"))
    assert account(evidence) == [("app_insights", 3, 3, 0, 0)]
    columns = ("message_id", "target", "sent_at", "status")
    assert evidence.messages.select(columns).rows() == [
        ("op1:r1", "shop-web", utc("2024-03-08T14:21:50.180"), "ok"),
        ("op1:d1", "sql1", utc("2024-03-08T14:21:50.185"), "failed"),
        ("op2:d2", "api.partner.example", utc("2024-03-13T14:21:50.190"), "ok"),
    ]
    duration = evidence.messages["finished_at"] - evidence.messages["sent_at"]
    assert duration.dt.total_microseconds().to_list() == [16_676, 10_000, 100_500]
    assert not any("zone" in sentence or "month" in sentence for sentence in evidence.warnings)


def test_a_duration_may_take_days_and_a_damaged_one_costs_its_record(read):
    good = envelope("RemoteDependencyData", dependency())
    evidence = read(
        [good, envelope("RequestData", request(duration="soon")), "x", {"name": 3, "data": {"baseData": 1}}]
    )
    assert account(evidence) == [("app_insights", 4, 1, 3, 0)]
    reasons = ["bad_number:end", "not_an_object", "no_span_id; no_start"]
    assert evidence.rejected["reason"].to_list() == reasons
    lasted = (evidence.messages["finished_at"] - evidence.messages["sent_at"]).dt.total_milliseconds()
    assert lasted.to_list() == [86_400_250]


@pytest.mark.parametrize(
    ("success", "code", "status", "shown"),
    [
        (True, "200", "ok", None),
        (True, "404", "ok", None),
        ("True", "200", "ok", None),
        (1, "", "ok", None),
        (False, "404", "rejected", "404"),
        (False, "408", "timeout", "408"),
        (False, "499", "cancelled", "499"),
        (False, "503", "failed", "503"),
        (False, "200", "failed", "200"),
        (0, "Faulted", "failed", "Faulted"),
        ("False", None, "failed", None),
        (None, "500", "failed", "500"),
        (None, "201", "ok", None),
    ],
)
def test_success_decides_and_the_code_says_why(read, success, code, status, shown):
    evidence = read([envelope("RequestData", request(success=success, responseCode=code))])
    assert evidence.messages.select("status", "error_code").rows() == [(status, shown)]


@pytest.mark.parametrize(
    ("kind", "target", "data", "expected"),
    [
        ("SQL", "tcp:sql1,1433 | orders", None, ("shop", "sql1", "request")),
        ("Http", "api.example:443 | cid-v1:1", None, ("shop", "api.example", "request")),
        ("Http", None, "https://erp.example/x?y=1", ("shop", "erp.example", "request")),
        (
            "Queue Message | Azure Service Bus",
            "ns.servicebus.windows.net/q",
            None,
            ("shop", "ns.servicebus.windows.net", "queue"),
        ),
        ("Azure Service Bus", "sb://ns.servicebus.windows.net/q", None, ("shop", "ns.servicebus.windows.net", "queue")),
        ("InProc | Microsoft.Storage", "blob", None, ("shop", "shop", "internal")),
    ],
)
def test_what_a_dependency_calls(read, kind, target, data, expected):
    evidence = read([envelope("RemoteDependencyData", dependency(type=kind, target=target, data=data))])
    assert evidence.messages.select("source", "target", "kind").rows() == [expected]


def test_a_call_and_the_request_it_caused_are_one_message(read):
    called = envelope("RemoteDependencyData", dependency(success=True, resultCode="200"), parentId="r1")
    serving = envelope("RequestData", request(id="r2"), parentId="d1") | {}
    serving["tags"] = serving["tags"] | {"ai.cloud.role": "stock"}
    evidence = read([envelope("RequestData", request(), parentId="op1"), called, serving])
    assert evidence.messages.select("message_id", "parent_id", "source", "target").rows() == [
        ("op1:r1", None, "user", "shop"),
        ("op1:r2", "op1:r1", "shop", "stock"),
    ]


def test_logs_metrics_and_what_is_passed_over(read):
    exceptions = [{"typeName": "System.TimeoutException", "message": "too late"}]
    evidence = read(
        [
            envelope("MessageData", {"message": "hello", "severityLevel": 2}, parentId="r1"),
            envelope("ExceptionData", {"exceptions": exceptions, "problemId": "P1"}),
            envelope("EventData", {"name": "OrderPlaced"}),
            envelope("MetricData", {"metrics": [{"name": "queue", "value": 3.5}, {"name": "age", "value": 7}]}),
            envelope("PageViewData", {"name": "home"}),
        ]
    )
    assert evidence.sources["rows_in"].sum() == 5
    assert evidence.sources["rows_rejected"].sum() == 0
    assert evidence.logs.select("level", "site", "text", "trace_id", "parent_id").rows() == [
        ("Warning", None, "hello", "op1", "r1"),
        ("Error", "P1", "System.TimeoutException: too late", "op1", None),
        (None, None, "OrderPlaced", "op1", None),
    ]
    assert evidence.metrics.select("system", "metric", "value").rows() == [("shop", "queue", 3.5), ("shop", "age", 7.0)]


def test_continuous_export(read):
    context = {"data": {"eventTime": "2016-03-21T10:05:45.73Z"}, "device": {"roleName": "web"}}
    context |= {"operation": {"id": "o", "parentId": "o"}, "custom": {"dimensions": [{"object_id": "A-1"}, {"x": "y"}]}}
    incoming = {"id": "a", "name": "GET /", "count": 5, "responseCode": 404, "success": False}
    called = {"name": "EXEC x", "type": "SQL", "baseName": "sqlsrv", "resultCode": "0", "success": True}
    documents = [
        {"request": [incoming | {"durationMetric": {"value": 1046804.0}}], "context": context},
        {"remoteDependency": [called], "internal": {"data": {"id": "i2"}}, "context": context},
        {"message": [{"messageRaw": "hello", "severityLevel": "Warning"}], "context": context},
        {"view": [{"name": "home"}], "context": context},
    ]
    evidence = read(documents)
    assert evidence.sources["rows_in"].sum() == evidence.sources["rows_out"].sum() == 4
    row = evidence.messages.row(0, named=True)
    assert (row["finished_at"] - row["sent_at"]).total_seconds() == pytest.approx(0.1046804, abs=1e-6)
    assert (row["status"], row["object_id"]) == ("rejected", "A-1")
    assert evidence.messages.select("message_id", "target").rows()[1] == ("o:i2", "sqlsrv")
    assert evidence.logs["text"].to_list() == ["hello"]
    assert "ai.json: telemetry was sampled: 4 items stand for 8; what is counted are the items" in evidence.warnings


ANALYTICS = {
    "TimeGenerated": "2024-03-08T14:21:50.18Z",
    "Id": "a1",
    "Name": "GET /",
    "Success": True,
    "ResultCode": "200",
    "DurationMs": 12.5,
    "OperationId": "o1",
    "ParentId": "o1",
    "AppRoleName": "web",
    "Properties": '{"business.object_id": "O-7"}',
    "Type": "AppRequests",
    "ItemCount": 3,
}
CALL = ANALYTICS | {"Id": "a2", "ParentId": "a1", "Type": "AppDependencies", "Target": "erp", "DependencyType": "Http"}


def tables(*rows):
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = [{"name": name, "type": "string"} for name in names]
    return {
        "tables": [{"name": "PrimaryResult", "columns": columns, "rows": [[row.get(n) for n in names] for row in rows]}]
    }


def as_csv(*rows, zone=" [UTC]"):
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    times = {name for name in names if name.casefold().startswith("time")}
    csv.writer(text).writerow([name + zone * (name in times) for name in names])
    csv.writer(text).writerows([row.get(name) for name in names] for row in rows)
    return text.getvalue()


@pytest.mark.parametrize("shape", [tables, lambda *rows: list(rows), as_csv], ids=["api", "lines", "csv"])
def test_log_analytics_in_every_shape(read, shape):
    written = shape(ANALYTICS, CALL)
    evidence = read(json.dumps(written) if isinstance(written, dict) else written, "rows.csv")
    assert account(evidence) == [("app_insights", 2, 2, 0, 0)]
    assert evidence.messages.select(EDGE[:4]).rows() == [
        ("o1:a1", None, "user", "web"),
        ("o1:a2", "o1:a1", "web", "erp"),
    ]
    assert evidence.messages["object_id"][0] == "O-7"
    assert evidence.messages["sent_at"].to_list() == [utc("2024-03-08T14:21:50.180")] * 2
    assert evidence.warnings == ("rows.csv: telemetry was sampled: 2 items stand for 6; what is counted are the items",)


def test_tables_of_one_kind_are_told_by_their_columns(read, tmp_path):
    common = {"timestamp": "3/8/2024, 12:00:00.180 AM", "operation_Id": "o", "duration": "5", "resultCode": "200"}
    requests = common | {"id": "r", "name": "GET /", "url": "https://x/", "cloud_RoleName": "web", "success": "True"}
    calls = common | {"id": "d", "operation_ParentId": "r", "target": "erp", "type": "Http", "cloud_RoleName": "web"}
    (tmp_path / "requests.csv").write_text(as_csv(requests))
    evidence = read(as_csv(calls), "dependencies.csv")
    assert sorted(evidence.messages.select("source", "target").rows()) == [("user", "web"), ("web", "erp")]
    assert set(evidence.messages["sent_at"]) == {utc("2024-03-08T00:00:00.180")}
    assert not any("undecided" in reason for reason in evidence.rejected["reason"])


def test_rows_that_fit_no_columns_and_a_damaged_file(read, tmp_path):
    answer = tables(ANALYTICS, CALL)
    answer["tables"][0]["rows"].append(["short"])
    evidence = read(json.dumps(answer))
    assert account(evidence) == [("app_insights", 3, 2, 1, 0)]
    assert evidence.rejected["reason"].to_list() == ["not_an_object"]
    packed = gzip.compress(
        "\n".join(json.dumps(envelope("RequestData", request(id=f"r{n}"))) for n in range(99)).encode()
    )
    (tmp_path / "ai.json").write_bytes(packed)
    assert account(ih.read(tmp_path)) == [("app_insights", 99, 99, 0, 0)]


def test_tables_of_others_are_left_alone(read):
    evidence = read("timestamp,operation,duration\n2024-01-01T00:00:00Z,x,5\n", "t.csv")
    assert evidence.sources["format"].to_list() == [None]
