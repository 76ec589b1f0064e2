"""Records that a JSON document wraps: the answer of an API, or any document with one list of objects; mapped like any
table.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from integrhealth.language.schema import TEXT
from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.again import numbered_records
from integrhealth.reading.files.lines import RAW_BYTES, refusals
from integrhealth.reading.files.opened import HEAD_BYTES, whole
from integrhealth.reading.json.values import (
    flattened,
    json_values,
    lists_inside,
    loaded,
    next_page,
    unwrapped,
)
from integrhealth.reading.mapping.framing import Table, respelled
from integrhealth.reading.mapping.sources import MappedSource, names_in
from integrhealth.reading.records.nested import Found, Note, Record, Refused, shown, text

# Records whose fields are looked at to tell what a document is, and those that tell what a list holds.
SAMPLED, LISTED = 1_000, 100
# Words of the keys that stand beside the list of a page of an answer; a record has others.
PAGE_WORDS = frozenset(
    (
        "after",
        "before",
        "continuation",
        "count",
        "current",
        "cursor",
        "entries",
        "etag",
        "first",
        "has",
        "href",
        "items",
        "last",
        "limit",
        "link",
        "links",
        "max",
        "meta",
        "metadata",
        "more",
        "next",
        "offset",
        "page",
        "pages",
        "paging",
        "pagination",
        "per",
        "prev",
        "previous",
        "query",
        "records",
        "results",
        "returned",
        "self",
        "size",
        "token",
        "took",
        "total",
    )
)


def wrapped_names(head: Head) -> list[str]:
    """The fields of the records that a JSON document wraps; none for any other file, such as one record per line."""
    return _names(_sample(head, ()))


def document_names(head: Head) -> list[str]:
    """The fields of JSON documents themselves, whatever lists lie in them."""
    return _names(_beginning(head, None))


def is_wrapped(head: Head, names: Collection[str]) -> bool:
    """Whether the records of a file lie inside its JSON documents, for a mapping that asks for the columns `names`."""
    return any(isinstance(each, dict | Refused) for each in _sample(head, names))


def _names(records: Iterable[Any]) -> list[str]:
    objects = (each for each in records if isinstance(each, dict))
    return list(dict.fromkeys(name for each in islice(objects, SAMPLED) for name in flattened(each)))


def _sample(head: Head, names: Collection[str]) -> list[Any]:
    """The first records that documents wrap, and what is refused of them; none where lines are the records."""
    sample = [each for value in _beginning(head, names) for each in records_in(value, names)]
    return [] if sample == [_loaded(_start(head).partition("\n")[0])] else sample


def _beginning(head: Head, names: Collection[str] | None) -> list[Any]:
    """The first JSON documents of a file; none where each line is one, unless it is a page of records with `names`."""
    start = _start(head)
    if not start.startswith("{"):
        return []
    line, _, rest = start.partition("\n")
    first = _loaded(line)
    if rest.strip() and first is not None:
        return [first] if names is None or _is_page(first, names) else []
    whole_file = len(head.start) < HEAD_BYTES
    return [*islice(_documents(start if whole_file else whole(head.path)[0].decode("utf-8-sig", "replace")), LISTED)]


def _start(head: Head) -> str:
    return head.start.decode("utf-8-sig", "replace").lstrip()


def records_in(value: Any, names: Collection[str] = ()) -> Iterator[Any]:
    """The records of a JSON value: the elements of the one list of objects it has, wherever that lies, or itself.

    Of several lists it is the one that has any of `names`; where that is not one, the value is refused. A record has
    more of `names` than any list in it.
    """
    records = list(unwrapped(value))
    lists = lists_inside(value)
    if records != [value] or not lists:
        yield from [] if _is_empty_page(value) else records
        return
    if len(lists) > 1 or names:
        around, inside = _share(names, [value]), {name: _share(names, each) for name, each in lists.items()}
        if names and around > max(inside.values()):
            yield value
            return
        lists = {name: lists[name] for name in lists if inside[name]} or lists
    if len(lists) > 1:
        yield Refused(None, f"several_lists:{', '.join(lists)}", value)
        return
    yield from next_page(value)
    yield from next(iter(lists.values()))


def wrapped_records(path: Path, names: Collection[str] = ()) -> Iterator[Found]:
    """Every record, its fields by dotted name."""
    for value in json_values(path):
        if isinstance(value, Refused):
            yield value
            continue
        for each in records_in(value.value, names):
            if isinstance(each, Note | Refused):
                yield each
            elif isinstance(each, dict):
                yield Record(None, (("", flattened(each)),))
            else:
                yield Refused(None, "not_an_object", each)


def wrapped_table(path: Path, sources: Sequence[MappedSource]) -> Table:
    """The records as a table of text; ``log_line`` is the ordinal of each."""
    records: list[tuple[int, dict[str, Any]]] = []
    refused, notes, ordinal = [], {}, 0
    for each in wrapped_records(path, names_in(sources)):
        if isinstance(each, Note):
            notes[each.sentence] = None
            continue
        ordinal += 1
        if isinstance(each, Refused):
            refused.append((ordinal, each.reason, shown(each.raw)))
        else:
            records.append((ordinal, each.rows[0][1]))
    names = list(dict.fromkeys(name for _, fields in records for name in fields))
    wanted = names_in(respelled(source, names) if source.any_case else source for source in sources)
    columns = [
        pl.Series(name, [text(fields.get(name)) for _, fields in records], dtype=TEXT)
        for name in wanted
        if name in names
    ]
    rows = pl.DataFrame([*columns, pl.Series("log_line", [line for line, _ in records], dtype=pl.Int64)])
    beginnings = dict(records)

    def raw(later: pl.DataFrame) -> pl.DataFrame:
        return refusals(
            (line, reason, (text(beginnings[line]) or "").encode()[:RAW_BYTES]) for line, reason in later.rows()
        )

    return Table(rows, refusals(refused), names, raw, tuple(notes), again=wrapped_again)


def wrapped_again(path: Path) -> pl.DataFrame:
    """The records as they stand, by ordinal."""
    records = [each for each in wrapped_records(path) if not isinstance(each, Note)]
    texts = [repr(each.rows if isinstance(each, Record) else None).encode() for each in records]
    return numbered_records(range(1, len(records) + 1), texts)


def _is_page(value: Any, names: Collection[str]) -> bool:
    """Whether a value is a page of records: what it says beside its list is about pages, or the list has the names."""
    lists = lists_inside(value)
    if len(lists) != 1:
        return _is_empty_page(value)
    ((name, inside),) = lists.items()
    if names:
        return _share(names, inside) > _share(names, [value])
    return _speaks_of_pages(value, but=name)


def _is_empty_page(value: Any) -> bool:
    """Whether a value is a page without records."""
    empty = [name for name, each in flattened(value).items() if each == []]
    return len(empty) == 1 and len(flattened(value)) > 1 and _speaks_of_pages(value, but=empty[0])


def _speaks_of_pages(value: Any, *, but: str) -> bool:
    keys = [key for name in flattened(value) if name != but for key in name.split(".")]
    spaced = (re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", key) for key in keys)
    return all(set(re.split(r"[^a-z]+", key.lower())) - {""} <= PAGE_WORDS for key in spaced)


def _share(names: Collection[str], values: Iterable[Any]) -> int:
    """How many of the names the fields of the values have, in any case."""
    there = {name.casefold() for value in islice(values, LISTED) for name in flattened(value)}
    return len({name.casefold() for name in names} & there)


def _documents(data: str) -> Iterator[Any]:
    """The JSON documents at the beginning of a text."""
    decoder, here = json.JSONDecoder(parse_int=str, parse_float=str), 0
    while here < len(data):
        try:
            value, here = decoder.raw_decode(data, here)
        except (ValueError, RecursionError):
            return
        yield value
        here += len(data[here:]) - len(data[here:].lstrip())


def _loaded(data: str) -> Any:
    try:
        return loaded(data)
    except ValueError:
        return None
