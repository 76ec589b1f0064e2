"""How much the journey would gain from a step on its path, and how much room a step beside the path has.

Work is read as a network of what waited for what (siblings): shrink one message, and all that had to wait for it
begins earlier. Nobody waits for a queue, batch or file, nor for what a call left unfinished when it answered; these
keep their time, and bound what can be gained by the time at which they are over themselves. Of a message's own time,
what passes while nothing below it is under way can always be gained; what passes beside such, as far as that has slack.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from integrhealth.traces.ancestry import NO_ROW, latest_below, over_ancestors, roots
from integrhealth.traces.critical_path import Path
from integrhealth.traces.siblings import NEVER, Rooms, Siblings, rooms
from integrhealth.traces.spines import Spine, Times


@dataclass(frozen=True)
class Drags:
    """By message: what it drags on the path, and its room beside it.

    ``drag`` is how much its own time could shrink with the journey ending earlier one for one, and ``limit`` what
    bounds that besides its own length (NEVER: nothing does). Messages of one ``knot`` share their limit; -1: none.
    ``slack`` is how much longer it could take before the journey did, at the least; zero on the path.
    """

    drag: NDArray
    limit: NDArray
    knot: NDArray
    slack: NDArray


def drags(times: Times, trunk: Spine, path: Path, *, depth: NDArray) -> Drags:
    """The drag of every message on the path, and the slack of every other."""
    size = len(path.start)
    latest = latest_below(times.done, times.parent, depth)
    spare = trunk.tree_end[trunk.top] - latest
    steps = np.flatnonzero(path.hangs & ~trunk.on)
    inner = rooms(_below(times, path, steps, spare, late=latest > path.end), groups=size)
    trees = np.flatnonzero(times.parent < 0)
    outer = rooms(_trees(times, trunk, path, trees), groups=int(times.journey.max(initial=-1)) + 1)
    tree = _places(trees, size)[trunk.top]

    margin, slack = np.where(trunk.on, np.minimum(trunk.margin, outer.margin[tree]), NEVER), np.zeros(size, np.int64)
    margin[steps], slack[steps] = inner.margin[: len(steps)], inner.slack[: len(steps)]
    limit = over_ancestors(margin, path.parent, np.minimum)
    # Of what nobody waits for, a message may delay all that its branch does after it.
    branch, _ = roots(np.where(path.hangs | path.hangs[times.parent], NO_ROW, times.parent))
    slack = np.minimum(np.where(path.hangs, over_ancestors(slack, path.parent, np.add), NEVER), spare[branch])

    # What is its own, but beside something below it, shrinks only as far as that has slack.
    covered = np.minimum(inner.covered, path.own)
    within = np.where(covered > 0, path.own - covered + inner.beside, NEVER)
    drag = np.minimum(path.own, np.minimum(limit, within))
    knot = _knots(trunk, path, steps, margin, inner, outer.section[tree])
    return Drags(drag, np.minimum(limit, within), knot, slack + outer.slack[tree])


def _places(rows: NDArray, size: int) -> NDArray:
    """Where each of so many rows stands among `rows`; -1, also for the row -1: not among them."""
    place = np.full(size + 1, NO_ROW)
    place[rows] = np.arange(len(rows))
    return place


def _trees(times: Times, trunk: Spine, path: Path, trees: NDArray) -> Siblings:
    """The trees of each journey: nothing bounds them from outside."""
    before = _places(trees, len(path.start))[path.before[trees]]
    unbounded, free = np.full(len(trees), NEVER), np.zeros(len(trees), bool)
    ends = trunk.tree_end[trees]
    return Siblings(times.start[trees], ends, times.journey[trees], path.followed[trees], before, unbounded, free)


def _below(times: Times, path: Path, steps: NDArray, spare: NDArray, *, late: NDArray) -> Siblings:
    """The `steps` with what their parents do not wait for: sent away inside a window, or left undone at the end."""
    away = np.flatnonzero(~path.hangs)
    away = away[path.hangs[times.parent[away]]]
    sender = times.parent[away]
    sent = np.stack([np.maximum(times.start[away], path.start[sender]), path.end[sender], sender, spare[away]])
    left = steps[late[steps]]
    undone = np.stack([path.end[left], path.end[times.parent[left]], times.parent[left], spare[left]])
    start, end, group, most = np.concatenate([sent, undone], axis=1)
    beside = np.flatnonzero(start < end)
    waited = (path.start[steps], path.end[steps], times.parent[steps], spare[steps])
    columns = (start, end, group, most)
    start, end, group, most = (np.append(mine, free[beside]) for mine, free in zip(waited, columns, strict=True))
    on = np.append(path.followed[steps], np.zeros(len(beside), bool))
    before = np.append(_places(steps, len(path.start))[path.before[steps]], np.full(len(beside), NO_ROW))
    return Siblings(
        start, end, group, on, before, most, np.append(np.zeros(len(steps), bool), np.ones(len(beside), bool))
    )


def _knots(trunk: Spine, path: Path, steps: NDArray, margin: NDArray, inner: Rooms, tree_section: NDArray) -> NDArray:
    """The number of the widest part of the journey in which something limits each message, or -1.

    Parts are those of a journey between pauses of its trees, the spine of a tree, and those of a message's children;
    all of the children where something is under way beside the message's own work as well.
    """
    size = len(path.start)
    mixed = inner.covered > 0
    knot = np.where(mixed, np.arange(size), NO_ROW)
    above, section = path.parent[steps], inner.section[: len(steps)]
    limited = margin[steps] < NEVER
    knot[steps[limited]] = np.where(mixed[above], above, size + section)[limited]
    spine = np.flatnonzero(trunk.on & (margin < NEVER))
    among_trees = tree_section[spine] >= 0
    first = size + 1 + int(inner.section.max(initial=0))
    knot[spine] = np.where(among_trees, first + tree_section[spine], trunk.top[spine])
    return over_ancestors(knot, path.parent, lambda near, far: np.where(far >= 0, far, near))
