"""What if: a gateway is gone, the hub is gone, a fallback frees it, a queue saves it, a repair takes twice as long."""

from datetime import timedelta
from itertools import pairwise

import polars as pl
import pytest
from drawing.landscapes import healthy
from drawing.outages import arrivals, incidents, repaired
from drawing.traffic import NOON, evidence, only, section, traffic
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses import dependency_fragility as fragility
from integrhealth.analyses.dependency_fragility.structure import SUPPOSED
from integrhealth.analyses.dependency_fragility.suppositions import with_longer_repairs
from integrhealth.catalog import Catalog, read_catalog, write_catalog
from integrhealth.errors import WrongParameter, WrongValue
from integrhealth.evidence import Evidence
from integrhealth.language.schema import conform

ORDER = {"capability": "order to cash", "entry": "Shop", "goal": "Bank", "value_per_hour": 1000.0}
# An order goes by one of two gateways to the hub, which pays. A fails by itself in 20 of 200, B in 40 of 200.
GATEWAYS = """
    180 Shop>A A>Hub Hub>Bank
    20  Shop>A!
    160 Shop>B B>Hub Hub>Bank
    40  Shop>B!
"""


def landscape(drawn: str = GATEWAYS, *integrations: dict, **frames: object) -> Evidence:
    """Drawn traffic with one capability worth 1,000 an hour."""
    catalog = Catalog(capabilities=section("capabilities", ORDER), integrations=section("integrations", *integrations))
    return Evidence(messages=traffic(drawn), catalog=catalog, **frames)


def capability(asked: Evidence) -> dict:
    return only(fragility.capabilities(asked), capability="order to cash")


def changed(asked: Evidence, **changes: str) -> dict[tuple[str, str], tuple]:
    rows = fragility.what_if(asked, **changes)
    return {(name, figure): (today, then) for name, figure, today, then in rows.select(COMPARED).iter_rows()}


COMPARED = ("name", "figure", "today", "then")


# A system is gone.


def test_without_one_of_two_gateways_the_capability_stands_with_the_availability_of_the_other():
    today = landscape()
    then = fragility.supposed(today, remove_system="A")
    assert capability(today)["availability"] == pytest.approx(1 - 0.1 * 0.2)
    assert capability(then)["availability"] == pytest.approx(0.8)
    # Dropping the traces that went by A would say that B was always there, and no system matters more.
    assert changed(today, remove_system="A") == {
        ("order to cash", "availability"): (pytest.approx(0.98), pytest.approx(0.8)),
        ("order to cash", "value_per_hour"): (pytest.approx(20), pytest.approx(200)),
        ("B", "single_point"): (0, 1),
        ("A", "availability"): (pytest.approx(0.9), 0),
        # P(gets through, up) - P(gets through, down); that of A is 0.2 as before.
        ("B", "importance"): (pytest.approx(0.1), 1),
        ("A", "value_per_hour"): (pytest.approx(20), pytest.approx(200)),
        ("B", "value_per_hour"): (pytest.approx(20), pytest.approx(200)),
        ("Hub", "importance"): (pytest.approx(0.98), pytest.approx(0.8)),
        ("Bank", "importance"): (pytest.approx(0.98), pytest.approx(0.8)),
    }


def test_without_the_hub_all_falls_and_no_way_is_left():
    today = landscape()
    then = fragility.supposed(today, remove_system="Hub")
    row = capability(then)
    assert (row["availability"], row["low"], row["high"], row["cut"], row["single_points"]) == (0, 0, 0, None, ["Hub"])
    assert only(fragility.systems(then), system="Hub")["single_point"]
    first = fragility.what_if(today, remove_system="Hub").row(0, named=True)
    assert (first["name"], first["figure"], first["in_words"]) == (
        "order to cash",
        "availability",
        "falls: nothing gets through any more",
    )
    assert {"A", "B"}.isdisjoint(name for name, _ in changed(today, remove_system="Hub"))


def test_without_both_gateways_there_is_no_single_point_and_still_no_way():
    then = fragility.supposed(landscape(), remove_system="A; B")
    assert (capability(then)["availability"], capability(then)["cut"]) == (0, None)


