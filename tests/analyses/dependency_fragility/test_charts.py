"""The dependency graph is laid out so that it can be read, and the charts say what the frames say."""

import itertools
import json
from datetime import timedelta

import altair as alt
import networkx as nx
import numpy as np
import polars as pl
import pytest
from drawing.bad_input import ACTING, ATTACKS
from drawing.traffic import NOON, report, section
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from integrhealth.analyses.dependency_fragility.charts import (
    capability_chart,
    dependency_chart,
    system_availability_chart,
    weakest_parts_chart,
)
from integrhealth.analyses.dependency_fragility.charts.graph import round_amounts, short_names
from integrhealth.catalog import Catalog
from integrhealth.charts.graph_layers import flow_order
from integrhealth.charts.graph_layout import LABEL, layered, neighbourhood

WIDTH = 620


def edges(drawn: str) -> pl.DataFrame:
    """Edges drawn as ``A>B:100 B>C:20``: source, target, messages, error_share."""
    rows = [(*edge.split(":")[0].split(">"), int(edge.split(":")[1])) for edge in drawn.split()]
    frame = pl.DataFrame(rows, schema=["source", "target", "messages"], orient="row")
    return frame.with_columns(error_share=pl.lit(0.01))


def columns(layout) -> dict[str, int]:
    return dict(layout.systems.select("system", "column").rows())


# Fifteen systems and 35 connections around an ERP, with two-way traffic and a circle, as in a grown company.
LANDSCAPE = edges("""
    Webshop>Gateway:900 Gateway>ERP:880 ERP>WMS:700 WMS>Carrier:690 ERP>Billing:600 Billing>Bank:590
    Webshop>Middleware:300 Middleware>ERP:350 EDI>Middleware:120 ERP>MES:90 MES>WMS:80 Gateway>CRM:140 CRM>ERP:130
    Billing>Tax:70 Bank>Ledger:60 WMS>ERP:200 ERP>CRM:55 CRM>DWH:40 Ledger>ERP:50 ERP>DWH:400 CRM>Middleware:30
    Middleware>DWH:25 EDI>ERP:35 MES>ERP:30 Ledger>DWH:10 Webshop>PIM:80 PIM>Middleware:75 Webshop>Tax:45
    Gateway>Tax:40 PIM>Webshop:33 WMS>Billing:15 Billing>Ledger:12 Webshop>CRM:12 Carrier>WMS:90 Tax>DWH:5
""")


def test_without_a_circle_every_line_runs_from_left_to_right():
    layout = layered(edges("A>B:1 B>C:1 A>C:1 D>C:1"), width=WIDTH)
    assert columns(layout) == {"A": 0, "B": 1, "C": 2, "D": 1}
    assert not layout.heads["backward"].any()


def test_a_circle_is_opened_where_the_least_traffic_runs():
    layout = layered(edges("A>B:100 B>C:100 C>A:3 C>B:2"), width=WIDTH)
    assert columns(layout) == {"A": 0, "B": 1, "C": 2}
    assert set(layout.heads.filter("backward").select("source", "target").rows()) == {("C", "A"), ("C", "B")}


def at(line: pl.DataFrame, x: float) -> float:
    return float(np.interp(x, line["x"].to_numpy(), line["y"].to_numpy()))


def test_the_flow_starts_where_business_starts_and_not_where_most_is_sent():
    hub = edges("shop>ERP:10 ERP>shop:90 ERP>WMS:20 WMS>ERP:500 lone>shop:1")
    column = dict(layered(hub, width=WIDTH, starts=["shop"]).systems.select("system", "column").rows())
    assert column["shop"] < column["ERP"] < column["WMS"]
    heads = layered(hub, width=WIDTH, starts=["shop"]).heads.filter("backward")
    assert set(heads.select("source", "target").rows()) == {("ERP", "shop"), ("WMS", "ERP")}
    unled = dict(layered(hub, width=WIDTH, starts=["elsewhere"]).systems.select("system", "column").rows())
    assert unled["WMS"] < unled["ERP"]


