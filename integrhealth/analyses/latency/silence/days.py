"""Days that brought little beside what was to be expected, the last one and those before."""

from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.latency.silence.expected import DAY, Expectation
from integrhealth.analyses.latency.silence.tails import tails
from integrhealth.language.thresholds import LOW_DAY, THIN_SHARE

# What came before the level of late is known says little of the day.
FIRST_DAYS = 2


def days(expected: Expectation) -> pl.DataFrame:
    """One row per integration and 24 hours, counted back from the end: row, back, began_at, ended_at, came, expected.

    ``back`` is 0 for the last 24 hours, ``thin``: hardly anything came. Holidays are in neither count. ``shortfall``:
    squared sigmas below what was expected, by square roots (Anscombe 1948); 0 above it.
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
    thin = pl.col("came") <= THIN_SHARE * pl.col("expected")
    return (
        frame.filter("started", pl.col("expected") > 0)
        .sort("row", "back")
        .with_columns(began_at=began, ended_at=began + timedelta(days=1), thin=thin)
        .drop("started")
    )


def day_chance(days: pl.DataFrame, judged: pl.DataFrame, integrations: int, *, one_of_them: bool = False) -> NDArray:
    """The chance that a day of the integration brings as little as each row of `judged`, by the past ones of `days`.

    Never less than that of so few messages that come one by one: few counts are coarser than their square roots.
    """
    from scipy.special import gammaincc

    past = _usual(days)
    usual = tails(past["row"].to_numpy(), past["shortfall"].to_numpy(), integrations)
    chance = usual.chance(judged["row"].to_numpy(), judged["shortfall"].to_numpy(), one_of_them=one_of_them)
    return np.maximum(chance, gammaincc(judged["came"].to_numpy() + 1, judged["expected"].to_numpy()))


def _usual(days: pl.DataFrame) -> pl.DataFrame:
    """The past `days` by which others are judged: of low days one after the other the lowest, of those up to the end
    none, as they are one incident, and would hide each other."""
    low = pl.col("came") < LOW_DAY * pl.col("expected")
    run = pl.struct("row", low=low).rle_id()
    runs = days.with_columns(run=run).with_columns(
        ongoing=(pl.col("back") == 0).any().over("run"), worst=pl.col("shortfall").arg_max().over("run")
    )
    lowest = pl.int_range(pl.len()).over("run") == pl.col("worst")
    return runs.filter(pl.col("back") > 0, ~low | (lowest & ~pl.col("ongoing")))


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
