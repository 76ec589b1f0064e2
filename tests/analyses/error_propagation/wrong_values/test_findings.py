"""What wrong values ask people to talk about: the finding with its whole row, and what lies just below the rule."""

import polars as pl
import pytest
from drawing.findings import finding, table

from integrhealth.analyses.error_propagation.wrong_values.contamination import CONTAMINATION
from integrhealth.analyses.error_propagation.wrong_values.findings import contamination_findings
from integrhealth.catalog import CATALOG

SYSTEMS = table(
    CATALOG["systems"],
    {"system": "bi", "owner": "bea", "team": "data"},
    {"system": "erp", "owner": "anna", "team": "finance"},
    {"system": "wms", "team": "stock"},
)
INTEGRATIONS = table(
    CATALOG["integrations"],
    {"integration": "prices", "owner": "paul", "error_cost": 40.0},
    {"integration": "stock", "owner": "sam"},
    {"integration": "cheap", "error_cost": 0.1},
    {"integration": "free", "error_cost": 0.0},
)
VALUE = {"origin": "erp", "systems": 4, "held_minutes": 30.0, "objects": 2, "records": 9, "entry": 1}
WIDE = VALUE | {"systems": 6, "held_minutes": 12.0, "objects": 3}


def told(*values: dict, systems: pl.DataFrame = SYSTEMS) -> list[dict]:
    return contamination_findings(table(CONTAMINATION, *values), systems, INTEGRATIONS).rows(named=True)


def test_wrong_values_that_travelled_are_told_once_per_origin_with_what_they_cost_to_its_owner():
    priced = [row | {"first_integration": "prices"} for row in (VALUE, WIDE)]
    unpriced = VALUE | {"first_integration": "stock", "held_minutes": 119.0, "objects": 100}
    stayed = WIDE | {"systems": 1, "first_integration": "prices", "held_minutes": 9000.0}
    assert told(*priced, unpriced, stayed) == [
        finding(
            "wrong_value_spread",
            "erp",
            severity="warning",
            statement="3 wrong values entered at erp travelled on as ok, to up to 6 systems in all, the slowest "
            "detected after 2 h.",
            value=6.0,
            unit="systems that held one wrong value",
            n=3,
            threshold=5.0,
            cost=200.0,
            owner="anna",
            ask="Who at erp could see that a value is wrong before it is sent on?",
        )
    ]


def test_one_wrong_value_without_a_price_is_a_note():
    assert told(VALUE) == [
        finding(
            "wrong_value_spread",
            "erp",
            severity="note",
            statement="One wrong value entered at erp travelled on as ok, to 4 systems in all, and was detected after "
            "30 min.",
            value=4.0,
            unit="systems that held one wrong value",
            n=1,
            threshold=5.0,
            owner="anna",
            ask="Who at erp could see that a value is wrong before it is sent on?",
        )
    ]


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        (VALUE | {"systems": 5}, "warning"),
        (VALUE | {"first_integration": "prices"}, "warning"),
        (VALUE | {"first_integration": "cheap"}, "warning"),
        (VALUE | {"first_integration": "free"}, "note"),
        (VALUE | {"first_integration": "stock"}, "note"),
        (VALUE | {"systems": 2}, "note"),
        (VALUE | {"systems": 5, "detection": "corrected"}, "warning"),
        (VALUE | {"systems": 5, "detection": "checkpoint"}, "note"),
        (VALUE | {"first_integration": "prices", "detection": "checkpoint"}, "note"),
    ],
)
def test_a_wrong_value_is_a_warning_from_five_systems_on_or_where_it_costs(value, severity):
    [found] = told(value)
    assert found["severity"] == severity


def test_what_a_checkpoint_stopped_does_not_excuse_what_it_let_pass():
    stopped, passed = WIDE | {"detection": "checkpoint"}, VALUE | {"systems": 5, "detection": "rejected"}
    assert [row["severity"] for row in told(stopped, passed)] == ["warning"]
    assert [row["severity"] for row in told(stopped, passed | {"systems": 4})] == ["note"]


def test_a_wrong_value_that_did_not_leave_its_origin_is_no_finding():
    assert told(WIDE | {"systems": 1, "first_integration": "prices"}) == []


def test_the_team_answers_where_nobody_owns_the_system_and_nobody_where_none_is_named():
    assert [row["owner"] for row in told(VALUE | {"origin": "wms"})] == ["stock"]
    assert [row["owner"] for row in told(VALUE | {"origin": "crm"})] == [None]


@pytest.mark.parametrize(
    ("minutes", "lasting"),
    [
        (89.9, ", and was detected after 90 min."),
        (90.0, ", and was detected after 2 h."),
        (2879.0, ", and was detected after 48 h."),
        (2880.0, ", and was detected after 2 days."),
        (1_440_000.0, ", and was detected after 1000 days."),
        (None, "."),
    ],
)
def test_times_are_said_as_people_say_them(minutes, lasting):
    [found] = told(VALUE | {"held_minutes": minutes})
    assert found["statement"] == f"One wrong value entered at erp travelled on as ok, to 4 systems in all{lasting}"


def test_the_dearest_origin_comes_first_among_equals():
    dear = VALUE | {"first_integration": "prices", "origin": "wms", "objects": 3}
    cheap = VALUE | {"first_integration": "prices"}
    assert [(row["subject"], row["cost"]) for row in told(cheap, dear)] == [("wms", 120.0), ("erp", 80.0)]