@pytest.mark.parametrize("end", ["Shop", "Bank"])
def test_without_its_entry_or_its_goal_a_capability_falls_whatever_stands_in(end):
    then = fragility.supposed(landscape(), remove_system=end, add_fallback=end)
    assert (capability(then)["availability"], capability(then)["cut"]) == (0, None)


def test_a_tested_fallback_stands_in_for_a_system_that_is_gone():
    then = fragility.supposed(landscape(), remove_system="Hub", add_fallback="Hub")
    row = capability(then)
    assert (row["availability"], row["cut"]) == (pytest.approx(0.98), ["A", "B"])


def test_what_is_gone_has_no_edges_and_what_was_seen_is_not_supposed():
    asked = landscape()
    then = fragility.supposed(asked, remove_system="A")
    for table in (fragility.edges(then), fragility.coupling(then), fragility.outages(then)):
        assert "A" not in {*table["source"], *table["target"]}
    assert "A" in set(fragility.edges(asked)["target"])
    assert capability(then)["came_through"] is None
    assert capability(then)["completed"] == capability(asked)["completed"]
    assert then.messages.equals(asked.messages)
    assert asked.catalog.supposed.is_empty()


def test_a_partner_that_answers_every_order_is_needed_beside_the_way():
    drawn = "400 Shop>Tax Shop>Bank"
    row = capability(fragility.supposed(landscape(drawn), remove_system="Tax"))
    assert (row["availability"], row["cut"], row["single_points"]) == (0, None, ["Tax"])


def test_of_more_systems_than_can_be_counted_one_that_is_gone_takes_all_and_a_slower_one_what_the_product_says():
    path = ["Shop", *(f"N{number:02}" for number in range(21)), "Bank"]
    way = " ".join(f"{a}>{b}" for a, b in pairwise(path))
    today = landscape(f"90 {way}\n10 Shop>N00!")
    assert (capability(today)["method"], capability(today)["availability"]) == ("simulated", pytest.approx(0.9))
    assert capability(fragility.supposed(today, remove_system="N20"))["availability"] == 0
    assert capability(fragility.supposed(today, double_repair="N00"))["availability"] == pytest.approx(9 / 11)


# A fallback is there.


def test_a_fallback_tested_today_frees_the_dominator():
    today, hub = landscape(), {"integration": "pay", "source": "A", "target": "Hub", "fallback": "manual"}
    freed = changed(today, add_fallback="Hub")
    assert freed["Hub", "single_point"] == (1, 0)
    assert freed["order to cash", "smallest_cut"] == (1, 2)
    # One of the two edges into the hub leaves it needed; so does an integration on an edge that another one shares.
    assert ("Hub", "single_point") not in changed(today, add_fallback="A > Hub")
    shared = landscape(GATEWAYS, hub, hub | {"integration": "refund"}, hub | {"integration": "b", "source": "B"})
    assert ("Hub", "single_point") not in changed(shared, add_fallback="pay; b")
    assert changed(shared, add_fallback="pay; refund; b")["Hub", "single_point"] == (1, 0)


def test_an_added_fallback_keeps_all_else_that_the_catalog_says():
    said = {"integration": "pay", "source": "A", "target": "Hub", "owner": "ana", "tolerance_ms": 1000.0}
    today = landscape(GATEWAYS, said, {"integration": "other", "fallback": "manual"})
    declared = fragility.supposed(today, add_fallback="Hub").catalog.integrations
    assert declared["integration"].to_list() == ["pay", "other", "B > Hub"]
    assert only(declared, integration="pay")["fallback"] == SUPPOSED
    assert only(declared, integration="pay")["fallback_tested_on"] == (NOON + timedelta(minutes=179)).date()
    assert (only(declared, integration="pay")["owner"], only(declared, integration="other")["fallback"]) == (
        "ana",
        "manual",
    )
    tested = fragility.fallbacks(fragility.supposed(today, add_fallback="Hub"))
    assert only(tested, integration="pay")["verdict"] == "fresh"


def test_an_integration_of_two_edges_gets_a_fallback_on_both():
    both = traffic(GATEWAYS).with_columns(
        integration=pl.when(pl.col("target") == "Hub").then(pl.lit("pay")).otherwise("integration")
    )
    today = evidence(both, catalog=Catalog(capabilities=section("capabilities", ORDER)))
    assert changed(today, add_fallback="pay")["Hub", "single_point"] == (1, 0)


