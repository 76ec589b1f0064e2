"""No department that is a team of fewer than five people, or of unknown size, is named in a shared number."""

import json

import polars as pl
import pytest
from drawing.stages import frame, order, plant
from drawing.teams import declared
from hypothesis import given, settings
from hypothesis import strategies as st

import integrhealth as ih
from integrhealth.analyses.collaboration.charts.joint_kpi import kpi_pairs, kpi_waterfall
from integrhealth.analyses.collaboration.joint_kpi.questions import joint_kpi, joint_kpi_rates
from integrhealth.analyses.collaboration.joint_kpi.small_departments import TOGETHER

EQUAL = pytest.approx
STAGES = plant(200, 3, slips={"production": 0.4, "logistics": 0.3, "finance": 0.5}, early=0.3)
DEPARTMENTS = ("production", "logistics", "finance", "sales")


def company(sizes, stages=STAGES):
    return ih.Evidence(stages=stages, catalog=declared(teams=sizes, systems={"S": None}, integrations={}))


def points(evidence):
    return dict(joint_kpi(evidence).select("department", "points").iter_rows())


def test_a_small_department_is_in_a_row_with_the_smallest_other_one():
    sizes = {"production": 21, "logistics": 4, "finance": 9, "sales": 6}
    alone, hidden = points(company(sizes | {"logistics": 5})), points(company(sizes))
    assert set(alone) == set(DEPARTMENTS)
    # Finance has nine people and sales six, but sales answers for promises and stays where it can.
    assert set(hidden) == {"production", "sales", TOGETHER}
    assert sum(hidden.values()) == EQUAL(sum(alone.values()))


def test_small_departments_that_are_five_together_need_no_other():
    assert set(points(company({"logistics": 3, "finance": 2, "sales": 9}))) == {"production", "sales", TOGETHER}


@pytest.mark.parametrize("size", [0, 4, None])
def test_however_the_log_writes_it_and_whoever_counts_it(size):
    stages = STAGES.with_columns(pl.col("department").replace("logistics", " LOGISTICS "))
    shown = points(company({"logistics": size, "finance": 9}, stages))
    assert set(shown) == {"production", "sales", TOGETHER}


def test_who_is_no_team_of_the_catalog_keeps_its_name():
    assert set(points(ih.Evidence(stages=STAGES))) == set(DEPARTMENTS)
    assert set(points(company({"IT": 3}))) == set(DEPARTMENTS)


def test_a_small_sales_still_answers_for_what_it_promised():
    early = frame(*(order(f"o{n}", ("make", "production", 48, 48), promised=39, feasible=48) for n in range(40)))
    shown = joint_kpi(company({"sales": 3, "production": 9, "legal": 7}, early))
    assert shown.select("department", "orders").rows() == [(TOGETHER, 40.0)]
    apart = joint_kpi(company({"sales": 5}, early))
    assert apart.select("department", "orders").rows() == [("sales", 40.0), ("production", 0.0)]


def test_the_note_says_why_a_department_has_no_row():
    notes = ih.collaboration.report(company({"logistics": 4})).notes
    assert "taken together" in notes["joint_kpi"]
    assert "joint_kpi" not in ih.collaboration.report(company({"logistics": 5})).notes


@settings(max_examples=25, deadline=None)
@given(st.fixed_dictionaries({name: st.none() | st.integers(0, 9) for name in DEPARTMENTS}))
def test_whatever_the_sizes_no_small_department_is_named_and_all_adds_up(sizes):
    secret = {name: f"secret {name}" for name in DEPARTMENTS if name != "sales"}
    stages = STAGES.with_columns(pl.col("department").replace(secret))
    evidence = company({secret.get(name, name): people for name, people in sizes.items()}, stages)
    report = ih.collaboration.report(evidence)
    tables = {name: table.to_dicts() for name, table in report.tables.items()}
    rates = joint_kpi_rates(evidence)
    charts = [kpi_waterfall(joint_kpi(evidence), rates), kpi_pairs(ih.collaboration.joint_kpi_pairs(evidence))]
    said = json.dumps([tables, report.findings.to_dicts(), report.notes, [c.to_dict() for c in charts]], default=str)
    for name in secret:
        assert (sizes[name] or 0) >= 5 or secret[name] not in said
    assert (sizes["sales"] or 0) >= 5 or "sales" not in joint_kpi(evidence)["department"]
    row = rates.row(by_predicate=pl.col("kpi") == "on-time delivery", named=True)
    assert joint_kpi(evidence)["orders"].sum() == EQUAL(row["late"] - row["plan_late"])
