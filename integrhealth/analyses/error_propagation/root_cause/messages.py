"""Messages and log lines as evidence for root causes: which calls went otherwise than calls of their kind usually go.

Every kind is a count of calls out of calls: those that took longer than nine in ten usually do, inside a system or on
the way between two, and by how many times; those that failed; those that took, or left out, a step they usually do not.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.error_propagation.root_cause.counts import (
    Counts,
    beyond_all,
    by_system,
    counts,
    most_of,
    summed,
    table,
    used_bins,
)
from integrhealth.analyses.error_propagation.root_cause.steps import steps
from integrhealth.analyses.error_propagation.root_cause.windows import Kind, Windows, bin_of, upper
from integrhealth.language.schema import is_ended, is_failed
from integrhealth.language.thresholds import LONG_BINS, MIN_USUAL_CALLS, SLOW_QUANTILE, WINDOW_BINS
from integrhealth.traces.ancestry import NO_ROW, roots

LINKED = 0.5
# The part of the quiet windows that are taken to be without incident.
USUAL_WINDOWS = 0.9


def message_kinds(caused: pl.DataFrame, logs: pl.DataFrame, window: Windows, systems: dict[str, int]) -> list[Kind]:
    """The kinds of evidence in messages and `logs`; none where there are neither.

    `caused` as ``traces.with_causes`` gives the messages.
    """
    if caused.is_empty() and logs.is_empty():
        return []
    calls, names, bins = _calls(caused, window), list(systems), used_bins(window)
    coded = calls.with_columns(
        pl.col("system", "other").replace_strict(systems, return_dtype=pl.Int64),
        operation=pl.col("operation").cast(pl.Categorical),
    )
    keys = coded.select("system", "operation").unique().sort("system", pl.col("operation").to_physical())
    coded = coded.join(keys.with_row_index("series"), on=["system", "operation"], how="left", maintain_order="left")
    keys = keys.with_columns(pl.col("operation").cast(pl.String))
    kinds = []
    if coded.height:
        linked = coded["linked"].mean() >= LINKED
        kinds = [
            *_beside_one_another(
                _slow(coded, keys, bins, window, len(systems), linked=linked),
                _on_the_way(coded, bins, window, names),
            ),
            _failing(coded, keys, bins, window, systems, linked=linked),
        ]
    return [*kinds, steps(coded, keys, logs, bins, window, systems)]


def _calls(caused: pl.DataFrame, window: Windows) -> pl.DataFrame:
    """One row per message: bin, system that worked, how long it worked itself, and what it waited for on the way."""
    began, ended = pl.coalesce("received_at", "sent_at"), pl.coalesce("finished_at", "answered_at")
    whole = _ms(pl.coalesce("answered_at", "finished_at") - pl.col("sent_at"))
    timed = caused.with_columns(whole=whole, work=pl.coalesce(_ms(ended - began), whole))
    below = _below(timed)
    joined = timed.hstack(below)
    away = pl.col("called") != pl.col("target")
    # One side of a call only: all that it does is to wait for the other side, and for the way there and back.
    waits = (pl.col("children") == 1) & away & (pl.col("source") == pl.col("target"))
    own = (pl.col("work") - pl.col("below")).clip(0)
    return joined.select(
        "row",
        "parent_row",
        "trace_id",
        "message_id",
        "sent_at",
        "status",
        "own_error",
        "cause_row",
        system="target",
        operation=pl.col("operation").fill_null(""),
        bin=bin_of(pl.col("sent_at"), window.at, window.step, starts=False),
        own=pl.when(~waits.fill_null(False)).then(own),
        other=pl.when(waits).then("called").when(pl.col("source") != pl.col("target")).then("source"),
        # Of a span that waits the caller is the system of the row itself.
        outgoing=waits.fill_null(False),
        way=pl.when(waits).then(own).when(pl.col("whole") > pl.col("work")).then(pl.col("whole") - pl.col("work")),
        linked=pl.col("parent_row").is_not_null() | (pl.col("children") > 0),
    )


def _below(timed: pl.DataFrame) -> pl.DataFrame:
    """Row by row of `timed` how long its children took, how many there are and the system of the first.

    A childless span of a system that lasts around the next one of its siblings there has waited for that one.
    """
    size = timed.height
    child = timed["parent_row"].is_not_null().to_numpy()
    place = np.flatnonzero(child)
    parent = timed["parent_row"].filter(child).to_numpy().astype(np.int64)
    taken = timed["whole"].filter(child).fill_null(0).to_numpy()
    first = np.full(size, -1)
    first[parent[::-1]] = place[::-1]
    number = np.bincount(parent, minlength=size)
    below = np.bincount(parent, taken, size)
    around, above, shared = _shared(timed, place, parent, number)
    np.add.at(below, around, shared)
    np.subtract.at(below, above, shared)
    called = timed["target"].gather(pl.Series(np.maximum(first, 0), dtype=pl.UInt32)) if size else timed["target"]
    return pl.DataFrame({"below": below, "children": number, "called": called}).with_columns(
        pl.when(pl.col("children") > 0).then("called").alias("called")
    )


def _shared(timed: pl.DataFrame, place: NDArray, parent: NDArray, number: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Rows without children, their parents, and how long they lasted beside the sibling in the same system that
    began next.
    """
    childless = np.zeros(timed.height, bool)
    childless[parent[number[place] == 0]] = True
    several = childless[parent] & (number[parent] > 1)
    place, parent = place[several], parent[several]
    of = timed[place].select(
        pl.col("target").cast(pl.Categorical).to_physical(),
        began=pl.col("sent_at").dt.timestamp("us") / 1000,
        whole=pl.col("whole").fill_null(0),
    )
    target, began, whole = (of[column].to_numpy() for column in of.columns)
    order = np.lexsort((-whole, began, parent))
    place, parent, target, began, ended = (column[order] for column in (place, parent, target, began, began + whole))
    shared = np.minimum(ended[1:], ended[:-1]) - began[1:]
    same = (parent[1:] == parent[:-1]) & (target[1:] == target[:-1]) & (number[place[:-1]] == 0) & (shared > 0)
    return place[:-1][same], parent[:-1][same], shared[same]


