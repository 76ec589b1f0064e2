"""The charts of outages say what the table says, and the page flips the verdict where the closed form does."""

import html
import json
import re

import altair as alt
import numpy as np
import polars as pl
import pytest
import vl_convert
from drawing.outages import arrivals, incidents, repaired
from drawing.traffic import section

from integrhealth.analyses import dependency_fragility as fragility
from integrhealth.analyses.dependency_fragility import charts
from integrhealth.analyses.dependency_fragility.charts.outages import BUFFER, ENDLESS, HANDS, REPAIR, _line
from integrhealth.analyses.dependency_fragility.outages import backlog
from integrhealth.catalog import Catalog
from integrhealth.evidence import Evidence

EVIL = "<b>'); alert(1) //"


def table(**said: object) -> pl.DataFrame:
    """One row as the question gives it: 60 an hour come, 19 of 20 outages end in two hours, it bears half an hour."""
    row = {
        "integration": "orders",
        "verdict": "stop",
        "arrivals": 60,
        "repairs": 10,
        "outage_p95_minutes": 120.0,
        "tolerance_minutes": 30.0,
        "waits": True,
        "past_low": 90.0,
        "past_tolerance": 90.0,
        "past_high": 90.0,
        "why": "",
        "loss_low": 900.0,
        "median_loss": 900.0,
        "p95_loss": 900.0,
        "value_per_object": 10.0,
    }
    empty = fragility.outages(Evidence())
    return pl.concat([empty, pl.DataFrame([row | said], schema_overrides=empty.schema)], how="diagonal_relaxed")


def drawn(chart: object, **moved: float | str) -> list[str]:
    """The words on the chart where a reader has moved its parameters."""
    spec = chart.to_dict()
    for parameter in spec.get("params", []):
        parameter["value"] = moved.pop(parameter["name"], parameter["value"])
    assert not moved
    svg = vl_convert.vegalite_to_svg(json.dumps(spec))
    return [html.unescape(text) for text in re.findall(r"<text[^>]*>([^<]+)</text>", svg)]


def verdict(chart: object, **moved: float | str) -> str:
    [said] = {"STOP", "WORK AROUND", "SURVIVE"} & set(drawn(chart, **moved))
    return said.lower()


def test_the_page_begins_with_what_is_and_says_the_numbers_of_the_closed_form():
    words = drawn(charts.outage_slider_chart(table(), currency="EUR"))
    assert "STOP" in words
    assert "An outage of 2 h; 60 an hour come, people can do 0" in words
    assert "90 of 120 refused or too late; loss 900 EUR; 0.0 hours by hand" in words


@pytest.mark.parametrize(
    ("said", "moved", "flipped"),
    [
        ({"waits": False}, {HANDS: 0.99}, "stop"),
        ({"waits": False}, {HANDS: 1.01}, "work around"),
        ({}, {REPAIR: 0.5}, "survive"),
        ({"manual_rate_per_hour": 45.0}, {BUFFER: 0.5}, "work around"),
        ({"manual_rate_per_hour": 45.0}, {BUFFER: 0.25}, "stop"),
    ],
)
def test_each_slider_flips_the_verdict(said, moved, flipped):
    assert verdict(charts.outage_slider_chart(table(**said)), **moved) == flipped


def test_the_expressions_of_the_page_are_the_closed_form():
    """A hundred random lines, worked out by the renderer of the charts."""
    rng = np.random.default_rng(5)
    sizes = {"rate": 300, "T": 10, "K": 900, "m": 350, "borne": 4}
    rows = {name: rng.uniform(0.1, most, 100).round(3) for name, most in sizes.items()}
    rows["m"][:20], rows["K"][20:40], rows["K"][40:60] = 0, 0, ENDLESS
    chart = alt.Chart(pl.DataFrame(rows))
    for name, text in _line("x", "datum.m").items():
        chart = chart.transform_calculate(**{name: text})
    fields = ("past", "longest", "waited")
    said = " + ' ' + ".join(f"format(datum.x_{field}, '.5f')" for field in fields)
    words = drawn(chart.transform_calculate(said=said).mark_text().encode(text="said:N"))
    shown = np.array([[float(number) for number in each.split()] for each in words])
    line = backlog.line(rows["T"], arrivals=rows["rate"], limit=rows["K"], by_hand=rows["m"], tolerance=rows["borne"])
    expected = np.stack([line.past, line.longest_hours, line.waited_hours], axis=1)
    np.testing.assert_allclose(shown, expected, rtol=1e-5, atol=1e-4)


