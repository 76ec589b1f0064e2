"""The charts of latency draw the columns they are given, say so, and say why when there is nothing to draw."""

import json

import polars as pl
import pytest
from drawing.frames import messages

import integrhealth as ih
from integrhealth.analyses.latency import charts, edge_latencies
from integrhealth.analyses.latency.journeys import journey_times
from integrhealth.language.schema import FRAMES
from integrhealth.traces.journeys import journeys as walked
from integrhealth.traces.links import linked

PICTURE = """
    message_id  parent_id  trace_id  source  target     operation  kind     object_type  sent_at  finished_at
    o{n}        -          t{n}      web     orders     place      request  order        0        1
    s{n}        o{n}       t{n}      orders  stock      reserve    request  order        0.2      0.5
    p{n}        o{n}       t{n}      orders  warehouse  pick       queue    order        2        {packed}
"""
TRAFFIC = pl.concat([messages(PICTURE.format(n=number, packed=5 + number)) for number in range(40)])


def tables(frame=TRAFFIC):
    found = walked(linked(frame), holds=FRAMES["holds"].empty())
    steps = journey_times.step_facts(journey_times.passed(found), found.journeys)
    whole = journey_times.journey_facts(found)
    return (
        edge_latencies.integrations(edge_latencies.latency_facts(frame)),
        journey_times.journeys(whole),
        journey_times.waterfall(steps, whole),
    )


def drawn():
    integrations, journeys, waterfall = tables()
    return [
        charts.latency_chart(integrations),
        charts.journey_parts_chart(journeys),
        charts.waterfall_chart(waterfall),
    ]


def rows(spec):
    return [row for data in spec["datasets"].values() for row in data]


def test_each_integration_stands_with_its_percentiles_and_interval():
    spec = drawn()[0].to_dict()
    interval, points = spec["layer"]
    assert [interval["encoding"][name]["field"] for name in ("x", "x2", "y")] == ["p95_low_ms", "p95_high_ms", "name"]
    assert [points["encoding"][name]["field"] for name in ("x", "y", "color")] == ["value", "name", "variable"]
    assert points["encoding"]["x"]["scale"]["type"] == "log"
    assert points["encoding"]["y"]["sort"] == ["orders > warehouse", "web > orders", "orders > stock"]
    assert "orders > warehouse is slowest" in spec["title"]["text"]
    assert spec["description"].startswith(spec["title"]["text"])


def test_a_journey_is_split_into_four_parts_in_their_order():
    spec = drawn()[1].to_dict()
    assert [spec["encoding"][name]["field"] for name in ("x", "y", "color")] == ["share", "object_type", "part"]
    assert [row["part"] for row in rows(spec)] == ["sending", "waiting", "holding", "working"]
    assert sum(row["share"] for row in rows(spec)) == pytest.approx(1)


def test_the_waterfall_runs_from_the_start_of_the_journey_to_its_end():
    spec = drawn()[2].to_dict()
    assert [spec["encoding"][name]["field"] for name in ("x", "x2", "y")] == ["from_ms", "to_ms", "name"]
    bars = rows(spec)
    assert [(bar["name"], bar["part"]) for bar in bars] == [
        ("orders: place", "step"),
        ("stock: reserve", "step"),
        ("warehouse: pick", "between steps"),
        ("warehouse: pick", "step"),
    ]
    assert [bar["to_ms"] for bar in bars[:-1]] == pytest.approx([bar["from_ms"] for bar in bars[1:]])
    assert "40 journeys" in spec["title"]["subtitle"]


def test_the_longest_steps_are_drawn_when_there_are_too_many():
    spec = charts.waterfall_chart(tables()[2], top=1).to_dict()
    assert {bar["name"] for bar in rows(spec)} == {"warehouse: pick"}
    assert "the 1 longest of 3 steps" in spec["title"]["subtitle"]


