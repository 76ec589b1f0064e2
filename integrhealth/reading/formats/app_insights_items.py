"""One item of Application Insights as a row: a span, a log line or a value of a metric, whatever export it is from.

An item is an object with the names of the columns of a query (``operation_id``, ``cloud_rolename``), in lower case.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from integrhealth.language.http_outcomes import http_outcome
from integrhealth.reading.json.values import loaded
from integrhealth.reading.records.nested import Fields
from integrhealth.reading.spans.attributes import NAMES

Item = Mapping[str, Any]
Row = tuple[str, Fields]

LEVELS = {"0": "Verbose", "1": "Information", "2": "Warning", "3": "Error", "4": "Critical"}
# What a business says of a call in its custom dimensions.
OWN = ("integration", "object_type", "object_id", "attempt", "bytes")
YES, NO = ("true", "1"), ("false", "0")
IN_PROCESS = re.compile(r"in\s?proc", re.IGNORECASE)
QUEUED = re.compile(r"queue message|service bus|event hubs?$", re.IGNORECASE)
# "tcp:sql1,1433 | orders", "api.example:443 | cid-v1:...", "host | role": the server comes first.
SERVER = re.compile(r"^\s*(?:tcp:|[a-z]+://)?([^|,/\s]+)", re.IGNORECASE)
PORT = re.compile(r":\d+$")
# What an item without a role is of.
UNNAMED = "application"


def rows_of(kind: str, item: Item) -> Iterator[Row]:
    """The row of an item of a `kind`; none of page views, availability tests, counters of performance."""
    if kind in ("request", "dependency"):
        yield "span", _span(kind, item)
    elif kind in ("trace", "exception", "customevent"):
        yield "log", _log(kind, item)
    elif kind == "custommetric":
        yield "metric", _place(item) | {"metric": item.get("name"), "value": item.get("value")}


def _place(item: Item) -> Fields:
    return {"time": item.get("time"), "system": _service(item)}


def _service(item: Item) -> str:
    return item.get("cloud_rolename") or item.get("cloud_roleinstance") or UNNAMED


def _span(kind: str, item: Item) -> Fields:
    dimensions = _dimensions(item.get("customdimensions"))
    said = {column: next((dimensions[name] for name in NAMES[column] if name in dimensions), None) for column in OWN}
    status, code = _outcome(item.get("success"), item.get("resultcode")), item.get("resultcode")
    span_kind = "server" if kind == "request" else _kind_of_call(str(item.get("type") or ""))
    return said | {
        "trace_id": item.get("operation_id"),
        "span_id": item.get("id") or item.get("itemid"),
        "parent_id": parent_of(item),
        "service": _service(item),
        "peer": None if kind == "request" else _server(item),
        "name": item.get("name") or item.get("operation_name"),
        "span_kind": span_kind,
        "start": item.get("time"),
        "duration_ms": item.get("duration"),
        "status": status,
        "error_code": None if status == "ok" else code,
    }


def parent_of(item: Item) -> Any:
    """The span above; the root of an operation names the operation itself, as its id or as ``|id.``."""
    parent, operation = item.get("operation_parentid"), item.get("operation_id")
    return None if parent in (operation, f"|{operation}.", "") else parent


def _kind_of_call(type_name: str) -> str:
    if IN_PROCESS.match(type_name):
        return "internal"
    return "producer" if QUEUED.search(type_name) else "client"


def _server(item: Item) -> str | None:
    """The server that a dependency names as its target, else that of the URL it called."""
    if match := SERVER.match(str(item.get("target") or "")):
        return PORT.sub("", match[1])
    try:
        return urlsplit(str(item.get("data") or "")).hostname
    except ValueError:
        return None


def _outcome(success: Any, code: Any) -> str | None:
    """What the application says of it; a failure by its HTTP code, if it has one of those."""
    word, by_code = str(success).casefold(), http_outcome(code)
    if word in YES:
        return "ok"
    if word in NO:
        return "failed" if by_code in (None, "ok") else by_code
    return by_code


def _log(kind: str, item: Item) -> Fields:
    texts = [item.get(name) for name in ("message", "outermessage", "innermostmessage", "name")]
    text = next((text for text in texts if text), None)
    if kind == "exception":
        words = [word for word in (item.get("exceptiontype") or item.get("type"), text) if isinstance(word, str)]
        text = ": ".join(words) or item.get("problemid")
    level = item.get("severitylevel") or ("3" if kind == "exception" else None)
    return _place(item) | {
        "level": LEVELS.get(str(level), level),
        "site": item.get("problemid") or _dimensions(item.get("customdimensions")).get("CategoryName"),
        "text": text,
        "trace_id": item.get("operation_id"),
        "parent_id": parent_of(item),
    }


def _dimensions(written: Any) -> Fields:
    """The custom dimensions, an object or its JSON; none where that is damaged, which says nothing of the rest."""
    if isinstance(written, str):
        try:
            written = loaded(written)
        except ValueError:
            return {}
    return written if isinstance(written, dict) else {}
