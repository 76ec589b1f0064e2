"""What is said of companies in which nothing is wrong, and of such with one fault: quiet there, the culprit here."""

from functools import cache

import polars as pl
import pytest
from drawing.findings import all_findings
from drawing.landscapes import healthy
from drawing.planted import FAULTS, planted

from integrhealth.analyses import overview

SEEDS = range(30)
# At most one warning in two healthy companies.
MOST_WARNINGS = len(SEEDS) // 2


@cache
def said_of_the_healthy() -> pl.DataFrame:
    """All findings in all healthy companies, each with its seed."""
    return pl.concat([all_findings(healthy(seed)).with_columns(seed=pl.lit(seed)) for seed in SEEDS])


def by_rule(findings: pl.DataFrame) -> str:
    """How many of each severity every rule said, the loudest first, and one example of each."""
    counts = {level: (pl.col("severity") == level).sum() for level in ("critical", "warning", "note")}
    table = (
        findings.sort(pl.col("severity").replace_strict({"critical": 0, "warning": 1, "note": 2}), maintain_order=True)
        .group_by("report", "rule", maintain_order=True)
        .agg(
            **counts,
            companies=pl.col("seed").filter(pl.col("severity") != "note").n_unique(),
            example=pl.format("seed {}, {}: {}", "seed", "severity", "statement").first(),
        )
        .sort("critical", "warning", "note", descending=True)
    )
    with pl.Config(tbl_rows=-1, tbl_cols=-1, fmt_str_lengths=200, tbl_width_chars=320, tbl_hide_dataframe_shape=True):
        return str(table)


def test_healthy_companies_draw_at_most_one_warning_in_two_and_nothing_critical():
    findings = said_of_the_healthy()
    warnings, critical = (findings.filter(pl.col("severity") == level) for level in ("warning", "critical"))
    assert critical.is_empty(), by_rule(findings)
    assert warnings.height <= MOST_WARNINGS, by_rule(findings)


@pytest.mark.parametrize("seed", [100, 101, 102])
@pytest.mark.parametrize("fault", FAULTS)
def test_the_top_finding_names_the_one_fault_that_was_planted(fault, seed):
    fault_there = planted(fault, seed)
    findings = all_findings(fault_there.evidence)
    said = findings.select("rule", "subject", "severity", "statement").rows()
    rule, subject, severity, _ = said[0]
    assert subject in fault_there.names.get(rule, ()), said[:6]
    assert severity != "note"
    page = overview.worst(findings).select("rule", "subject").rows()
    assert fault_there.must in [rule for rule, subject in page if subject in fault_there.names.get(rule, ())], page
