"""Exports of integration platforms as presets: Boomi, n8n, Fivetran, Airbyte, Workato, Celigo, Salesforce."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.language.masking import hosts

AT = "2026-03-01T10:00:00Z"
BEGUN = datetime(2026, 3, 1, 10, tzinfo=UTC)


def read(folder: Path, format: str, document: object, name: str = "export.json") -> ih.Evidence:
    (folder / name).write_text(document if isinstance(document, str) else json.dumps(document))
    return known(folder / name, format)


def known(path: Path, format: str) -> ih.Evidence:
    evidence = ih.read(path)
    for counts in evidence.sources.rows(named=True):
        assert counts["format"] == format
        assert counts["rows_in"] == counts["rows_out"] + counts["rows_rejected"]
    return evidence


def statuses(evidence: ih.Evidence) -> dict[str, str]:
    return dict(evidence.messages.select("message_id", "status").rows())


def boomi(name: str, status: str = "COMPLETE", **more) -> dict:
    given = {"@type": "ExecutionRecord", "executionId": name, "executionTime": AT, "status": status}
    told = {"executionType": "exec_sched", "processName": "Orders", "executionDuration": ["Long", 5021]}
    return given | told | {"inboundErrorDocumentCount": 0, "inboundDocumentSize": ["Long", 900]} | more


def test_boomi_executions(tmp_path):
    top = {"topLevelExecutionId": "a", "parentExecutionId": "a", "executionType": "sub_process"}
    retry = {"originalExecutionId": "a", "executionType": "retry_manual", "executionDuration": 7}
    rows = [boomi("a", "ERROR", message="no route"), boomi("b", "ERROR", **top), boomi("c", **retry)]
    evidence = read(tmp_path, "boomi_executions", {"@type": "QueryResult", "result": rows, "queryToken": "abc"})
    assert any("queryToken names a next page" in each for each in evidence.warnings)
    columns = ["message_id", "trace_id", "parent_id", "attempt", "status", "error_text", "bytes"]
    assert evidence.messages.select(columns).rows() == [
        ("a", "a", None, 1, "failed", "no route", 900),
        ("b", "a", "a", 1, "failed", None, 900),
        ("c", "a", None, 2, "ok", None, 900),
    ]
    lasted = evidence.messages["finished_at"] - evidence.messages["sent_at"]
    assert lasted.dt.total_milliseconds().to_list() == [5021, 5021, 7]
    assert ih.error_propagation.report(evidence).tables["cascades"].select("root_id", "messages").rows() == [("b", 2)]


@pytest.mark.parametrize(
    ("written", "errors", "status"),
    [
        ("COMPLETE", 0, "ok"),
        ("COMPLETE", 2, "partial"),
        ("COMPLETE_WARN", 0, "partial"),
        ("ERROR", 2, "failed"),
        ("ABORTED", 0, "failed"),
        ("ABORTED_RECOVERING", 0, "failed"),
        ("DISCARDED", 0, "skipped"),
        ("ENQUEUED", 0, "pending"),
        ("INPROCESS", 0, "pending"),
        ("STARTED", 0, "pending"),
        ("EXPLODED", 0, "unknown"),
    ],
)
def test_what_boomi_calls_an_outcome(tmp_path, written, errors, status):
    document = {"result": [boomi("a", written, inboundErrorDocumentCount=errors)]}
    assert statuses(read(tmp_path, "boomi_executions", document)) == {"a": status}


@pytest.mark.parametrize("between", [", ", "\n"])
def test_boomi_executions_without_the_answer_around_them(tmp_path, between):
    text = between.join(json.dumps(boomi(name)) for name in "ab")
    evidence = read(tmp_path, "boomi_executions", f"[{text}]" if between == ", " else text)
    assert evidence.messages["bytes"].to_list() == [900, 900]
    assert evidence.messages["finished_at"].to_list() == [BEGUN + timedelta(milliseconds=5021)] * 2


def test_boomi_executions_as_a_table_and_a_bad_row_between(tmp_path):
    head = "executionId,executionTime,status,executionType,processName,executionDuration,inboundErrorDocumentCount"
    rows = [
        f"1,{AT},COMPLETE,exec_manual,Orders,1500,",
        "2,soon,COMPLETE,exec_manual,Orders,1500,",
        f"3,{AT},ERROR,,,,",
    ]
    evidence = read(tmp_path, "boomi_executions", "\n".join([head, *rows]), "executions.csv")
    assert evidence.messages["finished_at"].to_list() == [BEGUN + timedelta(seconds=1.5), None]
    assert evidence.rejected["reason"].to_list() == ["bad_time:sent_at; bad_time:finished_at"]


def test_n8n_executions(tmp_path):
    run = {"workflowId": "w1", "mode": "webhook", "startedAt": AT, "stoppedAt": "2026-03-01T10:00:02.5Z"}
    words = ["success", "error", "crashed", "canceled", "new", "running", "waiting", "unknown"]
    rows = [run | {"id": number, "status": word} for number, word in enumerate(words)]
    rows.append(run | {"id": 8, "status": "success", "mode": "retry", "retryOf": 1})
    rows.append(run | {"id": 9, "finished": True, "stoppedAt": None, "workflowData": {"name": "Orders"}})
    # Crashed without an end, held until a time, and put into the queue without a start.
    rows.append(run | {"id": 10, "status": "crashed", "stoppedAt": None})
    rows.append(run | {"id": 11, "status": "waiting", "stoppedAt": None, "waitTill": "2026-04-17T00:00:00.000Z"})
    rows.append(run | {"id": 12, "status": "new", "startedAt": None, "stoppedAt": None, "createdAt": AT})
    evidence = read(tmp_path, "n8n_executions", {"data": rows, "nextCursor": "abc"})
    found = ["ok", "failed", "failed", "cancelled", "pending", "pending", "held", "unknown", "ok", "ok"]
    found += ["failed", "held", "pending"]
    assert evidence.messages["sent_at"].unique().to_list() == [BEGUN]
    assert evidence.messages["finished_at"].to_list()[-3:] == [None, None, None]
    assert statuses(evidence) == {str(number): status for number, status in enumerate(found)}
    retry = evidence.messages.filter(message_id="8").row(0, named=True)
    assert (retry["trace_id"], retry["attempt"], retry["integration"]) == ("1", 2, "w1")
    assert evidence.messages.filter(message_id="9")["integration"].to_list() == ["Orders"]
    assert any("nextCursor names a next page" in each for each in evidence.warnings)


LOG = "id,time_stamp,{},event,message_data,message_event,sync_id"


def sync(moment: str, event: str, data: str = "", name: str = "s1") -> str:
    return f'x,{moment},crm,INFO,"{data.replace(chr(34), chr(34) * 2)}",{event},{name}'


@pytest.mark.parametrize("connection", ["connection_id", "connector_id"])
def test_a_fivetran_sync_is_one_message(tmp_path, connection):
    rows = [
        LOG.format(connection),
        sync("2026-03-01 6:00:05", "sync_end", '{"status":"FAILURE","reason":"no grant"}'),
        sync("2026-03-01 6:00:01.5", "write_to_table_start", '{"table":"t"}'),
        sync("2026-03-01 6:00:00", "sync_start"),
        sync("2026-03-01 16:00:00", "sync_start", "no JSON", name="s2"),
        sync("2026-03-01 17:00:00", "sync_start", name="s3"),
        sync("2026-03-01 17:00:09", "sync_end", '{"status":"SUCCESSFUL"}', name="s3"),
        sync("2026-03-01 18:00:00", "sync_start", name=""),
    ]
    evidence = read(tmp_path, "fivetran_log", "\n".join(rows), "log.csv")
    assert statuses(evidence) == {"s1": "failed", "s2": "pending", "s3": "ok"}
    failed = evidence.messages.filter(message_id="s1").row(0, named=True)
    assert (failed["sent_at"], failed["finished_at"] - failed["sent_at"]) == (
        datetime(2026, 3, 1, 6, tzinfo=UTC),
        timedelta(seconds=5),
    )
    assert (failed["source"], failed["target"], failed["error_text"]) == ("crm", "destination", "no grant")
    assert evidence.rejected["reason"].to_list() == ["no_message_id"]
    assert not any("without a zone" in each for each in evidence.warnings)


@pytest.mark.parametrize(("name", "rows"), [("log", 35), ("log_json_data", 33)])
def test_a_real_fivetran_log(name, rows):
    """Its ids are made the same for all syncs, and its ends do not say how they ended."""
    evidence = known(shared_data("formats", "fivetran_log", f"{name}.csv"), "fivetran_log")
    assert evidence.sources["rows_out"].to_list() == [rows]
    assert statuses(evidence) == {"456abc": "unknown"}
    assert evidence.messages["sent_at"].item() == datetime(2021, 12, 9, 14, 26, 5, 907000, UTC)
    assert any(f"passed over: {rows - 4}" in each for each in evidence.warnings)


def attempt(number: int, status: str, **more) -> dict:
    begun = 1_772_359_200 + 60 * number
    return {"id": number, "status": status, "createdAt": begun, "endedAt": begun + 5, "bytesSynced": 7} | more


def airbyte(name: int, *attempts: dict, status: str = "succeeded") -> dict:
    job = {"id": name, "configType": "sync", "configId": "c1", "createdAt": 1_772_359_200, "status": status}
    return {"job": job, "attempts": list(attempts)}


def test_airbyte_counts_seconds_and_every_attempt_is_a_message(tmp_path):
    failure = {"failureOrigin": "source", "failureType": "config_error", "externalMessage": "bad key"}
    failed = attempt(0, "failed", failureSummary={"failures": [failure], "partialSuccess": False})
    lost = attempt(0, "succeeded", totalStats={"recordsEmitted": 10, "recordsCommitted": 9})
    some = attempt(0, "failed", failureSummary={"failures": [failure], "partialSuccess": True})
    jobs = [
        airbyte(1, failed, attempt(1, "succeeded")),
        airbyte(2, lost),
        airbyte(3, some),
        airbyte(4, status="pending"),
    ]
    evidence = read(tmp_path, "airbyte_jobs", {"jobs": jobs, "totalJobCount": 4})
    assert evidence.messages.select("message_id", "attempt", "status", "error_code", "error_text").rows() == [
        ("1", 1, "failed", "source config_error", "bad key"),
        ("1", 2, "ok", None, None),
        ("2", 1, "partial", None, None),
        ("3", 1, "partial", "source config_error", "bad key"),
        ("4", None, "pending", None, None),
    ]
    assert evidence.messages["sent_at"].to_list()[:2] == [BEGUN, BEGUN + timedelta(minutes=1)]
    assert (evidence.messages["finished_at"] - evidence.messages["sent_at"]).to_list()[0] == timedelta(seconds=5)


def test_airbyte_job_with_its_logs_and_bad_ones(tmp_path):
    whole = {"job": airbyte(1)["job"], "attempts": [{"attempt": attempt(0, "running"), "logs": {}}]}
    lines = [whole, {"attempts": []}, airbyte(2, 7), airbyte(3, attempt(0, "succeeded"))]
    evidence = read(tmp_path, "airbyte_jobs", "\n".join(map(json.dumps, lines)))
    assert statuses(evidence) == {"1": "pending", "3": "ok"}
    assert evidence.rejected.select("line", "reason").rows() == [(2, "no Airbyte job"), (3, "no_sent_at")]


def test_airbyte_of_the_public_api(tmp_path):
    job = {"jobType": "sync", "startTime": AT, "connectionId": "c1", "lastUpdatedAt": "2026-03-01T10:02:00Z"}
    rows = [
        job | {"jobId": number, "status": word} for number, word in enumerate(["succeeded", "running", "incomplete"])
    ]
    evidence = read(tmp_path, "airbyte_jobs", {"data": rows, "next": "https://api.example/jobs?offset=3"})
    assert statuses(evidence) == {"0": "ok", "1": "pending", "2": "pending"}
    assert evidence.messages["finished_at"].is_null().to_list() == [False, True, True]
    assert any("next names a next page" in each for each in evidence.warnings)


def test_workato_jobs(tmp_path):
    job = {"started_at": "2026-03-01T02:00:00.000-08:00", "completed_at": "2026-03-01T02:00:03.000-08:00"}
    job |= {"recipe_id": 5, "is_poll_error": False, "is_repeat": False, "error": None}
    jobs = [
        job | {"id": "j-1", "status": "succeeded", "is_error": False},
        job | {"id": "j-2", "status": "failed", "error": "no route", "calling_job_id": "j-1", "root_job_id": "j-1"},
        job | {"id": "j-3", "status": "pending", "completed_at": None, "is_repeat": True},
        job | {"id": "j-4", "is_error": True, "error": "old form"},
    ]
    evidence = read(tmp_path, "workato_jobs", {"job_count": 4, "items": jobs})
    assert evidence.messages.select("message_id", "trace_id", "attempt", "status", "error_text").rows() == [
        ("j-1", "j-1", 1, "ok", None),
        ("j-2", "j-1", 1, "failed", "no route"),
        ("j-3", "j-3", 2, "pending", None),
        ("j-4", "j-4", 1, "failed", "old form"),
    ]
    assert evidence.messages["sent_at"].to_list() == [BEGUN] * 4


def test_celigo_jobs_that_completed_with_errors_are_partial(tmp_path):
    job = {"_flowId": "f1", "type": "import", "startedAt": AT, "endedAt": "2026-03-01T10:00:09Z", "numSuccess": 7}
    jobs = [
        job | {"_id": "1", "type": "flow", "status": "completed", "numError": 2},
        job | {"_id": "2", "_flowJobId": "1", "status": "completed", "numError": 0},
        job | {"_id": "3", "_flowJobId": "1", "status": "failed", "numError": 1},
        job | {"_id": "4", "status": "running", "numError": 1},
    ]
    evidence = read(tmp_path, "celigo_jobs", jobs)
    assert statuses(evidence) == {"1": "partial", "2": "ok", "3": "failed", "4": "pending"}
    assert evidence.messages["trace_id"].to_list() == ["1", "1", "1", "4"]


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_real_salesforce_callouts(suffix):
    evidence = known(shared_data("formats", "salesforce", f"sample_log_lines.{suffix}"), "salesforce_event_log")
    first = evidence.messages.row(0, named=True)
    assert (first["source"], first["target"], first["operation"]) == ("Salesforce", "test.local.test", "POST")
    assert (first["trace_id"], first["status"], first["error_code"]) == ("YYZ:abcdef123456", "ok", "200")
    assert first["sent_at"] == datetime(2024, 3, 11, 16, tzinfo=UTC)
    assert first["answered_at"] - first["sent_at"] == timedelta(milliseconds=1234)
    assert evidence.messages.height == 2


def test_other_salesforce_events_are_passed_over_and_columns_differ(tmp_path):
    head = "EVENT_TYPE,TIMESTAMP,REQUEST_ID,ORGANIZATION_ID,USER_ID,SUCCESS,STATUS_CODE,TIME,URL"
    rows = [
        'ApexCallout,20260301100000.250,r1,o,u,0,503,12,"""https://key@wms.example:8443/a?b"""',
        "Login,20260301100000.000,r2,o,u,,,,",
        "ApexCallout,20260301100000.000,r3,o,u,1,200,12,callout:Stock/items",
        "ApexCallout,yesterday,r4,o,u,1,200,12,https://wms.example",
    ]
    evidence = read(tmp_path, "salesforce_event_log", "\n".join([head, *rows]), "log.csv")
    assert evidence.messages.select("target", "status").rows() == [("wms.example", "failed"), ("callout:Stock", "ok")]
    assert evidence.sources["rows_out"].item() == 3
    assert Counter(evidence.rejected["line"]) == {5: 1}


