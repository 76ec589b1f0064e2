"""Drawn traffic becomes ways, and these the availability of capabilities; fallbacks, values, graphs without traffic."""

from datetime import timedelta

import polars as pl
import pytest
from drawing.traffic import NOON, evidence, only, report, section, single_points, traffic
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses import dependency_fragility as fragility
from integrhealth.analyses.dependency_fragility import flows as asking
from integrhealth.analyses.dependency_fragility.availability import ways
from integrhealth.catalog import Catalog
from integrhealth.language.schema import FRAMES, conform
from integrhealth.traces import links
from integrhealth.traces.facts import merged


def catalog(*capabilities: dict, tested_days_ago: int | None = None) -> Catalog:
    """A catalog of capabilities, and a fallback for Shop > ERP that was tested so long ago."""
    tested_on = None if tested_days_ago is None else NOON.date() - timedelta(days=tested_days_ago)
    row = {"integration": "orders", "source": "Shop", "target": "ERP", "fallback": "queue"}
    return Catalog(
        integrations=section("integrations", row | {"fallback_tested_on": tested_on}),
        capabilities=section("capabilities", *capabilities),
    )


ORDER = {"capability": "order to cash", "entry": "Shop", "goal": "Bank", "value_per_hour": 1000.0}
DRAWN = """
    90  Shop>ERP ERP>Bank
    6   Shop>ERP!
    4   Shop>ERP ERP>Bank!
"""


def test_a_chain_is_the_product_of_its_systems_and_its_parts_cost_what_they_take():
    answers = report(DRAWN, catalog=catalog(ORDER))
    erp, bank = 0.94, 90 / 94
    capability = only(answers.tables["capabilities"], capability="order to cash")
    assert capability["availability"] == pytest.approx(erp * bank)
    assert (capability["came_through"], capability["method"], capability["standard_error"]) == (0.9, "enumerated", None)
    assert (capability["weakest"], capability["needed_systems"]) == (["ERP", "Bank"][:: 1 if erp < bank else -1], 2)
    parts = answers.tables["parts"]
    assert parts["importance"].to_list() == pytest.approx([bank, erp])
    assert only(parts, system="ERP")["value_per_hour"] == pytest.approx(1000 * bank * 0.06)
    systems = answers.tables["systems"]
    assert only(systems, system="ERP")["importance"] == pytest.approx(bank)
    assert only(systems, system="Bank")["value_per_hour"] == pytest.approx(1000 * erp * 4 / 94)
    assert (only(systems, system="Shop")["importance"], only(systems, system="Shop")["value_per_hour"]) == (0, 0)
    for row in [*parts.iter_rows(named=True), *systems.filter(pl.col("value_per_hour") > 0).iter_rows(named=True)]:
        assert row["value_low"] < row["value_per_hour"] < row["value_high"]


def test_without_a_value_in_the_catalog_there_is_importance_and_no_value():
    systems = report(DRAWN).tables["systems"]
    assert systems["value_per_hour"].null_count() == systems.height
    assert only(systems, system="ERP")["importance"] == pytest.approx(90 / 94)


def test_values_add_up_over_capabilities_and_importance_is_the_largest():
    drawn = """
        90  Shop>ERP ERP>Bank order
        10  Shop>ERP! order
        100 Shop>ERP ERP>Mail mail
        80  Shop>CRM CRM>Mail mail
        20  Shop>CRM! mail
    """
    mail = {"capability": "mail", "entry": "Shop", "goal": "Mail", "value_per_hour": 50.0}
    answers = report(drawn, catalog=catalog(ORDER, mail))
    parts = answers.tables["parts"].filter(system="ERP")
    assert dict(parts.select("capability", pl.col("importance").round(9)).iter_rows()) == {
        "order to cash": 1,
        "mail": 0.2,
    }
    erp = only(answers.tables["systems"], system="ERP")
    assert erp["importance"] == pytest.approx(1.0)
    assert erp["value_per_hour"] == pytest.approx((1000 * 1.0 + 50 * 0.2) * 10 / 200)


