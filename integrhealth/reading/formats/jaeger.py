"""Jaeger JSON: what the UI and API save, the Elasticsearch documents, and the storage (domain) form.

Times are microseconds since 1970, in the domain form RFC 3339 with an offset, durations there texts such as
"5000ns". ``log_line`` is the line of a file with one value per line, or the ordinal of the span in a document.
"""

from pathlib import Path
from typing import Any

import polars as pl

from integrhealth.reading.account.parsed import Format, Head, Parsed
from integrhealth.reading.json.documents import CLASH, Shape
from integrhealth.reading.spans.attributes import (
    KNOWN,
    described,
    elements,
    hex_id,
    id_by_length,
    listed,
    moment,
    placed,
)
from integrhealth.reading.spans.tracefile import UNKNOWN_SERVICE, filled_by_spans, read_spans, reason

TEXT = pl.String
# The UI and Elasticsearch write a tag's value into one field, the domain form into one per type.
TAG_VALUES = ("value", "vStr", "vBool", "vInt64", "vFloat64")
TAGS = pl.List(pl.Struct(dict.fromkeys(("key", *TAG_VALUES), TEXT)))
REFERENCE = pl.Struct(dict.fromkeys(("refType", "traceID", "traceId", "spanID", "spanId"), TEXT))
SPAN = pl.Struct(
    {
        "traceID": TEXT,
        "traceId": TEXT,
        "spanID": TEXT,
        "spanId": TEXT,
        "parentSpanID": TEXT,
        "operationName": TEXT,
        "references": pl.List(REFERENCE),
        "startTime": TEXT,
        "startTimeMillis": TEXT,
        "duration": TEXT,
        "tags": TAGS,
        "logs": pl.List(pl.Struct({"fields": TAGS})),
        "processID": TEXT,
        "process": pl.Struct({"serviceName": TEXT}),
        CLASH: TEXT,
    }
)
PROCESSES = pl.List(pl.Struct({"processID": TEXT, "serviceName": TEXT}))
TRACE = pl.Struct({"spans": pl.List(SPAN), "processes": PROCESSES})
# Where answers of Jaeger and of Elasticsearch keep what they hold
WRAPPERS = ("data", "hits", "_source")
KINDS = ("client", "server", "producer", "consumer", "internal")
OWN_TAGS = frozenset({"span.kind", "error", "error.object", "error.kind"})
LOG_FIELDS = frozenset({"event", "message", "error.object", "error.kind", "exception.message", "exception.type"})
US_PER = {"ns": 0.001, "us": 1.0, "µs": 1.0, "ms": 1e3, "s": 1e6, "m": 6e7, "h": 3.6e9}


