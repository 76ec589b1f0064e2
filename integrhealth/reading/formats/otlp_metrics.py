"""OTLP metric points. A record is a data point; a histogram or a summary is several rows.

``metric`` is the series, ``name{route="/a"}`` with its attributes sorted, the one that names its process among them
(``service.instance.id``, else ``k8s.pod.name``, else ``host.name``): every process counts for itself.
``statistic`` is null for a gauge and for a sum that can fall; "cumulative" for a sum that only grows, as it stands,
with its resets counted; "delta" for an increase since the point before. Histograms and summaries: "count", "sum",
"min", "max", "bucket le=5" (all up to 5), "quantile 0.99"; "delta count" and so on where they begin anew with each
point.
NaN and infinity are not numbers, and neither is a point that says it has no value: passed over, and counted.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate
from typing import Any

from integrhealth.reading.account.parsed import Parsed
from integrhealth.reading.formats.otlp_signals import Place, Signal, attributes, read_signal, time_fault
from integrhealth.reading.metrics.series import resets_note, series_text
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, text
from integrhealth.reading.spans.tracefile import UNKNOWN_SERVICE

KINDS = {kind: kind for kind in ("gauge", "sum", "histogram", "exponentialHistogram", "summary")}
# What they were called until version 0.7, as CloudWatch's metric streams write them: one kind for each type of number.
KINDS |= {"intGauge": "gauge", "doubleGauge": "gauge", "intSum": "sum", "doubleSum": "sum"}
KINDS |= {"intHistogram": "histogram", "doubleHistogram": "histogram", "doubleSummary": "summary"}
DELTA = ("1", "AGGREGATION_TEMPORALITY_DELTA")
NO_RECORDED_VALUE = 1
VALUELESS = "points without a number (NaN, infinite, or said to have none) were passed over"
MISFIT = "histograms whose buckets do not fit their bounds give their count and sum only"

Statistics = list[tuple[str | None, Any]]


def metrics(documents: Iterator[tuple[int | None, Any]], log_file: str) -> Parsed:
    """The metric points of the documents."""
    part = read_signal(documents, SIGNAL, "otlp_metrics", log_file)
    passed = [f"{VALUELESS}: {part.passed:,}"] if part.passed else []
    return replace(part, warnings=(*part.warnings, *passed, *resets_note(part.rows)))


def _metric(metric: dict[str, Any], place: Place) -> Iterator[Found]:
    written = next((name for name in KINDS if isinstance(metric.get(name), dict)), None)
    name = metric.get("name")
    if written is None or not isinstance(name, str) or not name:
        yield Refused(place.line, "no_metric" if written else "no_points", metric)
        return
    data = metric[written]
    points = data.get("dataPoints")
    for point in points if isinstance(points, list) else []:
        if not isinstance(point, dict):
            yield Refused(place.line, "wrong_type", point)
        elif fault := time_fault(point.get("timeUnixNano")):
            yield Refused(place.line, fault, {"name": name} | point)
        else:
            if point.get("bucketCounts") and not _fits(point):
                yield Note(MISFIT)
            kind = KINDS[written]
            # The old points of a number leave out a 0.
            whole = {"asDouble": point.get("value", 0)} | point if written.startswith(("int", "double")) else point
            yield _point(whole, metric, data, kind, place)


def _point(point: dict[str, Any], metric: dict[str, Any], data: dict[str, Any], kind: str, place: Place) -> Found:
    try:
        statistics = _statistics(point, data, kind)
        numbers = [(statistic, float(value)) for statistic, value in statistics]
    except (TypeError, ValueError):
        return Refused(place.line, "bad_value", {"name": metric["name"]} | point)
    if not statistics and not _without_value(point):
        return Refused(place.line, "no_value", {"name": metric["name"]} | point)
    shared: Fields = {
        "time": point["timeUnixNano"],
        "system": place.service or UNKNOWN_SERVICE,
        "metric": series_text(metric["name"], place.process | _labels(point)),
    }
    unit = text(metric.get("unit")) or None
    rows = [
        ("point", shared | {"statistic": statistic, "value": number, "unit": None if _is_count(statistic) else unit})
        for statistic, number in numbers
        if math.isfinite(number)
    ]
    return Record(place.line, tuple(rows))


def _statistics(point: dict[str, Any], data: dict[str, Any], kind: str) -> Statistics:
    """What a point says, by statistic. Raises TypeError and ValueError for what is not a number."""
    if _without_value(point):
        return []
    delta = str(data.get("aggregationTemporality")) in DELTA
    if kind in ("gauge", "sum"):
        value = point.get("asInt", point.get("asDouble"))
        grows = kind == "sum" and data.get("isMonotonic") in (True, "true")
        return (
            [] if value is None else [("delta" if delta and kind == "sum" else "cumulative" if grows else None, value)]
        )
    statistics = [(name, point[name]) for name in ("count", "sum", "min", "max") if point.get(name) is not None]
    if kind == "summary":
        # A quantile or a value of 0 may be left out.
        pairs = [(pair.get("quantile", 0), pair.get("value", 0)) for pair in point.get("quantileValues") or []]
        return statistics + [(f"quantile {float(quantile):g}", value) for quantile, value in pairs]
    if kind == "histogram" and point.get("bucketCounts") and _fits(point):
        bounds = [*(f"{float(bound):g}" for bound in point.get("explicitBounds") or []), "+Inf"]
        totals = accumulate(int(count) for count in point["bucketCounts"])
        statistics += [(f"bucket le={bound}", total) for bound, total in zip(bounds, totals, strict=True)]
    return [(f"delta {name}", value) for name, value in statistics] if delta else statistics


def _labels(point: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a point, or its labels, which were plain text until version 0.7."""
    pairs = point.get("labels")
    labels = [pair for pair in pairs if isinstance(pair, dict)] if isinstance(pairs, list) else []
    texts = {pair["key"]: pair.get("value") for pair in labels if isinstance(pair.get("key"), str)}
    return texts | attributes(point.get("attributes"))


def _fits(point: dict[str, Any]) -> bool:
    """Whether a histogram has one bucket more than it has bounds, the last of which has no end."""
    return len(point["bucketCounts"]) == len(point.get("explicitBounds") or []) + 1


def _is_count(statistic: str | None) -> bool:
    return "count" in (statistic or "") or "bucket" in (statistic or "")


def _without_value(point: dict[str, Any]) -> bool:
    return str(point.get("flags", "0")).isdecimal() and bool(int(str(point.get("flags", "0"))) & NO_RECORDED_VALUE)


SIGNAL = Signal("resourceMetrics", ("scopeMetrics", "instrumentationLibraryMetrics"), "metrics", _metric)
