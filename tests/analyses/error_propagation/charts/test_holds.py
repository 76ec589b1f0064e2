"""Charts of friction: they say what they show, expressions hold no text from logs, and without data they say why."""

import json

import polars as pl
import pytest

from integrhealth.analyses.error_propagation.charts import holds as charts
from integrhealth.analyses.error_propagation.holds.checkpoints import CHECKPOINTS
from integrhealth.analyses.error_propagation.holds.friction import FRICTION, HOLD_COSTS
from integrhealth.charts.theme import EXPRESSIONS
from integrhealth.language.thresholds import HOLD_MINUTES

EVIL = "'); alert(1) //"


def costs(name: str, *, error: float, delay: float) -> pl.DataFrame:
    """Every hour of hold costs DELAY, and spares a tenth of ERROR."""
    minutes = pl.DataFrame({"minutes": HOLD_MINUTES}, schema={"minutes": pl.Int64})
    hours = pl.col("minutes") / 60
    rows = minutes.with_columns(
        integration=pl.lit(name), saved=(error * hours / 10).clip(0, error), delay_cost=delay * hours, entries_caught=7
    ).with_columns(net=pl.col("saved") - pl.col("delay_cost"), errors_left=error - pl.col("saved"))
    rows = rows.with_columns(total_cost=pl.col("errors_left") + pl.col("delay_cost"))
    rows = rows.with_columns(
        best=pl.col("net") == pl.col("net").max(),
        total_low=pl.col("total_cost") - 1,
        total_high=pl.col("total_cost") + 1,
    )
    return pl.concat([pl.DataFrame(schema=HOLD_COSTS), rows], how="diagonal_relaxed").select(HOLD_COSTS.keys())


HOLDS = pl.concat(
    [costs("orders", error=900, delay=300), costs(EVIL, error=500, delay=10), costs("free", error=0, delay=1)]
)
VERDICTS = pl.DataFrame(
    [
        {"integration": EVIL, "verdict": "hold", "best_hold_minutes": 600.0, "net": 400.0, "bad_entries": 20},
        {"integration": "orders", "verdict": "instant", "best_hold_minutes": 0.0, "net": 0.0, "bad_entries": 22},
    ],
    schema=FRICTION,
)


def datasets(spec: dict) -> list[dict]:
    return [row for rows in spec["datasets"].values() for row in rows]


def test_cost_curves_stand_side_by_side_with_the_cheapest_hold_marked():
    spec = charts.cost_curves_chart(HOLDS, VERDICTS, currency="EUR").to_dict()
    assert spec["title"]["text"] == f"Holding {EVIL} for 600 minutes would have saved 400 EUR"
    assert spec["title"]["subtitle"].endswith("20 to 22 errors each")
    assert spec["facet"]["sort"] == [EVIL, "orders"]
    assert spec["spec"]["layer"][-1]["transform"] == [{"filter": "datum.best"}]
    assert all(row["total_cost"] <= 2 * 900 for row in datasets(spec))
    assert "free" not in {row["integration"] for row in datasets(spec)}
    quiet = charts.cost_curves_chart(HOLDS, VERDICTS.filter(pl.col("verdict") != "hold")).to_dict()
    assert quiet["title"]["text"] == "No hold is shown to pay"


def test_the_slider_begins_at_one_hour_and_its_expressions_hold_no_name():
    spec = charts.hold_slider_chart(HOLDS, currency="EUR").to_dict()
    slider, chosen = (
        next(p for p in spec["params"] if p["name"] == name) for name in ("hold_minutes", "hold_integration")
    )
    assert slider["value"] == 60
    # A tenth of 500 within the hour, and 10 for the delay; the other way round an hour costs.
    assert spec["title"]["text"] == f"Holding {EVIL} for an hour would have saved 40 EUR"
    dear = charts.hold_slider_chart(costs("orders", error=100, delay=30)).to_dict()
    assert dear["title"]["text"] == "Holding orders for an hour would have cost 20"
    assert slider["bind"]["options"] == list(HOLD_MINUTES)
    labels = dict(zip(HOLD_MINUTES, slider["bind"]["labels"], strict=True))
    assert [labels[minutes] for minutes in (0, 60, 90, 1440)] == ["none", "1 h", "90 min", "1 day"]
    assert spec["usermeta"]["integrhealth"]["sliders"] == ["hold_minutes"]
    assert (chosen["value"], chosen["bind"]["options"]) == (EVIL, [EVIL, "orders"])
    assert len(expressions(spec)) > 5
    assert not [text for text in expressions(spec) if "alert" in text]
    assert json.dumps(spec) == json.dumps(charts.hold_slider_chart(HOLDS, currency="EUR").to_dict())


def expressions(part: object) -> list[str]:
    if isinstance(part, dict):
        own = [value for key, value in part.items() if key in EXPRESSIONS and isinstance(value, str)]
        return own + [text for value in part.values() for text in expressions(value)]
    return [text for item in part for text in expressions(item)] if isinstance(part, list) else []


def test_checkpoints_are_drawn_with_what_they_stop_and_what_they_hold_for_nothing():
    rows = [
        {"checkpoint": "credit", "held": 40, "bad_total": 20, "stopped_share": 0.75, "false_hold_rate": 0.6},
        {"checkpoint": "dock", "held": 60, "bad_total": 3, "false_hold_rate": 0.9},
        {"checkpoint": "new", "held": 1, "bad_total": 1},
    ]
    spec = charts.checkpoint_chart(pl.DataFrame(rows, schema=CHECKPOINTS)).to_dict()
    assert spec["title"]["text"] == "credit stops 75% of the bad messages"
    assert "100 messages held, 23 bad" in spec["title"]["subtitle"]
    assert len(datasets(spec)) == 3


@pytest.mark.parametrize(
    "chart",
    [
        charts.cost_curves_chart(HOLDS.clear(), VERDICTS.clear()),
        charts.hold_slider_chart(costs("free", error=0, delay=1)),
        charts.checkpoint_chart(pl.DataFrame(schema=CHECKPOINTS)),
    ],
)
def test_without_data_a_chart_says_why(chart):
    assert chart.to_dict()["mark"]["type"] == "text"
