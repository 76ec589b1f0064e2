"""OCEL 1 and 2 as JSON, event logs of process mining in which one event touches several objects.

Each object is an incident: a row is one event in the life of one object, so an event of three objects has three rows,
whose ``log_line`` is the ordinal of the event. Counted are events, by their ids; who counts events in the frame counts
distinct places in the log.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import field, json_values
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format

MARKS = (
    (b'"ocel:events"',),
    (b'"ocel:objects"',),
    (b'"ocel:global-log"',),
    (b'"objectTypes"', b'"eventTypes"'),
    (b'"objectId"', b'"qualifier"', b'"relationships"'),
)


def recognises(head: Head) -> bool:
    """An object with the keys that only OCEL has."""
    return head.start.lstrip().startswith(b"{") and any(all(mark in head.start for mark in each) for each in MARKS)


def records(path: Path) -> Iterator[Found]:
    """One record per event, with a row for each of its objects."""
    for value in json_values(path):
        if isinstance(value, Refused):
            yield value
        else:
            yield from _document(value.value)


def _document(log: Any) -> Iterator[Found]:
    """The events of one log; an id that comes again must be of the same event."""
    events, types, seen, rows, several = _events(log), _object_types(log), {}, 0, 0
    if events is None:
        yield Refused(None, "no_events", log)
        return
    for name, event in events:
        if not isinstance(event, dict):
            yield Refused(None, "no_event", event)
        elif name is None:
            yield Refused(None, "no_event_id", event)
        elif seen.setdefault(name, event) != event:
            yield Refused(None, "conflicting_id", event)
        else:
            record = Record(None, tuple(_rows(event, types)))
            several += len(record.rows) > 1
            rows += len(record.rows) if len(record.rows) > 1 else 0
            yield record
    if several:
        yield Note(f"events of several objects stand once for each of them: {several:,} events in {rows:,} rows")


def _events(log: Any) -> list[tuple[str | None, Any]] | None:
    """The events with their ids: a mapping in OCEL 1, a list in OCEL 2."""
    if isinstance(first := field(log, "ocel:events"), dict):
        return list(first.items())
    if isinstance(second := field(log, "events"), list):
        return [(field(event, "id"), event) for event in second]
    return None


def _object_types(log: Any) -> dict[Any, Any]:
    """The type of each object by its id: a mapping in OCEL 1, a list in OCEL 2; what tells none is left out."""
    if isinstance(first := field(log, "ocel:objects"), dict):
        return {name: field(each, "ocel:type") for name, each in first.items()}
    second = field(log, "objects")
    objects = second if isinstance(second, list) else []
    return {name: field(each, "type") for each in objects if isinstance(name := field(each, "id"), str)}


def _rows(event: Fields, types: dict[Any, Any]) -> Iterator[tuple[str, Fields]]:
    fields = {
        "activity": event.get("ocel:activity", event.get("type")),
        "time": event.get("ocel:timestamp", event.get("time")),
    }
    fields |= {f"attribute.{name.casefold()}": value for name, value in _attributes(event)}
    for name in dict.fromkeys(_objects(event)):
        yield "event", fields | {"object": name, "object_type": types.get(name)}


def _attributes(event: Fields) -> list[tuple[str, Any]]:
    if isinstance(first := event.get("ocel:vmap"), dict):
        return list(first.items())
    second = event.get("attributes")
    pairs = [each for each in second if isinstance(field(each, "name"), str)] if isinstance(second, list) else []
    return [(each["name"], each.get("value")) for each in pairs]


def _objects(event: Fields) -> list[str]:
    first, second = event.get("ocel:omap"), event.get("relationships")
    names = first if isinstance(first, list) else []
    names = [*names, *(field(each, "objectId") for each in (second if isinstance(second, list) else []))]
    return [name for name in names if isinstance(name, str) and name]


FORMAT = nested_format(
    "ocel",
    "OCEL 1 and 2 JSON event logs: one step per event and object",
    recognises=recognises,
    records=records,
)