def _ms(duration: pl.Expr) -> pl.Expr:
    taken = duration.dt.total_microseconds() / 1000
    return pl.when(taken >= 0).then(taken)


@dataclass(frozen=True)
class Slow:
    """Calls that took long, by window and series: ``surplus`` in sigmas of one call; ``calls``; ``granule``, the
    variance that one slow call more or less makes.
    """

    counted: Counts
    granule: NDArray
    lost_ms: NDArray


def _slow_counts(
    calls: pl.DataFrame, value: str, column: str, keys: pl.DataFrame, bins: NDArray, window: Windows
) -> Slow:
    """Calls of which `value` is longer than nine in ten usually are, each weighed by one and one more for every time
    that it is twice as long; without series of which too few are usual to know.
    """
    usual = calls.filter(usual_rows(calls, window))
    limits = usual.group_by(column).agg(slow_from=pl.col(value).quantile(SLOW_QUANTILE, "higher"), n=pl.len())
    limits = limits.filter((pl.col("n") >= MIN_USUAL_CALLS) & (pl.col("slow_from") > 0)).drop("n")
    keys = keys.with_row_index(column).join(limits, on=column).sort(column).with_row_index("column")
    times = (pl.col(value) / pl.col("slow_from")).log(2)
    timed = calls.join(keys.select(column, "column", "slow_from"), on=column).with_columns(times=times)
    slow = timed.filter(pl.col("times") > 0)
    # Beyond the limit lengths fall off as an exponential of their logarithm does: its mean is the median / ln 2.
    middle = slow.filter(usual_rows(slow, window)).group_by("column").agg(pl.col("times").median())
    tail = keys.join(middle, on="column", how="left", maintain_order="left")["times"].fill_null(0).to_numpy() / np.log(
        2
    )
    share = 1 - SLOW_QUANTILE
    usually = share * (1 + tail)
    sigma = np.sqrt(share * (1 + 2 * tail + 2 * tail**2) - usually**2)
    place = slow["bin"].to_numpy(), slow["column"].to_numpy()
    weight = (1 + slow["times"].to_numpy()) / sigma[place[1]]
    hits, number = table(bins, *place, keys.height, weight), table(bins, *place, keys.height)
    made = table(bins, timed["bin"].to_numpy(), timed["column"].to_numpy(), keys.height)
    counted = counts(keys, hits, made, bins, window, usual=usually / sigma, variance=np.ones(keys.height))
    slow_now = number[window.picked(bins, window.now_offsets)].sum(1)
    granule = 0.5 * (counted.hit / np.maximum(slow_now, 1)) ** 2
    longer = table(bins, *place, keys.height, (slow[value] - slow["slow_from"]).to_numpy())
    lost_ms = np.clip(counts(keys, longer, made, bins, window).surplus, 0, None)
    return Slow(replace(counted, hit=slow_now), granule, lost_ms)


