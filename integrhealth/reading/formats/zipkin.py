"""Zipkin v2 JSON: an array of spans, an array of traces, or one of them per line.

The two halves of a call may share one id, so an id alone names no span. Times are in microseconds. ``log_line`` is
the line of a file with one value per line, or the ordinal of the span in a document.
"""

import re
from pathlib import Path
from typing import Any

import polars as pl

from integrhealth.reading.account.parsed import Format, Head, Parsed
from integrhealth.reading.json.documents import CLASH, Shape
from integrhealth.reading.spans.attributes import KNOWN, described, hex_id, moment
from integrhealth.reading.spans.tracefile import UNKNOWN_SERVICE, filled_by_spans, read_spans, reason

TEXT = pl.String
TAGS = sorted(KNOWN | {"error"})
ENDPOINT = pl.Struct({"serviceName": TEXT, "ipv4": TEXT, "ipv6": TEXT})
SPAN = pl.Struct(
    {
        "traceId": TEXT,
        "parentId": TEXT,
        "id": TEXT,
        "kind": TEXT,
        "name": TEXT,
        "timestamp": TEXT,
        "duration": TEXT,
        "localEndpoint": ENDPOINT,
        "remoteEndpoint": ENDPOINT,
        "tags": pl.Struct(dict.fromkeys(TAGS, TEXT)),
        "annotations": pl.List(pl.Struct({"value": TEXT})),
        "binaryAnnotations": pl.List(pl.Struct({"key": TEXT})),
        CLASH: TEXT,
    }
)
KINDS = ("client", "server", "producer", "consumer")
# The annotations that marked a call's two ends before v2
V1_MARKS = ["cs", "sr", "ss", "cr"]
NOT_FOUND = "404"
MARKS = (b'"localEndpoint"', b'"remoteEndpoint"', b'"annotations"', b'"binaryAnnotations"', b'"timestamp"')


def recognises(head: Head) -> bool:
    """Spans with a traceId and an id, and something that only Zipkin writes beside them."""
    start = head.start
    ids = re.search(rb'"traceId"\s*:', start) and re.search(rb'"id"\s*:', start)
    return bool(ids) and any(mark in start for mark in MARKS) and b'"resourceSpans"' not in start


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The spans of one file."""
    return [read_spans(path, log_file, shape=SHAPE, flat=flat, name=FORMAT.name)]


def traces(value: Any) -> tuple[list[Any], list[tuple[str, Any]]]:
    """The spans in a JSON value, however deep in lists, and what in it is none."""
    spans, refused, todo = [], [], [value]
    while todo:
        part = todo.pop()
        if isinstance(part, list):
            todo += reversed(part)
        elif isinstance(part, dict) and ("traceId" in part or "id" in part):
            spans.append(part)
        else:
            refused.append(("no Zipkin span", part))
    return [{"spans": spans}] if spans else [], refused


SHAPE = Shape(dtype=pl.Struct({"spans": pl.List(SPAN)}), record=SPAN, unpack=traces)


def flat(values: pl.DataFrame) -> pl.DataFrame:
    """Decoded spans as one row each: line, span, the columns of SPANS, and the reason where one is rejected."""
    spans = values.unnest("value").explode("spans", empty_as_null=False, keep_nulls=False).rename({"spans": "span"})
    columns = spans.with_columns(pl.col("span").struct.unnest()).with_columns(
        pl.col("kind").str.to_lowercase(), start_us=_whole("timestamp"), lasted_us=_whole("duration")
    )
    tag = pl.col("tags").struct.field("error").alias("error_tag")
    read = columns.select("line", "span", "start_us", "lasted_us", _reason(), tag, "tags", *_columns()).unnest("tags")
    address = pl.coalesce(_filled(pl.col("net.peer.ip")), "remote_address").alias("net.peer.ip")
    read = read.with_columns(address).drop("remote_address")
    error_tag = pl.col("error_tag").str.strip_chars().str.to_lowercase()
    error = pl.when(error_tag.is_not_null()).then(~error_tag.is_in(["false", NOT_FOUND]))
    error_text = pl.when(~error_tag.is_in(["", "true", "false"]) & ~error_tag.str.contains(r"^\d+$")).then("error_tag")
    read = read.with_columns(
        error_text=error_text, code_of_tag=error_tag.str.extract(r"^(\d+)$"), not_found=error_tag == NOT_FOUND
    )
    return described(read.drop("error"), error=error, other_side=pl.col("remote")).with_columns(
        pl.coalesce("error_code", "code_of_tag"), pl.col("not_found").fill_null(False)
    )


def _columns() -> list[pl.Expr]:
    ended = pl.col("start_us") + pl.col("lasted_us")
    columns = {
        "trace_id": hex_id(pl.col("traceId")),
        "span_id": hex_id(pl.col("id")),
        "parent_id": hex_id(pl.col("parentId")),
        "service": pl.coalesce(_filled(_service("localEndpoint")), pl.lit(UNKNOWN_SERVICE)),
        "unnamed": _filled(_service("localEndpoint")).is_null(),
        "remote": _filled(_service("remoteEndpoint")),
        "remote_address": pl.coalesce(_filled(_address("ipv4")), _filled(_address("ipv6"))),
        "operation": _filled(pl.col("name")),
        "span_kind": pl.when(pl.col("kind").is_in(KINDS)).then("kind"),
        "start": moment(pl.col("start_us")),
        "end": moment(ended),
        "bad_end": pl.col("duration").is_not_null() & moment(ended).is_null(),
    }
    return [expression.alias(name) for name, expression in columns.items()]


def _reason() -> pl.Expr:
    v1_marks = pl.col("annotations").list.eval(pl.element().struct.field("value").is_in(V1_MARKS)).list.any()
    return reason(
        wrong_type=pl.col(CLASH).is_not_null(),
        zipkin_v1_only_v2_is_read=pl.col("binaryAnnotations").is_not_null() | v1_marks.fill_null(False),
        no_span_id=_filled(pl.col("id")).is_null(),
        invalid_kind=~pl.col("kind").is_in(KINDS).fill_null(True),
        no_start=pl.col("timestamp").is_null(),
        start_out_of_range=moment(pl.col("start_us")).is_null(),
    )


def _service(endpoint: str) -> pl.Expr:
    return pl.col(endpoint).struct.field("serviceName")


def _address(version: str) -> pl.Expr:
    return pl.col("remoteEndpoint").struct.field(version)


def _filled(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


def _whole(name: str) -> pl.Expr:
    return pl.col(name).str.to_integer(strict=False)


FORMAT = Format(
    name="zipkin",
    description="Zipkin v2 JSON: arrays of spans or of traces, or one span per line",
    recognises=recognises,
    read=read,
    fills=filled_by_spans,
)
