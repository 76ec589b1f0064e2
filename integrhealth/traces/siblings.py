"""Siblings in time: which of them follow each other on the path, and how much room those beside the path have.

What begins when another has ended waits for all that have ended by then, and whoever asked for them waits for all of
them: the order of the clocks is read as one of cause. From that follow, for any number of groups at once,

* the *slack* of a sibling beside the path: how much longer it could take before anything had to wait for it (the
  total float of a network plan: Kelley and Walker, Critical-Path Planning and Scheduling, 1959), and
* the *margin* of one on the path: the least slack of what runs beside it. By so much it can shrink and what follows
  begins earlier one for one (its drag: Devaux, Total Project Control, 1999).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from integrhealth.traces.ancestry import NO_ROW

NEVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True)
class Rooms:
    """What siblings leave each other: slack by sibling, and margin, NEVER where nothing is beside; their parent's part.

    ``section`` numbers the times without a pause between siblings: what lies in another one is limited by others.
    By group, ``covered`` is the time in which siblings run and none that is on the path, ``beside`` their least slack.
    """

    slack: NDArray
    margin: NDArray
    section: NDArray
    covered: NDArray
    beside: NDArray


def chains(start: NDArray, end: NDArray, group: NDArray, *, allowance: NDArray) -> tuple[NDArray, NDArray]:
    """Which siblings follow each other on the path: whether each is on it, and its predecessor or -1.

    Per `group` from the sibling that ends last; before it comes the one that ends last at or before its start, or one
    that overlaps it by less than `allowance` with no third start or end there. Ties go to the longer, then the
    earlier row.
    """
    size = len(start)
    event = _events(start, end, group)
    opens = np.flatnonzero(event.starts)
    before = np.full(size, NO_ROW)
    before[event.item[opens]] = _last_before(event, event.ends)[opens]
    _allow_overlap(before, event, opens, allowance=allowance)
    last = np.append(event.group[1:] != event.group[:-1], True) if len(opens) else np.zeros(0, bool)
    return _reached(event.item[last], before), before


@dataclass(frozen=True)
class Siblings:
    """Siblings with what `chains` says of them; the last rows are ``free``, which nobody waits for.

    ``most`` bounds the slack of each from outside the group, and is that of a free one.
    """

    start: NDArray
    end: NDArray
    group: NDArray
    on: NDArray
    before: NDArray
    most: NDArray
    free: NDArray


def rooms(siblings: Siblings, *, groups: int) -> Rooms:
    """The room that siblings leave each other in each of so many `groups`."""
    size = len(siblings.start)
    off = ~siblings.on
    slack, margin, section = np.where(off, siblings.most, 0), np.full(size, NEVER), np.full(size, NO_ROW)
    covered, beside = np.zeros(groups, np.int64), np.full(groups, NEVER)
    mixed = np.zeros(groups, bool)
    mixed[siblings.group[off]] = True
    rows = np.flatnonzero(mixed[siblings.group])
    if not len(rows):
        return Rooms(slack, margin, section, covered, beside)
    place = np.full(size + 1, NO_ROW)
    place[rows] = np.arange(len(rows))
    mine = Siblings(
        *(getattr(siblings, name)[rows] for name in ("start", "end", "group", "on")),
        place[siblings.before[rows]],
        siblings.most[rows],
        siblings.free[rows],
    )
    event = _events(mine.start, mine.end, mine.group)
    sent = event.starts & mine.free[event.item]
    mine.before[event.item[sent]] = _last_before(event, event.ends & ~mine.free[event.item])[sent]
    opens, closes = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
    opens[event.item[event.starts]] = np.flatnonzero(event.starts)
    closes[event.item[event.ends]] = np.flatnonzero(event.ends)
    slack[rows] = floats = _floats(mine, event, opens, closes)
    lies = np.flatnonzero(~mine.on)
    step = event.starts.astype(np.int64) - event.ends
    active = np.cumsum(step)
    section[rows] = np.cumsum(event.starts & (active - step == 0))[opens]
    margin[rows] = _least_beside(mine.on, opens, closes, floats)
    # The clock of the parent's own work stands still while a sibling on the path is under way.
    lasts = np.append(np.where(event.group[1:] == event.group[:-1], np.diff(event.time), 0), 0)
    lasts[np.cumsum(step * mine.on[event.item]) > 0] = 0
    np.add.at(covered, event.group, np.where(active > 0, lasts, 0))
    own = np.append(0, np.cumsum(lasts))
    lies = lies[own[closes[lies]] > own[opens[lies]]]
    np.minimum.at(beside, mine.group[lies], floats[lies])
    return Rooms(slack, margin, section, covered, beside)


def _floats(mine: Siblings, event: "_Events", opens: NDArray, closes: NDArray) -> NDArray:
    """The slack of each: zero on the path, else until the first sibling, or the parent, that would wait for it.

    The shortest way from its end to the end of the group: past the end of another costs the time by which that ended
    later, along a sibling that waits for all before it nothing, and for whoever runs on its own what it may be late.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    size = len(event.item)
    number = np.append(0, np.cumsum(event.group[1:] != event.group[:-1]))
    before = np.arange(size) + number  # the instant just before each event; each group has one more at its end
    ends = event.ends & ~mine.free[event.item]
    last = _last_before(event, ends)
    reached = np.where(last >= 0, mine.end[last], event.time)
    past = np.where(ends, event.time - reached, 0)
    starts = np.flatnonzero(event.starts & (mine.before[event.item] >= 0))
    item = event.item[starts]
    late = np.maximum(0, mine.end[mine.before[item]] - reached[starts])
    waits, bounded = ~mine.free[item], mine.most[item] < NEVER
    brief = np.zeros(size, bool)
    brief[starts[waits]] = event.ends[starts[waits]]
    walks = np.flatnonzero(~brief)
    sink = size + int(number[-1]) + 1
    ways = (
        (before[walks], before[walks] + 1, past[walks]),
        (before[starts[waits]], before[closes[item[waits]]] + 1, late[waits]),
        (before[starts[bounded]], np.full(int(bounded.sum()), sink), late[bounded] + mine.most[item[bounded]]),
        (_ends_of_groups(event, before), np.full(int(number[-1]) + 1, sink), np.zeros(int(number[-1]) + 1, np.int64)),
    )
    start, end, cost = (np.concatenate(each) for each in zip(*ways, strict=True))
    # Sums of whole microseconds are exact in floating point.
    back = csr_array((cost.astype(float), (end, start)), shape=(sink + 1, sink + 1))
    way = dijkstra(back, indices=sink)[before[closes] + 1]
    room = np.where(np.isfinite(way), way, NEVER).astype(np.int64)
    return np.where(mine.on, 0, np.where(mine.free, mine.most, np.minimum(mine.most, room)))