def test_no_line_passes_behind_a_system_and_no_name_meets_another():
    layout = layered(LANDSCAPE, width=WIDTH)
    assert LANDSCAPE.height == 35
    assert layout.systems.height == 15
    for (source, target), line in layout.lines.partition_by("source", "target", as_dict=True).items():
        between = layout.systems.filter(
            ~pl.col("system").is_in([source, target]), pl.col("x") > line["x"].min(), pl.col("x") < line["x"].max()
        )
        for system, x, top, bottom in between.select("system", "x", "top", "bottom").rows():
            assert not top - LABEL < at(line, x) < bottom, f"{source} > {target} runs behind {system}"
    for one, other in itertools.permutations(layout.systems.iter_rows(named=True), 2):
        apart, between = abs(one["x"] - other["x"]), one["top"] - LABEL - other["bottom"]
        if abs(one["top"] - other["top"]) < LABEL:
            assert apart >= (one["room"] + other["room"]) / 2, "two names meet"
        if between < 0 and one["top"] > other["top"]:
            assert apart >= one["room"] / 2, "a name meets a system"


def test_the_layout_does_not_depend_on_the_order_of_the_edges():
    one, other = layered(LANDSCAPE, width=WIDTH), layered(LANDSCAPE.reverse(), width=WIDTH)
    assert_frame_equal(one.systems, other.systems)
    keys = ["source", "target", "step"]
    assert_frame_equal(one.lines.sort(keys), other.lines.sort(keys))


def test_a_landscape_has_few_crossings():
    lines = layered(LANDSCAPE, width=WIDTH).lines.partition_by("source", "target")
    crossed = 0
    for one, other in itertools.combinations(lines, 2):
        left, right = max(one["x"].min(), other["x"].min()), min(one["x"].max(), other["x"].max())
        if left < right:
            above = np.sign([at(one, x) - at(other, x) for x in np.linspace(left + 1, right - 1, 60)])
            crossed += int((np.diff(above[above != 0]) != 0).sum())
    assert crossed <= 20  # 90 when the columns stay in alphabetical order


any_edges = st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda e: e[0] != e[1]), min_size=1).map(
    lambda pairs: edges(" ".join(f"{a}>{b}:{1 + (a * 7 + b) % 5}" for a, b in sorted(pairs)))
)


@settings(max_examples=25)
@given(any_edges)
def test_any_graph_stays_in_the_picture_with_every_line_from_its_source_to_its_target(drawn):
    layout = layered(drawn, width=WIDTH)
    for frame in (layout.systems, layout.lines):
        assert frame["x"].is_between(0, WIDTH).all()
        assert frame["y"].is_between(0, layout.height).all()
    x = dict(layout.systems.select("system", "x").rows())
    ends = layout.lines.group_by("source", "target").agg(first=pl.col("x").min(), last=pl.col("x").max())
    assert ends.height == drawn.height
    for source, target, first, last in ends.rows():
        assert [first, last] == pytest.approx(sorted([x[source], x[target]]), abs=0.1)


@given(any_edges)
def test_the_flow_has_no_backward_traffic_when_there_is_no_circle(drawn):
    weights = {(s, t): n for s, t, n in drawn.select("source", "target", "messages").rows()}
    order = flow_order(weights)
    backward = [edge for edge in weights if order[edge[0]] > order[edge[1]]]
    assert sorted(order.values()) == list(range(len(order)))
    assert bool(backward) != nx.is_directed_acyclic_graph(nx.DiGraph(list(weights)))


