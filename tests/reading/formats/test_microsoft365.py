"""Microsoft 365: the audit log, as records and as a search; runs of Power Automate from wherever they are kept."""

import csv
import io
import json

import pytest
from drawing.accounts import account, utc
from drawing.shared_data import shared_data

import integrhealth as ih

RECORD = {"Id": "1", "CreationTime": "2022-05-08T15:13:41", "Operation": "FileAccessed", "RecordType": 6}
RECORD |= {"Workload": "SharePoint", "UserId": "ann@contoso.com", "UserType": 0, "ObjectId": "https://x/a.docx"}
VIEW = {"Id": "2", "CreationTime": "2022-05-08T15:13:42", "Operation": "ViewReport", "RecordType": 20}
VIEW |= {"Workload": "PowerBI", "UserId": "ann@contoso.com", "Activity": "ViewReport", "ReportId": "r1"}


def lines(*records):
    return "\n".join(each if isinstance(each, str) else json.dumps(each) for each in records)


def search(*records):
    """A search as the portal exports it."""
    text = io.StringIO()
    names = ["RecordId", "CreationDate", "RecordType", "Operation", "UserId", "AuditData", "AssociatedAdminUnits"]
    csv.writer(text).writerow(names)
    for each in records:
        audit = each if isinstance(each, str) else json.dumps(each)
        csv.writer(text).writerow(["x", "5/8/2022 3:13:41 PM", 6, "o", "ann@contoso.com", audit, ""])
    return text.getvalue()


def test_a_real_audit_log():
    evidence = ih.read(shared_data("formats_more", "o365_audit", "microsoft_audit_log.jsonl"))
    assert account(evidence) == [("o365_audit", 4, 4, 0, 0)]
    columns = ("source", "target", "operation", "sent_at", "status", "actor_type")
    assert evidence.messages.select(columns).rows()[::3] == [
        ("client", "Exchange", "Install-DefaultSharingPolicy", utc("2022-05-07T12:55:53"), "ok", "system"),
        ("client", "AzureActiveDirectory", "UserLoggedIn", utc("2022-05-08T15:13:41"), "ok", "person"),
    ]
    assert "piet" not in str(evidence.messages.to_dicts())
    assert evidence.warnings == ()


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"ResultStatus": "True"}, "ok", None),
        ({"ResultStatus": "Succeeded"}, "ok", None),
        ({"ResultStatus": "PartiallySucceeded"}, "partial", None),
        ({"ResultStatus": "Failed", "ErrorCode": "E7"}, "failed", "E7"),
        ({"ResultStatus": "False"}, "failed", None),
        ({"ResultStatus": ""}, "unknown", None),
        ({}, "unknown", None),
        ({"Operation": "UserLoginFailed", "ResultStatus": "Success", "LogonError": "Bad"}, "rejected", "Bad"),
    ],
)
def test_how_an_activity_ended(tmp_path, more, status, code):
    (tmp_path / "audit.json").write_text(lines(RECORD | more))
    assert ih.read(tmp_path).messages.select("status", "error_code").rows() == [(status, code)]


@pytest.mark.parametrize("written", [lines, search, lambda *records: json.dumps(list(records))])
def test_opening_a_report_among_other_workloads_is_a_read(tmp_path, written):
    deleted = VIEW | {"Id": "3", "Activity": "DeleteReport", "Operation": "DeleteReport"}
    (tmp_path / "audit.csv").write_text(written(RECORD, VIEW, deleted))
    evidence = ih.read(tmp_path)
    assert set(evidence.sources["format"]) == {"o365_audit"}
    assert evidence.sources["rows_in"].sum() == evidence.sources["rows_out"].sum() == 3
    assert evidence.messages["operation"].to_list() == ["FileAccessed"]
    assert evidence.reads.select("report", "at", "action").rows() == [("r1", utc("2022-05-08T15:13:42"), "ViewReport")]


def test_a_file_of_nothing_but_power_bi_stays_that(tmp_path):
    (tmp_path / "audit.json").write_text(lines(VIEW, VIEW | {"Id": "4", "ReportId": "r2"}))
    evidence = ih.read(tmp_path)
    assert account(evidence) == [("powerbi_activity", 2, 2, 0, 0)]


