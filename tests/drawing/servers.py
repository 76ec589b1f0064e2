"""Servers of the textbook: what comes at random waits for one that works it off, first come, first served."""

from datetime import UTC, datetime

import numpy as np
import polars as pl

from integrhealth.language.schema import TIME, conform

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def rhythm(tops: list[float]) -> np.ndarray:
    """Messages to come in every minute, one day per entry: quiet nights and so many a minute at one o'clock."""
    hour = np.arange(1440) / 60
    day = 0.15 + 0.85 * np.exp(-(((hour - 13) / 4) ** 2))
    return np.concatenate([top * day for top in tops])


def poisson(per_minute: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Moments in minutes, as many in each minute as chance makes of the mean."""
    counts = rng.poisson(per_minute)
    return np.sort(np.repeat(np.arange(len(counts)), counts) + rng.random(counts.sum()))


def worked_off(arrived: np.ndarray, takes: np.ndarray) -> np.ndarray:
    """When the one server is done with each (Lindley's recursion, solved by a running maximum)."""
    work = np.cumsum(takes)
    return work + np.maximum.accumulate(arrived - np.concatenate([[0.0], work[:-1]]))


def per_minute(arrived: np.ndarray, done: np.ndarray, minutes: int) -> tuple[np.ndarray, np.ndarray]:
    """How many are done in every minute, and how many are in flight meanwhile: the integral of those that are."""
    edges = np.arange(minutes + 1)

    def since_then(moments: np.ndarray) -> np.ndarray:
        ordered = np.sort(moments)
        before = np.searchsorted(ordered, edges)
        return before * edges - np.concatenate([[0.0], np.cumsum(ordered)])[before]

    in_flight = np.diff(since_then(arrived) - since_then(done))
    return np.histogram(done, edges)[0].astype(float), in_flight


def messages(arrived: np.ndarray, done: np.ndarray, **columns) -> pl.DataFrame:
    """Messages from Shop to Server by minutes since Monday; what is not said is ok and a request."""
    frame = pl.DataFrame({"sent": arrived, "done": done}).with_columns(
        **{name: pl.lit(value) if isinstance(value, str) else pl.Series(value) for name, value in columns.items()}
    )
    moment = {
        column: (pl.lit(MONDAY) + pl.duration(microseconds=(pl.col(minutes) * 60e6).round().cast(pl.Int64))).cast(TIME)
        for column, minutes in {"sent_at": "sent", "finished_at": "done"}.items()
    }
    given = {"source": "Shop", "target": "Server", "status": "ok", "kind": "request"} | {
        name: pl.col(name) for name in columns
    }
    named = {name: pl.lit(value) if isinstance(value, str) else value for name, value in given.items()}
    numbered = pl.int_range(pl.len()).cast(pl.String)
    return conform(frame.select(message_id=numbered, **moment, **named), "messages")
