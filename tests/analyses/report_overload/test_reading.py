"""What is read, skimmed and unread, and the minutes it takes: known speeds, and logs that mislead."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.reports import MORNING, delivered, every_day, evidence, opened, stock
from hypothesis import given
from hypothesis import strategies as st

from integrhealth.analyses.report_overload import report
from integrhealth.analyses.report_overload.reading import READ_CLASSES, assigned_reads, company, people, read_classes
from integrhealth.language.schema import conform


def test_sixty_three_reports_of_400_words_in_seven_minutes():
    names = [f"report {number}" for number in range(63)]
    deliveries = every_day(names, ["manager"], [0])
    reports = stock(*({"report": name} for name in names))
    classes = read_classes(conform(deliveries, "deliveries"), opened(deliveries, 7 * 60 / 63), reports=reports)
    row = people(classes).row(0, named=True)
    assert row["reports_per_day"] == 63
    assert row["needed_minutes"] == pytest.approx(105.88, abs=0.01)
    assert row["spent_minutes"] == pytest.approx(7)
    assert row["flood_ratio"] == pytest.approx(15.13, abs=0.01)
    assert (row["low"], row["high"]) == (None, None), "one day says nothing about other days"
    assert classes["wpm"].to_numpy() == pytest.approx(3600)
    assert set(classes["read_class"]) == {"unread"}


def read_class(seconds, words=400, opens=True):
    deliveries = delivered("a", "p", [0])
    reads = opened(deliveries, seconds) if opens else opened(delivered("a", "someone else", [0]), 60)
    row = read_classes(deliveries, reads, reports=stock({"report": "a", "words": words})).row(0, named=True)
    return row["read_class"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(80, "read"), (79.9, "skimmed"), (24, "skimmed"), (23.9, "unread"), (0.5, "unread"), (0, "unread")],
)
def test_the_class_follows_from_the_implied_speed(seconds, expected):
    assert read_class(seconds) == expected


def test_an_opened_report_of_unknown_speed_is_between_read_and_unread():
    assert read_class(None) == read_class(-5) == read_class(float("nan")) == read_class(60, words=None) == "skimmed"
    assert read_class(60, words=0) == "skimmed"
    assert read_class(60, opens=False) == "unread"


def test_a_read_belongs_to_the_latest_delivery_before_it():
    deliveries = delivered("a", "p", [0, 1, 2])
    times = [MORNING - timedelta(hours=1), MORNING, MORNING + timedelta(days=1, hours=1), MORNING + timedelta(days=1.9)]
    reads = conform(pl.DataFrame({"report": "a", "person": "p", "at": times, "seconds": [9.0, 10, 20, 30]}), "reads")
    classes = read_classes(deliveries, reads, reports=stock({"report": "a"}))
    assert classes["seconds"].to_list() == [10, 50, None]
    assert classes["opens"].to_list() == [1, 2, 0]
    assert assigned_reads(deliveries, reads)["delivered_at"].null_count() == 1
    answer = report(evidence(reports=stock({"report": "a"}), deliveries=deliveries, reads=reads))
    assert answer.tables["reports"]["unasked_reads"].to_list() == [1]


def test_a_window_left_open_is_not_reading():
    deliveries = delivered("a", "p", range(40))
    classes = read_classes(deliveries, opened(deliveries, 8 * 3600), reports=stock({"report": "a"}))
    assert set(classes["seconds"]) == {240.0}
    assert people(classes)["spent_minutes"].item() == 4


def test_days_are_those_of_the_company():
    evening = delivered("a", "p", [0], hour=22)
    night = delivered("a", "p", [1], hour=1)
    classes = read_classes(pl.concat([evening, night]), opened(evening, 90), reports=stock({"report": "a"}))
    assert people(classes)["days"].item() == 2
    assert people(classes, timezone="Asia/Tokyo")["days"].item() == 1


def test_a_person_who_never_reads_has_no_ratio_and_few_deliveries_give_none():
    deliveries = pl.concat([delivered("a", person, range(40)) for person in ("never", "always")])
    few = delivered("a", "few", range(5))
    reads = opened(pl.concat([deliveries.filter(pl.col("person") == "always"), few]), 100)
    classes = read_classes(pl.concat([deliveries, few]), reads, reports=stock({"report": "a"}))
    ratios = dict(people(classes).select("person", "flood_ratio").iter_rows())
    assert ratios == {"never": None, "always": pytest.approx(400 / 238 * 60 / 100), "few": None}
    assert people(classes)["person"].to_list()[0] == "never"
    assert company(classes)["never_reading"].item() == 1


def test_minutes_spent_are_unknown_where_openings_carry_no_time():
    deliveries = delivered("a", "p", range(40))
    reads = pl.concat([opened(deliveries.head(30), None), opened(deliveries.tail(10), 60)])
    classes = read_classes(deliveries, reads, reports=stock({"report": "a"}))
    row = people(classes).row(0, named=True)
    assert row["untimed"] == 30
    assert (row["needed_minutes"], row["spent_minutes"], row["flood_ratio"]) == (pytest.approx(400 / 238), None, None)


def test_the_interval_of_the_flood_ratio_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    persons, days = [f"person {number:03d}" for number in range(400)], range(15)
    deliveries = every_day(["a", "b", "c"], persons, days)
    seconds = rng.gamma(1.5, 20 / 1.5, deliveries.height)
    reads = deliveries.select("report", "person", at=pl.col("at") + timedelta(hours=1), seconds=pl.Series(seconds))
    classes = read_classes(
        conform(deliveries, "deliveries"),
        conform(reads, "reads"),
        reports=stock(*({"report": name, "words": 400} for name in "abc")),
    )
    ratio = 400 / 238 * 60 / 20
    held = people(classes).select(((pl.col("low") <= ratio) & (ratio <= pl.col("high"))).mean()).item()
    assert 0.90 < held < 0.98


arrivals = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("pq"), st.integers(0, 9)), max_size=12)
openings = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from("pq"),
        st.integers(-2, 12),
        st.sampled_from([None, -1.0, 0.0, 0.5, 50.0, 1e6, float("nan"), float("inf")]),
    ),
    min_size=1,
    max_size=12,
)


@given(arrivals, openings)
def test_every_delivery_has_one_class_and_no_read_is_lost(sent, reads):
    deliveries = conform(
        pl.DataFrame(sent, schema=["report", "person", "hour"], orient="row").select(
            pl.col("report", "person").cast(pl.String), at=pl.lit(MORNING) + pl.duration(hours=pl.col("hour").cast(int))
        ),
        "deliveries",
    )
    reading = conform(
        pl.DataFrame(
            reads, schema={"report": str, "person": str, "hour": int, "seconds": float}, orient="row", strict=False
        ).with_columns(at=pl.lit(MORNING) + pl.duration(hours="hour")),
        "reads",
    )
    classes = read_classes(deliveries, reading, reports=stock({"report": "a"}, {"report": "b", "words": None}))
    assert classes.height == len(set(sent))
    assert set(classes["read_class"]) <= set(READ_CLASSES)
    assert (classes["seconds"].is_finite() & (classes["seconds"] >= 0)).drop_nulls().all()
    distinct = reading.unique(["report", "person", "at", "seconds", "action"])
    unasked = assigned_reads(deliveries, reading)["delivered_at"].null_count()
    assert classes["opens"].sum() + unasked == distinct.height
