"""Walks from rows up to their roots over arrays of parent rows (-1 at a root), by pointer doubling."""

import numpy as np
from numpy.typing import NDArray

NO_ROW = -1


def roots(parent: NDArray) -> tuple[NDArray, NDArray]:
    """The topmost row reachable from each row over `parent` (row numbers, -1 at a root), and who runs in a loop.

    A row in a loop, or leading into one, is its own top.
    """
    itself = np.arange(len(parent))
    jump = np.where(parent < 0, itself, parent)
    for _ in range(max(1, len(parent).bit_length())):
        further = jump[jump]
        if np.array_equal(further, jump):
            break
        jump = further
    looped = parent[jump] >= 0 if len(parent) else np.zeros(0, bool)
    return np.where(looped, itself, jump), looped


def depths(parent: NDArray) -> tuple[NDArray, NDArray]:
    """Links from each row up to its root, by pointer doubling, and which rows lie on a loop of parents."""
    size = len(parent)
    end = size  # a row beyond the last, where every path ends
    jump = np.append(np.where(parent < 0, end, parent), end)
    steps = np.append((parent >= 0).astype(np.int64), 0)
    for _ in range(max(1, size.bit_length())):
        if (jump == end).all():
            break
        steps = steps + steps[jump]
        jump = jump[jump]
    endless = jump[:size] != end
    if not endless.any():
        return steps[:size].astype(np.int32), endless
    # A jump of at least SIZE links from a row that never ends lands on a loop; the loop is what those landings reach.
    looped = np.zeros(size, bool)
    frontier = np.unique(jump[:size][endless])
    while len(frontier):
        looped[frontier] = True
        frontier = np.unique(parent[frontier])
        frontier = frontier[~looped[frontier]]
    cut = np.where(looped, NO_ROW, parent)
    return depths(cut)[0], looped
