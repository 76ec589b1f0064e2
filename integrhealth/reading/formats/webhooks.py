"""Deliveries of webhooks, as GitHub and Svix list them: one per attempt to bring a message to its receiver.

A record is a delivery; ``log_line`` is its line, or its ordinal in a document of several lines. What is delivered to
several receivers is a trace (GitHub's ``guid``, Svix's ``msgId``), to one of them a message, and each delivery of that
one try: which one is told by their order in the file, and the first one there is no first try where GitHub calls it a
redelivery. What was delivered, which the detail of a delivery holds, is not read.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import field, json_values, unwrapped
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format

GITHUB, SVIX = "github", "svix"
MARKS = {GITHUB: ("guid", "delivered_at", "redelivery"), SVIX: ("msgId", "endpointId", "responseStatusCode")}
HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]+)")
SOMEWHERE = "webhook receiver"
# Of HTTP: the receiver, or a gateway before it, gave up waiting.
TIMEOUTS = ("408", "504")


@dataclass(frozen=True)
class _Delivery:
    kind: str
    line: int | None
    fields: Fields

    @property
    def trace(self) -> str | None:
        """The id of what is delivered, the same for every receiver."""
        id = self.fields.get("guid" if self.kind == GITHUB else "msgId")
        return id if isinstance(id, str) and id else None

    @property
    def receiver(self) -> str | None:
        """The host that it is delivered to; a list of deliveries does not always say."""
        url, endpoint = self.fields.get("url"), self.fields.get("endpointId")
        host = HOST.match(url) if isinstance(url, str) else None
        return host[1] if host else endpoint if isinstance(endpoint, str) else None

    @property
    def message(self) -> str | None:
        """The id of what is delivered to one receiver, the same for every try."""
        to = self.fields.get("endpointId") if self.kind == SVIX else self.receiver
        return f"{self.trace} {to}" if self.trace and to else self.trace

    @property
    def at(self) -> str:
        """When it was sent, for the order of the tries."""
        return str(self.fields.get("delivered_at" if self.kind == GITHUB else "timestamp"))

    @property
    def again(self) -> bool:
        """Whether it is said to repeat another delivery."""
        return self.fields.get("redelivery") is True


def recognises(head: Head) -> bool:
    """The fields that only the deliveries of one of the two have together."""
    return any(all(f'"{name}"'.encode() in head.start for name in names) for names in MARKS.values())


def records(path: Path) -> Iterator[Found]:
    """Every delivery of the file."""
    deliveries = list(_deliveries(path))
    tries = _tries(each for each in deliveries if isinstance(each, _Delivery))
    for each in deliveries:
        if isinstance(each, _Delivery):
            row = _github(each.fields) if each.kind == GITHUB else _svix(each.fields)
            common = {"trace": each.trace, "message": each.message, "target": each.receiver or SOMEWHERE}
            common["attempt"] = tries[each.message, each.at]
            yield Record(each.line, ((each.kind, row | common),))
        else:
            yield each


def _deliveries(path: Path) -> Iterator[_Delivery | Refused | Note]:
    for value in json_values(path):
        if isinstance(value, Refused):
            yield value
            continue
        if field(value.value, "done") is False:
            yield Note("done is false: this export is not complete unless the next page is here too")
        for each in unwrapped(value.value):
            kind = next((kind for kind, names in MARKS.items() if field(each, names[0]) is not None), None)
            if isinstance(each, Note):
                yield each
            elif kind is None:
                yield Refused(value.line, "no delivery of a webhook", each)
            else:
                yield _Delivery(kind, value.line, each)


def _tries(deliveries: Iterator[_Delivery]) -> dict[tuple[str | None, str], int]:
    """Which try of its message each delivery is, by message and time; the same one twice is one try."""
    times = defaultdict(dict)
    for each in deliveries:
        times[each.message][each.at] = each.again
    tries = {}
    for message, again in times.items():
        ordered = sorted(again)
        first = 2 if again[ordered[0]] else 1
        tries |= {(message, at): number for number, at in enumerate(ordered, first)}
    return tries


def _github(fields: Fields) -> Fields:
    code, status = fields.get("status_code"), fields.get("status")
    return {
        "event": fields.get("event"),
        "action": fields.get("action"),
        "at": fields.get("delivered_at"),
        "seconds": fields.get("duration"),
        "code": code,
        "status": _outcome(code, status),
        "error": None if status == "OK" else status,
    }


def _outcome(code: Any, status: Any) -> str | None:
    """How the receiver answered, by the status code of HTTP; without one, whether anyone did."""
    if not isinstance(code, str):
        return None
    words = status.casefold() if isinstance(status, str) else ""
    if code in TIMEOUTS or "timed out" in words or "timeout" in words:
        return "timeout"
    return "ok" if re.fullmatch(r"2\d\d", code) else "failed"


def _svix(fields: Fields) -> Fields:
    return {
        "event": field(fields, "msg", "eventType"),
        "at": fields.get("timestamp"),
        "milliseconds": fields.get("responseDurationMs"),
        "code": fields.get("responseStatusCode"),
        "status": fields.get("status"),
    }


FORMAT = nested_format(
    "webhooks",
    "Webhook deliveries as GitHub and Svix list them, one per attempt",
    recognises=recognises,
    records=records,
)
