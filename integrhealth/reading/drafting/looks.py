"""What a file that nothing recognised looks like, by its first bytes and never by its name, and what to do next."""

import re
import shlex
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integrhealth.reading.drafting.sample import table_header
from integrhealth.reading.files.archives import UNREADABLE, is_packed
from integrhealth.reading.files.opened import HEAD_BYTES, beginning, damage_at_start, whole
from integrhealth.reading.files.text_lines import beginning_lines
from integrhealth.reading.json.values import lists_inside, loaded
from integrhealth.reading.table.csv_rows import Header
from integrhealth.reading.table.files import column_names, head_of, table_kind
from integrhealth.reading.table.wrapped import wrapped_names

BY_HAND = "write an entry of mapping.yaml by hand, or export it as CSV or JSON lines"
MAGIC = (
    (b"\x89PNG", "an image (PNG)", "no log: leave it out"),
    (b"\xff\xd8\xff", "an image (JPEG)", "no log: leave it out"),
    (b"GIF8", "an image (GIF)", "no log: leave it out"),
    (b"%PDF", "a PDF", "export the table in it as CSV"),
    (
        b"SQLite format 3\0",
        "an SQLite database",
        "write an entry of mapping.yaml with query: SELECT ... and url: sqlite:///NAME",
    ),
    (b"\xd0\xcf\x11\xe0", "an old office document (perhaps XLS)", "save its sheet as CSV, UTF-8"),
    (b"ElfFile\0", "a Windows event log (EVTX)", "export it as CSV or XML from the event viewer"),
    (b"\x28\xb5\x2f\xfd", "a file packed with zstd", "unpack it with zstd -d"),
    (b"BZh", "a file packed with bzip2", "unpack it with bunzip2"),
    (b"\xfd7zXZ", "a file packed with xz", "unpack it with unxz"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack it"),
    (b"Rar!", "a RAR archive", "unpack it"),
    (b"Obj\x01", "an Avro file", "export it as JSON lines"),
    (b"ORC", "an ORC file", "export it as Parquet or JSON lines"),
)
# ZIPs that are documents, by a member that each of them has.
DOCUMENTS = {
    "xl/workbook.xml": ("an Excel workbook", "save the sheet with the records as CSV, UTF-8"),
    "[Content_Types].xml": ("an Office document", "save the table in it as CSV, UTF-8"),
    "mimetype": ("an OpenDocument file", "save the table in it as CSV, UTF-8"),
    "META-INF/MANIFEST.MF": ("a program (JAR)", "no log: leave it out"),
}
# How many names of columns or keys are said, and how much of each.
NAMED, NAME = 6, 40
TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?|\d{4}-\d{2}-\d{2}|\b1[67]\d{8}(?:\d{3})?\b")
WHOLE_TIME = re.compile(r"[\dTZ:./ +-]*(?:\d{1,2}:\d{2}|\d{4}-\d{2}-\d{2}|1[67]\d{8})[\dTZ:.,/ +-]*(?: UTC| GMT)?")


@dataclass(frozen=True)
class Looks:
    """What a file looks like in a few words, what to do next, and whether a draft can be tried of it."""

    said: str
    next: str = BY_HAND
    is_table: bool = False
    is_text: bool = False


def looks_like(path: Path) -> Looks:
    """What the file at `path` looks like. It never raises for what is in the file."""
    start = beginning(path)
    if not start.strip(b"\0 \t\r\n\f\v"):
        return _nothing(path, start)
    for magic, said, next_step in MAGIC:
        if start.startswith(magic):
            return Looks(said, next_step)
    if is_packed(start):
        return _archive(path)
    kind = table_kind(start)
    if kind == "parquet":
        return Looks(f"a Parquet table with the columns {_listed(column_names(head_of(path)))}", is_table=True)
    if b"\0" in start[:1_000] or kind is None:
        return Looks("binary data", "no text: export it as CSV, JSON or text")
    text = start.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        return _marked_up(text)
    if text.startswith(("{", "[")):
        looks = _json(path, text)
        if looks is not None:
            return looks
    return _table_or_lines(start)


def _archive(path: Path) -> Looks:
    try:
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
    except UNREADABLE:
        members = set()
    other = next((looks for member, looks in DOCUMENTS.items() if member in members), None)
    return Looks(*other) if other else Looks("an archive", "unpack it, and give what was in it")


def _nothing(path: Path, start: bytes) -> Looks:
    if (damage := damage_at_start(path)) is not None:
        return Looks(f"a damaged file ({damage})", "copy it again")
    return Looks("an empty file" if not start else "a file of blanks", "export it again; there is nothing in it")


def _marked_up(text: str) -> Looks:
    if re.match(r"<!doctype html|<html", text, re.IGNORECASE):
        return Looks("a web page (HTML)", "the export may have ended at a login page: download it again")
    root = re.search(
        r"<([A-Za-z_][\w.:-]*)", re.sub(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>]*>", "", text, flags=re.DOTALL)
    )
    name = f" with the root element {root[1][:NAME]}" if root else ""
    return Looks(f"XML{name}", "no format of the kit; export it as CSV or JSON")


def _json(path: Path, text: str) -> Looks | None:
    head = head_of(path)
    first, _, rest = text.partition("\n")
    line = _loaded(first)
    if isinstance(line, dict) and rest.strip():
        return Looks(f"JSON lines with the keys {_listed(list(line))}", is_table=True)
    if isinstance(line, list) and rest.strip():
        return Looks("JSON lines, each of them a list", "write objects, one per line")
    document = line if isinstance(line, dict) else _loaded(_whole(path, text))
    if isinstance(document, dict):
        return _document(document, wrapped_names(head))
    if isinstance(document, list):
        return _list_at_the_top(document)
    if names := column_names(head):
        kind = "JSON lines" if text.startswith("{") else "a list of JSON objects"
        return Looks(f"{kind}, damaged in places, with the keys {_listed(names)}", is_table=True)
    return Looks("JSON that is not whole", "export it again, whole") if text.startswith('{"') else None


def _document(document: dict[str, Any], names: list[str]) -> Looks:
    lists = list(lists_inside(document))
    if len(lists) == 1:
        return Looks(f"a JSON document with a list of objects under {lists[0][:NAME]}", is_table=True)
    if lists:
        said = f"a JSON document with {len(lists):,} lists of objects, under {_listed(lists)}"
        return Looks(said, f"keep one list per file, such as: jq {shlex.quote('.' + lists[0])}", is_table=bool(names))
    return Looks(f"one JSON object with the keys {_listed(list(document))}", is_table=True)


def _list_at_the_top(document: list[Any]) -> Looks:
    objects = [each for each in document if isinstance(each, dict)]
    if objects:
        return Looks(f"a list of JSON objects with the keys {_listed(list(objects[0]))}", is_table=True)
    return Looks("a JSON list of values that are no objects", "write objects, with a name for each value")


def _whole(path: Path, text: str) -> str:
    return text if len(text) < HEAD_BYTES // 2 else whole(path)[0].decode("utf-8-sig", "replace")


def _loaded(text: str) -> Any:
    try:
        return loaded(text)
    except ValueError:
        return None


def _table_or_lines(start: bytes) -> Looks:
    lines = beginning_lines(start, whole=len(start) < HEAD_BYTES)
    line = table_header(start)
    if line is not None and len(lines) > 1 and _names_columns(line):
        mark = {"\t": "tab"}.get(line.separator, line.separator)
        if any(WHOLE_TIME.fullmatch(name) for name in line.names):
            next_step = "add a first line that names the columns"
            return Looks("lines with a time, or a table without a line of column names", next_step, is_text=True)
        width = "a wide table" if len(line.names) > 30 else "a table"
        return Looks(
            f"{width} with {len(line.names)} columns, separated by {mark!r} ({_listed(line.names)})", is_table=True
        )
    timed = sum(bool(TIME_OF_DAY.search(each[:120])) for each in lines)
    if timed:
        return Looks(f"lines of text, {timed:,} of the first {len(lines):,} with a time", is_text=True)
    return Looks("text without times", "no log: leave it out, or export it with a time on each record")


def _names_columns(line: Header) -> bool:
    """Whether the first line is one of a table: no time stands in it among other words, as in a line of a log."""
    return all(WHOLE_TIME.fullmatch(name) or not TIME_OF_DAY.search(name) for name in line.names)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(name[:NAME] for name in names[:NAMED]) + more
