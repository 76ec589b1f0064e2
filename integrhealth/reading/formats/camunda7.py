"""Camunda 7: what the REST API answers of the history: process and activity instances, incidents, logs of jobs.

A record is one of these; ``log_line`` is its line, or its ordinal in a document of several lines. An instance of a
process or of an activity that does work is one message; events and gateways are none. The history does not say that an
activity failed: one whose job has failed is open until somebody decides. That an incident does, a message that failed
inside its process, and the logs of jobs and of external tasks, whose tries are messages to the topic of their workers.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import Value, api_records, field, record_keys
from integrhealth.reading.records.nested import Fields, Found, Record, Refused, nested_format

ACTIVITY = {"activityId", "activityType", "canceled", "startTime"}
PROCESS = {"processDefinitionKey", "superProcessInstanceId", "superCaseInstanceId", "startTime"}
INCIDENT = {"incidentType", "processDefinitionId", "rootCauseIncidentId"}
LOG = {"timestamp", "creationLog", "failureLog", "successLog", "deletionLog"}
MARKS = (ACTIVITY, PROCESS, INCIDENT, LOG)
# Activities that do work: serviceTask, userTask and the like, and what they lie in.
SCOPES = ("task", "subProcess", "adHocSubProcess", "callActivity", "transaction", "multiInstanceBody")
LOGGED = (("creationLog", "begun"), ("failureLog", "failed"), ("successLog", "ok"), ("deletionLog", "cancelled"))


def recognises(head: Head) -> bool:
    """Records with the fields of one of the resources of the history."""
    keys = record_keys(head.start) if b'"processDefinitionKey"' in head.start else set()
    return any(marks <= keys for marks in MARKS)


def records(path: Path) -> Iterator[Found]:
    """Every record of the file."""
    answers = list(api_records(path))
    effects = _effects(answer.value for answer in answers if isinstance(answer, Value))
    for answer in answers:
        if not isinstance(answer, Value):
            yield answer
            continue
        line, each = answer
        keys = each.keys() if isinstance(each, dict) else set()
        if keys >= LOG:
            yield Record(line, tuple(("try", row) for row in _tries(each)))
        elif keys >= INCIDENT:
            steps = tuple(("step", row) for row in _steps(each))
            yield Record(line, (("work", _incident(each, effects)), *steps))
        elif keys >= ACTIVITY:
            yield Record(line, (("work", _activity(each)),) if _does_work(each["activityType"]) else ())
        elif keys >= PROCESS:
            yield Record(line, (("work", _process(each)),))
        else:
            yield Refused(line, "no history of Camunda", each)


def _effects(values: Iterator[Any]) -> dict[str, str]:
    """By the id of an incident the one that it caused, in the process that called its own."""
    caused = ((field(each, "causeIncidentId"), field(each, "id")) for each in values)
    return {cause: name for cause, name in caused if isinstance(cause, str) and isinstance(name, str) and cause != name}


def _does_work(kind: Any) -> bool:
    return isinstance(kind, str) and (kind in SCOPES or kind.endswith("Task"))


def _common(each: Fields) -> Fields:
    return {
        "id": each.get("id"),
        "trace": each.get("rootProcessInstanceId") or each.get("processInstanceId"),
        "parent": each.get("processInstanceId"),
        "process": each.get("processDefinitionKey"),
        "operation": each.get("activityName") or each.get("activityId"),
    }


def _activity(each: Fields) -> Fields:
    ended = each.get("endTime")
    return _common(each) | {
        # The instance of the process is the topmost activity.
        "parent": each.get("parentActivityInstanceId") or each.get("processInstanceId"),
        "begun": each.get("startTime"),
        "ended": ended,
        "state": "CANCELED" if each.get("canceled") is True else "COMPLETED" if ended else "ACTIVE",
        "actor": each.get("assignee"),
    }


def _process(each: Fields) -> Fields:
    ended = each.get("endTime")
    without_state = "ACTIVE" if not ended else "CANCELED" if each.get("deleteReason") else "COMPLETED"
    return _common(each) | {
        "trace": each.get("rootProcessInstanceId") or each.get("superProcessInstanceId") or each.get("id"),
        "parent": each.get("superProcessInstanceId"),
        "operation": each.get("processDefinitionName"),
        "object": each.get("businessKey"),
        "begun": each.get("startTime"),
        "ended": ended,
        "state": each.get("state") or without_state,
        "actor": each.get("startUserId"),
    }


def _incident(each: Fields, effects: dict[str, str]) -> Fields:
    name = each.get("id")
    return _common(each) | {
        "parent": effects.get(name) if isinstance(name, str) and name in effects else each.get("processInstanceId"),
        "operation": each.get("failedActivityId") or each.get("activityId"),
        "begun": each.get("createTime") or each.get("incidentTimestamp"),
        "state": "FAILED",
        "code": each.get("incidentType"),
        "error": each.get("incidentMessage"),
    }


def _steps(each: Fields) -> Iterator[Fields]:
    """An incident as it was opened and, if it was, closed."""
    own = {"incident": each.get("id"), "process": each.get("processDefinitionKey")}
    yield own | {"at": each.get("createTime") or each.get("incidentTimestamp"), "action": "opened"}
    if each.get("endTime"):
        yield own | {"at": each["endTime"], "action": "deleted" if each.get("deleted") is True else "resolved"}


def _tries(each: Fields) -> Iterator[Fields]:
    """What an entry says of an external task or a job; one that failed and may be tried again begins anew."""
    event = next((event for name, event in LOGGED if each.get(name) is True), None)
    row = _common(each) | {
        "id": each.get("externalTaskId") or each.get("jobId"),
        "parent": each.get("activityInstanceId") or each.get("processInstanceId"),
        "topic": each.get("topicName"),
        "kind": "request" if each.get("topicName") else "internal",
        "operation": each.get("activityId") or each.get("jobDefinitionType"),
        "at": each.get("timestamp"),
        "event": event,
        "error": each.get("errorMessage") or each.get("jobExceptionMessage"),
    }
    yield row
    retries = each.get("retries") or each.get("jobRetries")
    if event == "failed" and retries not in (None, "0"):
        yield row | {"event": "begun", "error": None}


FORMAT = nested_format(
    "camunda7",
    "Camunda 7: the history of processes, activities, incidents, jobs and external tasks",
    recognises=recognises,
    records=records,
    tried="documented",
)
