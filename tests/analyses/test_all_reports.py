"""All reports at once: which there are, in which order, and that each has the tables it publishes."""

from integrhealth import analyses
from integrhealth.evidence import Evidence

READ_FIRST = [
    "error_propagation",
    "latency",
    "dependency_fragility",
    "report_overload",
    "accountability",
    "reconciliation",
    "collaboration",
    "audit",
]


def test_all_reports_are_those_that_the_overview_reads_each_with_the_columns_it_publishes():
    reports = analyses.all_reports(Evidence())
    assert list(reports) == READ_FIRST
    assert [*READ_FIRST, "overview"] == list(analyses.REPORTS)
    assert analyses.OVERVIEW == "overview"
    for name, report in reports.items():
        for table, columns in analyses.published_tables(name).items():
            assert report.tables[table].columns[: len(columns)] == list(columns)