def test_names_are_options_and_values_and_stay_names():
    evil = table(integration=EVIL)
    for chart in (charts.outage_slider_chart(evil), charts.outage_verdict_chart(evil)):
        expressions = re.findall(r'"(?:calculate|filter|labelExpr|expr)": "([^"]*)"', json.dumps(chart.to_dict()))
        assert not any("alert" in text for text in expressions)


def test_the_verdicts_are_told_in_money_or_in_messages_and_the_title_says_the_worst():
    words = drawn(charts.outage_verdict_chart(table(), currency="EUR"))
    assert "An outage at 2 AM on the busiest day would stop 1 of 1 integrations" in words
    assert "loss in EUR" in words
    unpriced = {"loss_low": None, "median_loss": None, "p95_loss": None}
    assert "messages refused or too late" in drawn(charts.outage_verdict_chart(table(**unpriced)))
    for said, title in (("work around", "people would have to stand in"), ("survive", "No outage at 2 AM")):
        assert any(title in text for text in drawn(charts.outage_verdict_chart(table(verdict=said))))


@pytest.mark.parametrize(
    ("verdict", "title"),
    [
        ("stop", "orders would stop in an outage of 2 h at 2 AM"),
        ("work around", "orders would need helping hands in an outage of 2 h at 2 AM"),
        ("survive", "orders would go on in an outage of 2 h at 2 AM"),
    ],
)
def test_the_title_says_what_is_shown_before_anybody_moves_anything(verdict, title):
    assert charts.outage_slider_chart(table(verdict=verdict)).to_dict()["title"]["text"] == title


@pytest.mark.parametrize(("repairs", "said"), [((10, 10), "runs; 10 repairs"), ((3, 40), "runs; from 3 to 40 repairs")])
def test_where_the_verdicts_do_not_rest_on_as_many_repairs_both_ends_are_told(repairs, said):
    rows = pl.concat([table(integration=str(place), repairs=count) for place, count in enumerate(repairs)])
    assert any(said in text for text in drawn(charts.outage_verdict_chart(rows)))


@pytest.mark.parametrize("rows", [table().clear(), table(verdict="cannot tell")])
def test_without_a_verdict_a_sentence_stands_there(rows):
    for chart in (charts.outage_slider_chart(rows), charts.outage_verdict_chart(rows)):
        assert "repaired incidents" in json.dumps(chart.to_dict())


def test_the_page_says_the_verdict_of_the_table_for_drawn_repairs():
    rng = np.random.default_rng(2)
    said = {"owner": "ana", "queue": True, "tolerance_ms": 3_600_000.0}
    rates, comes = {"a": None, "b": 12.0, "c": 25.0}, {"a": 30, "b": 20, "c": 26}
    events = [repaired(float(each), day=day, integration="a") for day, each in enumerate(rng.lognormal(4, 0.7, 40))]
    declared = [said | {"integration": name, "manual_rate_per_hour": rate} for name, rate in rates.items()]
    rows = fragility.outages(
        Evidence(
            messages=pl.concat([arrivals(count, integration=name) for name, count in comes.items()]),
            incident_events=incidents(*events),
            catalog=Catalog(integrations=section("integrations", *declared)),
        )
    )
    chart = charts.outage_slider_chart(rows)
    for name, expected in rows.select("integration", "verdict").rows():
        assert verdict(chart, outage_integration=name) == expected
    assert set(rows["verdict"]) == {"stop", "work around"}
