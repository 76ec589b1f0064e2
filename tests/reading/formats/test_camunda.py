"""Camunda 7 and 8: histories as the vendor documents them."""

import json

import pytest
from drawing.exported import read_as, seen

import integrhealth as ih


def seven(second: int) -> str:
    return f"2013-04-23T13:42:{second:02}.000+0200"


SAME = {"processDefinitionKey": "invoice", "processDefinitionId": "invoice:1", "processInstanceId": "p1",
        "rootProcessInstanceId": "p1", "executionId": "e", "tenantId": None}  # fmt: skip


def activity(name: str, kind: str, start: int, end: int | None, **more: object) -> dict:
    own = {"id": name, "parentActivityInstanceId": "p1", "activityId": f"A_{name}", "activityName": None}
    own |= {"activityType": kind, "calledProcessInstanceId": None, "assignee": None, "startTime": seven(start)}
    own |= {"endTime": None if end is None else seven(end), "durationInMillis": 0, "canceled": False}
    return SAME | own | more


def process(name: str, **more: object) -> dict:
    own = {"id": name, "businessKey": "order-7", "superProcessInstanceId": None, "superCaseInstanceId": None}
    own |= {
        "startTime": seven(1),
        "endTime": seven(9),
        "deleteReason": None,
        "state": "COMPLETED",
        "processDefinitionName": "Invoice",
    }
    return {key: value for key, value in SAME.items() if key != "processInstanceId"} | own | more


def incident(name: str, **more: object) -> dict:
    own = {"id": name, "createTime": seven(5), "endTime": None, "incidentType": "failedJob", "activityId": "A_pay"}
    own |= {"failedActivityId": "A_pay", "causeIncidentId": name, "rootCauseIncidentId": name}
    return SAME | own | {"incidentMessage": "no route", "open": True, "deleted": False, "resolved": False} | more


def logged(event: str, second: int, retries: int | None = None, **more: object) -> dict:
    own = {"id": f"l{second}", "timestamp": seven(second), "externalTaskId": "x1", "topicName": "billing"}
    own |= {"activityId": "A_bill", "activityInstanceId": "a1", "retries": retries, "errorMessage": None}
    return (
        SAME | own | {name: name == event for name in ("creationLog", "failureLog", "successLog", "deletionLog")} | more
    )


def test_activities_that_do_work_lie_in_what_is_around_them(tmp_path):
    rows = [
        activity("s", "startEvent", 1, 1),
        activity("sub", "subProcess", 1, 8),
        activity("pay", "serviceTask", 2, 4, parentActivityInstanceId="sub", activityName="Pay"),
        activity("ask", "userTask", 4, None, parentActivityInstanceId="sub"),
        activity("call", "callActivity", 4, 6, canceled=True),
        activity("gate", "exclusiveGateway", 6, 6),
    ]
    evidence = read_as("camunda7", tmp_path, rows)
    assert seen(evidence, "message_id", "parent_id", "trace_id", "operation", "status") == [
        ("sub", "p1", "p1", "A_sub", "ok"),
        ("pay", "sub", "p1", "Pay", "ok"),
        ("ask", "sub", "p1", "A_ask", "pending"),
        ("call", "p1", "p1", "A_call", "cancelled"),
    ]
    pay = evidence.messages.row(1, named=True)
    assert (pay["sent_at"].isoformat(), (pay["finished_at"] - pay["sent_at"]).seconds) == (
        "2013-04-23T11:42:02+00:00",
        2,
    )
    assert evidence.sources.select("rows_in", "rows_out").rows() == [(6, 6)]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, "ok"),
        ({"state": "ACTIVE", "endTime": None}, "pending"),
        ({"state": "SUSPENDED", "endTime": None}, "held"),
        ({"state": "EXTERNALLY_TERMINATED"}, "cancelled"),
        ({"state": "INTERNALLY_TERMINATED"}, "cancelled"),
        ({"state": None}, "ok"),
        ({"state": None, "deleteReason": "by hand"}, "cancelled"),
        ({"state": None, "endTime": None}, "pending"),
    ],
)
def test_how_a_process_of_camunda_7_ended(tmp_path, more, status):
    assert seen(read_as("camunda7", tmp_path, [process("p1", **more)]), "message_id", "status") == [("p1", status)]


def test_an_incident_is_a_failure_inside_the_one_that_it_caused(tmp_path):
    inner = {"processInstanceId": "p2", "processDefinitionKey": "billing"}
    rows = [
        process("p1", state="ACTIVE", endTime=None),
        process("p2", state="ACTIVE", endTime=None, superProcessInstanceId="p1", processDefinitionKey="billing"),
        incident("outer", causeIncidentId="inner", rootCauseIncidentId="inner"),
        incident("inner", endTime=seven(8), open=False, resolved=True, **inner),
    ]
    evidence = read_as("camunda7", tmp_path, "\n".join(map(json.dumps, rows)))
    assert seen(evidence, "message_id", "parent_id", "trace_id", "status", "error_code", "error_text") == [
        ("p1", None, "p1", "pending", None, None),
        ("p2", "p1", "p1", "pending", None, None),
        ("outer", "p1", "p1", "failed", "failedJob", "no route"),
        ("inner", "outer", "p1", "failed", "failedJob", "no route"),
    ]
    steps = evidence.incident_events.select("incident", "action", "integration").rows()
    assert steps == [("outer", "opened", "invoice"), ("inner", "opened", "billing"), ("inner", "resolved", "billing")]
    assert ih.error_propagation.report(evidence).tables["cascades"]["root_id"].to_list() == ["inner"]


