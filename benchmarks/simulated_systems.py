"""Simulated microservices by a textbook process: a random call tree, seven metrics of each system, one fault.

Every second the entry of the tree takes a Poisson number of requests around a load that wanders; a system passes on so
many calls per request to each of those below it. What a system works on a call wanders too, and its latency is its own
work plus the latencies of those it waits for, plus the way there and back: it is measured by its callers. Failures
below fail half of the calls above. In seven systems of ten the users wait for their replies, so that slowness
lowers the load. Some metrics are read every second and some held for up to fifteen. Nothing here is taken from
a data set; the fault, its strength (weak ones too), how fast it comes, and everything else is drawn from the seed.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import lfilter

FAULTS = ("cpu", "memory", "disk", "delay", "loss")
MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC)
MINUTES_A_DAY, SECONDS_A_MINUTE = 1440, 60
# Seconds for which an agent holds a value before it reads the next.
HELD_SECONDS = (1, 1, 5, 10, 15)
# A lost packet is sent again after 200 ms, and a call has about three.
RETRANSMIT_MS, PACKETS = 200, 3
USUAL_FAILURES, BLOCK_MB = 1e-4, 4


@dataclass(frozen=True)
class Simulated:
    """What was measured (``metrics``, ``edges``) and what was done: the fault began `at` the ``culprit``."""

    metrics: pl.DataFrame
    edges: pl.DataFrame
    at: datetime
    culprit: str
    entry: str


@dataclass(frozen=True)
class Effects:
    """What a fault adds, systems by seconds: a factor of the own work, milliseconds on the way to a system and back,
    failed calls (share), cores, memory (share) and disk operations (factor).
    """

    work: NDArray
    way_ms: NDArray
    failing: NDArray
    cores: NDArray
    memory: NDArray
    disk: NDArray


def simulated(seed: int, fault: str | None, *, before: int = 600, after: int = 600, dose: float = 1) -> Simulated:
    """The system drawn from `seed`, recorded for `before` and `after` seconds around the start of a `fault`, or of
    none. It starts at any second of a minute, and is `dose` times as strong as drawn.
    """
    random = np.random.default_rng([seed, FAULTS.index(fault) if fault else len(FAULTS)])
    size, seconds = int(random.integers(8, 15)), np.arange(before + after)
    parents, calls = _tree(random, size)
    culprit = int(random.integers(1, size))
    effects = _effects(random, fault, culprit, size=size, since=seconds - before, dose=dose)
    wander = np.stack([_wandering(random, seconds.size, _memory(random), random.uniform(0.03, 0.2)) for _ in parents])
    work = np.exp(random.normal(np.log(8), 1, size))[:, None] * np.exp(wander) * effects.work
    latency, failing = _from_below(parents, calls, work, effects)
    load = _load(random, parents, calls, slower=latency[0] - np.median(latency[0, :before]))
    measured = _measured(random, load, latency + effects.way_ms, failing, effects)
    names = [f"s{number}" for number in random.permutation(size)]
    at = MIDNIGHT + timedelta(
        minutes=int(random.integers(MINUTES_A_DAY)), seconds=int(random.integers(SECONDS_A_MINUTE))
    )
    return Simulated(
        metrics=_long(_held(random, measured), names, at - timedelta(seconds=before)),
        edges=pl.DataFrame({"source": [names[parent] for parent in parents[1:]], "target": names[1:]}),
        at=at,
        culprit=names[culprit] if fault else "",
        entry=names[0],
    )


def _tree(random: Generator, size: int) -> tuple[list[int], NDArray]:
    """The caller of each system (-1: the entry), wide or deep as it comes, and the calls it makes per request."""
    parents = [-1]
    for system in range(1, size):
        deep = random.random() < 0.4
        parents.append(int(random.integers(max(0, system - 2) if deep else 0, system)))
    return parents, np.concatenate([[1.0], random.uniform(0.2, 1.6, size - 1)])


def _wandering(random: Generator, n: int, memory: float, sigma: float) -> NDArray:
    """A stationary first-order autoregression: `memory` from one second to the next, `sigma` in all."""
    return lfilter([1], [1, -memory], random.normal(0, sigma * np.sqrt(1 - memory**2), n))


def _memory(random: Generator) -> float:
    return float(random.choice([0, 0.5, 0.9]))


def _effects(random: Generator, fault: str | None, culprit: int, *, size: int, since: NDArray, dose: float) -> Effects:
    """What `fault` adds at the `culprit` from second 0 of `since` on; it comes within 1 to 40 s, memory slower."""
    none = {name: np.zeros((size, since.size)) for name in ("way_ms", "failing", "cores", "memory", "disk")}
    effects = Effects(work=np.ones((size, since.size)), **none)
    strength, on = random.uniform(0.5, 2), since >= 0
    grown = np.clip((since + 1) / random.uniform(1, 40), 0, 1) * on * dose
    if fault == "cpu":
        effects.cores[culprit] = 0.6 * strength * grown
        effects.work[culprit] += random.uniform(0.2, 4) * grown
    elif fault == "memory":
        effects.memory[culprit] = strength * np.clip(since / random.uniform(60, 300), 0, 1) * on * dose
        effects.cores[culprit] = random.uniform(0, 0.1) * grown
        effects.work[culprit] += random.uniform(0, 1.5) * grown
    elif fault == "disk":
        effects.disk[culprit] = 20 * strength * grown
        effects.work[culprit] += random.uniform(0.1, 2) * grown
    elif fault == "delay":
        effects.way_ms[culprit] = random.uniform(50, 300) * grown
    elif fault == "loss":
        effects.failing[culprit] = random.uniform(0.02, 0.15) * grown
        effects.way_ms[culprit] = PACKETS * RETRANSMIT_MS * effects.failing[culprit]
    return effects


def _from_below(parents: list[int], calls: NDArray, work: NDArray, effects: Effects) -> tuple[NDArray, NDArray]:
    """Latency (ms, without the way to the system itself) and share of failed calls: the own and those from below.

    A system waits once for each it calls, at the same time for further calls to it; half of what fails below fails it.
    """
    latency, failing = work.copy(), USUAL_FAILURES + effects.failing
    for system in range(len(parents) - 1, 0, -1):
        waited = min(calls[system], 1)
        latency[parents[system]] += waited * (latency[system] + effects.way_ms[system])
        failing[parents[system]] += 0.5 * waited * failing[system]
    return latency, failing


def _load(random: Generator, parents: list[int], calls: NDArray, *, slower: NDArray) -> NDArray:
    """Requests of each second; where users wait for their replies, `slower` ones (ms) keep them from asking."""
    wanted = random.uniform(20, 200) * np.exp(_wandering(random, slower.size, 0.98, random.uniform(0.03, 0.15)))
    if random.random() < 0.7:
        wanted = wanted / (1 + np.maximum(slower, 0) / 1000 * random.uniform(0.3, 3))
    load = np.zeros((len(parents), slower.size))
    load[0] = random.poisson(wanted)
    for system, parent in enumerate(parents[1:], start=1):
        load[system] = random.poisson(load[parent] * calls[system])
    return load


def _measured(
    random: Generator, load: NDArray, latency_ms: NDArray, failing: NDArray, effects: Effects
) -> dict[str, NDArray]:
    """Seven metrics, systems by seconds: latency in seconds, memory in megabytes, bytes in thousands, cpu in cores."""
    size, n = load.shape

    def each(low: float, high: float) -> NDArray:
        return random.uniform(low, high, (size, 1))

    def noise(sigma: float | NDArray) -> NDArray:
        return np.exp(sigma * random.normal(size=(size, n)))

    idle = np.abs(np.stack([_wandering(random, n, 0.5, 0.01) for _ in range(size)]))
    bursts = np.stack([_wandering(random, n, 0.3, random.uniform(0.1, 0.6)) for _ in range(size)])
    crept = np.cumsum(random.normal(size=(size, n)), 1) * each(1e-6, 2e-4)
    leak = np.arange(n) * each(0, 1e-5) * (each(0, 1) < 0.5)
    memory = each(50, 800) * (1 + effects.memory + crept + leak)
    # Half of the systems take memory in blocks, so that it often does not move at all.
    memory = np.where(each(0, 1) < 0.5, np.ceil(memory / BLOCK_MB) * BLOCK_MB, memory)
    # Four in ten touch no disk, unless the fault makes them.
    touches = (each(0, 1) < 0.6) | effects.disk.any(1, keepdims=True)
    return {
        "latency": latency_ms / 1000 * noise(1 / np.sqrt(np.maximum(load, 1))),
        "requests": load,
        "errors": random.binomial(load.astype(np.int64), np.clip(failing, 0, 1)).astype(float),
        "cpu": (0.02 + each(5e-4, 4e-3) * load + effects.cores + idle) * noise(each(0.02, 0.2)),
        "memory": memory,
        "disk": touches * (1 + effects.disk) * np.exp(bursts) * each(1, 100),
        "bytes": load * each(0.2, 5) * noise(0.05),
    }


# What an agent reads now and then; requests, their times and failures are counted as they come.
READ_NOW_AND_THEN = ("cpu", "memory", "disk", "bytes")


def _held(random: Generator, measured: dict[str, NDArray]) -> dict[str, NDArray]:
    """Resources as an agent shows them: each value stays until the next is read, at moments of the system's own."""
    every = int(random.choice(HELD_SECONDS))
    return measured | {metric: _hold(random, measured[metric], every) for metric in READ_NOW_AND_THEN}


def _hold(random: Generator, values: NDArray, every: int) -> NDArray:
    second = np.arange(values.shape[1])
    offset = random.integers(every, size=(len(values), 1))
    return np.take_along_axis(values, np.maximum((second - offset) // every * every + offset, 0), axis=1)


def _long(measured: dict[str, NDArray], names: list[str], begin: datetime) -> pl.DataFrame:
    """One row per value, in the columns of the kit's metrics."""
    metrics, values = list(measured), np.stack(list(measured.values()))
    seconds = values.shape[2]
    time = pl.datetime_range(begin, begin + timedelta(seconds=seconds - 1), "1s", time_unit="us", eager=True)
    each = np.arange(values.size)
    return pl.DataFrame(
        {
            "time": time.gather(each % seconds),
            "system": pl.Series(names).gather(each // seconds % len(names)),
            "metric": pl.Series(metrics).gather(each // seconds // len(names)),
            "statistic": pl.Series([None], dtype=pl.String).gather(np.zeros(values.size, np.int64)),
            "value": values.ravel(),
        }
    )
