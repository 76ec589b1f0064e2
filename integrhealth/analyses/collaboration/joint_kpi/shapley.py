"""Exact Shapley values and interactions of many games at once, each with the same few players.

A game is a row of 2^n values: that of column c is the value of the coalition of the players whose bits are set in c.
"""

from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray


def coalitions_without(players: int, *absent: int) -> NDArray:
    """The coalitions of so many `players` in which none of the `absent` is."""
    every = np.arange(2**players)
    return every[(every & sum(1 << player for player in absent)) == 0]


def _weights(coalitions: NDArray, others: int) -> NDArray:
    """|S|! (others - |S|)! of each coalition: in how many orders of `others` and one more exactly S comes before it."""
    sizes = np.bitwise_count(coalitions)
    return np.array([factorial(size) * factorial(others - size) for size in range(others + 1)], float)[sizes]


def shapley_values(values: NDArray) -> NDArray:
    """Games x players: what a player adds when it comes to those before it, on average over all orders of players.

    Differences come first, so that a player who changes nothing has exactly zero (Shapley 1953).
    """
    players = values.shape[1].bit_length() - 1
    phi = np.zeros((len(values), players))
    for player in range(players):
        before = coalitions_without(players, player)
        added = values[:, before | 1 << player] - values[:, before]
        phi[:, player] = added @ _weights(before, players - 1) / factorial(players)
    return phi


def interactions(values: NDArray) -> dict[tuple[int, int], NDArray]:
    """For each pair of players: what both add beyond what each adds alone, averaged likewise with the pair as one.

    The Shapley interaction index (Grabisch and Roubens 1999): above zero where it takes both, below where either does.
    """
    players = values.shape[1].bit_length() - 1
    index = {}
    for one, other in combinations(range(players), 2):
        before, bits = coalitions_without(players, one, other), (1 << one, 1 << other)
        both, first, second = (values[:, before | bit] for bit in (bits[0] | bits[1], *bits))
        beyond = both - first - second + values[:, before]
        index[one, other] = beyond @ _weights(before, players - 2) / factorial(players - 1)
    return index
