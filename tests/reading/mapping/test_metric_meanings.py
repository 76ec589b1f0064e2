"""What a mapping says that metrics mean: checked, written beside the samples, and answered from in a report."""

import polars as pl
import pytest

import integrhealth as ih
from integrhealth.errors import FaultyFile

SCRAPES = """\
# TYPE orders_processed_total counter
# TYPE order_took histogram
"""


def folder(tmp_path, mapping):
    lines = [SCRAPES]
    for minute in range(10):
        at = 1_772_409_600_000 + minute * 60_000
        for outcome, count in {"success": 100 * minute, "failure": 5 * minute}.items():
            lines.append(f'orders_processed_total{{job="erp",outcome="{outcome}"}} {count} {at}\n')
        for le, count in {"50": 60 * minute, "200": 100 * minute, "+Inf": 105 * minute}.items():
            lines.append(f'order_took_bucket{{job="erp",le="{le}"}} {count} {at}\n')
        lines.append(f'order_took_count{{job="erp"}} {105 * minute} {at}\n')
        lines.append(f'orders_waiting{{job="erp"}} {minute} {at}\n')
    (tmp_path / "erp.prom").write_text("".join(lines), encoding="utf-8")
    (tmp_path / "mapping.yaml").write_text(mapping, encoding="utf-8")
    return tmp_path


def test_metrics_of_ones_own_are_answered_from(tmp_path):
    mapping = "metrics: {orders_processed_total: requests, order_took: duration_ms, orders_waiting: depth}\n"
    evidence = ih.read(folder(tmp_path, mapping))
    meant = evidence.metrics.select(pl.col("metric").str.extract(r"^([^{]*)"), "meaning").unique().sort("metric")
    assert meant.rows() == [
        ("order_took", "duration_ms"),
        ("orders_processed_total", "requests"),
        ("orders_waiting", "depth"),
    ]
    (row,) = ih.latency.integrations(evidence).rows(named=True)
    assert (row["integration"], row["messages"], row["failed"], row["measured_by"]) == ("erp", 945, 45, "metrics")
    assert (row["p50_ms"], row["p95_low_ms"], row["p95_ms"]) == (50, 50, 200)
    assert not evidence.warnings or all("metrics." not in warning for warning in evidence.warnings)


def test_without_the_mapping_nobody_knows_what_they_count(tmp_path):
    assert ih.latency.integrations(ih.read(folder(tmp_path, ""))).is_empty()


def test_the_parts_of_a_histogram_that_nothing_declares_have_its_meaning(tmp_path):
    where = folder(tmp_path, "metrics: {order_took: duration_ms}\n")
    text = (where / "erp.prom").read_text(encoding="utf-8").removeprefix(SCRAPES)
    (where / "erp.prom").write_text(text, encoding="utf-8")
    (row,) = ih.latency.integrations(ih.read(where)).rows(named=True)
    assert (row["messages"], row["p95_ms"]) == (945, 200)


def test_a_meaning_that_no_metric_has_is_said(tmp_path):
    evidence = ih.read(folder(tmp_path, "metrics: {order_total: requests}\n"))
    assert any("metrics.order_total: no metric is called so" in warning for warning in evidence.warnings)


@pytest.mark.parametrize(
    ("mapping", "place", "remedy"),
    [
        ("metrics: {a_total: request}", "metrics.a_total", "did you mean 'requests'?"),
        ("metrics: {a_total: [requests]}", "metrics.a_total", "use one of: requests"),
        ("metrics: [a_total]", "metrics", "write name: meaning"),
        ("metrics: {'a_total{code=\"200\"}': requests}", "metrics.a_total", "write a_total: requests"),
        ("metric: {a_total: requests}", "metric", "did you mean 'metrics'?"),
    ],
)
def test_a_fault_names_file_place_and_remedy(tmp_path, mapping, place, remedy):
    with pytest.raises(FaultyFile) as error:
        ih.read(folder(tmp_path, mapping))
    assert "mapping.yaml" in str(error.value)
    assert place in str(error.value)
    assert remedy in str(error.value)
