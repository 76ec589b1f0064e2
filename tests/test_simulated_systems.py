"""The simulated systems of the benchmark of root causes: what is planted is there, and only there."""

import math
import sys
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from integrhealth.evidence import Evidence

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from root_cause import simple_rule
from root_cause_cases import Case, every, simulations
from simulated_systems import FAULTS, simulated

SHOWS = {"memory": ("memory", 1.4), "disk": ("disk", 8), "delay": ("latency", 1.5)}


def moved(system, metric):
    """How many times its median before the start each system has after it."""
    after = pl.col("time") >= system.at + timedelta(minutes=5)
    middle = pl.col("value").filter(after).median() / pl.col("value").filter(pl.col("time") < system.at).median()
    return dict(system.metrics.filter(pl.col("metric") == metric).group_by("system").agg(middle).iter_rows())


@pytest.mark.parametrize("fault", SHOWS)
def test_the_culprit_shows_its_fault(fault):
    metric, least = SHOWS[fault]
    for seed in range(5):
        system = simulated(seed, fault)
        assert moved(system, metric)[system.culprit] > least


@pytest.mark.parametrize("fault", SHOWS)
def test_without_a_fault_nobody_shows_it(fault):
    metric, least = SHOWS[fault]
    for seed in range(5):
        ratios = moved(simulated(seed, None), metric).values()
        assert all(ratio < least for ratio in ratios if not math.isnan(ratio))  # who has no disk has no ratio


@pytest.mark.parametrize("fault", FAULTS)
def test_everybody_is_below_the_entry_and_a_seed_is_a_system(fault):
    system = simulated(3, fault)
    callers = dict(system.edges.select("target", "source").iter_rows())
    assert callers.keys() | {system.entry} == set(system.metrics["system"])
    assert system.entry not in callers
    assert system.culprit in callers
    assert_frame_equal(system.metrics, simulated(3, fault).metrics)


def test_the_simple_rule_names_who_moved_most_in_its_own_width_and_counts_no_width_as_one():
    (case,) = (each for each in simulations(1) if each.groups["fault"] == "delay")
    seconds = pl.int_range(120, eager=True)
    flat = pl.DataFrame({"time": case.at + pl.Series(seconds * 1_000_000).cast(pl.Duration("us"))})
    flat = flat.with_columns(time=pl.col("time") - timedelta(seconds=60))

    def measured(system, usual, after):
        value = pl.when(pl.col("time") < case.at).then(pl.Series(usual * 60)).otherwise(after)
        return flat.with_columns(value=value, system=pl.lit(system), metric=pl.lit("gauge"))

    still, wide = measured("still", [5.0, 5.0], 7.0), measured("wide", [0.0, 10.0], 20.0)
    drawn = Case(
        "", Evidence(metrics=pl.concat([still, wide])), case.at, "", {}, (case.at - timedelta(minutes=1), case.at)
    )
    assert simple_rule(drawn) == ["still", "wide"]


def test_values_every_so_often_are_means():
    (metrics, *_) = (case.evidence.metrics for case in simulations(1))
    of_one = metrics.filter((pl.col("system") == "s1") & (pl.col("metric") == "cpu"))
    fewer = every(60)(of_one)
    assert fewer.height == of_one["time"].dt.truncate("1m").n_unique()
    minute = of_one.filter(pl.col("time").dt.truncate("1m") == fewer["time"][3])
    assert fewer["value"][3] == pytest.approx(minute["value"].mean())
