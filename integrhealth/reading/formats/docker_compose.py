"""What ``docker compose logs`` shows: ``service-1  | text``, with times where they were asked for.

``system`` is the service, without the number of its container.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.text_lines import CODES, text_lines
from integrhealth.reading.records.envelopes import envelope
from integrhealth.reading.records.nested import Found, Record, Refused
from integrhealth.reading.records.plain_entries import mostly

LINE = re.compile(r"^([A-Za-z0-9][A-Za-z0-9_.-]*?)(?:[-_]\d+)? +\| ?(\d{4}-\d{2}-\d{2}T[\d:.]+Z )?(.*)$", re.DOTALL)
# What a table with bars between its columns has not: the number of a container, or a text with a time or in JSON.
SPEAKS = re.compile(r"^[^ |]*[-_]\d+ +\||^[^ |]+ +\| ?(?:\{|\[?\d{4}[-/]\d)")
COLOURS = re.compile(CODES)


def recognises(head: Head) -> bool:
    """Most lines begin with a service and a bar, and are those of a program."""
    return mostly(head, lambda line: LINE.match(text := COLOURS.sub("", line)) and SPEAKS.match(text))


def records(path: Path) -> Iterator[Found]:
    """One record per line."""
    for lines, refused in text_lines(path):
        yield from (Refused(*each) for each in refused)
        for number, line in lines.rows():
            match = LINE.match(COLOURS.sub("", line))
            if match is None:
                yield Refused(number, "no_entry", line.encode())
                continue
            service, time, text = match.groups()
            fields = {"time": time and time.strip(), "system": service, "text": text}
            yield Record(number, (("log", fields),) if text.strip() else ())


FORMAT = envelope(
    name="docker_compose",
    description="Docker Compose: the lines of its services",
    recognises=recognises,
    records=records,
)
