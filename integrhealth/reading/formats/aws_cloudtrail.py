"""AWS CloudTrail: the files that it writes to S3, answers of LookupEvents, events of EventBridge, or one per line.

A record is an event, and one message to the service that was called; ``log_line`` is its line, or its ordinal in a
document. Who called is the service that did so on someone's behalf, else the role that was assumed, else the account;
the user or the session is the ``actor``. What LookupEvents says of an event is its beginning: the event itself is text
inside it. CloudTrail knows when a call was made, and not how long it took. Insights are no calls, and passed over.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.language.http_outcomes import http_outcome
from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import field, json_values, loaded, unwrapped
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format

MARKS = [re.compile(rb'"' + name + rb'"\s*:') for name in (b"eventSource", b"eventName", b"eventTime", b"eventID")]
LOOKED_UP = [re.compile(rb'"' + name + rb'"\s*:') for name in (b"CloudTrailEvent", b"EventId", b"EventName")]
LISTS = ("Records", "Events", "records", "events")
# Of services on AWS: the caller may not, https://docs.aws.amazon.com/awscloudtrail (errorCode).
DENIED = re.compile(r"AccessDenied|Unauthori[sz]ed|Forbidden|NotAuthorized|AuthFailure|ExpiredToken|InvalidClientToken")
TIMED_OUT = re.compile(r"Time(?:d)?Out", re.IGNORECASE)
# The caller only asked whether it would be allowed to, and it would.
ONLY_ASKED = "DryRunOperation"
BY_CONSOLE = ("AwsConsoleSignIn", "AwsConsoleAction")


def recognises(head: Head) -> bool:
    """The fields that every event has, by themselves or around it."""
    return any(all(mark.search(head.start) for mark in marks) for marks in (MARKS, LOOKED_UP))


def records(path: Path) -> Iterator[Found]:
    """Every event of the file."""
    for value in json_values(path):
        if isinstance(value, Refused):
            yield value
            continue
        for each in _unwrapped(value.value):
            yield each if isinstance(each, Note) else _event(value.line, each)


def _unwrapped(value: Any) -> Iterator[Any]:
    listed = next((events for key in LISTS if isinstance(events := field(value, key), list)), None)
    for each in unwrapped(value):
        if isinstance(each, Note) or listed is None:
            yield each
    yield from listed or ()


def _event(line: int | None, value: Any) -> Found:
    """An event, out of what is around it where something is."""
    event = field(value, "detail") if isinstance(field(value, "detail"), dict) else value
    if isinstance(text := field(value, "CloudTrailEvent"), str):
        try:
            event = loaded(text)
        except ValueError as error:
            return Refused(line, f"no JSON: CloudTrailEvent, {error}", value)
    elif isinstance(field(value, "EventId"), str):
        return Record(line, (("event", _looked_up(value)),))
    if field(event, "eventCategory") == "Insight" or field(event, "eventType") == "AwsCloudTrailInsight":
        return Record(line)
    if not isinstance(field(event, "eventID"), str) or not isinstance(field(event, "eventName"), str):
        return Refused(line, "no_cloudtrail_event", value)
    return Record(line, (("event", _call(event)),))


def _call(event: Fields) -> Fields:
    who, service = event.get("userIdentity"), event.get("eventSource")
    caller = _caller(who, event)
    code, message = _error(event.get("errorCode")), event.get("errorMessage")
    return {
        "id": event.get("eventID"),
        "at": event.get("eventTime"),
        "source": caller,
        "target": service,
        "kind": "internal" if caller == service else "request",
        "operation": event.get("eventName"),
        "status": _status(code, message, event.get("responseElements")),
        "code": code,
        "error": message,
        "actor": _actor(who),
        "actor_type": _actor_type(who, event),
    }


def _error(code: Any) -> Any:
    """The code of an error; some services write that of any answer, such as "200"."""
    return None if http_outcome(code) == "ok" else code


def _looked_up(value: Fields) -> Fields:
    """What LookupEvents says of an event whose own text was left out: not how it ended."""
    return {
        "id": value.get("EventId"),
        "at": value.get("EventTime"),
        "source": "AWS",
        "target": value.get("EventSource"),
        "kind": "request",
        "operation": value.get("EventName"),
        "status": "unknown",
        "actor": value.get("Username"),
    }


def _caller(who: Any, event: Fields) -> str:
    role = field(who, "sessionContext", "sessionIssuer", "userName")
    account = field(who, "accountId") or event.get("recipientAccountId")
    return field(who, "invokedBy") or role or (f"AWS account {account}" if account else "AWS")


def _actor(who: Any) -> str | None:
    """The user, or the session of a role, which stands behind the id of the role."""
    if isinstance(name := field(who, "userName"), str):
        return name
    if field(who, "type") == "Root":
        return "root"
    id = field(who, "principalId")
    session = id.rpartition(":")[2] if isinstance(id, str) else None
    return session or field(who, "onBehalfOf", "userId")


def _actor_type(who: Any, event: Fields) -> str | None:
    if field(who, "type") == "AWSService" or field(who, "invokedBy"):
        return "system"
    by_console = event.get("sessionCredentialFromConsole") == "true" or event.get("eventType") in BY_CONSOLE
    return "person" if by_console else None


def _status(code: Any, message: Any, answer: Any) -> str:
    if isinstance(code, str) and code:
        if ONLY_ASKED in code:
            return "skipped"
        by_word = "rejected" if DENIED.search(code) else "timeout" if TIMED_OUT.search(code) else "failed"
        return http_outcome(code) or by_word
    # A login that was refused has no code: {"ConsoleLogin": "Failure"}.
    if isinstance(answer, dict) and "Failure" in answer.values():
        return "rejected"
    return "failed" if message else "ok"


FORMAT = nested_format(
    "aws_cloudtrail",
    "AWS CloudTrail, one message per call",
    recognises=recognises,
    records=records,
)
