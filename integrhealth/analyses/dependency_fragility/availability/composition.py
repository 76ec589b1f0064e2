"""The availability of capabilities, composed of that of their systems, and what each system takes from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.dependency_fragility.availability.and_or import and_or_graph, reached
from integrhealth.analyses.dependency_fragility.availability.enumeration import (
    decision_levels,
    enumerated,
    simulated,
    truth_table,
)
from integrhealth.analyses.dependency_fragility.availability.ways import WAY
from integrhealth.analyses.dependency_fragility.flows import FLOW
from integrhealth.language.schema import COUNT, NUMBER, TEXT
from integrhealth.language.statistics import TAIL
from integrhealth.language.thresholds import MOST_ENUMERATED, SIMULATED_STATES

# Draws of every system's availability from its Beta, from which the intervals are read.
DRAWS = 1_000
SEED = 7
RATES = {"capability": TEXT, "availability": NUMBER, "low": NUMBER, "high": NUMBER, "method": TEXT} | {
    "standard_error": NUMBER,
    "needed_systems": COUNT,
}
PARTS = {
    "capability": TEXT,
    "system": TEXT,
    "importance": NUMBER,
    "importance_low": NUMBER,
    "importance_high": NUMBER,
} | {
    "lost_share": NUMBER,
    "lost_low": NUMBER,
    "lost_high": NUMBER,
}


@dataclass(frozen=True)
class Chances:
    """How often a system is up: the share of its ended messages, and draws from Beta(up + 1, down + 1)."""

    share: float
    draws: NDArray


@dataclass(frozen=True)
class Composed:
    """One way of asking for a goal: how likely it is reached, per draw too, and the importance of each system."""

    traces: int
    share: float
    draws: NDArray
    error: float
    importance: Mapping[str, tuple[float, NDArray]]
    exact: bool


def composed(
    ways: pl.DataFrame, questions: pl.DataFrame, replaced: pl.DataFrame, facts: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rates of each capability (RATES) and its parts (PARTS), from `ways` (``ways.way_facts``).

    `questions` say which flows are a capability, `replaced` which systems of a flow tested fallbacks stand in for, and
    `facts` (``uptime.system_facts``) how often each system was up. Each kind of journey, an object type with the
    operation that began it, has an and/or graph of its own; those of a capability weigh by their traces. The entry
    asks, and is up; so is a system at which nothing ended, and one that is replaced. The goal itself is never replaced:
    what waits before it has not reached it.
    """
    chances = _chances(facts)
    stood_in = {tuple(flow): set(systems) for *flow, systems in replaced.select(*FLOW, "replaced").iter_rows()}
    asked = questions.join(ways, on=FLOW, nulls_equal=True).sort("capability", *WAY, nulls_last=True)
    rates, parts = [], []
    for (capability,), of in asked.partition_by("capability", as_dict=True, maintain_order=True).items():
        kinds = [
            _kind(kind, stood_in.get(kind.select(FLOW).row(0), set()), chances)
            for kind in of.partition_by(*FLOW, "operation", maintain_order=True)
        ]
        whole = [kind for kind in kinds if kind is not None]
        if whole:
            rates.append(_rates(str(capability), whole))
            parts += _parts(str(capability), whole, chances)
    return pl.DataFrame(rates, RATES, orient="row"), pl.DataFrame(parts, PARTS, orient="row")


def _chances(facts: pl.DataFrame) -> dict[str, Chances]:
    random = np.random.default_rng(SEED)
    return {
        system: Chances(1 - down / ended, random.beta(ended - down + 1, down + 1, DRAWS))
        for system, ended, down in facts.sort("system").select("system", "ended", "own_errors").iter_rows()
        if ended
    }


def _kind(ways: pl.DataFrame, replaced: set[str], chances: Mapping[str, Chances]) -> Composed | None:
    """The chance that one kind of journey reaches its goal; None where no way of it leads there."""
    entry, goal = ways.select("entry", "goal").row(0)
    taken = ways.sort("traces", descending=True, maintain_order=True).select("sources", "targets", "traces")
    graph = and_or_graph(
        ((list(zip(sources, targets, strict=True)), traces) for sources, targets, traces in taken.iter_rows()),
        entry=entry,
        goal=goal,
    )
    if graph is None:
        return None
    root = (entry, True)
    systems = sorted(reached(graph, root) - (replaced - {goal}))
    up = np.array([chances[system].share if system in chances else 1.0 for system in systems])
    drawn = np.array([chances[system].draws if system in chances else np.ones(DRAWS) for system in systems])
    drawn = drawn.reshape(len(systems), DRAWS)
    traces = ways["traces"].sum()
    if len(systems) <= MOST_ENUMERATED:
        levels = decision_levels(truth_table(graph, root, systems))
        share, importance = enumerated(levels, np.column_stack([up, drawn]))
        each = {system: (row[0], row[1:]) for system, row in zip(systems, importance, strict=True)}
        return Composed(traces, share[0], share[1:], 0.0, each, exact=True)
    mean, error, slope = simulated(graph, root, systems, up, states=SIMULATED_STATES, seed=[SEED, len(systems)])
    # The chance is linear in that of each system: a draw moves it along the slopes.
    noise = np.random.default_rng([SEED, 1]).normal(0, error, DRAWS)
    draws = np.clip(mean + slope @ (drawn - up[:, None]) + noise, 0, 1)
    each = {system: (value, np.full(DRAWS, value)) for system, value in zip(systems, slope, strict=True)}
    return Composed(traces, mean, draws, error, each, exact=False)


def _rates(capability: str, kinds: Sequence[Composed]) -> tuple:
    weight = _weights(kinds)
    share = float(sum(w * kind.share for w, kind in zip(weight, kinds, strict=True)))
    draws = sum(w * kind.draws for w, kind in zip(weight, kinds, strict=True))
    error = float(np.sqrt(sum((w * kind.error) ** 2 for w, kind in zip(weight, kinds, strict=True))))
    exact = all(kind.exact for kind in kinds)
    method, error = ("enumerated", None) if exact else ("simulated", error)
    needed = len(set().union(*(kind.importance for kind in kinds)))
    return capability, share, *_interval(share, draws), method, error, needed


def _parts(capability: str, kinds: Sequence[Composed], chances: Mapping[str, Chances]) -> list[tuple]:
    weight = _weights(kinds)
    rows = []
    for system in sorted(set().union(*(kind.importance for kind in kinds))):
        of = [(w, *kind.importance[system]) for w, kind in zip(weight, kinds, strict=True) if system in kind.importance]
        slope, drawn = sum(w * value for w, value, _ in of), sum(w * draws for w, _, draws in of)
        importance = (slope, *_interval(slope, drawn))
        chance = chances.get(system)
        lost = (None, None, None)
        if chance is not None:
            share = slope * (1 - chance.share)
            lost = (share, *_interval(share, drawn * (1 - chance.draws)))
        rows.append((capability, system, *map(float, importance), *lost))
    return rows


def _weights(kinds: Sequence[Composed]) -> NDArray:
    traces = np.array([kind.traces for kind in kinds], float)
    return traces / traces.sum()


def _interval(share: float, draws: NDArray) -> tuple[float, float]:
    """The central 95% of `draws`, widened to the estimate: of ten systems that never failed, some draw always fails."""
    low, high = np.quantile(draws, [TAIL, 1 - TAIL])
    return float(min(low, share)), float(max(high, share))
