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

from integrhealth.traces.ancestry import NO_ROW, roots

# Siblings may overlap by this share of their parent and still follow each other (CRISP's allowance for clock skew).
OVERLAP_ALLOWANCE = 0.01
NEVER = np.iinfo(np.int64).max // 4


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


@dataclass(frozen=True)
class Path:
    """The messages on the critical path, each with its window and what of it was its own.

    ``parent`` is the message whose window holds this one, or -1 on the spine. ``own`` is the window less those of
    the children on the path. ``gap`` lies before the window, in no message. ``drag`` is how much the own time could
    shrink before something beside it limits the journey.
    """

    on: NDArray
    parent: NDArray
    start: NDArray
    end: NDArray
    own: NDArray
    gap: NDArray
    drag: NDArray


def critical_path(times: Times, *, depth: NDArray) -> tuple[Times, Spine, Path]:
    """The path through every journey at once, with the spines it follows and the times as it takes them.

    Where two trees of a journey overlap within the allowance, the later one is taken to begin when the earlier ends.
    """
    trunk = spine(times, depth=depth)
    trees = np.flatnonzero(times.parent < 0)
    followed, tree_margin, reached = _tree_chain(times, trunk, trees)
    early = times.start[trees] < reached
    if early.any():
        floor = np.zeros(len(times.start), np.int64)
        floor[trees[early]] = reached[early]
        floor = floor[trunk.top]
        later = {name: np.maximum(getattr(times, name), floor) for name in ("start", "done", "end")}
        times = replace(times, **later)
        trunk = spine(times, depth=depth)
    tree_on, tree_slack = np.zeros(len(times.start), bool), np.full(len(times.start), NEVER)
    tree_on[trees], tree_slack[trees] = followed, tree_margin
    gap = trunk.gap.copy()
    gap[trees] = times.start[trees] - reached
    return times, trunk, _steps(times, trunk, gap, tree_on=tree_on[trunk.top], tree_slack=tree_slack[trunk.top])


