"""Incidents: where their time went, through whose hands, and who owned them then."""

from collections import Counter
from datetime import date, timedelta

import polars as pl
import pytest
from drawing.incidents import HOUR, START, company, generator, lived, steps
from polars.testing import assert_frame_equal

from integrhealth.analyses.accountability import incident_lives
from integrhealth.analyses.accountability.incidents import questions
from integrhealth.evidence import Evidence
from integrhealth.language.schema import FRAMES, conform

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
    rows = questions.handovers(company(steps(PING_PONG))).drop("from_line", "to_line").rows()
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
    found = questions.support_lines(company(events, teams=lines))
    assert found.select("from_line", "to_line", "direction", "handovers", "returns").rows() == [
        (1, 2, "up", 2, 1),
        (2, 1, "back down", 1, 1),
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


# When it went wrong


def failing(*rows):
    """Messages (hours, status, object) of one integration."""
    return conform(
        pl.DataFrame(
            [
                {
                    "message_id": f"m{number}",
                    "integration": "i",
                    "source": "A",
                    "target": "B",
                    "sent_at": START + hours * HOUR,
                    "status": status,
                    "object_id": object_id,
                }
                for number, (hours, status, object_id) in enumerate(rows)
            ],
            schema_overrides={"object_id": pl.String},
        ),
        "messages",
    )


def entered_at(events, messages):
    return only(events, "entered_at", "unseen_hours", messages=messages)


def one(**columns):
    return steps("incident hours team state\nx 0 A new\nx 5 A resolved", **columns)


@pytest.mark.parametrize(
    ("about", "hours"),
    [
        ({"object_id": "o1", "integration": "i"}, 2),
        ({"object_id": "o1"}, 2),
        ({"object_id": "o1", "integration": "other"}, None),
        ({"object_id": "o2", "integration": "i"}, None),
        ({}, None),
    ],
)
def test_it_went_wrong_with_the_first_failed_message_of_its_object(about, hours):
    messages = failing(
        (-800, "failed", "o1"), (-700, "ok", "o3"), (-2, "failed", "o1"), (-1, "timeout", "o1"), (1, "failed", "o2")
    )
    entered = None if hours is None else START - hours * HOUR
    assert entered_at(one(**about), messages) == (entered, hours)


def test_without_an_object_it_went_wrong_where_a_row_of_failures_began():
    row = [(-9, "failed", None), (-8, "ok", None), (-7, "failed", None), (-6, "timeout", None), (-5, "failed", None)]
    about = {"integration": "i"}
    assert entered_at(one(**about), failing(*row)) == (START - 7 * HOUR, 7)
    assert entered_at(one(**about), failing(*row, (-4, "ok", None))) == (START - 7 * HOUR, 7)
    assert entered_at(one(**about), failing(*row[:-1])) == (None, None)  # two are no row
    assert entered_at(one(**about), failing(*row[:-1], (1, "failed", None))) == (None, None)  # nor with a later one
    day_before = [(hours - 20, status, each) for hours, status, each in row]
    assert entered_at(one(**about), failing(*day_before)) == (None, None)  # it ended more than a day ago
    tested = failing(*row).with_columns(load_test=pl.lit(True))
    assert entered_at(one(**about), tested) == (None, None)


# Who owned it then


OWNED = [{"integration": "i", "owner": "ana", "backup": "bob"}, {"integration": "free"}]


@pytest.mark.parametrize(
    ("integration", "expected"), [("i", ("ana", True)), ("free", (None, False)), ("unlisted", (None, None))]
)
def test_the_owner_is_the_one_of_the_integration(integration, expected):
    assert only(one(integration=integration), "owner", "owned", integrations=OWNED) == expected


@pytest.mark.parametrize(
    ("since", "timezone", "expected"),
    [
        (date(2026, 3, 2), "UTC", ("ana", True)),
        (date(2026, 3, 3), "UTC", (None, None)),
        # Eight in the morning in London is the third already on Kiritimati.
        (date(2026, 3, 3), "Pacific/Kiritimati", (None, None)),
        (date(2026, 3, 2), "Pacific/Kiritimati", ("ana", True)),
        (date(2026, 3, 2), "Pacific/Pago_Pago", (None, None)),
    ],
)
def test_the_owner_is_the_one_of_that_day(since, timezone, expected):
    integrations = [OWNED[0] | {"owner_since": since}]
    found = only(one(integration="i"), "owner", "owned", integrations=integrations, timezone=timezone)
    assert found == expected


@pytest.mark.parametrize(
    ("person", "team", "by"),
    [
        ("ana", "finance", "owner"),
        ("bob", "finance", "backup"),
        ("carl", "finance", "others"),
        ("-", "warehouse", "owner"),  # the team of the system that ana owns
        ("carl", "warehouse", "owner"),
        ("-", "-", None),
    ],
)
def test_the_first_touch_is_by_the_owner_or_by_others(person, team, by):
    events = steps(f"incident hours team person state\nx 0 desk dora new\nx 1 {team} {person} active", integration="i")
    if team == "-":
        events = events.with_columns(team=pl.lit(None, pl.String), person=pl.lit(None, pl.String))
    systems = [{"system": "WMS", "team": "warehouse", "owner": "ana"}]
    assert only(events, "first_by", integrations=OWNED, systems=systems) == (by,)


def test_an_owner_is_recognised_behind_the_pseudonym_of_an_address(tmp_path):
    (tmp_path / "desk.csv").write_text(
        "TICKET,CHANGED,GROUP,ASSIGNEE,STATE,INTERFACE\n"
        "x,2026-03-02 08:00:00,desk,dora,new,i\nx,2026-03-02 09:00:00,IT,ana@example.com,active,i\n"
    )
    (tmp_path / "mapping.yaml").write_text(
        'sources:\n  - glob: "*.csv"\n    frame: incident_events\n    columns: {incident: TICKET, at: CHANGED, '
        "team: GROUP, person: ASSIGNEE, state: STATE, integration: INTERFACE}\n    time: {zone: UTC}\n"
    )
    (tmp_path / "catalog.yaml").write_text(
        "integrations:\n  - {name: i, source: A, target: B, owner: ana@example.com}\n"
    )
    from integrhealth import read

    evidence = read(tmp_path)
    assert "ana@example.com" not in evidence.incident_events["person"].to_list()
    assert questions.incidents(evidence)["first_by"].to_list() == ["owner"]


def test_a_working_first_step_is_itself_the_first_touch():
    events = steps("incident hours team state\nx 0 A in_progress\nx 1 B resolved").with_columns(
        pl.col("state").str.replace("_", " ")
    )
    assert only(events, "first_team") == ("A",)


def test_the_share_of_first_touches_has_an_interval_and_needs_ten_incidents():
    def rows(count, by_owner):
        people = ["ana"] * by_owner + ["carl"] * (count - by_owner)
        incidents = [
            {"incident": f"x{number}", "at": START + hours * HOUR, "person": person, "team": "t", "state": state}
            for number, person in enumerate(people)
            for hours, state in ((0, "active"), (1, "resolved"))
        ]
        events = conform(pl.DataFrame(incidents).with_columns(integration=pl.lit("i")), "incident_events")
        return questions.first_touches(company(events, integrations=OWNED)).rows()

    assert rows(9, 8) == [("i", "ana", 9, 8, 0, None, None, None)]
    ((_, _, incidents, by_owner, by_backup, share, low, high),) = rows(20, 15)
    assert (incidents, by_owner, by_backup, share) == (20, 15, 0, 0.75)
    assert (low, high) == (pytest.approx(0.531, abs=5e-4), pytest.approx(0.888, abs=5e-4))  # Wilson 1927


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