def recognises(head: Head) -> bool:
    """Spans with an operationName, a startTime and a process or references."""
    start = head.start
    ids = b'"spanID"' in start or b'"spanId"' in start
    beside = any(mark in start for mark in (b'"processID"', b'"process"', b'"references"', b'"processes"'))
    return ids and beside and b'"operationName"' in start and b'"startTime' in start


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The spans of one file."""
    return [read_spans(path, log_file, shape=SHAPE, flat=flat, name=FORMAT.name)]


def traces(value: Any) -> tuple[list[Any], list[tuple[str, Any]]]:
    """The traces in a JSON value (a span alone is one), and what in it is none."""
    spans, refused, todo = [], [], [value]
    while todo:
        part = todo.pop()
        if isinstance(part, list):
            todo += reversed(part)
        elif not isinstance(part, dict):
            refused.append(("no Jaeger trace: neither an object nor a list", part))
        elif "spans" in part:
            spans.append({"spans": part["spans"], "processes": _processes(part.get("processes"))})
        elif "spanID" in part or "spanId" in part:
            spans.append({"spans": [part]})
        elif inner := [part[name] for name in WRAPPERS if isinstance(part.get(name), dict | list)]:
            todo += inner
        else:
            refused.append(("no Jaeger trace: no spans", part))
    return spans, refused


def _processes(processes: Any) -> list[dict[str, Any]]:
    """The processes of a trace, keyed by their ids, as a list."""
    if not isinstance(processes, dict):
        return []
    by_key = {key: process for key, process in processes.items() if isinstance(process, dict)}
    return [{"processID": key, "serviceName": process.get("serviceName")} for key, process in by_key.items()]


SHAPE = Shape(dtype=TRACE, record=SPAN, unpack=traces)


def flat(values: pl.DataFrame) -> pl.DataFrame:
    """Decoded traces as one row per span: line, span, the columns of SPANS, and the reason where one is rejected."""
    decoded = values.unnest("value").with_row_index("trace")
    spans = decoded.select("line", "trace", span="spans").explode("span", empty_as_null=False, keep_nulls=False)
    columns = spans.with_columns(pl.col("span").struct.unnest()).with_columns(
        trace_id=_id("traceID", "traceId", 16),
        span_id=_id("spanID", "spanId", 8),
        parent_span=_given(hex_id(_filled("parentSpanID"))),
        service=_filled_text(pl.coalesce(pl.col("process").struct.field("serviceName"), _service(decoded, spans))),
        start_us=_start_us(),
        lasted_us=_lasted_us(),
    )
    ended = pl.col("start_us") + pl.col("lasted_us")
    tags = listed(columns["tags"], _text(), known=KNOWN | OWN_TAGS)
    absent = [
        pl.lit(None, TEXT).alias(tag) for tag in sorted(OWN_TAGS | {"otel.status_code"}) if tag not in tags.columns
    ]
    read = columns.select(
        "line",
        "span",
        "trace_id",
        "span_id",
        "parent_span",
        _reason(),
        service=pl.coalesce("service", pl.lit(UNKNOWN_SERVICE)),
        unnamed=pl.col("service").is_null(),
        operation=_filled("operationName"),
        start=moment(pl.col("start_us")),
        end=moment(ended),
        bad_end=pl.col("duration").is_not_null() & moment(ended).is_null(),
    )
    read = pl.concat([read, _parents(columns), tags, _logged(columns["logs"])], how="horizontal")
    read = read.with_columns(*absent).with_columns(*_tagged())
    return described(read, error=pl.col("failed")).with_columns(
        pl.coalesce("error_code", "logged_code"),
        parent_id=pl.coalesce("parent_referred", "parent_span"),
        async_parent=pl.col("follows").fill_null(False),
    )


def _service(decoded: pl.DataFrame, spans: pl.DataFrame) -> pl.Series:
    """The service of each span's process in its own trace."""
    processes = decoded.select("trace", "processes").explode("processes", empty_as_null=False, keep_nulls=False)
    services = processes.unnest("processes").unique(["trace", "processID"], keep="first", maintain_order=True)
    wanted = spans.select("trace", processID=pl.col("span").struct.field("processID"))
    return wanted.join(services, on=["trace", "processID"], how="left", maintain_order="left")["serviceName"]


def _parents(spans: pl.DataFrame) -> pl.DataFrame:
    """parent_referred: the span of the same trace that a span refers to, CHILD_OF before FOLLOWS_FROM; follows: that
    it is one of the latter, which did not wait. links: what it follows from or what lies in another trace.
    """
    items, row = elements(spans["references"])
    own = pl.Series("own", spans["trace_id"].gather(row))
    references = items.with_columns(row, own).with_columns(
        referred_trace=pl.coalesce(_id("traceID", "traceId", 16), "own"),
        parent_referred=_given(_id("spanID", "spanId", 8)),
        follows=(pl.col("refType").str.to_uppercase() == "FOLLOWS_FROM").fill_null(False),
    )
    references = references.filter(pl.col("parent_referred").is_not_null())
    here = pl.col("referred_trace").eq_missing(pl.col("own"))
    inside = references.filter(here).sort("follows", maintain_order=True)
    chosen = inside.unique("row", keep="first", maintain_order=True).select("row", "parent_referred", "follows")
    loose = references.filter(~here | pl.col("follows")).drop_nulls("referred_trace")
    link = pl.format("{}:{}", "referred_trace", "parent_referred")
    linked = loose.group_by("row", maintain_order=True).agg(links=link)
    return pl.concat([placed(chosen, spans.height), placed(linked, spans.height)], how="horizontal")


