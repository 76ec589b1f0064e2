"""An entry of mapping.yaml that is being drafted, and the lines it is written in."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

HEAD = (
    "# Drafted from the names of the columns and their first values: check every line, and answer the questions.",
    "sources:",
)


@dataclass
class Entry:
    """One entry: its frame, what each canonical column is made of, the other keys, what is said beside a line.

    ``asked`` are sentences about what could not be decided.
    """

    frame: str
    columns: dict[str, Any]
    keys: dict[str, Any] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)

    def fill(self, canonical: str, origin: Any, why: str = "") -> None:
        """Make a canonical column of `origin`, and say `why` beside it."""
        self.columns[canonical] = origin
        self.beside.pop(canonical, None)
        if why:
            self.beside[canonical] = why

    @property
    def from_the_file(self) -> set[str]:
        """The canonical columns that are no constant."""
        return {name for name, origin in self.columns.items() if not (isinstance(origin, dict) and "value" in origin)}


def written(entries: Sequence[Entry], glob: str) -> str:
    """The entries for one file as lines of YAML, to stand under ``sources:``."""
    return "\n".join(line for entry in entries for line in _lines(entry, glob)) + "\n"


def whole_glob(name: str) -> str:
    """What fits the file of this name: the name, with a place for each letter that has a meaning or cannot be shown."""
    return "".join("?" if each in "*?[]" or not each.isprintable() else each for each in name)


def _lines(entry: Entry, glob: str) -> Iterator[str]:
    yield f"  - glob: {quoted(glob)}"
    for key, value in entry.before.items():
        yield from _key(key, value)
    yield f"    frame: {entry.frame}"
    yield "    columns:"
    for name, origin in entry.columns.items():
        said = f"  # {one_line(entry.beside[name])}" if name in entry.beside else ""
        yield f"      {name}: {flow(origin)}{said}"
    for key, value in entry.keys.items():
        yield from _key(key, value, entry.beside.get(key, ""))
    for question in entry.asked:
        yield f"    # {one_line(question)}"


def _key(key: str, value: Any, why: str = "") -> Iterator[str]:
    said = f"  # {one_line(why)}" if why else ""
    if key == "status" or (isinstance(value, list) and len(value) > 1 and key == "pattern"):
        yield f"    {key}:{said}"
        if isinstance(value, list):
            yield from (f"      - {flow(each)}" for each in value)
        for word, status in value.items() if isinstance(value, dict) else ():
            yield f"      {quoted(word)}: {status}"
    else:
        yield f"    {key}: {flow(value)}{said}"


def flow(value: Any) -> str:
    """A value on one line of YAML; every name of a file in quotes, so that no letter in it means anything."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_plain_key(key)}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(each) for each in value) + "]"
    return str(value) if isinstance(value, int) else quoted(value)


def _plain_key(key: str) -> str:
    return key if re.fullmatch(r"[a-z_]+", key) and key not in ("true", "false", "yes", "no", "null") else quoted(key)


def quoted(text: str) -> str:
    """Text in double quotes as YAML reads them back: everything printable as it is, the rest escaped."""
    plain = json.dumps(text, ensure_ascii=False)
    return "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in plain)


def one_line(text: str) -> str:
    """A sentence that stays in its comment: nothing in it begins a line or moves a cursor."""
    return "".join(each if each.isprintable() else " " for each in text)[:300]
