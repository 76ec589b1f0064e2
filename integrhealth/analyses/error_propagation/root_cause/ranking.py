"""Root causes: which system began it, when many look unhealthy at once.

What a system shows beyond its usual self, in metrics, messages and log lines, is counted in seconds, failed calls or
calls that went otherwise, and what the systems that it depends on explain is taken off. How surprising the rest is,
every kind of evidence and every system says for itself, by its own quiet windows: no weights are set by hand. Who
does not stand out from what quiet windows show by chance is not named, so that on a quiet day there are no rows.
Measured on the labelled incidents of PetShop (Hardt et al., CLeaR 2024) and Nezha (FSE 2023); simple rules match the
models published (arXiv 2510.04711).
"""

from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.error_propagation.root_cause.comparing import Comparison, compared, within
from integrhealth.analyses.error_propagation.root_cause.damage import travelled
from integrhealth.analyses.error_propagation.root_cause.windows import Windows, strength
from integrhealth.language.questions import only_evidence

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
# Sentences per system.
SENTENCES = 5


def root_causes(
    evidence: "Evidence",
    *,
    at: datetime,
    baseline: tuple[datetime, datetime] | None = None,
    symptom: str | None = None,
) -> pl.DataFrame:
    """One row per suspect, the likeliest first: rank, system, score, share, evidence, path. None: nothing stands out.

    `at` is an aware moment at or soon after the change; `baseline` a (from, to) pair of normal time, or everything
    farther than 30 minutes from `at` (with metrics alone: than a quarter of what lies before it, if that is less),
    before and after; `symptom` the system where it was seen. ``score`` is the sum
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
    return ranked_causes(compared(evidence, damage, at=at, baseline=baseline, symptom=symptom), evidence, symptom)


def ranked_causes(comparison: Comparison, evidence: "Evidence", symptom: str | None = None) -> pl.DataFrame:
    """The suspects of a `comparison` of `evidence`, as ``root_causes`` gives them."""
    if comparison.most <= comparison.least:
        return pl.DataFrame(schema=SCHEMA)
    systems, window = comparison.systems, comparison.window
    unhealthy = np.any([strength(kind.score, theory=kind.theory)[0] > 0 for kind in comparison.kinds], axis=0)
    unhealthy[_taken_along(evidence.caused, systems, window)] = True
    return _ranked(comparison, unhealthy, systems.get(symptom))


def _taken_along(messages: pl.DataFrame, systems: dict[str, int], window: Windows) -> list[int]:
    """The systems where messages of the window failed because another one had."""
    return [systems[system] for system in within(messages, window).filter("passed_on")["target"].unique()]


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
