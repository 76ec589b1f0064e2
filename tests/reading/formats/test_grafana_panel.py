"""Panels of Grafana as CSV: every value a row of metrics, whatever unit stands behind it; other tables are none."""

import gzip
from datetime import UTC, datetime

import pytest
from drawing.shared_data import shared_data

import integrhealth as ih
from integrhealth.reading.formats import grafana_panel
from integrhealth.reading.table.files import head_of

WIDE = '"Time","up{instance=""a:1"", job=""api""}","{__name__=""up"", job=""web""}"\n'


@pytest.fixture
def read(tmp_path):
    def reading(text, name="panel.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        assert grafana_panel.recognises(head_of(path))
        (parsed,) = grafana_panel.read(path, name)
        assert parsed.rows_in == parsed.rows_out + parsed.rejected.height
        return parsed

    return reading


def test_a_column_per_series_becomes_a_row_per_value():
    evidence = ih.read(shared_data("cases", "D7", "panel.csv"))
    assert evidence.metrics.select("time", "system", "metric", "value").sort("time", "system").rows() == [
        (datetime(2024, 5, 1, 10, 0, tzinfo=UTC), "api", "api_requests", 10.0),
        (datetime(2024, 5, 1, 10, 0, tzinfo=UTC), "web", "api_requests", 20.0),
        (datetime(2024, 5, 1, 10, 1, tzinfo=UTC), "api", "api_requests", 11.0),
        (datetime(2024, 5, 1, 10, 1, tzinfo=UTC), "web", "api_requests", 21.0),
    ]


@pytest.mark.parametrize("before", ["", "sep=,\n", "\ufeff", "\ufeffsep=,\r\n"])
def test_names_may_stand_among_the_labels_and_excel_may_have_its_line(read, before):
    parsed = read(before + WIDE + "1704067200000,1,0\n1704067215000,1,1\n")
    assert parsed.rows.select("system", "metric", "value").rows() == [
        ("api", 'up{instance="a:1"}', 1.0),
        ("web", "up", 0.0),
        ("api", 'up{instance="a:1"}', 1.0),
        ("web", "up", 1.0),
    ]
    assert parsed.rows["time"][0] == datetime(2024, 1, 1, tzinfo=UTC)


def test_a_missing_value_is_nothing_and_a_row_of_none_says_nothing(read):
    parsed = read(WIDE + "2024-05-01 10:00:00,1,\n2024-05-01 10:01:00,NaN,undefined\n2024-05-01 10:02:00,,2\n")
    assert parsed.rows.select("log_line", "value").rows() == [(2, 1.0), (4, 2.0)]
    assert (parsed.rows_in, parsed.passed) == (3, 1)


def test_a_bad_row_costs_itself(read):
    parsed = read(
        WIDE + "2024-05-01 10:00:00,1,2\nyesterday,1,2\n2024-05-01 10:01:00,1\n2024-05-01 10:02:00,much,more\n"
    )
    assert parsed.rows.height == 2
    assert parsed.rejected.select("line", "reason").rows() == [
        (3, "bad_time:time"),
        (4, "too_few_fields"),
        (5, "bad_number:value"),
    ]


def test_one_bad_value_leaves_the_others_of_its_row_and_is_said(read):
    parsed = read(WIDE + "2024-05-01 10:00:00,much,2\n")
    assert parsed.rows["value"].to_list() == [2.0]
    assert any("bad_number:value" in warning for warning in parsed.warnings)


@pytest.mark.parametrize(
    ("cell", "value", "unit"),
    [
        ("10 ms", 0.01, "seconds"),
        ("1.50 s", 1.5, "seconds"),
        ("2 mins", 120.0, "seconds"),
        ("250 µs", 0.00025, "seconds"),
        ("1.2 K", 1200.0, None),
        ("3 Mil", 3e6, None),
        ("3.4%", 3.4, "percent"),
        ("2 GiB", 2 * 1024**3, "bytes"),
        ("5 kB", 5000.0, "bytes"),
        ('"1,721,992,142.283"', 1721992142.283, None),
        ("-3", -3.0, None),
        ("1e3", 1000.0, None),
    ],
)
def test_values_that_the_panel_formatted_are_read_back(read, cell, value, unit):
    (row,) = read(WIDE + f"2024-05-01 10:00:00,{cell},\n").rows.select("value", "unit").rows()
    assert row == (pytest.approx(value), unit)


@pytest.mark.parametrize("cell", ["5 furlongs", "1.2.3", "inf", "1 K 2"])
def test_a_value_in_a_unit_that_nobody_knows_is_refused(read, cell):
    parsed = read(WIDE + f"2024-05-01 10:00:00,{cell},\n")
    assert parsed.rejected["reason"].to_list() == ["bad_number:value"]


def test_a_row_per_value_has_the_name_of_its_series(read):
    head = '"Series";"Time";"Value"\n'
    parsed = read(
        head + '"[[tag_host]]";"2018-12-12T12:00:00+11:00";1,721.5\nup{job="api"};2018-12-12T02:00:00Z;null\n'
    )
    assert parsed.rows.select("time", "system", "metric", "value").rows() == [
        (datetime(2018, 12, 12, 1, tzinfo=UTC), "[[tag_host]]", "[[tag_host]]", 1721.5)
    ]
    assert parsed.passed == 1


def test_a_series_without_a_name_keeps_its_labels(read):
    parsed = read('Time,"{job=""api""}"\n2024-05-01 10:00:00,1\n')
    assert parsed.rows.select("system", "metric").rows() == [("api", '{job="api"}')]


def test_a_packed_panel_that_breaks_off_keeps_its_rows(read):
    rows = "".join(f"2024-05-01 10:{minute:02}:00,{minute},2\n" for minute in range(60))
    parsed = read(gzip.compress((WIDE + rows).encode())[:-12], "panel.csv.gz")
    assert parsed.rows.height
    assert parsed.rejected["reason"].to_list() == ["truncated_gzip"]


def test_a_panel_without_rows_is_empty(read):
    assert read(WIDE).rows.is_empty()


@pytest.mark.parametrize(
    "text",
    [
        "Time,amount,tax\n2024-05-01,10,2\n",
        "time,system,metric,value\n2024-05-01,api,up,1\n",
        'Order,"up{job=""api""}"\n1,2\n',
        'Time,"up{job=""api""}",note\n2024-05-01,1,late\n',
        "Series,Time,Value,Note\na,2024-05-01,1,x\n",
        "Time\n2024-05-01\n",
        '{"Time": 1}\n',
        "",
    ],
)
def test_other_tables_are_not_taken(tmp_path, text):
    (tmp_path / "table.csv").write_text(text)
    assert not grafana_panel.recognises(head_of(tmp_path / "table.csv"))
