"""Root causes from metrics alone: planted faults over seeds, measured in other ways, and quiet time."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from drawing.measured_systems import AT, KINDS, SERIES, every, measured

import integrhealth as ih
from integrhealth.analyses.error_propagation.root_cause.comparing import compared, in_words
from integrhealth.analyses.error_propagation.root_cause.damage import travelled
from integrhealth.analyses.error_propagation.root_cause.ranking import root_causes

SEEDS = 20
SECOND = timedelta(seconds=1)


def suspects(
    metrics: pl.DataFrame, *, graph: pl.DataFrame | None = None, late: int = 0, before: int = 600
) -> list[str]:
    at = AT + late * SECOND
    evidence = ih.Evidence(metrics=metrics, dependencies=graph)
    return root_causes(evidence, at=at, baseline=(AT - before * SECOND, at))["system"].to_list()


def first(change=None, *, with_graph: bool = False, late: int = 0, before: int = 600, seeds: int = SEEDS) -> float:
    """The share of faults, of all kinds in turn, whose system is the first suspect."""
    hits = []
    for seed in range(seeds):
        metrics, graph, cause = measured(seed, KINDS[seed % len(KINDS)], before=before)
        metrics = metrics if change is None else change(metrics)
        named = suspects(metrics, graph=graph if with_graph else None, late=late, before=before)
        hits.append(named[:1] == [cause])
    return float(np.mean(hits))


@pytest.mark.parametrize("with_graph", [False, True])
def test_the_ill_system_is_the_first_suspect_with_a_graph_and_without(with_graph):
    assert first(with_graph=with_graph) >= 0.95


@pytest.mark.parametrize("seconds", [5, 15, 60])
def test_how_often_it_is_measured_changes_nothing(seconds):
    assert first(lambda metrics: every(metrics, seconds)) >= 0.9


def in_other_units(metrics: pl.DataFrame) -> pl.DataFrame:
    factors = {"memory": 1e-6, "latency": 1e3, "cpu": 1e2}
    factor = pl.col("metric").replace_strict(factors, default=1.0, return_dtype=pl.Float64)
    return metrics.with_columns(pl.col("value") * factor)


def test_other_units_give_the_same_ranks():
    for seed in range(6):
        metrics, *_ = measured(seed, KINDS[seed % len(KINDS)])
        assert suspects(in_other_units(metrics)) == suspects(metrics)


def test_a_moment_one_minute_late_finds_the_same_system():
    assert first(late=60) >= 0.9


def test_two_minutes_of_normal_time_are_enough_to_rank():
    assert first(before=120) >= 0.85


def without_names(metrics: pl.DataFrame) -> pl.DataFrame:
    return metrics.with_columns(pl.col("metric").replace({"latency": "a", "requests": "b", "errors": "c", "cpu": "d"}))


def test_metrics_whose_names_say_nothing_still_rank_by_what_the_numbers_do():
    assert first(without_names) >= 0.8


def test_in_quiet_time_nobody_is_named_in_nine_of_ten():
    named = []
    for seed in range(50):
        metrics, *_ = measured(seed, None)
        named.append(bool(suspects(every(metrics, 5))))
    assert sum(named) <= 5


def test_a_peak_of_traffic_that_all_bear_names_nobody():
    """Three times the requests and as much work of the processors, as fast as ever."""
    named = []
    for seed in range(SEEDS):
        metrics, *_ = measured(seed, None)
        busy = pl.col("metric").is_in(["requests", "cpu"]) & (pl.col("time") >= AT)
        metrics = metrics.with_columns(pl.when(busy).then(pl.col("value") * 3).otherwise("value").alias("value"))
        named.append(bool(suspects(every(metrics.filter(pl.col("metric") != "cpu"), 5))))
    assert sum(named) <= 2


def test_a_short_baseline_says_so_in_the_evidence_and_still_ranks():
    metrics, _, cause = measured(1, "errors", before=60)
    table = root_causes(ih.Evidence(metrics=metrics), at=AT, baseline=(AT - 60 * SECOND, AT))
    assert table["system"][0] == cause
    assert "usual from 60 s only" in table["evidence"][0][0]


def test_what_would_have_stood_out_is_said_where_nothing_does():
    metrics, *_ = measured(3, None)
    evidence = ih.Evidence(metrics=every(metrics, 5))
    nothing = travelled(evidence.bad_entries, evidence.entry_steps)
    comparison = compared(evidence, nothing, at=AT, baseline=(AT - 600 * SECOND, AT))
    sentence = in_words(comparison, AT - 600 * SECOND, AT + 300 * SECOND)
    assert comparison.most <= comparison.least
    latency = next(kind for kind in comparison.kinds if kind.name == "latency")
    system = int(np.nanargmin(latency.least))
    least = latency.least[system] * np.exp(comparison.least)
    assert f"latency by {least:.2g} at {list(comparison.systems)[system]}" in sentence
    # An excess of twice that much is named, one of half of it is not.
    for times, named in ((0.5, False), (2.0, True)):
        slower = (pl.col("system") == list(comparison.systems)[system]) & (pl.col("metric") == "latency")
        slower &= pl.col("time").is_between(AT, AT + comparison.window.width * comparison.window.step)
        raised = every(metrics, 5).with_columns(
            value=pl.col("value") + pl.when(slower).then(times * least).otherwise(0)
        )
        assert bool(suspects(raised)) == named


def test_a_metric_that_never_moved_anywhere_is_still_seen_to_move():
    """Every count of errors is zero until one system fails."""
    times = [AT + place * 10 * SECOND for place in range(-60, 20)]
    rows = [
        (time, system, "errors", None, 4.0 if system == "b" and time >= AT else 0.0)
        for time in times
        for system in "abc"
    ]
    metrics = pl.DataFrame(rows, schema=SERIES, orient="row")
    assert suspects(metrics) == ["b"]


def test_without_a_graph_the_deepest_of_those_that_wait_for_one_another_is_named():
    """The shop waits for the till, the till for the bank; the bank is ill, and all three show the same excess."""
    random = np.random.default_rng(4)
    rows = []
    for place in range(-120, 30):
        time, slow = AT + 10 * place * SECOND, 0.5 if place >= 0 else 0.0
        bank = random.gamma(50, 0.0004) + slow
        till = bank + random.gamma(50, 0.001)
        for system, value in (("shop", till + random.gamma(50, 0.004)), ("till", till), ("bank", bank)):
            rows.append((time, system, "latency", "Average", value))
            rows.append((time, system, "requests", "Sum", float(random.poisson(60))))
    metrics = pl.DataFrame(rows, schema=SERIES, orient="row")
    assert suspects(metrics, before=1200)[0] == "bank"


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), None])
def test_values_that_are_no_numbers_are_lost_and_nothing_else(broken):
    metrics, _, cause = measured(2, "delay")
    lost = pl.when(pl.int_range(pl.len()) % 7 == 0).then(pl.lit(broken, pl.Float64)).otherwise("value")
    assert suspects(metrics.with_columns(value=lost))[0] == cause


def test_without_any_number_or_any_normal_time_nobody_is_named():
    metrics, *_ = measured(2, "delay")
    assert suspects(metrics.with_columns(value=pl.lit(float("nan")))) == []
    assert suspects(metrics.filter(pl.col("time") >= AT)) == []