def test_a_neighbourhood_is_the_first_systems_each_with_its_busiest_neighbours():
    star = " ".join(f"n{i}>hub:{i + 1}" for i in range(9))
    drawn = edges(f"{star} hub>n8:100 n0>far:900 other>far:800")
    first = pl.Series(["alone", "hub", "far", "other"])
    kept = neighbourhood(drawn, first, systems=6)
    assert set(kept["source"]) | set(kept["target"]) == {"hub", "n4", "n5", "n6", "n7", "n8"}
    assert kept.filter(source="hub").rows() == [("hub", "n8", 100, 0.01)]
    more = neighbourhood(drawn, first, systems=8)
    assert set(more["source"]) - set(kept["source"]) == {"n0"}
    assert more.filter(source="n0")["target"].to_list() == ["hub", "far"]
    assert neighbourhood(drawn, first, systems=99).height < drawn.height  # n1 to n3 are nobody's busiest
    everyone = pl.Series(sorted(set(drawn["source"]) | set(drawn["target"])))
    assert neighbourhood(drawn, everyone, systems=99).equals(drawn)


def risks(drawn: pl.DataFrame, **columns: dict) -> pl.DataFrame:
    """The table of systems of the `drawn` edges, with what a case says of some of them."""
    usual = {"single_point": False, "importance": 0.1, "value_per_hour": None, "availability": 0.99}
    names = sorted(set(drawn["source"]) | set(drawn["target"]))
    rows = [
        {"system": name, "capabilities": columns.get("capabilities", {}).get(name, [])}
        | {column: columns.get(column, {}).get(name, value) for column, value in usual.items()}
        for name in names
    ]
    return pl.DataFrame(rows, schema_overrides={"value_per_hour": pl.Float64, "capabilities": pl.List(pl.String)})


# A ring of sixty, each joined with the next; who sends most is not who is at risk.
LARGE = edges(" ".join(f"s{i}>s{(i + 1) % 60}:{1 + i}" for i in range(60)))


@pytest.mark.parametrize("column", ["single_point", "value_per_hour", "importance", "capabilities"])
def test_a_large_graph_shows_the_riskiest_first_and_says_how_many_are_left_out(column):
    value = {"single_point": True, "value_per_hour": 90.0, "importance": 0.9, "capabilities": ["order to cash"]}[column]
    systems = risks(LARGE, **{column: {"s7": value}})
    spec = dependency_chart(LARGE, systems).to_dict()
    names = next(iter(row for row in spec["datasets"].values() if "label" in row[0]))
    assert {"s6", "s7", "s8"} <= {row["system"] for row in names}
    assert len(names) == 30
    assert spec["title"]["subtitle"].startswith("30 systems around the riskiest, 30 left out; ")
    assert spec["title"]["text"] == ("Nothing leads around s7" if column == "single_point" else NONE_ALONE)


NONE_ALONE = "No system stands alone on the way to a goal"


def test_as_many_systems_as_can_be_read_are_all_shown():
    drawn = edges(" ".join(f"s{i}>s{i + 1}:1" for i in range(29)))
    assert dependency_chart(drawn, risks(drawn)).to_dict()["title"]["subtitle"].startswith("30 systems; 29 connections")


def test_levels_stand_from_left_to_right_whatever_the_flow():
    drawn = edges("Shop>ERP:10 ERP>Bank:10 Model>ERP:5")
    levels = pl.DataFrame({"system": ["Bank", "ERP", "Shop", "Gone"], "level": [0, 1, 3, 2]})
    spec = dependency_chart(drawn, risks(drawn), levels=levels).to_dict()
    rows = next(iter(row for row in spec["datasets"].values() if "label" in row[0]))
    x = {row["system"]: row["x"] for row in rows}
    assert x["Bank"] == x["Model"] < x["ERP"] < x["Shop"]


def test_a_graph_without_traffic_is_drawn_and_says_so():
    drawn = edges("A>B:0 B>C:0 C>A:0").with_columns(error_share=pl.lit(None, pl.Float64))
    spec = dependency_chart(drawn, risks(drawn)).to_dict()
    assert spec["title"]["subtitle"].startswith("3 systems; 3 connections, no traffic seen")
    assert spec["layer"][0]["encoding"]["strokeWidth"]["scale"]["domain"] == [0, 1]


