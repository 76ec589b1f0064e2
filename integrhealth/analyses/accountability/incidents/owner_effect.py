"""How much longer incidents without an owner are searched for, the priority held equal: an association, no more."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.language.schema import COUNT, NUMBER, TEXT
from integrhealth.language.statistics import Z
from integrhealth.language.thresholds import MIN_INCIDENTS, RESAMPLES, SEED

MEASURES = ("search_hours", "fix_hours")
EFFECT = {
    "measure": TEXT,
    "owned": COUNT,
    "ownerless": COUNT,
    "owned_median": NUMBER,
    "ownerless_median": NUMBER,
    "extra_hours": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
    "p_value": NUMBER,
    "priorities": COUNT,
    "left_out": COUNT,
    "verdict": TEXT,
}
NOT_ENOUGH, LONGER, SHORTER, ALIKE = "not enough data", "longer without an owner", "shorter", "no difference seen"
# Halvings of the interval in which a shift is searched: to a billionth of it.
HALVINGS = 30
# Less than a half of one pair.
EVEN = 1e-9
# Permuted at once: what a million numbers need.
AT_ONCE = 1_000_000


def owner_effect(incidents: pl.DataFrame) -> pl.DataFrame:
    """One row each for search_hours and fix_hours: how much longer they are without an owner; `incidents` as
    ``phases.incidents`` gives them, those repaired.

    Compared are incidents of the same priority (Mann and Whitney 1947; over the priorities together: van Elteren 1960);
    where no incident has one, all with all. ``extra_hours`` is the shift at which the comparison is even (Hodges and
    Lehmann 1963), ``low`` and ``high`` are the shifts at which it is not yet significant; ``p_value`` by 1,000
    permutations of the owners within a priority, two-sided. ``left_out`` are incidents without a priority where others
    have one, and those of a priority of which all have an owner, or none.
    """
    judged = incidents.drop_nulls(["owned", *MEASURES]).select(
        "owned", "priority", *MEASURES, place=pl.col("incident").rank("ordinal")
    )
    if judged["priority"].null_count() == judged.height:
        judged = judged.with_columns(priority=pl.lit(""))
    compared = (
        judged.drop_nulls("priority")
        .filter(pl.col("owned").n_unique().over("priority") == 2)
        .sort("priority", "owned", "place")
    )
    counts = {
        "owned": judged["owned"].sum(),
        "ownerless": judged.height - judged["owned"].sum(),
        "priorities": compared.filter(pl.col("priority") != "")["priority"].n_unique(),
        "left_out": judged.height - compared.height,
    }
    if judged.is_empty():
        return pl.DataFrame(schema=EFFECT)
    rows = [counts | {"measure": measure} | _compared(compared, measure) for measure in MEASURES]
    return pl.DataFrame(rows, schema=EFFECT)


def _compared(compared: pl.DataFrame, measure: str) -> dict[str, object]:
    """The numbers of one measure; null, with a verdict that says so, where one side is too small."""
    owned = compared["owned"]
    if min(owned.sum(), compared.height - owned.sum()) < MIN_INCIDENTS:
        return {"verdict": NOT_ENOUGH}
    strata = [
        (part.filter(~pl.col("owned"))[measure].to_numpy(), part.filter("owned")[measure].to_numpy())
        for part in compared.partition_by("priority", maintain_order=True)
    ]
    extra, low, high = shift(strata)
    verdict = LONGER if low > 0 else SHORTER if high < 0 else ALIKE
    return {
        "owned_median": compared.filter("owned")[measure].median(),
        "ownerless_median": compared.filter(~pl.col("owned"))[measure].median(),
        "extra_hours": extra,
        "low": low,
        "high": high,
        "p_value": permuted(strata),
        "verdict": verdict,
    }


def shift(strata: list[tuple[NDArray, NDArray]]) -> tuple[float, float, float]:
    """By how much the first sample of each stratum is larger than the second: estimate, low and high of 95%."""
    widest = max(float(np.ptp(np.concatenate(pair))) for pair in strata) + 1.0
    spread = Z * np.sqrt(sum(len(x) * len(y) / (12 * (len(x) + len(y) + 1)) for x, y in strata))

    def crossing(level: float) -> float:
        """The shift at which the statistic falls to this level; it falls as the shift grows."""
        below, above = -widest, widest
        for _ in range(HALVINGS):
            middle = (below + above) / 2
            below, above = (middle, above) if _advantage(strata, middle) > level else (below, middle)
        return (below + above) / 2

    # Between two differences the comparison is even all along: their middle, as of a median.
    estimate = (crossing(EVEN) + crossing(-EVEN)) / 2
    return estimate, crossing(spread), crossing(-spread)


def _advantage(strata: list[tuple[NDArray, NDArray]], by: float) -> float:
    """How often the first of a stratum, less `by`, is larger than the second, above what is even; over all strata."""
    return sum((_wins(x - by, np.sort(y)) - len(x) * len(y) / 2) / (len(x) + len(y) + 1) for x, y in strata)


def _wins(x: NDArray, sorted_y: NDArray) -> float:
    """Pairs in which x is larger; equal ones count half."""
    return float(np.searchsorted(sorted_y, x, "left").sum() + np.searchsorted(sorted_y, x, "right").sum()) / 2


def permuted(strata: list[tuple[NDArray, NDArray]]) -> float:
    """How likely so uneven a comparison is where owners are dealt at random within each stratum; two-sided."""
    rng = np.random.default_rng(SEED)
    drawn = np.zeros(RESAMPLES)
    for x, y in strata:
        ranks, size = _ranks(np.concatenate([x, y])), len(x) + len(y)
        even, step = len(x) * (size + 1) / 2, max(1, AT_ONCE // size)
        sums = [
            rng.permuted(np.broadcast_to(ranks, (min(step, RESAMPLES - begin), size)), axis=1)[:, : len(x)].sum(axis=1)
            for begin in range(0, RESAMPLES, step)
        ]
        drawn += (np.concatenate(sums) - even) / (size + 1)
    seen = abs(_advantage(strata, 0.0))
    return float((1 + (np.abs(drawn) >= seen - 1e-9).sum()) / (1 + RESAMPLES))


def _ranks(values: NDArray) -> NDArray:
    return pl.Series(values).rank("average").to_numpy()
