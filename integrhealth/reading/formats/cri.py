"""What containers wrote, as the runtimes of Kubernetes keep it: ``time stream P|F text``.

A text that was too long comes in parts (P), which the next whole one (F) of the stream ends; what goes before it is
counted as passed over. ``system`` is the container, by the name of the file or of its folder.
https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
"""

import re
from collections.abc import Iterator
from pathlib import Path

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.text_lines import text_lines
from integrhealth.reading.records.envelopes import envelope
from integrhealth.reading.records.nested import Found, Record, Refused
from integrhealth.reading.records.plain_entries import mostly

LINE = re.compile(r"^(\d{4}-\d{2}-\d{2}T\S+) (stdout|stderr) ([PF])(?::\S+)*(?: (.*))?$", re.DOTALL)
# /var/log/containers/<pod>_<namespace>_<container>-<id>.log and /var/log/pods/<...>/<container>/0.log
CONTAINER = re.compile(r"^[^_]+_[^_]+_(.+)-[0-9a-f]{64}$")


def recognises(head: Head) -> bool:
    """Most lines have a time, a stream and a tag."""
    return mostly(head, LINE.match)


def container(path: Path) -> str | None:
    """The container whose log the file is, where its name or its folder tells."""
    stem = path.name.split(".")[0]
    if match := CONTAINER.match(stem):
        return match[1]
    return path.parent.name if stem.isdigit() else None


def records(path: Path) -> Iterator[Found]:
    """One record per line."""
    begun: dict[str, tuple[int, str, str]] = {}
    system = container(path)
    # A part may end within white space.
    for lines, refused in text_lines(path, trimmed=False):
        yield from (Refused(*each) for each in refused)
        for number, line in lines.rows():
            match = LINE.match(line)
            if match is None and not line.strip():
                continue
            if match is None:
                yield Refused(number, "no_entry", line.encode())
                continue
            time, stream, tag, text = match.groups(default="")
            if stream in begun:
                before, time, beginning = begun.pop(stream)
                text = beginning + text
                yield Record(before)
            if tag == "P":
                begun[stream] = number, time, text
            else:
                yield _record(number, time, text, system)
    yield from (_record(number, time, text, system) for number, time, text in begun.values())


def _record(number: int, time: str, text: str, system: str | None) -> Record:
    """The line of a container: nothing, where it is blank."""
    return Record(number, (("log", {"time": time, "system": system, "text": text.rstrip()}),) if text.strip() else ())


FORMAT = envelope(
    name="cri",
    description="Kubernetes: the lines of containers as containerd and CRI-O keep them",
    recognises=recognises,
    records=records,
)
