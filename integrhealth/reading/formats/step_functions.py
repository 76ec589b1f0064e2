"""AWS Step Functions: histories of executions (GetExecutionHistory) and their CloudWatch logs.

A record is an event; ``log_line`` is its line where each stands on one, else its ordinal. The events of an execution
become one message, those of every state that it enters another, with an attempt for each time its task was scheduled.
``previousEventId`` is what led to an event, no nesting: along it an event finds the state it belongs to. The parent of
a state is the Map or Parallel state it lies in, else the execution. A history does not name its execution: its first
events do, so that the same history in two files is one.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import field, json_values, loaded, unwrapped
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format

MARK = re.compile(rb'\\?"previous_?event_?id\\?"\s*:', re.IGNORECASE)
TYPED = re.compile(
    rb'\\?"type\\?"\s*:\s*\\?"[A-Z]\w+(?:Entered|Exited|Started|Scheduled|Succeeded|Failed|TimedOut|Aborted)'
)
TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|$)', re.DOTALL)
# An event lies in a list, in the answer of an API, at most in the answers of several.
DEEPEST = 4
# What the last word of a type says of the state; types without one of them tell nothing of its life.
WORD = re.compile(r"(Entered|Exited|Scheduled|Started|Succeeded|Failed|TimedOut|Aborted|Redriven)$")
PARTS = ("MapIteration", "MapRunStarted", "MapRunSucceeded", "MapRunRedriven")
WITHIN = re.compile(r"^(Map|Parallel)(?:State|Iteration|Run)")
FAIL = "FailStateEntered"
OPENING = ("ParallelStateStarted", "MapStateStarted", "MapIterationStarted")
BEGINS, GOES_WRONG = ("Entered", "Scheduled", "Started", "Redriven"), ("Failed", "TimedOut")
UNNAMED = "AWS Step Functions"
# The history of the events that no page holds and no name tells apart.
LOOSE = "lines"
# How many of its first events tell an execution from others that began at the same millisecond.
FIRST = 5
# Epoch seconds stay below this for three thousand years, milliseconds have been above it since 1973.
MOST_SECONDS = 10**11
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NUMERIC = re.compile(r"^\d{1,16}(?:\.\d{1,9})?(?:[eE]\+?\d{1,2})?$")


class _Event(NamedTuple):
    """One event as it stands in the file; its execution where the log names it."""

    line: int | None
    number: int
    before: int
    type: str
    fields: dict[str, Any]

    @property
    def details(self) -> Any:
        inner = (value for name, value in self.fields.items() if name == "details" or name.endswith("EventDetails"))
        return next(inner, None)


@dataclass
class _History:
    """The events of one execution that a file holds."""

    arn: str | None
    events: list[_Event] = attribute(default_factory=list)
    numbers: set[int] = attribute(default_factory=set)


def recognises(head: Head) -> bool:
    """Events that name their type and the event before them, not deep inside a document about something else."""
    match = MARK.search(head.start)
    if match is None or not TYPED.search(head.start):
        return False
    around = TEXTS.sub(b"", head.start[: match.start()])
    return sum(map(around.count, (b"{", b"["))) - sum(map(around.count, (b"}", b"]"))) <= DEEPEST


def records(path: Path) -> Iterator[Found]:
    """Every event in the order of the file, as rows of the lives of its execution and its states."""
    events: list[Found | _Event] = []
    histories: dict[str, _History] = {}
    for value in json_values(path):
        if isinstance(value, Refused):
            events.append(value)
            continue
        for each in unwrapped(value.value):
            if isinstance(each, Note):
                events.append(each)
                continue
            page = field(each, "events")
            in_page = isinstance(page, list)
            arn = field(each, "executionArn") if in_page else None
            own = _History(arn if isinstance(arn, str) else None) if in_page else None
            for record in page if in_page else [each]:
                event = _event(None if in_page else value.line, record)
                events.append(event)
                if isinstance(event, _Event):
                    _belongs(event, own, histories)
            if own is not None and own.events:
                histories[f"page {len(histories)}"] = own
    rows: dict[int, list[Fields]] = {}
    for history in histories.values():
        _Lives(history).tell(rows)
    for each in events:
        yield Record(each.line, tuple(("event", row) for row in rows[id(each)])) if isinstance(each, _Event) else each


def _event(line: int | None, event: Any) -> _Event | Refused:
    """An event, also where CloudWatch hands it out as the text of its message."""
    inner = field(event, "message")
    if isinstance(inner, str) and "type" not in event:
        try:
            event = loaded(inner)
        except ValueError as error:
            return Refused(line, f"no JSON: {error}", event)
    kind, number, before = (
        field(event, "type"),
        field(event, "id"),
        _either(event, "previousEventId", "previous_event_id"),
    )
    if not isinstance(kind, str) or not isinstance(number, str):
        return Refused(line, "no_event", event)
    if not all(isinstance(each, str) and re.fullmatch(r"[0-9]{1,18}", each) for each in (number, before or "0")):
        return Refused(line, "bad_id", event)
    return _Event(line, int(number), int(before or 0), kind, event)


def _belongs(event: _Event, page: _History | None, histories: dict[str, _History]) -> None:
    """Put an event to its execution: the one it names, that of its page, or the last of the file.

    Events alone on lines come from one history until a number is met again.
    """
    arn = field(event.fields, "execution_arn")
    if isinstance(arn, str):
        history = histories.setdefault(arn, _History(arn))
    elif page is not None:
        history = page
    else:
        history = histories.setdefault(LOOSE, _History(None))
        if event.number in history.numbers:
            histories[f"{LOOSE} {len(histories)}"] = history
            history = histories[LOOSE] = _History(None)
    history.events.append(event)
    history.numbers.add(event.number)


class _Lives:
    """Walks the events of one execution in their order and says what each tells of the execution or of a state.

    A state is known by the number of the event that entered it.
    """

    def __init__(self, history: _History) -> None:
        self.events = sorted(history.events, key=lambda event: event.number)
        self.execution = history.arn or _made_name(self.events)
        self.machine = _machine(history.arn)
        self.state_of: dict[int, int] = {}
        self.names: dict[int, tuple[str, str | None]] = {}
        self.around: dict[int, int | None] = {}
        self.systems: dict[int, str] = {}
        self.judged: dict[int, str] = {}
        self.running: dict[int, None] = {}
        self.opening: set[int] = set()
        self.exits: set[int] = set()

    def tell(self, rows: dict[int, list[Fields]]) -> None:
        """Add the rows of every event under its identity."""
        for event in self.events:
            rows[id(event)] = list(self._rows(event))

    def _rows(self, event: _Event) -> Iterable[Fields]:
        word = match[1] if (match := WORD.search(event.type)) else None
        if event.type.startswith("Execution"):
            return self._of_execution(event, word)
        state = self._state(event)
        self.state_of[event.number] = state
        self.opening.update([event.number] if event.type in OPENING else [])
        self.exits.update([event.number] if word == "Exited" else [])
        if word is None or event.type.startswith(PARTS) or (word == "Exited" and state in self.judged):
            return []
        if event.type == FAIL:
            # It is told to end the execution as failed and does so: no error of its own, and nothing exits it.
            return [self._of_state(event, each, state) for each in ("Entered", "Exited")]
        return [self._of_state(event, word, state)]

    def _of_execution(self, event: _Event, word: str | None) -> Iterable[Fields]:
        if word is None:
            return []
        caught = sum(outcome in GOES_WRONG for outcome in self.judged.values())
        row = self._row(event, word) | {"message_id": self.execution, "errors_inside": caught}
        return [row, *(self._left_open(event, word) if word not in BEGINS and word != "Succeeded" else [])]

    def _left_open(self, event: _Event, word: str) -> Iterable[Fields]:
        """The states that run when the execution ends: it ends because of the one before its end, if that is told."""
        cause, guilty = self.state_of.get(event.before), set()
        while cause is not None:
            guilty.add(cause)
            cause = self.around.get(cause)
        for state in list(self.running):
            yield self._of_state(event, word if not guilty or state in guilty else "Aborted", state)

    def _of_state(self, event: _Event, word: str, state: int) -> Fields:
        if word in BEGINS:
            self.judged.pop(state, None)
            self.running[state] = None
        else:
            self.judged[state] = word
            self.running.pop(state, None)
        if word == "Scheduled":
            self.systems[state] = _called(event.details)
        system, around = self.systems.get(state), self.around.get(state)
        kind, name = self.names.get(state, ("", None))
        return self._row(event, word) | {
            "message_id": f"{self.execution}/{state}",
            "parent_id": self.execution if around is None else f"{self.execution}/{around}",
            "target": system or self.machine,
            "kind": "request" if system else "internal",
            "operation": name or field(event.details, "name"),
            "sent_at": _moment(event.fields) if word == "Scheduled" else None,
            "received_at": _moment(event.fields) if word == "Started" and kind not in ("Map", "Parallel") else None,
        }

    def _row(self, event: _Event, word: str) -> Fields:
        wrong = word in GOES_WRONG or event.type == "ExecutionAborted"
        return {
            "trace_id": self.execution,
            "integration": None if self.machine == UNNAMED else self.machine,
            "source": self.machine,
            "target": self.machine,
            "kind": "internal",
            "at": _moment(event.fields),
            "seq": event.number,
            "word": word,
            "error_code": field(event.details, "error") if wrong else None,
            "error_text": _cause(field(event.details, "cause")) if wrong else None,
        }

    def _state(self, event: _Event) -> int:
        """The state that an event belongs to; what led to it may be missing in a log of errors only: then itself."""
        before = self.state_of.get(event.before)
        if event.type.endswith("StateEntered"):
            around = before if event.before in self.opening else self.around.get(before) if before is not None else None
            self.around[event.number] = around if around is not None and around < event.number else None
            self.names[event.number] = (event.type.removesuffix("StateEntered"), field(event.details, "name"))
            return event.number
        if before is not None and (within := WITHIN.match(event.type)):
            return self._enclosing(before, within[1], left=event.before in self.exits)
        return event.number if before is None else before

    def _enclosing(self, state: int, kind: str, *, left: bool) -> int:
        """The Map or Parallel state around; one that was `left` encloses nothing any more."""
        here = self.around.get(state) if left else state
        while here is not None and self.names.get(here, ("",))[0] != kind:
            here = self.around.get(here)
        return state if here is None else here


def _either(details: Any, *names: str) -> Any:
    return next((value for name in names if (value := field(details, name)) is not None), None)


def _made_name(events: list[_Event]) -> str:
    first = json.dumps([event.fields for event in events[:FIRST]], sort_keys=True).encode()
    return f"execution-{hashlib.sha256(first).hexdigest()[:16]}"


def _machine(arn: str | None) -> str:
    """``arn:aws:states:region:account:execution:machine:name``, or ``express`` instead of execution."""
    parts = arn.split(":") if arn else []
    return parts[6] if len(parts) > 7 and parts[5] in ("execution", "express") else UNNAMED


def _called(details: Any) -> str | None:
    """The service that a task calls: as its resource type, else as the ARN of its resource tells."""
    resource_type, resource = field(details, "resourceType"), field(details, "resource")
    if isinstance(resource_type, str):
        return resource_type
    parts = resource.split(":") if isinstance(resource, str) else []
    return parts[2] if len(parts) > 2 and parts[0] == "arn" else None


def _cause(cause: Any) -> Any:
    """The message in a cause that is JSON, as Lambda writes it; any other cause as it is."""
    inner = cause
    if isinstance(cause, str) and cause.lstrip().startswith("{"):
        try:
            inner = loaded(cause)
        except ValueError:
            return cause
    return _either(inner, "errorMessage", "Cause", "message", "Message") or cause


def _moment(fields: Any) -> Any:
    """Numbers of an API are seconds, those of a log milliseconds; a text is as it is, for the reader of times."""
    time = _either(fields, "timestamp", "event_timestamp")
    if not isinstance(time, str) or not NUMERIC.match(time):
        return time
    number = Decimal(time)
    seconds = number if number < MOST_SECONDS else number / 1_000
    try:
        return (EPOCH + timedelta(microseconds=int(seconds * 1_000_000))).isoformat()
    except OverflowError:
        return time


FORMAT = nested_format(
    "step_functions",
    "AWS Step Functions: histories of executions and their CloudWatch logs",
    recognises=recognises,
    records=records,
)
