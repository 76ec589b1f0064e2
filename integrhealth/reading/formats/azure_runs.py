"""Runs in the diagnostic logs of Azure: workflows of Logic Apps, pipelines of Data Factory, each step a record.

Ids are those of the run histories, so that a log and a history tell of the same run; an action of a workflow has the
id of its tracking besides, since a loop runs the same action many times.
"""

from collections.abc import Mapping
from typing import Any

from integrhealth.reading.records.nested import Fields

WORKFLOWS, ACTIVITIES, PIPELINES = "workflowruntime", "activityruns", "pipelineruns"
RUNS = (WORKFLOWS, ACTIVITIES, PIPELINES)
GOES_WELL = ("succeeded", "running", "waiting", "inprogress", "queued")
FACTORY = "Azure Data Factory"


def event_of(category: str, entry: Mapping[str, Any], properties: Mapping[str, Any], resource: str) -> Fields | None:
    """What a record of one of RUNS says of a run of `resource`; None for one of something else, such as a trigger.

    The names of `properties` are in lower case, what lies inside them by dotted name.
    """
    if category == WORKFLOWS:
        return _of_workflow(entry, properties)
    if category == ACTIVITIES:
        return _of_pipeline(entry, properties, resource, entry.get("activityrunid"), entry.get("activityname"))
    return _of_pipeline(entry, properties, resource, entry.get("runid"), None)


def _of_workflow(entry: Mapping[str, Any], properties: Mapping[str, Any]) -> Fields | None:
    """A step of a run or of one of its actions; Log Analytics has its fields with other names in front."""

    def said(name: str, *above: str) -> Any:
        names = [f"{each}{mark}{name}" for each in above for mark in "._"]
        return next((properties[each] for each in [*names, name] if properties.get(each) is not None), None)

    run, action, workflow = (said(name, "resource") for name in ("runid", "actionname", "workflowname"))
    operation = str(entry.get("operationname") or "").rpartition("/")[2].casefold()
    if run is None or "trigger" in operation:
        return None
    tracking, begins = said("actiontrackingid", "correlation"), operation.endswith("started")
    error = [properties.get(name) for name in ("error.code", "error_code", "code")]
    texts = [properties.get(name) for name in ("error.message", "error_message", "error")]
    return {
        "message_id": f"{run}/actions/{action}" + (f"/{tracking}" if tracking else "") if action else run,
        "trace_id": said("clienttrackingid", "correlation") or run,
        "parent_id": run if action else None,
        "integration": workflow,
        "source": workflow,
        "target": workflow,
        "operation": action,
        "kind": "internal",
        "at": said("starttime" if begins else "endtime") or entry.get("time"),
        "sent_at": said("starttime"),
        "finished_at": said("endtime"),
        "event": "begun" if begins else said("status"),
        **_error(said("status"), error, texts),
    }


def _of_pipeline(
    entry: Mapping[str, Any], properties: Mapping[str, Any], factory: str, run: Any, activity: Any
) -> Fields:
    """A step of a run. One that goes on has an end in the year 1601, which no event but the last is asked for."""
    codes = [properties.get(name) for name in ("error.errorcode", "errorcode")]
    texts = [properties.get(name) for name in ("error.message", "errormessage")]
    return {
        "message_id": run,
        "trace_id": entry.get("pipelinerunid") or run,
        "parent_id": entry.get("pipelinerunid") if activity else None,
        "integration": entry.get("pipelinename"),
        "source": factory or FACTORY,
        "target": factory or FACTORY,
        "operation": activity,
        "kind": "internal",
        "at": entry.get("time"),
        "sent_at": entry.get("start"),
        "finished_at": entry.get("end"),
        "event": entry.get("status"),
        **_error(entry.get("status"), codes, texts),
    }


def _error(status: Any, codes: list[Any], texts: list[Any]) -> Fields:
    """Why a step did not end well."""
    if str(status).casefold() in GOES_WELL:
        return {}
    code, text = (next((each for each in several if each not in (None, "")), None) for several in (codes, texts))
    return {"error_code": code, "error_text": text}
