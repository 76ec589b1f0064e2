"""Charts of documents: what they say, what they show, and what they do without data."""

import json

import polars as pl
import vl_convert
from drawing.document_flows import background, chain, doc, flow

from integrhealth.analyses.reconciliation.charts.documents import document_gaps_chart, document_waterfall
from integrhealth.analyses.reconciliation.documents.gaps import GAPS
from integrhealth.analyses.reconciliation.documents.questions import document_gaps, document_steps
from integrhealth.analyses.reconciliation.documents.waterfall import STEPS

HOSTILE = "<script>alert(1)</script>"


def drawn(chart):
    """The spec, compiled by Vega-Lite to SVG on the way: a spec that does not draw fails here."""
    spec = chart.to_dict()
    spec["$schema"] = "https://vega.github.io/schema/vega-lite/v5.json"
    return spec, vl_convert.vegalite_to_svg(json.dumps(spec))


def rows(spec):
    return [row for data in spec["datasets"].values() for row in data]


def broken():
    missed = [doc("order", f"M{number}", None, 1, 100.0, 10) for number in range(20)]
    billed = [row for number in range(5) for row in chain(f"B{number}", 10) if row["type"] in ("order", "invoice")]
    billed = [row | {"preceding": row["preceding"] and row["preceding"].replace("D", "O")} for row in billed]
    return flow(*background(40), *missed, *billed, *chain("-last", 120))


def test_the_waterfall_goes_from_ordered_to_paid_with_what_is_missing():
    spec, svg = drawn(document_waterfall(document_steps(broken())))
    bars = {(row["bar"], row["what"]): (row["low"], row["high"]) for row in rows(spec) if "what" in row}
    chains = 41 * 200
    assert bars["ordered", "came so far"] == (0, chains + 2000 + 1000)
    assert bars["not shipped", "did not come"] == (chains, chains + 3000)
    assert bars["shipped", "came so far"] == (0, chains)
    assert bars["invoiced", "beyond what came before"] == (chains, chains + 1000)
    assert bars["paid", "came so far"] == (0, chains)
    assert "".join(spec["title"]["text"]) == "26.8% of what was ordered was not shipped: 3,000 EUR"
    assert "not shipped" in svg


def test_the_waterfall_of_another_currency_and_of_none():
    dollars = [doc("order", f"U{number}", None, 1, 7.0, 10, currency=HOSTILE) for number in range(3)]
    steps = document_steps(flow(*broken().documents.drop("log_file", "log_line").to_dicts(), *dollars))
    spec, svg = drawn(document_waterfall(steps, currency=HOSTILE))
    assert max(row["high"] for row in rows(spec)) == 21
    assert HOSTILE not in svg
    assert "No order is in CHF." in drawn(document_waterfall(steps, currency="CHF"))[1]
    unnamed = document_steps(flow(*(row | {"currency": None} for row in background(40))))
    assert "All that was ordered was paid" in drawn(document_waterfall(unnamed))[1]


def test_gaps_are_bars_by_flag_the_worst_on_top_and_parts_by_age():
    spec, svg = drawn(document_gaps_chart(document_gaps(broken())))
    assert spec["layer"][0]["encoding"]["y"]["sort"] == ["never shipped", "invoice without shipment"]
    assert {(row["flag"], row["age_band"]): row["lines"] for row in rows(spec) if "age" in row} == {
        ("never shipped", ">90"): 20,
        ("invoice without shipment", ">90"): 5,
    }
    assert "25 order lines went wrong" in svg
    assert "never shipped" in svg


def test_gaps_of_lines_that_are_only_open():
    evidence = flow(*background(40), doc("order", "O", None, 1, 5.0, 48.3))
    assert "Nothing went wrong so far" in drawn(document_gaps_chart(document_gaps(evidence)))[1]


def test_without_data_a_sentence_says_why():
    for chart in (document_waterfall(pl.DataFrame(schema=STEPS)), document_gaps_chart(pl.DataFrame(schema=GAPS))):
        assert "mark_text" not in chart.to_dict()
        assert chart.to_dict()["mark"]["type"] == "text"
