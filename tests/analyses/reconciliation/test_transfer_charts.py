"""Charts of transfers: what their titles say, what is drawn, and what they do without data."""

import json

import polars as pl
import pytest
import vl_convert
from drawing.transfers import SHOP, as_two_logs

import integrhealth as ih
from integrhealth.analyses.reconciliation.charts.transfers import transfer_ages_chart, transfer_fates_chart
from integrhealth.analyses.reconciliation.transfers.questions import transfer_ages, transfers

HOSTILE = "<script>alert(1)</script>\u202e" * 9


def drawn(chart):
    """The spec, compiled by Vega-Lite to SVG on the way: a spec that does not draw fails here."""
    spec = chart.to_dict()
    spec["$schema"] = "https://vega.github.io/schema/vega-lite/v5.json"
    return spec, vl_convert.vegalite_to_svg(json.dumps(spec))


def rows(spec):
    return [row for data in spec["datasets"].values() for row in data]


@pytest.fixture(scope="module")
def evidence():
    return ih.Evidence(**as_two_logs())


def test_fates_show_what_did_not_simply_arrive_once(evidence):
    spec, _ = drawn(transfer_fates_chart(transfers(evidence)))
    assert spec["title"]["text"] == "10 messages lost and 4 applied twice on shop-orders"
    told = {row["fate"]: row["messages"] for row in rows(spec) if "fate" in row}
    assert told == {"lost": 10, "applied twice": 4, "sent again, absorbed": 3, "in flight": 1}
    (per_thousand,) = [row["per_thousand"] for row in rows(spec) if row.get("fate") == "lost"]
    assert per_thousand == pytest.approx(1000 * 10 / 300)
    assert [row["said"] for row in rows(spec) if "said" in row] == ["10 lost, 4 twice"]


def test_ages_show_the_missing_beside_the_late(evidence):
    spec, _ = drawn(transfer_ages_chart(transfer_ages(evidence)))
    assert spec["title"]["text"] == "10 messages missing for hours; 1 took as long and arrived"
    told = {(row["band"], row["what"]): row["messages"] for row in rows(spec) if "what" in row}
    assert told[("hours", "missing")] == 10
    assert told[("hours", "arrived")] == 1
    assert sum(count for (_, what), count in told.items() if what == "missing") == 11


def test_where_all_is_well_the_charts_say_so(evidence):
    here = pl.col("object_id").str.to_integer(strict=False).is_between(110, 250)
    well = ih.Evidence(messages=evidence.messages.filter(here), receipts=evidence.receipts.filter(here))
    assert "All 141 messages sent arrived, each once." in json.dumps(transfer_fates_chart(transfers(well)).to_dict())
    spec, _ = drawn(transfer_ages_chart(transfer_ages(well)))
    assert spec["title"]["text"] == "Nothing is missing of 141 messages"


def test_without_a_receivers_log_they_say_why(evidence):
    alone = ih.Evidence(messages=evidence.messages)
    for chart in (transfer_fates_chart(transfers(alone)), transfer_ages_chart(transfer_ages(alone))):
        assert "Nothing was sent of which a receiver's log tells." in json.dumps(chart.to_dict())


def test_hostile_names_are_drawn_as_text(evidence):
    frames = {name: frame.with_columns(integration=pl.lit(HOSTILE)) for name, frame in as_two_logs().items()} | {
        "catalog": None
    }
    _, svg = drawn(transfer_fates_chart(transfers(ih.Evidence(**frames))))
    assert "<script" not in svg
    assert SHOP["integration"] not in svg
