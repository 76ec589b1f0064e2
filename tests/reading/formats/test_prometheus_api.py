"""Answers of Prometheus to queries: a real outage counted by hand, and what an answer can be besides."""

import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.reading.account.parsed import Head
from integrhealth.reading.formats import prometheus_api

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parsed(tmp_path, text):
    path = tmp_path / "orders.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text, indent=1))
    os.utime(path, (0, 0))
    found = prometheus_api.read(path, path.name)[0]
    assert found.rows_in == found.rows.height + found.passed + found.rejected.height
    return found


def test_a_real_outage_comes_out_sample_by_sample():
    path = shared_data("formats", "prometheus", "queryrange_up_201907281200.json")
    logs = ih.read(path)
    series = json.loads(path.read_text())
    expected = sorted(
        (
            datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=round(at * 1000)),
            each["metric"]["job"],
            float(value),
        )
        for each in series
        for at, value in each["values"]
    )
    assert sorted(logs.metrics.select("time", "system", "value").rows()) == expected
    assert logs.metrics.filter(value=0).height == 373
    assert logs.metrics["metric"].n_unique() == len(series)
    assert logs.sources.select("format", "rows_in", "rows_out", "duplicates").rows() == [
        ("prometheus_api", 6839, 6839, 0)
    ]


def test_a_vector_a_scalar_and_a_result_without_a_name(tmp_path):
    vector = {
        "status": "success",
        "warnings": ["partial"],
        "data": {
            "resultType": "vector",
            "result": [
                {"metric": {"__name__": "up", "job": 'a"b', "my.label": "\\x"}, "value": [1.5, "1"]},
                {"metric": {"instance": "h"}, "value": [2, "NaN"]},
                {"metric": {"instance": "h"}, "value": [2, "2.5"]},
            ],
        },
    }
    scalar = {"status": "success", "data": {"resultType": "scalar", "result": [3, "7"]}}
    part = parsed(tmp_path, f"{json.dumps(vector)}\n{json.dumps(scalar)}\n")
    assert part.rows.select("system", "metric", "value", "log_line").rows() == [
        ('a"b', 'up{"my.label"="\\\\x"}', 1, 1),
        ("h", "orders", 2.5, 1),
        ("orders", "orders", 7, 2),
    ]
    assert part.rows["time"].dt.timestamp("ms").to_list() == [1500, 2000, 3000]
    assert part.passed == 1
    assert "Prometheus says: partial" in part.warnings
    assert "results without a name are called after the file, orders" in part.warnings


def test_a_failed_query_and_bad_samples_are_rejected_with_their_reason(tmp_path):
    failed = {"status": "error", "errorType": "timeout", "error": "query timed out"}
    part = parsed(tmp_path, failed)
    assert part.rejected["reason"].to_list() == ["query_failed: timeout: query timed out"]
    part = parsed(
        tmp_path,
        [
            {"metric": {"__name__": "up"}, "values": [[1, "1"], [2, "x"], [3], ["noon", "1"], None]},
            {"metric": {"__name__": "t"}, "histograms": [[1, {"count": "2", "sum": "3"}]]},
            {"values": [[1, "1"]]},
            7,
        ],
    )
    assert part.rows["value"].to_list() == [1]
    assert part.rejected.select("line", "reason").rows() == [
        (2, "bad_value"),
        (3, "no_sample"),
        (4, "bad_time"),
        (5, "no_sample"),
        (6, "native_histogram"),
        (7, "no_series"),
        (8, "no_series"),
    ]
    assert parsed(tmp_path, {"data": 5}).rejected["reason"].to_list() == ["no_result"]
    assert parsed(tmp_path, '[{"metric": {}').rejected.height == 1
    assert parsed(tmp_path, '{"data": 5}\n{"data\n').rejected["raw"].to_list() == ['{"data": "5"}', '{"data']


@pytest.mark.parametrize(
    ("start", "known"),
    [
        (b'{"status":"success","data":{"resultType":"matrix","result":[]}}', True),
        (b'{"status":"error","errorType":"bad_data","error":"x"}', True),
        (b'[{"metric": {"a": "b"}, "values": [[1, "1"]]}]', True),
        (b'{"status":"success","data":[{"__name__":"up"}]}', False),
        (b'{"status":"error","error":"x"}', False),
        (b'a,"metric": {,"value": [', False),
    ],
)
def test_what_is_recognised(tmp_path, start, known):
    assert prometheus_api.recognises(Head(tmp_path / "x", start)) is known
