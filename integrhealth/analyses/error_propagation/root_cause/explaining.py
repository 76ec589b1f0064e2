"""What a system shows by itself: its evidence without what the systems that it depends on explain of it."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.error_propagation.root_cause.windows import Kind, strength, upper
from integrhealth.language.schema import SENT_AWAY
from integrhealth.language.thresholds import ELSEWHERE, METRIC_QUANTILE, MIN_QUIET_WINDOWS

# Links along which an effect is followed.
LINKS = 6


def dependencies(declared: pl.DataFrame, messages: pl.DataFrame, systems: dict[str, int]) -> NDArray:
    """Who (row) can be made unhealthy by whom (column): a caller by whom it calls, a receiver by its sender."""
    calls = pl.concat([frame.select("source", "target", "kind").unique() for frame in (declared, messages)])
    depends = np.zeros((len(systems), len(systems)))
    for source, target, kind in calls.iter_rows():
        if source != target and source in systems and target in systems:
            effect, cause = (target, source) if kind in SENT_AWAY else (source, target)
            depends[systems[effect], systems[cause]] = 1
    return depends


def traffic(messages: pl.DataFrame, systems: dict[str, int]) -> NDArray:
    """The part of the calls to each system (column) that each other system (row) makes; 1 where nobody counted."""
    called = messages.filter(pl.col("source") != pl.col("target")).group_by("source", "target", "kind").len()
    calls = np.zeros((len(systems), len(systems)))
    for source, target, kind, count in called.iter_rows():
        effect, cause = (target, source) if kind in SENT_AWAY else (source, target)
        calls[systems[effect], systems[cause]] += count
    total = calls.sum(0)
    return np.where(total > 0, calls / np.where(total > 0, total, 1), 1)


def reach(links: NDArray) -> NDArray:
    """`links` and the ways of several links, the weights along a way multiplied, at most 1 in all."""
    whole = step = links
    for _ in range(LINKS - 1):
        step = np.minimum(step @ links, 1)
        whole = np.maximum(whole, step)
    return whole * (1 - np.eye(len(links)))


def own_strength(kind: Kind, depends: NDArray, traced: NDArray) -> NDArray:
    """How strongly each system stands out in each window by itself: windows by systems.

    `depends` as ``reach`` gives it; `traced` are the systems that messages tell of, so that metrics need not tell of
    their time and failures.
    """
    stands_out = strength(kind.score, theory=kind.theory)
    if kind.metric and kind.metric != "level":
        stands_out = stands_out * ~traced
    excess = np.where(stands_out > 0, np.maximum(kind.excess, 0), 0)
    own, links = _own(kind, excess, depends)
    # What is explained goes off the score before the logarithm: half a great surprise is still a great one.
    with np.errstate(divide="ignore"):
        by_itself = np.maximum(stands_out + np.log(own / np.where(excess > 0, excess, 1)), 0)
    most = excess.max(1, keepdims=True, initial=0)
    part = by_itself if kind.local else by_itself * excess / np.where(most > 0, most, 1)
    if kind.weight is not None:
        part = part * kind.weight
    if kind.passed and kind.metric != "level":
        # What a caller shows, and does not explain by itself, speaks for those who explain it.
        reached = (links @ own[:, :, None])[:, :, 0]
        passed_on = np.maximum(stands_out - part, 0) / np.where(reached > 0, reached, np.inf)
        part = part + own * (passed_on[:, None, :] @ links)[:, 0, :]
    if kind.metric and len(part) > MIN_QUIET_WINDOWS:
        part = np.maximum(part - upper(part[1:].max(1, initial=0)[:, None], METRIC_QUANTILE), 0)
    if kind.metric == "level" and depends.any():
        part = part * (depends.any(0) | depends.any(1))
    return part


def _own(kind: Kind, excess: NDArray, depends: NDArray) -> tuple[NDArray, NDArray]:
    """The `excess` of each system that those it depends on do not explain, and who depends on whom in each window.

    Where nobody says who calls whom, the numbers do: calls that wait for one another share their excess, and beside
    what a call usually takes it is never more at the caller than at the one it waits for.
    """
    if not kind.passed:
        return excess, depends[None]
    if kind.relative is None or depends.any():
        return np.maximum(excess - excess @ depends.T, 0), depends[None]
    deeper = (kind.relative[:, None, :] > kind.relative[:, :, None]) & (excess[:, None, :] > 0)
    deeper &= excess[:, :, None] > 0
    explained = np.where(deeper, excess[:, None, :], 0).max(2, initial=0)
    return np.maximum(excess - explained, 0), deeper.astype(float)


def resources_beside_calls(kinds: list[Kind], parts: list[NDArray], traced: NDArray) -> list[NDArray]:
    """`parts` with those of resources halved at the `traced` systems whose calls all went as ever, while those of
    others did not: what stirred there has not made any call unhealthy.
    """
    calls = sum((part for kind, part in zip(kinds, parts, strict=True) if not kind.metric), np.zeros((1, len(traced))))
    unmoved = traced & (calls == 0) & (calls.max(1, keepdims=True, initial=0) > 0)
    return [
        part * np.where(unmoved, ELSEWHERE, 1) if kind.metric == "level" else part
        for kind, part in zip(kinds, parts, strict=True)
    ]


def together(kinds: list[Kind], parts: list[NDArray], size: int) -> NDArray:
    """The evidence together: kinds of counts add up, metrics that say the same (time, failures, load) do not."""
    total = np.zeros((len(parts[0]) if parts else 1, size))
    same: dict[str, NDArray] = {}
    for kind, part in zip(kinds, parts, strict=True):
        if kind.metric:
            same[kind.metric] = np.maximum(same.get(kind.metric, 0), part)
        else:
            total += part
    return sum(same.values(), total)