def _ends_of_groups(event: "_Events", before: NDArray) -> NDArray:
    """The instant after the last event of each group."""
    return before[np.append(event.group[1:] != event.group[:-1], True)] + 1


def _least_beside(on: NDArray, opens: NDArray, closes: NDArray, slack: NDArray) -> NDArray:
    """For each that is `on` the path the least slack of the others that are under way together with it; else NEVER.

    Each of the others covers a run of those on the path: two overlapping runs of a power of two, handed down by halves.
    """
    margin = np.full(len(on), NEVER)
    path = np.flatnonzero(on)
    path = path[np.argsort(opens[path], kind="stable")]
    others = np.flatnonzero(~on)
    first = np.searchsorted(closes[path], opens[others], "right")
    length = np.searchsorted(opens[path], closes[others], "left") - first
    covering = length > 0
    first, length, least = first[covering], length[covering], slack[others[covering]]
    level = np.frexp(length)[1] - 1
    runs = np.full(len(path), NEVER)
    for half in range(int(level.max(initial=0)), -1, -1):
        mine = level == half
        for begins in (first[mine], first[mine] + length[mine] - (1 << half)):
            np.minimum.at(runs, begins, least[mine])
        if half:
            step = 1 << (half - 1)
            runs[step:] = np.minimum(runs[step:], runs[:-step].copy())
    margin[path] = runs
    return margin


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


def _last_before(event: _Events, which: NDArray) -> NDArray:
    """By place the item of the last of the events `which` in the same group before it, or -1."""
    places = np.arange(len(event.item))
    first = np.append(True, event.group[1:] != event.group[:-1])[: len(places)]
    begins = np.maximum.accumulate(np.where(first, places, 0))
    latest = np.append(-1, np.maximum.accumulate(np.where(which, places, -1)))[:-1]
    return np.where(latest >= begins, event.item[latest], NO_ROW)


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
