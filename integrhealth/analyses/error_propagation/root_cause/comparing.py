"""A moment beside normal time: what each kind of evidence says of each system then, and how much chance would say."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.error_propagation.root_cause.damage import by_damage, wrong_values
from integrhealth.analyses.error_propagation.root_cause.explaining import (
    dependencies,
    own_strength,
    reach,
    resources_beside_calls,
    together,
    traffic,
)
from integrhealth.analyses.error_propagation.root_cause.messages import message_kinds
from integrhealth.analyses.error_propagation.root_cause.metrics import metric_kinds
from integrhealth.analyses.error_propagation.root_cause.series import binned
from integrhealth.analyses.error_propagation.root_cause.windows import (
    Kind,
    Windows,
    bin_of,
    bin_width,
    upper,
    windows,
)
from integrhealth.errors import NothingToRead, UnknownName, WrongValue
from integrhealth.language.thresholds import (
    ABSTAIN_METRICS,
    ABSTAIN_QUANTILE,
    ABSTAIN_STRENGTH,
    ELSEWHERE,
    FARTHEST_MINUTES,
    FEWEST_APART,
    METRICS_QUANTILE,
    MIN_QUIET_WINDOWS,
    WINDOW_BINS,
    WINDOW_WIDTHS,
)

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

# Messages that tell of a system.
FEWEST_MESSAGES = 3
MINUTE_WRITTEN = "%Y-%m-%d %H:%M"
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
    measured = binned(metrics, at, step)
    by_graph, by_traffic = reach(depends), reach(depends * traffic(messages, systems))

    def beside_quiet(width: int | None = None) -> Comparison:
        window = windows(bins, at, step, baseline, width)
        kinds = metric_kinds(measured, window, systems) + message_kinds(messages, logs, window, systems)
        kinds += wrong_values(damage, window, systems)
        traced = _traced(messages, systems, window)
        parts = [own_strength(kind, by_graph if kind.metric else by_traffic, traced) for kind in kinds]
        parts = resources_beside_calls(kinds, by_damage(kinds, parts), traced)
        total = together(kinds, parts, len(systems))
        if symptom in systems:
            total = total * np.where(_reached(depends, systems[symptom]), 1, ELSEWHERE)
        return Comparison(window, systems, depends, kinds, parts, total, _by_chance(total, window, kinds))

    if messages.height or logs.height:
        return beside_quiet()
    return max(map(beside_quiet, _widths(bins, step)), key=lambda comparison: comparison.most)


def _widths(bins: NDArray, step: timedelta) -> list[int]:
    """The widths to try: as far as the data go, and the longest not far beyond what an incident is looked at for."""
    farthest = min(max(FARTHEST / step, WINDOW_BINS), bins.max(initial=0) + 1)
    return [width for width in WINDOW_WIDTHS if width < 2 * farthest] or [WINDOW_WIDTHS[0]]


def in_words(comparison: Comparison, first: datetime, last: datetime) -> str:
    """What was compared with what, and the smallest excess that would have stood out in these data.

    `first` and `last` are the ends of the data.
    """
    window = comparison.window
    quiet, minutes = len(window.starts) - 1, window.quiet_width * window.step / timedelta(minutes=1)
    length = window.width * window.step / timedelta(minutes=1)
    period = f"{first:{MINUTE_WRITTEN}} to {last:{MINUTE_WRITTEN}} UTC"
    said = (
        f"What changed from {window.at:{MINUTE_WRITTEN}} UTC on, in {length:.3g} minutes, was compared with the time "
        f"from {period}, in {quiet:,} windows of {minutes:.3g} minutes"
    )
    names = list(comparison.systems)
    least = []
    for kind in comparison.kinds:
        if kind.least is not None and np.isfinite(comparison.least) and not np.isnan(kind.least).all():
            system = int(np.nanargmin(kind.least))
            beyond = kind.least[system] * np.exp(comparison.least)
            least.append(f"{kind.name} by {beyond:.2g} at {names[system]}")
    smallest = f". The smallest excess that would have stood out: {', '.join(sorted(least))}." if least else "."
    return said + smallest


def _aware(moment: datetime, name: str) -> datetime:
    if not isinstance(moment, datetime):
        raise WrongValue(f"{name} must be a datetime with a time zone, not {moment!r}")
    if moment.utcoffset() is None:
        raise WrongValue(f"{name} has no time zone: {moment}; write datetime(..., tzinfo=timezone.utc)")
    return moment.astimezone(UTC)


def within(messages: pl.DataFrame, window: Windows) -> pl.DataFrame:
    """The messages sent in the window looked at."""
    end = window.at + window.width * window.step
    return messages.filter((pl.col("sent_at") >= window.at) & (pl.col("sent_at") < end))


def _traced(messages: pl.DataFrame, systems: dict[str, int], window: Windows) -> NDArray:
    """Which systems the messages of the window tell of, so that metrics need not tell of their time and failures."""
    busy = within(messages, window).group_by("target").len().filter(pl.col("len") >= FEWEST_MESSAGES)
    traced = np.zeros(len(systems), bool)
    traced[[systems[system] for system in busy["target"]]] = True
    return traced


def _by_chance(total: NDArray, window: Windows, kinds: list[Kind]) -> float:
    """The score that some system reaches by chance; 0 where the baseline is too short to know, and all are ranked.

    Without any normal time nobody can be said to differ from it.
    """
    quiet = total[1:].max(1, initial=0)[:, None]
    if all(kind.metric for kind in kinds):
        if not len(quiet):
            return np.inf
        reached = float(upper(quiet, METRICS_QUANTILE)[0]) if window.apart > FEWEST_APART else ABSTAIN_METRICS
        return 0.0 if window.short else min(reached, ABSTAIN_METRICS)
    if len(quiet) < MIN_QUIET_WINDOWS:
        return ABSTAIN_STRENGTH
    return min(float(upper(quiet, ABSTAIN_QUANTILE)[0]), ABSTAIN_STRENGTH)


def _reached(depends: NDArray, start: int) -> NDArray:
    """Which systems can have made `start` unhealthy, itself included."""
    reached = np.zeros(len(depends), bool)
    reached[start] = True
    while (more := reached | (depends[reached].sum(0) > 0)).sum() > reached.sum():
        reached = more
    return reached
