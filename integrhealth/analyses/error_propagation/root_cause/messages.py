"""Messages and log lines as evidence for root causes: which calls went otherwise than calls of their kind usually go.

Every kind is a count of calls out of calls: those that took longer than nine in ten usually do, inside a system or on
the way between two; those that failed; those that took, or left out, a step they usually do not. A count out of calls
does not move with the traffic, one very slow call is one call, and its spread is that of a coin.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.error_propagation.root_cause.windows import Kind, Windows, bin_of, deviation, median
from integrhealth.language.schema import is_ended, is_failed
from integrhealth.language.thresholds import MIN_NEARBY_CALLS, MIN_STEP_LINES, MIN_USUAL_CALLS, SLOW_QUANTILE
from integrhealth.traces.ancestry import NO_ROW, roots

# With fewer calls in a window its share is no share.
FEWEST_CALLS = 3
LINKED = 0.5
LONGEST_TEMPLATE = 80


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


def message_kinds(caused: pl.DataFrame, logs: pl.DataFrame, window: Windows, systems: dict[str, int]) -> list[Kind]:
    """The kinds of evidence in messages and `logs`; none where there are neither.

    `caused` as ``traces.with_causes`` gives the messages.
    """
    calls = _calls(caused, window)
    lines = _lines(logs, calls, window)
    bins = np.unique(np.concatenate([calls["bin"].unique().to_numpy(), lines["bin"].unique().to_numpy()]))
    if not len(bins):
        return []
    linked = bool(calls.height and calls["linked"].mean() >= LINKED)
    kinds = []
    if calls.height:
        kinds = [
            _slow(calls, bins, window, systems, linked=linked),
            _on_the_way(calls, bins, window, systems),
            _failing(calls, bins, window, systems, linked=linked),
        ]
    return [*kinds, _steps(calls, lines, bins, window, systems)]


def _calls(caused: pl.DataFrame, window: Windows) -> pl.DataFrame:
    """One row per message: bin, system that worked, how long it worked itself, and what it waited for on the way."""
    began, ended = pl.coalesce("received_at", "sent_at"), pl.coalesce("finished_at", "answered_at")
    whole = _ms(pl.coalesce("answered_at", "finished_at") - pl.col("sent_at"))
    timed = caused.with_columns(whole=whole, work=pl.coalesce(_ms(ended - began), whole))
    below = timed.filter(pl.col("parent_row").is_not_null()).select("whole", row="parent_row", called="target")
    children = below.group_by("row").agg(
        pl.col("whole").sum().alias("below"), pl.len().alias("children"), called=pl.col("called").first()
    )
    joined = timed.join(children, on="row", how="left", maintain_order="left")
    away = pl.col("called") != pl.col("target")
    # One side of a call only: all that it does is to wait for the other side, and for the way there and back.
    waits = (pl.col("children") == 1) & away & (pl.col("source") == pl.col("target"))
    own = (pl.col("work") - pl.col("below").fill_null(0)).clip(0)
    return joined.select(
        "row",
        "parent_row",
        "trace_id",
        "message_id",
        "source",
        "status",
        "own_error",
        "cause_row",
        system="target",
        operation=pl.col("operation").fill_null(""),
        bin=bin_of(pl.col("sent_at"), window.at, window.step, starts=False),
        own=pl.when(~waits.fill_null(False)).then(own),
        other=pl.when(waits).then("called").when(pl.col("source") != pl.col("target")).then("source"),
        way=pl.when(waits).then(own).when(pl.col("whole") > pl.col("work")).then(pl.col("whole") - pl.col("work")),
        linked=pl.col("parent_row").is_not_null() | pl.col("children").is_not_null(),
    )


def _ms(duration: pl.Expr) -> pl.Expr:
    taken = duration.dt.total_microseconds() / 1000
    return pl.when(taken >= 0).then(taken)


def _lines(logs: pl.DataFrame, calls: pl.DataFrame, window: Windows) -> pl.DataFrame:
    """One row per log line: bin, system, operation of the message it was written for ("" where none is known), site.

    Without a site a line is known by its level and its text without numbers.
    """
    template = pl.col("text").str.replace_all(r"[0-9a-fA-F-]*[0-9][0-9a-fA-F-]*", "#").str.slice(0, LONGEST_TEMPLATE)
    lines = logs.select(
        "system",
        "trace_id",
        "parent_id",
        bin=bin_of(pl.col("time"), window.at, window.step, starts=False),
        site=pl.coalesce("site", pl.concat_str("level", template, separator=" ", ignore_nulls=True)),
    )
    of = calls.select("trace_id", "system", "row", parent_id="message_id", operation="operation", at="bin")
    of = of.sort("at", "operation").unique(["trace_id", "parent_id", "system"], keep="first", maintain_order=True)
    joined = lines.join(of, on=["trace_id", "parent_id", "system"], how="left")
    return joined.select("system", "site", "row", "operation", bin=pl.coalesce("at", "bin"))


def _counts(
    hits: pl.DataFrame,
    calls: pl.DataFrame,
    keys: pl.DataFrame,
    bins: NDArray,
    window: Windows,
    *,
    usual: float | None = None,
) -> Counts:
    """`hits` and `calls` (bin, column, n) summed over windows; `keys` names the columns, `usual` is their share."""
    tables = []
    for frame in (hits, calls):
        table = np.zeros((len(bins) + 1, keys.height))
        place = np.searchsorted(bins, frame["bin"].to_numpy()), frame["column"].to_numpy()
        np.add.at(table, place, frame["n"].to_numpy().astype(float))
        tables.append(table)
    inside, before = (window.picked(bins, offsets) for offsets in (window.now_offsets, window.before_offsets))
    hit, made = (table[inside].sum(1) for table in tables)
    made_before = tables[1][before].sum(1)
    quiet = np.where(made[1:] >= FEWEST_CALLS, made[1:], np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = hit / made
        pooled = hit[1:].sum(0) / made[1:].sum(0)
        share_before = tables[0][before[0]].sum(0) / made_before[0]
    shares = np.where(np.isnan(quiet), np.nan, share[1:])
    middle = median(shares, 0) if usual is None else np.full(keys.height, usual)
    expected = np.where(np.isnan(middle), pooled, middle)
    expected = np.nan_to_num(np.where(np.isnan(expected), share_before, expected))
    nearby = np.array([_calmest(tables[0][places], tables[1][places], expected) for places in before])
    nearby = np.where(made_before >= MIN_NEARBY_CALLS, nearby, np.nan)
    early_hit, early_made = (table[inside[:, : inside.shape[1] // 2]].sum(1) for table in tables)
    with np.errstate(divide="ignore", invalid="ignore"):
        early = np.where(early_made >= MIN_NEARBY_CALLS, early_hit / early_made, np.nan)
    # What began only in the second half of the window did not come of the change.
    surplus = np.nan_to_num(_lesser(deviation(share, expected, nearby), early - expected)) * made
    usual_calls = np.fmax(made[1:].sum(0), made_before[0])
    likely = (expected * usual_calls + 0.5) / (usual_calls + 1)
    # More often than once per call: a count of rare events.
    coin = np.where(likely <= 1, likely * (1 - np.minimum(likely, 1)), likely)
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


def _of_calls(
    calls: pl.DataFrame, hit: pl.Expr, by: list[str], bins: NDArray, window: Windows, *, usual: float | None = None
) -> Counts:
    """How many of `calls` are a `hit`, by `by`."""
    keys = calls.select(by).unique().sort(by).with_row_index("column")
    counted = calls.join(keys, on=by).group_by("bin", "column").agg(n=pl.len(), hit=hit.sum())
    return _counts(counted.select("bin", "column", n="hit"), counted, keys, bins, window, usual=usual)


def _usually(calls: pl.DataFrame, value: str, by: list[str], window: Windows) -> pl.DataFrame:
    """`calls` with ``slow_from``: what nine in ten usually stay below; without those of which too few are known."""
    quiet = pl.Series(window.quiet_bins(calls["bin"].to_numpy()))
    usual = calls.filter(quiet if quiet.any() else pl.col("bin") < 0)
    limits = usual.group_by(by).agg(slow_from=pl.col(value).quantile(SLOW_QUANTILE, "higher"), n=pl.len())
    return calls.join(limits.filter(pl.col("n") >= MIN_USUAL_CALLS).drop("n"), on=by)


def _by_system(values: NDArray, column_systems: list[int], size: int) -> NDArray:
    total = np.zeros((len(values), size))
    np.add.at(total.T, column_systems, values.T)
    return total


def _summed(
    name: str,
    counts: Counts,
    ends: tuple[str, ...],
    systems: dict[str, int],
    describe: Callable[[dict, str], str],
    *,
    local: bool,
    window: Windows,
) -> Kind:
    """A kind whose evidence adds up over the series of a system, which is any of the columns `ends`."""
    size, shape = len(systems), (len(counts.hit), len(systems))
    excess, noise = np.zeros(shape), np.zeros(shape)
    for end in ends:
        at = [systems[name_] for name_ in counts.keys[end]]
        excess += _by_system(counts.surplus, at, size)
        noise += _by_system(counts.coin, at, size)

    def sentence(system: int) -> str:
        of_it = np.zeros(counts.keys.height, bool)
        for end in ends:
            of_it |= np.array([systems[name_] for name_ in counts.keys[end]]) == system
        column = int(np.argmax(np.where(of_it, counts.surplus[0], -np.inf)))
        hit, calls = counts.hit[0, column], counts.calls[0, column]
        counted = f"{hit:,.0f} of {calls:,.0f}"
        share = f"usually {counts.expected[column]:.1%}"
        return f"{describe(counts.keys.row(column, named=True), counted)}; {share} (n={calls:,.0f}, {window.span})"

    return Kind(name, excess, excess / np.sqrt(noise + 0.5), local, not local, sentence)


def _slow(calls: pl.DataFrame, bins: NDArray, window: Windows, systems: dict[str, int], *, linked: bool) -> Kind:
    by = ["system", "operation"]
    timed = _usually(calls.filter(pl.col("own").is_not_null()), "own", by, window)
    counts = _of_calls(
        timed, pl.col("own") > pl.col("slow_from"), [*by, "slow_from"], bins, window, usual=1 - SLOW_QUANTILE
    )

    def describe(row: dict, counted: str) -> str:
        what = f" in {row['operation']}" if row["operation"] else ""
        return f"{counted} calls{what} took longer than {row['slow_from']:.4g} ms"

    return _summed("slow calls", counts, ("system",), systems, describe, local=linked, window=window)


def _on_the_way(calls: pl.DataFrame, bins: NDArray, window: Windows, systems: dict[str, int]) -> Kind:
    """Time between two systems is counted at both: a system whose network is slow slows all of its edges."""
    by = ["system", "other"]
    timed = _usually(calls.filter(pl.col("way").is_not_null() & pl.col("other").is_not_null()), "way", by, window)
    counts = _of_calls(
        timed, pl.col("way") > pl.col("slow_from"), [*by, "slow_from"], bins, window, usual=1 - SLOW_QUANTILE
    )

    def describe(row: dict, counted: str) -> str:
        pair = f"{row['system']} and {row['other']}"
        return f"{counted} calls between {pair} were on the way for more than {row['slow_from']:.4g} ms"

    return _summed("on the way", counts, ("system", "other"), systems, describe, local=True, window=window)


def _failing(calls: pl.DataFrame, bins: NDArray, window: Windows, systems: dict[str, int], *, linked: bool) -> Kind:
    ended = calls.filter(is_ended(pl.col("status")))
    failed = pl.col("own_error") if linked else is_failed(pl.col("status"))
    counts = _of_calls(ended, failed, ["system", "operation"], bins, window)

    def describe(row: dict, counted: str) -> str:
        what = f" to {row['operation']}" if row["operation"] else ""
        return f"{counted} messages{what} failed" + (" and no message they waited for had" if linked else "")

    kind = _summed("failures", counts, ("system",), systems, describe, local=linked, window=window)
    own = _by_system(counts.hit, [systems[name] for name in counts.keys["system"]], len(systems))
    beyond_usual = np.clip(kind.excess / np.maximum(own, 1), 0, 1)
    return replace(kind, downstream=_spread(calls, bins, window, systems) * beyond_usual)


def _spread(calls: pl.DataFrame, bins: NDArray, window: Windows, systems: dict[str, int]) -> NDArray:
    """Failures at other systems that those of each system brought about: windows by systems."""
    failed = calls.filter(is_failed(pl.col("status"))).select("row", "cause_row", "system", "bin")
    local = failed.with_row_index("place").select("row", cause="place")
    cause = failed.select(row="cause_row").join(local, on="row", how="left", maintain_order="left")["cause"]
    root, _ = roots(cause.cast(pl.Int64).fill_null(NO_ROW).to_numpy())
    began = failed.select(system="system", began="bin")[root]
    elsewhere = failed.select(went="system").hstack(began).filter(pl.col("went") != pl.col("system"))
    table = np.zeros((len(bins) + 1, len(systems)))
    at = np.searchsorted(bins, elsewhere["began"].to_numpy())
    np.add.at(table, (at, [systems[name] for name in elsewhere["system"]]), 1)
    return table[window.picked(bins, window.now_offsets)].sum(1)


def _each_call_once(steps: pl.DataFrame) -> pl.DataFrame:
    """Steps of a known call, each once, and once more as another step where the call took it again."""
    by = ["row", "system", "operation", "step", "bin"]
    taken = steps.filter(pl.col("row").is_not_null()).group_by(by).agg(times=pl.len())
    again = taken.filter(pl.col("times") > 1).with_columns(step=pl.format("{} again", "step"))
    return pl.concat([taken.drop("times"), again.drop("times"), steps.filter(pl.col("row").is_null())])


def _steps(calls: pl.DataFrame, lines: pl.DataFrame, bins: NDArray, window: Windows, systems: dict[str, int]) -> Kind:
    """Calls that took a step they usually do not, or left one out: a message to elsewhere, a line in the log.

    A system counts with its operation that went otherwise most surprisingly. Lines of no known message are counted
    out of all calls to the system, and without any out of bins of time.
    """
    parents = calls.select("row", system="system", operation="operation", bin="bin")
    children = calls.select("parent_row", step=pl.format("a call to {} {}", "system", "operation")).drop_nulls()
    columns = ["row", "system", "operation", "step", "bin"]
    called = children.rename({"parent_row": "row"}).join(parents, on="row").select(columns)
    logged = lines.with_columns(step=pl.format("the log line {}", "site")).drop_nulls("step").select(columns)
    steps = _each_call_once(pl.concat([called, logged]))
    by = ["system", "operation", "step"]
    often = steps.group_by(by).len().filter(pl.col("len") >= MIN_STEP_LINES)
    keys = often.select(by).sort(by).with_row_index("column")
    taken = steps.join(keys, on=by, nulls_equal=True).group_by("bin", "column").agg(n=pl.len())
    made = calls.group_by("bin", "system", "operation").agg(n=pl.len())
    of_system = calls.group_by("bin", "system").agg(n=pl.len())
    alone = keys.filter(pl.col("operation").is_null())
    silent = alone.join(of_system.select("system").unique(), on="system", how="anti")
    every_bin = pl.DataFrame({"bin": bins, "n": np.ones(len(bins), np.int64)})
    out_of = pl.concat(
        [
            keys.join(made, on=["system", "operation"]).select("bin", "column", "n"),
            alone.join(of_system, on="system").select("bin", "column", pl.col("n")),
            silent.join(every_bin, how="cross").select("bin", "column", "n"),
        ],
        how="vertical_relaxed",
    )
    counts = _counts(taken, out_of, keys, bins, window)
    surplus = counts.surplus
    score = np.abs(surplus) / np.sqrt(counts.coin + counts.restless + 0.5)
    shape = (len(surplus), len(systems))
    excess, best, strangest = np.zeros(shape), np.zeros(shape), np.zeros(shape, int)
    for column, system in enumerate(systems[name] for name in keys["system"]):
        more = score[:, column] > best[:, system]
        best[more, system] = score[more, column]
        excess[more, system] = np.abs(surplus[more, column])
        strangest[more, system] = column

    def sentence(system: int) -> str:
        column = strangest[0, system]
        row, hit, out_of_ = keys.row(column, named=True), counts.hit[0, column], counts.calls[0, column]
        unit = "minutes" if row["operation"] is None and row["system"] in silent["system"] else "calls"
        what = f" to {row['operation']}" if row["operation"] else ""
        return (
            f"{row['step']}: {hit:,.0f} in {out_of_:,.0f} {unit}{what}, usually {counts.expected[column]:.3g} in each "
            f"(n={out_of_:,.0f}, {window.span})"
        )

    return Kind("steps", excess, best, True, True, sentence)
