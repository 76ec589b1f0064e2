"""Log lines as a log service exports them: a table or JSON, a record per line, under the service's own names."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.json.values import Value, flattened
from integrhealth.reading.records.line_beginnings import leading_level
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, text
from integrhealth.reading.records.plain_entries import SEVERITIES
from integrhealth.reading.table.files import column_names
from integrhealth.reading.table.table_records import table_records
from integrhealth.reading.table.wrapped import wrapped_names

Names = tuple[str, ...]


class Export(NamedTuple):
    """Where a service keeps what it knows of a line: names in lower case, in the order in which they are asked.

    ``log_id`` tells a record from all others, so that the same one twice is a copy.
    """

    time: Names
    system: Names
    text: Names
    level: Names = ()
    site: Names = ()
    trace_id: Names = ()
    span_id: Names = ()
    log_id: Names = ()


def export_names(head: Head) -> set[str]:
    """The fields that the records of an export have, in lower case."""
    return {name.casefold() for name in wrapped_names(head) or column_names(head)}


def export_records(
    path: Path, export: Export, *, entries: Callable[[Any], list[Any]] = lambda value: [value]
) -> Iterator[Found]:
    """One record per line of a program; `entries` are those that one record of the file holds."""
    seen = Seen()
    for each in table_records(path):
        if not isinstance(each, Value):
            yield each
            continue
        inside = entries(each.value)
        if not inside:
            yield Record(each.line)
        for entry in inside:
            if not isinstance(entry, dict):
                yield Refused(each.line, "not_an_object", entry)
                continue
            said = plain_fields(entry)
            if (line := first_of(said, export.text)) is None:
                yield Refused(each.line, "no_text", entry)
            elif seen.before(first_of(said, export.log_id), said):
                yield Record(each.line)
            else:
                yield Record(each.line, (("log", log_line(said, export, text(line) or "")),))
    yield from seen.notes()


def plain_fields(entry: Any) -> Fields:
    """The fields of a record by dotted name in lower case; what stands alone in a list, without it."""
    plain: Fields = {}
    for name, value in flattened(entry).items():
        alone = value[0] if isinstance(value, list) and len(value) == 1 else value
        if isinstance(alone, dict):
            plain |= {f"{name}.{key}".casefold(): each for key, each in flattened(alone).items()}
        else:
            plain[name.casefold()] = alone
    return plain


def first_of(said: Fields, names: Iterable[str]) -> Any:
    """The first of the names that says something."""
    for name in names:
        if (value := said.get(name)) is not None and value != "":
            return value
    return None


def log_line(said: Fields, export: Export, line: str) -> Fields:
    """The fields of a log line. A level that is nowhere else may be the word that the line begins with."""
    trace, span = first_of(said, export.trace_id), first_of(said, export.span_id)
    return {
        "time": first_of(said, export.time),
        "system": first_of(said, export.system),
        "level": severity(first_of(said, export.level)) or leading_level(line),
        "site": first_of(said, export.site),
        "text": line,
        "trace_id": trace,
        "parent_id": f"{trace}:{span}" if trace and span else span,
    }


def severity(level: Any) -> str | None:
    """A level as a word; one of syslog is a number."""
    word = text(level)
    return SEVERITIES[int(word)] if word in map(str, range(len(SEVERITIES))) else word


class Seen:
    """The records of a file by their ids: the same content under an id that was met before is a copy."""

    def __init__(self) -> None:
        self.by_id: dict[str, set[int]] = {}
        self.copies = 0

    def before(self, log_id: Any, content: Any) -> bool:
        """Whether a record with this id and this content was met before."""
        if log_id is None:
            return False
        contents, content = self.by_id.setdefault(str(log_id), set()), hash(repr(content))
        copy = content in contents
        contents.add(content)
        self.copies += copy
        return copy

    def notes(self) -> Iterator[Note]:
        """What to say of the copies."""
        if self.copies:
            yield Note(f"records that stand here before, by their ids, passed over: {self.copies:,}")
