"""Counts of calls that went otherwise, by window: how many more than usual, and how wide such a count is.

A count out of calls does not move with the traffic, one very slow call is one call, and its spread is that of a coin.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.error_propagation.root_cause.windows import Kind, Windows, deviation, median
from integrhealth.language.thresholds import LONG_BINS, MIN_NEARBY_CALLS, QUIET_SIGMAS, WINDOW_BINS

# With fewer calls in a window its share is no share.
FEWEST_CALLS = 3


@dataclass(frozen=True)
class Counts:
    """Counts by window and series: ``keys`` names the series, ``hit`` of ``calls`` in the windows.

    ``expected`` is the usual share of hits, ``surplus`` how many more there were (or fewer), ``coin`` the variance of
    a count that is drawn call by call, ``restless`` what the quiet windows vary by beyond that.
    """

    keys: pl.DataFrame
    hit: NDArray
    calls: NDArray
    expected: NDArray
    surplus: NDArray
    coin: NDArray
    restless: NDArray


def used_bins(window: Windows) -> NDArray:
    """The bins that the windows and the half hours before them are made of."""
    offsets = np.concatenate([window.before_offsets, np.arange(LONG_BINS)])
    return np.unique(window.starts[:, None] + offsets[None, :])


def table(bins: NDArray, bin_: NDArray, column: NDArray, size: int, weight: NDArray | None = None) -> NDArray:
    """Rows (or their `weight`) by bin and column, a last row of zeros for bins that are not there."""
    place = np.minimum(np.searchsorted(bins, bin_), len(bins) - 1)
    used = bins[place] == bin_
    flat = np.bincount(
        place[used] * size + column[used], None if weight is None else weight[used], (len(bins) + 1) * size
    )
    return flat.reshape(len(bins) + 1, size).astype(float)


def counts(
    keys: pl.DataFrame,
    hits: NDArray,
    calls: NDArray,
    bins: NDArray,
    window: Windows,
    *,
    usual: NDArray | None = None,
    variance: NDArray | None = None,
    length: int = WINDOW_BINS,
    rare: bool = False,
) -> Counts:
    """Tables of `hits` and `calls` summed over windows of so many bins (`length`); `keys` names their columns.

    `usual` is the usual share, or what the quiet windows say; `variance` that of one call, or that of a coin.
    """
    inside, before = (window.picked(bins, offsets) for offsets in (np.arange(length), window.before_offsets))
    hit, made = (part[inside].sum(1) for part in (hits, calls))
    made_before = calls[before].sum(1)
    quiet = np.where(made[1:] >= FEWEST_CALLS, made[1:], np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = hit / made
        pooled = hit[1:].sum(0) / made[1:].sum(0)
        share_before = hits[before[0]].sum(0) / made_before[0]
    shares = np.where(np.isnan(quiet), np.nan, share[1:])
    middle = median(shares, 0) if usual is None else usual
    expected = np.where(np.isnan(middle), pooled, middle)
    expected = np.nan_to_num(np.where(np.isnan(expected), share_before, expected))
    nearby = np.array([_calmest(hits[places], calls[places], expected) for places in before])
    nearby = np.where(made_before >= MIN_NEARBY_CALLS, nearby, np.nan)
    early_hit, early_made = (part[inside[:, : inside.shape[1] // 2]].sum(1) for part in (hits, calls))
    with np.errstate(divide="ignore", invalid="ignore"):
        early = np.where(early_made >= MIN_NEARBY_CALLS, early_hit / early_made, np.nan)
        if rare:
            # A half with few of few hits differs from the whole by chance.
            chance = QUIET_SIGMAS * np.sqrt(share * (1 - share) / early_made)
            early = early + np.clip(share - early, -chance, chance)
    # What began only in the second half of the window did not come of the change.
    surplus = np.nan_to_num(_lesser(deviation(share, expected, nearby), early - expected)) * made
    usual_calls = np.fmax(made[1:].sum(0), made_before[0])
    likely = (expected * usual_calls + 0.5) / (usual_calls + 1)
    # More often than once per call: a count of rare events.
    coin = np.where(likely <= 1, likely * (1 - np.minimum(likely, 1)), likely) if variance is None else variance
    apart = np.nan_to_num(1.4826 * median(np.abs(shares - expected), 0)) ** 2
    restless = np.maximum(apart - coin / np.fmax(median(quiet, 0), 1), 0)
    return Counts(keys, hit, made, expected, surplus, coin * made, restless * made**2)


def _lesser(one: NDArray, other: NDArray) -> NDArray:
    """The smaller of two deviations, 0 where they disagree; `one` where there is no `other`."""
    both = np.where(np.sign(one) == np.sign(other), np.sign(one) * np.minimum(np.abs(one), np.abs(other)), 0)
    return np.where(np.isnan(other), one, both)


def _calmest(hit: NDArray, calls: NDArray, expected: NDArray) -> NDArray:
    """The share of the bins before that is nearer to the usual one than in three of four of them.

    What has drifted is far from it in all bins; another incident in the half hour before is no drift.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.where(calls >= FEWEST_CALLS, hit / calls, np.nan) - expected
        pooled = hit.sum(0) / calls.sum(0)
    order = np.argsort(np.abs(far), axis=0)
    place = np.maximum((~np.isnan(far)).sum(0) - 1, 0) // 4
    calmest = np.take_along_axis(far, np.take_along_axis(order, place[None], 0), 0)[0] + expected
    return np.where(np.isnan(calmest), pooled, calmest)


