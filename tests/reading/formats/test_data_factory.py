"""Azure Data Factory: a real run of a copy, rows lost in silence, tries, queues, and what PowerShell makes of it."""

import json
from datetime import UTC, datetime

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih


def activity(**told):
    return {
        "activityRunId": "a-1",
        "pipelineRunId": "p-1",
        "pipelineName": "Nightly",
        "activityName": "CopyOrders",
        "activityType": "Copy",
        "activityRunStart": "2026-01-02T03:04:05.1234567Z",
        "activityRunEnd": "2026-01-02T03:04:15Z",
        "status": "Succeeded",
        "retryAttempt": None,
        "error": {"errorCode": "", "message": "", "failureType": "", "target": "CopyOrders"},
    } | told


def read(folder, document):
    (folder / "runs.json").write_text(document if isinstance(document, str) else json.dumps(document))
    return ih.read(folder)


def first(evidence, *columns):
    return evidence.messages.select(columns).row(0)


def test_a_real_run_of_a_copy():
    found = ih.read(shared_data("formats", "azure_adf", "activity_run_copy.json"))
    assert found.sources.select("format", "rows_in", "rows_out", "rows_rejected").row(0) == ("data_factory", 1, 1, 0)
    row = found.messages.row(0, named=True)
    start, end = datetime(2021, 6, 25, 5, 34, 7, 516_115, UTC), datetime(2021, 6, 25, 5, 34, 11, 953_676, UTC)
    expected = {
        "message_id": "40bab243-9bbf-4538-9336-b797a2f98e2b",
        "trace_id": "ffc9c2a8-d86a-46d5-9208-28b3551007d8",
        "parent_id": "ffc9c2a8-d86a-46d5-9208-28b3551007d8",
        "integration": "Adfv2QuickStartParamPipeline",
        "source": "Azure Data Factory",
        "target": "Azure Data Factory",
        "operation": "CopyFromBlobToBlob",
        "kind": "internal",
        "attempt": 1,
        "sent_at": start,
        "received_at": start,
        "finished_at": end,
        "status": "ok",
        "error_code": None,
        "error_text": None,
        "bytes": 134,
    }
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("output", "status"),
    [
        ({"rowsRead": 10, "rowsCopied": 10}, "ok"),
        ({"rowsRead": 10, "rowsCopied": 9}, "partial"),
        ({"rowsRead": 10, "rowsCopied": 10, "rowsSkipped": 2}, "partial"),
        ({"rowsRead": 10}, "ok"),
        ({"filesSkipped": 1}, "partial"),
        ({"errors": [{"Code": 1}]}, "partial"),
        ({"errors": []}, "ok"),
        ("@{rowsRead=10; rowsCopied=9}", "ok"),
        (None, "ok"),
    ],
)
def test_rows_that_did_not_arrive_make_a_success_partial(tmp_path, output, status):
    assert first(read(tmp_path, activity(output=output)), "status") == (status,)


def test_lost_rows_do_not_turn_a_failure_into_anything_else(tmp_path):
    error = {"errorCode": "2200", "message": "sink is full", "failureType": "UserError"}
    found = read(tmp_path, activity(status="FAILED", output={"rowsRead": 10, "rowsCopied": 9}, error=error))
    assert first(found, "status", "error_code", "error_text") == ("failed", "2200", "sink is full")


@pytest.mark.parametrize(("retry", "attempt"), [(None, 1), (0, 1), (1, 2), (3, 4)])
def test_the_first_try_has_no_number(tmp_path, retry, attempt):
    assert first(read(tmp_path, activity(retryAttempt=retry)), "attempt") == (attempt,)


def test_time_in_the_queue_is_waiting(tmp_path):
    runtime = activity(output={"durationInQueue": {"integrationRuntimeQueue": 4}})
    copy = {"executionDetails": [{"detailedDurations": {"queuingDuration": 2}}]}
    found = read(tmp_path, [runtime, activity(activityRunId="a-2", output=copy), activity(activityRunId="a-3")])
    waits = (found.messages["received_at"] - found.messages["sent_at"]).dt.total_seconds().to_list()
    assert waits == [4, 2, None]


@pytest.mark.parametrize(
    ("told", "systems"),
    [
        (
            {"output": {"executionDetails": [{"source": {"type": "AzureBlobStorage"}, "sink": {"type": "SqlServer"}}]}},
            ("AzureBlobStorage", "SqlServer", "batch"),
        ),
        (
            {"input": {"source": {"type": "BlobSource"}, "sink": {"type": "SqlSink"}}},
            ("BlobSource", "SqlSink", "batch"),
        ),
        ({"input": {"source": {"type": "BlobSource"}}}, ("BlobSource", "retail", "batch")),
        ({"linkedServiceName": "crm"}, ("retail", "crm", "batch")),
        ({"linkedServiceName": ""}, ("retail", "retail", "internal")),
        ({"output": {"executionDetails": ["@{source=; sink=; status=Succeeded}"]}}, ("retail", "retail", "internal")),
    ],
)
def test_systems_where_the_run_tells_them(tmp_path, told, systems):
    place = {"id": "/SUBSCRIPTIONS/s/FACTORIES/retail/pipelineruns/p-1/activityruns/a-1"}
    assert first(read(tmp_path, activity(**place, **told)), "source", "target", "kind") == systems


