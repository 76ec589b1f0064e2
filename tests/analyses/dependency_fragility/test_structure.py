"""Without which systems no way leads to the goal: planted graphs, an oracle that takes systems away, and fallbacks."""

import itertools
from datetime import date, timedelta

import networkx as nx
import polars as pl
import pytest
from drawing.traffic import NOON, evidence, only, report, section, single_points, traffic
from hypothesis import example, given
from hypothesis import strategies as st

from integrhealth.analyses import dependency_fragility as fragility
from integrhealth.analyses.dependency_fragility import structure as paths
from integrhealth.catalog import Catalog
from integrhealth.evidence import Evidence
from integrhealth.language.schema import conform


def test_a_system_on_every_directed_way_is_a_single_point_although_other_links_run_around_it():
    drawn = """
        40  Shop>Hub Hub>Bank
        40  Shop>Mail Mail>Mail Shop>Hub Hub>Bank Bank>Mail Shop>Hub Hub>Bank
    """
    answers = report(drawn)
    links = nx.Graph(answers.tables["edges"].select("source", "target").rows())
    assert "Hub" not in set(nx.articulation_points(links))
    assert single_points(answers) == {"Hub"}
    assert only(answers.tables["capabilities"], capability="Shop to Bank")["cut"] == ["Hub"]


def test_what_two_alternatives_share_below_them_is_the_single_point_not_they():
    answers = report("""
        40  A>B B>D D>Bank
        40  A>C C>D D>Bank
    """)
    capability = only(answers.tables["capabilities"], capability="A to Bank")
    assert (capability["single_points"], capability["cut"], capability["fragile"]) == (["D"], ["D"], True)


def test_a_fully_redundant_landscape_has_no_single_point():
    answers = report("""
        40  Shop>G1 G1>L1 L1>Bank
        40  Shop>G1 G1>L2 L2>Bank
        40  Shop>G2 G2>L1 L1>Bank
        40  Shop>G2 G2>L2 L2>Bank
    """)
    assert single_points(answers) == set()
    capability = only(answers.tables["capabilities"], capability="Shop to Bank")
    assert (len(capability["cut"]), capability["fragile"], capability["single_points"]) == (2, False, [])
    assert answers.findings.is_empty()


@pytest.mark.parametrize(("strays", "expected"), [(2, {"ERP"}), (3, set())])
def test_an_edge_counts_as_a_way_from_three_traces_on(strays, expected):
    assert single_points(report(f"100 Shop>ERP ERP>Bank\n{strays} Shop>Bank")) == expected


def test_a_direct_edge_leaves_no_cut_and_a_goal_out_of_reach_cannot_be_judged():
    answers = report("""
        40  Shop>Bank
        40  Shop>ERP WMS>Carrier
    """)
    table = answers.tables["capabilities"]
    direct = only(table, capability="Shop to Bank")
    assert (direct["cut"], direct["fragile"]) == ([], False)
    unreached = only(table, capability="Shop to Carrier")
    assert (unreached["cut"], unreached["fragile"], unreached["traces"]) == (None, None, 40)


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        ("300 Shop>ERP ERP>Tax ERP>Bank\n300 Shop>EDI EDI>Tax EDI>Bank", {"Tax"}),  # beside every way, yet always asked
        ("140 Shop>ERP ERP>Tax ERP>Bank\n150 Shop>EDI EDI>Tax EDI>Bank", set()),  # too few traces to tell
        ("300 Shop>ERP ERP>Tax ERP>Bank\n300 Shop>EDI EDI>Bank", set()),  # one way does without
        ("300 Shop>ERP ERP>Tax! ERP>Bank\n300 Shop>EDI EDI>Tax EDI>Bank", set()),  # asked, but its answer not needed
    ],
)
def test_what_every_completed_trace_asked_for_is_needed(drawn, expected):
    assert single_points(report(drawn)) == expected


@pytest.mark.parametrize(("kind", "expected"), [("request", {"Tax"}), ("queue", set()), (None, set())])
def test_only_what_is_known_to_be_a_request_has_an_answer_that_was_needed(kind, expected):
    sent = traffic("150 Shop>ERP ERP>Tax ERP>Bank\n150 Shop>EDI EDI>Tax EDI>Bank")
    of_tax = pl.when(pl.col("target") == "Tax").then(pl.lit(kind, pl.String)).otherwise("kind")
    assert single_points(fragility.report(evidence(sent.with_columns(kind=of_tax)))) == expected


def test_one_type_passing_by_a_system_is_no_way_around_it_for_another():
    answers = report("""
        60  Shop>ERP ERP>Bank order
        60  Shop>CRM CRM>Bank invoice
    """)
    capability = only(answers.tables["capabilities"], capability="Shop to Bank")
    assert capability["object_types"] == ["invoice", "order"]
    assert (capability["single_points"], capability["traces"]) == (["CRM", "ERP"], 120)


