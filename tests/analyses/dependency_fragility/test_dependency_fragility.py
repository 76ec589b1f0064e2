"""The fragility report: findings, nothing where there is nothing, and the laws of its facts."""

from functools import cache

import polars as pl
import pytest
from drawing.traffic import evidence, report, section, single_points, traffic
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses import dependency_fragility as fragility
from integrhealth.analyses.dependency_fragility import flows as asking
from integrhealth.analyses.dependency_fragility import uptime
from integrhealth.analyses.dependency_fragility.tables import TABLES
from integrhealth.catalog import Catalog
from integrhealth.language.schema import FRAMES
from integrhealth.traces import links
from integrhealth.traces.facts import merged


def test_findings_name_the_owner_and_grow_with_the_unavailability():
    owners = Catalog(systems=section("systems", {"system": "ERP", "owner": "ada"}, {"system": "Tax", "team": "fin"}))
    answers = report("900 Shop>ERP ERP>Bank\n100 Shop>ERP!\n200 CRM>Tax CRM>Mail\n10 CRM>Tax! CRM>Mail", catalog=owners)
    rows = answers.findings.select("rule", "subject", "severity", "owner", "n").rows()
    assert rows == [
        ("fragile_capability", "Shop to Bank", "critical", "ada", 1000),
        ("low_availability", "Tax", "critical", "fin", 210),
        ("single_point", "ERP", "warning", "ada", 1000),
    ]
    assert answers.findings["statement"][2] == (
        "Nothing replaces ERP: without it Shop to Bank stops; it was up for 90.0% of 1,000 messages."
    )


def test_a_single_point_that_never_failed_is_a_note():
    severities = report("8000 Shop>ERP ERP>Bank").findings.select("rule", "severity").rows()
    assert sorted(severities) == [("fragile_capability", "note"), ("single_point", "note")]


def test_no_messages_publish_every_table_empty_and_say_what_is_missing():
    answers = fragility.report(evidence(FRAMES["messages"].empty()))
    assert {name: table.height for name, table in answers.tables.items()} == dict.fromkeys(
        [*TABLES, "down_times", "edges", "fallbacks", "level_checks", "level_spend", "parts", "system_levels"], 0
    )
    assert "needs messages" in answers.missing
    assert {"capabilities", "outages", "coupling", "levels"} <= answers.notes.keys()
    drawn = report("40 Shop>ERP ERP>Bank")
    assert {n: t.schema for n, t in answers.tables.items()} == {n: t.schema for n, t in drawn.tables.items()}


@pytest.mark.parametrize("drawn", ["40 ERP>ERP", "40 Shop>ERP! ERP>Bank!"], ids=["one system", "all failed"])
def test_without_a_path_nothing_is_judged(drawn):
    answers = report(drawn)
    assert answers.tables["capabilities"].is_empty()
    assert answers.tables["systems"]["single_point"].null_count() == answers.tables["systems"].height
    assert "capabilities" in answers.notes
    assert answers.missing is None


def test_messages_without_traces_are_paths_of_one_edge_each():
    alone = traffic("40 Shop>ERP ERP>Bank").with_columns(
        pl.lit(None, pl.String).alias(c) for c in ("trace_id", "parent_id")
    )
    answers = fragility.report(evidence(alone))
    assert sorted(answers.tables["capabilities"]["capability"]) == ["ERP to Bank", "Shop to ERP"]
    assert single_points(answers) == set()


def test_loops_of_parents_and_of_edges_are_survived():
    looped = traffic("40 Shop>ERP ERP>WMS WMS>ERP ERP>Bank").with_columns(
        parent_id=pl.when(pl.col("parent_id").is_null()).then("message_id").otherwise("parent_id")
    )
    assert single_points(fragility.report(evidence(looped))) == {"ERP"}


MIXED = """
    40  Shop>ERP ERP>Tax ERP>Bank order
    9   Shop>ERP ERP>Bank! order
    30  Shop>EDI EDI>Bank
    6   Shop>EDI!
    12  CRM>ERP ERP>Mail? lead
"""


@cache
def straight_report():
    return fragility.report(evidence(traffic(MIXED)))


@settings(max_examples=10)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(random):
    messages = traffic(MIXED)
    order = list(range(messages.height))
    random.shuffle(order)
    straight, shuffled = straight_report(), fragility.report(evidence(messages[order]))
    for name, table in straight.tables.items():
        assert_frame_equal(table, shuffled.tables[name])
    assert_frame_equal(straight.findings, shuffled.findings)


@cache
def facts_of_the_whole() -> dict[str, pl.DataFrame]:
    return facts(traffic(MIXED))


def facts(messages: pl.DataFrame) -> dict[str, pl.DataFrame]:
    linked = links.linked(messages)
    caused, steps = links.with_causes(linked), asking.steps(linked)
    journeys = asking.journeys(steps)
    flows = asking.flows(journeys, steps)
    return {
        "flow": asking.flow_facts(flows),
        "edge of a flow": asking.edge_facts(flows, steps),
        "call": asking.call_facts(flows, steps),
        "beginning": asking.beginning_facts(journeys),
        "visit": asking.visit_facts(journeys, steps),
        "system": uptime.system_facts(caused),
        "edge": uptime.edge_facts(linked),
    }


@given(st.sets(st.integers(0, 96)))
def test_facts_of_the_parts_merged_are_the_facts_of_the_whole(chosen):
    messages = traffic(MIXED)
    ids = messages["trace_id"].unique().sort()
    there = pl.col("trace_id").is_in(ids[sorted(chosen)].to_list())
    whole, one, other = facts_of_the_whole(), facts(messages.filter(there)), facts(messages.filter(~there))
    for name, frame in whole.items():
        keys = [column for column, dtype in frame.schema.items() if dtype == pl.String]
        together = merged([one[name], other[name]], keys)
        assert_frame_equal(together.sort(keys), frame.sort(keys))
