"""Each of the fourteen questions: yes, just below it, no, and what nobody can tell."""

from datetime import UTC, datetime
from itertools import product

import polars as pl
import pytest
from drawing.audit_tables import DAY, all_yes, claims, frame
from drawing.landscapes import healthy

import integrhealth as ih
from integrhealth.analyses.audit.answers import questions
from integrhealth.analyses.audit.answers.answering import TABLE, answers
from integrhealth.analyses.audit.answers.findings import answer_findings
from integrhealth.analyses.audit.answers.notes import answer_notes
from integrhealth.analyses.audit.asked import ASKED
from integrhealth.catalog import Catalog

ORDER = ("yes", "partial", "no")
EARLY = datetime(2025, 6, 1, tzinfo=UTC)
LATE = datetime(2026, 2, 28, 23, tzinfo=UTC)


def with_columns(name: str, **columns: list) -> dict[str, pl.DataFrame]:
    """All yes, but for these columns of one table."""
    tables = all_yes()
    kept = tables[name].to_dict(as_series=False)
    return tables | {name: frame(**(kept | columns))}


def measured(tables: dict[str, pl.DataFrame], number: int, said: pl.DataFrame | None = None) -> str | None:
    table = answers(tables, claims() if said is None else said)
    return table.filter(question=number)["measured"].item()


def test_all_fourteen_are_answered_with_yes():
    table = answers(all_yes(), claims())
    assert table["question"].to_list() == list(range(1, 15))
    assert table["asks"].to_list() == list(ASKED.values())
    assert set(table["counted"]) == {"yes"}
    assert table["claimed"].null_count() == 14
    assert (table["evidence"].list.len() > 0).all()
    assert dict(table.schema) == TABLE


