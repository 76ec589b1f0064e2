"""The JSON values of a file, exact: one per line, one document, or several in a row.

Numbers come as the text they were written in, so that no id and no amount passes through a float.
"""

import json
import re
from collections.abc import Iterator
from itertools import chain, islice
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any, NamedTuple

from integrhealth.reading.files.opened import Block, line_blocks
from integrhealth.reading.json.row_lists import rows_as_objects
from integrhealth.reading.records.nested import Fields, Note, Refused

# Where the list of records lies in the answer of an API, and where it says that there is more.
WRAPPERS = (
    ("value",),
    ("d", "results"),
    ("d",),
    ("results",),
    ("result",),
    ("items",),
    ("records",),
    ("data",),
    ("jobs",),
    ("entries",),
    ("activityEventEntities",),
    ("workflow_runs",),
    ("task_instances",),
    ("dag_runs",),
)
CONTINUATIONS = (
    ("nextLink",),
    ("@odata.nextLink",),
    ("odata.nextLink",),
    ("d", "__next"),
    ("continuationUri",),
    ("continuationToken",),
    ("nextToken",),
    ("NextToken",),
    ("nextCursor",),
    ("nextPageToken",),
    ("next_cursor",),
    ("next_page",),
    ("queryToken",),
    ("nextRecordsUrl",),
    ("next",),
)
# What an answer of an API has at its top; a value with none of these is a record.
WRAPPING = frozenset(keys[0] for keys in (*WRAPPERS, *CONTINUATIONS))
BLANK = " \t\r\n"
# A text, which is a key before a colon; a bracket; an object that begins a line.
TOKENS = re.compile(rb'"((?:[^"\\\n]|\\[^\n])*)(?:"(\s*:)?|\\?$)|(\n[ \t]*)?([{}\[\]])', re.MULTILINE)
# The brackets around a key of a record: alone or on a line, in a list, in the answer of an API.
OF_A_RECORD = (b"{", b"[{", b"{[{")


class Value(NamedTuple):
    """One JSON value and the line it stands on; None in a document of its own, whose parts are counted instead."""

    line: int | None
    value: Any


def json_values(path: Path) -> Iterator[Value | Refused]:
    """Every JSON value of a file, and what is none: with its line, the reason and its beginning."""
    blocks = line_blocks(path)
    first = next(blocks, None)
    if first is None:
        return
    if _begins_with_a_whole_line(first):
        for block in chain([first], blocks):
            yield from _lines(block)
        return
    data = [first, *blocks]
    document = _documents(data)
    beginning = next(document, None)
    if isinstance(beginning, Refused) and _goes_on_in_lines(data):
        # A log whose first line broke off: else that line would cost all others.
        yield from chain.from_iterable(map(_lines, data))
    elif beginning is not None:
        yield beginning
        yield from document


def loaded(text: str) -> Any:
    """A JSON text as RFC 8259 has it, its numbers as text. Raises ValueError, with the reason, for anything else."""
    try:
        value = _DECODER.decode(text)
        # Half of a surrogate pair is not a character, and no UTF-8 can hold it.
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except UnicodeEncodeError as error:
        raise ValueError("half of a surrogate pair") from error
    return value


