"""OTLP JSON: exporter files (one document per line), single documents, arrays, and what query APIs wrap.

``{"resourceSpans"}``, ``{"batches"}`` (Tempo), ``{"result": {...}}`` (Jaeger's v3 API), ``instrumentationLibrarySpans``
(before 2022); ``{"resourceLogs"}`` and ``{"resourceMetrics"}``, which may stand between them. A record is a span, a log
record or a data point; a line that is not JSON or holds none of them is one record. ``log_line`` is the line of a JSONL
file, or the ordinal among the records of its kind in a document.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from integrhealth.reading.account.parsed import Format, Head, Parsed
from integrhealth.reading.files.opened import line_blocks
from integrhealth.reading.formats.otlp_logs import logs
from integrhealth.reading.formats.otlp_metrics import metrics
from integrhealth.reading.formats.otlp_signals import together
from integrhealth.reading.json.documents import CLASH, Shape, values
from integrhealth.reading.mapping.yaml_entries import preset_sources
from integrhealth.reading.records.nested import fills
from integrhealth.reading.spans.attributes import KNOWN, described, elements, id_by_length, listed, moment, placed
from integrhealth.reading.spans.tracefile import UNKNOWN_SERVICE, filled_by_spans, read_spans, reason

TEXT = pl.String
# Every scalar is declared as text: numbers come out digit by digit as they were written, 64-bit ones unharmed.
VALUE = pl.Struct({"stringValue": TEXT, "intValue": TEXT, "boolValue": TEXT, "doubleValue": TEXT})
ATTRIBUTES = pl.List(pl.Struct({"key": TEXT, "value": VALUE}))
SPAN = pl.Struct(
    {
        "traceId": TEXT,
        "spanId": TEXT,
        "parentSpanId": TEXT,
        "name": TEXT,
        "kind": TEXT,
        "startTimeUnixNano": TEXT,
        "endTimeUnixNano": TEXT,
        "attributes": ATTRIBUTES,
        "events": pl.List(pl.Struct({"name": TEXT, "attributes": ATTRIBUTES})),
        "links": pl.List(pl.Struct({"traceId": TEXT, "spanId": TEXT})),
        "status": pl.Struct({"code": TEXT, "message": TEXT}),
        CLASH: TEXT,
    }
)
SCOPES = pl.List(pl.Struct({"spans": pl.List(SPAN)}))
RESOURCES = pl.List(
    pl.Struct(
        {
            "resource": pl.Struct({"attributes": ATTRIBUTES}),
            "scopeSpans": SCOPES,
            "instrumentationLibrarySpans": SCOPES,
        }
    )
)
DOCUMENT = pl.Struct({"resourceSpans": RESOURCES, "batches": RESOURCES})
WRAPPERS = ("result", "trace", "data")
SPANS_IN = ("resourceSpans", "batches")
# What stands in one resource, and where that stands: the exporters of Java that write to a log leave it out.
RESOURCE_OF = {
    "scopeSpans": "resourceSpans",
    "instrumentationLibrarySpans": "resourceSpans",
    "scopeLogs": "resourceLogs",
    "instrumentationLibraryLogs": "resourceLogs",
    "scopeMetrics": "resourceMetrics",
    "instrumentationLibraryMetrics": "resourceMetrics",
}
# What a logger writes before it, which is more than the bracket of a list; or a line of its own.
BEFORE = r"^[^{]*[^{\[\s]"
PREFIXED = BEFORE + r'[^{]*(\{"(?:resource|scope(?:Spans|Logs|Metrics)|instrumentationLibrary[A-Z])[^"]*"\s*:.*\})$'
LOGGER = r"io\.opentelemetry\.exporter\.logging\.otlp\.\S+ \w+$"
OTHER_SIGNALS: dict[str, Callable[[Iterator[tuple[int | None, Any]], str], Parsed]] = {
    "resourceLogs": logs,
    "resourceMetrics": metrics,
}

KINDS = {
    "SPAN_KIND_UNSPECIFIED": None,
    "SPAN_KIND_INTERNAL": "internal",
    "SPAN_KIND_SERVER": "server",
    "SPAN_KIND_CLIENT": "client",
    "SPAN_KIND_PRODUCER": "producer",
    "SPAN_KIND_CONSUMER": "consumer",
}
KINDS |= {str(number): kind for number, kind in enumerate(KINDS.values())}
ERRORS = {"0": None, "1": False, "2": True}
ERRORS |= {"STATUS_CODE_UNSET": None, "STATUS_CODE_OK": False, "STATUS_CODE_ERROR": True}
HEX = r"^[0-9a-f]+$"
EXCEPTION = frozenset({"exception.type", "exception.message"})


def documents(value: Any) -> tuple[list[Any], list[tuple[str, Any]]]:
    """The OTLP documents in a JSON value, and what in it is none."""
    spans, refused, todo = [], [], [value]
    while todo:
        part = todo.pop()
        if isinstance(part, list):
            todo += reversed(part)
        elif not isinstance(part, dict):
            refused.append(("no OTLP: neither an object nor a list", part))
        elif any(name in part for name in (*SPANS_IN, *OTHER_SIGNALS)):
            spans.append(part)
        elif list_of := next((outer for inner, outer in RESOURCE_OF.items() if inner in part), None):
            spans.append({list_of: [part]})
        elif inner := [part[name] for name in WRAPPERS if isinstance(part.get(name), dict | list)]:
            todo += inner
        else:
            refused.append(("no OTLP: no resourceSpans", part))
    return spans, refused


def _bare(lines: pl.DataFrame) -> pl.DataFrame:
    """`lines` without what a logger wrote before the JSON."""
    text = pl.col("text")
    logged = ~text.str.starts_with("{") & text.str.contains(BEFORE)
    if not lines.select(logged.any()).item():
        return lines
    taken = lines.filter(~(logged & text.str.contains(LOGGER)))
    return taken.with_columns(pl.when(logged).then(pl.coalesce(text.str.extract(PREFIXED), text)).otherwise(text))


SHAPE = Shape(dtype=DOCUMENT, record=SPAN, unpack=documents, direct=True, bare=_bare)


def recognises(head: Head) -> bool:
    """Documents name their signal, or what is in one resource of it; Tempo's batches are known by their scopes."""
    return any(_key(name) in head.start for name in ("resourceSpans", *OTHER_SIGNALS, *RESOURCE_OF))


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The spans of one file, its log records and its metric points."""
    spans = read_spans(path, log_file, shape=SHAPE, flat=flat, name=FORMAT.name)
    keys = {name: [_key(name), *_inner_keys(name)] for name in OTHER_SIGNALS}
    there: set[str] = set()
    # One look at the file for all signals: unpacking it takes as long as looking.
    for block in line_blocks(path):
        there |= {name for name in OTHER_SIGNALS.keys() - there if any(key in block.data for key in keys[name])}
    others = [parsed(_documents(path), log_file) for name, parsed in OTHER_SIGNALS.items() if name in there]
    return together(spans, others)


def _documents(path: Path) -> Iterator[tuple[int | None, Any]]:
    for line, value in values(path, SHAPE):
        yield from ((line, document) for document in documents(value)[0])


def _key(name: str) -> bytes:
    return f'"{name}"'.encode()


def _inner_keys(signal: str) -> list[bytes]:
    return [_key(inner) for inner, outer in RESOURCE_OF.items() if outer == signal]


def flat(values: pl.DataFrame) -> pl.DataFrame:
    """Decoded documents as one row per span: line, span, the columns of SPANS, and the reason where it is rejected."""
    groups = _either(values.unnest("value"), "resourceSpans", "batches", name="group").unnest("group")
    resources = groups["resource"].struct.field("attributes")
    service = listed(resources, _text(), known=frozenset({"service.name"}))
    groups = groups.with_columns(service=service["service.name"] if service.width else pl.lit(None, TEXT))
    scopes = _either(groups, "scopeSpans", "instrumentationLibrarySpans", name="scope").unnest("scope")
    spans = scopes.select("line", "service", span="spans").explode("span", empty_as_null=False, keep_nulls=False)
    return _columns(spans)


def _either(frame: pl.DataFrame, new: str, old: str, *, name: str) -> pl.DataFrame:
    """One row per element of the lists in either column."""
    rest = [column for column in frame.columns if column not in (new, old)]
    lists = [frame.select(*rest, pl.col(column).alias(name)) for column in (new, old) if _any(frame[column])]
    lists = lists or [frame.head(0).select(*rest, pl.col(new).alias(name))]
    exploded = pl.concat([part.explode(name, empty_as_null=False, keep_nulls=False) for part in lists])
    return exploded.sort("line", maintain_order=True) if len(lists) > 1 else exploded


def _any(column: pl.Series) -> bool:
    return column.null_count() < len(column)


def _text() -> pl.Expr:
    value = pl.col("value").struct
    return pl.coalesce(value.field(field.name) for field in VALUE.fields)


def _columns(spans: pl.DataFrame) -> pl.DataFrame:
    columns = spans.with_columns(pl.col("span").struct.unnest()).with_columns(
        pl.col("status").struct.field("code").str.to_uppercase(),
        pl.col("kind").str.to_uppercase(),
        message=pl.col("status").struct.field("message"),
        trace_id=otlp_id("traceId", 16),
        span_id=otlp_id("spanId", 8),
        named_parent=otlp_id("parentSpanId", 8),
        start_ns=pl.col("startTimeUnixNano").str.to_integer(strict=False),
        end_ns=pl.col("endTimeUnixNano").str.to_integer(strict=False),
    )
    attributes = listed(columns["attributes"], _text(), known=KNOWN - EXCEPTION)
    # proto3 cannot tell an end of 0 from one that was never set; beside a start of 0 it is a time.
    ended = (pl.col("end_ns") > 0) | (pl.col("start_ns") == 0)
    read = columns.select(
        "line",
        "span",
        "trace_id",
        "span_id",
        "named_parent",
        _reason(),
        service=pl.coalesce("service", pl.lit(UNKNOWN_SERVICE)),
        unnamed=pl.col("service").is_null(),
        operation=_filled("name"),
        span_kind=pl.col("kind").replace_strict(KINDS, default=None, return_dtype=TEXT),
        start=moment(pl.col("start_ns") // 1000),
        end=pl.when(ended).then(moment(pl.col("end_ns") // 1000)),
        bad_end=pl.col("endTimeUnixNano").is_not_null() & ~pl.col("end_ns").is_between(0, 2**63 - 1).fill_null(False),
        error=pl.col("code").replace_strict(ERRORS, default=None, return_dtype=pl.Boolean),
        other_status=~pl.col("code").is_in(list(ERRORS)).fill_null(True),
        error_text=_filled("message"),
    )
    read = pl.concat([read, _linked(columns), attributes, _thrown(columns["events"])], how="horizontal")
    return described(read, error=pl.col("error")).with_columns(
        parent_id=pl.coalesce("named_parent", "linked_parent"),
        async_parent=pl.col("named_parent").is_null() & pl.col("linked_parent").is_not_null(),
        status=pl.when(pl.col("other_status") & pl.col("status").is_null()).then(pl.lit("unknown")).otherwise("status"),
    )


def _reason() -> pl.Expr:
    """Why a span is rejected, or null."""
    return reason(
        wrong_type=pl.col(CLASH).is_not_null(),
        no_span_id=pl.col("span_id").is_null(),
        invalid_id=~(pl.col("span_id").str.contains(HEX) & pl.col("trace_id").fill_null("0").str.contains(HEX)),
        invalid_kind=~pl.col("kind").is_in(list(KINDS)).fill_null(True),
        no_start=pl.col("startTimeUnixNano").is_null(),
        start_out_of_range=~pl.col("start_ns").is_between(0, 2**63 - 1).fill_null(False),
    )


def _filled(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != "").then(name)


def otlp_id(name: str, width: int) -> pl.Expr:
    """An id of `width` bytes as lower-case hex; null when there is none (empty, all zeros).

    Hex of another length than the standard's is taken as it is; any other text stays, and its span is rejected.
    """
    hexed = id_by_length(_filled(name), width)
    return pl.when(hexed.str.strip_chars("0") != "").then(hexed)


def _thrown(events: pl.Series) -> pl.DataFrame:
    """exception.type and exception.message of the last exception event of each span."""
    items, row = elements(events)
    last = items.with_columns(row).filter(pl.col("name") == "exception").unique("row", keep="last", maintain_order=True)
    exception = listed(last["attributes"], _text(), known=EXCEPTION)
    return placed(pl.concat([last.select("row"), exception], how="horizontal"), len(events))


def _linked(spans: pl.DataFrame) -> pl.DataFrame:
    """linked_parent: the first span of its own trace that each span is linked to; links: all that it is linked to."""
    items, row = elements(spans["links"])
    links = items.with_columns(row).with_columns(trace=otlp_id("traceId", 16), linked_parent=otlp_id("spanId", 8))
    own = pl.Series("own", spans["trace_id"].gather(links["row"]))
    links = links.with_columns(own).drop_nulls(["trace", "linked_parent"])
    inside = links.filter(pl.col("trace") == pl.col("own"))
    first = inside.unique("row", keep="first", maintain_order=True).select("row", "linked_parent")
    listed = links.group_by("row", maintain_order=True).agg(links=pl.format("{}:{}", "trace", "linked_parent"))
    return pl.concat([placed(first, spans.height), placed(listed, spans.height)], how="horizontal")


FORMAT = Format(
    name="otlp",
    description="OpenTelemetry traces, logs and metrics as JSON: exporter files, answers of Tempo and Jaeger v3",
    recognises=recognises,
    read=read,
    fills=lambda: filled_by_spans() | fills((*preset_sources("otlp_logs"), *preset_sources("otlp_metrics"))),
)
