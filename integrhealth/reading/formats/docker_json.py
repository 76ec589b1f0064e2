r"""What a container wrote, as Docker's json-file driver keeps it: ``{"log": "...\\n", "stream": ..., "time": ...}``.

A line of more than 16 kB comes in parts, of which only the last ends with a line end: what goes before joins it, and
is counted as passed over. ``system`` is what the driver was told to call the container, else its id, where that is the
name of the file, else that name.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.text_lines import beginning_lines
from integrhealth.reading.json.values import Value, field, json_values
from integrhealth.reading.records.envelopes import envelope
from integrhealth.reading.records.json_log_lines import json_object
from integrhealth.reading.records.nested import Found, Record, Refused

KEYS = {"log", "stream", "time"}
# /var/lib/docker/containers/<id>/<id>-json.log; of an id Docker itself shows so much.
CONTAINER = re.compile(r"^([0-9a-f]{12})[0-9a-f]{52}-json\b")


def recognises(head: Head) -> bool:
    """The first line has the three keys, and perhaps the attributes of the container."""
    first = next(iter(beginning_lines(head.start)), "")
    record = json_object(first)
    return record is not None and KEYS <= record.keys() <= {*KEYS, "attrs"}


def records(path: Path) -> Iterator[Found]:
    """One record per line."""
    begun: dict[str | None, tuple[Value, str]] = {}
    container = match[1] if (match := CONTAINER.match(path.name)) else None
    for each in json_values(path):
        if isinstance(each, Refused):
            yield each
        elif not isinstance(each.value, dict) or not isinstance(each.value.get("log"), str):
            yield Refused(each.line, "no_text", each.value)
        else:
            stream, text = each.value.get("stream"), each.value["log"]
            if stream in begun:
                before, beginning = begun.pop(stream)
                text = beginning + text
                yield Record(before.line)
            if text.endswith("\n"):
                yield _record(each, text, container)
            else:
                begun[stream] = each, text
    yield from (_record(value, text, container) for value, text in begun.values())


def _record(value: Value, text: str, container: str | None) -> Record:
    """The line of a program: nothing, where it is blank."""
    system = field(value.value, "attrs", "tag") or container
    fields = {"time": value.value.get("time"), "system": system, "text": text.rstrip()}
    return Record(value.line, (("log", fields),) if text.strip() else ())


FORMAT = envelope(
    name="docker_json",
    description="Docker: the lines of a container as the json-file driver keeps them",
    recognises=recognises,
    records=records,
)
