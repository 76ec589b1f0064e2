"""Camunda 8: instances and incidents as its APIs answer, and the records that the exporters of Zeebe write.

A record is one of these; ``log_line`` is its line, or its ordinal in a document of several lines. An instance of a
process or of an element that does work is one message; events and gateways are none. An element whose incident is open
is held; the incident itself is what failed inside it. Of exported records several tell of a message: an element, or a
job, which is a message to the workers of its type, with an attempt each time it failed and may be tried again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import Value, api_records, field, record_keys
from integrhealth.reading.records.nested import Fields, Found, Record, Refused, nested_format

EXPORTED = {"valueType", "intent", "key", "timestamp"}
ELEMENT = ({"flowNodeId", "type", "state", "startDate"}, {"elementInstanceKey", "type", "state", "startDate"})
PROCESS = ({"bpmnProcessId", "state", "startDate"}, {"processDefinitionId", "processInstanceKey", "state", "startDate"})
INCIDENT = ({"creationTime", "processInstanceKey", "type", "message"}, {"creationTime", "incidentKey", "errorType"})
MARKS = (EXPORTED, *ELEMENT, *PROCESS, *INCIDENT)
# Elements that do work: SERVICE_TASK and the like, and what they lie in.
SCOPES = ("PROCESS", "SUB_PROCESS", "EVENT_SUB_PROCESS", "AD_HOC_SUB_PROCESS", "CALL_ACTIVITY", "MULTI_INSTANCE_BODY")
# What a record means for the message that it tells of; a number for none is -1.
ELEMENT_EVENTS = {
    "ELEMENT_ACTIVATING": "begun",
    "ELEMENT_ACTIVATED": "begun",
    "ELEMENT_COMPLETED": "ok",
    "ELEMENT_TERMINATED": "cancelled",
}
JOB_EVENTS = {
    "CREATED": "begun",
    "COMPLETED": "ok",
    "FAILED": "failed",
    "TIMED_OUT": "timeout",
    "ERROR_THROWN": "failed",
    "CANCELED": "cancelled",
}
INCIDENT_EVENTS = {"CREATED": "held", "RESOLVED": "pending"}
NONE = ("-1", "", None)


def recognises(head: Head) -> bool:
    """Records with the fields of one of the resources, or of what Zeebe exports."""
    keys = record_keys(head.start)
    return any(marks <= keys for marks in MARKS)


def records(path: Path) -> Iterator[Found]:
    """Every record of the file."""
    parents = _parents(path)
    for answer in api_records(path):
        if not isinstance(answer, Value):
            yield answer
            continue
        line, each = answer
        keys = each.keys() if isinstance(each, dict) else set()
        if keys >= EXPORTED:
            yield Record(line, tuple(("event", row) for row in _exported(each, parents)))
        elif any(keys >= marks for marks in INCIDENT):
            steps = tuple(("step", row) for row in _steps(each))
            yield Record(line, (("work", _incident(each, parents)), *steps))
        elif any(keys >= marks for marks in ELEMENT):
            yield Record(line, (("work", _element(each, parents)),) if _does_work(each["type"]) else ())
        elif any(keys >= marks for marks in PROCESS):
            yield Record(line, (("work", _process(each, parents)),))
        else:
            yield Refused(line, "no record of Camunda", each)


def _parents(path: Path) -> dict[str, str]:
    """The process that called each process, as far as the file tells."""
    parents: dict[str, str] = {}
    for answer in api_records(path):
        each = answer.value if isinstance(answer, Value) else None
        each = field(each, "value") if isinstance(field(each, "value"), dict) else each
        parent = field(each, "parentProcessInstanceKey") or field(each, "parentKey")
        name = field(each, "processInstanceKey") or field(each, "key")
        if isinstance(parent, str) and isinstance(name, str) and parent not in NONE:
            parents[name] = parent
    return parents


def _root(process: Any, parents: dict[str, str]) -> Any:
    """The process with which it all began."""
    passed = set()
    while isinstance(process, str) and process in parents and process not in passed:
        passed.add(process)
        process = parents[process]
    return process


def _does_work(kind: Any) -> bool:
    return isinstance(kind, str) and (kind in SCOPES or kind.endswith("TASK"))


def _common(each: Fields, parents: dict[str, str]) -> Fields:
    return {
        "id": each.get("key") or each.get("elementInstanceKey") or each.get("incidentKey"),
        "trace": _root(each.get("processInstanceKey"), parents),
        "parent": each.get("processInstanceKey"),
        "process": each.get("processDefinitionId") or each.get("bpmnProcessId") or each.get("processDefinitionKey"),
    }


def _instance(each: Fields) -> Fields:
    stuck = each.get("state") == "ACTIVE" and True in (each.get("incident"), each.get("hasIncident"))
    return {
        "begun": each.get("startDate"),
        "ended": each.get("endDate"),
        "state": "INCIDENT" if stuck else each.get("state"),
    }


def _element(each: Fields, parents: dict[str, str]) -> Fields:
    names = ("flowNodeName", "elementName", "flowNodeId", "elementId")
    operation = next((name for key in names if (name := each.get(key))), None)
    return _common(each, parents) | _instance(each) | {"operation": operation}


def _process(each: Fields, parents: dict[str, str]) -> Fields:
    name = each.get("processInstanceKey") or each.get("key")
    callers = ("parentFlowNodeInstanceKey", "parentElementInstanceKey", "parentProcessInstanceKey", "parentKey")
    caller = next((value for key in callers if (value := each.get(key)) not in NONE), None)
    own = {"id": name, "trace": _root(name, parents), "parent": caller, "operation": each.get("processDefinitionName")}
    return _common(each, parents) | _instance(each) | own


def _incident(each: Fields, parents: dict[str, str]) -> Fields:
    return _common(each, parents) | {
        "id": each.get("incidentKey") or each.get("key"),
        "parent": each.get("elementInstanceKey") or each.get("processInstanceKey"),
        "operation": each.get("elementId") or each.get("flowNodeId"),
        "begun": each.get("creationTime"),
        "state": "FAILED",
        "code": each.get("errorType") or each.get("type"),
        "error": each.get("errorMessage") or each.get("message"),
    }


def _steps(each: Fields) -> Iterator[Fields]:
    """An incident as it was opened; when it was resolved the APIs do not say."""
    process = each.get("processDefinitionId") or each.get("processDefinitionKey")
    name = each.get("incidentKey") or each.get("key")
    yield {"incident": name, "at": each.get("creationTime"), "action": "opened", "process": process}


def _exported(each: Fields, parents: dict[str, str]) -> Iterator[Fields]:
    """What an exported event says of an element or a job; commands only ask for something."""
    kind, intent, value = each.get("valueType"), each.get("intent"), each.get("value")
    if each.get("recordType", "EVENT") != "EVENT" or not isinstance(value, dict) or not isinstance(intent, str):
        return
    position = each.get("position")
    row = _common(value, parents) | {
        "id": each["key"],
        "at": each["timestamp"],
        "operation": value.get("elementId"),
        "kind": "internal",
        "seq": position,
    }
    if kind == "PROCESS_INSTANCE" and intent in ELEMENT_EVENTS and _does_work(value.get("bpmnElementType")):
        around = value.get("flowScopeKey")
        caller = value.get("parentElementInstanceKey")
        inside = around if around not in NONE else caller if caller not in NONE else None
        yield row | {"event": ELEMENT_EVENTS[intent], "parent": inside}
    elif kind == "INCIDENT" and intent in INCIDENT_EVENTS:
        # What it holds up is an element; the job that failed tells for itself.
        said = {"code": value.get("errorType"), "error": value.get("errorMessage")} if intent == "CREATED" else {}
        yield row | said | {"id": value.get("elementInstanceKey"), "event": INCIDENT_EVENTS[intent], "parent": None}
    elif kind == "JOB" and intent in JOB_EVENTS:
        event = JOB_EVENTS[intent]
        said = {"code": value.get("errorCode") or None, "error": value.get("errorMessage") or None}
        row |= {"parent": value.get("elementInstanceKey"), "worker": value.get("type"), "kind": "request"}
        yield row | {"event": event} | (said if event == "failed" else {})
        if event == "timeout" or (intent == "FAILED" and value.get("retries") not in (None, "0")):
            yield row | {"event": "begun"}


FORMAT = nested_format(
    "camunda8",
    "Camunda 8: instances and incidents of its APIs, and the records that Zeebe exports",
    recognises=recognises,
    records=records,
    tried="documented",
)