def usual_rows(calls: pl.DataFrame, window: Windows) -> pl.Series:
    """Which `calls` lie in the baseline; without any there those before the window."""
    quiet = window.quiet_bins(calls["bin"].to_numpy())
    return pl.Series(quiet if quiet.any() else calls["bin"].to_numpy() < 0, dtype=pl.Boolean)


def _slower(row: dict, counted: Counts, column: int, what: str) -> str:
    number = f"{counted.hit[0, column]:,.0f} of {counted.calls[0, column]:,.0f}"
    return f"{number} calls {what} {row['slow_from']:.4g} ms; usually {1 - SLOW_QUANTILE:.1%}"


def _slow(calls: pl.DataFrame, keys: pl.DataFrame, bins: NDArray, window: Windows, size: int, *, linked: bool) -> Kind:
    slow = _slow_counts(calls.filter(pl.col("own").is_not_null()), "own", "series", keys, bins, window)
    # Without links a system is slow with those it calls, and many being slow is no sign of a peak.
    counted = beyond_all(slow.counted) if linked else slow.counted
    at = counted.keys["system"].to_numpy()
    excess, noise = (by_system(values, at, size) for values in (counted.surplus, counted.coin))
    score = excess / np.sqrt(noise + _largest(slow.granule, at, size) + 0.5)

    def describe(row: dict, counted: Counts, column: int) -> str:
        what = f"in {row['operation']} " if row["operation"] else ""
        return _slower(row, counted, column, f"{what}took longer than")

    lost_ms = by_system(slow.lost_ms, at, size)
    return Kind("slow calls", lost_ms, score, linked, not linked, most_of(counted, [at], describe, window))


def _beside_one_another(*kinds: Kind) -> list[Kind]:
    """`kinds` of lost time, each weighed by the time that a system lost in all, beside the most of any system."""
    lost = sum(kind.excess for kind in kinds)
    weight = lost / np.maximum(lost.max(1, keepdims=True), 1e-9)
    return [replace(kind, weight=weight) for kind in kinds]


def _largest(values: NDArray, at: NDArray, size: int) -> NDArray:
    most = np.zeros((len(values), size))
    np.maximum.at(most.T, at, values.T)
    return most


def _on_the_way(calls: pl.DataFrame, bins: NDArray, window: Windows, names: list[str]) -> Kind:
    """Time between two systems is counted at both, at each without what the other one shows on its other edges as
    well: a system whose network is slow slows all of its edges, those towards it, those away from it, or all.
    """
    size = len(names)
    timed = calls.filter(pl.col("way").is_not_null() & pl.col("other").is_not_null()).with_columns(
        caller=pl.when("outgoing").then("system").otherwise("other"),
        callee=pl.when("outgoing").then("other").otherwise("system"),
    )
    by = ["caller", "callee", "outgoing"]
    keys = timed.select(by).unique().sort(by)
    slow = _slow_counts(timed.join(keys.with_row_index("edge"), on=by), "way", "edge", keys, bins, window)
    counted = beyond_all(slow.counted)
    ends = [counted.keys[end].to_numpy() for end in ("callee", "caller")]
    excess, noise, granule, lost_ms = [], [], [], np.zeros((len(counted.hit), size))
    for end, other in (ends, ends[::-1]):
        beside, calls_beside = (
            by_system(part, other, size)[:, other] - part for part in (counted.surplus, counted.calls)
        )
        elsewhere = np.clip(beside / np.maximum(calls_beside, 1), 0, None) * counted.calls
        alone = np.where(counted.surplus > 0, np.maximum(counted.surplus - elsewhere, 0), counted.surplus)
        excess.append(by_system(alone, end, size))
        part = np.where(counted.surplus > 0, alone / np.where(counted.surplus > 0, counted.surplus, 1), 0)
        lost_ms += by_system(slow.lost_ms * part, end, size)
        noise.append(by_system(counted.coin, end, size))
        granule.append(_largest(slow.granule, end, size))
    excess, noise, granule = ([*of, sum(of)] for of in (excess, noise, granule))
    score = np.array([e / np.sqrt(n + g + 0.5) for e, n, g in zip(excess, noise, granule, strict=True)])
    # Where one side of its edges says it all, the other side still says whether all of them are slow.
    both = (score.max(0) + score[-1]) / 2

    def describe(row: dict, counted: Counts, column: int) -> str:
        pair = f"{names[row['caller']]} and {names[row['callee']]}"
        return _slower(row, counted, column, f"between {pair} were on the way for more than")

    return Kind("on the way", lost_ms, both, True, False, most_of(counted, ends, describe, window))


