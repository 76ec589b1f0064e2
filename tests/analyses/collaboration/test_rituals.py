"""Rituals: planned by the calendar, held where somebody met about it, complete where all functions were there."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from drawing.rituals import ALIGN, ALL, MONDAY, TUESDAY, contacts, declared, meeting, week
from drawing.teams import company
from polars.testing import assert_frame_equal

import integrhealth as ih
from integrhealth.analyses.collaboration.rituals.findings import ritual_findings
from integrhealth.analyses.collaboration.rituals.notes import ritual_notes
from integrhealth.analyses.collaboration.rituals.questions import meetings_are_named, ritual_weeks, rituals
from integrhealth.catalog import WEEKDAYS
from integrhealth.language.schema import conform


def asked(talks, *entries, **options):
    return rituals(company(contacts=talks, catalog=declared(*(entries or (ALIGN,)), **options)))


def test_planned_held_complete_and_who_was_missing():
    came = {0: ALL, 1: ("operations", "sales"), 2: ("finance", "sales"), 4: ("operations", "sales"), 6: ALL}
    evidence = company(
        contacts=contacts(*(meeting(week(n), teams) for n, teams in came.items())), catalog=declared(ALIGN)
    )
    (row,) = rituals(evidence).to_dicts()
    assert (row["planned"], row["held"], row["complete"]) == (8, 5, 2)
    assert row["share"] == 5 / 8
    assert (row["missing_team"], row["missing_weeks"]) == ("finance", 2)
    assert row["last_held_at"] == datetime(2026, 2, 17, 9, tzinfo=UTC)
    assert (row["verdict"], row["recognised_by"], row["moved"]) == ("cannot tell", "name", 0)
    weeks = ritual_weeks(evidence)
    assert weeks["planned_on"].to_list() == [week(n) for n in range(8)]
    held = [{3: "held complete", 2: "held incomplete", 0: "skipped"}[len(came.get(n, ()))] for n in range(8)]
    assert weeks["state"].to_list() == held
    assert weeks["missing"].to_list()[1] == ["finance"]


@pytest.mark.parametrize("about", ["Weekly Alignment", " weekly alignment ", "WEEKLY ALIGNMENT"])
def test_the_name_is_met_in_any_case(about):
    assert asked(contacts(*(meeting(week(n), ALL, about=about) for n in range(8))))["complete"].item() == 8


@pytest.mark.parametrize("about", ["weekly alignment of others", "alignment", None])
def test_another_name_is_another_meeting(about):
    assert asked(contacts(meeting(week(0), ALL, about=about)))["held"].item() == 0


def test_who_was_there_is_the_union_of_the_rows_of_a_day():
    rows = [meeting(week(0), ("finance", "sales")), meeting(week(0), ("operations", "sales"), hour=10)]
    assert asked(contacts(*rows))["complete"].item() == 1
    # Two days of the same week are two meetings, and nobody sat in one room.
    rows[1] = meeting(week(0, 2), ("operations", "sales"))
    assert asked(contacts(*rows)).select("held", "complete", "moved").row(0) == (1, 0, 0)


def test_a_team_that_is_not_in_the_log_is_not_missed():
    rows = [meeting(week(n), ("finance", "sales")) for n in range(8)]
    (row,) = asked(contacts(*rows)).to_dicts()
    assert (row["held"], row["complete"], row["missing_team"], row["teams"]) == (8, None, None, list(ALL))
    (row,) = asked(contacts(*rows, meeting(week(0, 3), ("legal", "operations"), about=None))).to_dicts()
    assert (row["held"], row["complete"], row["missing_team"], row["missing_weeks"]) == (8, 0, "operations", 8)


def test_of_two_days_of_a_week_the_one_with_most_teams_counts():
    rows = [meeting(week(0), ("finance", "sales")), meeting(week(0, 3), ALL)]
    evidence = company(contacts=contacts(*rows), catalog=declared(ALIGN))
    assert rituals(evidence).select("held", "complete", "moved", "missing_team").row(0) == (1, 1, 0, None)
    assert ritual_weeks(evidence)["missing"].to_list()[0] == []


def test_a_meeting_on_another_day_of_the_week_is_moved_and_twice_is_once():
    rows = [meeting(week(0, 3), ALL), meeting(week(1), ALL), meeting(week(1, 4), ALL), meeting(week(2, 0), ALL)]
    assert asked(contacts(*rows)).select("held", "complete", "moved").row(0) == (3, 3, 2)


@pytest.mark.parametrize(
    ("zone", "held"), [("UTC", (1, 1)), ("Pacific/Auckland", (1, 0)), ("America/Los_Angeles", (1, 1))]
)
def test_days_are_those_of_the_clocks_of_the_company(zone, held):
    """Monday evening of London is Tuesday in Auckland."""
    (row,) = asked(contacts(meeting(week(0, 0), ALL, hour=20)), timezone=zone).to_dicts()
    assert (row["held"], row["moved"]) == held


@pytest.mark.parametrize("weekday", range(7))
def test_planned_is_a_plain_count_of_the_weekday(weekday):
    rng = np.random.default_rng(weekday)
    first, last = MONDAY + timedelta(days=int(rng.integers(9))), MONDAY + timedelta(days=60 + int(rng.integers(9)))
    rows = [meeting(day, ("finance", "sales"), about=None) for day in (first, last)]
    talks = (
        contacts(weeks=1)
        .clear()
        .vstack(
            conform(
                pl.DataFrame(rows[0] + rows[1], ["at", "team_a", "team_b", "kind", "people", "about"], orient="row"),
                "contacts",
            )
        )
    )
    every = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    table = asked(talks, ("standup", WEEKDAYS[weekday], ALL))
    assert table["planned"].item() == sum(day.weekday() == weekday for day in every)


def test_an_oracle_by_loops_on_random_logs():
    rng = np.random.default_rng(2)
    for _ in range(20):
        came = {number: [team for team in ALL if rng.random() < 0.7] for number in range(int(rng.integers(5, 15)))}
        day_of = {number: int(rng.integers(0, 7)) if rng.random() < 0.3 else TUESDAY for number in came}
        talks = contacts(*(meeting(week(n, day_of[n]), teams) for n, teams in came.items()), weeks=len(came))
        held = [n for n in came if len(came[n]) > 1]
        complete = [n for n in came if len(came[n]) == 3]
        moved = [n for n in held if day_of[n] != TUESDAY]
        row = asked(talks).row(0, named=True)
        assert (row["planned"], row["held"], row["complete"], row["moved"]) == (
            len(came),
            len(held),
            len(complete),
            len(moved),
        )


def test_more_than_25_people_are_a_broadcast():
    rows = [meeting(week(n), ALL, people=25 if n < 3 else 26) for n in range(8)]
    assert asked(contacts(*rows)).select("held", "broadcasts").row(0) == (3, 5)


def test_a_ritual_that_is_only_a_broadcast_is_not_said_to_be_no_meeting():
    rows = [meeting(week(n), ALL, people=26) for n in range(8)]
    other = meeting(week(0), ("finance", "sales"), about="something else")
    evidence = company(contacts=contacts(*rows, other), catalog=declared(ALIGN))
    (row,) = pl.concat(ritual_findings(rituals(evidence), named=meetings_are_named(evidence))).to_dicts()
    assert row["severity"] == "note"
    assert row["statement"].startswith(
        "In 8 of 8 weeks only a meeting of more than 25 people is about Weekly alignment"
    )
    assert "calendar" not in row["ask"]


@pytest.mark.parametrize("kind", ["chat", "Chat"])
def test_a_channel_named_after_a_ritual_is_no_meeting(kind):
    rows = [meeting(week(n), ALL, kind=kind) for n in range(8)]
    assert asked(contacts(*rows))["held"].item() == 0
    assert asked(contacts(*(meeting(week(n), ALL, kind=None) for n in range(8))))["held"].item() == 8


def test_a_ritual_that_nobody_names_is_recognised_by_whom_it_brings_together():
    series = [meeting(week(n), ALL if n % 2 else ("finance", "sales"), about="5f1d") for n in range(8)]
    other = [meeting(week(n), ("finance", "sales"), about="77aa", hour=14) for n in range(8)]
    (row,) = asked(contacts(*series, *other)).to_dicts()
    assert (row["held"], row["complete"], row["recognised_by"]) == (8, 4, "series")
    # Once is chance, and another weekday is another meeting.
    assert asked(contacts(meeting(week(1), ALL, about="5f1d")))["verdict"].item() == "never seen"
    thursdays = [meeting(week(n, 3), ALL, about="5f1d") for n in range(8)]
    assert asked(contacts(*thursdays))["verdict"].item() == "never seen"
    # Of two rituals that it may be it is none; and a name in the log goes before.
    same = ("Other", "tuesday", ALL)
    assert asked(contacts(*series), ALIGN, same)["recognised_by"].to_list() == [None, None]
    named = contacts(*series, meeting(week(0), ("finance", "sales")))
    assert asked(named).select("recognised_by", "held").row(0) == ("name", 1)


def test_a_ritual_never_named_is_skipped_only_where_the_log_names_others():
    (row,) = asked(contacts(meeting(week(0), ALL, about="budget"))).to_dicts()
    assert (row["verdict"], row["share"], row["held"]) == ("never seen", None, 0)
    rows = [meeting(week(n), ALL) for n in range(8)]
    both = asked(contacts(*rows), ALIGN, ("Forecast", "monday", ALL))
    assert both.select("ritual", "share", "verdict").rows() == [
        ("Forecast", 0.0, "skipped"),
        ("Weekly alignment", 1.0, "held"),
    ]


@pytest.mark.parametrize(("weeks", "verdict"), [(3, "not enough data"), (4, "held")])
def test_fewer_than_four_weeks_say_nothing(weeks, verdict):
    rows = [meeting(week(n), ALL) for n in range(weeks)]
    (row,) = asked(contacts(*rows, weeks=weeks)).to_dicts()
    assert (row["verdict"], row["planned"], row["share"] is None) == (verdict, weeks, weeks == 3)


@pytest.mark.parametrize(("held", "verdict"), [(15, "held"), (14, "cannot tell"), (12, "cannot tell"), (11, "skipped")])
def test_the_verdict_is_as_sure_as_the_interval(held, verdict):
    """Of 20 weeks: Wilson's interval of 12 reaches 0.78, that of 11 reaches 0.74."""
    rows = [meeting(week(n), ALL) for n in range(held)]
    assert asked(contacts(*rows, weeks=20))["verdict"].item() == verdict


