"""Temporal: the histories of workflow runs, as ``temporal workflow show`` and the web page hand them out.

A record is an event; ``log_line`` is its line where each stands on one, else its ordinal. The run of a workflow is one
message, and so is each activity, child workflow and Nexus operation that it scheduled, inside the run. The systems are
the task queues: behind each is whoever does its work. A history keeps the last attempt of an activity and why the one
before failed, no times of those before: a message lasts from when it was scheduled, with all its attempts. Signals,
timers and the tasks of the workflow itself are no messages.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from pathlib import Path
from typing import Any, NamedTuple

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import field, json_values, unwrapped
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format

MARK = re.compile(rb'"eventType"\s*:\s*"(?:EVENT_TYPE_WORKFLOW_\w+|Workflow(?:Execution|Task)\w+)"')
NUMBERED = re.compile(rb'"eventId"\s*:')
# EVENT_TYPE_ACTIVITY_TASK_FAILED is what older versions write as ActivityTaskFailed.
PREFIX = "EVENT_TYPE_"
RUN = re.compile(r"^WorkflowExecution(Completed|Failed|TimedOut|Canceled|Terminated|ContinuedAsNew)$")
CALL = re.compile(
    r"^(?:ActivityTask|(?:Start)?ChildWorkflowExecution|NexusOperation)"
    r"(Scheduled|Initiated|Started|Completed|Failed|TimedOut|Canceled|Terminated)$"
)
BEGINS, GOES_WRONG = ("Scheduled", "Initiated"), ("Failed", "TimedOut", "Terminated")
BEGUN = "WorkflowExecutionStarted"
UNNAMED = "Temporal"
# Of Temporal, and of Cadence and SWF, whose child and grandchild it is.
TIMES = (("eventTime",), ("timestamp",), ("eventTimestamp",))
# How many causes of a failure are looked at, one inside the other.
DEEPEST = 20


class _Event(NamedTuple):
    """One event as it stands in the file."""

    line: int | None
    number: int
    type: str
    at: Any
    said: Any


@dataclass
class _History:
    """The events of one run that a file holds, by their numbers."""

    events: dict[int, _Event] = attribute(default_factory=dict)

    def ordered(self) -> list[_Event]:
        """The events as they happened."""
        return [self.events[number] for number in sorted(self.events)]


def recognises(head: Head) -> bool:
    """Events that are numbered and of the types of a workflow."""
    return bool(MARK.search(head.start) and NUMBERED.search(head.start))


def records(path: Path) -> Iterator[Found]:
    """Every event in the order of the file: the one that begins a message has its row."""
    items: list[Found | _Event] = []
    histories = [_History()]
    for value in json_values(path):
        if isinstance(value, Refused):
            items.append(value)
            continue
        for each in unwrapped(value.value):
            page = field(each, "events") or field(each, "history", "events")
            in_page = isinstance(page, list)
            for record in page if in_page else [each]:
                item = record if isinstance(record, Note) else _event(None if in_page else value.line, record)
                items.append(item)
                if isinstance(item, _Event):
                    _belongs(item, histories)
    lives = [_Life(history) for history in histories if history.events]
    rows: dict[int, Fields] = {}
    for life in lives:
        rows |= life.rows()
    for item in items:
        row = rows.get(id(item))
        yield Record(item.line, (("work", row),) if row else ()) if isinstance(item, _Event) else item
    yield from _notes(lives)


def _event(line: int | None, record: Any) -> _Event | Refused:
    kind, number = field(record, "eventType"), field(record, "eventId")
    if not isinstance(kind, str) or not isinstance(number, str):
        return Refused(line, "no_event", record)
    if not re.fullmatch(r"[0-9]{1,18}", number):
        return Refused(line, "bad_id", record)
    if kind.startswith(PREFIX):
        kind = "".join(word.capitalize() for word in kind.removeprefix(PREFIX).split("_"))
    said = next((inner for name, inner in record.items() if name.endswith("EventAttributes")), record.get("attributes"))
    return _Event(line, int(number), kind, _either(record, *TIMES), said)


def _belongs(event: _Event, histories: list[_History]) -> None:
    """Put an event to the last history; a number that it has already begins another."""
    if event.number in histories[-1].events:
        histories.append(_History())
    histories[-1].events[event.number] = event


def _notes(lives: list["_Life"]) -> Iterator[Note]:
    tried_before = sum(life.tried_before for life in lives)
    unbegun = sum(life.unbegun for life in lives)
    if tried_before:
        yield Note(f"attempts that failed before the last one, of which a history keeps no times: {tried_before:,}")
    if unbegun:
        yield Note(f"events of activities and children that were scheduled outside of this file: {unbegun:,}")


class _Life:
    """The run that a history tells of, with what it called, by the number of the event that scheduled it."""

    def __init__(self, history: _History) -> None:
        self.events = history.ordered()
        self.start = next((event for event in self.events if event.type == BEGUN), None)
        self.said = self.start.said if self.start else None
        self.run = _run_id(self.events, self.said)
        self.system = _queue(self.said) or UNNAMED
        self.calls: dict[int, Fields] = {}
        self.tried_before = self.unbegun = 0

    def rows(self) -> dict[int, Fields]:
        """The rows of the messages, under the identity of the event that begins each."""
        rows: dict[int, Fields] = {}
        run = self._run()
        for event in self.events:
            if ended := RUN.match(event.type):
                run |= _end(event, ended[1])
            elif (step := CALL.match(event.type)) is not None:
                if step[1] in BEGINS:
                    rows[id(event)] = self.calls[event.number] = self._call(event)
                else:
                    self._goes_on(event, step[1])
        run["errors_inside"] = sum(call["word"] in GOES_WRONG for call in self.calls.values())
        return rows | ({id(self.start): run} if self.start else {})

    def _run(self) -> Fields:
        parent = field(self.said, "parentWorkflowExecution", "runId")
        initiated = field(self.said, "parentInitiatedEventId")
        return self._row(self.start) | {
            "id": self.run,
            "parent": f"{parent}/{initiated}" if parent and initiated else None,
            "target": self.system,
            "kind": "internal",
            "operation": field(self.said, "workflowType", "name"),
            "attempt": _attempt(self.said),
            "object": field(self.said, "workflowId"),
        }

    def _call(self, event: _Event) -> Fields:
        names = (("activityType", "name"), ("workflowType", "name"), ("operation",))
        system = _queue(event.said) or field(event.said, "endpoint") or self.system
        return self._row(event) | {
            "id": f"{self.run}/{event.number}",
            "parent": self.run,
            "target": system,
            "kind": "internal" if system == self.system else "request",
            "operation": _either(event.said, *names),
            "object": field(event.said, "workflowId"),
        }

    def _row(self, event: _Event | None) -> Fields:
        roots = (("rootWorkflowExecution", "runId"), ("parentWorkflowExecution", "runId"), ("firstExecutionRunId",))
        return {
            "trace": _either(self.said, *roots) or self.run,
            "workflow": field(self.said, "workflowType", "name"),
            "source": self.system,
            "at": event.at if event else None,
            "word": "Scheduled",
        }

    def _goes_on(self, event: _Event, word: str) -> None:
        number = _either(event.said, ("scheduledEventId",), ("initiatedEventId",))
        call = self.calls.get(int(number)) if isinstance(number, str) and number.isdecimal() else None
        if call is None:
            self.unbegun += 1
        elif word == "Started":
            attempt = _attempt(event.said)
            self.tried_before += (attempt or 1) - 1
            call |= {"received": event.at, "attempt": attempt}
        else:
            call |= _end(event, word)


def _end(event: _Event, word: str) -> Fields:
    """How a message ended, and why where it went wrong."""
    texts, code = [], None
    failure = field(event.said, "failure") if word in GOES_WRONG else None
    for _ in range(DEEPEST):
        if failure is None:
            break
        kinds = (("applicationFailureInfo", "type"), ("timeoutFailureInfo", "timeoutType"))
        texts.append(field(failure, "message"))
        code = _either(failure, *kinds) or code
        failure = field(failure, "cause")
    said = list(dict.fromkeys(text for text in texts if isinstance(text, str) and text))
    # A child that could not be started has a cause, one that was terminated a reason.
    plain = _either(event.said, ("reason",), ("cause",)) if word in GOES_WRONG else None
    return {"word": word, "ended": event.at, "code": code, "error": ": ".join(said) or plain}


def _run_id(events: list[_Event], said: Any) -> str:
    """The id of the run; a history that was reset to a point names the one that goes on from there."""
    reset = [name for event in events if isinstance(name := field(event.said, "newRunId"), str) and name]
    name = reset[-1] if reset and events[-1].type != "WorkflowExecutionContinuedAsNew" else None
    name = name or _either(said, ("originalExecutionRunId",), ("firstExecutionRunId",))
    return name if isinstance(name, str) else _made_name(events)


def _made_name(events: list[_Event]) -> str:
    """A name made of the first events, where none is written: the same history in two files is one."""
    first = json.dumps([event[1:] for event in events[:5]], sort_keys=True).encode()
    return f"run-{hashlib.sha256(first).hexdigest()[:16]}"


def _queue(said: Any) -> str | None:
    name = _either(said, ("taskQueue", "name"), ("taskList", "name"))
    return name if isinstance(name, str) else None


def _attempt(said: Any) -> int | None:
    number = field(said, "attempt")
    return max(int(number), 1) if isinstance(number, str) and re.fullmatch(r"[0-9]{1,9}", number) else None


def _either(value: Any, *paths: tuple[str, ...]) -> Any:
    return next((inner for keys in paths if (inner := field(value, *keys)) not in (None, "")), None)


FORMAT = nested_format(
    "temporal",
    "Temporal: histories of workflow runs, one message per run, activity and child workflow",
    recognises=recognises,
    records=records,
)
