"""Days that brought little beside what was to be expected, the last one and those before."""

from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.latency.silence.expected import Expectation
from integrhealth.analyses.latency.silence.tails import tails
from integrhealth.language.thresholds import THIN_SHARE

DAY = 24
# What came before the level of late is known says little of the day.
FIRST_DAYS = 2


def days(expected: Expectation) -> pl.DataFrame:
    """One row per integration and 24 hours, counted back from the end: row, back, began_at, ended_at, came, expected.

    ``back`` is 0 for the last 24 hours. Holidays are in neither count. ``shortfall``: squared sigmas below what was
    expected, by square roots (Anscombe 1948); 0 above it.
    """
    hours = expected.rate.shape[1]
    blocks = hours // DAY
    inside = slice(hours - blocks * DAY, hours)
    shape = (len(expected.rate), blocks, DAY)
    rate = (expected.rate * expected.covered)[:, inside].reshape(shape).sum(2)[:, ::-1]
    came = (expected.count * (expected.rate > 0))[:, inside].reshape(shape).sum(2)[:, ::-1]
    begin = hours - DAY * (np.arange(blocks) + 1)
    row, back = (each.ravel() for each in np.indices(came.shape))
    level = expected.level_at(row, begin[back]).reshape(came.shape)
    wanted = rate * level
    started = (np.cumsum((expected.rate > 0)[:, inside].reshape(shape).any(2), axis=1) > FIRST_DAYS)[:, ::-1]
    below = 2 * (np.sqrt(wanted + 0.375) - np.sqrt(came + 0.375))
    frame = pl.DataFrame(
        {
            "row": row,
            "back": back,
            "began_at": np.array(begin[back]),
            "came": came.ravel(),
            "expected": wanted.ravel(),
            "shortfall": np.maximum(below, 0).ravel() ** 2,
            "started": started.ravel(),
        }
    )
    began = pl.lit(expected.start) + pl.duration(hours=pl.col("began_at"))
    return (
        frame.filter("started", pl.col("expected") > 0)
        .with_columns(began_at=began, ended_at=began + timedelta(days=1))
        .drop("started")
    )


def day_chance(days: pl.DataFrame, judged: pl.DataFrame, integrations: int, *, one_of_them: bool = False) -> NDArray:
    """The chance that a day of the integration brings as little as each row of `judged`, by the past ones of `days`.

    Never less than that of so few messages that come one by one: few counts are coarser than their square roots.
    """
    from scipy.special import gammaincc

    past = days.filter(pl.col("back") > 0)
    usual = tails(past["row"].to_numpy(), past["shortfall"].to_numpy(), integrations)
    chance = usual.chance(judged["row"].to_numpy(), judged["shortfall"].to_numpy(), one_of_them=one_of_them)
    return np.maximum(chance, gammaincc(judged["came"].to_numpy() + 1, judged["expected"].to_numpy()))


def thinned_since(expected: Expectation) -> pl.Series:
    """The hour since which what came of each integration is likeliest to be thin, of the last week.

    The run of hours up to the end whose counts speak most for a quarter of what was expected against all of it, the
    likelihood ratio of two Poisson rates.
    """
    hours = expected.rate.shape[1]
    first = max(hours - 7 * DAY, 0)
    rows = np.arange(len(expected.rate))
    level = expected.level_at(rows, np.full(len(rows), float(first)))[:, None]
    wanted = (expected.rate * expected.covered)[:, first:] * level
    came = (expected.count * (expected.rate > 0))[:, first:]
    speaks = (1 - THIN_SHARE) * wanted + came * np.log(THIN_SHARE)
    # From the end back; of hours in which nothing was to come the last one, where something was missed.
    since = hours - 1 - np.argmax(np.cumsum(speaks[:, ::-1], axis=1), axis=1)
    return expected.moments(since)
