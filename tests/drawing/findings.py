"""Findings as the tests compare them: one row, every column."""

from typing import Any

import polars as pl
import pytest


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
