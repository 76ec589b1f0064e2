"""dbt: ``run_results.json`` of a command, and its log as JSON lines (``dbt --log-format json``).

A record is a result, or a line of the log; ``log_line`` is the ordinal of the result, or the line. A command is a
message, and each node that it ran one inside it: one model that failed fails its command. Both files of one command
tell of the same messages, and read together they are one.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import field, json_values
from integrhealth.reading.records.nested import Fields, Found, Record, Refused, nested_format

RESULTS = re.compile(rb'"dbt_schema_version"\s*:\s*"[^"]*run-results')
LOG = re.compile(rb'"info"\s*:\s*\{')
LOG_PARTS = (b'"invocation_id"', b'"data"', b'"ts"')
FAILED = ("error", "fail", "runtime error")
# Lines of a log that say how a command or a node began or ended; all others repeat or detail it.
COMMAND_BEGAN, COMMAND_ENDED, NODE_BEGAN, NODE_ENDED = (
    "MainReportVersion",
    "CommandCompleted",
    "NodeStart",
    "NodeFinished",
)


def recognises(head: Head) -> bool:
    """The schema of a results file, or the parts of a line of the log."""
    return bool(RESULTS.search(head.start)) or bool(
        LOG.search(head.start) and all(mark in head.start for mark in LOG_PARTS)
    )


def records(path: Path) -> Iterator[Found]:
    """Every result, and every line of a log: with a row where it is a step in the life of a command or a node."""
    for value in json_values(path):
        if isinstance(value, Refused):
            yield value
        elif isinstance(field(value.value, "info"), dict):
            yield Record(value.line, _logged(value.value))
        elif isinstance(results := field(value.value, "results"), list):
            yield from _results(results, field(value.value, "metadata"))
        else:
            yield Refused(value.line, "no dbt results and no line of a dbt log", value.value)


def _logged(line: Fields) -> tuple[tuple[str, Fields], ...]:
    info, data = line["info"], line.get("data")
    command, name = info.get("invocation_id"), info.get("name")
    at = info.get("ts")
    if name == COMMAND_BEGAN:
        return (("event", _command(command, at) | {"event": "begun"}),)
    if name == COMMAND_ENDED:
        outcome = _outcome(data)
        ended = {"operation": field(data, "command"), "event": outcome}
        failure = {"error": info.get("msg")} if outcome in FAILED else {}
        return (("event", _command(command, field(data, "completed_at") or at) | ended | failure),)
    if name not in (NODE_BEGAN, NODE_ENDED):
        return ()
    node = field(data, "node_info")
    times = {NODE_BEGAN: "node_started_at", NODE_ENDED: "node_finished_at"}
    row = _node(field(node, "unique_id"), command, field(node, times[name]) or at)
    if name == NODE_BEGAN:
        return (("event", row | {"event": "begun"}),)
    result = field(data, "run_result")
    return (("event", row | {"event": field(node, "node_status")} | _message(result)),)


def _outcome(status: Any) -> str | None:
    success = field(status, "success")
    return {True: "success", False: "error"}[success] if isinstance(success, bool) else None


def _results(results: list[Any], metadata: Any) -> Iterator[Found]:
    """Each result as the events of its node; the first one brings those of the command."""
    command, written = field(metadata, "invocation_id"), field(metadata, "generated_at")
    rows = _command_of(results, command, written)
    for result in results:
        if not isinstance(result, dict):
            yield Refused(None, "not_an_object", result)
            continue
        begun, ended = _times(result)
        # Without times of its own it ended when the results were written, at the latest.
        row = _node(result.get("unique_id"), command, ended or written)
        events = [] if begun is None else [row | {"event": "begun", "at": begun}]
        events.append(row | {"event": result.get("status")} | _message(result))
        yield Record(None, tuple(("event", event) for event in (*rows, *events)))
        rows = []


def _command_of(results: list[Any], command: Any, written: Any) -> list[Fields]:
    """The command as its results tell of it: from the first that began until they were written."""
    starts = [begun for result in results if (begun := _times(result)[0]) is not None]
    failed = any(field(result, "status") in FAILED for result in results)
    events = [_command(command, min(starts)) | {"event": "begun"}] if starts else []
    return [*events, _command(command, written) | {"event": "error" if failed else "success"}]


def _times(result: Any) -> tuple[str | None, str | None]:
    """When the first step of a node began, and when the last one ended."""
    timing = field(result, "timing")
    steps = timing if isinstance(timing, list) else []
    begun = [at for each in steps if isinstance(at := field(each, "started_at"), str)]
    ended = [at for each in steps if isinstance(at := field(each, "completed_at"), str)]
    return next(iter(begun), None), next(reversed(ended), None)


def _message(result: Any) -> Fields:
    """What dbt says of a node that failed or warns; of others it is what the database answered."""
    has_message = field(result, "status") in (*FAILED, "warn")
    return {
        "error": field(result, "message") if has_message else None,
        "bytes": field(result, "adapter_response", "bytes_processed"),
    }


def _command(command: Any, at: Any) -> Fields:
    return {"id": command, "command": command, "integration": "dbt", "at": at}


def _node(name: Any, command: Any, at: Any) -> Fields:
    """A node inside its command. Its name begins with what it is: a model, a test."""
    return {
        "id": f"{command} {name}" if command and name else None,
        "command": command,
        "parent": command,
        "integration": name,
        "operation": name.partition(".")[0] if isinstance(name, str) else None,
        "at": at,
    }


FORMAT = nested_format(
    "dbt",
    "dbt: run_results.json, and logs as JSON lines",
    recognises=recognises,
    records=records,
)
