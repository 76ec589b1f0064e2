"""Stretches of time without a message, the past ones and the present one, in messages that were to be expected."""

from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.latency.silence.expected import HOURS_OF_WEEK, Expectation, running
from integrhealth.analyses.latency.silence.tails import tails
from integrhealth.language.thresholds import CLOCKWORK_WITHIN, MIN_GAPS


def past_gaps(arrivals: pl.DataFrame, expected: Expectation) -> pl.DataFrame:
    """One row per gap between two hours with traffic: integration, row, began_at, ended_at, hours, missing, times.

    ``missing``: how many messages were to be expected meanwhile, by the level when it began; ``times``: how many times
    as long it was as it took until one was due, null where none was due before the end. What lies inside one hour is no
    gap.
    """
    gaps = (
        arrivals.sort("integration", "hour")
        .with_columns(began_at=pl.col("max_at").shift(1).over("integration"))
        .drop_nulls("began_at")
        .select("integration", "began_at", ended_at="min_at")
    )
    row = expected.integrations.search_sorted(gaps["integration"]).to_numpy()
    return _measured(gaps, expected, row.astype(np.int64))


def present_gaps(arrivals: pl.DataFrame, expected: Expectation, now: datetime) -> pl.DataFrame:
    """One row per integration, the gap that lasts until `now`: integration, missing, times as in ``past_gaps``, and
    expected_gap, the hours in which one message was due from its last one on, holidays or not."""
    last = arrivals.group_by("integration").agg(began_at=pl.col("max_at").max()).sort("integration")
    row = np.arange(last.height)
    gaps = _measured(last.with_columns(ended_at=pl.lit(now)), expected, row)
    due = _hours_until_one(expected, row, expected.hours(gaps["began_at"]))
    return gaps.select("integration", "missing", "times", expected_gap=pl.Series(due, nan_to_null=True))


def _measured(gaps: pl.DataFrame, expected: Expectation, row: NDArray) -> pl.DataFrame:
    begin, end = expected.hours(gaps["began_at"]), expected.hours(gaps["ended_at"])
    usual = expected.until(row, end) - expected.until(row, begin)
    due = expected.due(row, begin) - begin
    return gaps.with_columns(
        row=pl.Series(row),
        hours=pl.Series(end - begin),
        missing=pl.Series(np.maximum(usual, 0) * expected.level_at(row, begin)),
        times=pl.Series((end - begin) / np.maximum(due, 1e-9), nan_to_null=True),
    )


def _hours_until_one(expected: Expectation, row: NDArray, begin: NDArray) -> NDArray:
    """Hours from `begin` on until one message was to be expected, week after week."""
    week = expected.smooth.sum(1)
    wanted = 1 / np.where(week > 0, np.maximum(expected.level_at(row, begin), 1e-9), np.nan)
    weeks = np.floor(wanted / week)
    hour = begin.astype(int)
    place = (expected.hour_of_week[hour][:, None] + np.arange(HOURS_OF_WEEK + 1)) % HOURS_OF_WEEK
    # From the hour of the last message on, of which a part has passed.
    rate = np.take_along_axis(expected.smooth, place, axis=1)
    total = running(rate) - ((begin - hour) * rate[:, 0])[:, None]
    left = wanted - weeks * week
    before = np.clip((total < left[:, None]).sum(1) - 1, 0, HOURS_OF_WEEK)
    within = (left - total[row, before]) / np.maximum(rate[row, before], 1e-12)
    return weeks * HOURS_OF_WEEK + before + within - (begin - hour)


def by_the_clock(gaps: pl.DataFrame) -> pl.DataFrame:
    """row: the integrations whose `gaps` are nearly all as long as they should be: they are sent by a schedule."""
    times = pl.col("times")
    each = gaps.group_by("row").agg(
        most=times.quantile(0.9, "nearest"), least=times.quantile(0.1, "nearest"), gaps=times.count()
    )
    alike = pl.col("most") <= 1 + CLOCKWORK_WITHIN, pl.col("least") >= 1 - CLOCKWORK_WITHIN
    return each.filter(*alike, pl.col("gaps") > MIN_GAPS).select("row").sort("row")


def gap_chance(gaps: pl.DataFrame, judged: pl.DataFrame, *, one_of_them: bool = False) -> NDArray:
    """The chance of a gap as long as each row of `judged` (of ``present_gaps`` or ``past_gaps``), by the past `gaps`.

    By what is missing in it, and of what is sent by the clock, which is late long before much is missing, by how many
    times it is as long as it should be.
    """
    row = judged["row"].to_numpy()
    size = int(row.max(initial=-1)) + 1
    chance = []
    for measure in ("missing", "times"):
        past = gaps.filter(pl.col(measure).is_not_null())
        usual = tails(past["row"].to_numpy(), past[measure].to_numpy(), size)
        chance.append(usual.chance(row, judged[measure].fill_null(0).to_numpy(), one_of_them=one_of_them))
    return np.where(np.isin(row, by_the_clock(gaps)["row"].to_numpy()), chance[1], chance[0])
