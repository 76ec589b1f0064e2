"""Metrics as evidence for root causes: excess time, excess failed calls, excess load of a resource, per system.

A slow or failing system is weighed by the requests it served, since what it costs its callers is time and failed calls
and not a z-score. A metric that says neither is a kind of its own, compared between systems in its own unit.
"""

import re

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.error_propagation.root_cause.windows import Kind, Windows, bin_of, deviation, median, spread
from integrhealth.language.thresholds import MIN_QUIET_WINDOWS, MIN_RELATIVE_SIGMA, WINDOW_BINS

# What a metric measures, from the words in its name; the first that fits.
MEANINGS = (
    ("time", re.compile(r"latency|duration|elapsed|response.?time", re.IGNORECASE)),
    ("success", re.compile(r"availab|success", re.IGNORECASE)),
    ("failure", re.compile(r"error|fail|fault|5xx", re.IGNORECASE)),
    ("load", re.compile(r"request|count|calls|workload|throughput", re.IGNORECASE)),
)
# The part of all values that a percentile stands for when a mean is read from percentiles.
PERCENTILES = {"p50": 0.7, "p90": 0.225, "p95": 0.05, "p99": 0.025}
# The profile of an incident over the bins of its window settles in a few rounds; what shows nothing has no say in it.
ROUNDS, NOTABLE, MOST, RIDGE, SEEN = 10, 3.0, 20.0, 0.1, 0.02
PERCENT = 100


def metric_kinds(metrics: pl.DataFrame, window: Windows, systems: dict[str, int]) -> list[Kind]:
    """The kinds of evidence in `metrics`, one per metric that is no count of requests."""
    if metrics.is_empty():
        return []
    series, bins, values, typical = _series(metrics, window)
    usual = median(values[:-1][window.quiet_bins(bins)], 0)
    inside = values[window.picked(bins, window.now_offsets)]
    before, after = (
        median(values[window.picked(bins, offsets)], 1) for offsets in (window.before_offsets, window.after_offsets)
    )
    nearby = np.where(np.isnan(before), after, before)
    beyond = deviation(inside, usual, nearby[:, None, :])
    statistics = dict(metrics.group_by("metric").agg(pl.col("statistic").drop_nulls().unique()).iter_rows())
    meaning = [_meaning(metric, statistics[metric]) for _, metric in series]
    place = [systems[system] for system, _ in series]
    load = _load(inside, usual, meaning, place, len(systems))
    drafts = {}
    for metric in dict.fromkeys(metric for _, metric in series):
        columns = [column for column, (_, name) in enumerate(series) if name == metric]
        says = meaning[columns[0]]
        if says == "load":
            continue
        at = [place[column] for column in columns]
        excess = np.full((*inside.shape[:2], len(systems)), np.nan)
        excess[:, :, at] = beyond[:, :, columns] * (-1 if says == "success" else 1)
        floor = np.zeros(len(systems))
        floor[at] = MIN_RELATIVE_SIGMA * np.abs(np.nan_to_num(usual[columns]))
        if says != "level" and not np.isnan(load[:, :, at]).all():
            weight = load / (PERCENT if says == "success" else 1)
            excess = excess * weight
            # Of failed calls there is never less than one.
            floor = (
                floor * np.nan_to_num(median(load[0], 0)) if says == "time" else np.full_like(floor, 1 / window.width)
            )
        column_of = dict(zip(at, columns, strict=True))
        drafts[metric] = (says, excess, floor, column_of)
    profile = _profile([draft[1:3] for draft in drafts.values()])
    return [
        _kind(metric, *draft, profile=profile, inside=inside, usual=usual, typical=np.where(np.isnan(typical), usual, typical), load=load, window=window)
        for metric, draft in drafts.items()
    ]


