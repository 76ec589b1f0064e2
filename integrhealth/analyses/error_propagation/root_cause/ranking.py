"""Root causes: which system began it, when many look unhealthy at once.

What a system shows beyond its usual self, in metrics, messages and log lines, is counted in seconds, failed calls or
calls that went otherwise, and what the systems that it depends on explain is taken off. How surprising the rest is,
every kind of evidence and every system says for itself, by its own quiet windows: no weights are set by hand. Who
does not stand out from what quiet windows show by chance is not named, so that on a quiet day there are no rows.
Measured on the labelled incidents of PetShop (Hardt et al., CLeaR 2024) and Nezha (FSE 2023); simple rules match the
models published (arXiv 2510.04711).
"""

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.error_propagation.root_cause.damage import by_damage, travelled, wrong_values
from integrhealth.analyses.error_propagation.root_cause.messages import message_kinds
from integrhealth.analyses.error_propagation.root_cause.metrics import metric_kinds
from integrhealth.analyses.error_propagation.root_cause.windows import Kind, bin_of, bin_width, strength, upper, windows
from integrhealth.errors import NothingToRead, UnknownName, WrongValue
from integrhealth.language.questions import only_evidence
from integrhealth.language.schema import SENT_AWAY
from integrhealth.language.thresholds import (
    ABSTAIN_QUANTILE,
    ABSTAIN_STRENGTH,
    ELSEWHERE,
    METRIC_QUANTILE,
    MIN_QUIET_WINDOWS,
    WINDOW_BINS,
)

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

SCHEMA = {
    "rank": pl.Int64,
    "system": pl.String,
    "score": pl.Float64,
    "share": pl.Float64,
    "evidence": pl.List(pl.String),
    "path": pl.List(pl.String),
}
# Messages that tell of a system.
FEWEST_MESSAGES = 3
# Sentences per system; links along which an effect is followed.
SENTENCES, LINKS = 5, 6


def root_causes(
    evidence: "Evidence",
    *,
    at: datetime,
    baseline: tuple[datetime, datetime] | None = None,
    symptom: str | None = None,
) -> pl.DataFrame:
    """One row per suspect, the likeliest first: rank, system, score, share, evidence, path. None: nothing stands out.

    `at` is an aware moment at or soon after the change; `baseline` a (from, to) pair of normal time, or everything
    farther than 30 minutes from `at`, before and after; `symptom` the system where it was seen. ``score`` is the sum
    over kinds of evidence of the logarithm of how many times its quiet level the system reached by itself; ``share``
    its part of all scores; ``evidence`` sentences with the numbers; ``path`` the calls from the symptom (or the topmost
    unhealthy system) to it, the system alone where no call leads there. Raises NothingToRead without any metrics,
    messages or logs, WrongValue for a time without a zone, UnknownName for a `symptom` that is nowhere in the data.

    >>> from datetime import datetime, timezone
    >>> change = datetime(2025, 12, 22, 9, tzinfo=timezone.utc)
    >>> ih.rootcause.root_causes(evidence, at=change).select("rank", "system").rows()
    [(1, 'ERP'), (2, 'Webshop'), (3, 'Tracking')]
    """
    only_evidence("root_causes", evidence)
    damage = travelled(evidence.bad_entries, evidence.entry_steps)
    return ranked_causes(evidence, damage, at=at, baseline=baseline, symptom=symptom)


def ranked_causes(
    evidence: "Evidence",
    damage: pl.DataFrame,
    *,
    at: datetime,
    baseline: tuple[datetime, datetime] | None = None,
    symptom: str | None = None,
) -> pl.DataFrame:
    """As ``root_causes``, with `damage` as ``travelled`` gives it, which may come from more than this evidence."""
    at = _aware(at, "at")
    if baseline is not None:
        start, end = (_aware(moment, "baseline") for moment in baseline)
        if start >= end:
            raise WrongValue(f"the baseline from {start} to {end} is empty; its start must come before its end")
        baseline = (start, end)
    metrics, messages, logs = evidence.metrics, evidence.caused, evidence.logs
    if metrics.is_empty() and messages.is_empty() and logs.is_empty():
        raise NothingToRead("root causes need metrics, messages or logs; there are none of the three")
    seen = [metrics["system"], messages["source"], messages["target"], logs["system"]]
    systems = {system: place for place, system in enumerate(pl.concat(seen).drop_nulls().unique().sort())}
    depends = _dependencies(evidence.dependencies, messages, systems)
    nameable = systems.keys() | set(evidence.dependencies["source"]) | set(evidence.dependencies["target"])
    if symptom is not None and symptom not in nameable:
        raise UnknownName("system", symptom, nameable)
    step = bin_width(metrics, [messages["sent_at"], logs["time"]], at)
    kinds = _kinds(metrics, messages, logs, damage, systems, at, step, baseline)
    traffic = _traffic(messages, systems)
    traced = _traced(messages, systems, at, step)
    by_graph, by_traffic = _reach(depends), _reach(depends * traffic)
    parts = [_own_strength(kind, by_graph if kind.metric else by_traffic, traced) for kind in kinds]
    parts = by_damage(kinds, parts)
    total = _total(kinds, parts, len(systems))
    if symptom in systems:
        total = total * np.where(_reached(depends, systems[symptom]), 1, ELSEWHERE)
    if total[0].max(initial=0) <= _by_chance(total):
        return pl.DataFrame(schema=SCHEMA)
    unhealthy = np.any([strength(kind.score, theory=kind.theory)[0] > 0 for kind in kinds], axis=0)
    unhealthy[_taken_along(messages, systems, at, step)] = True
    return _ranked(
        total[0], kinds, [part[0] for part in parts], list(systems), depends, unhealthy, systems.get(symptom)
    )


