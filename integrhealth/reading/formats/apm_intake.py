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
    fields = flattened(body)
    service = fields.get("context.service.name") or fields.get("service.name") or metadata.get("service.name")
    service = service or UNKNOWN_SERVICE
    if kind in ("transaction", "span"):
        return Record(line, (("span", _span(kind, fields, service)),))
    if kind == "metricset":
        return Record(line, tuple(("metric", row) for row in _metrics(body, service)))
    return Record(line, (("sent_log", _log(kind, fields, service)),))


def _span(kind: str, event: Fields, service: str) -> Fields:
    peer, otel = _one(event, PEER), any(name.startswith("otel") for name in event)
    status, code = outcome(event.get("outcome"), _one(event, HTTP), server=kind == "transaction", otel=otel)
    side = span_kind(event.get("otel.span_kind"), kind, event.get("type"), event.get("action"), peer)
    micros = whole(event.get("duration"), times=1000)
    return {
        "trace_id": event.get("trace_id"),
        "span_id": event.get("id"),
        "parent_id": event.get("parent_id") or (event.get("transaction_id") if kind == "span" else None),
        "service": service,
        "peer": peer,
        "operation": event.get("name"),
        "span_kind": side,
        "start": event.get("timestamp"),
        "took_us": None if micros is None else str(micros),
        "status": status,
        "error_code": code,
    }


def _log(kind: str, event: Fields, service: str) -> Fields:
    trace = event.get("trace_id") or event.get("trace.id")
    span = event.get("parent_id") or event.get("transaction_id") or event.get("span.id")
    inside = span or event.get("transaction.id")
    return {
        "time": event.get("timestamp") or event.get("@timestamp"),
        "system": service,
        "level": event.get("log.level") or ("error" if kind == "error" else None),
        "site": event.get("log.logger_name") or event.get("log.logger") or event.get("culprit"),
        "text": _one(event, ("log.message", "message", "exception.message", "exception.type")),
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


def _one(event: Fields, names: tuple[str, ...]) -> Any:
    return next((event[name] for name in names if event.get(name)), None)
