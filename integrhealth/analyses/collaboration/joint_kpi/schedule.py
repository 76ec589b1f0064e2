"""The stages of orders run anew, some departments as they happened and the others as planned, so that slack absorbs.

A stage follows all that were planned before it and did not end after it: what ended later it cannot have waited for.
As planned it begins with its planned start, which is the planned end of the last of those, or later when they are done
later, and takes as long as planned. As it happened it takes as long as it did from when they were done. Where they were
done early nobody logged when it began: some time from then to its planned start, taken to be when makes it closest to
its plan. So a stage that only waited for others took no longer than planned, and early ends help those that use them.
A stage that follows none has no start: it is early or late by its end alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Before every time of any log, and far enough from the end of the numbers to add to.
LONG_AGO = np.int64(-(2**61))


@dataclass(frozen=True)
class Stages:
    """Orders with equally many stages each, which stand in the order of the plan: arrays of orders x stages.

    Times in microseconds; an unfinished stage has its earliest possible end. ``department`` is a number.
    """

    department: NDArray
    planned: NDArray
    finished: NDArray
    after: NDArray


@dataclass(frozen=True)
class Timing:
    """When each stage begins unless it waits and how long it takes, as planned and as it happened, and what it follows.

    ``follows`` is orders x stages x stages.
    """

    planned_start: NDArray
    planned_for: NDArray
    start: NDArray
    took: NDArray
    follows: NDArray

    @property
    def deviates(self) -> NDArray:
        """Stages that did not happen as planned."""
        return (self.took != self.planned_for) | (self.start != self.planned_start)

    @property
    def slow(self) -> NDArray:
        """Stages that took longer than planned."""
        return self.took > self.planned_for


def with_earliest_ends(planned: NDArray, finished: NDArray, unfinished: NDArray, end: int) -> NDArray:
    """`finished` with the earliest end of each of the `unfinished`: not before the log's `end`, nor sooner than planned
    after all that is planned before it."""
    ends = finished.copy()
    for stage in range(planned.shape[1]):
        before = planned[:, :stage] < planned[:, [stage]]
        ready, planned_ready = (_latest(times[:, :stage], before) for times in (ends, planned))
        takes = planned[:, stage] - planned_ready
        goes_on = np.where(before.any(axis=1), np.maximum(ready, planned_ready) + takes, planned[:, stage])
        ends[:, stage] = np.where(unfinished[:, stage], np.maximum(end, goes_on), finished[:, stage])
    return ends


def _latest(times: NDArray, of: NDArray) -> NDArray:
    return np.where(of, times, LONG_AGO).max(axis=1, initial=LONG_AGO)


def timing(stages: Stages) -> Timing:
    """What the planned and the actual ends say of the start and the length of each stage."""
    planned, finished = stages.planned, stages.finished
    follows = (planned[:, None, :] < planned[:, :, None]) & (finished[:, None, :] <= finished[:, :, None])
    first = ~follows.any(axis=2)
    ready = np.where(follows, finished[:, None, :], LONG_AGO).max(axis=2)
    planned_start = np.where(first, planned, np.where(follows, planned[:, None, :], LONG_AGO).max(axis=2))
    planned_for = planned - planned_start
    least = finished - np.maximum(ready, planned_start)
    most = np.where(first, least, finished - ready)
    took = np.clip(planned_for, least, most)
    start = np.where(first, planned, np.minimum(finished - took, planned_start))
    return Timing(planned_start, planned_for, start, took, follows)


def delivered(stages: Stages, run: Timing, player: NDArray, players: int) -> NDArray:
    """Orders x coalitions: when the delivery of each order ends with the stages of a coalition as they happened.

    `player` is the number of the department among the `players` of its order, orders x stages; -1 is in no coalition.
    """
    orders, count = stages.planned.shape
    ends = np.empty((orders, count, 2**players), np.int64)
    for stage in range(count):
        follows = run.follows[:, stage, :stage, None]
        ready = np.where(follows, ends[:, :stage], LONG_AGO).max(axis=1, initial=LONG_AGO)
        happened = in_coalition(player[:, stage], players)
        start = np.where(happened, run.start[:, [stage]], run.planned_start[:, [stage]])
        takes = np.where(happened, run.took[:, [stage]], run.planned_for[:, [stage]])
        ends[:, stage] = np.maximum(ready, start) + takes
    return np.where(stages.after[:, :, None], LONG_AGO, ends).max(axis=1)


def in_coalition(player: NDArray, players: int) -> NDArray:
    """Whether each `player` is in each coalition of so many `players`, along a further axis."""
    bits = np.arange(2**players) >> np.maximum(player, 0)[..., None] & 1
    return (bits == 1) & (player >= 0)[..., None]