def test_what_powershell_writes(tmp_path):
    """Names with a capital; an error that it flattened to text stays as text, a hollow one of a success is none."""
    told = {name[0].upper() + name[1:]: value for name, value in activity(status="Failed").items()}
    flat = "@{errorCode=2200; message=sink is full; failureType=UserError}"
    found = read(tmp_path, [told | {"Error": flat}, activity(activityRunId="a-2", error="@{errorCode=; message=}")])
    assert found.messages.select("message_id", "status", "error_code", "error_text").rows() == [
        ("a-1", "failed", None, flat),
        ("a-2", "ok", None, None),
    ]


def test_pipelines_hold_their_activities(tmp_path):
    pipeline = {
        "runId": "p-1",
        "pipelineName": "Nightly",
        "runStart": "2026-01-02T03:04:00Z",
        "runEnd": None,
        "status": "InProgress",
        "message": "",
        "invokedBy": {"name": "Midnight", "invokedByType": "ScheduleTrigger"},
    }
    found = read(tmp_path, {"value": [pipeline, activity()], "continuationToken": "more"})
    assert found.messages.select("message_id", "parent_id", "operation", "status").rows() == [
        ("a-1", "p-1", "CopyOrders", "ok"),
        ("p-1", None, "Midnight", "pending"),
    ]
    assert found.sources.select("rows_in", "rows_out").row(0) == (2, 2)
    assert any("continuationToken names a next page" in warning for warning in found.warnings)


def told_to_fail(**told):
    error = {"errorCode": "E42", "message": "no rows came", "failureType": "UserError", "target": "Stop"}
    return activity(activityRunId="a-2", activityName="Stop", status="Failed", error=error) | told


@pytest.mark.parametrize("kind", ["Fail", "fail"])
def test_a_fail_activity_is_no_error_of_its_own(tmp_path, kind):
    pipeline = {"runId": "p-1", "pipelineName": "Nightly", "runStart": "2026-01-02T03:04:00Z", "status": "Failed"}
    copy = activity(status="Failed", error={"errorCode": "2200", "message": "no such table"})
    found = read(tmp_path, {"value": [pipeline, copy, told_to_fail(activityType=kind)]})
    rows = found.caused.select("operation", "status", "error_text", "own_error", "passed_on").rows()
    assert sorted(rows, key=str) == [
        ("CopyOrders", "failed", "no such table", True, False),
        ("Stop", "ok", "no rows came", False, False),
        (None, "failed", None, False, True),
    ]
    assert not any("Fail activity" in warning for warning in found.warnings)


def test_a_run_that_nothing_but_its_fail_activity_calls_failed_is_told(tmp_path):
    others = [
        told_to_fail(activityRunId="a-4", activityType="Fail", pipelineRunId="p-2"),
        activity(pipelineRunId="p-2"),
    ]
    found = read(tmp_path, {"value": [told_to_fail(activityType="Fail"), told_to_fail(activityRunId="a-3"), *others]})
    assert sorted(found.messages["status"]) == ["failed", "ok", "ok", "ok"]
    assert [warning for warning in found.warnings if warning.endswith("says that they failed: 1")]


def test_bad_records_are_rejected_and_the_good_ones_survive(tmp_path):
    bad = [
        activity(activityRunStart="{{start}}"),
        activity(retryAttempt="twice"),
        {"pipelineName": "Nightly"},
        "text",
        activity(output={"rowsRead": "1e999999", "rowsCopied": "1e-999999"}),
    ]
    lines = "\n".join(json.dumps(each) for each in [activity(activityRunId="a-0"), *bad])
    found = read(tmp_path, lines + '\n{"activityRunId": "cut')
    assert found.rejected.select("line", "reason").rows() == [
        (2, "bad_time:sent_at; bad_time:received_at"),
        (3, "bad_number:attempt"),
        (4, "no_run_of_an_activity_or_pipeline"),
        (5, "not_an_object"),
        (7, found.rejected["reason"][-1]),
    ]
    assert found.rejected["reason"][-1].startswith("no JSON")
    assert found.messages.select("message_id", "log_line").rows() == [("a-0", 1), ("a-1", 6)]


def test_diagnostic_logs_are_another_format(tmp_path):
    step = {
        "activityRunId": "a-1",
        "pipelineName": "Nightly",
        "start": "2026-03-01T10:00:00Z",
        "category": "ActivityRuns",
    }
    (tmp_path / "log.json").write_text(json.dumps(step), encoding="utf-8")
    assert ih.read(tmp_path).sources["format"].to_list() == [None]
