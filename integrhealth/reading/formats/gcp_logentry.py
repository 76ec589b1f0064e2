"""Google Cloud Logging: LogEntry as gcloud, the console, Cloud Storage, BigQuery or Log Analytics give it.

A record is an entry; ``log_line`` is its line, or its ordinal in a document. An entry with a ``httpRequest`` that says
its status is a message from ``client`` to the backend service, the service or the container that logged it; an audit
log is one from the project to the service that was called. An audit log of a longer operation has an entry at its
beginning and one at its end, which are one message. All others are log lines.

``latency`` runs from when the request was received until the response was sent
(https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#HttpRequest); ``timestamp`` is taken for the
former, which Google does not say in so many words. An entry without a
timestamp has that of its receipt, as Logging itself sets it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import Value, api_records, field
from integrhealth.reading.records.envelopes import envelope
from integrhealth.reading.records.nested import Fields, Found, Record, Refused, text

NAME = re.compile(rb'"(?:logName|log_name)"\s*:\s*"(?:projects|organizations|folders|billingAccounts)/[^"]*?/logs/')
BESIDE = re.compile(
    rb'"(?:insertId|insert_id|receiveTimestamp|receive_timestamp|jsonPayload|textPayload|protoPayload)"\s*:'
)
SNAKE = re.compile(r"_([a-z])")
PAYLOADS = ("jsonPayload", "textPayload", "protoPayload")
# Where BigQuery and Log Analytics have an audit log; what lies in these has names of its own.
AUDIT_LOGS = (("protopayloadAuditlog",), ("protoPayload", "auditLog"))
OF_OTHERS = ("labels", "jsonPayload", "json_payload", "metadata", "request", "response")
# What stands for the program that logged, by how closely it says which.
OF_REQUESTS = ("backend_service_name", "service_name", "function_name", "module_id", "service", "url_map_name")
OF_LOGS = (
    *("container_name", "service_name", "job_name", "function_name", "module_id", "backend_service_name"),
    *("database_id", "cluster_name", "instance_name", "queue_id", "topic_id", "subscription_id", "bucket_name"),
)
TEXTS = ("message", "msg", "textPayload", "log", "event", "error")
LATENCY = re.compile(r"(\d+(?:\.\d+)?)s?")
HOST = re.compile(r"^[A-Za-z][\w+.-]*://[^/?#]*")
GAVE_UP = re.compile(r"timeout|timed_out")
WENT_AWAY = "client_disconnected"
# gRPC: https://grpc.github.io/grpc/core/md_doc_statuscodes.html
CANCELLED, INVALID, DEADLINE, NOT_FOUND, EXISTS, DENIED, PRECONDITION, RANGE, UNAUTHENTICATED = (
    *("1", "3", "4", "5", "6", "7", "9", "11", "16"),
)
REJECTED = (INVALID, NOT_FOUND, EXISTS, DENIED, PRECONDITION, RANGE, UNAUTHENTICATED)


def recognises(head: Head) -> bool:
    """The name of a log in a project, and a field that only an entry of it has."""
    return bool(NAME.search(head.start) and BESIDE.search(head.start))


def records(path: Path) -> Iterator[Found]:
    """Every entry of the file."""
    for value in api_records(path):
        if not isinstance(value, Value):
            yield value
            continue
        entry = _entry(value.value)
        if not isinstance(entry.get("logName"), str):
            yield Refused(value.line, "no_log_entry", value.value)
        else:
            yield Record(value.line, (_row(entry),))


def _entry(value: Any) -> Fields:
    """The fields of an entry in the names of the API, wherever it was taken from."""
    if not isinstance(value, dict):
        return {}
    entry = _named(value)
    audit = next((audit for keys in AUDIT_LOGS if isinstance(audit := field(entry, *keys), dict)), None)
    return entry if audit is None else entry | {"protoPayload": audit}


def _named(value: Any) -> Any:
    """An object with log_name as logName; labels and payloads stay as they are."""
    if not isinstance(value, dict):
        return value
    return {
        SNAKE.sub(lambda part: part[1].upper(), key): each if key in OF_OTHERS else _named(each)
        for key, each in value.items()
    }


def _row(entry: Fields) -> tuple[str, Fields]:
    common = {
        "id": entry.get("insertId"),
        "at": entry.get("timestamp") or entry.get("receiveTimestamp"),
        "trace": _trace(entry.get("trace")),
    }
    proto = entry.get("protoPayload")
    if isinstance(proto, dict) and proto.get("serviceName") and proto.get("methodName"):
        operation = entry.get("operation")
        steps = field(operation, "id") is not None and not (operation.get("first") is operation.get("last") is True)
        return "step" if steps else "call", common | _audit(entry, proto)
    if field(entry, "httpRequest", "status") is not None:
        return "request", common | _request(entry, proto)
    return "log", common | _log(entry)


def _audit(entry: Fields, proto: Fields) -> Fields:
    operation, status = entry.get("operation"), proto.get("status")
    code, email = field(status, "code"), field(proto, "authenticationInfo", "principalEmail")
    service_account = _service_account(email)
    return {
        "id": field(operation, "id") or entry.get("insertId"),
        "status": _outcome(code),
        "event": _event(operation, _outcome(code)),
        "source": service_account or _project(entry),
        "target": proto["serviceName"],
        "operation": proto["methodName"],
        "code": code if code not in (None, "0") else None,
        "error": field(status, "message"),
        "actor": email,
        "actor_type": "system" if service_account else "person" if email else None,
    }


def _event(operation: Any, outcome: str) -> str:
    """Of several entries the first says that the work began, and the last how it ended; a refusal ends it at once."""
    if outcome != "ok" or field(operation, "last") is True:
        return outcome
    return "begun" if field(operation, "first") is True else "pending"


def _outcome(code: Any) -> str:
    if code in (None, "0"):
        return "ok"
    if code in REJECTED:
        return "rejected"
    return "cancelled" if code == CANCELLED else "timeout" if code == DEADLINE else "failed"


def _service_account(email: Any) -> str | None:
    """The name of a program among the users, of Google Cloud or of Kubernetes."""
    if not isinstance(email, str):
        return None
    if email.startswith("system:"):
        return email.rpartition(":")[2]
    return email.partition("@")[0] if email.endswith("gserviceaccount.com") else None


def _request(entry: Fields, proto: Any) -> Fields:
    """A request; of one to App Engine most stands in the payload."""
    asked = entry["httpRequest"]
    status, details = str(asked["status"]), field(entry.get("jsonPayload"), "statusDetails")
    failed = len(status) == 3 and status >= "400"
    words = [
        asked.get("requestMethod") or field(proto, "method"),
        _path(asked.get("requestUrl") or field(proto, "resource")),
    ]
    return {
        "target": _first(field(entry.get("resource"), "labels"), OF_REQUESTS) or _system(entry),
        "operation": " ".join(word for word in words if isinstance(word, str)) or None,
        "seconds": _seconds(asked.get("latency") or field(proto, "latency")),
        "status": _status(status, details),
        "code": status if failed else None,
        "error": details if failed else None,
        "bytes": asked.get("responseSize") or field(proto, "responseSize"),
        "actor": asked.get("remoteIp") or field(proto, "ip"),
    }


def _status(status: str, details: Any) -> str:
    """The HTTP status, but where the load balancer says of it that somebody did not wait."""
    if not isinstance(details, str):
        return status
    return "timeout" if GAVE_UP.search(details) else "cancelled" if details.startswith(WENT_AWAY) else status


def _path(url: Any) -> str | None:
    return (re.split(r"[?#]", HOST.sub("", url))[0] or "/") if isinstance(url, str) else None


def _seconds(latency: Any) -> str | None:
    """0.005192s, 0.005192, or seconds and nanos."""
    if isinstance(latency, dict):
        return f"{latency.get('seconds') or 0}.{latency.get('nanos') or 0!s:0>9}"
    return seconds[1] if isinstance(latency, str) and (seconds := LATENCY.fullmatch(latency)) else None


def _log(entry: Fields) -> Fields:
    payload = next((entry[name] for name in PAYLOADS if entry.get(name) is not None), None)
    severity = entry.get("severity")
    level = None if severity == "DEFAULT" else severity
    trace, span = _trace(entry.get("trace")), entry.get("spanId")
    return {
        "system": _system(entry),
        "parent": f"{trace}:{span}" if trace and span else None,
        "level": level or field(payload, "level") or field(payload, "severity"),
        "site": field(entry.get("resource"), "labels", "pod_name"),
        "text": _text(payload),
    }


def _text(payload: Any) -> str | None:
    said = next((said for name in TEXTS if isinstance(said := field(payload, name), str)), payload)
    return written.rstrip("\n") if (written := text(said)) else None


def _system(entry: Fields) -> str:
    """Whatever logged: by the labels of its resource, else the last part of the name of the log."""
    labels = field(entry.get("resource"), "labels")
    return _first(labels, OF_LOGS) or unquote(entry["logName"]).rpartition("/")[2]


def _first(labels: Any, names: tuple[str, ...]) -> str | None:
    return next((label for name in names if isinstance(label := field(labels, name), str) and label), None)


def _project(entry: Fields) -> str:
    """The project, or the folder or organisation whose log it is."""
    owner = entry["logName"].removeprefix("projects/").partition("/logs/")[0]
    return field(entry.get("resource"), "labels", "project_id") or owner


def _trace(trace: Any) -> Any:
    """The id behind projects/p/traces/."""
    return trace.rpartition("/")[2] or None if isinstance(trace, str) else None


FORMAT = envelope(
    "gcp_logentry",
    "Google Cloud Logging: requests and audit logs as messages, the rest as log lines",
    recognises=recognises,
    records=records,
    preset="gcp_logentry",
)
