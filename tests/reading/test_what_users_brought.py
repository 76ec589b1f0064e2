"""Small inputs made after what users met elsewhere: what each is taken for, and the value that others got wrong."""

from datetime import UTC, datetime

import polars as pl
import pytest
from drawing.shared_data import shared_data

import integrhealth as ih


@pytest.mark.parametrize(
    ("case", "format", "frame", "columns", "expected"),
    [
        ("B07", "otlp", "messages", "source target status", ["svc-a svc-b failed"]),
        ("B08", "console_spans", "messages", "source target status", ["svc-a svc-b failed"]),
        ("B11", "skywalking", "messages", "source status", ["user ok", "shop failed"]),
        ("B12c", "elasticsearch", "logs", "system level", ["orders None", "orders ERROR"]),
        ("B13a", "app_insights", "messages", "source target status", ["user shop-web ok", "shop-web sql1 failed"]),
        ("B14a", "aws_cloudwatch_logs", "logs", "system level", ["orders ERROR", "insights None"]),
        ("B14b", "aws_cloudwatch_logs", "logs", "system level", ["orders ERROR", "orders None"]),
        ("B16b", "nginx_json", "messages", "attempt status", ["1 failed", "2 ok", "1 timeout", "1 rejected"]),
        ("B18", "elasticsearch", "logs", "system level text", ["orders error db down", "orders info started"]),
        (
            "B20",
            "airflow",
            "messages",
            "operation status",
            ["extract ok", "load failed", "publish pending", "notify skipped"],
        ),
        ("B32b", "loki", "logs", "system level text", ["orders error boom", "orders error boom2", "web None ok"]),
        ("D5", "otlp", "messages", "source target kind status", ["orders billing queue failed"]),
    ],
)
def test_what_a_file_is_taken_for(case, format, frame, columns, expected):
    evidence = ih.read(shared_data("cases", case))
    assert evidence.sources["format"].unique().to_list() == [format]
    rows = getattr(evidence, frame).sort("log_line", maintain_order=True).select(columns.split()).rows()
    assert [" ".join(map(str, row)) for row in rows] == expected
    assert evidence.rejected.is_empty()


def test_runs_of_a_workflow_that_was_started_again_have_the_times_of_that_attempt():
    messages = ih.read(shared_data("cases", "B24")).messages.sort("log_line")
    assert messages["status"].to_list() == ["ok", "failed", "cancelled", "pending", "timeout"]
    again = messages.filter(pl.col("attempt") == 2)
    assert again["sent_at"].to_list() == [datetime(2022, 2, 26, 12, 0, tzinfo=UTC)]
    assert (again["finished_at"] - again["sent_at"]).dt.total_seconds().to_list() == [60]


def test_a_time_in_american_order_is_read_by_the_one_that_shows_it():
    messages = ih.read(shared_data("cases", "B13b")).messages
    assert messages["sent_at"].min() == datetime(2024, 3, 8, 14, 21, 50, 180_000, tzinfo=UTC)


def test_lines_that_differ_in_what_is_not_mapped_are_different_lines():
    sources = ih.read(shared_data("cases", "D11")).sources
    assert sources.select("rows_in", "rows", "duplicates").rows() == [(40, 40, 0)]


def test_a_call_that_names_its_partner_in_any_way_is_no_failure_of_the_caller():
    messages = ih.read(shared_data("cases", "D13")).messages
    assert messages.filter(pl.col("source") == pl.col("target")).is_empty()
    assert messages["target"].to_list().count("pay.example.com") == 3
    assert "unknown (asked by orders)" in messages["target"].to_list()


def test_what_a_retry_saved_is_not_named_as_the_cause():
    evidence = ih.read(shared_data("cases", "B29x"))
    cascades = ih.error_propagation.cascades(evidence)
    assert set(cascades.filter(pl.col("messages") > 1)["root_system"]) == {"payments"}
    caused = ih.error_propagation.edges(evidence).filter(pl.col("caused_per_error") > 0)
    assert caused["target"].to_list() == ["payments"]
    findings = ih.error_propagation.report(evidence).findings
    multiplied = findings.filter(pl.col("rule") == "integration_multiplies")
    assert multiplied["subject"].to_list() == ["orders > payments"]


def test_a_panel_of_series_side_by_side_is_a_sample_per_value():
    metrics = ih.read(shared_data("cases", "D7")).metrics.sort("time", "system")
    assert metrics.select("system", "value").rows() == [("api", 10.0), ("web", 20.0), ("api", 11.0), ("web", 21.0)]
