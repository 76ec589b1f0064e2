"""CloudEvents 1.0 in JSON: one event, a batch (an array), or one event or batch per line.

A record is an event; ``log_line`` is its line, or its ordinal in a document. An envelope tells who sent what and when:
not who received it, nor how that ended, so its status is unknown and its target the sender. Source and id together are
one event, however often it was delivered. In binary mode the envelope is in headers, and no file has it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import field, json_values, record_keys, unwrapped
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format

VERSION = re.compile(rb'"specversion"\s*:\s*"')
ATTRIBUTES = {"specversion", "id", "source", "type"}
# https://www.w3.org/TR/trace-context: version, trace, the sender's span, flags; zeros are no id.
TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}.*")


def recognises(head: Head) -> bool:
    """The attributes that every event must have, of the records themselves: a log may tell of an event."""
    return bool(VERSION.search(head.start)) and record_keys(head.start) >= ATTRIBUTES


def records(path: Path) -> Iterator[Found]:
    """Every event of the file."""
    for value in json_values(path):
        if isinstance(value, Refused):
            yield value
            continue
        # An event may carry a list as its data, and is not a list of events for it.
        for each in [value.value] if _is_event(value.value) else unwrapped(value.value):
            if isinstance(each, Note):
                yield each
            elif not _is_event(each):
                yield Refused(value.line, "no CloudEvent", each)
            elif each.get("time") is None:
                yield Refused(value.line, "no_time", each)
            else:
                yield Record(value.line, (("event", _told(each)),))


def _is_event(value: Any) -> bool:
    return isinstance(field(value, "specversion"), str)


def _told(event: Fields) -> Fields:
    source, name = event.get("source"), event.get("id")
    parent = event.get("traceparent")
    traced = TRACEPARENT.fullmatch(parent) if isinstance(parent, str) else None
    return {
        "event": f"{source} {name}" if source and name else None,
        "trace": traced[1] if traced else event.get("correlationid"),
        # As the messages that spans become are named.
        "parent": f"{traced[1]}:{traced[2]}" if traced else None,
        "data": event.get("data", event.get("data_base64")),
        **{key: event.get(key) for key in ("source", "type", "subject", "time")},
    }


FORMAT = nested_format(
    "cloudevents",
    "CloudEvents in JSON, single or in batches: who sent what and when",
    recognises=recognises,
    records=records,
)
