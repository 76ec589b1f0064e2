"""A report shows itself on one screen, says what tables there are, and publishes whole tables."""

import polars as pl
import pytest

from integrhealth.errors import MissingColumns, UnknownName
from integrhealth.language.findings import findings, no_findings
from integrhealth.language.report_tables import Report, Tables, published_report
from integrhealth.language.schema import COUNT, TEXT

INTERFACE = {"systems": {"system": TEXT, "messages": COUNT}, "edges": {"source": TEXT, "target": TEXT}}
SYSTEMS = pl.DataFrame({"messages": [3, 4], "more": [1.5, 2.5], "system": ["erp", "wms"]})
WARNING = findings(
    "latency", "slow", pl.DataFrame({"subject": ["erp"], "severity": ["warning"], "statement": ["."], "ask": ["?"]})
)


def test_a_report_has_all_its_tables_with_published_columns_first():
    report = published_report("latency", INTERFACE, {"systems": SYSTEMS, "extra": SYSTEMS}, no_findings())
    assert list(report.tables) == ["systems", "edges", "extra"]
    assert report.tables["systems"].columns == ["system", "messages", "more"]
    assert report.tables["edges"].schema == {"source": TEXT, "target": TEXT}
    assert report.tables["edges"].is_empty()


def test_a_table_without_a_published_column_is_refused():
    with pytest.raises(MissingColumns, match=r"latency\.systems lacks the columns \['system'\]"):
        published_report("latency", INTERFACE, {"systems": SYSTEMS.drop("system")}, no_findings())


def test_asking_for_another_table_names_those_that_there_are():
    report = published_report("latency", INTERFACE, {"systems": SYSTEMS}, no_findings())
    with pytest.raises(UnknownName, match="unknown table 'system'; there are: edges, systems"):
        report.tables["system"]
    assert report.tables.get("system") is None
    assert "system" not in report.tables


def test_a_report_shows_itself_on_one_screen():
    many = {f"table_{number}": SYSTEMS for number in range(20)}
    report = published_report("latency", INTERFACE, many | {"systems": SYSTEMS}, WARNING, missing="needs messages")
    shown = repr(report)
    assert shown.splitlines()[0] == "Report latency: 1 warning finding; needs messages"
    assert len(shown.splitlines()) == 23
    assert max(map(len, shown.splitlines())) <= 80
    assert "2 rows" in shown
    assert repr(Report("latency", Tables(), no_findings())) == "Report latency: no findings"


def test_a_report_shows_itself_in_a_notebook_with_text_of_logs_as_text():
    report = Report("latency", Tables({"<b>": SYSTEMS}), no_findings(), missing="<script>alert(1)</script>\x1b[31m")
    shown = report._repr_html_()
    assert "<script" not in shown
    assert "<b>" not in shown
    assert "\x1b" not in shown
    assert "&lt;b&gt;" in shown