CASES = [
    (1, "audit.five_questions", {"problem_verdict": ["states a problem", "sent back"]}, "partial"),
    (1, "audit.five_questions", {"problem_verdict": ["states a problem", "missing"]}, "no"),
    (2, "messages.delivered", {"last_at": [LATE, datetime(2026, 3, 31, tzinfo=UTC)]}, "partial"),
    (2, "messages.delivered", {"first_at": [LATE] * 2, "last_at": [LATE, datetime(2026, 3, 31, tzinfo=UTC)]}, "yes"),
    (2, "messages.delivered", {"integration": ["a", "x"]}, "partial"),
    (2, "catalog.integrations", {"beneficiary": ["desk", None]}, "no"),
    (3, "accountability.owners", {"backup": ["ann", None]}, "partial"),
    (3, "accountability.owners", {"stale": [True, False]}, "partial"),
    (3, "accountability.owners", {"verdict": ["owned", "team only"]}, "partial"),
    (3, "accountability.owners", {"verdict": ["owned", "never answered"]}, "partial"),
    (3, "accountability.owners", {"verdict": ["owned", "nobody"]}, "no"),
    (4, "accountability.elements", {"verdict": ["two truths"]}, "partial"),
    (4, "accountability.elements", {"verdict": ["cannot tell"]}, "partial"),
    (4, "accountability.elements", {"high": [0.95]}, "yes"),
    (4, "accountability.elements", {"high": [0.949]}, "partial"),
    (4, "accountability.elements", {"owner_kind": ["team"]}, "no"),
    (5, "dependency_fragility.fallbacks", {"age_days": [10, 366]}, "partial"),
    (5, "dependency_fragility.fallbacks", {"age_days": [10, -1]}, "partial"),
    (5, "dependency_fragility.fallbacks", {"age_days": [10, None]}, "partial"),
    (5, "dependency_fragility.outages", {"verdict": ["survive", "stop"]}, "no"),
    (5, "dependency_fragility.outages", {"verdict": ["survive", "cannot tell"]}, "no"),
    (5, "dependency_fragility.outages", {"verdict": ["cannot tell"] * 2}, None),
    (6, "dependency_fragility.coupling", {"failed": [6, 0]}, "partial"),
    (6, "dependency_fragility.coupling", {"failed": [24, 0]}, "no"),
    (6, "dependency_fragility.coupling", {"outages": [2, 2]}, "partial"),
    (6, "dependency_fragility.coupling", {"outages": [2, 2], "failed": [60, 0]}, "no"),
    (6, "dependency_fragility.coupling", {"outages": [0, 0]}, "partial"),
    (7, "latency.capacity", {"tested_error_share": [0.006, None]}, "partial"),
    (7, "latency.capacity", {"tested_multiple": [9.9, 12.0]}, "partial"),
    (7, "latency.capacity", {"tested_multiple": [2.9, None], "at_10x": ["cannot tell"] * 2}, "no"),
    (7, "latency.capacity", {"tested_multiple": [3.0, None], "at_10x": ["cannot tell"] * 2}, "partial"),
    (7, "latency.capacity", {"tested_multiple": [None, None]}, "partial"),
    (7, "latency.capacity", {"tested_multiple": [None, None], "at_10x": ["holds", "breaks"]}, "no"),
    (7, "latency.capacity", {"tested_multiple": [None, None], "at_10x": ["cannot tell"] * 2}, None),
    (8, "reconciliation.trail_whole", {"verdict": ["partial"]}, "partial"),
    (8, "reconciliation.trail_whole", {"verdict": ["gaps"]}, "no"),
    (8, "reconciliation.trail_whole", {"verdict": ["not enough data"]}, None),
    (9, "reconciliation.exceptions", {"verdict": ["ready"] * 4 + ["never exercised"]}, "partial"),
    (9, "reconciliation.exceptions", {"verdict": ["ready"] * 3 + ["not ready", "too few"]}, "partial"),
    (9, "reconciliation.exceptions", {"verdict": ["ready"] * 2 + ["not ready"] * 3}, "no"),
    (9, "reconciliation.exceptions", {"verdict": ["ready"] * 2 + ["never exercised"] * 3}, None),
    (9, "reconciliation.exceptions", {"cases": [0] * 5, "verdict": ["never exercised"] * 5}, None),
    (10, "error_propagation.friction", {"verdict": ["hold", "hold"]}, "partial"),
    (10, "error_propagation.checkpoints", {"bad_approved": [5]}, "no"),
    (10, "error_propagation.checkpoints", {"bad_held": [0], "bad_approved": [0]}, "no"),
    (10, "error_propagation.friction", {"verdict": ["a hold cannot help", "instant"]}, "yes"),
    (10, "error_propagation.friction", {"verdict": ["not enough data"] * 2}, None),
    (11, "report_overload.people", {"needed_minutes": [11.1, 5.0]}, "partial"),
    (11, "report_overload.people", {"needed_minutes": [43.0, 5.0]}, "partial"),
    (11, "report_overload.people", {"needed_minutes": [43.1, 5.0]}, "no"),
    (11, "report_overload.people", {"spent_minutes": [0.0, 0.0]}, "no"),
    (11, "report_overload.people", {"spent_minutes": [None, None]}, None),
    (11, "report_overload.reports", {"statutory": [False, False]}, "partial"),
    (11, "report_overload.reports", {"decisions": [[], []], "statutory": [True, True]}, "partial"),
    (12, "dependency_fragility.levels", {"verdict": ["stable", "unstable", "absent"]}, "partial"),
    (12, "dependency_fragility.levels", {"verdict": ["stable", "not enough data", "absent"]}, "partial"),
    (12, "dependency_fragility.levels", {"verdict": ["unstable", "stable", "absent"]}, "no"),
    (12, "dependency_fragility.levels", {"verdict": ["absent", "stable", "stable"]}, None),
    (12, "dependency_fragility.levels", {"verdict": ["not enough data", "stable", "absent"]}, None),
    (13, "audit.outcomes", {"verdict": ["met", "no change"]}, "partial"),
    (13, "audit.outcomes", {"verdict": ["improving", "cannot tell"]}, "partial"),
    (13, "audit.outcomes", {"metric": ["days", None], "verdict": ["met", "not declared before go-live"]}, "partial"),
    (13, "audit.outcomes", {"verdict": ["not declared before go-live", "cannot tell"]}, "no"),
    (13, "audit.outcomes", {"verdict": ["cannot tell"] * 2}, None),
    (14, "collaboration.pairs", {"congruent": [True, True, False, False]}, "partial"),
    (14, "collaboration.rituals", {"held": [8]}, "partial"),
    (14, "collaboration.joint_kpi", {"points": [None, None]}, "partial"),
]


@pytest.mark.parametrize(("number", "name", "columns", "expected"), CASES)
def test_just_below_a_yes_and_further(number, name, columns, expected):
    tables = with_columns(name, **columns)
    assert measured(tables, number) == expected
    # A rule looks at nothing but what its question is about.
    changed = answers(tables, claims()).filter(pl.col("measured") != "yes")
    assert set(changed["question"]) <= {number}


def test_one_of_three_is_enough_for_half_an_answer_about_teams():
    tables = all_yes()
    for name in ("collaboration.pairs", "collaboration.rituals"):
        del tables[name]
    assert measured(tables, 14) == "partial"
    tables["collaboration.joint_kpi"] = tables["collaboration.joint_kpi"].clear()
    assert measured(tables, 14) is None
    assert measured(with_columns("collaboration.pairs", needed=[False] * 4), 14) == "partial"


