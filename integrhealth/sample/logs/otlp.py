"""The middleware's log: spans as OTLP JSON, one batch per line, the way the collector's file exporter writes them."""

import json
from zlib import crc32

import numpy as np
import polars as pl

from integrhealth.sample.companies import Company
from integrhealth.sample.journeys.texts import ALL_FAULTS, NO_FAULT
from integrhealth.sample.landscape import SYSTEMS

BATCH = 128
SENDER, RECEIVER = 0, 1
CLIENT, SERVER, PRODUCER, CONSUMER, INTERNAL = 3, 2, 4, 5, 1
TRIES = 8
_HEX = pl.Series([f"{number:04x}" for number in range(65536)])
_SCRAMBLE, _SALT = 2654435761, {"a": 0x5F3759DF, "b": 0x1B873593}


def spans(rows: pl.DataFrame, company: Company) -> pl.DataFrame:
    """One row per span: service, the moment it ended, its JSON, and whether its status is error.

    A message of two instrumented systems is a CLIENT and a SERVER span (PRODUCER and CONSUMER for queues); one to a
    system outside is the sender's span alone; work inside a system is one INTERNAL span.
    """
    rows = rows.with_columns(trace=traces(rows["number"], company.key))
    internal = pl.col("kind") == "internal"
    sender = _half(rows.filter(~internal), SENDER, company)
    receiver = _half(rows.filter(~pl.col("outside")), RECEIVER, company)
    return pl.concat([sender, receiver])


def traces(number: pl.Series, key: str) -> pl.Series:
    """Eight hex digits for each journey number of a company: no two the same, no order to be seen."""
    scrambled = (number.to_numpy().astype(np.uint64) * _SCRAMBLE + _SALT[key]) % 2**32
    high, low = (scrambled >> 16).astype(np.uint32), (scrambled & 0xFFFF).astype(np.uint32)
    return _HEX.gather(high) + _HEX.gather(low)


def span_code(step: int, attempt: int, half: int) -> str:
    """The second half of a span id: the same for the same step of every journey."""
    return f"{crc32(f'{step}/{attempt}/{half}'.encode()):08x}"


def trace_id(trace: str = "trace") -> pl.Expr:
    """32 hex digits from the 8 that are unique to the journey."""
    return pl.concat_str(pl.col(trace), pl.lit("9b1d4e02c7a85f36"), pl.col(trace))