def test_a_ritual_that_is_skipped_is_a_warning_and_a_held_one_none():
    rows = [meeting(week(n), ALL if n != 2 else ("operations", "sales")) for n in range(0, 20, 5)]
    other = [meeting(week(n, 2), ALL, about="forecast") for n in range(15)]
    table = asked(contacts(*rows, *other, weeks=20), ALIGN, ("Forecast", "wednesday", ALL))
    skipped, never = ritual_findings(table, named=True)
    assert never.is_empty()
    (row,) = skipped.to_dicts()
    assert (row["severity"], row["subject"], row["n"], row["value"]) == ("warning", "Weekly alignment", 20, 0.2)
    assert row["statement"] == "Weekly alignment was held in 4 of 20 planned weeks, with all its teams in 4."
    assert row["low"] < 0.2 < row["high"] < 0.75
    assert row["owner"] == "finance, operations, sales"
    rows[1] = meeting(week(5), ("operations", "sales"))
    (row,) = ritual_findings(asked(contacts(*rows, weeks=20)), named=True)[0].to_dicts()
    assert row["statement"].endswith("with all its teams in 3; finance was missing in 1 of them.")


def test_what_is_only_taken_to_be_the_ritual_is_a_note():
    rows = [meeting(week(n), ALL, about="5f1d") for n in range(0, 20, 5)]
    (row,) = ritual_findings(asked(contacts(*rows, weeks=20)), named=True)[0].to_dicts()
    assert row["severity"] == "note"
    assert "recognised by who met, not by name" in row["statement"]


