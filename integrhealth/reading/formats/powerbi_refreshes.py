"""Refreshes of Power BI datasets: the history of one dataset, or the details of one refresh.

A record is one refresh. Each of its tries is a message of Power BI to itself, since the answer names no dataset and no
source: the parts of a try (data, then queries) are one, and what numberOfAttempts says is not believed over the tries
that are listed. A refresh that runs says Unknown: it is pending, until a later answer says more. One that is completed
while some of its tables are not is partial. Details have no id: there the id is their start. Times come with a Z in a
history and without in details. ``log_line`` is the ordinal of the refresh.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import Value, api_records, field, loaded
from integrhealth.reading.records.nested import Fields, Found, Record, Refused, nested_format

STARTED, STATUS = b'"startTime"', b'"status"'
TELLING = (b'"refreshType"', b'"refreshAttempts"', b'"currentRefreshType"')
DONE, RUNNING = "Completed", ("Unknown", "NotStarted", "InProgress")


def recognises(head: Head) -> bool:
    """Refreshes with a type, not the list of datasets, of which each has its last one inside."""
    start = head.start
    fits = STARTED in start and STATUS in start and any(word in start for word in TELLING)
    return fits and start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") and b'"lastRefresh"' not in start


def records(path: Path) -> Iterator[Found]:
    """The refreshes, each with its tries."""
    for answer in api_records(path):
        if not isinstance(answer, Value):
            yield answer
        elif isinstance(answer.value, dict) and "status" in answer.value:
            events = (("event", event) for one in _tries(answer.value) for event in _events(one))
            yield Record(answer.line, tuple(events))
        else:
            yield Refused(answer.line, "no_refresh", answer.value)


def _events(one: Fields) -> list[Fields]:
    """That a try began, and how it ended if it did."""
    begun = one | {"at": one["sent_at"], "event": "begun"}
    ended = one | {"at": one.get("finished_at") or one["sent_at"], "event": one["status"]}
    return [begun] if one["status"] in RUNNING else [begun, ended]


def _tries(refresh: Fields) -> list[Fields]:
    """The tries of a refresh: all but the last of them failed, the last ended as the refresh did."""
    status = refresh.get("extendedStatus") or refresh.get("status")
    run = {
        "message_id": refresh.get("requestId") or refresh.get("startTime"),
        "operation": refresh.get("refreshType") or refresh.get("type"),
        "sent_at": refresh.get("startTime"),
    }
    open_tables = sum(field(each, "status") not in (None, DONE) for each in _list(refresh.get("objects")))
    end = {"status": status, "errors": open_tables} | (_messages(refresh) if status != DONE else {}) | _error(refresh)
    attempts: dict[str, list[Fields]] = {}
    for each in _list(refresh.get("refreshAttempts")):
        attempts.setdefault(str(each.get("attemptId")), []).append(each)
    if not attempts:
        return [run | end | {"finished_at": refresh.get("endTime")}]
    tries = [run | _try(number, parts) for number, parts in attempts.items()]
    return [*({"status": "Failed"} | each for each in tries[:-1]), end | tries[-1]]


def _try(number: str, parts: list[Fields]) -> Fields:
    """One try of which the parts are listed; it ended when all of them did."""
    starts = [start for part in parts if (start := part.get("startTime"))]
    ends = [end for part in parts if (end := part.get("endTime"))]
    times = {"sent_at": min(starts)} if starts else {}
    times |= {"finished_at": max(ends)} if len(ends) == len(parts) else {}
    errors = [error for part in parts if (error := _error(part))]
    return {"attempt": number} | times | (errors[0] if errors else {})


def _error(part: Fields) -> Fields:
    """The error that is written as JSON inside the JSON, or as plain text."""
    written = part.get("serviceExceptionJson")
    if not isinstance(written, str) or not written:
        return {}
    try:
        inner = loaded(written)
    except ValueError:
        return {"error_text": written}
    return {"error_code": field(inner, "errorCode"), "error_text": field(inner, "errorDescription")}


def _messages(refresh: Fields) -> Fields:
    """What the details say of the whole refresh."""
    messages = [each["message"] for each in _list(refresh.get("messages")) if isinstance(each.get("message"), str)]
    return {"error_text": "; ".join(messages)} if messages else {}


def _list(value: Any) -> list[Fields]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


FORMAT = nested_format(
    "powerbi_refreshes",
    "Power BI refreshes: the history of a dataset or the details of one, every try a message",
    recognises=recognises,
    records=records,
)