def _tree_chain(times: Times, trunk: Spine, trees: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """By tree of `trees`: whether it is on the path, its margin, and when the tree before it on the path ended."""
    start, end, journey = times.start[trees], trunk.tree_end[trees], times.journey[trees]
    longest = np.zeros(int(journey.max(initial=-1)) + 1, np.int64)
    np.maximum.at(longest, journey, end)
    followed, margin, before = chains(start, end, journey, allowance=OVERLAP_ALLOWANCE * longest[journey])
    return followed, margin, np.where(followed & (before >= 0), end[before], 0)


def _steps(times: Times, trunk: Spine, gap: NDArray, *, tree_on: NDArray, tree_slack: NDArray) -> Path:
    """The messages on the path: the spines of the trees on it, and what their windows waited for."""
    up = np.where(times.waited & ~trunk.on, times.parent, NO_ROW)
    start = over_ancestors(np.where(trunk.on, trunk.start, times.start), up, np.maximum)
    end = over_ancestors(np.where(trunk.on, trunk.end, times.end), up, np.minimum)
    inside = (end > start) | ((end == start) & (times.end == times.start))
    hangs = over_ancestors(trunk.on | (inside & (up >= 0)), up, np.logical_and)
    steps = np.flatnonzero(hangs & ~trunk.on)
    opens, closes, parent = start[steps], end[steps], times.parent[steps]
    room = end - start
    followed, margin, _ = chains(opens, closes, parent, allowance=OVERLAP_ALLOWANCE * room[parent])
    own = room - _total(parent, np.where(followed, closes - opens, 0), size=len(room))
    if (own < 0).any():  # overlaps that do not fit into the parent: its children must not overlap at all
        allowance = np.where(own < 0, 0, OVERLAP_ALLOWANCE * room)
        followed, margin, _ = chains(opens, closes, parent, allowance=allowance[parent])
        own = room - _total(parent, np.where(followed, closes - opens, 0), size=len(room))
    chosen, slack = tree_on & trunk.on, np.where(trunk.on, np.minimum(trunk.margin, tree_slack), NEVER)
    chosen[steps], slack[steps] = followed, margin
    on = over_ancestors(chosen, up, np.logical_and)
    drag = np.minimum(own, over_ancestors(slack, up, np.minimum))
    return Path(on, up, start, end, own, gap, drag)


def _total(group: NDArray, values: NDArray, *, size: int) -> NDArray:
    """Sum of `values` by `group`, exact."""
    total = np.zeros(size, np.int64)
    np.add.at(total, group, values)
    return total


def over_ancestors(values: NDArray, up: NDArray, ufunc: np.ufunc) -> NDArray:
    """`ufunc` (maximum, minimum, logical_and) over each row and its ancestors along `up` (-1: the top), by doubling."""
    reached, jump = values.copy(), up.copy()
    active = np.flatnonzero(jump >= 0)
    while len(active):
        ahead = jump[active]
        reached[active] = ufunc(reached[active], reached[ahead])
        jump[active] = jump[ahead]
        active = active[jump[active] >= 0]
    return reached


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


def chains(start: NDArray, end: NDArray, group: NDArray, *, allowance: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Which siblings follow each other on the path: whether each is on it, its margin, and its predecessor or -1.

    Per `group` from the sibling that ends last; before it comes the one that ends last at or before its start, or one
    that overlaps it by less than `allowance` with no third start or end there. Ties go to the longer, then the
    earlier row. The margin is how much later a sibling on the path ends than the last one off the path beside it.
    """
    size = len(start)
    event = _events(start, end, group)
    places = np.arange(len(event.item))
    first = np.append(True, event.group[1:] != event.group[:-1]) if len(places) else np.zeros(0, bool)
    begins = np.maximum.accumulate(np.where(first, places, 0))
    ended = np.maximum.accumulate(np.where(event.ends, places, -1))
    ended = np.append(-1, ended[:-1]) if len(places) else ended
    opens = np.flatnonzero(event.starts)
    before = np.full(size, NO_ROW)
    earlier = ended[opens]
    follows = earlier >= begins[opens]
    before[event.item[opens[follows]]] = event.item[earlier[follows]]
    _allow_overlap(before, event, opens, allowance=allowance)
    heads = event.item[np.append(first[1:], True)] if len(places) else np.zeros(0, np.int64)
    on = _reached(heads, before)
    free = np.maximum.accumulate(np.where(event.ends & ~on[event.item], places, -1))
    closes = np.flatnonzero(event.ends)
    rival = free[closes]
    item = event.item[closes]
    beside = (rival >= begins[closes]) & (event.time[rival] > start[item])
    margin = np.full(size, NEVER)
    margin[item[beside]] = end[item[beside]] - event.time[rival[beside]]
    return on, margin, before


@dataclass(frozen=True)
class _Events:
    item: NDArray
    group: NDArray
    time: NDArray
    ends: NDArray
    starts: NDArray


def _events(start: NDArray, end: NDArray, group: NDArray) -> _Events:
    """Starts and ends by group and time; at one instant ends come first, then siblings of no length, then starts."""
    items = np.arange(len(start))[::-1]  # reversed, so that of equals the first row sorts last and is met first
    brief = start[items] == end[items]
    long = items[~brief]
    item = np.concatenate([items, long])
    time = np.concatenate([end[items], start[long]])
    kind = np.concatenate([brief.astype(np.int64), np.full(len(long), 2)])
    order = np.lexsort((-start[item], time * 3 + kind, group[item]))
    item, kind = item[order], kind[order]
    return _Events(item, group[item], time[order], kind < 2, kind > 0)


def _allow_overlap(before: NDArray, event: _Events, opens: NDArray, *, allowance: NDArray) -> None:
    """Let a sibling come before one that began just before it ended: in place, where no third event lies there."""
    opens = opens[(opens + 1 < len(event.item)) & ~event.ends[opens]]
    after = opens + 1
    later, earlier = event.item[opens], event.item[after]
    overlap = event.time[after] - event.time[opens]
    fits = event.ends[after] & ~event.starts[after] & (event.group[after] == event.group[opens]) & (earlier != later)
    fits &= overlap < allowance[later]
    padded_time, padded_group = np.append(event.time, [0, 0]), np.append(event.group, [-1, -1])
    for beside, instant in ((opens - 1, event.time[opens]), (after + 1, event.time[after])):
        fits &= (padded_group[beside] != event.group[opens]) | (padded_time[beside] != instant)
    before[later[fits]] = earlier[fits]


def _reached(heads: NDArray, before: NDArray) -> NDArray:
    """Rows reached from `heads` along `before`, by doubling."""
    reached = np.zeros(len(before), bool)
    reached[heads] = True
    jump, frontier = before.copy(), heads
    while len(frontier):
        further = jump[np.flatnonzero(reached)]
        further = further[further >= 0]
        frontier = further[~reached[further]]
        reached[further] = True
        active = np.flatnonzero(jump >= 0)
        jump[active] = jump[jump[active]]
    return reached