def test_nifi_provenance_tells_of_exchanges_with_other_systems(tmp_path):
    step = {"componentId": "p1", "componentName": "Put orders", "entityId": "f1", "entityType": "FlowFile"}
    step |= {"timestampMillis": 1_772_359_200_000, "entitySize": 70, "parentIds": ["f0"], "durationMillis": 40}
    events = [
        step | {"eventId": "1", "eventType": "RECEIVE", "transitUri": "sftp://user:key@shop.example:22/in"},
        step | {"eventId": "2", "eventType": "ROUTE", "transitUri": None},
        step | {"eventId": "3", "eventType": "SEND", "transitUri": "https://erp.example/orders", "durationMillis": -1},
        step | {"eventId": "4", "eventType": "SEND", "transitUri": None},
    ]
    evidence = read(tmp_path, "nifi_provenance", events)
    assert evidence.messages.select("message_id", "source", "target", "trace_id", "sent_at").rows() == [
        ("3", "NiFi", "erp.example", "f1", BEGUN),
        ("1", "shop.example", "NiFi", "f1", BEGUN),
    ]
    assert evidence.messages["finished_at"].to_list() == [None, BEGUN + timedelta(milliseconds=40)]
    assert evidence.rejected["reason"].to_list() == ["no_target"]
    assert evidence.sources["rows_out"].item() == 3


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://shop.example", "shop.example"),
        ('"https://user:key@shop.example:8443/a@b?c=d"', "shop.example"),
        ("shop.example:80", "shop.example"),
        ("https://[2001:db8::1]:443/x", "[2001:db8::1]"),
        ("callout:Stock/items?a=b", "callout:Stock"),
        ("https://", None),
        ("/items", None),
        ("", None),
        (None, None),
    ],
)
def test_the_host_of_an_address(url, host):
    assert hosts(pl.Series([url], dtype=pl.String)).to_list() == [host]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("nodes", [["Start"], ["Start", "HTTP Request"]])
def test_one_n8n_execution_with_its_data_is_one_run_and_not_what_its_nodes_did(tmp_path, nodes, indent):
    begun, ended = "2026-03-01T10:00:00.000Z", "2026-03-01T10:00:45.000Z"
    steps = {name: [{"startTime": 1772359200000, "executionTime": 5}] for name in nodes}
    run = {"id": "11", "workflowId": "w", "mode": "trigger", "status": "error", "startedAt": begun, "stoppedAt": ended}
    run |= {"data": {"resultData": {"error": {"message": "refused"}, "runData": steps}}}
    evidence = read(tmp_path, "n8n_executions", json.dumps(run, indent=indent))
    assert evidence.messages.select("message_id", "status", "error_text").rows() == [("11", "failed", "refused")]
