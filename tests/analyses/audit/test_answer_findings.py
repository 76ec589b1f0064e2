"""What the audit tells: the debt, claims that the data contradict, and the pictures of both."""

import pytest
from drawing.audit_tables import DAY, all_yes, claims, frame

from integrhealth.analyses.audit.answers.answering import answers
from integrhealth.analyses.audit.answers.debt import debt
from integrhealth.analyses.audit.answers.findings import answer_findings
from integrhealth.analyses.audit.answers.interest import INTEREST, interest
from integrhealth.analyses.audit.charts.answers import audit_chart, interest_chart

OPEN = {
    "reconciliation.trail_whole": frame(verdict=["partial"], joint=[0.95], messages=[100], missing=["who"]),
    "dependency_fragility.levels": frame(level=["foundation"], verdict=["unstable"], integrations=[2]),
    "reconciliation.exceptions": frame(type=["return"], cases=[30], verdict=["not ready"]),
}
MONEY = {
    "error_propagation.friction": frame(integration=["a"], verdict=["hold"], net=[1234.5], bad_entries=[20]),
    "error_propagation.checkpoints": frame(integration=["a"], bad_held=[5], bad_approved=[0]),
}


def told(tables: dict, said, *, days: float = 365.25):
    table = answers(tables, said)
    nothing = frame(integration=["a"], document=[None]).cast({"document": str})
    priced = {name: tables[name] for name in ("error_propagation.friction",) if tables.get(name) is MONEY[name]}
    cost = interest(priced, nothing, period_days=days, currency="EUR")
    options = {"search_hours": None, "value": (None, None), "currency": "EUR", "period_days": days}
    return table, cost, debt(table, cost, **options)


def test_debt_is_told_once_with_its_questions_and_its_price():
    table, cost, owed = told(all_yes() | OPEN | MONEY, claims())
    assert cost.height == 1
    (row,) = answer_findings(table, owed).to_dicts()
    assert (row["rule"], row["subject"], row["severity"]) == ("integration_debt", "all integrations", "warning")
    assert row["statement"] == (
        "3 of 14 questions of the audit are not answered with yes (8, 9, 12); what is counted costs 1,234 EUR a year."
    )
    assert (row["value"], row["threshold"], row["n"], row["cost"]) == (3, 2, 14, 1234.5)
    # First comes what is a no, then what is half an answer.
    assert "Number 9: Are returns" in row["ask"]


def test_two_open_questions_are_told_of_nobody():
    two = dict(list(OPEN.items())[:2])
    table, _, owed = told(all_yes() | two, claims())
    assert answer_findings(table, owed).is_empty()


def test_debt_without_a_price_says_none():
    table, _, owed = told(all_yes() | OPEN, claims())
    (row,) = answer_findings(table, owed).to_dicts()
    assert row["statement"].endswith("(8, 9, 12).")
    assert row["cost"] is None


@pytest.mark.parametrize(
    ("claimed", "contradicted"), [("yes", True), ("partial", False), ("no", False), ("unknown", False)]
)
def test_only_a_yes_is_contradicted_and_who_said_so_is_asked(claimed, contradicted):
    table, _, owed = told(all_yes() | OPEN, claims((12, claimed, "cfo", DAY)))
    rows = [row for row in answer_findings(table, owed).to_dicts() if row["rule"] == "claim_contradicted"]
    assert len(rows) == contradicted
    for row in rows:
        assert (row["subject"], row["severity"], row["owner"], row["n"]) == ("question 12", "warning", "cfo", 2)
        assert "cfo said yes on 2026-01-15, the data say no" in row["statement"]
        assert "dependency_fragility.levels: foundation unstable" in row["statement"]
        assert row["ask"] == "What does cfo know that the logs do not show?"


def test_a_claim_without_name_and_day_and_one_that_nobody_can_check():
    table, _, owed = told(all_yes() | OPEN, claims((12, "yes", None, None)))
    (row,) = [row for row in answer_findings(table, owed).to_dicts() if row["rule"] == "claim_contradicted"]
    assert "somebody said yes, the data say no" in row["statement"]
    table, _, owed = told({}, claims((12, "yes", "cfo", DAY)))
    assert answer_findings(table, owed).is_empty()


def test_what_is_declared_and_not_proven_contradicts_nobody():
    coupling = all_yes()["dependency_fragility.coupling"].with_columns(outages=1, failed=1)
    for failed, contradicted in ((1, 0), (60, 1)):
        seen = {"dependency_fragility.coupling": coupling.with_columns(failed=failed)}
        table, _, owed = told(all_yes() | seen, claims((6, "yes", "cfo", DAY)))
        assert table["counted"][5] == ("no" if contradicted else "partial")
        assert answer_findings(table, owed).height == table["contradicted"].sum() == contradicted


def test_hostile_names_stay_text():
    evil = '<script>alert("x")</script>\u202e=cmd|A1'
    table, cost, owed = told(all_yes() | OPEN, claims((12, "yes", evil, DAY)))
    (row,) = [row for row in answer_findings(table, owed).to_dicts() if row["rule"] == "claim_contradicted"]
    assert "\u202e" not in row["statement"] + row["owner"]
    assert audit_chart(table).to_dict()["title"]
    assert interest_chart(cost, owed).to_dict()


def test_the_picture_shows_claimed_beside_measured():
    table, _, _ = told(all_yes() | OPEN, claims((12, "yes", "cfo", DAY), (7, "unknown", "cfo", DAY)))
    drawn = audit_chart(table).to_dict()
    assert drawn["title"]["text"] == "3 of 14 questions are not answered with yes; 1 of these are claimed to be"
    rows = max(drawn["datasets"].values(), key=len)
    assert len(rows) == 3 * 14
    seen = {(row["question"], row["column"]): (row["word"], row["look"]) for row in rows}
    assert seen[12, "claimed"] == ("yes", "yes")
    assert seen[12, "measured"] == seen[12, "counted"] == ("no", "no")
    assert seen[7, "claimed"] == ("not known", "not known")
    assert seen[8, "counted"] == ("partial", "partial")


def test_the_picture_of_what_is_only_claimed_and_of_nothing():
    table, cost, owed = told({}, claims((12, "yes", "cfo", DAY)))
    rows = max(audit_chart(table).to_dict()["datasets"].values(), key=len)
    seen = {(row["question"], row["column"]): (row["word"], row["look"]) for row in rows}
    assert seen[12, "counted"] == ("claimed only", "not known")
    assert "no part of it has an amount" in str(interest_chart(cost, owed).to_dict())
    assert "no question was asked" in str(audit_chart(table.clear()).to_dict())


def test_the_picture_of_interest_names_parts_and_currency():
    _, cost, owed = told(all_yes() | MONEY, claims())
    drawn = interest_chart(cost, owed).to_dict()
    assert drawn["title"]["text"] == "Open questions cost 1,234 EUR per year"
    (rows,) = drawn["datasets"].values()
    assert [row["label"] for row in rows] == ["wrong entries: a"]
    assert set(cost.columns) == set(INTEREST)