directed_graphs = st.integers(3, 7).flatmap(
    lambda n: st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=16).map(
        lambda pairs: sorted({(str(a), str(b)) for a, b in pairs if a != b})
    )
)


def leads(edges, removed=()) -> bool:
    """The naive oracle: is there a way from 0 to 1 without the REMOVED?"""
    reached, growing = {"0"}, True
    while growing:
        further = {b for a, b in edges if a in reached and b not in removed}
        growing = not further <= reached
        reached |= further
    return "1" in reached


@given(directed_graphs)
@example([("0", "2"), ("1", "0"), ("2", "1")])
def test_single_points_and_cut_agree_with_taking_systems_away_one_by_one(edges):
    points, cut = paths.needed(edges, entry="0", goal="1")
    inner = sorted({system for edge in edges for system in edge} - {"0", "1"})
    if not leads(edges):
        assert (points, cut) == (set(), None)
        return
    assert points == {system for system in inner if not leads(edges, {system})}
    if ("0", "1") in edges:
        assert cut == []
        return
    assert not leads(edges, set(cut))
    smaller = itertools.combinations(inner, len(cut) - 1)
    assert all(leads(edges, set(others)) for others in smaller)


def fallback(tested_on: date | None, *, kind: str | None = "manual") -> Catalog:
    row = {"integration": "orders", "source": "Shop", "target": "ERP", "fallback": kind}
    return Catalog(integrations=section("integrations", row | {"fallback_tested_on": tested_on}))


TESTED = NOON.date() - timedelta(days=100)


@pytest.mark.parametrize(
    ("catalog", "expected"),
    [
        (fallback(TESTED), {"Bank"}),
        (fallback(None), {"ERP", "Bank"}),
        (fallback(NOON.date() - timedelta(days=365)), {"Bank"}),
        (fallback(NOON.date() - timedelta(days=366)), {"ERP", "Bank"}),
        (fallback(NOON.date() + timedelta(days=1)), {"Bank"}),  # the same day further east
        (fallback(NOON.date() + timedelta(days=2)), {"ERP", "Bank"}),  # planned
        (fallback(TESTED, kind="none"), {"ERP", "Bank"}),
        (fallback(TESTED, kind=None), {"ERP", "Bank"}),
    ],
)
def test_a_dependency_with_a_tested_fallback_is_not_critical(catalog, expected):
    drawn = "1 Shop>ERP ERP>Bank Bank>Ledger\n60 Shop>ERP ERP>Bank Bank>Ledger"
    answers = fragility.report(evidence(traffic(drawn), catalog=catalog))
    assert single_points(answers) == expected
    assert set(answers.findings.filter(pl.col("rule") == "single_point")["subject"]) == expected
    assert only(answers.tables["capabilities"], capability="Shop to Ledger")["fragile"]


def test_without_the_test_date_the_capability_becomes_fragile():
    drawn = "60 Shop>ERP ERP>Bank"
    verdicts = [
        report(drawn, catalog=fallback(tested)).tables["capabilities"]["fragile"].to_list() for tested in (TESTED, None)
    ]
    assert verdicts == [[False], [True]]


def test_all_integrations_of_an_edge_need_a_tested_fallback():
    tested = fallback(TESTED).integrations
    both = Catalog(integrations=pl.concat([tested, fallback(None).integrations]))
    assert single_points(report("60 Shop>ERP ERP>Bank", catalog=both)) == {"ERP"}


def test_a_fallback_on_one_of_two_edges_into_a_system_does_not_replace_it():
    drawn = "60 Shop>ERP ERP>Bank\n60 Shop>EDI EDI>ERP ERP>Bank"
    assert single_points(report(drawn, catalog=fallback(TESTED))) == {"ERP"}


def test_partners_that_nothing_names_are_no_single_point_and_no_goal():
    """Each trace asks two partners of which no log says who they are, and the second of them last."""
    rows = [
        {"message_id": f"{trace}{name}", "trace_id": f"t{trace}", "source": source, "target": target}
        | {"kind": "request", "status": "ok", "sent_at": NOON + timedelta(minutes=trace, seconds=second)}
        for trace in range(400)
        for second, (name, source, target) in enumerate(
            [("r", "web", "shop"), ("a", "shop", "pay"), ("b", "shop", "unknown (asked by shop)")]
        )
    ]
    asked = fragility.capabilities(Evidence(messages=conform(pl.DataFrame(rows), "messages")))
    assert asked.select("entry", "goal", "single_points").rows() == [("web", "pay", ["shop"])]


def test_a_replaced_system_that_only_the_goal_leads_to_lies_on_no_way():
    edges = [("Shop", "ERP"), ("ERP", "Bank"), ("Bank", "Mail")]
    assert paths.needed(edges, entry="Shop", goal="Bank", replaced={"Mail"}) == ({"ERP"}, ["ERP"])
