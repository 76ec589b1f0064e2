"""The fewest reports that still serve every decision to everybody who is served today, as often as today."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from integrhealth.language.thresholds import CADENCES, READING_WPM

RARE = "rare"
_NEED = ["decision", "person"]
NOTHING_KEPT = pl.DataFrame(schema={"report": pl.String, "reason": pl.String, "proven": pl.Boolean})
# Seconds per integer programme. Past it the set is still a cover, but not proven to be the smallest.
PATIENCE_SECONDS = 10.0


def cadences(deliveries: pl.DataFrame, *, timezone: str = "UTC") -> pl.DataFrame:
    """One row per report and person: deliveries, the median days between them, and the cadence that follows.

    Up to 2 days daily, 10 weekly, 45 monthly, else rare (own). The gaps lie between distinct days of `timezone`, so
    that mail and chat on one morning are one arrival; with a single day there is no gap, and the cadence is rare.
    ``rank`` orders the cadences, 0 the fastest.
    """
    gap = pl.col("median_days")
    rank = sum((gap.fill_null(float("inf")) > longest).cast(pl.Int64) for longest in CADENCES.values())
    return (
        deliveries.with_columns(day=pl.col("at").dt.convert_time_zone(timezone).dt.date())
        .group_by("report", "person", "day")
        .len()
        .sort("report", "person", "day")
        .group_by("report", "person", maintain_order=True)
        .agg(
            deliveries=pl.col("len").sum().cast(pl.Int64),
            median_days=pl.col("day").diff().dt.total_days().median(),
        )
        .with_columns(rank=rank)
        .with_columns(
            cadence=pl.col("rank").replace_strict(range(len(CADENCES) + 1), [*CADENCES, RARE], return_dtype=pl.String)
        )
    )


def services(streams: pl.DataFrame, inventory: pl.DataFrame) -> pl.DataFrame:
    """One row per report, decision and person served: at which cadence, and whether nobody serves it faster.

    `streams` are the rows of ``cadences``. ``covers`` is true at the fastest cadence at which the person gets the
    decision served; a slower report cannot stand in for a faster one.
    """
    decisions = inventory.select("report", decision="decisions").explode("decision").drop_nulls().unique()
    return (
        streams.join(decisions, on="report")
        .with_columns(covers=pl.col("rank") == pl.col("rank").min().over("decision", "person"))
        .select("report", "decision", "person", "cadence", "covers")
        .sort("report", "decision", "person")
    )


def smallest_set(streams: pl.DataFrame, inventory: pl.DataFrame) -> pl.DataFrame:
    """One row per report to keep, by name: why, and whether the set is proven to be the smallest.

    Every (decision, person) that a delivered report serves today stays served at least that often (``services``).
    Among all such sets the one with the fewest reports is kept; among those the one with the fewest reading minutes;
    among those the first by name. Exact, by integer programming (HiGHS). Statutory reports are pinned, delivered or
    not, and count as covering what they serve. Reports of unknown length are taken to be as long as the longest.
    ``reason``: statutory; only source (somebody has no other report for a decision, as often); smallest set.
    """
    served = services(streams, inventory).filter("covers")
    pinned = inventory.filter("statutory")["report"]
    open_needs = served.join(served.filter(pl.col("report").is_in(pinned.implode())), on=_NEED, how="anti")
    chosen = _cover(_problem(open_needs, _minutes(streams, inventory)))
    sources = served.with_columns(sources=pl.len().over(_NEED)).filter(pl.col("sources") == 1)
    only_source = pl.col("report").is_in(sources["report"].implode())
    kept = pl.concat([pinned.sort(), chosen.reports]).alias("report").to_frame()
    return kept.select(
        "report",
        reason=pl.when(pl.col("report").is_in(pinned.implode()))
        .then(pl.lit("statutory"))
        .when(only_source)
        .then(pl.lit("only source"))
        .otherwise(pl.lit("smallest set")),
        proven=pl.lit(chosen.proven),
    ).sort("report")


def stand_ins(served: pl.DataFrame, kept: pl.Series) -> pl.DataFrame:
    """One row per report not in `kept` that serves a decision: the kept reports that serve what it serves.

    `served` are the rows of ``services``; a stand-in reaches the same person at least as often.
    """
    keeping = pl.col("report").is_in(kept.implode())
    serving = served.filter(keeping & pl.col("covers")).select(*_NEED, covered_by="report")
    return (
        served.filter(~keeping)
        .join(serving, on=_NEED)
        .group_by("report")
        .agg(pl.col("covered_by").unique().sort())
        .sort("report")
    )


def _minutes(streams: pl.DataFrame, inventory: pl.DataFrame) -> pl.DataFrame:
    """One row per delivered report: the minutes that all its deliveries together take to read."""
    words = pl.col("words").fill_null(pl.col("words").max()).fill_null(0)
    return (
        streams.group_by("report")
        .agg(pl.col("deliveries").sum())
        .join(inventory.select("report", "words"), on="report")
        .select("report", minutes=words * pl.col("deliveries") / READING_WPM)
    )


@dataclass(frozen=True)
class _Problem:
    """A set cover: candidate reports by name, what each costs, and which of them cover each need."""

    reports: pl.Series
    minutes: NDArray
    covers: csr_array


@dataclass(frozen=True)
class _Choice:
    reports: pl.Series
    proven: bool


def _problem(needs: pl.DataFrame, minutes: pl.DataFrame) -> _Problem:
    """Needs that the same reports cover are one need; of reports that cover the same needs the cheapest stays.

    Both leave the optimum as it is, and take out the symmetry of copies that makes integer programmes slow.
    """
    distinct = (
        needs.group_by(_NEED)
        .agg(pl.col("report").unique().sort())
        .select("report")
        .unique()
        .sort("report")
        .with_row_index("need")
        .explode("report")
    )
    candidates = (
        distinct.group_by("report")
        .agg(pl.col("need").sort())
        .join(minutes, on="report")
        .sort("minutes", "report")
        .unique("need", keep="first", maintain_order=True)
        .sort("report")
        .with_row_index("candidate")
    )
    links = candidates.explode("need")
    ones = np.ones(links.height)
    shape = (distinct["need"].n_unique(), candidates.height)
    covers = coo_array((ones, (links["need"].to_numpy(), links["candidate"].to_numpy())), shape).tocsr()
    return _Problem(candidates["report"], candidates["minutes"].to_numpy(), covers)


def _cover(problem: _Problem) -> _Choice:
    """The optimum of the whole: needs that share no report are separate problems, and their optima add up."""
    if problem.reports.is_empty():
        return _Choice(problem.reports, True)
    shares = problem.covers.T @ problem.covers
    parts, label = connected_components(shares, directed=False)
    needs_part = label[problem.covers.indices[problem.covers.indptr[:-1]]]
    kept, proven = np.zeros(len(label), bool), True
    for part in range(parts):
        columns = np.flatnonzero(label == part)
        covers = problem.covers[np.flatnonzero(needs_part == part)][:, columns]
        chosen, exact = smallest_cover(covers, problem.minutes[columns])
        kept[columns[chosen]] = True
        proven &= exact
    return _Choice(problem.reports.filter(pl.Series(kept)), proven)


def smallest_cover(covers: csr_array, minutes: NDArray) -> tuple[NDArray, bool]:
    """Which columns to keep so that every row is covered: fewest, then least minutes, then first by position.

    Three integer programmes, each keeping the optimum of those before, and whether all were solved in time. What was
    solved stands, and before the first the greedy cover does: it too is the same from run to run.
    """
    full = np.flatnonzero(covers.sum(axis=0) == covers.shape[0])
    if len(full):
        return full[np.lexsort((full, minutes[full]))[:1]], True
    columns = covers.shape[1]
    kept, limits = None, [LinearConstraint(covers, lb=1)]
    for costs in (np.ones(columns), minutes, np.arange(columns, dtype=float)):
        cheapest = _cheapest(costs, limits)
        if cheapest is None:
            return greedy_cover(covers, minutes) if kept is None else np.flatnonzero(kept), False
        kept = cheapest
        limits.append(LinearConstraint(costs, ub=costs @ kept * (1 + 1e-9)))
    return np.flatnonzero(kept), True


def _cheapest(costs: NDArray, limits: list[LinearConstraint]) -> NDArray | None:
    """The choice of zeros and ones that is proven to be the cheapest; None when time ran out before."""
    options = {"mip_rel_gap": 0.0, "time_limit": PATIENCE_SECONDS}
    result = milp(costs, integrality=np.ones(len(costs)), bounds=Bounds(0, 1), constraints=limits, options=options)
    return np.round(result.x).astype(bool) if result.status == 0 else None


def greedy_cover(covers: csr_array, minutes: NDArray) -> NDArray:
    """Columns that cover every row, taken one by one: most uncovered rows, then least minutes, then first."""
    kept: list[int] = []
    uncovered = np.ones(covers.shape[0])
    while uncovered.any():
        gain = covers.T @ uncovered
        best = np.lexsort((minutes, -gain))[0]
        kept.append(best)
        uncovered[covers[:, [best]].nonzero()[0]] = 0
    return np.sort(np.array(kept, dtype=np.int64))
