"""Findings, and the tables that they judge, written out whole, so that a test asserts every column."""

from typing import Any

import polars as pl
import pytest

from integrhealth.analyses import all_reports, overview
from integrhealth.evidence import Evidence
from integrhealth.language.report_tables import FINDING


def only_finding(report: Any, rule: str) -> dict[str, Any]:
    """The only finding of RULE, whole."""
    rows = report.findings.filter(pl.col("rule") == rule)
    assert rows.height == 1, report.findings.select("rule", "subject", "statement").rows()
    return rows.row(0, named=True)


def whole(**row: Any) -> dict[str, Any]:
    """A finding to compare with: numbers approximately, what is not named null."""
    absent = dict.fromkeys(("low", "high", "cost", "owner", "threshold"))
    return {key: pytest.approx(value) if isinstance(value, float) else value for key, value in (absent | row).items()}


def rules(report: Any) -> set[str]:
    """The rules of all findings."""
    return set(report.findings["rule"])


def table(schema: dict, *rows: dict) -> pl.DataFrame:
    """A frame of SCHEMA with these rows; what a row does not say is null."""
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def finding(rule: str, subject: str, **columns: object) -> dict:
    """A whole finding of error propagation; what COLUMNS does not say is null."""
    assert columns.keys() <= FINDING.keys()
    return dict.fromkeys(FINDING) | {"report": "error_propagation", "rule": rule, "subject": subject} | columns


def all_findings(evidence: Evidence) -> pl.DataFrame:
    """The findings of all reports on EVIDENCE, ranked as the front page ranks them."""
    return overview.report(all_reports(evidence)).findings
