"""OTLP logs and metrics: every real file, mixed files whose records count once, and what is no record."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih

NS = 1_700_000_000_000_000_000
AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def resource(service, scopes, *content):
    named = [{"key": "service.name", "value": {"stringValue": service}}] if service else []
    return [{"resource": {"attributes": named}, scopes: list(content)}]


def logs(*records, service="shop"):
    return {"resourceLogs": resource(service, "scopeLogs", {"scope": {"name": "cart"}, "logRecords": list(records)})}


def metrics(*each, service="shop"):
    return {"resourceMetrics": resource(service, "scopeMetrics", {"metrics": list(each)})}


def spans(*each):
    return {"resourceSpans": resource("shop", "scopeSpans", {"spans": list(each)})}


def point(**fields):
    return {"timeUnixNano": str(NS)} | fields


def gauge(*points, **fields):
    return {"name": "load", "gauge": {"dataPoints": list(points)}} | fields


def written(folder: Path, *documents):
    path = folder / "signals.jsonl"
    path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in documents) + "\n")
    found = ih.read(path)
    account = found.sources
    assert (account["rows_in"] == account["rows_out"] + account["rows_rejected"]).all()
    return found


def account(found):
    return {frame: counts for frame, *counts in found.sources.select("frame", "rows_in", "rows_rejected").rows()}


@pytest.mark.parametrize(
    ("name", "frame", "records", "rows"),
    [
        ("duckdbotlp_logs_document.json", "logs", 1, 1),
        ("duckdbotlp_logs_nulls.jsonl", "logs", 3, 3),
        ("duckdbotlp_logs_simple.jsonl", "logs", 3, 3),
        ("duckdbotlp_ts_boundary_logs.jsonl", "logs", 1, 1),
        ("otlp2parquet_log.json", "logs", 1, 1),
        ("proto_logs.json", "logs", 1, 1),
        ("proto_events.json", "logs", 1, 1),
        # 5 points: 1 + 1 + (count, sum, 5 buckets) + (count, sum, min, max) + (count, sum, 2 quantiles)
        ("duckdbotlp_metrics_all_types.jsonl", "metrics", 5, 17),
        ("duckdbotlp_metrics_nulls.jsonl", "metrics", 3, 4),
        ("duckdbotlp_metrics_optional_fields.jsonl", "metrics", 3, 5),
        ("duckdbotlp_metrics_simple.jsonl", "metrics", 3, 9),
        ("duckdbotlp_metrics_temporality_strings.jsonl", "metrics", 1, 1),
        ("otlp2parquet_metrics_exponential_histogram.jsonl", "metrics", 2, 8),
        ("otlp2parquet_metrics_gauge.jsonl", "metrics", 3, 3),
        ("otlp2parquet_metrics_histogram.jsonl", "metrics", 3, 29),
        ("otlp2parquet_metrics_mixed.json", "metrics", 3, 11),
        ("otlp2parquet_metrics_sum.jsonl", "metrics", 4, 4),
        ("otlp2parquet_metrics_summary.jsonl", "metrics", 2, 16),
        ("proto_metrics.json", "metrics", 4, 12),
    ],
)
def test_every_record_of_a_real_file_is_read(name, frame, records, rows):
    found = ih.read(shared_data("formats", "otlp", name))
    assert account(found) == {frame: [records, 0]}
    assert getattr(found, frame).height == rows


def test_a_time_past_64_bits_is_rejected_and_the_last_that_fits_is_kept():
    over = ih.read(shared_data("formats", "otlp", "duckdbotlp_ts_overflow_logs.jsonl"))
    assert account(over) == {"logs": [1, 1]}
    assert over.rejected["reason"].to_list() == ["time_out_of_range"]
    last = ih.read(shared_data("formats", "otlp", "duckdbotlp_ts_boundary_logs.jsonl")).logs
    assert last["time"].to_list() == [datetime(2262, 4, 11, 23, 47, 16, 854775, tzinfo=UTC)]


def test_a_real_log_record_with_ids_in_base64():
    (row,) = ih.read(shared_data("formats", "otlp", "otlp2parquet_log.json")).logs.to_dicts()
    assert (row["system"], row["level"], row["site"]) == ("frontend-proxy", "INFO", None)
    # base64 nXmxo38xgBzRGmcG+0DWvQ== and V1JoRpA7sT4=
    assert row["trace_id"] == "9d79b1a37f31801cd11a6706fb40d6bd"
    assert row["parent_id"] == "9d79b1a37f31801cd11a6706fb40d6bd:57526846903bb13e"


def test_a_log_record_fills_its_columns(tmp_path):
    body = {"kvlistValue": {"values": [{"key": "order", "value": {"intValue": "7"}}]}}
    records = [
        {"timeUnixNano": NS, "severityNumber": "SEVERITY_NUMBER_WARN2", "body": body},
        {"timeUnixNano": "0", "observedTimeUnixNano": str(NS), "severityText": "Notice", "severityNumber": 0},
        {"observedTimeUnixNano": str(NS), "severityNumber": "21", "traceId": "0" * 32, "spanId": "AB" * 8},
    ]
    found = written(tmp_path, logs(*records))
    columns = ("time", "system", "level", "site", "text", "trace_id", "parent_id", "log_line")
    assert found.logs.select(columns).rows() == [
        (AT, "shop", "WARN", "cart", '{"order": "7"}', None, None, 1),
        (AT, "shop", "Notice", "cart", None, None, None, 1),
        (AT, "shop", "FATAL", "cart", None, None, "ab" * 8, 1),
    ]


def test_sums_tell_increases_from_totals_and_a_total_that_falls_is_a_reset(tmp_path):
    def total(value, temporality, monotonic, later=0):
        data = {"aggregationTemporality": temporality, "isMonotonic": monotonic}
        return {"name": "orders", "sum": data | {"dataPoints": [point(asInt=value, timeUnixNano=str(NS + later))]}}

    cumulative, delta = "AGGREGATION_TEMPORALITY_CUMULATIVE", 1
    each = [
        total("9", cumulative, True),
        total("4", 2, True, later=60_000_000_000),
        total("5", 2, True, later=120_000_000_000),
        total("6", 2, True, later=180_000_000_000),
        total("-3", 2, False),
        total("2", delta, True),
    ]
    found = written(tmp_path, metrics(*each))
    assert sorted(found.metrics.select("statistic", "value").rows(), key=str) == sorted(
        [("cumulative", 9), ("cumulative", 4), ("cumulative", 5), ("cumulative", 6), (None, -3), ("delta", 2)], key=str
    )
    assert any(note.endswith("resets; the value is as it stands): 1") for note in found.warnings)


def test_histograms_and_summaries_say_all_they_know(tmp_path):
    counted = {"count": "3", "sum": 6.5, "min": 1, "bucketCounts": ["1", "2"], "explicitBounds": [5]}
    delta = {
        "name": "took",
        "unit": "ms",
        "histogram": {"aggregationTemporality": "1", "dataPoints": [point(**counted)]},
    }
    quantiles = [{"value": 1.5}, {"quantile": 0.99, "value": 4}]
    summary = {"name": "size", "unit": "By", "summary": {"dataPoints": [point(count=2, quantileValues=quantiles)]}}
    found = written(tmp_path, metrics(delta, summary))
    assert found.metrics.select("metric", "statistic", "unit", "value").rows() == [
        ("took", "delta count", None, 3),
        ("took", "delta sum", "ms", 6.5),
        ("took", "delta min", "ms", 1),
        ("took", "delta bucket le=5", None, 1),
        ("took", "delta bucket le=+Inf", None, 3),
        ("size", "count", None, 2),
        ("size", "quantile 0", "By", 1.5),
        ("size", "quantile 0.99", "By", 4),
    ]
    assert account(found) == {"metrics": [2, 0]}


def test_attributes_stand_in_the_metric_so_that_points_are_no_copies(tmp_path):
    def at(path):
        return point(asDouble=1, attributes=[{"key": "path", "value": {"stringValue": path}}])

    for name, paths in {"one": ("/a", '/b"'), "two": ("/c", "/a")}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(metrics(gauge(*map(at, paths)))), encoding="utf-8")
    found = ih.read(tmp_path)
    assert found.metrics["metric"].to_list() == ['load{path="/a"}', 'load{path="/b\\""}', 'load{path="/c"}']
    assert found.sources["duplicates"].to_list() == [0, 1]


def test_processes_of_a_service_are_series_of_their_own(tmp_path):
    def counted(value, **attributes):
        total = {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [point(asInt=value)]}
        document = metrics({"name": "orders", "sum": total})
        shared = document["resourceMetrics"][0]["resource"]["attributes"]
        shared += [{"key": key, "value": {"stringValue": word}} for key, word in attributes.items()]
        return document

    pods = [
        {"k8s.pod.name": "a", "service.instance.id": "1", "host.name": "h"},
        {"k8s.pod.name": "b"},
        {"host.name": "h"},
        {},
    ]
    found = written(tmp_path, *(counted(value, **pod) for value, pod in enumerate(pods)))
    assert found.metrics.sort("value")["metric"].to_list() == [
        'orders{service.instance.id="1"}',
        'orders{k8s.pod.name="b"}',
        'orders{host.name="h"}',
        "orders",
    ]


def test_no_number_is_passed_over_and_a_wrong_one_rejected(tmp_path):
    points = [
        point(asDouble="NaN"),
        point(asDouble="-Infinity"),
        point(flags=1),
        point(asDouble="much"),
        point(),
        point(asDouble=1, timeUnixNano="0"),
        point(asDouble=1, timeUnixNano="noon"),
        point(asDouble=2),
        7,
    ]
    found = written(tmp_path, metrics(gauge(*points), {"name": "x"}, gauge(point(asInt=1), name="")))
    assert found.metrics["value"].to_list() == [2]
    assert account(found) == {"metrics": [11, 7]}
    reasons = ["bad_time", "bad_value", "no_metric", "no_points", "no_time", "no_value", "wrong_type"]
    assert found.rejected["reason"].sort().to_list() == reasons
    assert any(note.endswith("were passed over: 3") for note in found.warnings)


def test_in_a_mixed_file_every_record_counts_in_one_frame(tmp_path):
    one_span = {"traceId": "a" * 32, "spanId": "b" * 16, "name": "x", "kind": 1, "startTimeUnixNano": str(NS)}
    both = spans(one_span | {"spanId": "c" * 16}) | logs({"timeUnixNano": str(NS + 9_000)})
    mixed = [
        spans(one_span),
        logs({"timeUnixNano": str(NS)}, {"timeUnixNano": None}),
        "garbage",
        metrics(gauge(point(asInt=1))),
        both,
        {"resourceLogs": "none"},
    ]
    found = written(tmp_path, *mixed)
    assert account(found) == {"messages": [3, 1], "logs": [4, 2], "metrics": [1, 0]}
    assert found.logs["log_line"].to_list() == [2, 5]
    assert found.rejected.select("line", "reason").rows()[0] == (2, "no_time")
    # Without spans the line that is not JSON counts with the logs.
    assert account(written(tmp_path, *mixed[1:3])) == {"logs": [3, 2]}


def test_records_of_nobody_are_said(tmp_path):
    found = written(tmp_path, logs({"timeUnixNano": str(NS)}, service=None))
    assert found.logs["system"].to_list() == ["unknown_service"]
    assert any(note.endswith("logRecords of resources that name no service: 1") for note in found.warnings)
