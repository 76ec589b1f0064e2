"""Charts of incidents: what they say, what is drawn, and what they do without data."""

import json

import polars as pl
import pytest
import vl_convert
from drawing.incidents import OWNED, company, drawn, generator, lived

from integrhealth.analyses.accountability.charts import incidents as charts
from integrhealth.analyses.accountability.incidents import questions
from integrhealth.evidence import Evidence

HOSTILE = "<script>alert(1)</script>" * 5
CHARTS = {
    charts.handover_matrix: questions.handovers,
    charts.handover_flow: questions.handovers,
    charts.incident_days_chart: questions.incident_phases,
    charts.wandering_chart: questions.wanderings,
    charts.owner_effect_chart: questions.owner_effect,
}


def spec_of(chart):
    """The spec, compiled by Vega-Lite to SVG on the way: a spec that does not draw fails here."""
    spec = chart.to_dict()
    spec["$schema"] = "https://vega.github.io/schema/vega-lite/v5.json"
    vl_convert.vegalite_to_svg(json.dumps(spec))
    return spec


def rows(spec):
    return [row for data in spec["datasets"].values() for row in data]


@pytest.fixture(scope="module")
def evidence():
    return company(lived(drawn(generator(1), owned=20, ownerless=20, extra_hours=48)), integrations=OWNED)


def titles(spec):
    return spec["title"]["text"], spec["title"]["subtitle"]


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.__name__)
def test_without_data_a_chart_is_the_sentence_that_says_why(chart):
    spec = spec_of(chart(CHARTS[chart](Evidence())))
    assert "title" not in spec
    assert spec["description"].endswith(".")


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.__name__)
def test_names_from_logs_stay_text(chart):
    events = lived([(f"{HOSTILE}{n}", HOSTILE, HOSTILE, ((HOSTILE, 1.0), ("IT", 2.0))) for n in range(3)])
    spec = spec_of(chart(CHARTS[chart](company(events, integrations=OWNED))))
    assert len(spec["description"]) < 1000


def test_the_matrix_shows_the_busiest_teams_and_counts_the_rest(evidence):
    handovers = questions.handovers(evidence)
    spec = spec_of(charts.handover_matrix(handovers, top=3))
    title, subtitle = titles(spec)
    assert title == "0 of 40 handovers went back to a team that had had the incident"
    shown = {row["from_team"] for row in rows(spec)} | {row["to_team"] for row in rows(spec)}
    assert len(shown) <= 3
    assert "of n = 40 handovers, between 3 of 7 teams" in subtitle
    cells = spec["layer"][0]["encoding"]
    assert (cells["y"]["field"], cells["x"]["field"], cells["color"]["field"]) == ("from_team", "to_team", "handovers")


def test_the_flow_draws_a_line_of_two_ends_for_each_pair():
    table = pl.DataFrame(
        {"from_team": ["A", "B"], "to_team": ["B", "A"], "handovers": [9, 4], "returns": [0, 3]},
    ).with_columns(incidents=pl.lit(4), lost_hours=pl.lit(None, pl.Float64))
    spec = spec_of(charts.handover_flow(table))
    assert titles(spec)[0] == "A hands most to B: 9 incidents"
    lines = [row for row in rows(spec) if "pair" in row]
    assert [(row["pair"], row["team"], row["side"], row["kind"] == charts.BACK) for row in lines] == [
        ("A to B", "A", "hands over", False),
        ("B to A", "B", "hands over", True),
        ("A to B", "B", "gets it", False),
        ("B to A", "A", "gets it", True),
    ]


def test_days_are_stacked_in_the_order_of_the_phases(evidence):
    spec = spec_of(charts.incident_days_chart(questions.incident_phases(evidence)))
    bars = {(row["label"], row["phase"]): row["days"] for row in rows(spec)}
    assert bars["without an owner (20)", "search"] == pytest.approx(bars["with an owner (20)", "search"] + 2, abs=0.3)
    assert [row["order"] for row in rows(spec) if row["label"] == "all incidents (40)"] == [2, 3, 4]
    assert spec["encoding"]["x"]["stack"] == "zero"
    assert "of the time from detection to repair" in titles(spec)[0]


def test_the_way_of_an_incident_is_a_row_of_bars(evidence):
    spec = spec_of(charts.wandering_chart(questions.wanderings(evidence, top=4)))
    bars = [row for row in rows(spec) if row["part"] == "search"]
    assert len({row["incident"] for row in rows(spec)}) == 4
    assert all(row["end"] == pytest.approx(row["days_since_detection"] + row["days"]) for row in bars)
    assert "wandered between 2 teams for" in titles(spec)[0]


def test_the_effect_is_drawn_with_its_interval_and_called_an_association(evidence):
    spec = spec_of(charts.owner_effect_chart(questions.owner_effect(evidence)))
    title, subtitle = titles(spec)
    assert title.startswith("Incidents without an owner are searched for 4")
    assert "an association" in subtitle
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["rule", "rule", "point"]


def test_an_effect_that_may_be_none_is_said_to_be_none():
    alike = company(lived(drawn(generator(1), owned=20, ownerless=20)), integrations=OWNED)
    title, _ = titles(spec_of(charts.owner_effect_chart(questions.owner_effect(alike))))
    assert title.startswith("No difference is seen: incidents without an owner")
