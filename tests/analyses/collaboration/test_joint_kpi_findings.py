"""When a low shared number is told, in which words, and what its charts show."""

import json
from math import comb

import polars as pl
import pytest
import vl_convert
from drawing.findings import whole
from drawing.landscapes import healthy
from drawing.stages import frame, order, plant

import integrhealth as ih
from integrhealth.analyses.collaboration.charts.joint_kpi import ALL, REST, kpi_pairs, kpi_waterfall
from integrhealth.analyses.collaboration.joint_kpi.findings import joint_kpi_lateness
from integrhealth.analyses.collaboration.joint_kpi.questions import (
    joint_kpi,
    joint_kpi_pairs,
    joint_kpi_rates,
    perfect_order,
)

HOSTILE = "<img src=x onerror=alert(1)>=1+1"


def findings(stages: pl.DataFrame | None, **options) -> pl.DataFrame:
    evidence = ih.Evidence(stages=stages)
    return joint_kpi_lateness("collaboration", joint_kpi_rates(evidence, **options), joint_kpi(evidence, **options))


def late(orders: int, of: int) -> pl.DataFrame:
    """The `late` ORDERS of so many that production has slipped."""
    stages = plant(of, 1, slips={})
    slipped = pl.col("order").is_in([f"O{number}" for number in range(orders)])
    late = pl.when(slipped).then(pl.col("finished_at") + pl.duration(hours=20)).otherwise("finished_at")
    return stages.with_columns(finished_at=late)


def test_a_low_rate_is_told_with_everybody_s_part():
    stages = plant(600, 5, slips={"production": 0.4, "logistics": 0.08}, early=0.1)
    rates, table = joint_kpi_rates(ih.Evidence(stages=stages)), joint_kpi(ih.Evidence(stages=stages))
    rate, low, high = rates.select("rate", "low", "high").row(0)
    first, second, third = table["points"].head(3).to_list()
    assert table["department"].to_list() == ["production", "sales", "logistics", "finance"]
    assert findings(stages).to_dicts() == [
        whole(
            report="collaboration",
            rule="joint_kpi_lateness",
            subject="on-time delivery",
            severity="critical",
            statement=f"{rate * 100:.0f}% of 600 orders were delivered as promised: production takes {first:.1f} "
            f"points, sales {second:.1f}, logistics {third:.1f}. "
            "When the metric is shared, the conversation is shared.",
            ask="What does production need from the others so that the next order goes out as promised?",
            value=rate,
            unit="share of orders",
            low=low,
            high=high,
            n=600,
            threshold=0.9,
            owner="production",
        )
    ]


def test_no_one_is_named_first_while_nobody_can_say_who_takes_more():
    (row,) = findings(plant(400, 5, slips={"production": 0.2, "logistics": 0.2})).to_dicts()
    assert "nobody can say who takes more, so ask both" in row["statement"]
    assert set(row["owner"].split(" and ")) == {"production", "logistics"}
    assert row["ask"].startswith(f"What do {row['owner']} need from each other")
    (row,) = findings(plant(400, 6, slips={"production": 0.2, "logistics": 0.2}, early=0.2)).to_dicts()
    assert "so ask all" in row["statement"]
    assert row["owner"].count(",") == 1


def test_of_many_departments_those_are_named_that_take_most():
    # A dozen stages side by side that slip in turn: each takes a twelfth of the late orders.
    names = [f"cell {number}" for number in range(12)]
    orders = [
        order(
            f"o{number}",
            *((name, name, 24, 30 if number % 24 == place else 24) for place, name in enumerate(names)),
            promised=24,
        )
        for number in range(1200)
    ]
    (row,) = findings(frame(*orders)).to_dicts()
    assert row["statement"].startswith("50% of 1,200 orders were delivered as promised: cell 0 takes 4.2 points, ")
    assert row["owner"] == "cell 0, cell 1, cell 10 and cell 11"
    assert "cell 3" not in row["statement"] + row["ask"]


@pytest.mark.parametrize(
    ("orders", "severity"), [(20, None), (29, None), (30, "warning"), (73, "warning"), (74, "critical")]
)
def test_severity_is_that_of_the_exact_binomial_tail(orders, severity):
    def chance_of_more(share):
        return sum(comb(200, late) * share**late * (1 - share) ** (200 - late) for late in range(orders, 201))

    expected = None if chance_of_more(0.1) > 0.025 else "warning" if chance_of_more(0.3) > 0.025 else "critical"
    assert expected == severity
    assert findings(late(orders, 200))["severity"].to_list() == ([] if severity is None else [severity])


def test_a_plan_that_was_late_is_nobody_s_and_asked_about():
    stages = plant(100, 1, slips={}, slack=-5).with_columns(feasible_at=None)
    (row,) = findings(stages).to_dicts()
    assert row["statement"].startswith("0% of 100 orders were delivered as promised.")
    assert (row["owner"], row["ask"]) == (None, "Was the plan of these orders ever in time for what was promised?")


