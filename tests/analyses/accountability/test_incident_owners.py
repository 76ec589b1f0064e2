"""When what an incident is about went wrong, who owned it then, and who touched it first."""

from datetime import date

import polars as pl
import pytest
from drawing.incidents import HOUR, START, company, steps

from integrhealth.analyses.accountability.incidents import questions
from integrhealth.language.schema import conform


def only(events, *columns, **catalog):
    """These columns of the one incident of the events."""
    (row,) = questions.incidents(company(events, **catalog)).select(columns).rows()
    return row


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
