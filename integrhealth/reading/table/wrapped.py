"""Records that a JSON document wraps: the answer of an API, ``{"value": [...]}``, mapped like any table."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from integrhealth.language.schema import TEXT
from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.again import numbered_records
from integrhealth.reading.files.lines import RAW_BYTES, refusals
from integrhealth.reading.files.opened import HEAD_BYTES, whole
from integrhealth.reading.json.values import Value, api_records, flattened, loaded, unwrapped
from integrhealth.reading.mapping.framing import Table, respelled
from integrhealth.reading.mapping.sources import MappedSource, names_in
from integrhealth.reading.records.nested import Found, Note, Record, Refused, shown, text

# Records whose fields are looked at to tell what a document is.
SAMPLED = 1_000


def wrapped_names(head: Head) -> list[str]:
    """The fields of the records that a JSON document wraps; none for any other file, JSON lines among them."""
    start = head.start.decode("utf-8-sig", "replace").lstrip()
    if not start.startswith("{"):
        return []
    first, _, rest = start.partition("\n")
    if rest.strip() and _loaded(first) is not None:
        return []
    document = _loaded(start if len(head.start) < HEAD_BYTES else whole(head.path)[0].decode("utf-8", "replace"))
    records = [each for each in unwrapped(document) if not isinstance(each, Note)]
    if records == [document] and not rest.strip():
        return []
    return list(dict.fromkeys(name for each in records[:SAMPLED] for name in flattened(each)))


def wrapped_records(path: Path) -> Iterator[Found]:
    """Every record, its fields by dotted name."""
    for value in api_records(path):
        if not isinstance(value, Value):
            yield value
        elif isinstance(value.value, dict):
            yield Record(None, (("", flattened(value.value)),))
        else:
            yield Refused(None, "not_an_object", value.value)


def wrapped_table(path: Path, sources: Sequence[MappedSource]) -> Table:
    """The records as a table of text; ``log_line`` is the ordinal of each."""
    records: list[tuple[int, dict[str, Any]]] = []
    refused, notes, ordinal = [], {}, 0
    for each in wrapped_records(path):
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


def _loaded(data: str) -> Any:
    try:
        return loaded(data)
    except ValueError:
        return None