def beyond_all(counted: Counts) -> Counts:
    """`counted` without what more than half of all series show in the same window: all are slow at a peak of traffic.

    The spread of a count grows with it, and what they differ by around that is noise of all.
    """
    with np.errstate(invalid="ignore"):
        share = np.where(counted.calls >= FEWEST_CALLS, counted.surplus / np.maximum(counted.calls, 1), np.nan)
    common = np.clip(np.nan_to_num(median(share, 1)), 0, None)[:, None]
    apart = 1.4826 * np.nan_to_num(median(np.abs(share - common), 1))[:, None]
    apart = np.where(common > 0, apart, 0)
    left = np.sign(counted.surplus) * np.maximum(np.abs(counted.surplus) - common * counted.calls, 0)
    return replace(
        counted,
        surplus=np.where(counted.surplus > 0, left, counted.surplus),
        coin=counted.coin * (1 + common / np.maximum(counted.expected, 1e-9)) + (apart * counted.calls) ** 2,
    )


def by_system(values: NDArray, column_systems: NDArray, size: int) -> NDArray:
    """Columns of `values` added up by the system of each."""
    total = np.zeros((len(values), size))
    np.add.at(total.T, column_systems, values.T)
    return total


def summed(
    name: str,
    counted: Counts,
    size: int,
    describe: Callable[[dict, Counts, int], str],
    *,
    local: bool,
    window: Windows,
    length: int = WINDOW_BINS,
) -> Kind:
    """A kind whose evidence adds up over the series of a system."""
    at = counted.keys["system"].to_numpy()
    excess, noise = (by_system(values, at, size) for values in (counted.surplus, counted.coin))
    sentence = most_of(counted, [at], describe, window, length)
    return Kind(name, excess, excess / np.sqrt(noise + 0.5), local, not local, sentence)


def most_of(
    counted: Counts,
    ends: list[NDArray],
    describe: Callable[[dict, Counts, int], str],
    window: Windows,
    length: int = WINDOW_BINS,
) -> Callable[[int], str]:
    """Says of a system what its series with the largest surplus shows, a series being of all its `ends`."""

    def sentence(system: int) -> str:
        of_it = np.any([end == system for end in ends], axis=0)
        column = int(np.argmax(np.where(of_it, counted.surplus[0], -np.inf)))
        what = describe(counted.keys.row(column, named=True), counted, column)
        return f"{what} (n={counted.calls[0, column]:,.0f}, {window.spanning(length)})"

    return sentence
