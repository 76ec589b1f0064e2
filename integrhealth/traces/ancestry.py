"""Walks along arrays of parent rows (-1 at a root): up by pointer doubling, down by levels."""

from collections.abc import Callable

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


def over_ancestors(values: NDArray, up: NDArray, join: Callable[[NDArray, NDArray], NDArray]) -> NDArray:
    """`join` (such as np.maximum) over each row and its ancestors along `up` (-1: the top), by doubling.

    `join` takes the values of nearer and of farther rows and must be associative.
    """
    reached, jump = values.copy(), up.copy()
    active = np.flatnonzero(jump >= 0)
    while len(active):
        ahead = jump[active]
        reached[active] = join(reached[active], reached[ahead])
        jump[active] = jump[ahead]
        active = active[jump[active] >= 0]
    return reached


def latest_below(values: NDArray, parent: NDArray, depth: NDArray) -> NDArray:
    """The largest of `values` over each row and all that hangs below it, level by level from the deepest up."""
    latest = values.copy()
    rows = np.argsort(depth, kind="stable")
    rows = rows[parent[rows] >= 0]
    for level in np.split(rows, np.flatnonzero(np.diff(depth[rows])) + 1)[::-1]:
        np.maximum.at(latest, parent[level], latest[level])
    return latest
