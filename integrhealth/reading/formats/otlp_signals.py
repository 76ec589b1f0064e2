"""The log records and metric points in an OTLP file, beside its spans: which there are, and where they stand."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import polars as pl

from integrhealth.reading.account.parsed import Parsed
from integrhealth.reading.json.values import field
from integrhealth.reading.mapping.yaml_entries import preset_sources
from integrhealth.reading.records.nested import Found, Note, Refused, read_records, text

# The last time that fits 64 bits in nanoseconds
LATEST_NS = 2**63 - 1
# What tells the processes of a service apart, each of which counts from zero: the first that there is.
PROCESSES = ("service.instance.id", "k8s.pod.name", "host.name")


class Place(NamedTuple):
    """The line of a document, and what of it a record shares with others: its service, the name of its scope, and
    which of the processes of the service it is of, by the attribute that names it.
    """

    line: int | None
    service: str | None
    scope: str | None
    process: dict[str, Any]


class Signal(NamedTuple):
    """Where the records of a signal lie in a document: lists in lists; ``read`` says what one of them tells."""

    resources: str
    scopes: tuple[str, ...]
    records: str
    read: Callable[[Any, Place], Iterator[Found]]


def signal_records(documents: Iterator[tuple[int | None, Any]], signal: Signal) -> Iterator[Found]:
    """What the documents hold of a signal. A part of the wrong type is one refused record."""
    unnamed = 0
    for line, document in documents:
        for resource in _elements(document, signal.resources):
            if not isinstance(resource, dict):
                yield Refused(line, "wrong_type", resource)
                continue
            shared = attributes(field(resource, "resource", "attributes"))
            service = text(shared.get("service.name")) or None
            process = dict([(name, shared[name]) for name in PROCESSES if text(shared.get(name))][:1])
            for scope in (each for name in signal.scopes for each in _elements(resource, name)):
                if not isinstance(scope, dict):
                    yield Refused(line, "wrong_type", scope)
                    continue
                place = Place(line, service, text(field(scope, "scope", "name")) or None, process)
                for record in _elements(scope, signal.records):
                    if isinstance(record, dict):
                        unnamed += service is None
                        yield from signal.read(record, place)
                    else:
                        yield Refused(line, "wrong_type", record)
    if unnamed:
        yield Note(f"{signal.records} of resources that name no service: {unnamed:,}")


def read_signal(documents: Iterator[tuple[int | None, Any]], signal: Signal, preset: str, log_file: str) -> Parsed:
    """The rows of one signal, mapped by a preset."""
    records = signal_records(documents, signal)
    return read_records(records, preset_sources(preset), format="otlp", log_file=log_file)[0]


def together(spans: Parsed, others: list[Parsed]) -> list[Parsed]:
    """The frames that a file fills. Lines that are no OTLP count with its spans, or elsewhere where it has none."""
    there = [part for part in others if part.rows_in]
    if not there or spans.rows.height:
        return [spans, *there]
    first = there[0]
    moved = replace(
        first,
        rows_in=first.rows_in + spans.rejected.height,
        rejected=pl.concat([first.rejected, spans.rejected]).sort("line", nulls_last=True, maintain_order=True),
        warnings=(*first.warnings, *spans.warnings),
    )
    return [moved, *there[1:]]


def time_fault(written: Any) -> str | None:
    """Why nanoseconds are no time, or null. 0 is what the format writes where it knows none."""
    if written in (None, "", 0, "0"):
        return "no_time"
    try:
        return None if 0 < int(str(written)) <= LATEST_NS else "time_out_of_range"
    except ValueError:
        return "bad_time"


def plain(value: Any) -> Any:
    """The value in an AnyValue: text, number, flag, list or object."""
    if not isinstance(value, dict):
        return None
    if isinstance(listed := field(value, "arrayValue"), dict):
        return [plain(each) for each in _elements(listed, "values")]
    if isinstance(pairs := field(value, "kvlistValue"), dict):
        return attributes(pairs.get("values"))
    return next(
        (
            value[name]
            for name in ("stringValue", "intValue", "doubleValue", "boolValue", "bytesValue")
            if name in value
        ),
        None,
    )


def attributes(pairs: Any) -> dict[str, Any]:
    """Attributes by key; of a repeated key the first counts."""
    by_key: dict[str, Any] = {}
    for pair in pairs if isinstance(pairs, list) else []:
        if isinstance(pair, dict) and isinstance(pair.get("key"), str):
            by_key.setdefault(pair["key"], plain(pair.get("value")))
    return by_key


def _elements(value: Any, name: str) -> list[Any]:
    """The list of that name; what stands there and is none is its only element, for its reader to refuse."""
    elements = value.get(name) if isinstance(value, dict) else None
    return [] if elements is None else elements if isinstance(elements, list) else [str(elements)]
