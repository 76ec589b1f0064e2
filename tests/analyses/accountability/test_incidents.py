"""Incidents: where their time went, through whose hands, and who owned them then."""

from collections import Counter
from datetime import timedelta

import polars as pl
import pytest
from drawing.incidents import HOUR, START, company, generator, lived, steps
from polars.testing import assert_frame_equal

from integrhealth.analyses.accountability import incident_lives
from integrhealth.analyses.accountability.incidents import questions
from integrhealth.evidence import Evidence
from integrhealth.language.schema import FRAMES, conform

OWNED = [{"integration": "i", "owner": "ana", "backup": "bob"}, {"integration": "free"}]
HOURS = ("wait_hours", "search_hours", "fix_hours", "confirm_hours")


def asked(events, **catalog):
    return questions.incidents(company(events, **catalog))


def only(events, *columns, **catalog):
    """These columns of the one incident of the events."""
    (row,) = asked(events, **catalog).select(columns).rows()
    return row


PING_PONG = """
incident hours team state
x        0     A    new
x        1     B    active
x        3     A    active
x        7     B    active
x        15    B    resolved
x        39    B    closed
"""


def test_a_b_a_b_is_two_returns_of_three_handovers():
    assert only(steps(PING_PONG), "handovers", "returns", "teams", "ping_pong") == (3, 2, 2, pytest.approx(2 / 3))


def test_search_is_the_time_with_teams_that_did_not_repair_it_and_fix_with_the_one_that_did():
    # A had it for 1 and 4 hours, B for 2 and 8.
    assert only(steps(PING_PONG), *HOURS) == (0, 5, 10, 24)
    assert only(steps(PING_PONG), "first_team", "fixed_by", "state", "weeks_open") == ("B", "B", "repaired", 15 / 168)


def test_until_a_team_has_it_an_incident_waits():
    events = steps("""
        incident hours team state
        x        0     -    new
        x        2     -    -
        x        3     A    active
        x        4     A    resolved
    """)
    assert only(events, *HOURS, "first_team") == (3, 0, 1, None, "A")


def test_steps_without_a_team_hand_nothing_over():
    events = steps("""
        incident hours team state
        x        0     A    new
        x        1     -    active
        x        2     A    resolved
    """)
    assert only(events, "handovers", "teams", "search_hours", "fix_hours") == (0, 1, 0, 2)


def test_of_a_reopened_incident_the_last_repair_counts():
    events = steps("""
        incident hours team state
        x        0     A    new
        x        2     A    resolved
        x        5     A    closed
        x        6     B    active
        x        9     B    resolved
        x        10    B    -
        x        11    B    closed
    """)
    assert only(events, *HOURS, "repairs", "fixed_by") == (0, 6, 3, 2, 2, "B")


def test_an_incident_reopened_and_not_repaired_since_is_open():
    events = steps("""
        incident hours team state  action
        x        0     A    new    opened
        x        2     A    closed closed
        x        3     A    -      reopened
        y        0     A    new    opened
        y        5     A    new    note
    """)
    rows = asked(events).sort("incident").select("state", *HOURS[1:], "weeks_open", "repairs").rows()
    assert rows == [("open", None, None, None, 5 / 168, 1), ("open", None, None, None, 5 / 168, 0)]


@pytest.mark.parametrize("word", ["Resolved", " solved", "DONE", "completed", "closed"])
def test_a_repair_is_told_by_the_words_of_several_tools(word):
    table = pl.DataFrame({"incident": "x", "at": [START, START + HOUR], "team": "A", "state": ["new", word]})
    assert only(conform(table, "incident_events"), "state", "fix_hours") == ("repaired", 1)
    by_action = table.rename({"state": "action"})
    assert only(conform(by_action, "incident_events"), "state", "fix_hours") == ("repaired", 1)


def test_one_moment_or_no_team_has_counts_and_no_hours():
    events = steps("""
        incident hours team state
        once     0     A    resolved
        begun    0     A    resolved
        begun    5     A    closed
        nobody   0     -    new
        nobody   5     -    resolved
    """)
    rows = {row[0]: row[1:] for row in asked(events).select("incident", "handovers", "teams", *HOURS).rows()}
    assert rows["once"] == (0, 1, None, None, None, None)
    assert rows["begun"] == (0, 1, 0, None, None, None)  # the log has only the end: how long it took is not known
    assert rows["nobody"] == (0, 0, None, None, None, None)


