"""Metrics of a random tree of systems every second, one of which may be ill from a moment on, by the textbook process.

Requests are Poisson and flow down the tree, a call lasts as long as its own work and the calls that it waits for, and
work, memory and processors are noisy in their own way. Nothing of this is taken from the analyses that are asked.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.signal import lfilter

AT = datetime(2026, 3, 3, 10, tzinfo=UTC)
SYSTEMS, AFTER = 8, 300
KINDS = ("cpu", "memory", "delay", "errors")
SERIES = ["time", "system", "metric", "statistic", "value"]


def measured(seed: int, kind: str | None, *, before: int = 600) -> tuple[pl.DataFrame, pl.DataFrame, str]:
    """Metrics from so many seconds before AT to five minutes after, who calls whom, and the system that is ill."""
    random = np.random.default_rng(seed)
    second = np.arange(before + AFTER) - before
    parent = [-1, *(int(random.integers(0, place)) for place in range(1, SYSTEMS))]
    part = np.concatenate([[1], random.uniform(0.3, 1.3, SYSTEMS - 1)])
    cause = int(random.integers(1, SYSTEMS))
    ill = np.zeros((SYSTEMS, len(second)))
    ill[cause] = np.clip((second + 1) / random.uniform(1, 20), 0, 1) * (second >= 0) * (kind is not None)
    own = random.uniform(0.003, 0.03, SYSTEMS)[:, None] * np.exp(_noise(random, second, 0.1))
    own = own * (1 + ill * {"cpu": 1, "delay": 6}.get(kind, 0))
    failing = 0.0005 + ill * (0.1 if kind == "errors" else 0)
    whole = own.copy()
    for place in range(SYSTEMS - 1, 0, -1):
        whole[parent[place]] += min(part[place], 1) * whole[place]
        failing[parent[place]] += 0.7 * min(part[place], 1) * failing[place]
    load = np.zeros(own.shape)
    load[0] = random.poisson(80 * np.exp(_noise(random, second[None], 0.1)[0]))
    for place in range(1, SYSTEMS):
        load[place] = random.poisson(load[parent[place]] * part[place])
    values = {
        "latency": whole * np.exp(random.normal(0, 1, own.shape) / np.sqrt(np.maximum(load, 1))),
        "requests": load,
        "errors": random.poisson(load * failing),
        "cpu": 0.02 + 0.002 * load + np.abs(_noise(random, second, 0.01)) + ill * (0.5 if kind == "cpu" else 0),
        "memory": 3e8 + 1e3 * np.cumsum(random.normal(0, 1, own.shape), 1) + 3e7 * ill * (kind == "memory"),
    }
    times = pl.Series([AT + timedelta(seconds=int(moment)) for moment in second]).dt.cast_time_unit("us")
    names = [f"s{place}" for place in random.permutation(SYSTEMS)]
    frames = [
        pl.DataFrame({"time": times, "value": table[place].astype(float)}).with_columns(
            system=pl.lit(names[place]), metric=pl.lit(metric), statistic=pl.lit(None, pl.String)
        )
        for metric, table in values.items()
        for place in range(SYSTEMS)
    ]
    calls = [(names[above], names[place]) for place, above in enumerate(parent) if above >= 0]
    graph = pl.DataFrame(calls, schema=["source", "target"], orient="row")
    return pl.concat(frames).select(SERIES), graph, names[cause]


def _noise(random: np.random.Generator, second: NDArray, sigma: float) -> NDArray:
    """A noise per system that lasts some seconds."""
    drawn = random.normal(0, sigma * 0.6, (SYSTEMS, second.shape[-1]))
    return lfilter([1], [1, -0.8], drawn, axis=1)


def every(metrics: pl.DataFrame, seconds: int) -> pl.DataFrame:
    """The same metrics measured every so many seconds: their means."""
    bucket = pl.col("time").dt.truncate(f"{seconds}s")
    return metrics.group_by("system", "metric", "statistic", bucket).agg(pl.col("value").mean()).select(SERIES)
