"""What is said of companies in which nothing is wrong: hardly anything."""

from functools import cache

import polars as pl
import pytest
from drawing.companies import calls, drawn_company
from drawing.findings import all_findings
from drawing.landscapes import healthy

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


@pytest.mark.parametrize("seed", range(0, 30, 5))
def test_the_healthy_companies_have_what_companies_have_and_keep_every_promise(seed):
    evidence, company = healthy(seed), drawn_company(seed)
    messages = evidence.messages
    assert evidence.rejected.is_empty()
    assert 9_000 <= messages.height <= 25_000
    assert 8 <= len(company.systems) <= 20
    assert 15 <= messages["integration"].n_unique() <= 45
    assert {"request", "queue"} <= set(messages["kind"]) <= {"request", "queue", "batch", "file"}
    technical = pl.col("status").is_in(["failed", "timeout"])
    assert 0 < messages.select(technical.mean()).item() < 0.003
    for flow in company.flows:
        assert sum(each.fails for each in calls(flow.call) if not each.retries) < 0.00401
        assert max(each.fails for each in calls(flow.call)) <= 0.003
    declined = messages.filter(operation="authorize payment")
    assert 0.01 < declined.select((pl.col("status") == "rejected").mean()).item() < 0.07
    changed = evidence.field_changes.filter(pl.col("actor").is_not_null()).group_by("element", "entity").len()
    orders = changed.filter(pl.col("element") == "quantity")
    assert 0.001 < orders.select((pl.col("len") > 1).mean()).item() < 0.05
