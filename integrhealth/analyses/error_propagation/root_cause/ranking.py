"""Root causes: which system began it, when many look unhealthy at once.

What a system shows beyond its usual self, in metrics, messages and log lines, is counted in seconds, failed calls or
calls that went otherwise, and what the systems that it depends on explain is taken off. How surprising the rest is,
every kind of evidence and every system says for itself, by its own quiet windows: no weights are set by hand. Who
does not stand out from what quiet windows show by chance is not named, so that on a quiet day there are no rows.
Measured on the labelled incidents of PetShop (Hardt et al., CLeaR 2024) and Nezha (FSE 2023); simple rules match the
models published (arXiv 2510.04711).
"""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.error_propagation.root_cause.damage import by_damage, travelled, wrong_values
from integrhealth.analyses.error_propagation.root_cause.explaining import (
    dependencies,
    own_strength,
    reach,
    together,
    traffic,
)
from integrhealth.analyses.error_propagation.root_cause.messages import message_kinds
from integrhealth.analyses.error_propagation.root_cause.metrics import metric_kinds
from integrhealth.analyses.error_propagation.root_cause.windows import (
    Kind,
    Windows,
    bin_of,
    bin_width,
    strength,
    upper,
    windows,
)
from integrhealth.errors import NothingToRead, UnknownName, WrongValue
from integrhealth.language.questions import only_evidence
from integrhealth.language.thresholds import (
    ABSTAIN_METRICS,
    ABSTAIN_QUANTILE,
    ABSTAIN_STRENGTH,
    ELSEWHERE,
    FARTHEST_MINUTES,
    MIN_QUIET_WINDOWS,
    WINDOW_BINS,
    WINDOW_WIDTHS,
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
# Sentences per system.
SENTENCES = 5
FARTHEST = timedelta(minutes=FARTHEST_MINUTES)


@dataclass(frozen=True)
class Comparison:
    """A window beside its quiet ones: what each kind of evidence says of each system, and all of them together.

    ``parts`` (by kind) and ``total`` are windows by systems, ``depends`` systems by systems, ``least`` the score that a
    suspect has to beat.
    """

    window: Windows
    systems: dict[str, int]
    depends: NDArray
    kinds: list[Kind]
    parts: list[NDArray]
    total: NDArray
    least: float

    @property
    def most(self) -> float:
        """The score of the system that stands out most."""
        return float(self.total[0].max(initial=0))


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
    [(1, 'ERP'), (2, 'Webshop')]
    """
    only_evidence("root_causes", evidence)
    damage = travelled(evidence.bad_entries, evidence.entry_steps)
    return ranked_causes(compared(evidence, damage, at=at, baseline=baseline, symptom=symptom), evidence, symptom)


def compared(
    evidence: "Evidence",
    damage: pl.DataFrame,
    *,
    at: datetime,
    baseline: tuple[datetime, datetime] | None = None,
    symptom: str | None = None,
) -> Comparison:
    """The window from `at` on, beside its quiet ones; arguments and errors as of ``root_causes``.

    `damage` as ``travelled`` gives it, which may come from more than this evidence. Where only metrics tell, the window
    is as long as makes somebody stand out most: how long an incident lasts, and how fast it comes, is not known before.
    """
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
    depends = dependencies(evidence.dependencies, messages, systems)
    nameable = systems.keys() | set(evidence.dependencies["source"]) | set(evidence.dependencies["target"])
    if symptom is not None and symptom not in nameable:
        raise UnknownName("system", symptom, nameable)
    step = bin_width(metrics, [messages["sent_at"], logs["time"]], at, baseline)
    times = [(metrics, "time", True), (messages, "sent_at", False), (logs, "time", False)]
    bins = [
        frame.select(bin_of(pl.col(time), at, step, starts=starts)).to_series().drop_nulls().unique()
        for frame, time, starts in times
    ]
    bins = pl.concat(bins).unique().sort().to_numpy()
    by_graph, by_traffic = reach(depends), reach(depends * traffic(messages, systems))

    def beside_quiet(width: int) -> Comparison:
        window = windows(bins, at, step, baseline, width)
        kinds = metric_kinds(metrics, window, systems) + message_kinds(messages, logs, window, systems)
        kinds += wrong_values(damage, window, systems)
        traced = _traced(messages, systems, window)
        parts = [own_strength(kind, by_graph if kind.metric else by_traffic, traced) for kind in kinds]
        parts = by_damage(kinds, parts)
        total = together(kinds, parts, len(systems))
        if symptom in systems:
            total = total * np.where(_reached(depends, systems[symptom]), 1, ELSEWHERE)
        return Comparison(window, systems, depends, kinds, parts, total, _by_chance(total, window, kinds))

    if messages.height or logs.height:
        return beside_quiet(WINDOW_BINS)
    return max(map(beside_quiet, _widths(bins, step)), key=lambda comparison: comparison.most)


def _widths(bins: NDArray, step: timedelta) -> list[int]:
    """The widths to try: as far as the data go, and the longest not far beyond what an incident is looked at for."""
    farthest = min(max(FARTHEST / step, WINDOW_BINS), bins.max(initial=0) + 1)
    return [width for width in WINDOW_WIDTHS if width < 2 * farthest] or [WINDOW_WIDTHS[0]]


def ranked_causes(comparison: Comparison, evidence: "Evidence", symptom: str | None = None) -> pl.DataFrame:
    """The suspects of a `comparison` of `evidence`, as ``root_causes`` gives them."""
    if comparison.most <= comparison.least:
        return pl.DataFrame(schema=SCHEMA)
    systems, window = comparison.systems, comparison.window
    unhealthy = np.any([strength(kind.score, theory=kind.theory)[0] > 0 for kind in comparison.kinds], axis=0)
    unhealthy[_taken_along(evidence.caused, systems, window)] = True
    return _ranked(comparison, unhealthy, systems.get(symptom))


def _aware(moment: datetime, name: str) -> datetime:
    if not isinstance(moment, datetime):
        raise WrongValue(f"{name} must be a datetime with a time zone, not {moment!r}")
    if moment.utcoffset() is None:
        raise WrongValue(f"{name} has no time zone: {moment}; write datetime(..., tzinfo=timezone.utc)")
    return moment.astimezone(UTC)


def _within(messages: pl.DataFrame, window: Windows) -> pl.DataFrame:
    """The messages sent in the window looked at."""
    end = window.at + window.width * window.step
    return messages.filter((pl.col("sent_at") >= window.at) & (pl.col("sent_at") < end))


def _traced(messages: pl.DataFrame, systems: dict[str, int], window: Windows) -> NDArray:
    """Which systems the messages of the window tell of, so that metrics need not tell of their time and failures."""
    busy = _within(messages, window).group_by("target").len().filter(pl.col("len") >= FEWEST_MESSAGES)
    traced = np.zeros(len(systems), bool)
    traced[[systems[system] for system in busy["target"]]] = True
    return traced


def _taken_along(messages: pl.DataFrame, systems: dict[str, int], window: Windows) -> list[int]:
    """The systems where messages of the window failed because another one had."""
    return [systems[system] for system in _within(messages, window).filter("passed_on")["target"].unique()]


def _by_chance(total: NDArray, window: Windows, kinds: list[Kind]) -> float:
    """The score that some system reaches by chance; 0 where the baseline is too short to know, and all are ranked."""
    if all(kind.metric for kind in kinds):
        return 0.0 if window.short else ABSTAIN_METRICS
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


def _ranked(comparison: Comparison, unhealthy: NDArray, symptom: int | None) -> pl.DataFrame:
    names, depends, score = list(comparison.systems), comparison.depends, comparison.total[0]
    parts = [part[0] for part in comparison.parts]
    order = [system for system in np.lexsort((np.arange(len(score)), -score)) if score[system] > 0]
    rows = []
    for rank, system in enumerate(order, start=1):
        strongest = sorted(range(len(parts)), key=lambda kind: -parts[kind][system])
        sentences = [
            comparison.kinds[kind].sentence(system) for kind in strongest[:SENTENCES] if parts[kind][system] > 0
        ]
        path = [names[place] for place in _path(depends, system, unhealthy, symptom)]
        share = float(score[system] / score[order].sum())
        rows.append((rank, names[system], float(score[system]), share, sentences, path))
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