def _logged(logs: pl.Series) -> pl.DataFrame:
    """What the last error or exception among the log entries of each span says: logged_text, logged_code."""
    items, row = elements(logs)
    fields = listed(items["fields"], _text(), known=LOG_FIELDS)
    absent = [pl.lit(None, TEXT).alias(name) for name in sorted(LOG_FIELDS) if name not in fields.columns]
    entries = fields.with_columns(row, *absent)
    wrong = pl.col("event").is_in(["error", "exception"]).fill_null(False)
    text = pl.coalesce("exception.message", "error.object")
    last = entries.filter(wrong | text.is_not_null()).unique("row", keep="last", maintain_order=True)
    return placed(
        last.select(
            "row",
            logged_text=pl.coalesce(text, pl.when(wrong).then("message")),
            logged_code=pl.coalesce("exception.type", "error.kind"),
        ),
        len(logs),
    )


def _tagged() -> list[pl.Expr]:
    """Kind and outcome from the tags. ``error`` is a flag, its text, or a message; OpenTelemetry names a status."""
    error = pl.col("error").str.strip_chars().str.to_lowercase()
    otel = pl.col("otel.status_code").str.to_uppercase()
    flag = pl.when(error != "").then(~error.is_in(["false", "0"]))
    spoken = pl.when(~error.is_in(["true", "false", "", "0", "1"])).then("error")
    kind = pl.col("span.kind").str.to_lowercase()
    return [
        pl.coalesce(flag, pl.when(otel == "ERROR").then(True).when(otel == "OK").then(False)).alias("failed"),
        pl.coalesce("error.object", "logged_text", spoken).alias("error_text"),
        pl.when(kind.is_in(KINDS)).then(kind).alias("span_kind"),
    ]


def _reason() -> pl.Expr:
    return reason(
        wrong_type=pl.col(CLASH).is_not_null(),
        no_span_id=pl.col("span_id").is_null(),
        no_start=pl.coalesce("startTime", "startTimeMillis").is_null(),
        start_out_of_range=moment(pl.col("start_us")).is_null(),
    )


def _id(plain: str, domain: str, width: int) -> pl.Expr:
    """The id under its name in the UI and Elasticsearch forms (hex), or in the domain form (base64)."""
    return hex_id(pl.coalesce(_filled(plain), id_by_length(_filled(domain), width)))


def _given(text: pl.Expr) -> pl.Expr:
    """A parent's id; zeros say that there is none."""
    return pl.when(text.str.strip_chars("0") != "").then(text)


def _start_us() -> pl.Expr:
    whole = pl.col("startTime").str.to_integer(strict=False)
    written = pl.col("startTime").str.replace(r"[zZ]$", "+00:00")
    as_text = written.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", strict=False).dt.timestamp("us")
    return pl.coalesce(whole, as_text, pl.col("startTimeMillis").str.to_integer(strict=False) * 1000)


def _lasted_us() -> pl.Expr:
    """A duration in microseconds: a bare number, or a number with its unit."""
    whole = pl.col("duration").str.to_integer(strict=False)
    parts = pl.col("duration").str.extract_groups(r"^(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)$")
    number, unit = parts.struct.field("1").cast(pl.Float64, strict=False), parts.struct.field("2")
    return pl.coalesce(whole, (number * unit.replace_strict(US_PER, default=None)).round().cast(pl.Int64, strict=False))


def _text() -> pl.Expr:
    return pl.coalesce(TAG_VALUES)


def _filled(name: str) -> pl.Expr:
    return _filled_text(pl.col(name))


def _filled_text(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


FORMAT = Format(
    name="jaeger",
    description="Jaeger JSON: saved traces of the UI and API, Elasticsearch documents, the storage form",
    recognises=recognises,
    read=read,
    fills=filled_by_spans,
)