def test_every_try_of_an_external_task_is_an_attempt_to_reach_its_workers(tmp_path):
    rows = [
        logged("creationLog", 1),
        logged("failureLog", 3, 2, errorMessage="timeout"),
        logged("failureLog", 5, 1, errorMessage="timeout"),
        logged("successLog", 6),
        logged("creationLog", 7, externalTaskId="x2"),
        logged("failureLog", 8, 0, externalTaskId="x2", errorMessage="gone"),
        logged("deletionLog", 9, externalTaskId="x3"),
        {"timestamp": "x"},
    ]
    evidence = read_as("camunda7", tmp_path, rows)
    assert seen(evidence, "message_id", "attempt", "source", "target", "status", "error_text") == [
        ("x1", 1, "Camunda", "billing", "failed", "timeout"),
        ("x1", 2, "Camunda", "billing", "failed", "timeout"),
        ("x1", 3, "Camunda", "billing", "ok", None),
        ("x2", None, "Camunda", "billing", "failed", "gone"),
        ("x3", None, "Camunda", "billing", "cancelled", None),
    ]
    assert set(evidence.messages["kind"]) == {"request"}
    first, second = evidence.messages["sent_at"].to_list()[:2]
    assert (second - first).total_seconds() == 2
    assert evidence.sources["rows_rejected"].sum() == 1


def test_the_log_of_jobs_tells_their_exceptions(tmp_path):
    jobs = [logged(event, at, topicName=None) for event, at in (("creationLog", 1), ("failureLog", 2))]
    jobs = [{key: value for key, value in each.items() if key not in ("externalTaskId", "retries")} for each in jobs]
    jobs = [each | {"jobId": "j1", "jobRetries": 0, "jobExceptionMessage": "boom"} for each in jobs]
    evidence = read_as("camunda7", tmp_path, jobs)
    assert seen(evidence, "message_id", "target", "status", "error_text") == [("j1", "Camunda", "failed", "boom")]


def eight(second: int) -> str:
    return f"2022-03-17T14:12:{second:02}.104+0000"


def test_camunda_8_as_operate_answers(tmp_path):
    node = {"processInstanceKey": 20, "processDefinitionKey": 3, "startDate": eight(1), "endDate": eight(2)}
    files = {
        "nodes.json": [
            node | {"key": 21, "flowNodeId": "pay", "type": "SERVICE_TASK", "state": "COMPLETED", "incident": False},
            node | {"key": 22, "flowNodeId": "bill", "type": "SERVICE_TASK", "state": "ACTIVE", "incident": True,
                    "endDate": None, "incidentKey": 40},
            node | {"key": 23, "flowNodeId": "x", "type": "EXCLUSIVE_GATEWAY", "state": "COMPLETED", "incident": False},
        ],
        "processes.json": [
            {"key": 10, "bpmnProcessId": "order", "processVersion": 1, "state": "ACTIVE", "startDate": eight(0)},
            {"key": 20, "bpmnProcessId": "invoice", "processVersion": 1, "state": "CANCELED", "startDate": eight(0),
             "endDate": eight(3), "parentKey": 10},
        ],
        "incidents.json": [
            {"key": 40, "processInstanceKey": 20, "processDefinitionKey": 3, "type": "JOB_NO_RETRIES",
             "message": "no answer", "creationTime": eight(2), "state": "ACTIVE", "jobKey": 41},
        ],
    }  # fmt: skip
    for name, items in files.items():
        evidence = read_as("camunda8", tmp_path, {"items": items, "sortValues": [1], "total": len(items)}, name)
    assert sorted(seen(evidence, "message_id", "parent_id", "status", "error_code")) == [
        ("10", None, "pending", None),
        ("20", "10", "cancelled", None),
        ("21", "20", "ok", None),
        ("22", "20", "held", None),
        ("40", "20", "failed", "JOB_NO_RETRIES"),
    ]
    assert evidence.incident_events.select("incident", "action").rows() == [("40", "opened")]


