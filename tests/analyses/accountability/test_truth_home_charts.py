"""Charts of truth homes: what their titles say, in which order they show it, and what they do without data."""

import json

import polars as pl
import pytest
import vl_convert
from drawing.truth_homes import ADDRESS, CRM_TO_ERP, Log, contested, home

from integrhealth.analyses.accountability.charts import truth_home as charts
from integrhealth.analyses.accountability.truth_home import questions

HOSTILE = "<script>alert(1)</script>" * 5


def drawn(chart):
    """The spec, compiled by Vega-Lite to SVG on the way: a spec that does not draw fails here."""
    spec = chart.to_dict()
    spec["$schema"] = "https://vega.github.io/schema/vega-lite/v5.json"
    return spec, vl_convert.vegalite_to_svg(json.dumps(spec))


def rows(spec):
    return [row for data in spec["datasets"].values() for row in data]


@pytest.fixture(scope="module")
def evidence():
    return contested().evidence(elements=[home()], integrations=CRM_TO_ERP)


def test_the_ledger_counts_what_the_record_lost_and_won(evidence):
    spec, _ = drawn(charts.truth_ledger_chart(questions.elements(evidence)))
    assert spec["title"]["text"] == "The record lost 5 of 12 decided conflicts; 0 are open"
    assert {row["outcome"]: row["count"] for row in rows(spec)} == {"record lost": 5, "open": 0, "record won": 7}


def test_the_ledger_of_open_conflicts_alone_says_so():
    log = Log()
    log.write("CRM", "C1", "a", 0)
    log.write("ERP", "C1", "b", 1)
    log.write("CRM", "C2", "a", 100)
    table = questions.elements(log.evidence(elements=[home()]))
    spec, _ = drawn(charts.truth_ledger_chart(table))
    assert spec["title"]["text"] == "1 conflict still open, and none was decided"


def test_the_age_of_disagreements_is_a_curve_from_all_to_what_is_left(evidence):
    curve = questions.disagreements(evidence)
    spec, _ = drawn(charts.disagreement_chart(curve))
    # Seven of twelve lasted 72 hours, the others 48.
    assert spec["title"]["text"] == "Half of the conflicts about customer.address last longer than 3.0 days"
    assert [row["surviving"] for row in rows(spec)] == [1, pytest.approx(7 / 12), 0]
    lasting = curve.head(2).with_columns(pl.col("hours") * 2)
    spec, _ = drawn(charts.disagreement_chart(lasting))
    assert spec["title"]["text"] == "Over half of the conflicts about customer.address outlive 4 days"


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    steps = 5000
    curve = pl.DataFrame({"element": ADDRESS, "hours": [float(hour) for hour in range(steps)]}).with_columns(
        at_risk=steps - pl.col("hours").cast(pl.Int64), surviving=1 - pl.col("hours") / steps, low=0.1, high=0.9
    )
    spec, _ = drawn(charts.disagreement_chart(curve))
    hours = [row["hours"] for row in rows(spec)]
    assert len(hours) <= 2 * charts.MOST_STEPS
    assert (min(hours), max(hours)) == (0, steps - 1)


def test_a_walk_says_the_gravest_that_happened(evidence):
    spec, _ = drawn(charts.walk_chart(questions.walk(evidence, element=ADDRESS, entity="C001")))
    assert spec["title"]["text"] == "customer.address of C001 was overwritten in CRM by what came from ERP"
    marks = [(row["system"], row["what"], row["value"]) for row in rows(spec) if "what" in row]
    assert marks == [
        ("CRM", "entered", "value 1"),
        ("ERP", "brought", "value 1"),
        ("ERP", "written", "value 2"),
        ("CRM", "overwritten", "value 2"),
    ]
    quiet = questions.walk(evidence, element=ADDRESS, entity="C020").head(2)
    spec, _ = drawn(charts.walk_chart(quiet))
    assert spec["title"]["text"] == "customer.address of C020 was shown by 2 systems"


def test_a_walk_of_many_values_shows_the_latest_and_few_colours():
    log = Log()
    for number in range(80):
        log.write("CRM", "C1", f"{number}", number)
    spec, _ = drawn(charts.walk_chart(questions.walk(log.evidence())))
    shown = [row["value"] for row in rows(spec) if "what" in row]
    assert len(shown) == charts.MOST_CHANGES
    assert set(shown) == {f"value {number + 1}" for number in range(charts.MOST_VALUES)} | {charts.OTHER_VALUES}


def test_silent_changes_are_counted_by_integration():
    log = Log()
    for number in range(12):
        log.write("CRM", f"C{number}", f"{number}", number)
        value = f"{number}" if number > 2 else f"{number} changed"
        log.send("CRM", "ERP", f"C{number}", value, number)
    evidence = log.evidence(elements=[home()])
    chart = charts.laundering_chart(questions.carried(evidence), questions.laundering(evidence))
    spec, _ = drawn(chart)
    assert spec["title"]["text"] == (
        "3 values changed with no registered transformation before they came out of 1 integration"
    )
    assert [(row["name"], row["count"], row["compared"]) for row in rows(spec)] == [
        ("CRM-ERP: customer.address", 3, 12)
    ]


def test_names_from_logs_draw_no_elements():
    log = Log()
    for number in range(12):
        log.write(HOSTILE, f"{HOSTILE}{number}", "{0}", number, element=HOSTILE, actor=HOSTILE)
        log.write("ERP", f"{HOSTILE}{number}", HOSTILE, number + 1, element=HOSTILE)
        log.send(HOSTILE, "ERP", f"{HOSTILE}{number}", "{0}", number + 50, element=HOSTILE)
        log.send(HOSTILE, "BI", f"{HOSTILE}{number}", "{x}" if number else "{0}", number + 50, element=HOSTILE)
    evidence = log.evidence(elements=[home(HOSTILE, HOSTILE)])
    laundering = questions.laundering(evidence)
    assert laundering.height == 11
    for chart in (
        charts.truth_ledger_chart(questions.elements(evidence)),
        charts.disagreement_chart(questions.disagreements(evidence)),
        charts.walk_chart(questions.walk(evidence)),
        charts.laundering_chart(questions.carried(evidence), laundering),
    ):
        _, svg = drawn(chart)
        assert "<script" not in svg


def test_without_data_a_sentence_says_why():
    evidence = Log().evidence()
    for chart in (
        charts.truth_ledger_chart(questions.elements(evidence)),
        charts.disagreement_chart(questions.disagreements(evidence)),
        charts.walk_chart(questions.walk(evidence)),
        charts.laundering_chart(questions.carried(evidence), questions.laundering(evidence)),
    ):
        (row,) = rows(chart.to_dict())
        assert row["why"].endswith(".")