def _meaning(metric: str, statistics: list[str]) -> str:
    meaning = next((meaning for meaning, words in MEANINGS if words.search(metric)), None)
    if meaning is None and any(statistic in PERCENTILES for statistic in statistics):
        return "time"
    if meaning is None and statistics == ["Sum"]:
        return "load"
    return meaning or "level"


def _series(metrics: pl.DataFrame, window: Windows) -> tuple[list[tuple[str, str]], NDArray, NDArray, NDArray]:
    """System and metric of each series, the bins, and the values, bins by series, with a last row of nothing."""
    statistic = pl.col("statistic").fill_null("")
    bin_ = bin_of(pl.col("time"), window.at, window.step, starts=True)
    means = metrics.group_by("system", "metric", statistic, bin=bin_).agg(pl.col("value").mean()).drop_nulls("value")
    means = means.filter(pl.col("value").is_finite())
    keys = means.select("system", "metric", "statistic").unique().sort("system", "metric", "statistic")
    means = means.join(keys.with_row_index("column"), on=["system", "metric", "statistic"])
    bins = np.unique(means["bin"].to_numpy())
    values = np.full((len(bins), keys.height), np.nan)
    values[np.searchsorted(bins, means["bin"].to_numpy()), means["column"].to_numpy()] = means["value"].to_numpy()
    series = dict.fromkeys(keys.select("system", "metric").iter_rows())
    columns: dict[tuple[str, str], dict[str, int]] = {name: {} for name in series}
    for column, (system, metric, statistic_) in enumerate(keys.iter_rows()):
        columns[system, metric][statistic_] = column
    usual = median(values[window.quiet_bins(bins)], 0)
    joined = np.column_stack([_one_series(values, usual, of, window.quiet_bins(bins)) for of in columns.values()])
    typical = np.array([usual[of["p50"]] if "p50" in of else np.nan for of in columns.values()])
    return list(series), bins, np.vstack([joined, np.full((1, len(series)), np.nan)]), typical


def _one_series(values: NDArray, usual: NDArray, columns: dict[str, int], quiet: NDArray) -> NDArray:
    """The mean of a metric in every bin; where it was lost, what the percentiles say of it.

    Without the highest percentile nothing is said: a delay of a few calls shows only there. A lower one that is lost
    is taken to have moved as the one below it.
    """
    means = [column for statistic, column in columns.items() if statistic not in PERCENTILES]
    mean = np.full(len(values), np.nan)
    for column in means:
        mean = np.where(np.isnan(mean), values[:, column], mean)
    percentiles = [(share, columns[name]) for name, share in PERCENTILES.items() if name in columns]
    if not percentiles:
        return mean
    share, places = np.array([part for part, _ in percentiles]), [column for _, column in percentiles]
    moved = values[:, places] - usual[places]
    said = ~np.isnan(moved[:, -1])
    for rank in range(1, len(places)):
        moved[:, rank] = np.where(np.isnan(moved[:, rank]), moved[:, rank - 1], moved[:, rank])
    for rank in range(len(places) - 2, -1, -1):
        moved[:, rank] = np.where(np.isnan(moved[:, rank]), np.minimum(0, moved[:, rank + 1]), moved[:, rank])
    estimate = np.where(said, moved @ share / share.sum(), np.nan)
    middle = median(mean[quiet], 0) if means else usual[places] @ share / share.sum()
    return np.where(np.isnan(mean), estimate + middle, mean)


def _load(inside: NDArray, usual: NDArray, meaning: list[str], place: list[int], size: int) -> NDArray:
    """Requests per bin, windows by bins by systems; a lost count is the window's mean, else the usual one."""
    load = np.full((*inside.shape[:2], size), np.nan)
    for column, says in enumerate(meaning):
        if says == "load":
            counted = inside[:, :, column]
            mean = np.where(np.isnan(m := median(counted, 1)), usual[column], m)
            counted = np.where(np.isnan(counted), mean[:, None], counted)
            load[:, :, place[column]] = np.fmax(load[:, :, place[column]], counted)
    return load