def field(value: Any, *keys: str) -> Any:
    """What lies under the keys, one inside the other; None where something on the way is missing or not an object."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def record_keys(start: bytes) -> set[str]:
    """The keys that the records at the beginning of a file have, without those of what lies inside them.

    None for text in which JSON stands somewhere on a line, as in a column of a table.
    """
    keys, around = set(), b""
    for token in TOKENS.finditer(b"\n" + start.removeprefix(b"\xef\xbb\xbf")):
        text, is_key, begins_a_line, bracket = token.groups()
        if bracket in (b"}", b"]"):
            around = around[:-1]
        elif bracket is not None:
            # No object follows the brace of another: it is the next line after one that broke off.
            around = b"" if begins_a_line and bracket == b"{" and around.endswith(b"{") else around
            around += bracket if around or begins_a_line else b"?" + bracket
        elif is_key and around in OF_A_RECORD:
            keys.add(text.decode("utf-8", "replace"))
    return keys


def flattened(value: Any, *, deep: int = 6) -> Fields:
    """The fields of an object by dotted name (``a.b.c``); lists, and what lies deeper than `deep`, stay as they are."""
    flat: Fields = {}
    if not isinstance(value, dict):
        return flat
    waiting = [("", value, deep)]
    while waiting:
        above, part, left = waiting.pop()
        for key, inner in part.items():
            if isinstance(inner, dict) and left > 1:
                waiting.append((f"{above}{key}.", inner, left - 1))
            else:
                flat[f"{above}{key}"] = inner
    return flat


def unwrapped(value: Any) -> Iterator[Any]:
    """The records in an answer of an API: the elements of the list it wraps, or of the list it is, or itself; the
    rows of a table, by column.

    A token for the next page is said out loud: the rest of the records is not in this file.
    """
    if (rows := rows_as_objects(value)) is not None:
        yield from rows
        return
    if not isinstance(value, dict) or WRAPPING.isdisjoint(value):
        yield from value if isinstance(value, list) else [value]
        return
    yield from next_page(value)
    yield from next((records for keys in WRAPPERS if isinstance(records := field(value, *keys), list)), [value])


def next_page(value: Any) -> Iterator[Note]:
    """The sentence that an answer of an API is not all there is, where it names the page after it."""
    for keys in CONTINUATIONS:
        if isinstance(token := field(value, *keys), str) and token:
            yield Note(f"{'.'.join(keys)} names a next page: this export is not complete unless that page is here too")
            return


def lists_inside(value: Any, *, deep: int = 6) -> dict[str, list[Any]]:
    """The lists of objects in an object, by dotted name, those inside other lists left out."""
    fields = flattened(value, deep=deep).items()
    return {
        name: each for name, each in fields if isinstance(each, list) and any(isinstance(one, dict) for one in each)
    }


def api_records(path: Path) -> Iterator[Value | Refused | Note]:
    """Every record of a file, each on the line of the answer that wraps it, and what is not JSON."""
    for value in json_values(path):
        if isinstance(value, Refused):
            yield value
            continue
        for each in unwrapped(value.value):
            yield each if isinstance(each, Note) else Value(value.line, each)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse_constant)


def _begins_with_a_whole_line(block: Block) -> bool:
    """Whether one value stands on each line: the first line is one, or is none of JSON and a later one is."""
    lines = (line for line in block.data.split(b"\n") if line.strip())
    first = next(lines, b"")
    if _is_json(first):
        return True
    return not first.lstrip().startswith((b"{", b"[")) and any(map(_is_json, lines))


def _goes_on_in_lines(blocks: list[Block]) -> bool:
    """Whether the second line is a whole object, as no line is in the middle of a document that is good so far."""
    lines = (line.strip() for block in blocks for line in block.data.split(b"\n") if line.strip())
    second = next(islice(lines, 1, None), b"")
    return second.startswith(b"{") and second != b"{}" and _is_json(second)


def _is_json(line: bytes) -> bool:
    try:
        loaded(line.decode())
    except ValueError:
        return False
    return True


def _lines(block: Block) -> Iterator[Value | Refused]:
    if block.damage:
        yield Refused(block.first_line, block.damage, block.data)
        return
    for number, line in enumerate(block.data.split(b"\n"), block.first_line):
        if not (text := line.strip(b" \t\r")):
            continue
        try:
            yield Value(number, loaded(text.decode()))
        except UnicodeDecodeError as error:
            yield Refused(number, f"bad_utf8: {error.reason}", line)
        except ValueError as error:
            yield Refused(number, f"no JSON: {error}", line)


def _documents(blocks: list[Block]) -> Iterator[Value | Refused]:
    """The documents of a file one after the other; what follows the last good one is one refused record."""
    data = b"".join(block.data for block in blocks)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        yield Refused(None, f"bad_utf8: {error.reason}", data)
        return
    here = _past_blanks(text, 0)
    while here < len(text):
        try:
            _, end = _DECODER.raw_decode(text, here)
            yield Value(None, loaded(text[here:end]))
        except (ValueError, RecursionError) as error:
            yield Refused(None, _reason(error, blocks[-1]), text[here:])
            return
        here = _past_blanks(text, end)


def _reason(error: Exception, last: Block) -> str:
    if last.damage:
        return last.damage
    if isinstance(error, JSONDecodeError):
        return f"no JSON: {error.msg} in line {error.lineno}"
    return "no JSON: nested too deeply" if isinstance(error, RecursionError) else f"no JSON: {error}"


def _past_blanks(text: str, here: int) -> int:
    while here < len(text) and text[here] in BLANK:
        here += 1
    return here
