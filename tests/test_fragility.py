"""What the business cannot do without: planted structures, planted failures, and nothing where there is nothing."""

import itertools
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import networkx as nx
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth import traces
from integrhealth.analyses import capabilities as asking
from integrhealth.analyses import fragility, paths
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.facts import merged
from integrhealth.published import TABLES
from integrhealth.schema import FRAMES, conform
from integrhealth.statistics import beta_interval

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def traffic(drawn: str) -> pl.DataFrame:
    """Messages drawn as one kind of trace per line: how many, then its hops, e.g. ``30  Shop>ERP ERP>Bank! order``.

    ``!`` after a hop: it failed; ``?``: it is pending; a last word without ``>`` is the object type. The hops of a
    trace are sent a second apart, each the child of the one before.
    """
    rows = []
    for kind, line in enumerate(filter(None, map(str.strip, drawn.splitlines()))):
        count, *words = line.split()
        hops = [word for word in words if ">" in word]
        object_type = words[-1] if ">" not in words[-1] else None
        for trace, (step, hop) in itertools.product(range(int(count)), enumerate(hops)):
            source, target = hop.rstrip("!?").split(">")
            rows.append(
                {
                    "message_id": f"{kind}.{trace}.{step}",
                    "trace_id": f"{kind}.{trace}",
                    "parent_id": f"{kind}.{trace}.{step - 1}" if step else None,
                    "source": source,
                    "target": target,
                    "kind": "internal" if source == target else "request",
                    "object_type": object_type,
                    "sent_at": NOON + timedelta(minutes=trace, seconds=step),
                    "status": {"!": "failed", "?": "pending"}.get(hop[-1], "ok"),
                }
            )
    return conform(pl.DataFrame(rows, schema_overrides={"object_type": pl.String}), "messages")


def section(name: str, *rows: dict) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=CATALOG[name])


def evidence(messages: pl.DataFrame, *, catalog: Catalog | None = None, dependencies: pl.DataFrame | None = None):
    declared = FRAMES["dependencies"].empty() if dependencies is None else dependencies
    return SimpleNamespace(messages=messages, dependencies=declared, catalog=catalog or Catalog())


def report(drawn: str, **options):
    return fragility.report(evidence(traffic(drawn), **options))


def single_points(answers) -> set[str]:
    return set(answers.tables["systems"].filter("single_point")["system"])


def only(table: pl.DataFrame, **where) -> dict:
    return table.row(by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in where.items()), named=True)


# -- structure ---------------------------------------------------------------------------------------------------------


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
def test_a_hop_counts_as_a_way_from_three_traces_on(strays, expected):
    assert single_points(report(f"100 Shop>ERP ERP>Bank\n{strays} Shop>Bank")) == expected


def test_a_direct_hop_leaves_no_cut_and_a_goal_out_of_reach_cannot_be_judged():
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


def leads(hops, removed=()) -> bool:
    """The naive oracle: is there a way from 0 to 1 without the REMOVED?"""
    reached, growing = {"0"}, True
    while growing:
        further = {b for a, b in hops if a in reached and b not in removed}
        growing = not further <= reached
        reached |= further
    return "1" in reached


@given(directed_graphs)
def test_single_points_and_cut_agree_with_taking_systems_away_one_by_one(hops):
    points, cut = paths.needed(hops, entry="0", goal="1")
    inner = sorted({system for hop in hops for system in hop} - {"0", "1"})
    if not leads(hops):
        assert (points, cut) == (set(), None)
        return
    assert points == {system for system in inner if not leads(hops, {system})}
    if ("0", "1") in hops:
        assert cut == []
        return
    assert not leads(hops, set(cut))
    smaller = itertools.combinations(inner, len(cut) - 1)
    assert all(leads(hops, set(others)) for others in smaller)


# -- fallbacks ---------------------------------------------------------------------------------------------------------


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


def test_a_fallback_on_one_of_two_hops_into_a_system_does_not_replace_it():
    drawn = "60 Shop>ERP ERP>Bank\n60 Shop>EDI EDI>ERP ERP>Bank"
    assert single_points(report(drawn, catalog=fallback(TESTED))) == {"ERP"}


# -- how often it comes through ----------------------------------------------------------------------------------------


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
    assert capability["availability"] == 0.8
    assert (capability["low"], capability["high"]) == (pytest.approx(float(low)), pytest.approx(float(high)))


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
    assert capability["availability"] == pytest.approx(54 / (60 + 20 * 60 / 80))
    assert capability["low"] == pytest.approx(float(beta_interval(54, 26)[0]))
    assert capability["high"] == pytest.approx(float(beta_interval(54, 6)[1]))


def test_a_failure_that_was_recovered_does_not_count_against_the_capability():
    table = report("60 Shop>ERP! Shop>ERP ERP>Bank").tables["capabilities"]
    assert only(table, capability="Shop to Bank")["availability"] == 1.0


def test_other_ways_to_begin_do_not_count_against_a_capability():
    table = report("60 Shop>ERP ERP>Bank\n500 Shop>Search Search>Index!\n500 Shop>Search Search>Index").tables[
        "capabilities"
    ]
    assert only(table, capability="Shop to Bank")["availability"] == 1.0
    assert only(table, capability="Shop to Index")["availability"] == 0.5


def test_ids_in_an_operation_do_not_make_it_another_way_to_begin():
    messages = traffic("60 Shop>ERP ERP>Bank\n40 Shop>ERP!").with_columns(
        operation=pl.format("GET /orders/{}-8f3a/lines", pl.int_range(pl.len()))
    )
    table = fragility.report(evidence(messages)).tables["capabilities"]
    assert only(table, capability="Shop to Bank")["availability"] == 0.6