def _codes() -> pl.Series:
    """Span codes by step * 2 * TRIES + attempt * 2 + half."""
    return pl.Series([span_code(c // (2 * TRIES), c // 2 % TRIES, c % 2) for c in range(2 * TRIES * 100)])


_CODES = _codes()


def _code(step: pl.Expr, attempt: pl.Expr, half: int) -> pl.Expr:
    at = (step.cast(pl.Int64) * 2 * TRIES + attempt * 2 + half).cast(pl.UInt32)
    return at.map_batches(lambda positions: _CODES.gather(positions), return_dtype=pl.String)


def _half(rows: pl.DataFrame, half: int, company: Company) -> pl.DataFrame:
    """The spans of one side of the messages."""
    sending = half == SENDER
    internal = pl.col("kind") == "internal"
    queued = pl.col("kind") == "queue"
    step, attempt = pl.col("step"), pl.col("attempt")
    above = step.cast(pl.Int64) - pl.col("position") + pl.col("parent_position")
    parents_receiver = pl.when(pl.col("parent_position") >= 0).then(
        pl.concat_str(pl.col("trace"), _code(above.clip(0), pl.col("parent_attempt"), RECEIVER))
    )
    own_sender = pl.concat_str(pl.col("trace"), _code(step, attempt, SENDER))
    parent = parents_receiver if sending else pl.when(internal).then(parents_receiver).otherwise(own_sender)
    kind = (
        pl.when(queued).then(PRODUCER).otherwise(CLIENT)
        if sending
        else pl.when(internal).then(INTERNAL).when(queued).then(CONSUMER).otherwise(SERVER)
    )
    start, end = ("sent_us", "answered_us") if sending else ("received_us", "finished_us")
    system = pl.col("source" if sending else "target")
    skew = pl.when(system == company.skewed_system).then(company.skew_ms * 1000).otherwise(0)
    # Who detected it says so: a caller that gave up, a publisher outside whose receiver refused, else the receiver.
    error = pl.col("failed") & (~queued | pl.col("outside") if sending else ~pl.col("timed_out"))
    fault = pl.when("timed_out" if sending else ~pl.col("timed_out")).then("fault")
    fault = pl.when(pl.col("outside")).then("fault").otherwise(fault) if sending else fault
    return rows.with_columns(
        service=system.replace_strict({name: row[1] for name, row in SYSTEMS.items()}),
        span_id=pl.concat_str(pl.col("trace"), _code(step, attempt, half)),
        parent_span=parent,
        span_kind=kind,
        start=pl.col(start) + skew,
        end=pl.col(end) + skew,
        error=error,
        told=fault.fill_null(NO_FAULT),
    ).select(
        "service",
        "end",
        "error",
        json=_span_json(half),
    )


def _text(key: str, value: pl.Expr) -> pl.Expr:
    """An attribute of text; null where the value is null."""
    return pl.concat_str(pl.lit(f'{{"key":"{key}","value":{{"stringValue":"'), value, pl.lit('"}}'))


def _int(key: str, value: pl.Expr) -> pl.Expr:
    return pl.concat_str(pl.lit(f'{{"key":"{key}","value":{{"intValue":"'), value.cast(pl.String), pl.lit('"}}'))


def _span_json(half: int) -> pl.Expr:
    sending = half == SENDER
    request, queued = pl.col("kind") == "request", pl.col("kind") == "queue"
    http = pl.col("told").replace_strict(dict(enumerate(f.http for f in ALL_FAULTS)), return_dtype=pl.Int64)
    failed_http = pl.when(pl.col("failed") & (http == 200)).then(500).otherwise(http)
    again = pl.col("attempt") - 1
    attributes = [
        _int("http.response.status_code", pl.when(request & (pl.col("error") | ~pl.col("failed"))).then(failed_http))
    ]
    if sending:
        attributes += [
            _text("peer.service", pl.when("outside").then("target")),
            _text("messaging.system", pl.when(queued).then(pl.lit("rabbitmq"))),
            _text("integration", pl.col("integration")),
            *_business(pl.lit(True)),
            _int("http.request.resend_count", pl.when(request & (again > 0)).then(again)),
            _int("attempt", pl.when(queued & (again > 0)).then(again + 1)),
            pl.when("fallback").then(pl.lit('{"key":"fallback","value":{"boolValue":true}}')),
        ]
    else:
        attributes += _business(pl.col("kind") == "internal")
    code = pl.col("told").replace_strict(dict(enumerate(_escaped(f.code) for f in ALL_FAULTS)), return_dtype=pl.String)
    words = pl.col("told").replace_strict(dict(enumerate(_escaped(f.text) for f in ALL_FAULTS)), return_dtype=pl.String)
    words = words.str.replace("{id}", pl.col("object_id"), literal=True)
    has_told = pl.col("error") & (pl.col("told") != NO_FAULT)
    attributes.append(_text("error.type", pl.when(has_told).then(code)))
    exception = pl.concat_str(
        pl.lit(',"events":[{"timeUnixNano":"'),
        pl.col("end").cast(pl.String),
        pl.lit('000","name":"exception","attributes":['),
        _text("exception.type", code),
        pl.lit(","),
        _text("exception.message", words),
        pl.lit("]}]"),
    )
    return pl.concat_str(
        pl.lit('{"traceId":"'),
        trace_id(),
        pl.lit('","spanId":"'),
        pl.col("span_id"),
        pl.concat_str(pl.lit('","parentSpanId":"'), pl.col("parent_span")).fill_null(""),
        pl.lit('","name":"'),
        pl.col("operation"),
        pl.lit('","kind":'),
        pl.col("span_kind").cast(pl.String),
        pl.lit(',"startTimeUnixNano":"'),
        pl.col("start").cast(pl.String),
        pl.lit('000","endTimeUnixNano":"'),
        pl.col("end").cast(pl.String),
        pl.lit('000","attributes":['),
        pl.concat_str(attributes, separator=",", ignore_nulls=True),
        pl.lit("]"),
        pl.when(has_told).then(exception).otherwise(pl.lit("")),
        pl.when("error").then(pl.lit(',"status":{"code":2}}')).otherwise(pl.lit(',"status":{}}')),
    )


def _business(where: pl.Expr) -> list[pl.Expr]:
    """The attributes that say which business object it is about, and its amount."""
    amount = pl.when(where).then("amount")
    return [
        _text("object_type", pl.when(where).then("object_type")),
        _text("object_id", pl.when(where).then("object_id")),
        pl.concat_str(pl.lit('{"key":"amount","value":{"doubleValue":'), amount.cast(pl.String), pl.lit("}}")),
        _text("currency", pl.when(amount.is_not_null()).then(pl.lit("EUR"))),
    ]


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1]


def lines(spans: pl.DataFrame) -> pl.Series:
    """The spans as export lines: batches of one service, in the order in which they were complete."""
    opening = {
        row[1]: '{"resourceSpans":[{"resource":{"attributes":['
        f'{{"key":"service.name","value":{{"stringValue":"{row[1]}"}}}},'
        f'{{"key":"telemetry.sdk.language","value":{{"stringValue":"{row[2]}"}}}}]}},'
        '"scopeSpans":[{"scope":{"name":"integration-middleware","version":"4.9.1"},"spans":['
        for row in SYSTEMS.values()
    }
    batched = spans.sort("end", "json").with_columns(batch=pl.int_range(pl.len()).over("service") // BATCH)
    return (
        batched.group_by("service", "batch", maintain_order=True)
        .agg(pl.col("json").str.join(","), pl.col("end").max())
        .sort("end", "service")
        .select(pl.concat_str(pl.col("service").replace_strict(opening), pl.col("json"), pl.lit("]}]}]}")))
        .to_series()
    )
