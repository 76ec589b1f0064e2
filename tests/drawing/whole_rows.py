"""Rows written out whole, so that a test asserts every column: of tables that findings judge, and of findings."""

import polars as pl

from integrhealth.language.report_tables import FINDING


def table(schema: dict, *rows: dict) -> pl.DataFrame:
    """A frame of SCHEMA with these rows; what a row does not say is null."""
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def finding(rule: str, subject: str, **columns: object) -> dict:
    """A whole finding of error propagation; what COLUMNS does not say is null."""
    assert columns.keys() <= FINDING.keys()
    return dict.fromkeys(FINDING) | {"report": "error_propagation", "rule": rule, "subject": subject} | columns
