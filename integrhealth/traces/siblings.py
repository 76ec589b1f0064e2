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

    What would wait may have slack of its own, so that it is passed on from the last sibling to the first: a round for
    each that hands it on, over the groups in which the last round changed anything.
    """
    last = np.zeros(int(event.group[-1]) + 1, np.int64)
    waited = ~mine.free
    np.maximum.at(last, mine.group[waited], mine.end[waited])
    slack = np.where(mine.on, 0, np.minimum(mine.most, np.where(mine.free, NEVER, last[mine.group] - mine.end)))
    followers = np.flatnonzero(mine.before >= 0)
    lies = np.flatnonzero(~mine.on & waited)
    live = np.arange(len(event.item))
    while len(lies):
        place = np.full(len(event.item), NO_ROW)
        place[live] = np.arange(len(live))
        latest = np.full(len(live), NEVER)
        latest[place[opens[followers]]] = mine.end[mine.before[followers]] + slack[followers]
        reached = _least_after(latest, event.group[live])[place[closes[lies]]]
        less = np.minimum(slack[lies], reached - mine.end[lies])
        changed = np.zeros(len(last), bool)
        changed[mine.group[lies[less < slack[lies]]]] = True
        slack[lies] = less
        live = live[changed[event.group[live]]]
        followers, lies = (rows[changed[mine.group[rows]]] for rows in (followers, lies))
    return slack


def _least_after(values: NDArray, group: NDArray) -> NDArray:
    """By place the least of the `values` that come after it in the same `group`, whose places lie together."""
    size = len(values)
    order = np.argsort(values, kind="stable")
    rank = np.empty(size, np.int64)
    rank[order] = np.arange(size)
    number = np.append(0, np.cumsum(group[1:] != group[:-1])) if size else rank
    least = np.minimum.accumulate((number * size + rank)[::-1])[::-1]
    after = np.append(least[1:], NO_ROW)
    same = np.append(number[1:] == number[:-1], False)
    return np.where(same, values[order[np.where(same, after % max(size, 1), 0)]], NEVER)


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