@pytest.mark.parametrize(
    ("days", "verdict", "points", "share"),
    [
        (90, "fresh", set(), 90 / 94),
        (91, "old", set(), 90 / 94),
        (365, "old", set(), 90 / 94),
        (366, "expired", {"ERP"}, 0.9),
        (None, "untested", {"ERP"}, 0.9),
    ],
)
def test_only_a_tested_fallback_stands_in_and_the_age_of_its_test_is_told(days, verdict, points, share):
    answers = report(DRAWN, catalog=catalog(ORDER, tested_days_ago=days))
    told = answers.tables["fallbacks"].row(0, named=True)
    assert (told["age_days"], told["verdict"]) == (days, verdict)
    assert single_points(answers) == points
    capability = only(answers.tables["capabilities"], capability="order to cash")
    assert capability["availability"] == pytest.approx(share)
    assert capability["oldest_test_days"] == (None if points else days)
    assert only(answers.tables["systems"], system="ERP")["importance"] == pytest.approx(90 / 94 if points else 0)


def test_the_goal_is_never_replaced():
    answers = report("95 Shop>ERP\n5 Shop>ERP!", catalog=catalog(ORDER | {"goal": "ERP"}, tested_days_ago=10))
    assert answers.tables["capabilities"]["availability"].to_list() == [0.95]


@pytest.mark.parametrize(("kind", "needed"), [("request", True), ("queue", False)])
def test_what_was_sent_off_beside_the_way_is_not_needed_but_what_answered_is(kind, needed):
    sent = traffic("90 Shop>ERP ERP>Bank ERP>Tax\n10 Shop>ERP ERP>Tax!")
    way = {"capability": "order to cash", "entry": "Shop", "goal": "Bank"}
    of_tax = pl.when(pl.col("target") == "Tax").then(pl.lit(kind)).otherwise("kind")
    asked = evidence(sent.with_columns(kind=of_tax), catalog=catalog(way))
    assert fragility.parts(asked).filter(system="Tax").height == needed
    assert fragility.capabilities(asked)["availability"].to_list() == pytest.approx([0.9 if needed else 1.0])


def test_what_led_to_the_goal_is_needed_although_another_way_in_the_graph_passes_by_it():
    """The invoice is sent when the goods have left: no way to the bank without the warehouse."""
    answers = report("90 Shop>ERP ERP>WMS WMS>ERP ERP>Bank\n10 Shop>ERP ERP>WMS!")
    assert single_points(answers) == {"ERP"}
    assert only(answers.tables["parts"], system="WMS")["importance"] == pytest.approx(1.0)


def test_without_parents_the_last_message_to_a_sender_led_to_what_it_sent():
    linked = traffic("90 Shop>ERP ERP>WMS WMS>ERP ERP>Bank\n10 Shop>ERP ERP>WMS!")
    alone = fragility.report(evidence(linked.with_columns(parent_id=pl.lit(None, pl.String), kind=pl.lit("queue"))))
    assert only(alone.tables["parts"], system="WMS")["importance"] == pytest.approx(1.0)


def test_traces_of_another_operation_are_no_alternative():
    drawn = "60 Shop>G1 G1>Bank\n60 Shop>G2 G2>Bank\n20 Shop>G2!"
    alike = fragility.report(evidence(traffic(drawn)))
    assert alike.tables["capabilities"]["availability"].to_list() == pytest.approx([1.0])
    # Two operations that need the same weigh by the traces of both.
    of_gateway = pl.col("message_id").str.extract(r"^(\d)\.").replace_strict({"0": "pay", "1": "refund", "2": "refund"})
    again = pl.col("message_id").str.contains(r"^0\.\d*[02468]\.")
    operation = pl.when(again).then(pl.lit("pay later")).otherwise(of_gateway)
    apart = fragility.report(evidence(traffic(drawn).with_columns(operation=operation)))
    assert only(apart.tables["systems"], system="G2")["availability"] == 0.75
    assert apart.tables["capabilities"]["availability"].to_list() == pytest.approx([(1 + 0.75) / 2])


