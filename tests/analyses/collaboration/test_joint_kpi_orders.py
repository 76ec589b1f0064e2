"""Which orders are judged: what is missing, open, repeated or odd is left out and counted, and never guessed."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from drawing.stages import frame, order, plant

import integrhealth as ih
from integrhealth.analyses.collaboration.joint_kpi.notes import (
    AS_PLANNED,
    NEEDS,
    NO_INVOICE,
    joint_kpi_left_out,
    joint_kpi_notes,
)
from integrhealth.analyses.collaboration.joint_kpi.questions import (
    joint_kpi,
    joint_kpi_pairs,
    joint_kpi_rates,
    perfect_order,
)
from integrhealth.analyses.collaboration.joint_kpi.shares import LEFT_OUT, MEASURED, NOT_ENOUGH
from integrhealth.catalog import Catalog

QUESTIONS = {each.__name__: each for each in (joint_kpi, perfect_order, joint_kpi_pairs, joint_kpi_rates)}


def counts(stages: pl.DataFrame, **options) -> dict:
    """What the row of on-time delivery counts, without what is zero."""
    row = joint_kpi_rates(ih.Evidence(stages=stages), **options).row(0, named=True)
    return {name: row[name] for name in ("late", "n", "plan_late", *LEFT_OUT) if row[name]}


def in_time(name: str, **times) -> list[dict]:
    return order(name, ("make", "production", 24, 24), ("ship", "logistics", 48, 48), **({"promised": 60} | times))


MANY = [in_time(f"good {number}") for number in range(30)]


def test_an_open_order_is_late_once_the_promise_has_passed_and_left_out_before():
    # The log ends at hour 48.
    def made(promised, finished=30):
        return order("x", ("make", "production", 24, finished), ("ship", "logistics", 40, None), promised=promised)

    assert counts(frame(*MANY, made(47))) == {"n": 31, "late": 1}
    assert counts(frame(*MANY, made(48))) == {"n": 30, "open": 1}
    assert counts(frame(*MANY, made(60))) == {"n": 30, "open": 1}
    assert counts(frame(*MANY, made(47, None))) == {"n": 31, "late": 1}
    # To ship has taken since hour 30 and should have taken 16: two hours more are its own, six waited for.
    table = joint_kpi(ih.Evidence(stages=frame(*MANY, made(47))))
    assert dict(table.select("department", "orders").iter_rows()) == {"logistics": 0.5, "production": 0.5, "sales": 0.0}
    assert table["days"].sum() == pytest.approx(1 / 24)
    nothing_done = frame(order("x", ("make", "production", 24, None), promised=10))
    assert counts(nothing_done) == {"open": 1}


def test_an_open_invoice_is_late_once_it_should_have_been_written():
    good = [
        order(f"{number}", ("ship", "logistics", 24, 24), ("bill", "finance", 48, 48), promised=30)
        for number in range(30)
    ]

    def perfect(planned):
        unwritten = order("x", ("ship", "logistics", 20, 20), ("bill", "finance", planned, None), promised=30)
        rates = joint_kpi_rates(ih.Evidence(stages=frame(*good, unwritten))).filter(pl.col("kpi") == "perfect order")
        return rates.select("late", "n", "open").row(0)

    assert perfect(47) == (1, 31, 0)
    assert perfect(48) == (0, 30, 1)


def test_orders_that_cannot_be_judged_are_left_out_and_counted():
    bad = [
        in_time("no promise", promised=None),
        order("no plan", ("make", "production", None, 24), ("ship", "logistics", 48, 90), promised=60),
        order("no end", ("make", "production", 24, None), ("ship", "logistics", 48, 90), promised=60),
        order("no stage", ("make", "production", 24, 24), promised=60),
        order("billed only", ("bill", "finance", 24, 24), promised=60),
    ]
    stages = frame(*MANY, *bad)
    assert counts(stages) == {"n": 30, "no_promise": 1, "no_plan": 1, "end_missing": 1, "stage_missing": 2}
    said = joint_kpi_left_out(joint_kpi_rates(ih.Evidence(stages=stages)))
    assert said == (
        "Left out: 1 no promise, 1 no plan, 2 stage missing, 1 end missing. "
        "Of 30 orders nobody wrote what was feasible, for which sales cannot answer."
    )
    assert joint_kpi_left_out(joint_kpi_rates(ih.Evidence())) == ""


def test_a_stage_is_missing_only_where_nine_of_ten_orders_have_it():
    short = [order(f"short {number}", ("make", "production", 24, 24), promised=60) for number in range(10)]
    assert counts(frame(*MANY, *short[:3])) == {"n": 30, "stage_missing": 3}
    assert counts(frame(*MANY, *short[:4])) == {"n": 34}  # 30 of 34 are no nine of ten: some orders are not shipped


def test_more_than_eight_departments_off_plan_in_one_order_are_left_out():
    def with_slips(count):
        return order("1", *((f"s{each}", f"d{each}", 24, 30) for each in range(count)), promised=24)

    assert counts(frame(with_slips(8))) == {"n": 1, "late": 1}
    assert counts(frame(with_slips(9))) == {"too_many": 1}
    # As planned they are no players: an order may pass as many departments as it likes.
    calm = [(f"s{each}", f"d{each}", 24, 24) for each in range(30)]
    assert counts(frame(order("1", *calm, ("last", "last", 48, 60), promised=50))) == {"n": 1, "late": 1}


def test_what_has_more_stages_than_an_order_can_have_is_left_out():
    def with_stages(count):
        return frame(order("1", *((f"s{each:03}", "a", each, each + 1) for each in range(count)), promised=count - 1))

    assert counts(with_stages(200)) == {"n": 1, "late": 1}
    assert counts(with_stages(201)) == {"too_many": 1}


def test_a_repeated_stage_is_done_with_its_last_end_and_planned_for_its_first_date():
    again = order("1", ("make", "production", 24, 24), ("make", "production", 72, 80), promised=60)
    assert counts(frame(again)) == {"n": 1, "late": 1}
    written_twice = order("1", ("make", "production", 24, None), ("make", "production", 24, 24), promised=60)
    assert counts(frame(written_twice)) == {"n": 1}
    # What was promised first holds, whatever was promised when it had already slipped, and once is enough.
    moved = [*in_time("1", promised=40), *in_time("1", promised=None), *in_time("1", promised=90)]
    assert counts(frame(moved)) == {"n": 1, "late": 1, "plan_late": 1}


def test_a_promise_without_a_time_of_day_holds_until_the_day_is_over():
    day = datetime(2026, 3, 2, tzinfo=UTC)
    row = {"order": "1", "stage": "ship", "department": "logistics", "planned_at": day, "promised_at": day}

    def late(hours, **other):
        stages = pl.DataFrame([row | {"finished_at": day + timedelta(hours=hours)} | other])
        return counts(stages).get("late", 0)

    assert (late(23.9), late(24)) == (0, 1)
    assert (late(12, promised_at=day + timedelta(hours=11)), late(11, promised_at=day + timedelta(hours=11))) == (1, 0)
    # The day ends where the company is, at five in the morning UTC.
    new_york = Catalog(timezone="America/New_York")
    for hours, expected in ((28, 0), (29, 1)):
        stages = pl.DataFrame([row | {"finished_at": day + timedelta(hours=hours)}])
        assert joint_kpi_rates(ih.Evidence(stages=stages, catalog=new_york))["late"].item() == expected


def test_fewer_orders_than_asked_for_have_counts_and_no_points():
    stages = plant(29, 1, slips={"production": 0.5, "logistics": 0.5, "finance": 0.3}, early=0.3)
    few, enough = ih.Evidence(stages=stages), ih.Evidence(stages=stages)
    for name, measures in {
        "joint_kpi": ("points", "low", "high", "share"),
        "perfect_order": ("points", "low", "high", "share"),
        "joint_kpi_pairs": ("points", "low", "high"),
        "joint_kpi_rates": ("rate", "low", "high"),
    }.items():
        without, within = QUESTIONS[name](few), QUESTIONS[name](enough, min_messages=29)
        assert without.select(measures).null_count().row(0) == (without.height,) * len(measures)
        assert set(without["verdict"]) == {NOT_ENOUGH}
        assert set(within["verdict"]) == {MEASURED}
        assert within[measures[0]].null_count() == 0
        kept = [column for column in without.columns if column not in (*measures, "verdict")]
        assert without.select(kept).equals(within.select(kept))


@pytest.mark.parametrize("name", QUESTIONS)
def test_nothing_and_nonsense_have_the_columns_and_no_rows(name):
    full = QUESTIONS[name](ih.Evidence(stages=plant(40, 1, slips={"production": 0.5, "logistics": 0.5})))
    empty = QUESTIONS[name](ih.Evidence())
    assert empty.is_empty()
    assert empty.schema == full.schema
    bare = frame(*MANY).with_columns(pl.lit(None, pl.Datetime("us", "UTC")).alias("planned_at"))
    lacking = QUESTIONS[name](ih.Evidence(stages=bare.select("order", "stage", "department")))
    assert lacking.schema == full.schema
    blank = bare.with_columns(department=pl.lit("  "))
    assert QUESTIONS[name](ih.Evidence(stages=blank)).is_empty()


def test_an_empty_table_says_what_it_needs():
    def notes(stages):
        evidence = ih.Evidence(stages=stages)
        tables = {name: question(evidence) for name, question in QUESTIONS.items()}
        return joint_kpi_notes(tables, stages=evidence.stages)

    assert set(notes(None).values()) == {NEEDS}
    assert notes(None).keys() == QUESTIONS.keys()
    assert notes(frame(*MANY)) == {"perfect_order": NO_INVOICE, "joint_kpi_pairs": AS_PLANNED}
    assert notes(plant(40, 1, slips={"production": 0.5, "logistics": 0.5, "finance": 0.5})) == {}


def test_an_end_in_another_century_is_none():
    stages = frame(*MANY, in_time("odd"))
    last = (pl.col("order") == "odd") & (pl.col("stage") == "ship")
    odd = pl.when(last).then(datetime(2099, 1, 1, tzinfo=UTC)).otherwise("finished_at")
    assert counts(stages.with_columns(finished_at=odd)) == {"n": 30, "open": 1}
