"""The verdict in one word: every rule, the edge just below it, and what nobody knows."""

import polars as pl
import pytest
from drawing.landscapes import healthy

import integrhealth as ih
from integrhealth.analyses.overview.state import owed, state
from integrhealth.language.findings import findings, no_findings
from integrhealth.language.levels import LEVELS
from integrhealth.language.thresholds import STRAINED_CRITICAL

CALM = ("stable",) * 4


def ladder(*verdicts):
    return pl.DataFrame({"level": LEVELS[: len(verdicts)], "verdict": list(verdicts)}, schema_overrides={"level": str})


def critical(count, rule="ill", severity="critical"):
    rows = {"subject": [f"s{n}" for n in range(count)], "severity": severity, "statement": "S.", "ask": "A?"}
    return findings("latency", rule, pl.DataFrame(rows))


def debt(verdict, interest=None):
    return pl.DataFrame({"open_questions": [5], "verdict": [verdict], "yearly_interest": [interest]})


@pytest.mark.parametrize(
    ("verdicts", "found", "owing", "word", "why"),
    [
        (CALM, no_findings(), None, "sound", "Every level is stable."),
        (CALM, critical(STRAINED_CRITICAL - 1), None, "sound", "Every level is stable; 2 findings critical."),
        (CALM, critical(STRAINED_CRITICAL), None, "strained", "3 findings are critical."),
        (CALM, critical(9, severity="warning"), debt("none"), "sound", "Every level is stable."),
        (CALM, no_findings(), debt("debt"), "strained", "5 questions of the audit are open."),
        (CALM, no_findings(), debt("cannot tell"), "sound", "Every level is stable."),
        (("unstable", *CALM[1:]), no_findings(), None, "fragile", "Foundation is not stable."),
        (("absent", "unstable", "stable"), no_findings(), None, "fragile", "Operations is not stable."),
        (("stable", "unstable", "stable"), no_findings(), None, "strained", "Operations is not stable."),
        (
            ("stable", "stable", "house of cards"),
            no_findings(),
            None,
            "fragile",
            "Intelligence is a house of cards.",
        ),
        (("stable", "not enough data"), no_findings(), None, "sound", "What is known is stable."),
        (("not enough data", "stable"), no_findings(), None, "cannot tell", "Too little is known of foundation."),
        (("absent",) * 4, no_findings(), None, "cannot tell", "Nothing says what stands on what."),
        ((), critical(1), None, "cannot tell", "Nothing says what stands on what."),
        ((), critical(3), None, "strained", "3 findings are critical."),
        (CALM, critical(1, "single_point"), None, "fragile", "Nothing replaces s0, and it fails too often."),
        (CALM, critical(2, "single_point", "warning"), None, "sound", "Every level is stable."),
    ],
)
def test_one_word_and_why(verdicts, found, owing, word, why):
    said = state(ladder(*verdicts), found, owing)
    assert (said.word, said.why) == (word, why)


def test_what_shows_it_is_one_click_away():
    assert state(ladder("unstable"), no_findings()).page() == "dependency_fragility.html#rule-unstable_level"
    assert state(ladder(*CALM), critical(3)).page() == "latency.html#rule-ill"
    assert state(ladder(*CALM), no_findings(), debt("debt")).page() == "audit.html"
    assert state(ladder(), no_findings()).page(".ipynb") == "dependency_fragility.ipynb"


def test_a_name_that_does_not_end_is_cut():
    rows = pl.DataFrame({"subject": ["a b " * 50], "severity": "critical", "statement": "S.", "ask": "A?"})
    why = state(ladder(*CALM), findings("dependency_fragility", "single_point", rows)).why
    assert why == "Nothing replaces a b a b…, and it fails too often."


def test_debt_is_one_short_sentence_where_there_is_one():
    assert owed(debt("debt", 1234.5), "EUR") == "Debt: 5 audit questions open, 1,234 EUR a year."
    assert owed(debt("debt")) == "Debt: 5 audit questions open."
    assert owed(debt("none", 9.0)) is None
    assert owed(None) is None


@pytest.mark.parametrize("seed", range(2))
def test_a_healthy_company_is_never_fragile_nor_strained(seed):
    evidence = healthy(seed)
    fragility = ih.dependency_fragility.report(evidence)
    said = state(ih.overview.levels({"dependency_fragility": fragility}), fragility.findings)
    assert said.word in ("sound", "cannot tell")