def test_hostile_names_stay_text_and_apart():
    names = [attack or "empty" for attack in dict.fromkeys(ATTACKS)]
    drawn = pl.DataFrame(
        {"source": names, "target": [*names[1:], names[0]], "messages": range(1, len(names) + 1), "error_share": 0.1}
    )
    chart = dependency_chart(drawn, risks(drawn, single_point={names[0]: True}))
    shown = json.dumps(chart._repr_mimebundle_(), ensure_ascii=False)
    assert not ACTING.search(shown)
    assert len(shown) < 300_000
    assert chart.to_dict()["title"]["subtitle"].startswith(f"{len(names)} systems; ")


def test_the_largest_landscape_is_drawn_in_a_small_page():
    graph = edges(" ".join(f"s{i}>s{(i * 7 + k * k + 1) % 1200}:{i + k}" for i in range(1200) for k in range(4)))
    graph = graph.unique(["source", "target"]).filter(pl.col("source") != pl.col("target"))
    chart = dependency_chart(graph, risks(graph))
    assert "1,170 left out" in chart.to_dict()["title"]["subtitle"]
    assert len(json.dumps(chart.to_dict())) < 200_000


@pytest.fixture(scope="module")
def tables():
    """The tables of a landscape of five systems."""
    return report("""
        900 Shop>ERP ERP>Bank
        30  Shop>ERP!
        200 Shop>WMS WMS>Carrier
        5   Shop>Mail
    """).tables


def test_the_graph_shows_traffic_as_width_failures_as_colour_and_single_points_by_shape(tables):
    chart = dependency_chart(tables["edges"], tables["systems"])
    unrated, rated, heads, bars, rings, names = chart.to_dict()["layer"]
    assert rated["encoding"]["strokeWidth"]["field"] == "messages"
    assert rated["encoding"]["color"]["field"] == "error_share"
    assert rated["encoding"]["strokeWidth"]["legend"]["title"] == "Messages"
    assert rated["encoding"]["color"]["legend"]["title"] == "Share that failed"
    assert "color" not in unrated["encoding"]
    assert heads["encoding"]["shape"]["field"] == "backward"
    assert bars["encoding"]["y2"]["field"] == "bottom"
    assert rings["encoding"]["shape"]["scale"] == {"domain": ["single point"], "range": ["circle"]}
    assert not rings["mark"]["filled"]
    assert names["encoding"]["text"]["field"] == "label"
    assert chart.to_dict()["title"]["text"] == "Nothing leads around ERP and WMS"


def test_intervals_are_drawn_where_they_lie(tables):
    spec = system_availability_chart(tables["systems"]).to_dict()
    rows = next(iter(row for row in spec["datasets"].values() if "most_lost" in row[0]))
    erp = next(row for row in rows if row["subject"] == "ERP")
    assert erp["lost"] == pytest.approx(30 / 930)
    assert erp["least_lost"] < erp["lost"] < erp["most_lost"]
    bank = next(row for row in rows if row["subject"] == "Bank")
    assert bank["faultless"]
    assert bank["lost"] == bank["least_lost"]
    assert spec["title"]["text"] == "ERP fails most often by itself"


def test_capabilities_say_on_whom_they_hang(tables):
    spec = capability_chart(tables["capabilities"]).to_dict()
    rows = next(iter(row for row in spec["datasets"].values() if "beside" in row[0]))
    assert {row["subject"]: row["beside"] for row in rows} == {
        "Shop to Bank": "hangs on ERP, n = 930",
        "Shop to Carrier": "hangs on WMS, n = 200",
    }
    assert spec["title"]["text"] == "2 of 2 capabilities hang on one system"


@pytest.mark.parametrize(("days", "beside"), [(90, "n = 60"), (91, "test 91 days old, n = 60")])
def test_a_capability_that_rests_on_an_old_test_of_a_fallback_says_so(days, beside):
    row = {"integration": "orders", "source": "Shop", "target": "ERP", "fallback": "queue"}
    tested = section("integrations", row | {"fallback_tested_on": NOON.date() - timedelta(days=days)})
    tables = report("60 Shop>ERP ERP>Bank", catalog=Catalog(integrations=tested)).tables
    spec = capability_chart(tables["capabilities"]).to_dict()
    assert next(iter(rows for rows in spec["datasets"].values() if "beside" in rows[0]))[0]["beside"] == beside


