"""Integrations with a rhythm of day and week, drawn by the textbook process: Poisson counts, lognormal latencies."""

from datetime import UTC, datetime

import numpy as np
import polars as pl

from integrhealth.language.schema import TIME, conform

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR_US = 3_600_000_000


def rhythmic(
    integrations: int,
    days: int,
    *,
    seed: int = 1,
    rate: float = 20.0,
    day: float = 0.4,
    week: float = 0.3,
    correlated: float = 0.8,
    noise: float = 0.1,
    spread: float = 0.5,
    failing: float | np.ndarray = 0.01,
    slower: np.ndarray | float = 1.0,
    busier: np.ndarray | float = 1.0,
) -> pl.DataFrame:
    """Messages of independent integrations i000, i001, ... from a Monday on, sorted by nothing.

    Counts per hour are Poisson around RATE, which swings over the day and falls at weekends; logarithms of latency
    swing over DAY and WEEK, with noise that resembles that of the hour before (CORRELATED), and spread in the hour.
    SLOWER, BUSIER and FAILING may give a value per hour.
    """
    rng, hours = np.random.default_rng(seed), days * 24
    at = np.arange(hours)
    swing, weekend = np.sin(2 * np.pi * at / 24), (at // 24) % 7 >= 5
    load = (
        rate * np.exp(0.8 * swing - 4 * week * weekend + _noise(rng, integrations, hours, correlated, noise)) * busier
    )
    level = np.log(300 * slower * np.ones(hours)) + day * np.sin(2 * np.pi * (at - 3) / 24) - week * weekend
    level = level + _noise(rng, integrations, hours, correlated, noise)
    counts = rng.poisson(load)
    which, hour = np.nonzero(counts)
    times = counts[which, hour]
    ms = np.exp(np.repeat(level[which, hour], times) + rng.normal(size=times.sum()) * spread)
    hour, which = np.repeat(hour, times), np.repeat(which, times)
    sent = int(MONDAY.timestamp()) * 1_000_000 + hour * HOUR_US + rng.integers(0, HOUR_US, hour.size)
    failed = rng.random(hour.size) < (failing * np.ones(hours))[hour]
    return conform(
        pl.DataFrame({"which": which, "sent": sent, "us": (ms * 1000).astype(np.int64), "failed": failed}).select(
            message_id=pl.int_range(pl.len()).cast(pl.String),
            integration=pl.format("i{}", pl.col("which").cast(pl.String).str.zfill(3)),
            source=pl.lit("shop"),
            target=pl.lit("stock"),
            kind=pl.lit("request"),
            status=pl.when("failed").then(pl.lit("failed")).otherwise(pl.lit("ok")),
            sent_at=pl.col("sent").cast(TIME),
            finished_at=(pl.col("sent") + pl.col("us")).cast(TIME),
        ),
        "messages",
    )


def from_hour(hours: int, begin: int, factor: float) -> np.ndarray:
    """1 for each of the hours before BEGIN, FACTOR from there on."""
    return np.where(np.arange(hours) < begin, 1.0, factor)


def _noise(rng: np.random.Generator, rows: int, hours: int, correlated: float, sd: float) -> np.ndarray:
    """Autoregressive noise of the first order, one row each, at home in its stationary spread from the first hour."""
    fresh = rng.normal(size=(rows, hours)) * sd * np.sqrt(1 - correlated**2)
    values = np.empty((rows, hours))
    values[:, 0] = rng.normal(size=rows) * sd
    for hour in range(1, hours):
        values[:, hour] = correlated * values[:, hour - 1] + fresh[:, hour]
    return values
