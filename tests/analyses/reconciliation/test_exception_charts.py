"""Charts of exceptions and variants: what they say, and what they do without data."""

import json

import polars as pl
import pytest
import vl_convert

from integrhealth.analyses.reconciliation.charts.exceptions import exception_chart, variant_chart
from integrhealth.analyses.reconciliation.exceptions import readiness, variants
from integrhealth.analyses.reconciliation.exceptions.courses import COURSES

HOSTILE = "<script>alert(1)</script>" * 5


def drawn(chart):
    """The spec, compiled by Vega-Lite to SVG on the way: a spec that does not draw fails here."""
    spec = chart.to_dict()
    spec["$schema"] = "https://vega.github.io/schema/vega-lite/v5.json"
    return spec, vl_convert.vegalite_to_svg(json.dumps(spec))


def exceptions(*courses):
    """The table of `courses` (flow, exception, how many, how many of them fail)."""
    rows = [
        {"object_type": flow or name, "object_id": f"{flow}{name}{n}", "flow": flow, "exception": name, "ended": True}
        | {"failed": n < failing, "retried": False, "integration": "erp"}
        for flow, name, count, failing in courses
        for n in range(count)
    ]
    documented = pl.DataFrame(schema={"object_id": pl.String, "exception": pl.String})
    return readiness.readiness(pl.DataFrame(rows, schema=COURSES), documented, moved=0, min_cases=20)


def ways(*counts):
    rows = [
        {"object_type": kind, "way": way.split(), "bucket": 10, "objects": count, "judged": count, "failed": 0}
        for kind, way, count in counts
    ]
    return variants.variants(pl.DataFrame(rows, schema=variants.WAYS), min_cases=20)


def test_the_worst_exception_is_in_the_title_and_what_was_never_seen_in_its_place():
    table = exceptions(
        ("invoice", None, 400, 4), (None, "credit note", 50, 40), (None, "return", 40, 0), (None, "dispute", 3, 0)
    )
    spec, svg = drawn(exception_chart(table))
    assert spec["title"]["text"] == "1 of 5 exceptions are ready; 80% of 50 credit notes fail for good"
    assert svg.count(">never exercised<") == 3  # partial shipments, cancellations, and the legend
    assert "3 cases, outcome known of 3" in svg
    assert "n = 93 cases" in json.dumps(spec["title"])


def test_where_nothing_is_rated_the_chart_says_so():
    spec, svg = drawn(exception_chart(exceptions(("order", None, 30, 0))))
    assert spec["title"]["text"].startswith("0 of 5 exceptions are ready; never exercised: returns, partial shipments,")
    assert svg.count(">never exercised<") == 6


def test_the_bars_of_ways_are_of_the_largest_type_that_takes_several():
    table = ways(("stock", "a", 900), ("order", "a b", 60), ("order", f"a {HOSTILE}", 20))
    spec, svg = drawn(variant_chart(table))
    assert spec["title"]["text"] == "75% of order objects take the most frequent of 2 ways"
    assert "25% of objects, 100% with those above" in svg
    assert "<script>" not in svg
    assert drawn(variant_chart(table, "stock"))[0]["title"]["text"].startswith("100% of stock objects")


@pytest.mark.parametrize("chart", [exception_chart, variant_chart])
def test_without_data_a_sentence_stands_in_place(chart):
    table = ways() if chart is variant_chart else exceptions()
    spec, _ = drawn(chart(table))
    assert "messages" in spec["description"]


def test_a_type_that_is_not_there_is_said():
    assert "no ways" in drawn(variant_chart(ways(("order", "a", 3)), "quote"))[0]["description"]
