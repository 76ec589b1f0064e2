"""Tables of tasks of ServiceNow (task, incident, problem, change_request): exports and copies, CSV or of the Table API.

A record is one task as it stands now, so it tells of a few steps only: opened, resolved, closed and the latest update.
The state, the group and the priority are those of now, therefore the opening has none. References come as ``x_link``,
``x_value``, as an object with ``value``, or plain; states are numbers whose words the table sys_choice has. Durations
are times since 1970 there, and not read, as is all text. ``log_line`` is the line in a CSV file or JSON lines, else the
ordinal.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.opened import beginning, whole
from integrhealth.reading.json.values import Value, api_records
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format
from integrhealth.reading.table.files import column_names, table_kind
from integrhealth.reading.table.table_records import csv_records
from integrhealth.reading.table.wrapped import wrapped_names

NAMES, UPDATED = {"sys_id", "number"}, "sys_updated_on"
# Any of these columns tells a table of tasks from those of groups, services, choices.
TELLING = {"opened_at", "incident_state", "problem_state", "phase_state"}
STATES = ("state", "incident_state", "problem_state", "phase_state")
# How urgent it is, as worked out from impact and urgency; of an incident without it, how severe.
PRIORITIES = ("priority", "severity")
# Step: the columns of its time and of who made it, the first that is there.
STEPS = {
    "opened": (("opened_at", "sys_created_on"), ("opened_by", "sys_created_by")),
    "resolved": (("resolved_at",), ("resolved_by",)),
    "closed": (("closed_at",), ("closed_by",)),
    "updated": ((UPDATED,), ("sys_updated_by",)),
}
ONLY_NOW = "tasks as they stand now: groups and states that they had before are not in this table"


def recognises(head: Head) -> bool:
    """A table with the columns that all tables have there, and one that only tasks have."""
    if UPDATED.encode() not in head.start.lower():  # a document is read whole for its names
        return False
    names = {name.casefold().split(".")[0] for name in wrapped_names(head) or column_names(head)}
    return UPDATED in names and bool(NAMES & names) and bool(TELLING & names)


def records(path: Path) -> Iterator[Found]:
    """The steps of each task."""
    yield Note(ONLY_NOW)
    yield from _of_json(path) if table_kind(beginning(path)) in ("json", "jsonl") else _of_csv(path)


def _of_json(path: Path) -> Iterator[Found]:
    for answer in api_records(path):
        if not isinstance(answer, Value):
            yield answer
        elif isinstance(answer.value, dict):
            yield Record(answer.line, _steps(answer.value))
        else:
            yield Refused(answer.line, "not_an_object", answer.value)


def _of_csv(path: Path) -> Iterator[Found]:
    data, damage = whole(path)
    if _is_windows(data):
        # How CSV is exported there unless an administrator chose otherwise.
        data, damage = whole(path, encoding="cp1252")
        yield Note("the file is not UTF-8 and is read as windows-1252, in which ServiceNow exports")
    for each in csv_records(data, damage):
        yield Record(each.line, _steps(each.value)) if isinstance(each, Value) else each


def _is_windows(data: bytes) -> bool:
    """Whether no line with more than ASCII is UTF-8: one damaged line among good ones is none."""
    special = [line for line in data.split(b"\n") if not line.isascii()]
    return bool(special) and not any(map(_is_utf8, special))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _steps(fields: Fields) -> tuple[tuple[str, Fields], ...]:
    """The steps of which the time is known; for a task without any, one that is refused."""
    fields = {name.casefold(): value for name, value in fields.items()}
    ids = {"incident": _first(fields, ("sys_id", "number"))}
    now = {"team": _first(fields, ("assignment_group",)), "priority": _first(fields, PRIORITIES)}
    steps = []
    for action, (times, people) in STEPS.items():
        at = _first(fields, times)
        if at is None and (steps or action != "updated"):
            continue
        step = ids | {"at": at, "person": _first(fields, people), "action": action}
        if action != "opened":
            step |= now
        if action == "updated":
            step["state"] = _first(fields, STATES)
        steps.append(("step", step))
    return tuple(steps)


def _first(fields: Fields, names: tuple[str, ...]) -> Any:
    values = (_value(fields, name) for name in names)
    return next((value for value in values if value not in (None, "")), None)


def _value(fields: Fields, name: str) -> Any:
    """What a column holds; of a reference the id, of a value shown in two ways the one that is stored."""
    value = fields.get(f"{name}_value", fields.get(f"{name}.value", fields.get(name)))
    return value.get("value") if isinstance(value, dict) else value


FORMAT = nested_format(
    "servicenow_tasks",
    "ServiceNow tasks, incidents, problems and changes as they stand: when they were opened, resolved and closed",
    recognises=recognises,
    records=records,
)