def test_few_traces_have_no_composed_rate_and_no_parts():
    for traces, rated in ((29, 0), (30, 1)):
        answers = report(f"{traces} Shop>ERP ERP>Bank")
        assert answers.tables["capabilities"]["availability"].count() == rated
        assert answers.tables["parts"].height == 2 * rated
        assert answers.tables["systems"]["importance"].count() == 3 * rated


def test_a_goal_that_no_message_leads_to_has_no_composed_rate():
    table = report("40 Shop>ERP WMS>Carrier").tables["capabilities"]
    assert table.select("capability", "cut", "availability", "method", "weakest").rows() == [
        ("Shop to Carrier", None, None, None, None)
    ]


def test_a_load_test_is_no_traffic():
    quiet = traffic("60 Shop>ERP ERP>Bank")
    test = traffic("40 Shop>ERP!").with_columns(
        pl.format("test {}", "message_id").alias("message_id"),
        pl.format("test {}", "trace_id").alias("trace_id"),
        load_test=pl.lit(True),
    )
    alone, loaded = (fragility.report(evidence(pl.concat(frames))) for frames in ([quiet], [quiet, test]))
    for name in ("systems", "capabilities", "parts", "edges"):
        assert_frame_equal(alone.tables[name], loaded.tables[name])


MIXED = """
    40  Shop>ERP ERP>Tax ERP>Bank order
    9   Shop>ERP ERP>Bank! order
    30  Shop>EDI EDI>Bank
    12  CRM>ERP ERP>Mail? lead
"""


def way_facts(messages: pl.DataFrame) -> pl.DataFrame:
    steps = asking.steps(links.linked(messages))
    journeys = asking.journeys(steps)
    return ways.way_facts(asking.flows(journeys, steps), steps, journeys)


@settings(max_examples=20)
@given(st.sets(st.integers(0, 90)))
def test_ways_of_the_parts_merged_are_the_ways_of_the_whole(chosen):
    messages = traffic(MIXED)
    ids = messages["trace_id"].unique().sort()
    there = pl.col("trace_id").is_in(ids[sorted(chosen)].to_list())
    together = merged([way_facts(messages.filter(there)), way_facts(messages.filter(~there))], ways.WAY)
    assert_frame_equal(together, merged([way_facts(messages)], ways.WAY))


def test_a_graph_without_messages_has_structure_and_no_rates_and_says_so():
    drawn = [("web", "shop"), ("shop", "pay"), ("shop", "stock"), ("pay", "db"), ("stock", "db"), ("web", "help")]
    edges = conform(pl.DataFrame(drawn, schema=["source", "target"], orient="row"), "dependencies")
    answers = fragility.report(evidence(FRAMES["messages"].empty(), dependencies=edges))
    table = answers.tables["capabilities"]
    assert table.select("capability", "cut", "fragile").rows() == [
        ("web to db", ["shop"], True),
        ("web to help", [], False),
    ]
    assert (table["availability"].count(), table["came_through"].count(), table["traces"].sum()) == (0, 0, 0)
    assert single_points(answers) == {"shop"}
    assert set(answers.tables["systems"]["system"]) == {"web", "shop", "pay", "stock", "db", "help"}
    assert answers.tables["edges"].height == 6
    assert "Structure only" in answers.notes["capabilities"]
    assert answers.missing is None
    assert answers.findings.is_empty()


def test_a_graph_that_is_one_circle_asks_nothing():
    edges = conform(pl.DataFrame({"source": ["a", "b"], "target": ["b", "a"]}), "dependencies")
    answers = fragility.report(evidence(FRAMES["messages"].empty(), dependencies=edges))
    assert answers.tables["capabilities"].is_empty()
    assert answers.missing is not None