def test_two_integrations_of_one_name_are_told_apart():
    twice = TRAFFIC.with_columns(integration=pl.lit("feed"))
    names = charts.latency_chart(tables(twice)[0]).to_dict()["layer"][1]["encoding"]["y"]["sort"]
    assert names == ["feed (orders > warehouse)", "feed (web > orders)", "feed (orders > stock)"]


def test_charts_are_the_same_from_run_to_run():
    assert [json.dumps(chart.to_dict()) for chart in drawn()] == [json.dumps(chart.to_dict()) for chart in drawn()]


def test_without_rows_a_sentence_stands_in_place_of_each_chart():
    integrations, journeys, waterfall = tables(FRAMES["messages"].empty())
    for chart in (
        charts.latency_chart(integrations),
        charts.journey_parts_chart(journeys),
        charts.waterfall_chart(waterfall),
        charts.waterfall_chart(tables()[2], "no such type"),
    ):
        spec = chart.to_dict()
        assert spec["mark"]["type"] == "text"
        assert spec["description"].endswith(".")


def test_long_times_are_said_in_hours_and_days():
    slow = pl.concat([messages(PICTURE.format(n=number, packed=260_000)) for number in range(40)])
    integrations, journeys, waterfall = tables(slow)
    assert charts.latency_chart(integrations).to_dict()["title"]["text"].endswith("take longer than 3 days")
    chart = charts.waterfall_chart(waterfall).to_dict()
    assert "3 days in the mean of 40 journeys" in chart["title"]["subtitle"]
    assert [bar["time"] for bar in rows(chart)] == ["700 ms", "300 ms", "1 s", "3 days"]
    parts = charts.journey_parts_chart(journeys).to_dict()
    assert {row["part"]: row["time"] for row in rows(parts)}["working"] == "3 days"
    assert "' days'" in chart["encoding"]["x"]["axis"]["labelExpr"]


def test_what_a_step_drags_stands_beside_what_it_took():
    path = ih.latency.critical_path(ih.Evidence(messages=TRAFFIC))
    spec = charts.drag_chart(path).to_dict()
    bars = {(bar["name"], bar["bar"]): bar["ms"] for bar in rows(spec)}
    assert bars["warehouse: pick", "took"] == pytest.approx(sum(range(3, 43)) * 1000)
    assert bars["warehouse: pick", "would gain"] == bars["warehouse: pick", "took"]
    assert len(bars) == 6
    assert spec["title"]["text"].startswith("warehouse: pick holds journeys up most")


def test_a_journey_is_drawn_message_by_message_with_what_ran_beside_it():
    beside = PICTURE + "    c{n}  o{n}  t{n}  orders  crm  tell  queue  order  2  3\n"
    evidence = ih.Evidence(messages=pl.concat([messages(beside.format(n=n, packed=5 + n)) for n in range(3)]))
    spec = charts.journey_chart(ih.latency.journey_steps(evidence, journey="t1")).to_dict()
    bars = {row["name"]: row for row in rows(spec) if "place" in row}
    places = {name: bar["place"] for name, bar in bars.items()}
    assert places == {
        "1. orders: place": "path",
        "2. stock: reserve": "path",
        "3. crm: tell": "beside",
        "4. warehouse: pick": "path",
    }
    assert bars["3. crm: tell"]["slack"] == "3 s"
    assert (bars["4. warehouse: pick"]["start_ms"], bars["4. warehouse: pick"]["end_ms"]) == (2000, 6000)
    assert spec["title"]["text"] == "One order took 6 s: 5 s in messages, 1 s between them"
    short = charts.journey_chart(ih.latency.journey_steps(evidence), top=1).to_dict()
    assert "1 of 4 messages" in short["title"]["subtitle"]


def test_without_journeys_a_sentence_stands_in_place_of_their_charts():
    nothing = ih.Evidence()
    for chart in (
        charts.drag_chart(ih.latency.critical_path(nothing)),
        charts.journey_chart(ih.latency.journey_steps(nothing)),
    ):
        assert chart.to_dict()["mark"]["type"] == "text"
