"""Runs in the diagnostic logs of Azure: workflows of Logic Apps, pipelines of Data Factory, each step a record.

Ids are those of the run histories, so that a log and a history tell of the same run; an action of a workflow has the
id of its tracking besides, since a loop runs the same action many times.
"""

from collections.abc import Mapping
from typing import Any

from integrhealth.reading.json.values import field
from integrhealth.reading.records.nested import Fields

WORKFLOWS, ACTIVITIES, PIPELINES = "workflowruntime", "activityruns", "pipelineruns"
RUNS = (WORKFLOWS, ACTIVITIES, PIPELINES)
GOES_WELL = ("succeeded", "running", "waiting", "inprogress", "queued")


def event_of(category: str, entry: Mapping[str, Any], properties: Fields) -> Fields | None:
    """What a record of one of RUNS says of a run; None for one of something else, such as a trigger."""
    if category == WORKFLOWS:
        return _of_workflow(entry, properties)
    if category == ACTIVITIES:
        return _of_pipeline(entry, entry.get("activityrunid"), entry.get("activityname"))
    return _of_pipeline(entry, entry.get("runid"), None)


def _of_workflow(entry: Mapping[str, Any], properties: Fields) -> Fields | None:
    resource = properties.get("resource")
    run, action = _first(resource, properties, "runId"), _first(resource, properties, "actionName")
    operation = str(entry.get("operationname") or "").rpartition("/")[2].casefold()
    if run is None or "trigger" in operation:
        return None
    workflow = _first(resource, properties, "workflowName")
    tracking = field(properties, "correlation", "actionTrackingId")
    begins, status = operation.endswith("started"), properties.get("status")
    error = properties.get("error")
    return {
        "message_id": f"{run}/actions/{action}" + (f"/{tracking}" if tracking else "") if action else run,
        "trace_id": field(properties, "correlation", "clientTrackingId") or run,
        "parent_id": run if action else None,
        "integration": workflow,
        "source": workflow,
        "target": workflow,
        "operation": action or _first(resource, properties, "triggerName"),
        "kind": "internal",
        "at": (properties.get("startTime") if begins else properties.get("endTime")) or entry.get("time"),
        "sent_at": properties.get("startTime"),
        "finished_at": None if begins else properties.get("endTime"),
        "event": "begun" if begins else status,
        **_error(status, properties.get("code"), error),
    }


def _of_pipeline(entry: Mapping[str, Any], run: Any, activity: Any) -> Fields | None:
    factory = str(entry.get("resourceid") or "").rstrip("/").rpartition("/")[2] or "Azure Data Factory"
    status, end = entry.get("status"), entry.get("end")
    # A run that goes on has an end in the year 1601.
    ended = end if isinstance(end, str) and not end.startswith(("1601", "0001")) else None
    return {
        "message_id": run,
        "trace_id": entry.get("pipelinerunid") or run,
        "parent_id": entry.get("pipelinerunid") if activity else None,
        "integration": entry.get("pipelinename"),
        "source": factory,
        "target": factory,
        "operation": activity,
        "kind": "internal",
        "at": ended or entry.get("start") or entry.get("time"),
        "sent_at": entry.get("start"),
        "finished_at": ended,
        "event": status,
        **_error(status, field(entry.get("properties"), "Error", "errorCode"), _message(entry)),
    }


def _message(entry: Mapping[str, Any]) -> Any:
    return field(entry.get("properties"), "Error", "message")


def _error(status: Any, code: Any, error: Any) -> Fields:
    """Why a step did not end well."""
    if str(status).casefold() in GOES_WELL:
        return {}
    inner = field(error, "code")
    return {
        "error_code": code if inner is None else inner,
        "error_text": field(error, "message") if isinstance(error, dict) else error,
    }


def _first(resource: Any, properties: Fields, name: str) -> Any:
    inner = field(resource, name)
    return properties.get(name) if inner is None else inner
