"""Charts of error propagation: they say what they show, and without data they say why."""

import polars as pl
import pytest
from drawing.frames import messages

from integrhealth.analyses import error_propagation as propagation
from integrhealth.analyses.error_propagation.charts import spreading as charts
from integrhealth.analyses.error_propagation.spreading.cascade_steps import cascade_steps
from integrhealth.analyses.error_propagation.spreading.cascades import cascade_facts, reach, reach_facts
from integrhealth.analyses.error_propagation.spreading.spread import (
    integration_cascades,
    integration_facts,
    link_facts,
    spread_by_integration,
)
from integrhealth.evidence import Evidence
from integrhealth.traces import links


def spread_tables(frame):
    caused = links.with_causes(links.linked(frame))
    return {
        "integrations": spread_by_integration(
            integration_facts(caused), integration_cascades(caused), link_facts(caused)
        ),
        "reach": reach(reach_facts(caused)),
        "steps": cascade_steps(caused, cascade_facts(caused)),
    }


def data(spec):
    """The rows of the layers of a chart, in their order."""
    return [spec["datasets"][layer.get("data", spec.get("data"))["name"]] for layer in spec["layer"]]


@pytest.fixture(scope="module")
def tables():
    """Forty orders that fail at the WMS; the ERP passes on thirty of these failures, the shop stops half of them."""
    lines = ["message_id trace_id parent_id source target integration kind status finished_at"]
    for i in range(40):
        erp, shop = "failed" if i < 30 else "ok", "failed" if i < 15 else "ok"
        lines += [
            f"a{i} t{i} - user shop orders request {shop} 90",
            f"b{i} t{i} a{i} shop erp bookings request {erp} 30",
            f"c{i} t{i} b{i} erp wms stock request failed 20",
        ]
    frame = messages("\n".join(lines))
    return spread_tables(frame) | propagation.report(Evidence(messages=frame)).tables


def test_survival_is_drawn_on_two_logarithmic_axes(tables):
    spec = charts.survival_chart(tables["survival"], tables["spread"]).to_dict()
    for layer in spec["layer"]:
        assert layer["encoding"]["x"]["scale"]["type"] == layer["encoding"]["y"]["scale"]["type"] == "log"
        assert layer["encoding"]["x"]["title"] == "failed messages in the cascade"
    assert spec["title"]["text"] == "The largest of 40 cascades brought down 3 messages"
    assert spec["description"].startswith(spec["title"]["text"])


def test_stopping_power_is_drawn_with_its_interval_and_names_the_weakest(tables):
    spec = charts.stopping_chart(tables["systems"]).to_dict()
    bars, interval = spec["layer"]
    assert bars["encoding"]["x"]["field"] == "stopping_power"
    assert (interval["encoding"]["x"]["field"], interval["encoding"]["x2"]["field"]) == (
        "stopping_low",
        "stopping_high",
    )
    assert spec["title"]["text"] == "erp stops 25% of the errors that reach it"
    assert bars["encoding"]["y"]["sort"] == ["shop", "erp"]


def test_errors_per_integration_are_drawn_with_interval_and_thresholds_worst_first(tables):
    spec = charts.reproduction_chart(tables["integrations"]).to_dict()
    _, interval, points = spec["layer"]
    assert [row["bound"] for row in data(spec)[0]] == [0.3, 0.7]
    assert (interval["encoding"]["x"]["field"], interval["encoding"]["x2"]["field"]) == ("low", "high")
    assert points["encoding"]["y"]["sort"] == ["stock", "bookings"]
    assert spec["title"]["text"] == "One error on stock causes 0.8 more"
    assert "n from 30 to 40 failures" in spec["title"]["subtitle"]


def test_a_cascade_is_replayed_over_the_systems_in_the_order_in_which_they_were_hit(tables):
    spec = charts.cascade_chart(tables["steps"]).to_dict()
    _, bars, _ = spec["layer"]
    assert bars["encoding"]["y"]["sort"] == ["wms", "erp", "shop"]
    assert (bars["encoding"]["x"]["field"], bars["encoding"]["x2"]["field"]) == ("from_s", "to_s")
    assert [row["fate"] for row in data(spec)[1]] == ["the first error", "failed", "failed"]
    assert [
        (row["target"], row["at_s"]) for row in sorted(data(spec)[0], key=lambda row: (row["step"], row["at_s"]))
    ] == [
        ("wms", 20),
        ("erp", 30),
        ("erp", 30),
        ("shop", 90),
    ]
    assert spec["title"]["text"] == "One error at wms brought down 3 messages in 3 systems"
    assert "First 2 of 3 messages" in charts.cascade_chart(tables["steps"], most=2).to_dict()["title"]["subtitle"]


def test_how_soon_errors_reach_the_next_system_is_told_from_the_second_on(tables):
    spec = charts.reach_chart(tables["reach"]).to_dict()
    assert [row["systems"] for row in data(spec)[0]] == [2]
    assert spec["title"]["text"] == "30 cascades reached 2 systems, half of them within 9.92 s"  # read from a bucket
    hours = tables["reach"].with_columns(pl.col("median_ms") * 1000)
    assert charts.reach_chart(hours).to_dict()["title"]["text"].endswith("within 2.8 h")


def test_the_heat_map_shows_what_each_failure_caused(tables):
    spec = charts.edge_heat_map(tables["edges"]).to_dict()
    rects, counts = spec["layer"]
    assert rects["encoding"]["color"]["field"] == "caused_per_error"
    assert counts["encoding"]["text"]["field"] == "failed"
    assert spec["title"]["text"] == "erp to wms failed most: 40 of 40 messages"
    assert len(next(iter(spec["datasets"].values()))) == 3


def test_the_same_frame_gives_the_same_chart(tables):
    once, twice = (charts.edge_heat_map(tables["edges"]).to_dict() for _ in range(2))
    assert once == twice


def test_without_failures_a_sentence_stands_in_place_of_each_chart():
    frame = messages("message_id source target\na web erp")
    tables = propagation.report(Evidence(messages=frame)).tables | spread_tables(frame)
    for chart in (
        charts.reproduction_chart(tables["integrations"]),
        charts.cascade_chart(tables["steps"]),
        charts.reach_chart(tables["reach"]),
        charts.survival_chart(tables["survival"], tables["spread"]),
        charts.stopping_chart(tables["systems"]),
        charts.edge_heat_map(tables["edges"]),
    ):
        spec = chart.to_dict()
        assert spec["mark"]["type"] == "text"
        assert spec["description"].endswith(".")


def test_a_heat_map_of_many_systems_keeps_those_that_fail_most():
    edges = pl.DataFrame(
        {"source": [f"s{i}" for i in range(40)], "target": [f"t{i}" for i in range(40)], "messages": [100] * 40}
    ).with_columns(failed=pl.int_range(1, 41), caused_per_error=pl.lit(0.5))
    spec = charts.edge_heat_map(edges, top=16).to_dict()
    assert {row["source"] for row in next(iter(spec["datasets"].values()))} == {f"s{i}" for i in range(32, 40)}
