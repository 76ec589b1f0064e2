"""What a finding is, how severe, in which order it is told, who is asked, and what changed since the last run."""

import numpy as np
import polars as pl
import pytest

from integrhealth.catalog import CATALOG
from integrhealth.language.findings import (
    changes,
    findings,
    integration_owners,
    no_findings,
    ranked,
    severity,
    system_owners,
    written,
)
from integrhealth.language.report_tables import FINDING


def found(rule: str, *subjects: str, report: str = "a", severity: str = "critical", **columns: object) -> pl.DataFrame:
    rows = [{"subject": s, "severity": severity, "statement": "It is.", "ask": "Why?"} | columns for s in subjects]
    return findings(report, rule, pl.DataFrame(rows))


def test_a_finding_has_every_column_and_what_it_does_not_say_is_null():
    row = {"subject": "erp", "severity": "note", "statement": "It is.", "ask": "Why?", "n": 3}
    expected = dict.fromkeys(FINDING) | row | {"report": "latency", "rule": "slow"}
    told = findings("latency", "slow", pl.DataFrame(row | {"other": 1}))
    assert told.row(0, named=True) == expected
    assert told.schema == no_findings().schema


def test_a_text_of_500_characters_is_whole_and_one_more_is_cut():
    kept, cut = found("slow", "x" * 500, "x" * 501)["subject"]
    assert kept == "x" * 500
    assert len(cut) == 500
    assert cut != kept


def severities(warning, critical=None):
    rows = pl.DataFrame(
        {"w": warning, "c": critical or [None] * len(warning)}, schema={"w": pl.Float64, "c": pl.Float64}
    )
    judged = severity(warning=pl.col("w"), critical=pl.col("c")) if critical else severity(warning=pl.col("w"))
    return rows.select(judged.alias("severity"))["severity"].to_list()


def test_one_subject_is_judged_by_its_whole_interval():
    # The 2.5% that a 95% interval leaves out on its side.
    assert severities([0.025], [0.025]) == ["critical"]
    assert severities([0.025], [0.0251]) == ["warning"]
    assert severities([0.0251], [0.5]) == ["note"]
    assert severities([0.02]) == ["warning"]
    assert severities([None], [None]) == ["note"]


def test_of_many_subjects_the_level_holds_for_all_of_them_together():
    # The smallest of four has to be below 2.5% / 4, the next below 2.5% / 3, then 2.5% / 2.
    assert severities([0.0126, 0.006, 0.9, 0.008]) == ["note", "warning", "note", "warning"]
    assert severities([0.0125, 0.006, 0.9, 0.008]) == ["warning", "warning", "note", "warning"]
    # Where the smallest fails, none may follow; what was not tested counts for nothing.
    assert severities([0.007, 0.01, 0.9, 0.9]) == ["note"] * 4
    assert severities([0.007, 0.01, 0.9, None]) == ["warning", "warning", "note", "note"]


def test_healthy_subjects_are_warned_of_in_at_most_one_family_of_forty():
    # 4,000 families of 20 subjects that lie exactly at their threshold: 2.5% of 4,000 are 100, give or take 10.
    chances = np.random.default_rng(3).uniform(size=(4000, 20))
    warned = sum("warning" in severities(list(family)) for family in chances)
    assert 70 <= warned <= 130


def test_the_owner_of_a_system_is_the_first_that_is_said_else_its_team():
    rows = [
        {"system": "erp"},
        {"system": "erp", "team": "core"},
        {"system": "erp", "owner": "eve"},
        {"system": "bank", "owner": "bo", "team": "money"},
        {"owner": "nobody's"},
    ]
    owners = system_owners(pl.DataFrame(rows, schema=CATALOG["systems"]))
    assert owners.rows() == [("erp", "core"), ("bank", "bo")]


def test_the_owner_of_an_integration_is_the_first_that_is_said():
    rows = [
        {"integration": "orders"},
        {"integration": "orders", "owner": "ann"},
        {"integration": "orders", "owner": "bob"},
        {"integration": "returns"},
    ]
    owners = integration_owners(pl.DataFrame(rows, schema=CATALOG["integrations"]))
    assert owners.rows() == [("orders", "ann")]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1,000"),
        (1007, "1,007"),
        (999_999, "999,999"),
        (1_000_000, "1,000,000"),
        (1_002_003, "1,002,003"),
        (42_050_999, "42,050,999"),
    ],
)
def test_counts_are_written_as_people_do(count, text):
    assert pl.select(written(pl.lit(count))).item() == text


def test_findings_are_ranked_by_severity_then_cost_then_reach_then_name():
    frames = [
        found("noted", "x", severity="note", n=999, cost=9.0),
        found("warned", "x", severity="warning", n=999),
        found("unknown", "x", n=None),
        found("without", "y", "x", n=1),
        found("without", "z", n=1, report="0"),
        found("wide", "x", n=99),
        found("cheap", "x", n=1, cost=0.5),
        found("dear", "x", n=0, cost=5.0),
    ]
    assert ranked(frames).select("rule", "subject").rows() == [
        ("dear", "x"),
        ("cheap", "x"),
        ("wide", "x"),
        ("without", "z"),
        ("without", "x"),
        ("without", "y"),
        ("unknown", "x"),
        ("warned", "x"),
        ("noted", "x"),
    ]
    assert ranked([]).equals(no_findings())


def test_the_same_finding_has_the_same_report_rule_and_subject():
    before = pl.concat([found("slow", "x", "y"), found("failing", "y")])
    now = pl.concat([found("slow", "z", "y", severity="note"), found("slow", "y", report="b"), found("slow", "z")])
    told = changes(now, before).rows()
    assert told == [
        ("a", "failing", "y", "gone"),
        ("a", "slow", "x", "gone"),
        ("a", "slow", "z", "new"),
        ("b", "slow", "y", "new"),
        ("a", "slow", "y", "open"),
    ]
    assert changes(no_findings(), no_findings()).is_empty()