def test_camunda_8_as_its_later_api_answers(tmp_path):
    same = {"processInstanceKey": "20", "processDefinitionId": "invoice", "startDate": "2026-03-01T10:00:00.000Z"}
    rows = [
        same | {"state": "ACTIVE", "hasIncident": True, "parentElementInstanceKey": "15",
                "parentProcessInstanceKey": "10"},
        same | {"elementInstanceKey": "21", "elementId": "pay", "elementName": "Pay", "type": "SERVICE_TASK",
                "state": "TERMINATED", "endDate": "2026-03-01T10:00:05.000Z"},
        {"incidentKey": "40", "errorType": "IO_MAPPING_ERROR", "errorMessage": "no x", "elementInstanceKey": "21",
         "processInstanceKey": "20", "creationTime": "2026-03-01T10:00:02.000Z", "state": "RESOLVED"},
    ]  # fmt: skip
    evidence = read_as("camunda8", tmp_path, {"items": rows, "page": {"totalItems": 3}})
    assert seen(evidence, "message_id", "parent_id", "trace_id", "status", "error_text") == [
        ("20", "15", "10", "held", None),
        ("21", "20", "10", "cancelled", None),
        ("40", "21", "10", "failed", "no x"),
    ]


def exported(position: int, kind: str, intent: str, key: int, record: str = "EVENT", **value: object) -> dict:
    own = {"bpmnProcessId": "order", "processInstanceKey": 1, "processDefinitionKey": 3} | value
    given = {"partitionId": 1, "position": position, "key": key, "timestamp": 1_700_000_000_000 + position * 1000}
    return given | {"valueType": kind, "intent": intent, "recordType": record, "value": own}


def test_what_zeebe_exports_is_the_life_of_elements_and_jobs(tmp_path):
    whole = {"elementId": "order", "bpmnElementType": "PROCESS", "flowScopeKey": -1, "parentProcessInstanceKey": -1}
    task = {"elementId": "pay", "bpmnElementType": "SERVICE_TASK", "flowScopeKey": 1, "parentElementInstanceKey": -1}
    job = {"elementId": "pay", "elementInstanceKey": 2, "type": "charge", "errorMessage": ""}
    stuck = {"elementId": "pay", "elementInstanceKey": 2, "errorType": "JOB_NO_RETRIES", "errorMessage": "no answer"}
    rows = [
        exported(1, "PROCESS_INSTANCE", "ACTIVATE_ELEMENT", 1, "COMMAND", **whole),
        exported(2, "PROCESS_INSTANCE", "ELEMENT_ACTIVATING", 1, **whole),
        exported(3, "PROCESS_INSTANCE", "ELEMENT_ACTIVATED", 1, **whole),
        exported(4, "PROCESS_INSTANCE", "ELEMENT_ACTIVATED", 9, **task | {"bpmnElementType": "START_EVENT"}),
        exported(5, "PROCESS_INSTANCE", "ELEMENT_ACTIVATING", 2, **task),
        exported(6, "JOB", "CREATED", 5, retries=2, **job),
        exported(7, "JOB", "FAILED", 5, retries=1, **job | {"errorMessage": "no answer"}),
        exported(8, "JOB", "FAILED", 5, retries=0, **job | {"errorMessage": "no answer"}),
        exported(9, "INCIDENT", "CREATED", 7, **stuck),
        exported(10, "VARIABLE", "CREATED", 8, name="x"),
    ]
    text = "\n".join(map(json.dumps, rows))
    evidence = read_as("camunda8", tmp_path, text)
    assert seen(evidence, "message_id", "parent_id", "attempt", "target", "kind", "status", "error_text") == [
        ("1", None, None, "Camunda", "internal", "pending", None),
        ("2", "1", None, "Camunda", "internal", "held", "no answer"),
        ("5", "2", 1, "charge", "request", "failed", "no answer"),
        ("5", "2", 2, "charge", "request", "failed", "no answer"),
    ]
    assert not any("since 1970" in warning for warning in evidence.warnings)
    assert evidence.sources.select("rows_in", "rows_out").sum().rows() == [(10, 10)]
    later = [
        exported(11, "INCIDENT", "RESOLVED", 7, **stuck),
        exported(12, "JOB", "TIMED_OUT", 6, retries=1, **job),
        exported(13, "JOB", "COMPLETED", 6, retries=1, **job),
        exported(14, "PROCESS_INSTANCE", "ELEMENT_COMPLETED", 2, **task),
        exported(15, "PROCESS_INSTANCE", "ELEMENT_TERMINATED", 1, **whole),
    ]
    evidence = read_as("camunda8", tmp_path, text + "\n" + "\n".join(map(json.dumps, later)))
    assert [(name, status) for name, status in seen(evidence, "message_id", "status") if name != "5"] == [
        ("1", "cancelled"), ("2", "ok"), ("6", "timeout"), ("6", "ok"),
    ]  # fmt: skip


def test_histories_of_its_relatives_are_not_taken_for_those_of_camunda(tmp_path):
    row = {"id": "5", "activityId": "4", "activityType": "userTask", "processInstanceId": "3", "startTime": seven(1)}
    (tmp_path / "flowable.json").write_text(json.dumps({"data": [row], "total": 1}))
    assert not {"camunda7", "camunda8"} & set(ih.read(tmp_path).sources["format"])
