"""Azure Logic Apps run history: pages of runs, runs with their actions, pages of actions, as the management API gives.

A record is a run or an action, and ``log_line`` its ordinal: actions lie inside their run. Ids are the path behind
``/runs/``, so that an action has the same id whether its run or a page of actions tells of it. An action knows the
system it calls only where the definition of the workflow is in the file too; else it is work inside the workflow.
Flows of Power Automate are workflows whose runs its own API gives in the same form.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import Value, api_records, field
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format

RUN_PATH = re.compile(r"/(?:workflows|flows)/([^/]+)/runs/([^/]+(?:/actions/.+)?)$", re.IGNORECASE)
MARKS = re.compile(rb'"(?:waitEndTime|clientTrackingId|actionTrackingId)"\s*:|Microsoft\.ProcessSimple/[^"]*/runs')
# The diagnostic logs of Logic Apps share the marks; they are events of another shape.
OTHER_MARKS = re.compile(rb'"category"\s*:\s*"WorkflowRuntime"')
ENDED_WELL = ("succeeded", "running", "waiting")
FAILED = ("failed", "timedout", "faulted")
# Codes that say nothing: of an action that did well, or of one that nobody gave a code.
NO_CODES = ("OK", "NotSpecified")
# How deep scopes, conditions and loops may lie in each other.
DEEP = 20


class _Place(NamedTuple):
    """Where a run or an action stands: its workflow, and its path behind ``/runs/``."""

    workflow: str
    path: str

    @property
    def run(self) -> str:
        return self.path.split("/")[0]

    @property
    def parent(self) -> str | None:
        """The action of which it is a repetition, else the run; none of a run."""
        above = self.path.rsplit("/", 2)[0]
        return (above if "/actions/" in above else self.run) if "/" in self.path else None


def recognises(head: Head) -> bool:
    """The properties of a run or an action, which have names that nothing else has."""
    start = head.start
    return b'"properties"' in start and bool(MARKS.search(start)) and not OTHER_MARKS.search(start)


def records(path: Path) -> Iterator[Found]:
    """Every run, after it each of its actions, and every action that stands alone."""
    outside = 0
    for each in api_records(path):
        for record in _run_or_action(each.value) if isinstance(each, Value) else [each]:
            outside += isinstance(record, Record) and bool(record.rows[0][1].get("outside"))
            yield record
    if outside:
        yield Note(
            f"actions that began outside the time of their run, which its times or theirs must have wrong: {outside:,}"
        )


def _run_or_action(value: Any) -> Iterator[Found]:
    path = RUN_PATH.search(name) if isinstance(name := field(value, "id"), str) else None
    properties = field(value, "properties")
    if path is None or not isinstance(properties, dict):
        yield Refused(None, "no_run_or_action", value)
        return
    place = _Place(*path.groups())
    if place.parent is not None:
        yield Record(
            None, (("message", _action(place, properties, {}, field(properties, "correlation", "clientTrackingId"))),)
        )
        return
    actions = properties.get("actions") if isinstance(properties.get("actions"), dict) else {}
    yield Record(None, (("message", _run(place, properties, actions)),))
    definition = field(properties, "workflow", "properties", "definition")
    declared = dict(_declared(definition))
    for name, action in actions.items():
        if not isinstance(action, dict):
            yield Refused(None, "no_action", {name: action})
            continue
        inner = _Place(place.workflow, f"{place.path}/actions/{name}")
        fields = _action(inner, action, declared.get(name, {}), _trace(place, properties))
        yield Record(None, (("message", fields | {"outside": _began_outside(action, properties)}),))


def _run(place: _Place, properties: Mapping[str, Any], actions: Mapping[str, Any]) -> Fields:
    trigger = properties.get("trigger")
    # The trigger of a run that was submitted again fired for the run before it.
    own = field(trigger, "originHistoryName") in (None, place.run)
    return {
        "message_id": place.path,
        "trace_id": _trace(place, properties),
        "integration": place.workflow,
        "source": place.workflow,
        "target": place.workflow,
        "kind": "internal",
        "operation": field(trigger, "name"),
        "sent_at": (field(trigger, "startTime") if own else None) or properties.get("startTime"),
        "received_at": properties.get("waitEndTime") or properties.get("startTime"),
        "finished_at": properties.get("endTime"),
        "answered_at": field(properties, "response", "endTime"),
        "status": properties.get("status"),
        "failed_actions": sum(_is(action, FAILED) for action in actions.values()),
        "bytes": _size(trigger),
        **_error(properties),
    }


def _action(place: _Place, properties: Mapping[str, Any], declared: Mapping[str, Any], trace: str | None) -> Fields:
    system = _called(declared)
    return {
        "message_id": place.path,
        "trace_id": trace or place.run,
        "parent_id": place.parent,
        "integration": place.workflow,
        "source": place.workflow,
        "target": system or place.workflow,
        "kind": "request" if system else "internal",
        "operation": place.path.split("/")[2],
        "attempt": _attempt(properties),
        "sent_at": properties.get("startTime"),
        "finished_at": properties.get("endTime"),
        "status": properties.get("status"),
        "bytes": _size(properties),
        **_error(properties),
    }


def _trace(place: _Place, properties: Mapping[str, Any]) -> str:
    return field(properties, "correlation", "clientTrackingId") or place.run


def _is(run: Any, statuses: tuple[str, ...]) -> bool:
    return str(field(run, "status")).casefold() in statuses


def _error(properties: Mapping[str, Any]) -> Fields:
    """Why it did not end well; of a skipped action the code tells a failure above it from a branch not taken."""
    if _is(properties, ENDED_WELL):
        return {}
    code, error = properties.get("code"), properties.get("error")
    inner = field(error, "code")
    shown_code = inner if inner is not None else None if code in NO_CODES else code
    return {"error_code": shown_code, "error_text": field(error, "message") if isinstance(error, dict) else error}


def _attempt(properties: Mapping[str, Any]) -> int | None:
    """Which try this was. The history of tries may or may not end with this one, which its code shows."""
    history = properties.get("retryHistory")
    if not isinstance(history, list) or not history:
        return None
    return len(history) + (field(history[-1], "code") != properties.get("code"))


def _size(properties: Any) -> Any:
    """What was handed on: to the action, or by the trigger to the run."""
    taken, given = (field(properties, link, "contentSize") for link in ("inputsLink", "outputsLink"))
    return given if taken is None else taken


def _began_outside(action: Mapping[str, Any], run: Mapping[str, Any]) -> bool:
    """Times of one export are written alike, so that they compare as text up to the second."""
    began, first, last = (_second(time) for time in (action.get("startTime"), run.get("startTime"), run.get("endTime")))
    return bool(began and ((first and began < first) or (last and began > last)))


def _second(time: Any) -> str:
    return time[:19] if isinstance(time, str) else ""


def _declared(definition: Any, deep: int = DEEP) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every action of a definition by its name, those in scopes, branches, cases and tools among them."""
    actions = field(definition, "actions")
    if not isinstance(actions, dict) or not deep:
        return
    for name, action in actions.items():
        if not isinstance(action, dict):
            continue
        yield name, action
        branches = [action, action.get("else"), action.get("default")]
        for several in (action.get("cases"), action.get("tools")):
            branches += several.values() if isinstance(several, dict) else []
        for branch in branches:
            yield from _declared(branch, deep - 1)


