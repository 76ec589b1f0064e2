"""Metrics as evidence for root causes: excess time, excess failed calls, excess load of a resource, per system.

A slow or failing system is weighed by the requests it served, since what it costs its callers is time and failed calls
and not a z-score. A metric that says neither is a kind of its own, compared between systems in its own unit.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from integrhealth.analyses.error_propagation.root_cause.series import Binned, Series, series
from integrhealth.analyses.error_propagation.root_cause.windows import (
    Kind,
    Windows,
    deviation,
    median,
    quiet_level,
    spread,
)
from integrhealth.language.thresholds import MIN_QUIET_WINDOWS, MIN_RELATIVE_SIGMA

# The profile of an incident over the bins of its window settles in a few rounds; what shows nothing has no say in it.
ROUNDS, NOTABLE, MOST, RIDGE, SEEN = 10, 3.0, 20.0, 0.1, 0.02
PERCENT = 100
# The sigmas by which the system moves most where no system ever moved before (own).
FIRST_MOVE = 30
# A failure metric with values above 1 counts failed calls, unless its name says that it is a share of them.
SHARES = re.compile(r"rate|ratio|share|percent|%", re.IGNORECASE)


@dataclass(frozen=True)
class Excess:
    """One metric: ``excess`` (windows by bins by systems) beyond the usual, in calls where they were counted.

    ``floor``: the least that counts as one sigma of a bin; ``column``: the series of each system (-1: none); ``calls``:
    what one unit of the metric is multiplied by, in a usual bin.
    """

    metric: str
    says: str
    excess: NDArray
    floor: NDArray
    column: NDArray
    calls: NDArray


def metric_kinds(metrics: Binned, window: Windows, systems: dict[str, int]) -> list[Kind]:
    """The kinds of evidence in `metrics`, one per metric that is no count of requests."""
    if metrics.keys.is_empty():
        return []
    measured = series(metrics, window)
    inside = measured.values[window.picked(measured.bins, window.now_offsets)]
    before, after = (
        median(measured.values[window.picked(measured.bins, offsets)], 1)
        for offsets in (window.before_offsets, window.after_offsets)
    )
    nearby = np.where(np.isnan(before), after, before)
    beyond = deviation(inside, measured.usual, nearby[:, None, :])
    place = np.array([systems[system] for system, _ in measured.names])
    load = _load(inside, measured, place, len(systems))
    metric_of = np.array([metric for _, metric in measured.names])
    parts = [
        _excess(metric, np.flatnonzero(metric_of == metric), beyond, inside, measured, place, load)
        for metric in dict.fromkeys(metric_of.tolist())
    ]
    parts = [part for part in parts if part.says != "load"]
    profile = _profile(parts, window.width)
    return [_kind(part, profile, inside, measured, load, window) for part in parts]


def _excess(
    metric: str,
    columns: NDArray,
    beyond: NDArray,
    inside: NDArray,
    measured: Series,
    place: NDArray,
    load: NDArray,
) -> Excess:
    says, size = measured.meaning[columns[0]], load.shape[2]
    at = place[columns]
    excess, column = np.full((*beyond.shape[:2], size), np.nan), np.full(size, -1)
    excess[:, :, at] = beyond[:, :, columns] * (-1 if says == "success" else 1)
    column[at] = columns
    floor, calls = np.zeros(size), np.ones(size)
    floor[at] = MIN_RELATIVE_SIGMA * np.abs(np.nan_to_num(measured.usual[columns]))
    if says != "level" and not np.isnan(load[:, :, at]).all():
        served = np.nan_to_num(median(load.reshape(-1, size), 0))
        share = PERCENT if says == "success" else 1
        if says == "failure" and not SHARES.search(metric) and np.nanmax(inside[:, :, columns], initial=0) > 1:
            # More calls fail of more calls.
            usual = np.zeros(size)
            usual[at] = np.nan_to_num(measured.usual[columns])
            excess = excess - usual * np.maximum(load / np.where(served > 0, served, np.inf) - 1, 0)
        else:
            excess, calls = excess * (load / share), served / share
        # Of failed calls there is never less than one in a window.
        floor = floor * served if says == "time" else np.full(size, 1 / beyond.shape[1])
    return Excess(metric, says, excess, floor, column, calls)


def _load(inside: NDArray, measured: Series, place: NDArray, size: int) -> NDArray:
    """Requests per bin, windows by bins by systems; a lost count is the window's mean, else the usual one."""
    load = np.full((*inside.shape[:2], size), np.nan)
    for column, says in enumerate(measured.meaning):
        if says == "load":
            counted = inside[:, :, column]
            mean = np.where(np.isnan(m := median(counted, 1)), measured.usual[column], m)
            counted = np.where(np.isnan(counted), mean[:, None], counted)
            load[:, :, place[column]] = np.fmax(load[:, :, place[column]], counted)
    return load


