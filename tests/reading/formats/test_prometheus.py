"""Prometheus text and OpenMetrics: real dumps counted by hand, and every odd way of writing a sample."""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.reading.account.parsed import Head
from integrhealth.reading.formats import prometheus

WRITTEN = datetime(2026, 3, 2, 12, tzinfo=UTC)


def parsed(tmp_path: Path, text: str | bytes, name: str = "shop.prom"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.utime(path, (WRITTEN.timestamp(), WRITTEN.timestamp()))
    found = prometheus.read(path, name)[0]
    assert found.rows_in == found.rows.height + found.passed + found.rejected.height
    return found


def told(part, *columns: str):
    return part.rows.select(columns or ("system", "metric", "statistic", "unit", "value")).rows()


def since(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("name", "samples"),
    [
        ("1histogram.om.txt", 42),
        ("alltypes.5mfs.om.txt", 53),
        ("metrics-test.prom", 27),
        ("dump-test-1.prom", 15),
        ("dump-openmetrics-test.prom", 10),
    ],
)
def test_every_sample_of_a_real_file_is_a_row_with_its_value(name, samples):
    path = shared_data("formats", "prometheus", name)
    logs = ih.read(path)
    assert logs.sources.select("format", "frame", "rows_in", "rows_out", "rows_rejected", "duplicates").rows() == [
        ("prometheus", "metrics", samples, samples, 0, 0)
    ]
    for line, value in logs.metrics.select("log_line", "value").rows():
        written = path.read_text().splitlines()[line - 1].split(" # ")[0]
        assert value == float(re.sub(r"^[^{ ]*({.*})?", "", written).split()[0])


def test_dumps_are_in_milliseconds_and_openmetrics_in_seconds():
    for name in ("dump-test-1.prom", "dump-openmetrics-test.prom"):
        rows = ih.read(shared_data("formats", "prometheus", name)).metrics
        assert rows["time"].unique().sort().to_list() == [since(60 * minute) for minute in range(5)]
    assert rows["metric"].unique().sort().to_list() == [
        'my_counter{baz="abc",foo="bar"}',
        'my_gauge{abc="baz",bar="foo"}',
    ]


def test_a_list_of_series_without_samples_is_none_of_this():
    path = shared_data("formats", "prometheus", "dump-series-1.prom")
    assert not prometheus.recognises(Head(path, path.read_bytes()))


def test_what_a_histogram_a_summary_and_a_counter_say(tmp_path):
    part = parsed(
        tmp_path,
        """# HELP took_seconds How long
# TYPE took_seconds histogram
took_seconds_bucket{path="/a",le="0.5"} 2
took_seconds_bucket{path="/a",le="+Inf"} 3
took_seconds_sum{path="/a"} 1.5
took_seconds_count{path="/a"} 3
# TYPE load_ratio gauge
load_ratio 0.25
# TYPE size summary
# UNIT size bytes
size{quantile="0.99"} 7
# TYPE orders counter
orders_total{path="/b"} 4 # {trace_id="abc"} 1.0
orders_created{path="/b"} 1000
# EOF
""",
    )
    assert told(part) == [
        ("shop", 'took_seconds{path="/a"}', "bucket le=0.5", None, 2),
        ("shop", 'took_seconds{path="/a"}', "bucket le=+Inf", None, 3),
        ("shop", 'took_seconds{path="/a"}', "sum", "seconds", 1.5),
        ("shop", 'took_seconds{path="/a"}', "count", None, 3),
        ("shop", "load_ratio", None, "ratio", 0.25),
        ("shop", "size", "quantile 0.99", "bytes", 7),
        ("shop", 'orders_total{path="/b"}', "cumulative", None, 4),
        ("shop", 'orders{path="/b"}', "created", "seconds", 1000),
    ]
    assert part.rows["time"].unique().to_list() == [WRITTEN]
    assert "last written, 2026-03-02T12:00:00Z: 8" in part.warnings[1]


def test_the_system_is_the_job_then_the_service_then_the_instance(tmp_path):
    part = parsed(
        tmp_path,
        'up{instance="h:1",service="s",job="j"} 1 5\nup{instance="h:1",service="s"} 1 5\nup{instance="h:1"} 1 5\n'
        'up{job="",a=",job=\\"x\\""} 1 5\n',
    )
    assert told(part, "system", "metric") == [
        ("j", 'up{instance="h:1",service="s"}'),
        ("s", 'up{instance="h:1"}'),
        ("h:1", "up"),
        ("shop", 'up{a=",job=\\"x\\"",job=""}'),
    ]
    assert part.warnings[0] == "the system of a sample is its label job (1), service (1), instance (1)"


def test_odd_but_right_ways_of_writing(tmp_path):
    part = parsed(
        tmp_path,
        'a { x = "1" , } 1\n'
        'b{x="}{#\\\\\\"\\n"} 2 60000\n'
        '{"my.metric","my label"="v"} 3\n'
        '{__name__="c", x="1"}\t4\t60000\r\n'
        "  d   +5e0   60000  \n"
        'e{x="ä # {y}"} 6\n'
        "f{} 7\n"
        "# a comment\n\n",
    )
    assert part.rejected.is_empty()
    assert told(part, "metric", "value", "log_line") == [
        ('a{x="1"}', 1, 1),
        ('b{x="}{#\\\\\\"\\n"}', 2, 2),
        ('my.metric{"my label"="v"}', 3, 3),
        ('c{x="1"}', 4, 4),
        ("d", 5, 5),
        ('e{x="ä # {y}"}', 6, 6),
        ("f", 7, 7),
    ]
    assert part.rows["time"].to_list() == [WRITTEN, since(60), WRITTEN, since(60), since(60), WRITTEN, WRITTEN]


def test_no_number_is_no_value_and_bad_lines_cost_themselves(tmp_path):
    part = parsed(
        tmp_path,
        b'a{x="1"} 1\na NaN\na +Inf 5\nb{x="1} 2\nb{x="1",x="2"} 3\nb 1,5\nb 1e400\nb 1 noon\nnothing\n'
        b'{x="1"} 4\nb{ 5\nb} 6\n9b 7\nb{x=1} 8\n\xff 9\nb 10 99999999999999999999\nb 11\n',
    )
    assert told(part, "metric", "value", "log_line") == [('a{x="1"}', 1, 1), ("b", 11, 17)]
    assert part.passed == 2
    assert part.rejected.select("line", "reason").rows() == [
        (4, "bad_labels"),
        (5, "repeated_label"),
        (6, "bad_value"),
        (7, "bad_value"),
        (8, "bad_time"),
        (9, "bad_value"),
        (10, "no_metric"),
        (11, "no_sample"),
        (12, "no_sample"),
        (13, "no_sample"),
        (14, "bad_labels"),
        (15, "bad_utf8: invalid start byte"),
        (16, "bad_time"),
    ]
    assert any(note.endswith("passed over: 2") for note in part.warnings)


def test_a_cut_file_and_two_scrapes_in_one_are_said(tmp_path):
    part = parsed(tmp_path, 'a{x="1"} 1 1.5\na{x="2"} 1\na{x="2"} 2\n')
    assert part.rows["time"][0] == since(1.5)
    assert "samples without a time that repeat a series of this file: 1; keep one scrape to a file" in part.warnings
    assert part.warnings[-1].startswith("OpenMetrics ends with '# EOF'")


def test_samples_that_differ_in_one_label_or_time_only_are_no_copies_of_those_in_another_file(tmp_path):
    for name, text in {
        "a": 'a{path="/a"} 1 5\na{path="/b"} 1 5\na{path="/a"} 1 6\n',
        "b": 'a{path="/b"} 1 6\na{path="/a"} 1 5\n',
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "shop.prom").write_text(text)
    logs = ih.read(tmp_path)
    assert logs.metrics.height == 4
    assert logs.sources["duplicates"].to_list() == [0, 1]


@pytest.mark.parametrize("text", ["orders 5\nusers 7\n", "a,b\n1,2\n", '{"a": 1}\n', "level=info msg=x\n", ""])
def test_other_files_are_left_alone(tmp_path, text):
    assert not prometheus.recognises(Head(tmp_path / "x", text.encode()))


@pytest.mark.parametrize("text", [f"a{' ' * 20_000}!\n", f"{'a' * 20_000}!\n", "a{" * 10_000, '{"' * 10_000])
def test_a_strange_line_takes_no_time(tmp_path, text):
    assert not prometheus.recognises(Head(tmp_path / "x", text.encode()))


def test_many_blocks_know_the_types_of_those_before(tmp_path, monkeypatch):
    lines = "".join(f'took_sum{{path="/{number}"}} {number}\n' for number in range(2_000))
    monkeypatch.setattr("integrhealth.reading.files.opened.line_blocks.__kwdefaults__", {"block_bytes": 1_000})
    part = parsed(tmp_path, f"# TYPE took histogram\n{lines}")
    assert part.rows["statistic"].unique().to_list() == ["sum"]
    assert part.rows["value"].sum() == sum(range(2_000))
    assert part.rows["log_line"].equals(pl.Series("log_line", range(2, 2_002)))
