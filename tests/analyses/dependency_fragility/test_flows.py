"""Which questions the traffic asks, and how often it gets through, even if a broken trace never said where it goes."""

import polars as pl
import pytest
from drawing.traffic import evidence, only, report, section, single_points, traffic

from integrhealth.analyses import dependency_fragility as fragility
from integrhealth.catalog import Catalog
from integrhealth.language.schema import FRAMES, conform
from integrhealth.language.statistics import beta_interval


def test_availability_of_a_system_counts_its_own_errors_only():
    answers = report("""
        90  Shop>ERP ERP>Bank
        10  Shop>ERP! ERP>Bank!
        7   Shop>ERP?
    """)
    erp, bank, shop = (only(answers.tables["systems"], system=name) for name in ("ERP", "Bank", "Shop"))
    assert (erp["messages"], erp["ended"], erp["own_errors"], erp["availability"]) == (107, 100, 0, 1.0)
    assert (bank["ended"], bank["own_errors"], bank["availability"]) == (100, 10, 0.9)
    low, high = beta_interval(90, 10)
    assert (bank["low"], bank["high"]) == (pytest.approx(float(low)), pytest.approx(float(high)))
    assert (shop["messages"], shop["availability"]) == (0, None)


def test_a_trace_that_broke_on_its_only_way_is_lost():
    capability = only(
        report("80 Shop>ERP ERP>Bank\n15 Shop>ERP!\n5 Shop>ERP ERP>Bank!").tables["capabilities"],
        capability="Shop to Bank",
    )
    assert (capability["completed"], capability["lost"], capability["undecided"]) == (80, 20, 0)
    low, high = beta_interval(80, 20)
    assert capability["came_through"] == 0.8
    assert (capability["came_through_low"], capability["came_through_high"]) == (
        pytest.approx(float(low)),
        pytest.approx(float(high)),
    )


def test_a_trace_that_broke_before_a_fork_is_shared_out_and_widens_the_interval():
    capability = only(
        report("""
            54  Shop>ERP ERP>Bank
            6   Shop>ERP ERP>Bank!
            20  Shop>ERP ERP>Mail
            20  Shop>ERP!
            9   Shop>ERP ERP>Bank?
        """).tables["capabilities"],
        capability="Shop to Bank",
    )
    assert (capability["completed"], capability["lost"], capability["undecided"]) == (54, 6, 20)
    assert capability["came_through"] == pytest.approx(54 / (60 + 20 * 60 / 80))
    assert capability["came_through_low"] == pytest.approx(float(beta_interval(54, 26)[0]))
    assert capability["came_through_high"] == pytest.approx(float(beta_interval(54, 6)[1]))


def test_a_failure_that_was_recovered_does_not_count_against_the_capability():
    table = report("60 Shop>ERP! Shop>ERP ERP>Bank").tables["capabilities"]
    assert only(table, capability="Shop to Bank")["came_through"] == 1.0


def test_other_ways_to_begin_do_not_count_against_a_capability():
    table = report("60 Shop>ERP ERP>Bank\n500 Shop>Search Search>Index!\n500 Shop>Search Search>Index").tables[
        "capabilities"
    ]
    assert only(table, capability="Shop to Bank")["came_through"] == 1.0
    assert only(table, capability="Shop to Index")["came_through"] == 0.5


def test_ids_in_an_operation_do_not_make_it_another_way_to_begin():
    messages = traffic("60 Shop>ERP ERP>Bank\n40 Shop>ERP!").with_columns(
        operation=pl.format("GET /orders/{}-8f3a/lines", pl.int_range(pl.len()))
    )
    table = fragility.report(evidence(messages)).tables["capabilities"]
    assert only(table, capability="Shop to Bank")["came_through"] == 0.6


def test_few_traces_have_counts_and_structure_but_no_rates_and_no_findings():
    answers = report("20 Shop>ERP ERP>Bank\n9 Shop>ERP ERP>Bank!")
    capability = only(answers.tables["capabilities"], capability="Shop to Bank")
    assert (capability["completed"], capability["lost"], capability["came_through"]) == (20, 9, None)
    assert (capability["came_through_low"], capability["came_through_high"], capability["cut"]) == (None, None, ["ERP"])
    assert (capability["availability"], capability["low"], capability["high"]) == (None, None, None)
    assert answers.findings.is_empty()
    enough = fragility.report(evidence(traffic("20 Shop>ERP ERP>Bank\n9 Shop>ERP ERP>Bank!")), min_messages=20)
    assert only(enough.tables["capabilities"], capability="Shop to Bank")["came_through"] == pytest.approx(20 / 29)


def test_capabilities_are_the_common_ends_of_each_object_type():
    found = report("""
        94  Shop>ERP ERP>Bank order
        5   Shop>ERP ERP>Mail order
        4   Shop>ERP ERP>Fax order
        3   CRM>ERP ERP>DWH lead
        50  ERP>ERP order
        1   Shop>ERP! order
    """).tables["capabilities"]
    assert found["capability"].to_list() == ["Shop to Bank", "CRM to DWH"]
    assert report("95 Shop>ERP\n5 Shop>Fax").tables["capabilities"]["capability"].to_list() == [
        "Shop to ERP",
        "Shop to Fax",
    ]


def test_declared_capabilities_replace_those_found_and_may_begin_behind_a_person():
    declared = Catalog(
        capabilities=section(
            "capabilities",
            {"capability": "order to cash", "entry": "Shop", "goal": "Bank"},
            {"capability": "order to van", "entry": "Shop", "goal": "Carrier"},
        )
    )
    answers = report("90 user>Shop Shop>ERP ERP>Bank ERP>Mail\n10 user>Shop Shop>ERP ERP>Bank!", catalog=declared)
    assert answers.tables["capabilities"]["capability"].to_list() == ["order to cash", "order to van"]
    cash, van = answers.tables["capabilities"].iter_rows(named=True)
    assert (cash["traces"], cash["completed"], cash["lost"], cash["cut"]) == (90, 90, 10, ["ERP"])
    assert (van["traces"], van["completed"], van["came_through"], van["availability"], van["cut"]) == (
        0,
        0,
        None,
        None,
        None,
    )


def test_a_dependencies_file_answers_for_declared_capabilities_without_messages():
    edges = conform(pl.DataFrame({"source": ["Shop", "ERP"], "target": ["ERP", "Bank"]}), "dependencies")
    declared = Catalog(
        capabilities=section("capabilities", {"capability": "order to cash", "entry": "Shop", "goal": "Bank"})
    )
    answers = fragility.report(evidence(FRAMES["messages"].empty(), catalog=declared, dependencies=edges))
    assert answers.missing is None
    assert single_points(answers) == {"ERP"}
    erp = only(answers.tables["systems"], system="ERP")
    assert (erp["messages"], erp["availability"]) == (0, None)


def test_links_say_what_came_first_where_clocks_do_not():
    messages = traffic("40 Shop>ERP ERP>WMS WMS>Carrier")
    by_the_minute = pl.when(pl.col("source") == "WMS").then(pl.col("sent_at").dt.offset_by("-1m")).otherwise("sent_at")
    table = fragility.report(evidence(messages.with_columns(sent_at=by_the_minute))).tables["capabilities"]
    assert table["capability"].to_list() == ["Shop to Carrier"]
