"""The parts of departments in late orders: exact, adding up, and right where a glance at one stage is wrong."""

from datetime import timedelta
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from drawing.stages import (
    by_permutations,
    frame,
    late_hours,
    order,
    pair_by_permutations,
    plant,
)
from hypothesis import given, settings
from hypothesis import strategies as st

import integrhealth as ih
from integrhealth.analyses.collaboration.joint_kpi.orders import order_stages
from integrhealth.analyses.collaboration.joint_kpi.questions import (
    joint_kpi,
    joint_kpi_pairs,
    joint_kpi_rates,
    perfect_order,
)
from integrhealth.analyses.collaboration.joint_kpi.shapley import interactions, shapley_values
from integrhealth.analyses.collaboration.joint_kpi.split import split

EQUAL = pytest.approx


def parts(stages: pl.DataFrame, column: str = "orders") -> dict[str, float]:
    table = joint_kpi(ih.Evidence(stages=stages))
    return dict(table.select("department", column).iter_rows())


def total(stages: pl.DataFrame, kpi: str = "on-time delivery") -> dict:
    return joint_kpi_rates(ih.Evidence(stages=stages)).row(by_predicate=pl.col("kpi") == kpi, named=True)


def test_three_independent_slips_have_the_parts_that_theory_gives_them_and_add_up():
    # Any one slip makes an order late, so each of k has 1/k of it: 0.182 sales, 0.316 production, 0.142 logistics.
    stages = plant(4000, 1, slips={"production": 0.4, "logistics": 0.2, "finance": 0.5}, early=0.25)
    table = joint_kpi(ih.Evidence(stages=stages))
    share = dict(table.select("department", pl.col("points") / 100).iter_rows())
    assert share["sales"] == EQUAL(0.182, abs=0.02)
    assert share["production"] == EQUAL(0.316, abs=0.02)
    assert share["logistics"] == EQUAL(0.142, abs=0.02)
    assert share["finance"] == 0
    rate = total(stages)
    assert rate["late"] / rate["n"] == EQUAL(0.64, abs=0.02)
    assert table["orders"].sum() == EQUAL(rate["late"], abs=1e-6)
    assert table["share"].sum() == EQUAL(1)
    assert table["days"].sum() == EQUAL(rate["days"])
    assert table["department"].to_list() == ["production", "sales", "logistics", "finance"]
    inside = table.filter(pl.col("department") != "finance")
    assert (inside["low"] < inside["points"]).all()
    assert (inside["points"] < inside["high"]).all()
    assert (inside["high"] - inside["low"]).max() < 4


def test_the_last_and_the_first_late_stage_get_other_and_wrong_shares():
    stages = plant(2000, 2, slips={"production": 0.4, "logistics": 0.2}, early=0.25)
    table = joint_kpi(ih.Evidence(stages=stages)).sort("department")
    orders, first, last = (table[name].to_list() for name in ("orders", "blamed_first", "blamed_last"))
    late = total(stages)["late"]
    assert table["department"].to_list() == ["finance", "logistics", "production", "sales"]
    assert last == [0, late, 0, 0]  # whoever ships ends last, and promised nothing
    assert first[3] == 0
    assert first[2] > 1.2 * orders[2]
    assert orders[3] > 0.2 * late


def test_parallel_stages_share_the_days_of_delay():
    # Delays of 1, 2 and 4 days side by side: the first day is everybody's, the second of two, the rest of one alone.
    days = {"a": 1, "b": 2, "c": 4}
    stages = order("1", *((name, name, 48, 48 + 24 * each) for name, each in days.items()), promised=48)
    table = joint_kpi(ih.Evidence(stages=frame(stages)))
    assert dict(table.select("department", "days").iter_rows()) == EQUAL(
        {"a": 1 / 3, "b": 5 / 6, "c": 17 / 6, "sales": 0}
    )
    assert dict(table.select("department", "orders").iter_rows()) == EQUAL(
        {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3, "sales": 0}
    )


@pytest.mark.parametrize("slipping", range(1, 9))
def test_an_order_that_is_late_only_if_all_slip_is_shared_evenly(slipping):
    stages, planned, done = [], 0, 0
    for number in range(slipping):
        planned, done = planned + 24, done + 25
        stages.append((f"s{number}", f"d{number}", planned, done))
    shared = parts(frame(order("1", *stages, promised=planned + slipping - 0.5)))
    assert shared.pop("sales") == 0
    assert shared == EQUAL(dict.fromkeys(shared, 1 / slipping))
    in_time = parts(frame(order("1", *stages, promised=planned + slipping)))
    assert set(in_time.values()) == {0.0}  # an hour less, and the slack takes it all


