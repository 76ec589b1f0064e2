"""How sure a change of contact is: its weeks in other orders.

Where a pair keeps its part of all contact, any order of the weeks is as likely as the one that came: so likely is a
change as orders give one as large. Whole weeks change their place, the pair's with those of all others, so that what
moved the whole company moves both. A factor lies in the interval while what is left of the change without it is one
that orders give.
"""

from functools import lru_cache
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from integrhealth.language.statistics import TAIL
from integrhealth.language.thresholds import SEED, WEEK_ORDERS

# Factors that are looked at: e to the power of minus so much, until so much, halved so many times.
FARTHEST, HALVINGS = 6.0, 14
# Orders alike in all but rounding.
ALIKE = 1e-7


def sigmas(after: NDArray, before: NDArray, others_after: NDArray, others_before: NDArray) -> NDArray:
    """How far contact after is from what the others' proportion gives, in standard deviations of such a count.

    Each of the four is a count or a sum of counts; 0 where the pair or the others have none.
    """
    contacts, others = after + before, others_after + others_before
    part = np.divide(others_after, others, out=np.zeros(np.shape(others)), where=others > 0)
    variance = contacts * part * (1 - part) * (1 + np.divide(contacts, others, out=part * 0, where=others > 0))
    spread = np.sqrt(variance)
    return np.divide(after - contacts * part, spread, out=np.zeros(np.shape(spread)), where=spread > 0)


def intervals(contacts: NDArray, others: NDArray, before: int) -> tuple[NDArray, NDArray, NDArray]:
    """Low and high of the factor by which contact changed, NaN where nothing bounds it, and the two-sided p-value.

    A row per go-live and a column per week, `before` of which come before it.
    """
    given = _Orders(contacts, others, before)
    one = np.zeros(len(contacts))
    p_value = np.minimum(2 * np.minimum(given.chance(one, -1), given.chance(one, 1)), 1)
    # With a factor too small what is left looks like a rise, with one too large like a fall.
    return given.bound(1), given.bound(-1), p_value


class _Orders:
    """The contacts that fall before and after the go-live in each order of the weeks (rows), per go-live (columns)."""

    def __init__(self, contacts: NDArray, others: NDArray, before: int) -> None:
        orders = _orders(before, contacts.shape[1])
        self.after = orders @ contacts.T
        self.before = contacts.sum(1) - self.after
        # Of all others, what really came before and after, each as it falls in the order.
        self.early, self.late = orders[:, :before] @ others[:, :before].T, orders[:, before:] @ others[:, before:].T
        self.all_early, self.all_late = others[:, :before].sum(1), others[:, before:].sum(1)

    def chance(self, factor: NDArray, side: int) -> NDArray:
        """The part of the orders that give as small (`side` -1) or large (1) a change, e to the `factor` taken out."""
        times = np.exp(factor)
        others_after = self.early + times * self.late
        others_before = self.all_early + times * self.all_late - others_after
        given = side * sigmas(self.after, self.before, others_after, others_before)
        return np.mean(given >= given[0] - ALIKE, axis=0)

    def bound(self, side: int) -> NDArray:
        """The factor nearest to the change that came which the orders rule out; NaN where they rule out none."""
        outside, inside = (np.full(len(self.all_early), sign * side * FARTHEST) for sign in (-1, 1))
        bounded = self.chance(outside, side) <= TAIL
        for _ in range(HALVINGS):
            middle = (outside + inside) / 2
            ruled_out = self.chance(middle, side) <= TAIL
            outside, inside = np.where(ruled_out, middle, outside), np.where(ruled_out, inside, middle)
        return np.where(bounded, np.exp(outside), np.nan)


@lru_cache(maxsize=128)
def _orders(before: int, weeks: int) -> NDArray:
    """Which weeks come after the go-live, in each of the orders; the first is the one that came."""
    after = weeks - before
    came = np.arange(weeks) >= before
    if comb(weeks, after) <= WEEK_ORDERS:
        chosen = np.zeros((comb(weeks, after), weeks), bool)
        for row, places in zip(chosen, combinations(range(weeks - 1, -1, -1), after), strict=True):
            row[list(places)] = True
        return chosen
    rng = np.random.default_rng(SEED)
    return np.vstack([came, rng.permuted(np.tile(came, (WEEK_ORDERS, 1)), axis=1)])