def _profile(parts: list[Excess], width: int) -> NDArray:
    """How strong the incident of each window was in each of its bins, 1 at its height: windows by bins.

    All systems share it (a rank-one fit by alternating least squares over the values that are there), so that a value
    lost at the height of an incident is not read as a small one.
    """
    if not parts:
        return np.ones((1, width))
    scores = []
    for part in parts:
        flat = np.abs(part.excess[1:]).reshape(-1, part.excess.shape[2])
        sigma = np.fmax(1.4826 * median(flat, 0), part.floor) if len(flat) else part.floor
        with np.errstate(divide="ignore", invalid="ignore"):
            scores.append(np.clip(part.excess / np.where(sigma > 0, sigma, np.nan), 0, MOST))
    score = np.concatenate(scores, axis=2)
    there = (~np.isnan(score)).astype(float)
    notable = np.where(np.nan_to_num(score) > NOTABLE, np.nan_to_num(score), 0)
    profile = np.ones(score.shape[:2])
    for _ in range(ROUNDS):
        weight = np.einsum("wbs,wb->ws", there, profile**2) + RIDGE * (profile**2).sum(1, keepdims=True)
        height = np.einsum("wbs,wb->ws", notable, profile) / np.maximum(weight, 1e-12)
        weight = np.einsum("wbs,ws->wb", there, height**2)
        profile = np.einsum("wbs,ws->wb", notable, height) / np.maximum(weight, 1e-12)
        top = profile.max(1, keepdims=True)
        profile = np.where(top > 0, profile / np.maximum(top, 1e-12), 1)
    return profile


def _kind(part: Excess, profile: NDArray, inside: NDArray, measured: Series, load: NDArray, window: Windows) -> Kind:
    there = ~np.isnan(part.excess)
    seen = np.einsum("wbs,wb->ws", there.astype(float), profile**2)
    whole = (profile**2).sum(1, keepdims=True)
    fitted = np.einsum("wbs,wb->ws", np.nan_to_num(part.excess), profile) / np.maximum(seen + RIDGE * whole, 1e-12)
    # Quiet windows may be shorter than the one looked at: all are compared as if they were as long.
    length = profile.sum(1, keepdims=True)
    length[1:] *= window.width / window.quiet_width
    total = np.where(seen > SEEN * whole, fitted * (1 + RIDGE) * length, np.nan)
    middle, sigma = spread(total[1:]) if len(total) > MIN_QUIET_WINDOWS else (0.0, 0.0)
    sigma = _at_least(np.fmax(sigma, part.floor * window.width), total[0]) * _busier(load, part.says)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.nan_to_num((total - np.nan_to_num(middle)) / np.where(sigma > 0, sigma, np.nan))

    def sentence(system: int) -> str:
        column, served = part.column[system], load[0, :, system]
        n = int((~np.isnan(inside[0, :, column])).sum())
        now, before = np.nanmean(inside[0, :, column]), measured.usual[column]
        counted = part.says != "level" and not np.isnan(served).all()
        calls = f", on {np.nansum(served):,.0f} requests" if counted else ""
        return f"{part.metric}: {now:.4g} instead of {before:.4g}{calls} (n={n}, {window.span})"

    with np.errstate(divide="ignore", invalid="ignore"):
        least = sigma * quiet_level(score, theory=False) / (window.width * part.calls)
    return Kind(
        part.metric,
        np.nan_to_num(total),
        score,
        local=False,
        passed=True,
        sentence=sentence,
        metric="failure" if part.says == "success" else part.says,
        theory=False,
        relative=None if part.says == "level" else _relative(part, total, measured, load, window),
        least=np.where((part.column >= 0) & np.isfinite(least) & (least > 0), least, np.nan),
    )


def _busier(load: NDArray, says: str) -> NDArray:
    """How much more than in quiet windows a system has to do: chance makes as much more of it."""
    if says == "level":
        return np.ones(load.shape[2])
    served = median(load, 1)
    usual = median(served[1:], 0) if len(served) > 1 else served[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.fmax(np.nan_to_num(served[0] / np.where(usual > 0, usual, np.nan), nan=1.0), 1)


def _at_least(sigma: NDArray, now: NDArray) -> NDArray:
    """`sigma` of each system; where one never moved that of the others, and where none did the largest move is ten."""
    moved = sigma[sigma > 0]
    usual = np.median(moved) if len(moved) else np.nanmax(np.abs(now), initial=0) / FIRST_MOVE
    return np.where(sigma > 0, sigma, usual)


def _relative(part: Excess, total: NDArray, measured: Series, load: NDArray, window: Windows) -> NDArray:
    """The excess per call, of a time beside what a call usually takes: never more at a caller than below it."""
    served = np.nansum(load, 1)
    weight = np.where(served > 0, served, window.width)
    if part.says == "time":
        weight = weight * np.where(part.column >= 0, measured.typical[part.column], np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(np.maximum(total, 0) / np.where(weight > 0, weight, np.nan))