def drawn_parts(drawn: str) -> tuple[dict, dict]:
    """The chart of the weakest parts, and its rows by subject."""
    tables = report(drawn).tables
    spec = weakest_parts_chart(tables["capabilities"], tables["parts"]).to_dict()
    rows = next(iter(row for row in spec["datasets"].values() if "beside" in row[0]))
    return spec, {row["subject"]: row for row in rows}


def test_a_part_stands_where_the_capability_would_stand_if_nothing_else_failed():
    spec, rows = drawn_parts("90 Shop>ERP ERP>Bank\n6 Shop>ERP!\n4 Shop>ERP ERP>Bank!")
    assert list(rows) == ["Shop to Bank", "- ERP", "- Bank"]
    assert rows["Shop to Bank"]["lost"] == pytest.approx(0.1)
    assert rows["- ERP"]["lost"] == pytest.approx(90 / 94 * 0.06)
    assert rows["- ERP"]["least_lost"] < rows["- ERP"]["lost"] < rows["- ERP"]["most_lost"]
    assert rows["Shop to Bank"]["beside"] == "90%; 90% came through"
    assert rows["- ERP"]["beside"] == "takes 5.74%"
    assert spec["title"]["text"] == "Shop to Bank loses most at ERP"


def test_parts_that_never_failed_are_not_drawn():
    spec, rows = drawn_parts("60 Shop>ERP ERP>Bank")
    assert list(rows) == ["Shop to Bank"]
    assert rows["Shop to Bank"]["faultless"]
    assert spec["title"]["text"] == "Shop to Bank loses nothing at any system"


def test_with_several_capabilities_a_part_says_whose_it_is():
    _, rows = drawn_parts("60 Shop>ERP\n9 Shop>ERP!\n60 CRM>ERP")
    assert list(rows) == ["CRM to ERP", "- ERP, CRM to ERP", "Shop to ERP", "- ERP, Shop to ERP"]


def test_without_numbers_each_chart_is_a_sentence():
    empty = report("1 ERP>ERP").tables
    for chart in (
        dependency_chart(empty["edges"], empty["systems"]),
        system_availability_chart(empty["systems"]),
        capability_chart(empty["capabilities"]),
        weakest_parts_chart(empty["capabilities"], empty["parts"]),
    ):
        assert isinstance(chart, alt.Chart)
        assert chart.to_dict()["description"].startswith("There is no")


def test_legend_values_are_round():
    assert [round_amounts(most) for most in (1, 70, 1234)] == [[1], [4, 20, 70], [80, 300, 1000]]


def test_names_without_room_lose_first_what_they_share_then_their_middle():
    names = ["ts-order-service", "ts-order-other-service", "ts-verification-service", "user"]
    wide, narrow = (short_names(pl.DataFrame({"system": names, "room": [room] * 4})) for room in (700.0, 66.0))
    assert wide["label"].to_list() == names
    assert narrow["label"].to_list() == ["order", "order-…her", "verifi…ion", "user"]


def test_names_that_share_many_parts_keep_what_tells_them_apart():
    names = [f"System of the department number {number} for very very long names" for number in range(7)]
    labels = short_names(pl.DataFrame({"system": names, "room": [120.0] * 7}))["label"]
    assert labels.to_list() == [str(number) for number in range(7)]
    alike = short_names(pl.DataFrame({"system": ["a-long-name-", "a-long-name-b"], "room": [12.0] * 2}))["label"]
    assert "" not in alike.to_list()


def test_where_no_goal_is_seen_nothing_is_said_about_ways_to_one():
    drawn = edges("A>B:10 B>C:10 C>A:10")
    unjudged = risks(drawn).with_columns(single_point=pl.lit(None, pl.Boolean))
    assert dependency_chart(drawn, unjudged).to_dict()["title"]["text"].startswith("Who calls whom")
    assert dependency_chart(drawn, risks(drawn)).to_dict()["title"]["text"] == NONE_ALONE