def _failing(
    calls: pl.DataFrame, keys: pl.DataFrame, bins: NDArray, window: Windows, systems: dict[str, int], *, linked: bool
) -> Kind:
    """Failures in the window, or in one four times as long where they are the more surprising there: few of many."""
    size = len(systems)
    ended = calls.filter(is_ended(pl.col("status")))
    failed = pl.col("own_error") if linked else is_failed(pl.col("status"))
    at = ended["bin"].to_numpy(), ended["series"].to_numpy(), keys.height
    hits = table(bins, *at, ended.select(failed.fill_null(False).cast(pl.Float64)).to_series().to_numpy())
    made, of = table(bins, *at), keys["system"].to_numpy()

    def describe(row: dict, counted: Counts, column: int) -> str:
        what = f" to {row['operation']}" if row["operation"] else ""
        number = f"{counted.hit[0, column]:,.0f} of {counted.calls[0, column]:,.0f}"
        alone = " and no message they waited for had" if linked else ""
        return f"{number} messages{what} failed{alone}; usually {counted.expected[column]:.1%}"

    short, long = (
        summed(
            "failures",
            counts(
                keys, hits, made, bins, window, usual=_rare(hits, made, bins, window, length), length=length, rare=True
            ),
            size,
            describe,
            local=linked,
            window=window,
            length=length,
        )
        for length in (WINDOW_BINS, LONG_BINS)
    )
    longer = long.score > short.score
    excess = np.where(longer, long.excess, short.excess)
    own = by_system(hits[window.picked(bins, np.arange(WINDOW_BINS))].sum(1), of, size)
    return replace(
        short,
        excess=excess,
        score=np.fmax(short.score, long.score),
        sentence=lambda system: (long if longer[0, system] else short).sentence(system),
        downstream=_spread(calls, bins, window, size) * np.clip(short.excess / np.maximum(own, 1), 0, 1),
    )


def _rare(hits: NDArray, made: NDArray, bins: NDArray, window: Windows, length: int) -> NDArray:
    """The usual share of what is rare: all hits out of all calls of the quiet windows, the worst tenth of which counts
    no worse than the next: an incident among them is not usual.
    """
    hit, calls = (part[window.picked(bins, np.arange(length))][1:].sum(1) for part in (hits, made))
    share = np.where(calls > 0, hit / np.maximum(calls, 1), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nansum(np.fmin(share, upper(share, USUAL_WINDOWS)) * calls, axis=0) / calls.sum(0)


def _spread(calls: pl.DataFrame, bins: NDArray, window: Windows, size: int) -> NDArray:
    """Failures at other systems that those of each system brought about: windows by systems."""
    failed = calls.filter(is_failed(pl.col("status"))).select("row", "cause_row", "system", "bin")
    local = failed.with_row_index("place").select("row", cause="place")
    cause = failed.select(row="cause_row").join(local, on="row", how="left", maintain_order="left")["cause"]
    root, _ = roots(cause.cast(pl.Int64).fill_null(NO_ROW).to_numpy())
    began = failed.select(system="system", began="bin")[root]
    elsewhere = failed.select(went="system").hstack(began).filter(pl.col("went") != pl.col("system"))
    went = table(bins, elsewhere["began"].to_numpy(), elsewhere["system"].to_numpy(), size)
    return went[window.picked(bins, window.now_offsets)].sum(1)
