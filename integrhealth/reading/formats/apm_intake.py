"""What an Elastic APM agent sends: one event per line, durations in milliseconds, times in microseconds since 1970."""

from collections.abc import Mapping
from typing import Any

from integrhealth.reading.json.values import field, flattened
from integrhealth.reading.metrics.series import series_text
from integrhealth.reading.records.nested import Fields, Found, Record, Refused
from integrhealth.reading.spans.elastic_apm import outcome, span_kind, whole
from integrhealth.reading.spans.tracefile import UNKNOWN_SERVICE

KINDS = ("transaction", "span", "error", "log", "metricset")
PEER = (
    *("context.destination.service.resource", "context.service.target.name", "context.service.target.type"),
    *("context.destination.address",),
)
HTTP = ("context.response.status_code", "context.http.status_code", "context.http.response.status_code")


def sent(event: Mapping[str, Any], metadata: Fields, line: int | None) -> Found:
    """An event that an agent sent, of the service that its metadata name unless it names another."""
    ((kind, body),) = event.items()
    if not isinstance(body, dict):
        return Refused(line, "not_an_object", event)
    told = flattened(body)
    service = told.get("context.service.name") or told.get("service.name") or metadata.get("service.name")
    service = service or UNKNOWN_SERVICE
    if kind in ("transaction", "span"):
        return Record(line, (("span", _span(kind, told, service)),))
    if kind == "metricset":
        return Record(line, tuple(("metric", row) for row in _metrics(body, service)))
    return Record(line, (("sent_log", _log(kind, told, service)),))


def _span(kind: str, told: Fields, service: str) -> Fields:
    peer, otel = _one(told, PEER), any(name.startswith("otel") for name in told)
    status, code = outcome(told.get("outcome"), _one(told, HTTP), server=kind == "transaction", otel=otel)
    side = span_kind(told.get("otel.span_kind"), kind, told.get("type"), told.get("action"), peer)
    micros = whole(told.get("duration"), times=1000)
    return {
        "trace_id": told.get("trace_id"),
        "span_id": told.get("id"),
        "parent_id": told.get("parent_id") or (told.get("transaction_id") if kind == "span" else None),
        "service": service,
        "peer": peer,
        "operation": told.get("name"),
        "span_kind": side,
        "start": told.get("timestamp"),
        "took_us": None if micros is None else str(micros),
        "status": status,
        "error_code": code,
    }


def _log(kind: str, told: Fields, service: str) -> Fields:
    trace = told.get("trace_id") or told.get("trace.id")
    inside = told.get("parent_id") or told.get("transaction_id") or told.get("span.id") or told.get("transaction.id")
    return {
        "time": told.get("timestamp") or told.get("@timestamp"),
        "system": service,
        "level": told.get("log.level") or ("error" if kind == "error" else None),
        "site": told.get("log.logger_name") or told.get("log.logger") or told.get("culprit"),
        "text": _one(told, ("log.message", "message", "exception.message", "exception.type")),
        "trace_id": trace,
        "parent_id": f"{trace}:{inside}" if trace and inside else inside,
    }


def _metrics(body: Fields, service: str) -> list[Fields]:
    tags, samples = body.get("tags"), body.get("samples")
    labels = tags if isinstance(tags, dict) else {}
    return [
        {
            "time": body.get("timestamp"),
            "system": service,
            "metric": series_text(name, labels),
            "unit": field(sample, "unit"),
            "value": field(sample, "value"),
        }
        for name, sample in (samples.items() if isinstance(samples, dict) else ())
        if field(sample, "value") is not None
    ]


def _one(told: Fields, names: tuple[str, ...]) -> Any:
    return next((told[name] for name in names if told.get(name)), None)