def test_equal_stages_are_equal_and_who_only_waited_has_exactly_nothing():
    stages = (("a", "a", 24, 34), ("b", "b", 48, 58), ("c", "c", 72, 92))
    assert parts(frame(order("1", *stages, promised=75))) == {"a": 0.5, "b": 0.0, "c": 0.5, "sales": 0.0}


def test_slack_absorbs_and_early_ends_help():
    slipped = ("a", "a", 24, 34)
    passed_on = ("b", "b", 48, 58)
    assert set(parts(frame(order("1", slipped, passed_on, promised=58))).values()) == {0.0}
    assert parts(frame(order("1", slipped, passed_on, promised=57.9))) == {"a": 1.0, "b": 0.0, "sales": 0.0}
    # In time, because b made good what a had lost: what one costs the other gives back.
    assert parts(frame(order("1", slipped, ("b", "b", 48, 48), promised=48))) == {"a": 0.5, "b": -0.5, "sales": 0.0}
    late = ("b", "b", 48, 49)
    shared = parts(frame(order("1", slipped, late, promised=48)))
    assert shared == {"a": 1.0, "b": 0.0, "sales": 0.0}  # b took nine hours less than planned and could not do more
    # a is ten hours early, b five hours slow: neither is blamed for an order in time, whose promise b alone had broken.
    shared = parts(frame(order("1", ("a", "a", 24, 14), ("b", "b", 48, 43), promised=48)))
    assert set(shared.values()) == {0.0}


def test_a_stage_that_ended_before_another_did_not_wait_for_it():
    stages = (("a", "a", 24, 90), ("b", "b", 48, 80))
    assert parts(frame(order("1", *stages, promised=48))) == {"a": 0.5, "b": 0.5, "sales": 0.0}
    waited = (("a", "a", 24, 90), ("b", "b", 48, 114))
    assert parts(frame(order("1", *waited, promised=48))) == {"a": 1.0, "b": 0.0, "sales": 0.0}


def test_sales_answers_for_what_was_promised_earlier_than_feasible():
    as_feasible = ("make", "production", 72, 72)
    assert parts(frame(order("1", as_feasible, promised=60, feasible=72))) == {"production": 0.0, "sales": 1.0}
    assert total(frame(order("1", as_feasible, promised=60, feasible=72)))["plan_late"] == 0
    # Who promises what is feasible, or later, answers for nothing; nor does anyone where nobody wrote what was.
    assert parts(frame(order("1", as_feasible, promised=72, feasible=60))) == {"production": 0.0, "sales": 0.0}
    unwritten = frame(order("1", as_feasible, promised=60))
    assert parts(unwritten) == {"production": 0.0, "sales": 0.0}
    assert (total(unwritten)["plan_late"], total(unwritten)["no_feasible"]) == (1, 1)
    # Its own stage and its promise are one department, however it is spelt.
    entered = (("enter", "Sales", 24, 34), ("make", "production", 72, 82))
    assert parts(frame(order("1", *entered, promised=76, feasible=80))) == {"Sales": 1.0, "production": 0.0}


def test_a_late_invoice_makes_an_order_imperfect_and_not_late():
    delivered, invoice = ("ship", "logistics", 24, 24), ("invoice", "Finance", 48, 72)
    evidence = ih.Evidence(stages=frame(order("1", delivered, invoice, promised=24)))
    assert parts(evidence.stages) == {"Finance": 0.0, "logistics": 0.0, "sales": 0.0}
    shares = dict(perfect_order(evidence).select("department", "orders").iter_rows())
    assert shares == {"Finance": 1.0, "logistics": 0.0, "sales": 0.0}
    assert (total(evidence.stages)["late"], total(evidence.stages, "perfect order")["late"]) == (0, 1)
    # Invoiced as long after the delivery as planned: the delivery alone was late.
    pushed = (("ship", "logistics", 24, 48), ("invoice", "Finance", 48, 72))
    shares = perfect_order(ih.Evidence(stages=frame(order("1", *pushed, promised=24))))
    assert dict(shares.select("department", "orders").iter_rows()) == {"logistics": 1.0, "Finance": 0.0, "sales": 0.0}
    # A check of credit before the delivery is a stage like any other.
    checked = (("credit", "finance", 24, 34), ("ship", "logistics", 48, 58))
    assert parts(frame(order("1", *checked, promised=50))) == {"finance": 1.0, "logistics": 0.0, "sales": 0.0}
    assert perfect_order(ih.Evidence(stages=frame(order("1", *checked, promised=50)))).is_empty()