# A queue is there: 60 an hour come, every repair takes two hours, three hours are borne, nothing waits.


def drill(minutes: float = 120, **said: object) -> Evidence:
    row = {"integration": "orders", "source": "Shop", "target": "ERP", "owner": "ana", "queue": False}
    catalog = Catalog(integrations=section("integrations", row | {"tolerance_ms": 180 * 60_000.0} | said))
    nights = incidents(*(repaired(minutes, day=day) for day in range(10)))
    return Evidence(messages=arrivals(10, 60, 20), incident_events=nights, catalog=catalog)


def test_a_queue_turns_stop_into_survive():
    rows = fragility.what_if(drill(value_per_object=5.0), add_queue="orders")
    verdict = only(rows, figure="verdict")
    assert (verdict["today"], verdict["then"], verdict["worse"]) == (0, 1, False)
    assert verdict["in_words"] == "in its busiest hour: survive, today stop"
    assert (only(rows, figure="median_loss")["today"], only(rows, figure="median_loss")["then"]) == (600, 0)
    # Without costs the messages that come too late stand for them; a queue with a limit loses it.
    assert only(fragility.what_if(drill(), add_queue="ERP"), figure="past_tolerance")["today"] == 120
    limited = drill(queue=True, queue_limit=10.0)
    assert only(fragility.what_if(limited, add_queue="orders"), figure="verdict")["then"] == 1


def test_a_queue_changes_nothing_where_the_messages_cannot_wait_so_long():
    assert "verdict" not in set(fragility.what_if(drill(tolerance_ms=60_000.0), add_queue="orders")["figure"])


def test_a_queue_of_an_integration_that_the_catalog_does_not_have_takes_no_fallback_from_its_edge():
    tested = {"integration": "pay", "source": "A", "target": "Hub", "fallback": "queue"}
    rows = (tested | {"source": source, "integration": source} for source in "AB")
    today = landscape(GATEWAYS, *(row | {"fallback_tested_on": NOON.date()} for row in rows))
    extra = traffic("40 A>Hub").with_columns(integration=pl.lit("extra"), message_id=pl.col("message_id") + "x")
    today = today.replace(messages=pl.concat([today.messages, extra.with_columns(trace_id=pl.col("message_id"))]))
    assert fragility.what_if(today, add_queue="extra").is_empty()


# A repair takes twice as long.


@pytest.mark.parametrize(("availability", "then"), [(0.9, 0.9 / 1.1), (0.5, 1 / 3), (1.0, 1.0), (0.0, 0.0)])
def test_twice_the_repair_is_nearly_twice_the_unavailability(availability, then):
    # M / (M + 2 R) with M / (M + R) = a.
    assert with_longer_repairs(availability, 2.0) == pytest.approx(then)
    assert with_longer_repairs(availability, 1.0) == pytest.approx(availability)


def test_double_repair_changes_the_system_and_all_that_needs_it_as_the_closed_form_says():
    today = landscape("90 Shop>Hub Hub>Bank\n10 Shop>Hub!")
    assert changed(today, double_repair="Hub") == {
        ("order to cash", "availability"): (pytest.approx(0.9), pytest.approx(9 / 11)),
        ("order to cash", "value_per_hour"): (pytest.approx(100), pytest.approx(1000 * 2 / 11)),
        ("Hub", "availability"): (pytest.approx(0.9), pytest.approx(9 / 11)),
        ("Hub", "value_per_hour"): (pytest.approx(100), pytest.approx(1000 * 2 / 11)),
    }
    row = only(fragility.what_if(today, double_repair="Hub"), name="Hub", figure="availability")
    assert row["in_words"] == "is down 5.5 days in 30 days, today 3 days"
    for side in ("low", "high"):
        assert row[f"then_{side}"] == pytest.approx(row[f"today_{side}"] / (2 - row[f"today_{side}"]))


def test_of_one_integration_only_its_own_errors_last_longer():
    today = landscape("90 Shop>Hub Hub>Bank\n6 Shop>Hub!\n60 Till>Hub Hub>Bank\n4 Till>Hub!")
    # 150 up, 10 down, of which 6 come by the shop.
    then = changed(today, double_repair="Shop > Hub")["Hub", "availability"]
    assert then == (pytest.approx(150 / 160), pytest.approx(150 / (150 + 10 + 6)))