@pytest.mark.parametrize("number", range(1, 15))
def test_without_its_tables_a_question_is_claimed_only_or_not_answered(number):
    for tables in ({}, {name: table.clear() for name, table in all_yes().items()}):
        table = answers(tables, claims((number, "yes", "coo", DAY)))
        of = {row["question"]: row for row in table.rows(named=True)}
        assert of[number]["counted"] == "claimed only"
        assert of[number]["measured"] is of[number]["n"] is None
        assert (of[number]["claimed_by"], of[number]["claimed_on"]) == ("coo", DAY)
        assert {row["counted"] for each, row in of.items() if each != number} == {"no answer"}
        assert of[number]["why"]


MEASURES = {
    "yes": {"verdict": ["full"]},
    "partial": {"verdict": ["partial"]},
    "no": {"verdict": ["gaps"]},
    None: {"verdict": ["not enough data"]},
}


@pytest.mark.parametrize(("claimed", "seen"), list(product([*ORDER, "unknown", None], MEASURES)))
def test_the_worse_of_the_two_counts(claimed, seen):
    said = claims() if claimed is None else claims((8, claimed, "coo", DAY))
    row = answers(with_columns("reconciliation.trail_whole", **MEASURES[seen]), said).row(7, named=True)
    assert (row["claimed"], row["measured"]) == (claimed, seen)
    given = [word for word in (claimed, seen) if word in ORDER]
    expected = "no answer" if not given else "claimed only" if seen is None else max(given, key=ORDER.index)
    assert row["counted"] == expected


def test_of_several_claims_the_latest_holds_and_of_one_day_the_worst():
    said = claims(
        (8, "no", "cio", date_of(1)),
        (8, "yes", "coo", date_of(3)),
        (8, "partial", "cfo", date_of(3)),
        (8, "no", "long ago", None),
        (9, "yes", "coo", date_of(2)),
        (99, "no", "coo", date_of(2)),
    )
    for rows in (said, said.reverse(), pl.concat([said, said])):
        table = answers(all_yes(), rows)
        assert table.height == 14
        assert table.row(7, named=True)["claimed_by"] == "cfo"
        assert table["counted"].to_list()[7:9] == ["partial", "yes"]


def date_of(day: int):
    return DAY.replace(day=day)


@pytest.mark.parametrize(
    ("number", "name", "columns"),
    [
        (1, "audit.five_questions", {"problem_verdict": ["missing"] * 2}),
        (2, "catalog.integrations", {"beneficiary": [None, None]}),
        (13, "audit.outcomes", {"metric": [None] * 2, "verdict": ["not declared before go-live"] * 2}),
        (4, "accountability.elements", {"origin": [None], "record": [None], "owner": [None], "owner_kind": [None]}),
    ],
)
def test_a_catalog_that_says_nothing_contradicts_a_claim_and_nothing_else(number, name, columns):
    tables = with_columns(name, **columns)
    assert measured(tables, number) is None
    assert measured(tables, number, claims((number, "yes", "cio", DAY))) == "no"
    assert measured(tables, number, claims((number, "unknown", "cio", DAY))) is None


def test_the_evidence_names_the_table_and_the_number_that_decided():
    table = with_columns("reconciliation.trail_whole", verdict=["partial"], joint=[0.98391], messages=[60_684])
    row = answers(table, claims()).row(7, named=True)
    assert row["evidence"] == ["reconciliation.trail_whole: joint 98.39% of 60,684"]
    assert (row["n"], row["report"], row["table"]) == (60_684, "reconciliation", "trail_whole")


def test_an_owner_that_nobody_was_asked_for_is_no_answer():
    tables = with_columns("accountability.owners", verdict=["nobody"] * 2, named_by=[None, None])
    assert measured(tables, 3) == "no"
    del tables["catalog.integrations"]
    assert measured(tables, 3) is None


@pytest.mark.parametrize("seed", [4, 7])
def test_healthy_companies_have_no_debt_to_tell_of(seed):
    evidence = healthy(seed)
    table, debt = questions.answers(evidence), questions.debt(evidence)
    assert table.height == 14
    assert debt["verdict"].item() != "debt"
    assert answer_findings(table, debt).is_empty()


def test_nothing_read_is_nothing_answered():
    evidence = ih.Evidence()
    tables = [asked(evidence) for asked in (questions.answers, questions.interest, questions.debt)]
    assert [table.height for table in tables] == [0, 0, 0]
    assert answer_findings(tables[0], tables[2]).is_empty()
    assert answer_notes(*tables).keys() == {"answers", "interest", "debt"}
    claimed = evidence.replace(catalog=Catalog(audit=claims((1, "yes", "coo", DAY))))
    assert questions.answers(claimed)["counted"].to_list() == ["claimed only"] + ["no answer"] * 13
    debt = questions.debt(claimed).row(0, named=True)
    assert (debt["verdict"], debt["open_questions"], debt["unanswered"]) == ("cannot tell", 0, 13)
    assert debt["yearly_interest"] is debt["band"] is debt["period_days"] is None