def test_pairs_show_what_takes_both_and_what_either_alone_would_have_done():
    both = order("both", ("a", "a", 24, 30), ("b", "b", 48, 60), promised=56)
    either = order("either", ("a", "a", 24, 44), ("b", "b", 48, 88), promised=56)
    for orders, together, only_both in (((both,), 1.0, 1), ((either,), -1.0, 0), ((both, either), 0.0, 1)):
        pairs = joint_kpi_pairs(ih.Evidence(stages=frame(*orders)))
        assert pairs.select("department_a", "department_b", "orders", "only_both").rows() == [
            ("a", "b", together, only_both)
        ]
    alone = order("alone", ("a", "a", 24, 44), ("b", "b", 48, 68), promised=56)
    assert joint_kpi_pairs(ih.Evidence(stages=frame(alone))).is_empty()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_parts_and_pairs_are_those_of_all_orders_of_departments(data):
    hours, departments = st.integers(1, 12), st.sampled_from(("production", "logistics", "sales", "quality"))
    count, orders = data.draw(st.integers(1, 5)), []
    for number in range(data.draw(st.integers(1, 3))):
        stages = [(f"s{place}", *data.draw(st.tuples(departments, hours, hours))) for place in range(count)]
        orders.append((f"o{number}", stages, data.draw(hours), data.draw(hours)))
    stages = frame(*(order(name, *each, promised=promised, feasible=able) for name, each, promised, able in orders))
    there = sorted({*stages["department"], "sales"})

    def late(happened, amount=lambda hours: float(hours > 0)):
        return sum(amount(late_hours(each, promised, able, happened)) for _, each, promised, able in orders)

    done = split(order_stages(stages, timezone="UTC"), perfect=False)
    totals = done.parts.group_by("department").agg(pl.col("orders", "days").sum())
    sums = {name: both for name, *both in totals.iter_rows()}
    days = by_permutations(there, lambda some: late(some, lambda hours: hours / 24))
    for name, orders_lost in by_permutations(there, late).items():
        assert sums.get(name, [0.0, 0.0]) == EQUAL([orders_lost, days[name]])
    assert done.parts["orders"].sum() == EQUAL(late(set(there)) - late(set()))
    both = done.pairs.group_by("department_a", "department_b").agg(pl.col("orders").sum()).rows()
    together = {(one, other): orders for one, other, orders in both}
    for pair in combinations(there, 2):
        assert together.get(pair, 0.0) == EQUAL(pair_by_permutations(there, *pair, late), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_values_and_interactions_of_any_game_are_those_of_all_orders(players, seed):
    values = np.random.default_rng(seed).integers(0, 9, 2**players).astype(float)
    names = [str(player) for player in range(players)]

    def value(some):
        return values[sum(1 << int(each) for each in some)]

    assert shapley_values(values[None])[0] == EQUAL(list(by_permutations(names, value).values()))
    index = interactions(values[None])
    assert {pair: each[0] for pair, each in index.items()} == EQUAL(
        {pair: pair_by_permutations(names, str(pair[0]), str(pair[1]), value) for pair in index}
    )
    # Values less half of each interaction, and the interactions, are the whole again.
    whole = shapley_values(values[None])[0].sum()
    alone = [
        phi - sum(each[0] for pair, each in index.items() if player in pair) / 2
        for player, phi in enumerate(shapley_values(values[None])[0])
    ]
    assert sum(alone) + sum(each[0] for each in index.values()) == EQUAL(whole) == EQUAL(values[-1] - values[0])


def test_order_of_rows_copies_and_time_zones_change_nothing():
    stages = plant(120, 3, slips={"production": 0.3, "logistics": 0.3, "finance": 0.2}, early=0.2)
    evidence = ih.Evidence(stages=stages)
    elsewhere = stages.with_columns(pl.col(pl.Datetime).dt.convert_time_zone("Asia/Tokyo"))
    for same in (stages.sample(fraction=1, shuffle=True, seed=1), pl.concat([stages, stages]), elsewhere):
        for question in (joint_kpi, perfect_order, joint_kpi_pairs, joint_kpi_rates):
            assert question(ih.Evidence(stages=same)).equals(question(evidence))
    moved = stages.with_columns(pl.col(pl.Datetime) + timedelta(hours=5))
    assert joint_kpi(ih.Evidence(stages=moved)).equals(joint_kpi(evidence))


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    covered = 0
    for seed in range(20):
        table = joint_kpi(ih.Evidence(stages=plant(150, seed, slips={"production": 0.4, "logistics": 0.2}, early=0.25)))
        (row,) = table.filter(pl.col("department") == "production").to_dicts()
        covered += row["low"] <= 31.63 <= row["high"]
    assert 17 <= covered <= 20