def _profile(drafts: list[tuple[NDArray, NDArray]]) -> NDArray:
    """How strong the incident of each window was in each of its bins, 1 at its height: windows by bins.

    All systems share it (a rank-one fit by alternating least squares over the values that are there), so that a value
    lost at the height of an incident is not read as a small one.
    """
    excesses = [excess for excess, _ in drafts]
    shape = excesses[0].shape[:2] if excesses else (1, 1)
    profile = np.ones(shape)
    if not excesses:
        return profile
    scores = []
    for excess, floor in drafts:
        flat = np.abs(excess[1:]).reshape(-1, excess.shape[2])
        sigma = np.fmax(1.4826 * median(flat, 0), floor) if len(flat) else floor
        with np.errstate(divide="ignore", invalid="ignore"):
            scores.append(np.clip(excess / np.where(sigma > 0, sigma, np.nan), 0, MOST))
    score = np.concatenate(scores, axis=2)
    there = (~np.isnan(score)).astype(float)
    notable = np.where(np.nan_to_num(score) > NOTABLE, np.nan_to_num(score), 0)
    for _ in range(ROUNDS):
        weight = np.einsum("wbs,wb->ws", there, profile**2) + RIDGE * (profile**2).sum(1, keepdims=True)
        height = np.einsum("wbs,wb->ws", notable, profile) / np.maximum(weight, 1e-12)
        weight = np.einsum("wbs,ws->wb", there, height**2)
        profile = np.einsum("wbs,ws->wb", notable, height) / np.maximum(weight, 1e-12)
        top = profile.max(1, keepdims=True)
        profile = np.where(top > 0, profile / np.maximum(top, 1e-12), 1)
    return profile


def _kind(
    metric: str,
    says: str,
    excess: NDArray,
    floor: NDArray,
    column_of: dict[int, int],
    *,
    profile: NDArray,
    inside: NDArray,
    usual: NDArray,
    typical: NDArray,
    load: NDArray,
    window: Windows,
) -> Kind:
    there = ~np.isnan(excess)
    seen = np.einsum("wbs,wb->ws", there.astype(float), profile**2)
    whole = (profile**2).sum(1, keepdims=True)
    fitted = np.einsum("wbs,wb->ws", np.nan_to_num(excess), profile) / np.maximum(seen + RIDGE * whole, 1e-12)
    total = np.where(seen > SEEN * whole, fitted * (1 + RIDGE) * profile.sum(1, keepdims=True), np.nan)
    quiet = total[1:]
    middle, sigma = spread(quiet) if len(quiet) >= MIN_QUIET_WINDOWS else (0.0, 0.0)
    sigma = np.fmax(sigma, floor * window.width)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.nan_to_num((total - np.nan_to_num(middle)) / np.where(sigma > 0, sigma, np.nan))

    def sentence(system: int) -> str:
        column = column_of[system]
        n = int((~np.isnan(inside[0, :, column])).sum())
        now, before = np.nanmean(inside[0, :, column]), usual[column]
        served = load[0, :, system]
        calls = f", on {np.nansum(served):,.0f} requests" if says != "level" and not np.isnan(served).all() else ""
        return f"{metric}: {now:.4g} instead of {before:.4g}{calls} (n={n}, {window.span})"

    relative = None
    if says in ("time", "failure", "success"):
        served = np.nansum(load, 1)
        weight = np.where(served > 0, served, window.width)
        if says == "time":
            base = np.full(total.shape[1], np.nan)
            for system, column in column_of.items():
                base[system] = typical[column]
            weight = weight * base
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.nan_to_num(np.maximum(total, 0) / np.where(weight > 0, weight, np.nan))
    says = "failure" if says == "success" else says
    return Kind(metric, np.nan_to_num(total), score, False, True, sentence, metric=says, theory=False, relative=relative, independent=window.independent)
