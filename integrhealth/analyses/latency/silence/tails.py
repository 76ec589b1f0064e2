"""How likely a value beyond all usual ones is, judged by the usual ones themselves.

What is judged has, where nothing is wrong, a tail that is exponential at most: messages missing in a gap, squared
sigmas of a day. The highest of the past values say how long that tail is (peaks over a threshold: Davison and Smith
1990), so that traffic that comes in bursts needs a longer gap than traffic that comes by the clock.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from integrhealth.language.thresholds import INCIDENT_SHARE, MIN_GAPS, TAIL_PARTS

# The tail of values that are all the same is taken to be this part of their mean.
LEAST_TAIL = 0.02


@dataclass(frozen=True)
class Tails:
    """Past values of each group, the highest first: ``begin`` and ``count`` say where those of a group stand."""

    values: NDArray
    begin: NDArray
    count: NDArray

    @property
    def judging(self) -> NDArray:
        """Whether a group has values enough to judge another by."""
        return self.count > MIN_GAPS

    @property
    def mean(self) -> NDArray:
        """The mean of each group; NaN without any."""
        return self._sum(self.count) / np.where(self.count > 0, self.count, np.nan)

    def chance(self, group: NDArray, value: NDArray, *, one_of_them: bool = False) -> NDArray:
        """The chance that a value of the `group` is at least `value`; NaN where it has too few.

        The mean excess over the highest part of them gives the tail, as uncertain as it rests on few values (Lomax);
        of several parts the one that allows more. The very highest may be incidents: of them it only counts that there
        were some. Nothing is rarer than it was seen; `one_of_them`: `value` is itself among those seen.
        """
        beyond = self._at_least(group, value) - one_of_them
        chance = beyond / np.maximum(self.count[group], 1)
        mean = np.where(self.mean > 0, self.mean, 1.0)
        for part in TAIL_PARTS:
            peaks = np.clip((self.count * part).astype(int), MIN_GAPS, np.maximum(self.count - 1, MIN_GAPS))
            incidents = np.maximum(np.ceil(peaks * INCIDENT_SHARE).astype(int), 1)
            threshold, cut = self._ranked(peaks), self._ranked(incidents)
            excess = self._sum(peaks) - self._sum(incidents) + incidents * cut - peaks * threshold
            left = peaks - incidents
            tail = np.maximum(excess / left, LEAST_TAIL * mean)
            # A moment is likelier to lie in a long gap than a gap is to be long.
            weight = peaks / np.maximum(self.count, 1) * np.maximum(tail / mean, 1.0)
            over = np.maximum(value - threshold[group], 0) / (left * tail)[group]
            chance = np.maximum(chance, weight[group] * (1 + over) ** -left[group])
        return np.where(self.judging[group], np.minimum(chance, 1.0), np.nan)

    def _ranked(self, rank: NDArray) -> NDArray:
        """The value of each group with so many above it; of the last one where it has not so many."""
        place = self.begin + np.minimum(rank, np.maximum(self.count - 1, 0))
        return np.append(self.values, 0.0)[np.minimum(place, len(self.values))]

    def _sum(self, first: NDArray) -> NDArray:
        """The sum of the highest values of each group, `first` being how many."""
        running = np.concatenate([[0.0], np.cumsum(self.values)])
        return running[self.begin + np.minimum(first, self.count)] - running[self.begin]

    def _at_least(self, group: NDArray, value: NDArray) -> NDArray:
        """How many values of the `group` are at least `value`: those above stand first."""
        key = np.repeat(np.arange(len(self.count)), self.count)
        order = np.lexsort((np.concatenate([self.values, value]) * -1, np.concatenate([key, group])))
        is_past = order < len(self.values)
        # Values that are the same as a past one stand behind it, since lexsort is stable.
        before = np.cumsum(is_past)
        place = np.empty(len(order), int)
        place[order] = before
        return place[len(self.values) :] - self.begin[group]


def tails(group: NDArray, values: NDArray, groups: int) -> Tails:
    """`values` by `group` (0 to `groups` - 1)."""
    order = np.lexsort((-values, group))
    count = np.bincount(group, minlength=groups)
    return Tails(values[order], np.cumsum(count) - count, count)
