"""What is drawn of go-lives and rituals: the numbers of the tables, and a sentence where there is nothing."""

import json

import pytest
from drawing import rituals as drawn
from drawing.go_lives import LINKED, LIVE, ONE, declared, halved, steady, talks
from drawing.teams import company

import integrhealth as ih
from integrhealth.analyses.collaboration.charts.golive import golive_contact
from integrhealth.analyses.collaboration.charts.rituals import ritual_calendar
from integrhealth.analyses.collaboration.golive.questions import golive, golive_weeks
from integrhealth.analyses.collaboration.rituals.questions import ritual_weeks


def rows(chart):
    return [row for data in chart.to_dict()["datasets"].values() for row in data]


def quiet(lives=ONE, **options):
    weekly = steady(weekly=8)
    return company(contacts=talks(weekly | {LINKED: halved(weekly[LINKED])}), catalog=declared(lives, **options))


def test_the_panel_shows_the_pair_and_what_it_would_have_had():
    evidence = quiet()
    chart = golive_contact(golive(evidence), golive_weeks(evidence))
    weeks = {row["week"]: row for row in rows(chart)}
    assert sorted(weeks) == list(range(-12, 12))
    assert [weeks[week]["contacts"] for week in (-12, -1, 0, 11)] == [8, 8, 4, 4]
    assert {row["expected"] for row in weeks.values()} == {8}
    assert weeks[3]["low"] == pytest.approx(8 - 1.96 * 8**0.5)
    spec = chart.to_dict()
    assert spec["title"]["text"] == "sales and warehouse talk 50% less since orders went live"
    assert "Association, not cause" in spec["description"]
    assert "n = 144 contacts" in spec["description"]


def test_where_nothing_is_certain_the_title_says_so():
    evidence = company(contacts=talks(steady()), catalog=declared(ONE))
    title = golive_contact(golive(evidence), golive_weeks(evidence)).to_dict()["title"]["text"]
    assert title == "No pair of teams certainly talks less since one of 1 go-lives"


def test_no_small_team_is_drawn():
    lives = ONE | {"contracts": ("legal", "sales", LIVE)}
    weekly = steady(weekly=8) | {("legal", "sales"): [8] * 30}
    for people, shown in ((4, False), (5, True)):
        evidence = company(contacts=talks(weekly), catalog=declared(lives, people={"legal": people}))
        spec = json.dumps(golive_contact(golive(evidence), golive_weeks(evidence)).to_dict())
        assert ("legal" in spec) == shown


def test_the_calendar_has_a_square_per_planned_week():
    came = {0: drawn.ALL, 1: ("operations", "sales"), 2: drawn.ALL}
    met = [drawn.meeting(drawn.week(n), teams) for n, teams in came.items()]
    evidence = company(contacts=drawn.contacts(*met), catalog=drawn.declared(drawn.ALIGN))
    chart = ritual_calendar(ritual_weeks(evidence))
    squares = rows(chart)
    assert [row["state"] for row in squares] == ["held complete", "held incomplete", "held complete", *["skipped"] * 5]
    assert squares[1]["absent"] == "finance"
    title = chart.to_dict()["title"]["text"]
    assert title == "Weekly alignment was held in 3 of 8 planned weeks, with all its teams in 2"


def test_without_data_a_sentence_says_why():
    nothing = ih.Evidence()
    assert "needs its date" in str(golive_contact(golive(nothing), golive_weeks(nothing)).to_dict())
    assert "needs rituals in the catalog" in str(ritual_calendar(ritual_weeks(nothing)).to_dict())


def test_names_from_the_catalog_are_text():
    bad = "<script>alert(1)</script>{{x}}"
    evidence = quiet({bad: ONE["orders"]})
    assert golive_contact(golive(evidence), golive_weeks(evidence)).to_dict()["title"]["text"].count(bad) == 1
    met = [drawn.meeting(drawn.week(n), drawn.ALL, about=bad) for n in range(8)]
    evidence = company(contacts=drawn.contacts(*met), catalog=drawn.declared((bad, "tuesday", drawn.ALL)))
    assert {row["ritual"] for row in rows(ritual_calendar(ritual_weeks(evidence)))} == {bad}
