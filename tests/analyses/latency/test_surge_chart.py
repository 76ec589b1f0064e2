"""The chart of a surge holds every multiple that its slider offers, and says what the table says."""

import json

import polars as pl
import pytest
from drawing.bad_input import ACTING, ATTACKS
from drawing.surges import MINUTES, RATE, answer, capacities, parts, steady

from integrhealth.analyses.latency.charts import surge_chart
from integrhealth.analyses.latency.surge.backlog import surge_backlog
from integrhealth.language.thresholds import SURGE_CURVES


def drawn(frame, capacity):
    table = answer(frame, capacity)
    return surge_chart(surge_backlog(*parts(frame, capacity), table), table).to_dict()


def curves(spec):
    """The rows of the chart by multiple."""
    lists = [rows for rows in spec["datasets"].values() if "backlog" in rows[0]]
    return {row["multiple"]: row for row in lists[0]}


def test_every_multiple_of_the_slider_has_its_curve():
    spec = drawn(steady(kind="queue"), capacities(erp=3 * RATE))
    params = {param["name"]: param for param in spec["params"]}
    offered = params["surge_multiple"]["bind"]["options"]
    assert tuple(offered) == SURGE_CURVES == tuple(sorted(curves(spec)))
    assert spec["usermeta"]["integrhealth"]["sliders"] == ["surge_multiple"]
    assert params["surge_multiple"]["value"] in offered
    assert params["surge_integration"]["bind"]["options"] == ["orders"]
    assert max(curves(spec)[10.0]["backlog"]) == 7 * RATE * MINUTES
    assert max(curves(spec)[3.0]["backlog"]) == 0
    assert {len(row["backlog"]) for row in curves(spec).values()} == {2 * 24 * 3}
    assert spec["title"]["text"] == "At 10 times its busiest day, orders would wait for 18.7 h"
    assert curves(spec)[3.0]["said"] == "At 3 times the day nothing waits at erp"
    assert curves(spec)[10.0]["said"] == (
        "At 10 times the day up to 33,600 wait at erp, the oldest for 18.7 h, until 15:50 of the next day"
    )


def test_what_never_ends_is_said():
    spec = drawn(steady(2, minutes=700, kind="queue"), capacities(erp=0.9))
    assert spec["title"]["text"] == "At 10 times its busiest day, orders would never catch up"
    # 700 minutes of 2, twelve times and once, of which 0.9 a minute are done from noon to the last ten minutes.
    left = round(13 * 2 * 700 - 0.9 * (2870 - 720))
    assert f"; after the next day {left:,} are left, the oldest for " in curves(spec)[12.0]["said"]


def test_a_chart_without_a_known_capacity_is_a_sentence():
    spec = drawn(steady(), capacities())
    assert "Of no system is it known what it can take" in spec["description"]
    assert "params" not in spec


def test_the_page_holds_few_numbers():
    many = pl.concat([steady(3, integration=f"i{number}", kind="queue") for number in range(9)])
    spec = drawn(many, capacities(erp=50))
    assert len(json.dumps(spec)) < 150_000
    assert len(spec["params"][1]["bind"]["options"]) == 6


@pytest.mark.parametrize("name", ATTACKS[:2])
def test_names_from_logs_are_values_and_no_part_of_an_expression(name):
    frame = steady(kind="queue").with_columns(integration=pl.lit(name), target=pl.lit(name))
    table = answer(frame, capacities(**{name: 30}))
    chart = surge_chart(surge_backlog(*parts(frame, capacities(**{name: 30})), table), table)
    shown = chart._repr_mimebundle_()
    assert not ACTING.search(json.dumps(shown, ensure_ascii=False).replace("\\n", ""))
    spec = chart.to_dict()
    expressions = json.dumps([spec["vconcat"][0]["transform"], spec["vconcat"][1]["layer"][0]["transform"]])
    assert json.dumps(name)[1:-1] not in expressions
