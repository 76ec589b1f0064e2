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
COLOURS = re.compile(CODES)


def recognises(head: Head) -> bool:
    """Most lines begin with a service and a bar."""
    return mostly(head, lambda line: LINE.match(COLOURS.sub("", line)))


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
