"""The replay of a surge: a day's arrivals times a multiple, minute by minute, through queue and capacity.

Every system works off what waits in the order of arrival, its capacity's worth in a minute: Q(t+1) = max(0, Q + l -
mu), a fluid queue. All integrations of a system stand in one line. Who waits longer than his patience gives up and
tries again; the work is done all the same, for nobody. Nothing limits the line. The day is the first; the same day as
it really was follows it.

Arrays run over minutes last: [integrations or systems, scenarios, minutes]. A scenario is a multiple and a capacity.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAY = 1440
# Fewer messages than this are what rounding leaves of none.
NONE = 1e-6


@dataclass(frozen=True)
class Feeds:
    """What is replayed, one entry per integration and system, those of one system side by side.

    ``sent`` [feeds, minutes of the day] are the messages of the day; ``system`` is the place of each feed's system.
    ``limit`` and ``pause`` are minutes: until a sender gives up (inf: never), and from there to the next attempt.
    ``again`` [feeds, attempts] is the share of those that gave up that try again.
    """

    sent: NDArray
    system: NDArray
    limit: NDArray
    pause: NDArray
    again: NDArray


@dataclass(frozen=True)
class Replay:
    """What happened. ``backlog`` [systems, scenarios, minutes + 1] is what waits at the beginning of each minute.

    The others are [feeds, scenarios, minutes]: ``arrived``, of which ``retried`` were retries; ``timeouts`` are those
    that came in the minute and were to give up, ``lost`` those of them that did not try again.
    """

    capacity: NDArray
    backlog: NDArray
    arrived: NDArray
    retried: NDArray
    timeouts: NDArray
    lost: NDArray


def replayed(feeds: Feeds, multiples: NDArray, capacity: NDArray, *, days: int = 2) -> Replay:
    """`feeds` on a day times each of `multiples`, and on the days after it as they were.

    `multiples` [scenarios], `capacity` [systems, scenarios] in messages per minute, above 0.
    """
    new = np.concatenate(
        [feeds.sent[:, None, :] * multiples[None, :, None]]
        + [np.repeat(feeds.sent[:, None, :], len(multiples), axis=1)] * (days - 1),
        axis=2,
    )
    backlog = waiting(_by_system(new, feeds.system), capacity)
    nobody = np.zeros_like(new)
    replay = Replay(capacity, backlog, new, nobody, nobody, nobody)
    longest = (backlog.max(axis=2) / capacity)[feeds.system]
    leaving = np.isin(feeds.system, feeds.system[(longest > feeds.limit[:, None]).any(axis=1)])
    if not leaving.any():
        return replay
    # Only where somebody gives up does the day depend on itself: minute by minute, for those systems alone.
    places, system = np.unique(feeds.system[leaving], return_inverse=True)
    part = Feeds(feeds.sent[leaving], system, feeds.limit[leaving], feeds.pause[leaving], feeds.again[leaving])
    stepped = _stepped(part, new[leaving], capacity[places])
    arrays = {name: getattr(replay, name).copy() for name in ("arrived", "retried", "timeouts", "lost")}
    for name, array in arrays.items():
        array[leaving] = getattr(stepped, name)
    backlog = backlog.copy()
    backlog[places] = stepped.backlog
    return Replay(capacity, backlog, **arrays)


def waiting(load: NDArray, capacity: NDArray) -> NDArray:
    """What waits at the beginning of each minute and at the end: max(0, Q + l - mu), from none on.

    In one go, as the sum of l - mu less the lowest that it has been (Lindley 1952).
    """
    total = np.cumsum(load - capacity[..., None], axis=-1)
    total = np.concatenate([np.zeros_like(total[..., :1]), total], axis=-1)
    return total - np.minimum.accumulate(total, axis=-1)


def _by_system(values: NDArray, system: NDArray) -> NDArray:
    """Sums of feeds by system."""
    return np.add.reduceat(values, _starts(system), axis=0)


def _starts(system: NDArray) -> NDArray:
    """Where the feeds of each system begin; those of one system are side by side."""
    return np.flatnonzero(np.diff(system, prepend=-1))


def _stepped(feeds: Feeds, new: NDArray, capacity: NDArray) -> Replay:
    """The same with those that give up and try again: their wait is certain when they come, as the line is in order."""
    each, attempts, minutes = np.arange(len(new)), feeds.again.shape[1], new.shape[2]
    # A retry is load one minute later at the earliest; between two minutes it is split, so that the mean holds.
    lag = np.clip(np.where(np.isfinite(feeds.limit), feeds.limit + feeds.pause, 1), 1, minutes)
    early, later = np.floor(lag).astype(int), (lag % 1)[:, None, None]
    again, limit, starts = feeds.again[:, :, None], feeds.limit[:, None], _starts(feeds.system)
    # Minutes first, so that a step works on what lies side by side.
    new = np.ascontiguousarray(np.moveaxis(new, -1, 0))
    arrived, timeouts, lost = (np.zeros_like(new) for _ in range(3))
    wait = np.zeros((minutes + 1, *capacity.shape))
    tries = np.zeros((len(each), attempts, new.shape[2]))
    back = np.zeros((early.max() + 2, *tries.shape))
    last = -len(back)
    for minute in range(minutes):
        tries[:, 0] = new[minute]
        tries[:, 1:] = 0
        if minute - last < len(back):
            tries[:, 1:] += ((1 - later) * back[(minute - early) % len(back), each])[:, :-1]
            tries[:, 1:] += (later * back[(minute - early - 1) % len(back), each])[:, :-1]
        arrived[minute] = tries.sum(axis=1)
        before = wait[minute]
        after = before + np.add.reduceat(arrived[minute], starts, axis=0) / capacity - 1
        wait[minute + 1] = np.maximum(after, 0)
        back[minute % len(back)] = 0
        beyond = _beyond(limit, before[feeds.system], after[feeds.system])
        if beyond.any():
            leaving = tries * beyond[:, None]
            back[minute % len(back)] = leaving * again
            timeouts[minute] = leaving.sum(axis=1)
            lost[minute] = (leaving * (1 - again)).sum(axis=1)
            last = minute
    over_minutes = [np.moveaxis(each, 0, -1) for each in (wait * capacity, arrived, arrived - new, timeouts, lost)]
    return Replay(capacity, *over_minutes)


def _beyond(limit: NDArray, before: NDArray, after: NDArray) -> NDArray:
    """Share of those who come in a minute that wait beyond `limit`, the wait moving evenly between the two."""
    over = (np.maximum(before, after) - limit) / np.maximum(np.abs(after - before), NONE)
    return np.minimum(np.maximum(over, 0), 1)


def heads(replay: Replay) -> NDArray:
    """[systems, scenarios, minutes + 1]: the moment, in minutes, at which what stands first in the line had come."""
    times = np.arange(replay.backlog.shape[2], dtype=float)
    leaving = times + replay.backlog / replay.capacity[..., None]
    lines = leaving.reshape(-1, len(times))
    return np.stack([np.interp(times, line, times) for line in lines]).reshape(leaving.shape)


def oldest(replay: Replay) -> NDArray:
    """[systems, scenarios, minutes]: the greatest age of what stands first in the line, within each minute.

    Age grows until its turn comes, so it is greatest at an end of the minute or when one leaves who has waited most.
    """
    age = np.arange(replay.backlog.shape[2]) - heads(replay)
    most = np.maximum(age[..., :-1], age[..., 1:])
    wait = replay.backlog / replay.capacity[..., None]
    leaves = (np.arange(wait.shape[2]) + wait).astype(int)
    *line, came = np.nonzero(leaves < most.shape[2])
    np.maximum.at(most, (*line, leaves[(*line, came)]), wait[(*line, came)])
    return most


def backlogs(feeds: Feeds, replay: Replay) -> NDArray:
    """[feeds, scenarios, minutes + 1]: how much of what waits at each moment is of each feed.

    The line is in order: of each feed waits what came since the head of the line had come.
    """
    came = np.concatenate([np.zeros_like(replay.arrived[..., :1]), np.cumsum(replay.arrived, axis=2)], axis=2)
    head = heads(replay)[feeds.system]
    place = np.minimum(head.astype(int), came.shape[2] - 2)
    low, high = (np.take_along_axis(came, place + step, axis=2) for step in (0, 1))
    waits = came - (low + (head - place) * (high - low))
    return np.where(waits > NONE, waits, 0.0)


def longest_waits(feeds: Feeds, replay: Replay) -> NDArray:
    """[feeds, scenarios]: minutes that the one which waits longest has waited when its turn comes."""
    wait = (replay.backlog / replay.capacity[..., None])[feeds.system]
    comes = replay.arrived > NONE
    within = np.maximum(wait[..., :-1], wait[..., 1:])
    return np.where(comes, within, 0).max(axis=2)


def drain_minutes(feeds: Feeds, replay: Replay) -> NDArray:
    """[systems, scenarios]: minutes from the largest backlog to none; 0 where there is none, NaN where it remains.

    Beyond the replay the same day goes on and on: what is left then falls by what each day leaves of the capacity.
    It remains where that is nothing, and where senders still give up or have yet to come back.
    """
    backlog = replay.backlog
    peak = backlog.argmax(axis=2)
    surplus = replay.capacity[..., None] - _by_system(replay.arrived, feeds.system)
    minutes = surplus.shape[2]
    empties = (backlog[..., 1:] <= 0) & (np.arange(minutes) >= peak[..., None])
    first = empties.argmax(axis=2)[..., None]
    within = np.take_along_axis(backlog, first, 2) / np.maximum(np.take_along_axis(surplus, first, 2), NONE)
    drained = (first + within)[..., 0] - peak
    back = _by_system((replay.timeouts - replay.lost - replay.retried).sum(axis=2), feeds.system)
    leaving = _by_system(replay.timeouts[..., -1], feeds.system)
    ordinary = replay.capacity[..., None] - _by_system((replay.arrived - replay.retried)[..., -DAY:], feeds.system)
    beyond = np.where((back > NONE) | (leaving > NONE), np.nan, minutes - peak + _goes_on(backlog[..., -1], ordinary))
    drained = np.where(empties.any(axis=2), drained, beyond)
    return np.where(backlog.max(axis=2) > NONE, drained, 0)


def _goes_on(left: NDArray, surplus: NDArray) -> NDArray:
    """Minutes until what is `left` at the end is worked off, where every day leaves the same `surplus`; NaN: never."""
    worked = np.cumsum(surplus, axis=2)
    a_day, most = worked[..., -1], worked.max(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        days = np.where(left > most, np.ceil((left - most) / a_day), 0)
    ends = (a_day > NONE) | (left <= most)
    days = np.where(ends, days, 0)
    rest = (left - days * a_day)[..., None]
    first = (worked >= rest).argmax(axis=2)[..., None]
    short = np.take_along_axis(worked, first, 2) - rest
    minutes = days * surplus.shape[2] + (first + 1 - short / np.take_along_axis(surplus, first, 2))[..., 0]
    return np.where(ends, minutes, np.nan)