@pytest.mark.parametrize(("borne_minutes", "verdict"), [(239, "stop"), (241, "survive")])
def test_an_outage_lasts_twice_as_long_and_the_verdict_is_that_of_its_length(borne_minutes, verdict):
    # 0.1% of the messages may be late and are: 240 minutes are borne from 240 x 0.999 on.
    today = drill(queue=True, tolerance_ms=borne_minutes * 60_000.0)
    then = only(fragility.outages(fragility.supposed(today, double_repair="orders")), integration="orders")
    assert (then["outage_minutes"], then["outage_p95_minutes"], then["verdict"]) == (240, 240, verdict)
    assert only(fragility.outages(today), integration="orders")["verdict"] == "survive"
    by_system = fragility.supposed(today, double_repair="ERP")
    assert only(fragility.outages(by_system), integration="orders")["outage_minutes"] == 240


# Nothing is supposed, nothing changes, nothing is known.


@pytest.mark.parametrize("empty", ["", "  ", ";", " , ; "])
def test_nothing_supposed_is_no_difference_and_the_note_says_how_to_ask(empty):
    today = landscape()
    assert fragility.what_if(today, remove_system=empty, double_repair=empty).is_empty()
    report = fragility.report(today, add_queue=empty)
    assert report.notes["what_if"].startswith("Nothing is supposed: remove_system, ")
    assert report.tables["what_if"].is_empty()


def test_what_nothing_needs_makes_no_difference_and_the_note_says_so():
    today = landscape(GATEWAYS + "50 Shop>News")
    note = fragility.report(today, add_fallback="News").notes["what_if"]
    assert note.startswith("Supposed, not measured: a tested fallback for News. ")
    assert "It makes no difference" in note


@pytest.mark.parametrize("seed", range(6))
def test_in_a_healthy_company_a_queue_changes_no_availability_and_what_is_shown_differs(seed):
    today = healthy(seed)
    busiest = fragility.edges(today).sort("messages", descending=True)["target"][0]
    assert set(fragility.what_if(today, add_queue=busiest)["what"]) <= {"integration"}
    rows = fragility.what_if(today, remove_system=busiest)
    assert rows.filter(pl.col("today").eq_missing(pl.col("then"))).is_empty()
    assert (busiest, "availability") in set(rows.select("name", "figure").iter_rows())


def test_the_report_shows_the_landscape_that_is_supposed_with_the_findings_of_today():
    today = landscape()
    report, now = fragility.report(today, remove_system="Hub"), fragility.report(today)
    assert report.tables["capabilities"]["availability"].to_list() == [0]
    assert report.notes["what_if"] == (
        "Supposed, not measured: without Hub. Tables and charts show that landscape, findings are of today's."
    )
    assert now.findings.height
    assert_frame_equal(report.findings, now.findings)
    assert fragility.report(fragility.supposed(today, remove_system="Hub")).findings.is_empty()
    assert now.tables["what_if"].schema == report.tables["what_if"].schema


@pytest.mark.parametrize("changes", [{"remove_system": "A"}, {"add_fallback": "A"}, {"double_repair": "Hub"}])
def test_a_report_of_what_is_supposed_is_what_each_question_answers_and_asks_no_other_report_again(changes):
    today = landscape()
    then = fragility.supposed(today, **changes)
    tables = fragility.report(today, **changes).tables
    assert not any(answer.__name__ in ("level_checks", "_windows", "coupling") for answer, *_ in then._answers)
    for name in tables.keys() - {"what_if"}:
        assert_frame_equal(tables[name], getattr(fragility, name)(then).select(tables[name].columns))


def test_what_is_supposed_of_a_graph_alone_is_its_structure():
    edges = pl.DataFrame({"source": ["S", "S", "A", "B"], "target": ["A", "B", "T", "T"]})
    today = Evidence(dependencies=conform(edges, "dependencies"))
    assert fragility.capabilities(today)["capability"].to_list() == ["S to T"]
    assert changed(today, remove_system="A") == {("S to T", "smallest_cut"): (2, 1), ("B", "single_point"): (0, 1)}
    assert changed(today, remove_system="A,B") == {("S to T", "smallest_cut"): (2, None)}
    assert fragility.report(today, remove_system="A,B").missing is None
    assert changed(today, add_fallback="A") == {("S to T", "smallest_cut"): (2, 0)}


