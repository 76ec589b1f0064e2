"""How long repairs take, and when they make a finding of a single point."""

from datetime import date, timedelta

import polars as pl
import pytest
from drawing.findings import only_finding
from drawing.traffic import NOON, section, traffic

from integrhealth.analyses import dependency_fragility as fragility
from integrhealth.analyses.dependency_fragility.repairs import REPAIRS, repairs
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.evidence import Evidence
from integrhealth.language.schema import FRAMES, conform

# A day of traffic, a trace a minute: what the ERP passes on reaches the Bank.
DAY = traffic("1440 Shop>ERP ERP>Bank").with_columns(
    integration=pl.when(pl.col("target") == "ERP").then(pl.lit("orders")).otherwise(pl.lit("payments"))
)
ORDERS = {"integration": "orders", "source": "Shop", "target": "ERP"}
HOUR = 3_600_000.0


def incident(name: str, began: float, repaired: float | None, integration: str | None = "orders") -> list[dict]:
    """Opened, assigned and repaired so many hours after the first message, and closed the week after."""
    hours = {"New": began, "Assigned": began + 0.1, "Resolved": repaired, "Closed": None if repaired is None else 168}
    return [
        {"incident": name, "integration": integration, "state": state, "at": NOON + timedelta(hours=hour)}
        for state, hour in hours.items()
        if hour is not None
    ]


def events(*incidents: list[dict]) -> pl.DataFrame:
    rows = [event for each in incidents for event in each]
    return conform(pl.DataFrame(rows), "incident_events") if rows else FRAMES["incident_events"].empty()


def repaired(*incidents: list[dict], **said: object) -> list[dict]:
    return repairs(events(*incidents), DAY, section("integrations", ORDERS | said)).rows(named=True)


def told(*incidents: list[dict], **said: object) -> dict:
    catalog = Catalog(integrations=section("integrations", ORDERS | said))
    given = Evidence(messages=DAY, incident_events=events(*incidents), catalog=catalog)
    return only_finding(fragility.report(given), "single_point")


def test_repairs_are_counted_once_where_they_overlap_and_the_median_is_of_incidents():
    # 2 to 4 and 3 to 5 are three hours; the third lies inside the first; one is open, one says no integration.
    [row] = repaired(
        incident("a", 2, 4),
        incident("b", 3, 5),
        incident("c", 2.5, 3),
        incident("d", 8, 9),
        incident("open", 1, None),
        incident("nowhere", 10, 20, integration=None),
    )
    day = pytest.approx(23 * HOUR + 59 * 60_000 + 1000)
    assert row == {
        "system": "ERP",
        "down_ms": 4 * HOUR,
        "period_ms": day,
        "down_share": pytest.approx(4 / 24, rel=0.001),
        "repair_ms": 1.5 * HOUR,
        "helpless": None,
        "tolerance_ms": None,
    }


def test_without_incidents_or_messages_there_are_no_repairs():
    declared = section("integrations", ORDERS)
    assert repairs(events(), DAY, declared).schema == REPAIRS
    assert repairs(events(), DAY, declared).is_empty()
    nothing = repairs(events(incident("a", 2, 4)), FRAMES["messages"].empty(), declared)
    assert nothing.select("system", "down_share").rows() == [("ERP", None)]


def test_an_incident_outside_the_messages_costs_none_of_their_time():
    [row] = repaired(incident("before", -5, -2), incident("over the end", 23, 30))
    assert row["down_ms"] == pytest.approx(59 * 60_000 + 1000)


@pytest.mark.parametrize(
    ("hours", "severity"),
    # Half a percent of a day is 7 minutes.
    [(0.11, "note"), (0.13, "warning")],
)
def test_repairs_that_take_more_of_the_time_than_the_promise_leaves_are_a_warning(hours, severity):
    assert told(incident("a", 2, 2 + hours))["severity"] == severity


def test_a_warning_of_repairs_says_how_long():
    assert told(incident("a", 2, 5))["statement"] == (
        "Nothing replaces ERP: without it Shop to Bank stops; it was up for 100.0% of 1,440 messages; "
        "it was under repair for 3 h of 24 h."
    )


BEARS = {"tolerance_ms": 2 * HOUR}


@pytest.mark.parametrize(
    ("said", "severity"),
    [
        ({}, "warning"),  # nobody says what it bears
        ({"tolerance_ms": 3 * HOUR}, "warning"),
        (BEARS, "critical"),
        (BEARS | {"queue": False, "fallback": "none"}, "critical"),
        (BEARS | {"queue": True}, "warning"),
        (BEARS | {"fallback": "manual"}, "critical"),  # never tested
        (BEARS | {"fallback": "manual", "fallback_tested_on": date(2024, 1, 1)}, "critical"),
    ],
)
def test_a_single_point_is_critical_where_nothing_bears_its_outage(said, severity):
    assert told(incident("a", 2, 5), **said)["severity"] == severity


def test_a_critical_single_point_says_who_cannot_wait():
    assert told(incident("a", 2, 5), **BEARS)["statement"].endswith("; a repair takes 3 h, orders bears 2 h.")


def test_a_tested_fallback_takes_the_place_of_the_integration():
    tested = {"fallback": "manual", "fallback_tested_on": date(2026, 1, 1)}
    assert repaired(incident("a", 2, 5), **BEARS)[0]["helpless"] == "orders"
    assert repaired(incident("a", 2, 5), **BEARS, **tested)[0]["helpless"] is None
    assert (
        repairs(events(incident("a", 2, 5)), DAY, pl.DataFrame(schema=CATALOG["integrations"]))["helpless"][0] is None
    )


@pytest.mark.parametrize(
    "incident_log",
    [
        {"Closed": 2},  # of what was opened before the log begins there is only the end
        {"Closed": 2, "New": 3},  # a number that is given out again
        {"New": 2, "Closed": 2},  # entered when all was over
    ],
)
def test_an_incident_of_which_only_the_end_is_seen_says_not_how_long_it_took(incident_log):
    seen = [
        {"incident": "a", "integration": "orders", "state": state, "at": NOON + timedelta(hours=hour)}
        for state, hour in incident_log.items()
    ]
    assert repaired(seen) == []
    [row] = repaired(seen, incident("b", 4, 5))
    assert row["repair_ms"] == HOUR


def test_a_number_that_is_closed_before_it_is_opened_lasts_from_its_opening():
    hours = {"Closed": 1, "New": 2, "Resolved": 5}
    seen = [
        {"incident": "a", "integration": "orders", "state": state, "at": NOON + timedelta(hours=hour)}
        for state, hour in hours.items()
    ]
    assert [row["repair_ms"] for row in repaired(seen)] == [3 * HOUR]
