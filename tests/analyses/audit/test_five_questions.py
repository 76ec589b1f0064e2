"""The sheet of five questions, what only people can say, and the way of their answers into the catalog."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from drawing.landscapes import healthy

import integrhealth as ih
from integrhealth.analyses.audit.asked import ASKED
from integrhealth.analyses.audit.five_questions.findings import five_question_findings
from integrhealth.analyses.audit.five_questions.notes import five_question_notes
from integrhealth.analyses.audit.five_questions.problem_sentences import QUESTION
from integrhealth.analyses.audit.five_questions.questionnaire import as_catalog
from integrhealth.analyses.audit.five_questions.questions import five_questions, practices, questionnaire
from integrhealth.analyses.audit.five_questions.sheet import PARTS
from integrhealth.catalog import CATALOG, Catalog, load_catalog
from integrhealth.language.practices import PRACTICES
from integrhealth.language.report_tables import published_report
from integrhealth.language.schema import conform
from integrhealth.runner.publication import publish

WHOLE = {
    "integration": "shop-orders",
    "source": "Webshop",
    "target": "ERP",
    "problem": "Sales commits delivery dates without knowing production capacity.",
    "beneficiary": "order desk",
    "interviewed_on": date(2026, 2, 10),
    "decision": "which date to promise",
    "fallback": "manual",
    "error_cost": 120.0,
    "owner": "desk-lead",
    "backup": "erp-lead",
    "success_metric": "late_share",
    "success_baseline": 0.12,
    "success_target": 0.06,
    "success_due": date(2026, 12, 31),
    "success_declared_on": date(2025, 10, 1),
}
# Each column that may be missing, the question of the five that it belongs to, and the word for it.
LACKING = [
    ("problem", "problem", "problem"),
    ("beneficiary", "beneficiary", "beneficiary"),
    ("interviewed_on", "beneficiary", "interview"),
    ("decision", "beneficiary", "decision"),
    ("fallback", "failure", "fallback"),
    ("error_cost", "failure", "cost of failure"),
    ("owner", "owner", "owner"),
    ("backup", "owner", "backup"),
    ("success_metric", "success", "success metric"),
    ("success_baseline", "success", "baseline"),
    ("success_target", "success", "target"),
    ("success_due", "success", "due"),
    ("success_declared_on", "success", "declared on"),
]


def company(*rows, **sections):
    frames = {
        name: pl.DataFrame([dict(zip(CATALOG[name], entry, strict=False)) for entry in entries], schema=CATALOG[name])
        for name, entries in sections.items()
    }
    integrations = pl.DataFrame([WHOLE | row for row in rows], schema=CATALOG["integrations"])
    last = pl.DataFrame(
        {"time": [datetime(2026, 6, 30, 12, tzinfo=UTC)], "system": ["ERP"], "metric": ["cpu"], "value": [1.0]}
    )
    return ih.Evidence(catalog=Catalog(integrations=integrations, **frames), metrics=conform(last, "metrics"))


# The sheet


def test_a_whole_sheet_lacks_nothing():
    (row,) = five_questions(company({})).rows(named=True)
    assert (row["answered"], row["lacking"], row["stated"], row["sent_back"]) == (5, [], True, None)


@pytest.mark.parametrize(("column", "part", "word"), LACKING)
def test_what_nobody_said_is_lacking_and_its_question_open(column, part, word):
    assert word in PARTS[part]
    (row,) = five_questions(company({column: None})).rows(named=True)
    assert (row["answered"], row["lacking"]) == (4, [word])


@pytest.mark.parametrize("column", ["error_cost", "delay_cost_per_hour", "tolerance_ms"])
def test_what_a_delay_may_be_or_costs_tells_the_cost_of_failure(column):
    (row,) = five_questions(company({"error_cost": None, column: 1.0})).rows(named=True)
    assert row["lacking"] == []


def test_a_bad_problem_goes_back_with_the_question():
    logs = company({"problem": "We want all our systems to talk to each other."})
    (row,) = five_questions(logs).rows(named=True)
    assert (row["problem_verdict"], row["answered"], row["lacking"]) == ("sent back", 4, ["problem"])
    assert row["sent_back"].endswith(QUESTION)
    (finding,) = pl.concat(five_question_findings(five_questions(logs))).rows(named=True)
    assert (finding["severity"], finding["owner"], finding["ask"]) == ("note", "desk-lead", QUESTION)
    assert QUESTION not in finding["statement"]


def test_a_missing_problem_is_no_finding_and_comes_first_in_the_sheet():
    logs = company({"integration": "a"}, {"integration": "b", "problem": None})
    assert five_questions(logs)["integration"].to_list() == ["b", "a"]
    assert pl.concat(five_question_findings(five_questions(logs))).is_empty()


@pytest.mark.parametrize("seed", range(8))
def test_a_healthy_company_draws_none(seed):
    assert pl.concat(five_question_findings(five_questions(healthy(seed)))).is_empty()


# Practices


def test_practices_are_shown_with_their_age_and_never_with_a_team_that_may_be_small():
    teams = [("finance", 9), ("legal", 4), ("sales", 5), ("audit", None)]
    done = [
        ("a week in the warehouse", "rotation", ["finance", "legal", "sales"], date(2026, 6, 20), "coo"),
        ("the big customer", "celebration", ["legal"], date(2026, 6, 30), "ceo"),
        ("nobody knows when", "interview", None, None, None),
        ("of unknown size", "rotation", ["audit"], date(2026, 1, 1), "coo"),
    ]
    table = practices(company({}, teams=teams, practices=done))
    assert table.select("practice", "teams", "small_teams", "days_ago").rows() == [
        ("the big customer", [], 1, 0),
        ("a week in the warehouse", ["finance", "sales"], 1, 10),
        ("of unknown size", [], 1, 180),
        ("nobody knows when", None, None, None),
    ]
    assert "legal" not in str(table.to_dicts())
    assert "'audit'" not in str(table.to_dicts())


# The questionnaire


def test_everything_is_asked_once_with_what_was_said_last():
    claims = [(5, "yes", "coo", date(2026, 1, 1)), (5, "partial", "cto", date(2026, 5, 1)), (5, "no", None, None)]
    done = [("a week in the warehouse", "rotation", None, date(2026, 6, 20), "coo")]
    logs = company(
        {"integration": "whole"},
        {"integration": "bare", "problem": "More data for everyone.", "owner": None},
        audit=claims,
        practices=done,
    )
    table = questionnaire(logs)
    asked = table.select("section", "question", "subject", "key").rows()
    assert asked == [
        *(("audit", number, None, "answer") for number in range(1, 15)),
        *(("practices", 14, kind, "name") for kind in PRACTICES),
        ("integrations", 1, "bare", "problem"),
        ("integrations", 3, "bare", "owner"),
    ]
    said = {(row["section"], row["question"], row["subject"]): row["claimed"] for row in table.to_dicts()}
    assert said["audit", 5, None] == "partial, cto, 2026-05-01"
    assert said["practices", 14, "rotation"] == "a week in the warehouse, coo, 2026-06-20"
    assert said["integrations", 1, "bare"] == "More data for everyone."
    assert table["answer"].null_count() == table.height
    assert len(ASKED) == 14


def filled(table, answers):
    """The questionnaire with these answers by (section, question, subject, key)."""
    rows = [
        row | answers.get((row["section"], row["question"], row["subject"], row["key"]), {}) for row in table.to_dicts()
    ]
    return pl.DataFrame(rows, schema=table.schema)


ANSWERS = {
    ("audit", 5, None, "answer"): {"answer": "Partial ", "by": "coo", "on": "2026-09-30"},
    ("practices", 14, "rotation", "name"): {
        "answer": "a week in the warehouse",
        "teams": "sales; warehouse",
        "by": "coo",
        "on": "2026-05-04",
    },
    ("integrations", 1, "bare", "problem"): {"answer": 'Buyers wait for "late" prices: nobody sends them.'},
    ("integrations", 2, "bare", "beneficiary"): {"answer": "buyer", "on": "2026-02-01"},
    ("integrations", 2, "bare", "decision"): {"answer": "2026-02-01"},
    ("integrations", 13, "bare", "success_metric"): {"answer": "late share", "on": "2026-02-02"},
}


def bare():
    return company(dict.fromkeys(column for column, *_ in LACKING) | {"integration": "bare"})


def test_the_answers_become_a_catalog(tmp_path):
    text = as_catalog(filled(questionnaire(bare()), ANSWERS))
    (tmp_path / "catalog.yaml").write_text(text, encoding="utf-8")
    catalog = load_catalog(tmp_path / "catalog.yaml")
    assert catalog.audit.rows() == [(5, "partial", "coo", date(2026, 9, 30))]
    assert catalog.practices.rows() == [
        ("a week in the warehouse", "rotation", ["sales", "warehouse"], date(2026, 5, 4), "coo")
    ]
    (row,) = catalog.integrations.rows(named=True)
    assert row["problem"] == 'Buyers wait for "late" prices: nobody sends them.'
    assert (row["beneficiary"], row["interviewed_on"], row["decision"]) == ("buyer", date(2026, 2, 1), "2026-02-01")
    assert (row["success_metric"], row["success_declared_on"]) == ("late share", date(2026, 2, 2))


def test_without_answers_there_is_nothing_to_paste():
    assert as_catalog(questionnaire(bare())) == ""


def test_what_a_spreadsheet_hands_back_is_read_the_same(tmp_path):
    table = questionnaire(bare())
    report = published_report("audit", {}, {"questionnaire": table}, pl.DataFrame())
    publish(report, tmp_path)
    path = tmp_path / "tables" / "audit" / "questionnaire.csv"
    returned = pl.read_csv(path, schema_overrides=dict(table.schema))
    assert returned.equals(table)
    assert as_catalog(filled(returned, ANSWERS)) == as_catalog(filled(table, ANSWERS))


EVIL = "=cmd|' /C calc'!A0 <script>\x1b[31m"


def test_hostile_names_are_no_formula_and_come_back_as_they_were(tmp_path):
    table = questionnaire(company({"integration": EVIL, "problem": "@SUM(1) is all", "owner": None}))
    asked = table.filter(section="integrations")
    assert asked["subject"].str.starts_with("'=").all()
    assert asked["claimed"].drop_nulls().str.starts_with("'@").all()
    text = as_catalog(asked.with_columns(answer=pl.lit("- [x]: {y} #\x1b")))
    assert "\x1b" not in text
    (tmp_path / "catalog.yaml").write_text(text, encoding="utf-8")
    (row,) = load_catalog(tmp_path / "catalog.yaml").integrations.rows(named=True)
    assert (row["integration"], row["owner"]) == (EVIL, "- [x]: {y} #\x1b")


# Little input


def test_without_a_catalog_there_are_no_rows_and_a_note_each():
    tables = {table.__name__: table(ih.Evidence()) for table in (five_questions, practices, questionnaire)}
    assert all(frame.is_empty() for frame in tables.values())
    assert five_question_notes(tables).keys() == tables.keys()
    whole = {table.__name__: table(company({})) for table in (five_questions, practices, questionnaire)}
    assert five_question_notes(whole).keys() == {"practices"}
    assert {name: frame.schema for name, frame in tables.items()} == {
        name: frame.schema for name, frame in whole.items()
    }


def test_an_integration_of_a_name_alone_is_asked_everything():
    logs = bare()
    assert five_questions(logs)["lacking"].list.len().to_list() == [len(LACKING)]
    assert questionnaire(logs).filter(section="integrations").height == 5
