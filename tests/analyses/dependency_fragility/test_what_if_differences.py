"""Differences between two landscapes whose tables are written by hand, and the chart of them."""

import polars as pl
import pytest

from integrhealth.analyses import dependency_fragility as fragility
from integrhealth.analyses.dependency_fragility import charts
from integrhealth.analyses.dependency_fragility.tables import TABLES
from integrhealth.analyses.dependency_fragility.what_if.differences import Landscape, differences
from integrhealth.evidence import Evidence

EMPTY = {
    "capabilities": fragility.capabilities(Evidence()),
    "systems": fragility.systems(Evidence()),
    "parts": fragility.parts(Evidence()),
    "outages": fragility.outages(Evidence()),
}
WORTH = pl.DataFrame({"capability": ["pay"], "value_per_hour": [100.0]})


def rows(table: str, *given: dict) -> pl.DataFrame:
    drawn = [pl.DataFrame([row], schema_overrides=EMPTY[table].schema) for row in given]
    return pl.concat([EMPTY[table], *drawn], how="diagonal_relaxed")


def landscape(**tables: list[dict]) -> Landscape:
    return Landscape(**{table: rows(table, *tables.get(table, [])) for table in EMPTY})


def pay(availability: float | None, **said: object) -> list[dict]:
    return [{"capability": "pay", "availability": availability, "low": availability, "high": availability, **said}]


def words(today: Landscape, then: Landscape, worth: pl.DataFrame = WORTH) -> list[tuple]:
    return differences(today, then, worth).select("name", "figure", "worse", "in_words").rows()


def test_a_landscape_does_not_differ_from_itself():
    one = landscape(
        capabilities=pay(0.9, cut=["ERP"]),
        systems=[{"system": "ERP", "availability": 0.9, "single_point": True}],
        parts=[{"capability": "pay", "system": "ERP", "importance": 1.0}],
        outages=[{"integration": "orders", "verdict": "stop", "median_loss": None, "past_tolerance": 3.0}],
    )
    same = differences(one, one, WORTH)
    assert same.is_empty()
    assert same.schema == pl.Schema(TABLES["what_if"])


@pytest.mark.parametrize(
    ("today", "then", "worse", "said"),
    [
        (["ERP"], None, True, "no way is left"),
        ([], ["ERP"], True, "hangs on one system"),
        (["A", "B"], ["ERP"], True, "hangs on one system"),
        (["ERP"], ["A", "B"], False, "hangs on no single system: 2 together close the way"),
        (["ERP"], [], False, "no system in between closes the way any more"),
    ],
)
def test_a_cut_is_better_the_more_it_takes_best_where_none_helps_and_worst_where_no_way_is(today, then, worse, said):
    before, after = landscape(capabilities=pay(None, cut=today)), landscape(capabilities=pay(None, cut=then))
    assert words(before, after) == [("pay", "smallest_cut", worse, said)]
    if then is not None:
        assert differences(after, before, WORTH)["worse"].to_list() == [not worse]


@pytest.mark.parametrize(("then", "rows"), [(0.9 - 0.005, 0), (0.9 - 0.006, 2)])
def test_of_simulated_availabilities_only_what_chance_does_not_explain_differs(then, rows):
    # 1.96 x sqrt(0.002^2 + 0.002^2) = 0.0055.
    before = landscape(capabilities=pay(0.9, standard_error=0.002))
    after = landscape(capabilities=pay(then, standard_error=0.002))
    assert differences(before, after, WORTH).height == rows


@pytest.mark.parametrize(("importance", "shown"), [(0.599, []), (0.61, ["value_per_hour", "importance"])])
def test_a_small_change_of_importance_is_no_difference_nor_is_what_it_costs(importance, shown):
    part = {"capability": "pay", "system": "ERP"}
    before, after = (
        landscape(capabilities=pay(0.9), parts=[part | {"importance": value, "value_per_hour": 100 * value}])
        for value in (0.5, importance)
    )
    assert differences(before, after, WORTH)["figure"].to_list() == shown


