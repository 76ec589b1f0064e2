"""Charts of error propagation: they say what they show, and without data they say why."""

import polars as pl
import pytest
from frames import messages

from integrhealth.analyses import propagation
from integrhealth.charts import propagation as charts
from integrhealth.evidence import Evidence


@pytest.fixture(scope="module")
def tables():
    """Forty orders that fail at the WMS; the ERP passes on thirty of these failures, the shop stops half of them."""
    lines = ["message_id trace_id parent_id source target kind status"]
    for i in range(40):
        erp, shop = "failed" if i < 30 else "ok", "failed" if i < 15 else "ok"
        lines += [
            f"a{i} t{i} - user shop request {shop}",
            f"b{i} t{i} a{i} shop erp request {erp}",
            f"c{i} t{i} b{i} erp wms request failed",
        ]
    return propagation.report(Evidence(messages=messages("\n".join(lines)))).tables


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
    tables = propagation.report(Evidence(messages=messages("message_id source target\na web erp"))).tables
    for chart in (
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
