"""The picture of outcomes says what the table says, in little data."""

import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
import vl_convert

import integrhealth as ih
from integrhealth.analyses.audit.charts.outcomes import outcomes_chart
from integrhealth.analyses.audit.outcomes.questions import outcome_days, outcomes
from integrhealth.catalog import CATALOG, Catalog
from integrhealth.language.schema import conform

LIVE = date(2026, 3, 2)
HOSTILE = "<script>alert(1)</script>" * 5


def company(*names, days=60, **said):
    """Integrations whose metric jumps at go-live from 4 to 2, without noise; lower is better."""
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    times = [noon + timedelta(days=day) for day in range(-days, days)]
    promise = {"source": "Webshop", "target": "ERP", "go_live": LIVE, "success_metric": "hours", "success_target": 3.0}
    promise |= {"success_declared_on": date(2026, 1, 1), "success_better": "lower"} | said
    metrics = pl.DataFrame({"time": times, "value": [4.0] * days + [2.0] * days, "system": "ERP", "metric": "hours"})
    rows = pl.DataFrame([promise | {"integration": name} for name in names], schema=CATALOG["integrations"])
    return ih.Evidence(metrics=conform(metrics, "metrics"), catalog=Catalog(integrations=rows))


def drawn(evidence, **options):
    chart = outcomes_chart(outcomes(evidence), outcome_days(evidence), **options)
    spec = chart.to_dict()
    return spec, vl_convert.vegalite_to_svg(json.dumps(spec))


def test_a_panel_per_integration_says_verdict_effect_and_days():
    spec, svg = drawn(company("a", "b", "c"), top=2)
    assert spec["title"]["text"] == "3 of 3 integrations improved the metric declared in advance"
    assert len(spec["vconcat"]) == 2
    assert "a: met, effect 2 (2 to 2); n = 60 days + 60" in svg
    lines = [row for data in spec["datasets"].values() for row in data if row.get("part") == "continued"]
    assert {round(row["value"], 9) for row in lines} == {4.0}


def test_the_data_of_a_panel_are_its_days_and_the_ends_of_its_lines():
    spec, _ = drawn(company("a"))
    assert sum(len(data) for data in spec["datasets"].values()) == 120 + 2 * 3 + 2


def test_hostile_names_are_drawn_as_text():
    _, svg = drawn(company(HOSTILE))
    assert "<script>" not in svg


def test_without_a_fit_the_sentence_stands_there():
    for evidence in (ih.Evidence(), company("a", days=10)):
        chart = outcomes_chart(outcomes(evidence), outcome_days(evidence))
        assert "21 days" in json.dumps(chart.to_dict())
    # Without a direction there are lines, and no effect.
    _, svg = drawn(company("a", success_better=None, success_target=None))
    assert "no direction declared" in svg
