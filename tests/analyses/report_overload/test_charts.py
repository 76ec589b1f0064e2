"""Charts of report overload: what they say, in which order, and what they do without data."""

import json

import polars as pl
import pytest
import vl_convert
from drawing.reports import delivered, evidence, opened, stock

from integrhealth.analyses.report_overload import report
from integrhealth.analyses.report_overload.charts import (
    class_chart,
    coverage_chart,
    minutes_chart,
    overlap_heat_map,
    staleness_chart,
)

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def tables():
    """Two people, of whom one never reads; two reports that show the same and one that shows something else."""
    names = ["a", "b", HOSTILE]
    sent = pl.concat([delivered(name, person, range(40)) for name in names for person in ("reader", "never")])
    reads = opened(sent.filter((pl.col("person") == "reader") & (pl.col("report") != "b")), 100)
    reports = stock(
        {"report": "a", "fields": ["1", "2", "3"]},
        {"report": "b", "fields": ["3", "2", "1"]},
        {"report": HOSTILE, "fields": ["9"]},
    )
    return report(evidence(reports=reports, deliveries=sent, reads=reads)).tables


def drawn(chart):
    """The spec, compiled by Vega-Lite to SVG on the way: a spec that does not draw fails here."""
    spec = chart.to_dict()
    spec["$schema"] = "https://vega.github.io/schema/vega-lite/v5.json"
    return spec, vl_convert.vegalite_to_svg(json.dumps(spec))


def rows(spec):
    return [row for data in spec["datasets"].values() for row in data]


def test_the_widest_gap_comes_first_and_is_the_title(tables):
    spec, svg = drawn(minutes_chart(tables["people"]))
    assert spec["title"]["text"] == "never needs 5 minutes a day for reports and spends 0"
    assert "2 of 2 people" in spec["description"]
    assert {row["label"] for row in rows(spec) if "label" in row} == {"reads none", "1.5 times"}
    assert svg.index("reads none") < svg.index("1.5 times")
    assert "minutes per day" in svg


def test_classes_stack_to_all_deliveries_most_unread_first(tables):
    spec, svg = drawn(class_chart(tables["reports"]))
    assert spec["title"]["text"] == "160 of 240 delivered reports were not read"
    shown = rows(spec)
    assert sum(row["count"] for row in shown) == 240
    assert spec["encoding"]["y"]["sort"] == ["b", HOSTILE, "a"]
    assert HOSTILE not in svg, "text from logs is escaped"
    few, _ = drawn(class_chart(tables["reports"], top=1))
    assert {row["report"] for row in rows(few)} == {"b"}


def test_overlap_is_drawn_both_ways(tables):
    spec, _ = drawn(overlap_heat_map(tables["overlaps"]))
    assert spec["title"]["text"] == "2 reports are near-duplicates of another, in 1 group"
    assert [(row["report"], row["other"], row["overlap"]) for row in rows(spec)] == [("a", "b", 1), ("b", "a", 1)]


def test_the_largest_groups_are_shown_where_there_are_too_many():
    fields = {"x1": "12", "x2": "12", "x3": "12", "y1": "34", "y2": "34"}
    tables = report(evidence(reports=stock(*({"report": k, "fields": list(v)} for k, v in fields.items())))).tables
    spec, _ = drawn(overlap_heat_map(tables["overlaps"], top=3))
    assert {row["report"] for row in rows(spec)} == {"x1", "x2", "x3"}
    assert spec["title"]["text"] == "5 reports are near-duplicates of another, in 2 groups"


def test_without_data_a_sentence_stands_in_for_the_chart(tables):
    without_reads = report(evidence(deliveries=delivered("a", "p", range(40)), reports=stock({"report": "a"}))).tables
    for chart in (
        minutes_chart(tables["people"].clear()),
        class_chart(tables["reports"].clear()),
        class_chart(without_reads["reports"]),
        overlap_heat_map(tables["overlaps"].clear()),
    ):
        spec, _ = drawn(chart)
        assert spec["description"].endswith(".")
        assert "title" not in spec
    needed_only, svg = drawn(minutes_chart(without_reads["people"]))
    assert needed_only["title"]["text"] == "p needs 2 minutes a day for reports"
    assert "times" not in svg


def test_the_same_frames_give_the_same_chart(tables):
    for chart, table in ((minutes_chart, "people"), (class_chart, "reports"), (overlap_heat_map, "overlaps")):
        assert chart(tables[table]).to_json() == chart(tables[table]).to_json()


@pytest.fixture(scope="module")
def spare():
    """Three decisions, two served by two reports and one by one; a copy that nobody opens."""
    reports = stock(
        {"report": "a", "words": 238, "decisions": ["x", "y", "z"]},
        {"report": HOSTILE, "words": 714, "decisions": ["x", "y"]},
    )
    sent = pl.concat([delivered(name, "p", range(60)) for name in ("a", HOSTILE)])
    return report(evidence(reports=reports, deliveries=sent, reads=opened(sent.filter(report="a"), 60))).tables


def test_decisions_alike_are_one_line_from_today_to_the_plan(spare):
    spec, svg = drawn(coverage_chart(spare["coverage"]))
    assert spec["title"]["text"] == "1.7 reports a decision today, 1 report in the plan: every decision stays served"
    points = [(row["label"], row["time"], row["count"]) for row in rows(spec) if "time" in row]
    assert points == [
        ("x and 1 more", "today", 2),
        ("z", "today", 1),
        ("x and 1 more", "in the plan", 1),
        ("z", "in the plan", 1),
    ]
    assert "reports that serve the decision" in svg
    lost, _ = drawn(coverage_chart(spare["coverage"].with_columns(uncovered=pl.lit(2))))
    assert lost["title"]["text"].endswith("6 decisions and people would be served less often")


def test_what_reading_takes_is_told_by_age_and_outcome(spare):
    spec, svg = drawn(staleness_chart(spare["reports"]))
    assert spec["title"]["text"] == "75% of the reading is for reports that could stop; 1 of 2 lie older than a week"
    assert [(row["age"], row["outcome"], row["hours"], row["reports"]) for row in rows(spec)] == [
        ("up to 90 days", "could stop", 3.0, 1),
        ("up to a day", "to keep", 1.0, 1),
    ]
    assert HOSTILE not in svg


def test_charts_of_the_cover_without_data_say_what_is_missing(tables):
    for chart in (coverage_chart(tables["coverage"]), staleness_chart(tables["reports"].clear())):
        spec, _ = drawn(chart)
        assert spec["description"].endswith(".")
        assert "title" not in spec