def _aware(moment: datetime, name: str) -> datetime:
    if not isinstance(moment, datetime):
        raise WrongValue(f"{name} must be a datetime with a time zone, not {moment!r}")
    if moment.utcoffset() is None:
        raise WrongValue(f"{name} has no time zone: {moment}; write datetime(..., tzinfo=timezone.utc)")
    return moment.astimezone(UTC)


def _kinds(
    metrics: pl.DataFrame,
    messages: pl.DataFrame,
    logs: pl.DataFrame,
    damage: pl.DataFrame,
    systems: dict[str, int],
    at: datetime,
    step: timedelta,
    baseline: tuple[datetime, datetime] | None,
) -> list[Kind]:
    """All kinds of evidence over the same windows."""
    times = [(metrics, "time", True), (messages, "sent_at", False), (logs, "time", False)]
    bins = [
        frame.select(bin_of(pl.col(time), at, step, starts=starts)).to_series().drop_nulls().unique()
        for frame, time, starts in times
    ]
    window = windows(pl.concat(bins).unique().sort().to_numpy(), at, step, baseline)
    seen = metric_kinds(metrics, window, systems) + message_kinds(messages, logs, window, systems)
    return seen + wrong_values(damage, window, systems)


def _dependencies(dependencies: pl.DataFrame, messages: pl.DataFrame, systems: dict[str, int]) -> NDArray:
    """Who (row) can be made unhealthy by whom (column): a caller by whom it calls, a receiver by its sender."""
    calls = pl.concat([frame.select("source", "target", "kind").unique() for frame in (dependencies, messages)])
    depends = np.zeros((len(systems), len(systems)))
    for source, target, kind in calls.iter_rows():
        if source != target and source in systems and target in systems:
            effect, cause = (target, source) if kind in SENT_AWAY else (source, target)
            depends[systems[effect], systems[cause]] = 1
    return depends


def _total(kinds: list[Kind], parts: list[NDArray], size: int) -> NDArray:
    """The evidence together: kinds of counts add up, metrics that say the same (time, failures, load) do not."""
    total = np.zeros((len(parts[0]) if parts else 1, size))
    same: dict[str, NDArray] = {}
    for kind, part in zip(kinds, parts, strict=True):
        if kind.metric:
            same[kind.metric] = np.maximum(same.get(kind.metric, 0), part)
        else:
            total += part
    return sum(same.values(), total)


def _reach(links: NDArray) -> NDArray:
    """`links` and the ways of several links, the weights along a way multiplied, at most 1 in all."""
    reach = step = links
    for _ in range(LINKS - 1):
        step = np.minimum(step @ links, 1)
        reach = np.maximum(reach, step)
    return reach * (1 - np.eye(len(links)))


def _traffic(messages: pl.DataFrame, systems: dict[str, int]) -> NDArray:
    """The part of the calls to each system (column) that each other system (row) makes; 1 where nobody counted."""
    called = messages.filter(pl.col("source") != pl.col("target")).group_by("source", "target", "kind").len()
    calls = np.zeros((len(systems), len(systems)))
    for source, target, kind, count in called.iter_rows():
        effect, cause = (target, source) if kind in SENT_AWAY else (source, target)
        calls[systems[effect], systems[cause]] += count
    total = calls.sum(0)
    return np.where(total > 0, calls / np.where(total > 0, total, 1), 1)