def test_steps_of_one_minute_are_in_the_order_of_the_log_however_they_are_shuffled():
    events = steps("""
        incident hours team state
        x        0     A    new
        x        1     B    active
        x        1     C    active
        x        1     B    waiting
        x        2     B    resolved
    """)
    for seed in range(8):
        shuffled = events.sample(fraction=1, shuffle=True, seed=seed)
        assert only(shuffled, "handovers", "returns", "search_hours", "fix_hours") == (3, 1, 1, 1)


def test_other_time_zones_and_files_read_twice_change_nothing():
    table = steps(PING_PONG).drop("log_line").with_columns(pl.col("at").dt.convert_time_zone("Asia/Kolkata"))
    again = pl.concat([table, table.with_columns(log_file=pl.lit("copy.csv"))])
    assert only(again, *HOURS, "handovers", "returns") == (0, 5, 10, 24, 3, 2)


def plainly(rows):
    """Handovers, returns, teams, search and fix hours of one incident by a loop over its steps (at, team, state)."""
    hands = [(at, team) for at, team, _ in rows if team is not None]
    seen, previous, given, back = set(), None, 0, 0
    for _, team in hands:
        if previous is not None and team != previous:
            given += 1
            back += team in seen
        seen.add(team)
        previous = team
    repaired = None
    for at, _, state in rows:
        if state == "resolved":
            repaired = at if repaired is None else repaired
        elif state is not None:
            repaired = None
    if repaired is None or repaired == rows[0][0]:
        return given, back, len(seen), None, None
    holder, last, spent = None, None, Counter()
    for at, team, state in rows:
        if holder is not None:
            spent[holder] += max(min(at, repaired) - min(last, repaired), timedelta(0)) / HOUR
        holder, last = team or holder, at
        if at == repaired and state == "resolved":
            break
    if holder is None:
        return given, back, len(seen), None, None
    return given, back, len(seen), sum(spent.values()) - spent[holder], spent[holder]


@pytest.mark.parametrize("seed", range(12))
def test_many_small_incidents_agree_with_a_loop(seed):
    rng, rows, expected = generator(seed), [], {}
    for number in range(25):
        hours = sorted(rng.choice(100, size=rng.integers(1, 9), replace=False).tolist())
        told = [
            (START + hour * HOUR, rng.choice([None, "A", "B", "C"]), rng.choice([None, "new", "active", "resolved"]))
            for hour in hours
        ]
        expected[f"I{number}"] = plainly(told)
        rows += [{"incident": f"I{number}", "at": at, "team": team, "state": state} for at, team, state in told]
    events = conform(pl.DataFrame(rows, infer_schema_length=None), "incident_events")
    found = asked(events).select("incident", "handovers", "returns", "teams", "search_hours", "fix_hours")
    for name, *numbers in found.rows():
        assert numbers == pytest.approx(list(expected[name]), nan_ok=True), name


@pytest.mark.parametrize("column", ["team", "state", "person", "integration", "object_id", "action", "priority"])
def test_a_column_that_nobody_filled_breaks_nothing(column):
    events = steps(PING_PONG).with_columns(pl.lit(None, pl.String).alias(column))
    evidence = company(events)
    for ask in (questions.incidents, questions.handovers, questions.incident_phases, questions.owner_effect):
        assert set(ask(evidence).columns) == set(ask(Evidence()).columns)
    assert questions.incidents(evidence).height == 1
    assert questions.first_touches(evidence).is_empty()


# Who hands to whom


def test_handovers_are_counted_by_pair_with_the_hours_lost_there():
    rows = questions.handovers(company(steps(PING_PONG))).drop("from_line", "to_line", "returns_to_repair").rows()
    assert rows == [("A", "B", 2, 1, 1, 0.0), ("B", "A", 1, 1, 1, 4.0)]


def test_hours_lost_are_unknown_where_nobody_repaired_it():
    events = steps(PING_PONG).filter(pl.col("state").is_in(["new", "active"]))
    assert questions.handovers(company(events))["lost_hours"].to_list() == [None, None]


