"""What a journey waited for: the critical path through its messages, and what each step on it did with its time.

A journey is one trace; where no message of a tree carries a usable trace_id, the trees of one (object_type,
object_id) are one journey, and a tree without object is its own. It runs from its first sent_at to its last
finished_at (answered_at where finished_at is null).

The path, from the end backwards:

* Inside a synchronous call the rules are CRISP's (Zhang et al., USENIX ATC 2022): children are cut to the time of
  their real parent; the child that ends last is on the path, then the sibling that ends last before it began, and so
  on. Siblings may overlap by less than 1% of their parent when no third one starts or ends there: clocks differ.
* Nobody waits for a queue, batch or file, unless it is what ends last. So the message that ends last is followed up
  its real parents to the root, and each of these counts until the next one was sent; time between the end of one
  and the start of the next is a *gap*: the journey waited and no message was under way for it.
* A synchronous message that still ran after its caller had ended is *overhang*: part of the journey, no part of the
  path of the call.
* Several trees in one journey are chained like siblings; trees that overlap another one are off the path.

Self time, gaps and overhang of a journey's steps sum exactly to its duration. Times are whole microseconds and every
loop runs over levels or doublings, never over messages. Order comes from the clocks alone, so it is a guess wherever
a parent does not say what it waited for.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from integrhealth.traces.ancestry import NO_ROW, over_ancestors
from integrhealth.traces.siblings import chains
from integrhealth.traces.spines import Spine, Times, spine

# Siblings may overlap by this share of their parent and still follow each other (CRISP's allowance for clock skew).
OVERLAP_ALLOWANCE = 0.01


@dataclass(frozen=True)
class Path:
    """Every message with its window on the path or beside it, and what of it was its own.

    ``parent`` is the message whose window holds this one, or -1 on the spine and where nothing waits for it: only
    what ``hangs`` on a spine has a window. ``own`` is the window less those of the children on the path. ``gap`` lies
    before the window, in no message. ``followed`` are on the path of their parent, trees on that of their journey, and
    ``before`` is the sibling, or the root of the tree, that each had to wait for, or -1.
    """

    on: NDArray
    hangs: NDArray
    followed: NDArray
    before: NDArray
    parent: NDArray
    start: NDArray
    end: NDArray
    own: NDArray
    gap: NDArray


def critical_path(times: Times, *, depth: NDArray) -> tuple[Times, Spine, Path]:
    """The path through every journey at once, with the spines it follows and the times as it takes them.

    Where two trees of a journey overlap within the allowance, the later one is taken to begin when the earlier ends.
    """
    trunk = spine(times, depth=depth)
    trees = np.flatnonzero(times.parent < 0)
    followed, before = _tree_chain(times, trunk, trees)
    reached = np.where(followed & (before >= 0), trunk.tree_end[trees][before], 0)
    early = times.start[trees] < reached
    if early.any():
        floor = np.zeros(len(times.start), np.int64)
        floor[trees[early]] = reached[early]
        floor = floor[trunk.top]
        later = {name: np.maximum(getattr(times, name), floor) for name in ("start", "done", "end")}
        times = replace(times, **later)
        trunk = spine(times, depth=depth)
    gap = trunk.gap.copy()
    gap[trees] = times.start[trees] - reached
    path = _steps(times, trunk, gap)
    path.followed[trees], path.before[trees] = followed, np.where(before >= 0, trees[before], NO_ROW)
    return times, trunk, replace(path, on=path.on & path.followed[trunk.top])


def _tree_chain(times: Times, trunk: Spine, trees: NDArray) -> tuple[NDArray, NDArray]:
    """By tree of `trees`: whether it is on the path, and the place of the tree that it had to wait for, or -1."""
    start, end, journey = times.start[trees], trunk.tree_end[trees], times.journey[trees]
    longest = np.zeros(int(journey.max(initial=-1)) + 1, np.int64)
    np.maximum.at(longest, journey, end)
    return chains(start, end, journey, allowance=OVERLAP_ALLOWANCE * longest[journey])


def _steps(times: Times, trunk: Spine, gap: NDArray) -> Path:
    """The windows of all spines and of what hangs on them, as if every tree were on the path of its journey."""
    up = np.where(times.waited & ~trunk.on, times.parent, NO_ROW)
    start = over_ancestors(np.where(trunk.on, trunk.start, times.start), up, np.maximum)
    end = over_ancestors(np.where(trunk.on, trunk.end, times.end), up, np.minimum)
    inside = (end > start) | ((end == start) & (times.end == times.start))
    hangs = over_ancestors(trunk.on | (inside & (up >= 0)), up, np.logical_and)
    steps = np.flatnonzero(hangs & ~trunk.on)
    opens, closes, parent = start[steps], end[steps], times.parent[steps]
    room = end - start
    chained, waited_for = chains(opens, closes, parent, allowance=OVERLAP_ALLOWANCE * room[parent])
    own = room - _total(parent, np.where(chained, closes - opens, 0), size=len(room))
    if (own < 0).any():  # overlaps that do not fit into the parent: its children must not overlap at all
        allowance = np.where(own < 0, 0, OVERLAP_ALLOWANCE * room)
        chained, waited_for = chains(opens, closes, parent, allowance=allowance[parent])
        own = room - _total(parent, np.where(chained, closes - opens, 0), size=len(room))
    followed, before = trunk.on.copy(), np.full(len(room), NO_ROW)
    followed[steps], before[steps] = chained, np.where(waited_for >= 0, steps[waited_for], NO_ROW)
    return Path(over_ancestors(followed, up, np.logical_and), hangs, followed, before, up, start, end, own, gap)


def _total(group: NDArray, values: NDArray, *, size: int) -> NDArray:
    """Sum of `values` by `group`, exact."""
    total = np.zeros(size, np.int64)
    np.add.at(total, group, values)
    return total
