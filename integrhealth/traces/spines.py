"""The messages from the root of each tree down to the one that ended last, and when each of them counts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from integrhealth.traces.ancestry import NO_ROW, over_ancestors, roots
from integrhealth.traces.siblings import NEVER


@dataclass(frozen=True)
class Times:
    """The messages as arrays: their journey, parent and times in microseconds from the start of the journey.

    ``end`` is when the caller stopped waiting for a synchronous child, else when the work was done (``done``). All
    lie within the journey and none before ``start``; a time that is not known equals the one before it.
    """

    journey: NDArray
    parent: NDArray
    waited: NDArray  # the parent waited for this child
    away: NDArray  # queue, batch or file
    start: NDArray
    received: NDArray
    answered: NDArray
    finished: NDArray
    done: NDArray
    end: NDArray


@dataclass(frozen=True)
class Spine:
    """The messages from the root of each tree down to what ended last, with the part of the path each one covers."""

    top: NDArray  # the root of each message's tree
    on: NDArray
    last: NDArray  # by root: the message that ended last
    foot: NDArray  # by root: the lowest spine message, whose synchronous tree holds the last one
    start: NDArray
    end: NDArray
    gap: NDArray  # before the message began
    tree_end: NDArray  # by root
    margin: NDArray  # how much later the tree ended than everything beside the message's branch


def spine(times: Times, *, depth: NDArray) -> Spine:
    """From the message of each tree that ended last up its real parents to the root."""
    size = len(times.start)
    rows = np.arange(size)
    top, _ = roots(times.parent)
    last = _last_of_each(top, times.done, depth)
    call, _ = roots(np.where(times.waited, times.parent, NO_ROW))
    trees = np.flatnonzero(times.parent < 0)
    foot = np.full(size, NO_ROW)
    foot[trees] = call[last[trees]]
    on, after = np.zeros(size, bool), np.full(size, NO_ROW)
    climbing = foot[trees]
    while len(climbing):
        on[climbing] = True
        climbing = climbing[times.parent[climbing] >= 0]
        after[times.parent[climbing]] = climbing
        climbing = times.parent[climbing]
    up = np.where(on, times.parent, NO_ROW)
    start = over_ancestors(times.start, up, np.maximum)
    until = np.where(after >= 0, start[after], NEVER)
    end = np.maximum(start, np.minimum(times.end, until))
    gap = np.where(up >= 0, start - end[up], 0)
    tree_end = np.zeros(size, np.int64)
    tree_end[trees] = np.maximum(times.done[last[trees]], end[foot[trees]])
    # What ended beside a branch: everything that hangs on the spine above it.
    branch, _ = roots(np.where(on, NO_ROW, times.parent))
    beside = np.zeros(size, np.int64)
    np.maximum.at(beside, branch, times.done)
    beside = over_ancestors(np.where(on, beside, 0), up, np.maximum)
    margin = np.where(up >= 0, tree_end[top] - beside[up], NEVER)
    return Spine(top, on, np.where(times.parent < 0, last, rows), foot, start, end, gap, tree_end, margin)


def _last_of_each(top: NDArray, done: NDArray, depth: NDArray) -> NDArray:
    """By root: the row that is done last; among equals the one nearest to the root, then the first."""
    size = len(top)
    latest = np.full(size, -1)
    np.maximum.at(latest, top, done)
    candidates = np.flatnonzero(done == latest[top])
    nearest = np.full(size, NEVER)
    np.minimum.at(nearest, top[candidates], depth[candidates])
    candidates = candidates[depth[candidates] == nearest[top[candidates]]]
    last = np.full(size, NO_ROW)
    last[top[candidates][::-1]] = candidates[::-1]
    return last