def test_a_line_of_support_is_what_the_catalog_says_and_never_a_name():
    events = steps("""
        incident hours team    state
        x        0     desk    new
        x        1     erp-2nd active
        x        2     desk    active
        x        3     erp-2nd active
        x        4     vendor  resolved
    """)
    assert questions.support_lines(company(events)).is_empty()
    lines = [{"team": "desk", "line": 1}, {"team": "erp-2nd", "line": 2}, {"team": "vendor"}]
    lines.append({"team": "wms-2nd", "line": 2})
    events = pl.concat([events, steps("incident hours team state\ny 0 erp-2nd new\ny 1 wms-2nd resolved")])
    found = questions.support_lines(company(events, teams=lines))
    assert found.select("from_line", "to_line", "direction", "handovers", "returns").rows() == [
        (1, 2, "up", 2, 1),
        (2, 1, "back down", 1, 1),
        (2, 2, "sideways", 1, 0),
    ]


def test_the_way_of_an_incident_is_its_turns_until_the_repair_and_after():
    found = questions.wanderings(company(steps(PING_PONG)))
    assert found.select("team", "days_since_detection", "days", "part").rows() == [
        ("A", 0, pytest.approx(1 / 24), "search"),
        ("B", pytest.approx(1 / 24), pytest.approx(2 / 24), "fix"),
        ("A", pytest.approx(3 / 24), pytest.approx(4 / 24), "search"),
        ("B", pytest.approx(7 / 24), pytest.approx(8 / 24), "fix"),
    ]


def test_who_has_an_open_incident_has_it_until_the_log_ends():
    events = steps("""
        incident hours team state
        x        0     A    new
        x        1     B    active
        y        0     A    new
        y        49    A    resolved
    """)
    found = questions.wanderings(company(events))
    assert found.select("incident", "team", "days", "part").rows() == [
        ("x", "A", pytest.approx(1 / 24), "not repaired yet"),
        ("x", "B", 2, "not repaired yet"),
    ]


# Phases


def test_hours_of_all_phases_add_up_and_shares_are_of_detection_to_repair():
    incidents = [(f"x{n}", "i", str(n % 2), (("desk", 1.0), ("A", 2.0 + n), ("B", 3.0))) for n in range(6)]
    evidence = company(lived(incidents), integrations=OWNED)
    found = questions.incident_phases(evidence)
    whole = found.filter(by="all")
    assert whole.select("phase", "incidents", "hours", "mean_hours").rows() == [
        ("unseen", 6, 0, 0),
        ("wait", 6, 0, 0),
        ("search", 6, 6 * 3 + 15, 5.5),
        ("fix", 6, 18, 3),
        ("confirm", 6, 144, 24),
    ]
    assert whole["share"].to_list() == [None, 0, pytest.approx(33 / 51), pytest.approx(18 / 51), None]
    priorities = found.filter(by="priority").group_by("phase").agg(pl.col("hours").sum())
    assert dict(priorities.iter_rows()) == dict(whole.select("phase", "hours").iter_rows())
    assert set(found["group"]) == {"all incidents", "with an owner", "0", "1"}


def test_lives_and_touches_of_nothing_have_their_columns():
    empty = FRAMES["incident_events"].empty()
    assert incident_lives.touches(empty).schema == pl.Schema(incident_lives.TOUCHES)
    assert incident_lives.incident_lives(empty).schema == pl.Schema(incident_lives.LIVES)


def test_touches_tell_who_had_it_since_when():
    found = incident_lives.touches(steps(PING_PONG))
    assert_frame_equal(
        found.select("place", "team", "since", "until", "returned"),
        pl.DataFrame(
            {
                "place": [0, 1, 2, 3],
                "team": ["A", "B", "A", "B"],
                "since": [START + hours * HOUR for hours in (0, 1, 3, 7)],
                "until": [START + hours * HOUR for hours in (1, 3, 7, 39)],
                "returned": [False, False, True, True],
            },
            schema_overrides={"since": pl.Datetime("us", "UTC"), "until": pl.Datetime("us", "UTC")},
        ),
    )