def test_a_ritual_that_no_meeting_is_about_is_asked_for():
    table = asked(contacts(meeting(week(0), ALL, about="budget")))
    (row,) = ritual_findings(table, named=True)[1].to_dicts()
    assert (row["severity"], row["rule"]) == ("note", "ritual_never_seen")
    assert [frame.height for frame in ritual_findings(table, named=False)] == [0, 0]


def test_of_two_hundred_rituals_held_in_three_of_four_weeks_one_in_forty_at_most_is_a_warning():
    rng = np.random.default_rng(9)
    names = [f"ritual {number}" for number in range(200)]
    rows = [meeting(week(n), ALL, about=name) for name in names for n in np.flatnonzero(rng.random(26) < 0.75).tolist()]
    table = asked(contacts(*rows, weeks=26), *((name, "tuesday", ALL) for name in names))
    alone = [ritual_findings(table.filter(ritual=name), named=True)[0]["severity"].to_list() for name in names]
    assert 0 < alone.count(["warning"]) + alone.count(["note"]) < 200
    assert alone.count(["warning"]) <= 0.025 * 200 + 3 * np.sqrt(0.025 * 0.975 * 200)


@pytest.mark.parametrize("small", [None, 0, 4])
def test_teams_of_fewer_than_five_are_neither_required_nor_shown(small):
    entry = ("Weekly alignment", "tuesday", ("finance", "legal", "sales"))
    people = {"legal": small}
    with_legal = contacts(
        *(meeting(week(n), ("finance", "legal", "sales") if n % 2 else ("finance", "sales")) for n in range(8))
    )
    without = contacts(*(meeting(week(n), ("finance", "sales")) for n in range(8)))
    for ask in (rituals, ritual_weeks):
        table = ask(company(contacts=with_legal, catalog=declared(entry, people=people)))
        assert_frame_equal(table, ask(company(contacts=without, catalog=declared(entry, people=people))))
        assert "legal" not in str(table.to_dicts())
    assert asked(with_legal, entry, people={"legal": 5})["complete"].item() == 4
    # Of two teams of which one is small nothing is said.
    pair = ("Contracts", "tuesday", ("legal", "sales"))
    assert asked(with_legal, pair, people=people).is_empty()


