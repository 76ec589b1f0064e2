"""Records that a JSON document wraps: the answer of an API, ``{"value": [...]}``, mapped like any table."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from integrhealth.language.schema import TEXT
from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.lines import RAW_BYTES, refusals
from integrhealth.reading.files.opened import HEAD_BYTES, whole
from integrhealth.reading.json.values import Value, api_records, flattened, json_values, loaded, unwrapped
from integrhealth.reading.mapping.framing import Table, respelled
from integrhealth.reading.mapping.sources import MappedSource, names_in
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, shown, text

# Records whose fields are looked at to tell what a document is.
SAMPLED = 1_000
# How many objects a list of records may lie in.
DEEPEST = 3


def wrapped_names(head: Head) -> list[str]:
    """The fields of the records that a JSON document wraps; none for any other file, JSON lines among them."""
    document = document_of(head)
    records = [each for each in unwrapped(document) if not isinstance(each, Note)]
    if document is None or (records == [document] and b"\n" not in head.start.strip()):
        return []
    return list(dict.fromkeys(name for each in records[:SAMPLED] for name in flattened(each)))


def document_of(head: Head) -> Any:
    """The JSON object that a file is; None for any other file, JSON lines among them."""
    start = head.start.decode("utf-8-sig", "replace").lstrip()
    if not start.startswith("{"):
        return None
    first, _, rest = start.partition("\n")
    if rest.strip() and _loaded(first) is not None:
        return None
    document = _loaded(start if len(head.start) < HEAD_BYTES else whole(head.path)[0].decode("utf-8-sig", "replace"))
    return document if isinstance(document, dict) else None


def lists_of_objects(document: Fields, *, deep: int = DEEPEST) -> dict[str, list[Any]]:
    """The lists of objects in a document, by their dotted keys; of lists inside lists only the outer ones."""
    lists: dict[str, list[Any]] = {}
    for key, value in document.items():
        if isinstance(value, list) and any(isinstance(each, dict) for each in value):
            lists[key] = value
        elif isinstance(value, dict) and deep > 1:
            lists |= {f"{key}.{below}": each for below, each in lists_of_objects(value, deep=deep - 1).items()}
    return lists


def only_list(head: Head) -> str | None:
    """The key of the only list of objects in a document that is no answer of an API; None where there are others."""
    document = document_of(head)
    if document is None or [*unwrapped(document)] != [document]:
        return None
    lists = list(lists_of_objects(document))
    return lists[0] if len(lists) == 1 else None


def wrapped_records(path: Path, *, key: str | None = None) -> Iterator[Found]:
    """Every record, its fields by dotted name; with a `key` those of the list that stands there."""
    for value in _records_under(path, key) if key is not None else api_records(path):
        if not isinstance(value, Value):
            yield value
        elif isinstance(value.value, dict):
            yield Record(None, (("", flattened(value.value)),))
        else:
            yield Refused(None, "not_an_object", value.value)


def _records_under(path: Path, key: str) -> Iterator[Value | Refused]:
    for value in json_values(path):
        if isinstance(value, Refused):
            yield value
        elif isinstance(value.value, dict):
            yield from (Value(value.line, each) for each in lists_of_objects(value.value).get(key, []))


def wrapped_table(path: Path, sources: Sequence[MappedSource], *, key: str | None = None) -> Table:
    """The records, with a `key` those of the list that stands there, as a table of text; ``log_line`` is the ordinal of
    each.
    """
    records: list[tuple[int, dict[str, Any]]] = []
    refused, notes, ordinal = [], {}, 0
    for each in wrapped_records(path, key=key):
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

    return Table(rows, refusals(refused), names, raw, tuple(notes))


def _loaded(data: str) -> Any:
    try:
        return loaded(data)
    except ValueError:
        return None
