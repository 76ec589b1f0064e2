"""Stretches of time without a message, the past ones and the present one, in messages that were to be expected."""

from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.latency.silence.expected import HOURS_OF_WEEK, Expectation
from integrhealth.analyses.latency.silence.tails import Tails, tails


def past_gaps(arrivals: pl.DataFrame, expected: Expectation) -> pl.DataFrame:
    """One row per gap between two hours with traffic: integration, row, began_at, ended_at, hours, missing.

    ``missing``: how many messages were to be expected meanwhile, by the level when it began. What lies inside one hour
    is no gap.
    """
    gaps = (
        arrivals.filter(pl.col("hour") >= expected.start)
        .sort("integration", "hour")
        .with_columns(began_at=pl.col("max_at").shift(1).over("integration"))
        .drop_nulls("began_at")
        .filter(pl.col("began_at") >= expected.start)
        .select("integration", "began_at", ended_at="min_at")
    )
    row = expected.integrations.search_sorted(gaps["integration"]).to_numpy()
    begin, end = expected.hours(gaps["began_at"]), expected.hours(gaps["ended_at"])
    return gaps.with_columns(
        row=pl.Series(row, dtype=pl.Int64),
        hours=pl.Series(end - begin),
        missing=pl.Series(missing(expected, row, begin, end)),
    )


def missing(expected: Expectation, row: NDArray, begin: NDArray, end: NDArray) -> NDArray:
    """Messages to be expected between two moments, given as hours since the start, by the level at the first."""
    usual = expected.until(row, end) - expected.until(row, begin)
    return np.maximum(usual, 0) * expected.level_at(row, begin)


def present_gaps(arrivals: pl.DataFrame, expected: Expectation, now: datetime) -> pl.DataFrame:
    """One row per integration: last_at, silent_hours, missing since then, and expected_gap, the hours in which one
    message was to be expected from then on, holidays or not."""
    last = arrivals.group_by("integration").agg(last_at=pl.col("max_at").max()).sort("integration")
    row = np.arange(last.height)
    begin = expected.hours(last["last_at"].clip(expected.start, now))
    end = np.full(last.height, expected.hours(pl.Series([now]))[0])
    gap = _hours_until_one(expected, row, begin)
    return last.with_columns(
        expected_gap=pl.Series(gap),
        silent_hours=pl.Series(end - begin),
        missing=pl.Series(missing(expected, row, begin, end)),
    )


def _hours_until_one(expected: Expectation, row: NDArray, begin: NDArray) -> NDArray:
    """Hours from `begin` on until one message was to be expected, week after week."""
    week = expected.usual.sum(1)
    level = np.maximum(expected.level_at(row, begin), 1e-9)
    wanted = np.where(week > 0, 1 / level, np.nan)
    weeks = np.floor(wanted / np.where(week > 0, week, np.nan))
    hour = np.clip(begin.astype(int), 0, len(expected.hour_of_week) - 1)
    place = (expected.hour_of_week[hour][:, None] + np.arange(HOURS_OF_WEEK + 1)) % HOURS_OF_WEEK
    rate = np.take_along_axis(expected.usual, place, axis=1)
    rate[:, 0] *= 1 - (begin - hour)
    running = np.cumsum(rate, axis=1)
    left = (wanted - weeks * week)[:, None]
    whole = (running < left).sum(1)
    whole = np.minimum(whole, HOURS_OF_WEEK)
    before = np.where(whole > 0, np.take_along_axis(running, np.maximum(whole - 1, 0)[:, None], axis=1)[:, 0], 0)
    within = (left[:, 0] - before) / np.maximum(rate[row, whole], 1e-12)
    first = 1 - (begin - hour)  # what is left of the hour in which it began
    return weeks * HOURS_OF_WEEK + np.where(whole > 0, first + whole - 1 + within, within * first)


def gap_tails(gaps: pl.DataFrame, expected: Expectation) -> Tails:
    """The tails of past `gaps` of each integration."""
    return tails(gaps["row"].to_numpy(), gaps["missing"].to_numpy(), len(expected.integrations))