def test_order_and_copies_of_rows_change_nothing():
    talks = contacts(*(meeting(week(n), ALL[: 2 + n % 2]) for n in range(7)))
    turned = talks.rename({"team_a": "team_b", "team_b": "team_a"}).select(talks.columns)
    shuffled = pl.concat([talks, turned]).sample(fraction=1, shuffle=True, seed=1)
    assert_frame_equal(asked(shuffled), asked(talks))


def test_notes_say_what_is_missing():
    cases = [
        ("rituals in the catalog", contacts(), declared()),
        ("contacts (at, team_a, team_b, about)", ih.Evidence().contacts, declared(ALIGN)),
        ("two teams of 5 people", contacts(), declared(ALIGN, people=dict.fromkeys(ALL, 3))),
        ("it is never filled", contacts(), declared(ALIGN)),
        (None, contacts(meeting(week(0), ALL)), declared(ALIGN)),
    ]
    for said, talks, catalog in cases:
        evidence = company(contacts=talks, catalog=catalog)
        notes = ritual_notes(
            rituals(evidence), declared=catalog.rituals, contacts=talks, named=meetings_are_named(evidence)
        )
        assert (said in notes["rituals"]) if said else notes == {}


@pytest.mark.parametrize(("entry", "verdict"), [(("a", None, ALL), "no weekday"), (("a", "tuesday", ()), "held")])
def test_a_catalog_that_says_little(entry, verdict):
    rows = [meeting(week(n), ALL, about="a") for n in range(8)]
    (row,) = asked(contacts(*rows), entry).to_dicts()
    assert row["verdict"] == verdict
    assert row["complete"] is None


def test_broken_input_gives_no_error():
    for talks in (contacts().select("at", "team_a", "team_b"), contacts(weeks=1).head(1), ih.Evidence().contacts):
        evidence = company(contacts=talks, catalog=declared(ALIGN))
        assert rituals(evidence).schema == rituals(ih.Evidence()).schema
        assert ritual_weeks(evidence)["held"].sum() == 0


CALENDAR = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//Calendar//EN
BEGIN:VEVENT
UID:align-1@example
SUMMARY:Weekly alignment
DTSTART;TZID=Europe/Madrid:20260106T090000
DTEND;TZID=Europe/Madrid:20260106T093000
RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=6
ORGANIZER:mailto:ann@sales.example
ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@finance.example
ATTENDEE;PARTSTAT=ACCEPTED:mailto:cid@operations.example
END:VEVENT
BEGIN:VEVENT
UID:align-1@example
SUMMARY:Weekly alignment
RECURRENCE-ID;TZID=Europe/Madrid:20260120T090000
DTSTART;TZID=Europe/Madrid:20260120T090000
STATUS:CANCELLED
ORGANIZER:mailto:ann@sales.example
ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@finance.example
END:VEVENT
BEGIN:VEVENT
UID:align-1@example
SUMMARY:Weekly alignment
RECURRENCE-ID;TZID=Europe/Madrid:20260127T090000
DTSTART;TZID=Europe/Madrid:20260129T160000
ORGANIZER:mailto:ann@sales.example
ATTENDEE;PARTSTAT=DECLINED:mailto:bob@finance.example
ATTENDEE;PARTSTAT=ACCEPTED:mailto:cid@operations.example
END:VEVENT
END:VCALENDAR
"""


def test_a_series_of_a_calendar_with_one_cancelled_and_one_moved(tmp_path):
    """A calendar says never what about: the series is recognised by whom it brings together."""
    (tmp_path / "team.ics").write_text(CALENDAR.replace("\n", "\r\n"))
    teams = [f"{team}.example" for team in ALL]
    catalog = declared(("Weekly alignment", "tuesday", teams), people=dict.fromkeys(teams, 9))
    evidence = ih.read(tmp_path, catalog=catalog)
    (row,) = rituals(evidence).to_dicts()
    assert (row["planned"], row["held"], row["complete"], row["moved"]) == (6, 5, 4, 1)
    assert (row["recognised_by"], row["missing_team"]) == ("series", "finance.example")
    states = ritual_weeks(evidence)["state"].to_list()
    assert states == [*["held complete"] * 2, "skipped", "held incomplete", *["held complete"] * 2]
