"""The availability of capabilities, composed of that of their systems, and what each system takes from it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.dependency_fragility.availability.and_or import and_or_graph, reached
from integrhealth.analyses.dependency_fragility.availability.enumeration import (
    AndOr,
    Node,
    decision_levels,
    enumerated,
    simulated,
    truth_table,
)
from integrhealth.analyses.dependency_fragility.availability.ways import WAY
from integrhealth.analyses.dependency_fragility.flows import FLOW
from integrhealth.analyses.dependency_fragility.structure import missing
from integrhealth.analyses.dependency_fragility.suppositions import AS_IT_IS, Suppositions, with_longer_repairs
from integrhealth.language.schema import COUNT, NUMBER, TEXT
from integrhealth.language.statistics import TAIL
from integrhealth.language.thresholds import MOST_ENUMERATED, MOST_WAYS, SIMULATED_STATES

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
class Kind:
    """The traces of one object type and operation that reached a goal, as an and/or graph of `systems`."""

    traces: int
    graph: AndOr
    root: Node
    systems: tuple[str, ...]


@dataclass(frozen=True)
class Composed:
    """How likely one kind of trace reaches its goal, as estimated and per draw, and the importance of each system."""

    traces: int
    share: float
    draws: NDArray
    error: float
    importance: Mapping[str, tuple[float, NDArray]]
    exact: bool


def composed(
    ways: pl.DataFrame,
    questions: pl.DataFrame,
    replaced: pl.DataFrame,
    facts: pl.DataFrame,
    *,
    supposed: Suppositions = AS_IT_IS,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rates of each capability (RATES) and its parts (PARTS), from `ways` (``ways.way_facts``).

    `questions` say which flows are a capability, `replaced` which systems of a flow tested fallbacks stand in for, and
    `facts` (``uptime.system_facts``) how often each system was up. Each kind of trace, an object type with the
    operation that began it, has an and/or graph of its own; those of a capability weigh by their traces. The entry
    asks, and is up; so is a system at which nothing ended, and one that is replaced. The goal itself is never replaced:
    what waits before it has not reached it. A system that is `supposed` to be removed is down in every draw, an entry
    too; what is repaired more slowly is up less, draw by draw, so that nothing else differs.
    """
    counts = {
        system: (ended, down)
        for system, ended, down in facts.select("system", "ended", "own_errors").iter_rows()
        if ended
    }
    stood_in = {tuple(flow): set(systems) for *flow, systems in replaced.select(*FLOW, "replaced").iter_rows()}
    asked = questions.join(ways, on=FLOW, nulls_equal=True).sort("capability", *WAY, nulls_last=True)
    rates, parts = [], []
    for (capability,), of in asked.partition_by("capability", as_dict=True, maintain_order=True).items():
        judged = (
            _kind(taken, stood_in.get(taken.select(FLOW).row(0), set()), supposed.removed)
            for taken in of.partition_by(*FLOW, "operation", maintain_order=True)
        )
        kinds = _different(kind for kind in judged if kind is not None)
        if kinds:
            names = sorted(set().union(*(kind.systems for kind in kinds)))
            share, draws = _chances(names, counts, supposed)
            each = [_composed(kind, share, draws) for kind in kinds]
            rates.append((capability, *_rates(each), len(names)))
            parts += [(capability, system, *_part(system, each, share, draws, counts)) for system in names]
    return pl.DataFrame(rates, RATES, orient="row"), pl.DataFrame(parts, PARTS, orient="row")


def _kind(ways: pl.DataFrame, replaced: set[str], removed: frozenset[str]) -> Kind | None:
    """The and/or graph of one kind of trace, of its most frequent `ways`; None where none of them leads to its goal."""
    entry, goal = ways.select("entry", "goal").row(0)
    taken = (
        ways.sort("traces", descending=True, maintain_order=True).select("sources", "targets", "traces").head(MOST_WAYS)
    )
    edges = ((list(zip(sources, targets, strict=True)), traces) for sources, targets, traces in taken.iter_rows())
    graph, root = and_or_graph(edges, entry=entry, goal=goal), (entry, True)
    if graph is None:
        return None
    down = missing(removed, replaced, entry=entry, goal=goal) & {entry}
    return Kind(ways["traces"].sum(), graph, root, tuple(sorted(reached(graph, root) - (replaced - {goal}) | down)))


def _different(kinds: Iterable[Kind]) -> list[Kind]:
    """Those of the `kinds` that differ, each with the traces of all that are alike: one is worked out for all."""
    alike: dict[tuple, list[Kind]] = {}
    for kind in kinds:
        graph = frozenset((node, frozenset(alternatives)) for node, alternatives in kind.graph.items())
        alike.setdefault((kind.root, kind.systems, graph), []).append(kind)
    return [replace(same[0], traces=sum(kind.traces for kind in same)) for same in alike.values()]