@pytest.mark.parametrize("seed", range(8))
def test_healthy_companies_hear_nothing(seed):
    stages = plant(500, seed, slips={"production": 0.03, "logistics": 0.02}, early=0.01, noise=4)
    assert joint_kpi_rates(ih.Evidence(stages=stages))["rate"][0] > 0.9
    assert findings(stages).is_empty()


def test_without_stages_or_with_few_orders_nothing_is_said():
    assert findings(None).is_empty()
    assert findings(late(29, 29)).is_empty()
    assert findings(late(29, 29), min_messages=29).height == 1
    drawn = healthy(1)
    assert joint_kpi_lateness("collaboration", joint_kpi_rates(drawn), joint_kpi(drawn)).is_empty()


def drawn(chart):
    """The spec, compiled by Vega-Lite to SVG on the way: a spec that does not draw fails here."""
    spec = chart.to_dict()
    spec["$schema"] = "https://vega.github.io/schema/vega-lite/v5.json"
    return spec, vl_convert.vegalite_to_svg(json.dumps(spec))


def bars(spec):
    return sorted((row for data in spec["datasets"].values() for row in data), key=lambda row: row["place"])


def test_the_waterfall_runs_from_all_orders_down_to_the_rate():
    evidence = ih.Evidence(stages=plant(400, 5, slips={"production": 0.4, "logistics": 0.05}, early=0.1))
    spec, _ = drawn(kpi_waterfall(joint_kpi(evidence), joint_kpi_rates(evidence)))
    rate = joint_kpi_rates(evidence)["rate"][0]
    steps = bars(spec)
    assert [row["name"] for row in steps] == [ALL, "production", "sales", "logistics", "finance", "on-time delivery"]
    assert steps[0]["to"] == 100
    assert [row["from"] for row in steps[1:]] == pytest.approx([row["to"] for row in steps[:-1]])
    assert steps[-1]["to"] == pytest.approx(100 * rate)
    assert steps[1]["least"] < steps[1]["to"] < steps[1]["most"]
    assert spec["title"]["text"] == f"On-time delivery is {100 * rate:.0f}%; production takes most from it"
    assert "of n = 400 orders" in spec["title"]["subtitle"]


def test_the_waterfall_of_the_perfect_order_has_finance_and_a_late_plan_its_own_step():
    evidence = ih.Evidence(stages=plant(200, 5, slips={"finance": 0.5}))
    spec, _ = drawn(kpi_waterfall(perfect_order(evidence), joint_kpi_rates(evidence), kpi="perfect order"))
    assert bars(spec)[1]["name"] == "finance"
    late = ih.Evidence(stages=plant(100, 1, slips={}, slack=-5).with_columns(feasible_at=None))
    spec, _ = drawn(kpi_waterfall(joint_kpi(late), joint_kpi_rates(late)))
    assert bars(spec)[1]["name"] == "plan too late"
    assert bars(spec)[-1]["to"] == 0


def test_many_and_hostile_departments_are_drawn_as_text():
    stages = plant(200, 5, slips={"production": 0.4, "logistics": 0.3})
    named = stages.with_columns(pl.col("department").replace({"production": HOSTILE, "logistics": ALL}))
    evidence = ih.Evidence(stages=named)
    spec, svg = drawn(kpi_waterfall(joint_kpi(evidence), joint_kpi_rates(evidence), top=2))
    names = [row["name"] for row in bars(spec)]
    assert REST in names
    assert len({row["step"] for row in bars(spec)}) == len(names)
    assert "<img" not in svg
    _, svg = drawn(kpi_pairs(joint_kpi_pairs(evidence)))
    assert "<img" not in svg
    assert HOSTILE in joint_kpi_lateness("c", joint_kpi_rates(evidence), joint_kpi(evidence))["statement"].item()


def test_pairs_are_drawn_with_the_two_that_made_most_orders_late_together():
    evidence = ih.Evidence(stages=plant(300, 5, slips={"production": 0.5, "logistics": 0.5}, hours=8))
    spec, _ = drawn(kpi_pairs(joint_kpi_pairs(evidence)))
    both = joint_kpi_pairs(evidence)["only_both"].item()
    assert both > 50
    assert spec["title"]["text"] == f"{both} orders late only because logistics and production both slipped"
    apart = ih.Evidence(stages=plant(300, 5, slips={"production": 0.5, "logistics": 0.5}))
    spec, _ = drawn(kpi_pairs(joint_kpi_pairs(apart)))
    assert spec["title"]["text"] == "No order was late only because two departments slipped together"


def test_charts_without_data_say_so():
    nothing = ih.Evidence()
    for chart in (
        kpi_waterfall(joint_kpi(nothing), joint_kpi_rates(nothing)),
        kpi_waterfall(joint_kpi(ih.Evidence(stages=late(9, 20))), joint_kpi_rates(ih.Evidence(stages=late(9, 20)))),
        kpi_pairs(joint_kpi_pairs(nothing)),
    ):
        assert "need" in drawn(chart)[0]["description"]
