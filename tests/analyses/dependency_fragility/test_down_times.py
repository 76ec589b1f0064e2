"""When a system was down, dated from failures in a row and from metrics: outages planted by the textbook process."""

import polars as pl
import pytest
from drawing.down_times import MONDAY, evidence, failing, measured, sent

from integrhealth.analyses import dependency_fragility as fragility


def outages(*rows: dict, metrics: pl.DataFrame | None = None) -> list[tuple]:
    """system, first and last minute, failures of each outage."""
    minute = (pl.col("started_at", "ended_at") - MONDAY).dt.total_seconds() / 60
    dated = fragility.down_times(evidence(*rows, metrics=metrics))
    return dated.select("system", minute, "failures").rows()


def test_three_failures_in_a_row_are_an_outage_dated_by_them_and_two_are_none():
    around = [sent(1), sent(20)]
    assert outages(*around, *failing(5, 6, 7)) == [("B", 5, 7, 3)]
    assert outages(*around, *failing(5, 6)) == []
    assert outages(*around, *failing(5, 6), sent(6.5), *failing(7)) == []


def test_failures_of_one_object_are_no_outage():
    assert outages(sent(1), *failing(5, 6, 7, object_id="poison", object_type="order")) == []
    mixed = [*failing(5, 6, object_id="one", object_type="order"), *failing(7, object_id="two", object_type="order")]
    assert outages(sent(1), *mixed) == [("B", 5, 7, 3)]


def test_failures_passed_on_are_an_outage_where_they_began():
    rows = []
    for number, minute in enumerate((5, 6, 7)):
        rows.append(sent(minute, "failed", message_id=f"p{number}", trace_id=f"t{number}", after=0.5))
        below = {"source": "B", "target": "C", "trace_id": f"t{number}", "parent_id": f"p{number}"}
        rows.append(sent(minute + 0.1, "failed", **below))
    assert [row[0] for row in outages(sent(1), sent(1, source="B", target="C"), *rows)] == ["C"]


def test_what_a_fallback_served_is_no_sign_of_life():
    rows = [*failing(5, 6, 8), sent(7, fallback=True)]
    assert outages(sent(1), sent(20), *rows) == [("B", 5, 8, 3)]


def test_a_queue_that_accepts_says_nothing_where_arrivals_are_logged():
    accepted = [sent(minute, kind="queue", after=None) for minute in (5.5, 6.5)]
    direct = failing(5, 6, 7, source="C")
    assert outages(sent(1, kind="queue"), *accepted, *direct, sent(20)) == [("B", 5, 7, 3)]
    silent = sent(1, kind="queue", after=None)
    assert outages(silent, *accepted, *direct, sent(20)) == []


def test_an_outage_through_which_a_few_get_is_one_and_what_lies_farther_apart_is_two():
    first, second = failing(10, 15, 20), failing(25, 28, 30)
    assert outages(*first, sent(22), *second) == [("B", 10, 30, 6)]
    later = failing(35, 38, 40)
    assert outages(*first, sent(22), *later) == [("B", 10, 20, 3), ("B", 35, 40, 3)]


def test_metrics_that_say_it_was_not_up_are_an_outage():
    samples = measured({"B": [1] * 10 + [0] * 5 + [1] * 10})
    assert outages(sent(1), sent(22), metrics=samples) == [("B", 10, 14, 0)]
    assert outages(sent(1), sent(12), sent(22), metrics=samples) == []  # it answered all the same
    assert outages(*failing(13, 14, 15), sent(22), metrics=samples) == [("B", 10, 15, 3)]


@pytest.mark.parametrize("longer", [1, 10])
def test_a_collector_that_comes_back_to_one_system_after_the_other_was_down_itself(longer):
    def gap(start, end):
        return [1 if minute < start or minute >= end else None for minute in range(250)]

    late = measured({"B": gap(100, 150), "C": gap(100 + longer, 150 + longer), "D": gap(100 + longer, 150)})
    assert outages(sent(1), metrics=late) == []
    there = measured({"B": gap(100, 150), "C": gap(100, 120)})
    assert outages(sent(1), metrics=there) == [("B", 100, 149, 0)]


def test_missing_samples_are_an_outage_unless_the_collector_was_down():
    gap = [5.0] * 30 + [None] * 3 + [5.0] * 10
    whole = [5.0] * 43
    assert outages(sent(1), metrics=measured({"B": gap, "C": whole}, metric="cpu")) == [("B", 30, 32, 0)]
    assert outages(sent(1), metrics=measured({"B": gap}, metric="cpu")) == [("B", 30, 32, 0)]
    assert outages(sent(1), metrics=measured({"B": gap, "C": gap}, metric="cpu")) == []
    short = [5.0] * 30 + [None] * 2 + [5.0] * 10
    assert outages(sent(1), metrics=measured({"B": short, "C": whole}, metric="cpu")) == []