def test_where_a_capability_falls_no_other_error_counts():
    part = {"capability": "pay", "system": "WMS", "importance": 0.9, "value_per_hour": 90.0}
    before = landscape(capabilities=pay(0.9), parts=[part])
    after = landscape(capabilities=pay(0.0), parts=[part | {"importance": 0.0, "value_per_hour": 0.0}])
    assert words(before, after) == [
        ("pay", "availability", True, "falls: nothing gets through any more"),
        ("pay", "value_per_hour", True, "loses 100 an hour, today 10"),
    ]


def test_what_gets_worse_comes_first_and_what_stops_before_what_it_costs():
    before = landscape(
        capabilities=[*pay(0.9), *pay(0.8, capability="buy")],
        systems=[{"system": "ERP", "single_point": False}, {"system": "WMS", "single_point": True}],
        outages=[{"integration": "orders", "verdict": "survive", "survived_share": 1.0, "worked_share": 1.0}],
    )
    after = landscape(
        capabilities=[*pay(0.7), *pay(0.85, capability="buy")],
        systems=[{"system": "ERP", "single_point": True}, {"system": "WMS", "single_point": False}],
        outages=[{"integration": "orders", "verdict": "work around", "survived_share": 0.4, "worked_share": 1.0}],
    )
    assert words(before, after) == [
        ("pay", "availability", True, "gets through 70%, today 90%"),
        ("pay", "value_per_hour", True, "loses 30 an hour, today 10"),
        ("orders", "verdict", True, "in its busiest hour: work around, today survive"),
        ("ERP", "single_point", True, "becomes a single point"),
        ("buy", "availability", False, "gets through 85%, today 80%"),
        ("WMS", "single_point", False, "is a single point no more"),
    ]


def what_if(*given: dict) -> pl.DataFrame:
    row = {"what": "system", "name": "ERP", "figure": "availability", "worse": True, "in_words": "is down for good"}
    numbers = {"today": 0.9, "then": 0.0, "today_low": 0.8, "today_high": 0.95, "then_low": 0.0, "then_high": 0.0}
    return pl.DataFrame([row | numbers | each for each in given], schema=TABLES["what_if"])


def texts(chart: object) -> tuple[str, str]:
    title = chart.to_dict()["title"]
    return title["text"], title["subtitle"]


def test_the_title_says_what_falls_or_else_what_is_worst():
    fallen = {"what": "capability", "in_words": "falls: nothing gets through any more"}
    one = what_if(fallen | {"name": "pay"}, {})
    assert texts(charts.what_if_chart(one)) == (
        "pay falls: nothing gets through any more",
        "2 figures get worse, 0 better; 2 shares with 95% intervals; hollow: today",
    )
    two = what_if(fallen | {"name": "pay"}, fallen | {"name": "buy"}, {"worse": False})
    assert texts(charts.what_if_chart(two))[0] == "2 capabilities fall, pay among them"
    assert texts(charts.what_if_chart(two))[1].startswith("2 figures get worse, 1 better; ")
    assert texts(charts.what_if_chart(what_if({})))[0] == "ERP is down for good"


def test_only_shares_are_drawn_the_first_of_many():
    rows = [{"name": f"S{number}"} for number in range(20)] + [{"figure": "value_per_hour", "today": 5000.0}]
    chart = charts.what_if_chart(what_if(*rows))
    (drawn,) = chart.to_dict()["datasets"].values()
    assert [row["subject"] for row in drawn] == [f"system S{number}" for number in range(16)]
    assert "the 16 first of 20 shares" in texts(chart)[1]


def test_without_a_share_a_sentence_stands_in_place_of_the_chart():
    assert charts.what_if_chart(what_if(), empty="Nothing.").to_dict()["description"] == "Nothing."
    cut = what_if({"figure": "smallest_cut", "name": "pay", "then": None, "in_words": "no way is left"})
    assert charts.what_if_chart(cut).to_dict()["description"] == "pay no way is left."