def _chances(
    systems: Sequence[str], counts: Mapping[str, tuple[int, int]], supposed: Suppositions
) -> tuple[dict[str, float], dict[str, NDArray]]:
    """How often each of the `systems` of a capability is up, and draws from Beta(up + 1/k, down + 1/k), k being rated.

    The one success and the one failure of the uniform prior are shared among the systems: for one system it is the
    interval that ``systems`` publishes, and a chain of k systems is not burdened with k failures that nobody saw.
    """
    random = np.random.default_rng(SEED)
    rated = [system for system in systems if system in counts]
    prior = 1 / max(len(rated), 1)
    share, draws = dict.fromkeys(systems, 1.0), dict.fromkeys(systems, np.ones(DRAWS))
    for system in rated:
        ended, down = counts[system]
        factor = supposed.of_systems.get(system, 1.0)
        share[system] = with_longer_repairs(1 - down / ended, factor)
        draws[system] = with_longer_repairs(random.beta(ended - down + prior, down + prior, DRAWS), factor)
    down_for_good = supposed.removed.intersection(systems)
    share |= dict.fromkeys(down_for_good, 0.0)
    draws |= dict.fromkeys(down_for_good, np.zeros(DRAWS))
    return share, draws


def _composed(kind: Kind, share: Mapping[str, float], draws: Mapping[str, NDArray]) -> Composed:
    up = np.array([share[system] for system in kind.systems])
    drawn = np.array([draws[system] for system in kind.systems]).reshape(-1, DRAWS)
    if len(kind.systems) <= MOST_ENUMERATED:
        levels = decision_levels(truth_table(kind.graph, kind.root, kind.systems))
        chance, importance = enumerated(levels, np.column_stack([up, drawn]))
        each = {system: (row[0], row[1:]) for system, row in zip(kind.systems, importance, strict=True)}
        return Composed(kind.traces, chance[0], chance[1:], 0.0, each, exact=True)
    mean, error, slope = simulated(kind.graph, kind.root, kind.systems, up, states=SIMULATED_STATES, seed=[SEED])
    # The chance is linear in that of each system: a draw moves it along the slopes.
    noise = np.random.default_rng([SEED, 1]).normal(0, error, DRAWS)
    moved = np.clip(mean + slope @ (drawn - up[:, None]) + noise, 0, 1)
    each = {system: (value, np.full(DRAWS, value)) for system, value in zip(kind.systems, slope, strict=True)}
    return Composed(kind.traces, mean, moved, error, each, exact=False)


def _rates(kinds: Sequence[Composed]) -> tuple[float, float, float, str, float | None]:
    weight = _weights(kinds)
    share = float(sum(w * kind.share for w, kind in zip(weight, kinds, strict=True)))
    draws = sum(w * kind.draws for w, kind in zip(weight, kinds, strict=True))
    error = float(np.sqrt(sum((w * kind.error) ** 2 for w, kind in zip(weight, kinds, strict=True))))
    if all(kind.exact for kind in kinds):
        return share, *_interval(share, draws), "enumerated", None
    return share, *_interval(share, draws), "simulated", error


def _part(
    system: str,
    kinds: Sequence[Composed],
    share: Mapping[str, float],
    draws: Mapping[str, NDArray],
    counts: Mapping[str, tuple[int, int]],
) -> tuple[float | None, ...]:
    """The importance of a system and the share that its own errors take, each with its interval."""
    weighed = zip(_weights(kinds), kinds, strict=True)
    of = [(weight, *kind.importance[system]) for weight, kind in weighed if system in kind.importance]
    slope, drawn = float(sum(weight * value for weight, value, _ in of)), sum(weight * each for weight, _, each in of)
    importance = (slope, *_interval(slope, drawn))
    if system not in counts and share[system] == 1:
        return *importance, None, None, None
    lost = slope * (1 - share[system])
    return *importance, lost, *_interval(lost, drawn * (1 - draws[system]))


def _weights(kinds: Sequence[Composed]) -> NDArray:
    traces = np.array([kind.traces for kind in kinds], float)
    return traces / traces.sum()


def _interval(share: float, draws: NDArray) -> tuple[float, float]:
    """The central 95% of `draws`, widened to the estimate unless that is perfection, which no sample proves."""
    low, high = np.quantile(draws, [TAIL, 1 - TAIL])
    return float(min(low, share)), float(high if share == 1 else max(high, share))