def test_damaged_audit_data_cost_their_row(tmp_path):
    (tmp_path / "audit.csv").write_text(search(RECORD, '{"broken', "[1]", RECORD | {"Id": "9", "CreationTime": "x"}))
    evidence = ih.read(tmp_path)
    assert account(evidence) == [("o365_audit", 4, 1, 3, 0)]
    reasons = [reason.split(":")[0] for reason in evidence.rejected["reason"]]
    assert reasons == ["no JSON", "not_an_object", "bad_time"]


def flow_run(name, **more):
    id_ = f"/providers/Microsoft.ProcessSimple/environments/Default-x/flows/170fb67e/runs/{name}"
    properties = {"startTime": "2022-11-17T14:33:45.5Z", "endTime": "2022-11-17T14:33:46Z"} | more
    return {
        "name": name,
        "id": id_,
        "type": "Microsoft.ProcessSimple/environments/flows/runs",
        "properties": properties,
    }


@pytest.mark.parametrize("wrapped", [True, False])
def test_runs_of_the_flows_api(tmp_path, wrapped):
    error = {"code": "ActionFailed", "message": "An action failed."}
    runs = [
        flow_run("1", status="Succeeded", trigger={"name": "manual"}, correlation={"clientTrackingId": "t"}),
        flow_run("2", status="Failed", code="ActionFailed", error=error),
        flow_run("3", status="Running", endTime=None),
        flow_run("4", status="Cancelled"),
    ]
    (tmp_path / "runs.json").write_text(json.dumps({"value": runs} if wrapped else runs))
    evidence = ih.read(tmp_path)
    assert account(evidence) == [("logic_apps", 4, 4, 0, 0)]
    columns = ("message_id", "integration", "operation", "finished_at", "status", "error_code")
    end = utc("2022-11-17T14:33:46")
    assert evidence.messages.select(columns).rows() == [
        ("1", "170fb67e", "manual", end, "ok", None),
        ("2", "170fb67e", None, end, "failed", "ActionFailed"),
        ("3", "170fb67e", None, None, "pending", None),
        ("4", "170fb67e", None, end, "cancelled", None),
    ]


def test_runs_of_dataverse(tmp_path):
    run = {"flowrunid": "f1", "name": "1", "starttime": "2024-01-01T10:00:00Z", "endtime": "2024-01-01T10:00:03Z"}
    run |= {
        "status": "Succeeded",
        "triggertype": "Automated",
        "workflowid": "w1",
        "parentrunid": None,
        "duration": 3000,
    }
    child = run | {"name": "2", "status": "Failed", "parentrunid": "1", "errorcode": "X", "errormessage": "boom"}
    (tmp_path / "runs.json").write_text(
        json.dumps({"@odata.context": "x", "value": [run, child, run | {"name": None}]})
    )
    evidence = ih.read(tmp_path)
    assert account(evidence) == [("power_automate_runs", 3, 2, 1, 0)]
    columns = ("message_id", "parent_id", "trace_id", "integration", "finished_at", "status", "error_text")
    end = utc("2024-01-01T10:00:03")
    assert evidence.messages.select(columns).rows() == [
        ("1", None, "1", "w1", end, "ok", None),
        ("2", "1", "1", "w1", end, "failed", "boom"),
    ]


@pytest.mark.parametrize(
    ("code", "status"), [(1, "held"), (2, "pending"), (4, "ok"), (7, "cancelled"), (8, "failed"), (10, "timeout")]
)
def test_sessions_of_desktop_flows(tmp_path, code, status):
    session = {"flowsessionid": "s", "startedon": "2024-01-01T10:00:00Z", "completedon": None, "statuscode": code}
    session |= {"_regardingobjectid_value": "w1", "_machineid_value": "m1"}
    (tmp_path / "sessions.json").write_text(json.dumps({"value": [session]}))
    evidence = ih.read(tmp_path)
    assert evidence.messages.select("message_id", "integration", "target", "status").rows() == [
        ("s", "w1", "m1", status)
    ]


def test_runs_of_the_portal(tmp_path):
    (tmp_path / "runs.csv").write_text(
        "Run identifier,Start time,Duration,Status\n1,2024-01-01T10:00:00Z,00:00:03,Succeeded\n2,,00:00:03,Failed\n"
    )
    evidence = ih.read(tmp_path)
    assert account(evidence) == [("power_automate_runs", 2, 1, 1, 0)]
    assert evidence.messages.select("message_id", "sent_at", "finished_at", "status").rows() == [
        ("1", utc("2024-01-01T10:00:00"), None, "ok")
    ]