def test_few_traces_have_counts_and_structure_but_no_rates_and_no_findings():
    answers = report("20 Shop>ERP ERP>Bank\n9 Shop>ERP ERP>Bank!")
    capability = only(answers.tables["capabilities"], capability="Shop to Bank")
    assert (capability["completed"], capability["lost"], capability["availability"]) == (20, 9, None)
    assert (capability["low"], capability["high"], capability["cut"]) == (None, None, ["ERP"])
    assert answers.findings.is_empty()
    enough = fragility.report(evidence(traffic("20 Shop>ERP ERP>Bank\n9 Shop>ERP ERP>Bank!")), min_messages=20)
    assert only(enough.tables["capabilities"], capability="Shop to Bank")["availability"] == pytest.approx(20 / 29)


# -- which questions are asked -----------------------------------------------------------------------------------------


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
    assert (van["traces"], van["completed"], van["availability"], van["cut"]) == (0, 0, None, None)


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


# -- findings ----------------------------------------------------------------------------------------------------------


def test_findings_name_the_owner_and_grow_with_the_unavailability():
    owners = Catalog(systems=section("systems", {"system": "ERP", "owner": "ada"}, {"system": "Tax", "team": "fin"}))
    answers = report("900 Shop>ERP ERP>Bank\n100 Shop>ERP!\n200 CRM>Tax CRM>Mail\n10 CRM>Tax! CRM>Mail", catalog=owners)
    rows = answers.findings.select("rule", "subject", "severity", "owner", "n").rows()
    assert rows == [
        ("fragile_capability", "Shop to Bank", "critical", "ada", 1000),
        ("single_point", "ERP", "critical", "ada", 1000),
        ("low_availability", "Tax", "critical", "fin", 210),
    ]
    assert answers.findings["statement"][1] == (
        "Without ERP 1 of 2 capabilities stops (Shop to Bank); it was up for 90.0% of 1000 messages."
    )


def test_a_single_point_that_never_failed_is_a_note():
    severities = report("8000 Shop>ERP ERP>Bank").findings.select("rule", "severity").rows()
    assert sorted(severities) == [("fragile_capability", "note"), ("single_point", "note")]


# -- broken input ------------------------------------------------------------------------------------------------------


def test_no_messages_publish_every_table_empty_and_say_what_is_missing():
    answers = fragility.report(evidence(FRAMES["messages"].empty()))
    assert {name: table.height for name, table in answers.tables.items()} == dict.fromkeys(
        [*TABLES["dependency_fragility"], "edges"], 0
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


def test_messages_without_traces_are_paths_of_one_hop_each():
    alone = traffic("40 Shop>ERP ERP>Bank").with_columns(
        pl.lit(None, pl.String).alias(c) for c in ("trace_id", "parent_id")
    )
    answers = fragility.report(evidence(alone))
    assert sorted(answers.tables["capabilities"]["capability"]) == ["ERP to Bank", "Shop to ERP"]
    assert single_points(answers) == set()


def test_loops_of_parents_and_of_hops_are_survived():
    looped = traffic("40 Shop>ERP ERP>WMS WMS>ERP ERP>Bank").with_columns(
        parent_id=pl.when(pl.col("parent_id").is_null()).then("message_id").otherwise("parent_id")
    )
    assert single_points(fragility.report(evidence(looped))) == {"ERP"}


# -- laws --------------------------------------------------------------------------------------------------------------

MIXED = """
    40  Shop>ERP ERP>Tax ERP>Bank order
    9   Shop>ERP ERP>Bank! order
    30  Shop>EDI EDI>Bank
    6   Shop>EDI!
    12  CRM>ERP ERP>Mail? lead
"""


@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(random):
    messages = traffic(MIXED)
    order = list(range(messages.height))
    random.shuffle(order)
    straight, shuffled = fragility.report(evidence(messages)), fragility.report(evidence(messages[order]))
    for name, table in straight.tables.items():
        assert_frame_equal(table, shuffled.tables[name])
    assert_frame_equal(straight.findings, shuffled.findings)


def facts(messages: pl.DataFrame) -> dict[str, pl.DataFrame]:
    linked = traces.linked(messages)
    caused, steps = traces.with_causes(linked), asking.steps(linked)
    journeys = asking.journeys(steps)
    flows = asking.flows(journeys, steps)
    return {
        "flow": asking.flow_facts(flows),
        "hop": asking.hop_facts(flows, steps),
        "call": asking.call_facts(flows, steps),
        "beginning": asking.beginning_facts(journeys),
        "visit": asking.visit_facts(journeys, steps),
        "system": fragility.system_facts(caused),
        "edge": fragility.edge_facts(linked),
    }


@given(st.sets(st.integers(0, 96)))
def test_facts_of_the_parts_merged_are_the_facts_of_the_whole(chosen):
    messages = traffic(MIXED)
    ids = messages["trace_id"].unique().sort()
    there = pl.col("trace_id").is_in(ids[sorted(chosen)].to_list())
    whole, one, other = facts(messages), facts(messages.filter(there)), facts(messages.filter(~there))
    for name, frame in whole.items():
        keys = [column for column, dtype in frame.schema.items() if dtype == pl.String]
        together = merged([one[name], other[name]], keys)
        assert_frame_equal(together.sort(keys), frame.sort(keys))