def _called(declared: Mapping[str, Any]) -> str | None:
    """The system that an action calls: a connection, a service, a host, another workflow or function."""
    inputs = declared.get("inputs")
    called = (
        field(inputs, "host", "connection", "referenceName"),
        _connection(field(inputs, "host", "connection", "name")),
        field(inputs, "serviceProviderConfiguration", "connectionName"),
        _last(field(inputs, "serviceProviderConfiguration", "serviceProviderId")),
        _last(field(inputs, "host", "workflow", "id")),
        _last(field(inputs, "function", "id")),
        field(inputs, "function", "connectionName"),
        _host(field(inputs, "uri")),
        _model(field(inputs, "modelConfigurations")),
    )
    return next((system for system in called if isinstance(system, str) and system), None)


def _connection(name: Any) -> str | None:
    """``@parameters('$connections')['office365']['connectionId']`` names office365."""
    match = re.search(r"\$connections'\)\['([^']+)'\]", name) if isinstance(name, str) else None
    return match[1] if match else None


def _last(path: Any) -> str | None:
    return path.rstrip("/").rpartition("/")[2] if isinstance(path, str) and not path.startswith("@") else None


def _host(uri: Any) -> str | None:
    """The host of a `uri` that is written out; an expression tells none."""
    try:
        return urlsplit(uri).hostname if isinstance(uri, str) and "@" not in uri else None
    except ValueError:
        return None


def _model(models: Any) -> Any:
    return next((field(each, "referenceName") for each in models.values()), None) if isinstance(models, dict) else None


FORMAT = nested_format(
    "logic_apps",
    "Azure Logic Apps and Power Automate run history: runs and their actions, as the APIs give them",
    recognises=recognises,
    records=records,
)