# Names.


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"remove_system": "hub"}, "remove_system: there is no system 'hub'; did you mean 'Hub'?"),
        ({"remove_system": "A; Hubb"}, "remove_system: there is no system 'Hubb'; did you mean 'Hub'?"),
        ({"remove_system": "Mill"}, "remove_system: there is no system 'Mill'; there are 5: 'A', 'B', 'Bank', "),
        (
            {"add_queue": "A > Hib"},
            "add_queue: there is no system or integration 'A > Hib'; did you mean 'A > Hub' or ",
        ),
        ({"add_fallback": "<b>\n"}, "add_fallback: there is no system or integration '<b>'; "),
    ],
)
def test_a_name_that_the_data_do_not_know_is_one_line_with_the_nearest(changes, said):
    with pytest.raises(WrongParameter) as error:
        fragility.report(landscape(), **changes)
    assert str(error.value).startswith(said)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def test_without_data_every_name_is_unknown():
    with pytest.raises(WrongParameter, match="no system 'ERP'; the data name none"):
        fragility.supposed(Evidence(), remove_system="ERP")


@pytest.mark.parametrize("names", [None, ["ERP"], 7])
def test_names_that_are_no_text_are_refused(names):
    with pytest.raises(WrongValue, match="remove_system takes names in one text, separated by semicolons, not "):
        fragility.supposed(landscape(), remove_system=names)


def test_a_frame_is_no_evidence_and_the_remedy_is_said():
    with pytest.raises(WrongValue, match=r"supposed takes evidence, not DataFrame; make it with ih\.read"):
        fragility.supposed(pl.DataFrame(), remove_system="ERP")


@pytest.mark.parametrize("name", ["A, B; C", "A;B", "a,b", "<script>alert(1)</script>", "x > y"])
def test_a_name_that_holds_what_separates_names_is_taken_whole(name):
    today = landscape(GATEWAYS)
    renamed = {"A": name}
    odd = today.replace(messages=today.messages.with_columns(pl.col("source", "target").replace(renamed)))
    assert changed(odd, remove_system=name)[name, "availability"] == (pytest.approx(0.9), 0)
    assert changed(odd, remove_system=f"{name}; Hub")["Hub", "availability"] == (1, 0)


def test_what_is_supposed_is_kept_where_evidence_is_saved(tmp_path):
    then = fragility.supposed(landscape(), remove_system="A", double_repair="B", add_fallback="Hub")
    write_catalog(then.catalog, tmp_path)
    assert_frame_equal(read_catalog(tmp_path).supposed, then.catalog.supposed)
    twice = fragility.supposed(fragility.supposed(landscape(), remove_system="A"), remove_system="B")
    assert capability(twice)["availability"] == 0


# Laws, for traffic in which orders go by any of a few ways.

SYSTEMS = ("A", "B", "C", "D")
WAYS = st.lists(st.lists(st.sampled_from(SYSTEMS), max_size=3, unique=True), min_size=1, max_size=4, unique_by=tuple)


def drawn(ways: list[list[str]], failures: list[int]) -> str:
    lines = []
    for way in ways:
        path = ["Shop", *way, "Bank"]
        lines.append("40 " + " ".join(f"{a}>{b}" for a, b in pairwise(path)))
        lines += [f"{failures[SYSTEMS.index(system)]} {path[path.index(system) - 1]}>{system}!" for system in way]
    return "\n".join(line for line in lines if not line.startswith("0 "))


@settings(max_examples=8)
@given(WAYS, st.lists(st.integers(0, 20), min_size=4, max_size=4), st.data())
def test_removing_never_helps_and_a_fallback_never_harms(ways, failures, data):
    today = landscape(drawn(ways, failures))
    before = capability(today)["availability"]
    chosen = data.draw(st.sampled_from(sorted({system for way in ways for system in way} | {"Bank"})))
    assert capability(fragility.supposed(today, remove_system=chosen))["availability"] <= before
    assert capability(fragility.supposed(today, double_repair=chosen))["availability"] <= before
    assert capability(fragility.supposed(today, add_fallback=chosen))["availability"] >= before - 1e-12
    queued = fragility.supposed(today, add_queue=chosen)
    assert_frame_equal(fragility.parts(queued), fragility.parts(today))