def _traced(messages: pl.DataFrame, systems: dict[str, int], at: datetime, step: timedelta) -> NDArray:
    """Which systems the messages of the window tell of, so that metrics need not tell of their time and failures."""
    now = messages.filter((pl.col("sent_at") >= at) & (pl.col("sent_at") < at + WINDOW_BINS * step))
    busy = now.group_by("target").len().filter(pl.col("len") >= FEWEST_MESSAGES)
    traced = np.zeros(len(systems), bool)
    traced[[systems[system] for system in busy["target"]]] = True
    return traced


def _taken_along(messages: pl.DataFrame, systems: dict[str, int], at: datetime, step: timedelta) -> list[int]:
    """The systems where messages of the window failed because another one had."""
    now = messages.filter((pl.col("sent_at") >= at) & (pl.col("sent_at") < at + WINDOW_BINS * step))
    return [systems[system] for system in now.filter("passed_on")["target"].unique()]


def _own_strength(kind: Kind, depends: NDArray, traced: NDArray) -> NDArray:
    """How strongly each system stands out in each window by itself: windows by systems."""
    stands_out = strength(kind.score, theory=kind.theory)
    if kind.metric and kind.metric != "level":
        stands_out = stands_out * ~traced
    excess = np.where(stands_out > 0, np.maximum(kind.excess, 0), 0)
    own = np.maximum(excess - excess @ depends.T, 0) if kind.passed else excess
    # What is explained goes off the score before the logarithm: half a great surprise is still a great one.
    with np.errstate(divide="ignore"):
        by_itself = np.maximum(stands_out + np.log(own / np.where(excess > 0, excess, 1)), 0)
    most = excess.max(1, keepdims=True, initial=0)
    part = by_itself if kind.local else by_itself * excess / np.where(most > 0, most, 1)
    if kind.weight is not None:
        part = part * kind.weight
    if kind.passed and kind.metric != "level":
        # What a caller shows, and does not explain by itself, speaks for those who explain it.
        reached = own @ depends.T
        passed_on = np.maximum(stands_out - part, 0) / np.where(reached > 0, reached, np.inf)
        part = part + own * (passed_on @ depends)
    if kind.metric and len(part) > MIN_QUIET_WINDOWS:
        part = np.maximum(part - upper(part[1:].max(1, initial=0)[:, None], METRIC_QUANTILE), 0)
    if kind.metric == "level" and depends.any():
        part = part * (depends.any(0) | depends.any(1))
    return part


def _by_chance(total: NDArray) -> float:
    """The score that some system reaches in quiet windows by chance."""
    quiet = total[1:].max(1, initial=0)
    if len(quiet) < MIN_QUIET_WINDOWS:
        return ABSTAIN_STRENGTH
    return min(float(upper(quiet[:, None], ABSTAIN_QUANTILE)[0]), ABSTAIN_STRENGTH)


def _reached(depends: NDArray, start: int) -> NDArray:
    """Which systems can have made `start` unhealthy, itself included."""
    reached = np.zeros(len(depends), bool)
    reached[start] = True
    while (more := reached | (depends[reached].sum(0) > 0)).sum() > reached.sum():
        reached = more
    return reached


def _ranked(
    score: NDArray,
    kinds: list[Kind],
    parts: list[NDArray],
    names: list[str],
    depends: NDArray,
    unhealthy: NDArray,
    symptom: int | None,
) -> pl.DataFrame:
    order = [system for system in np.lexsort((np.arange(len(score)), -score)) if score[system] > 0]
    rows = []
    for rank, system in enumerate(order, start=1):
        strongest = sorted(range(len(kinds)), key=lambda kind: -parts[kind][system])
        sentences = [kinds[kind].sentence(system) for kind in strongest[:SENTENCES] if parts[kind][system] > 0]
        path = [names[place] for place in _path(depends, system, unhealthy, symptom)]
        rows.append(
            (rank, names[system], float(score[system]), float(score[system] / score[order].sum()), sentences, path)
        )
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _path(depends: NDArray, cause: int, unhealthy: NDArray, symptom: int | None) -> list[int]:
    """The shortest way from the `symptom`, else from the topmost system that is unhealthy, to the `cause`."""
    above = _nearest(depends.T, cause, unhealthy) if symptom is None else _nearest(depends.T, cause, None)
    if symptom is None:
        start = max(above, key=lambda place: (len(above[place]), -place))
    else:
        start = symptom if symptom in above else cause
    return above[start][::-1]


def _nearest(links: NDArray, start: int, among: NDArray | None) -> dict[int, list[int]]:
    """The shortest way from `start` to each system it reaches along `links`, only through those `among`."""
    ways, waiting = {start: [start]}, deque([start])
    while waiting:
        here = waiting.popleft()
        for place in np.flatnonzero(links[here]):
            if int(place) not in ways and (among is None or among[place]):
                ways[int(place)] = [*ways[here], int(place)]
                waiting.append(int(place))
    return ways
