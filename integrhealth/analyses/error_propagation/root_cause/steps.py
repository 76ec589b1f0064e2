"""Steps as evidence for root causes: calls that took a step they usually do not, or left one out.

A step is a message to elsewhere or a line in the log. Each call takes it once, and once more as another step where it
takes it again, so that a line written once per item counts once per call.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.error_propagation.root_cause.counts import counts, table
from integrhealth.analyses.error_propagation.root_cause.windows import Kind, Windows, bin_of, median
from integrhealth.language.thresholds import MIN_STEP_LINES

LONGEST_TEMPLATE = 80


def steps(
    calls: pl.DataFrame, series: pl.DataFrame, logs: pl.DataFrame, bins: NDArray, window: Windows, systems: dict
) -> Kind:
    """How often the calls of each series took each step; a system counts with its most surprising one.

    `calls` by number of system and of `series` (system, operation). Lines of no known message are counted out of all
    calls to the system, and without any out of bins of time.
    """
    names = list(systems)
    called = pl.format(
        "a call to {} {}", pl.col("system").replace_strict(dict(enumerate(names)), return_dtype=pl.String), "operation"
    )
    lines = _lines(logs, calls, window, systems)
    sites = lines.select("site").drop_nulls().unique().sort("site")
    what = pl.concat(
        [series.select(called).to_series(), sites.select(pl.format("the log line {}", "site")).to_series()]
    )
    lines = lines.join(sites.with_row_index("step", offset=series.height), on="site")
    first, ways = _ways(calls, series)
    places = pl.Series(range(len(names)), dtype=pl.Int64)
    # What steps are counted out of: calls of a series, those of them that began alike, and all calls to a system.
    groups = pl.concat(
        [
            series.select("system", to=pl.format(" to {}", "operation")),
            ways.select("system", to=pl.format(" to {} that began with {}", "operation", pl.lit(what).gather("first"))),
            pl.select(system=places, to=pl.lit("")),
        ],
        how="vertical_relaxed",
    ).with_columns(to=pl.when(pl.col("to") != " to ").then("to").otherwise(pl.lit("")))
    of_system = series.height + ways.height
    taken = _taken(calls, first, lines, series.height, what.len())
    taken = taken.with_columns(of=pl.coalesce("of", pl.col("system") + of_system))
    keys = taken.group_by("of", "step").len().filter(pl.col("len") >= MIN_STEP_LINES).sort("of", "step").drop("len")
    taken = taken.join(keys.with_row_index("column"), on=["of", "step"])
    hits = table(bins, taken["bin"].to_numpy(), taken["column"].to_numpy(), keys.height)
    when, began = calls["bin"].to_numpy(), first >= 0
    made = table(bins, when, calls["series"].to_numpy(), groups.height)
    made += table(bins, when[began], series.height + first[began], groups.height)
    made += table(bins, when, calls["system"].to_numpy() + of_system, groups.height)
    silent = np.zeros(groups.height, bool)
    silent[of_system:] = ~np.isin(places.to_numpy(), calls["system"].unique().to_numpy())
    there = np.isin(bins, np.concatenate([when, lines["bin"].to_numpy()]))
    made[:-1, silent] = there[:, None]
    of = keys["of"].to_numpy()
    counted = counts(keys, hits, made[:, of], bins, window)
    surplus = counted.surplus
    score = np.abs(surplus) / np.sqrt(counted.coin + counted.restless + 0.5)
    shape = (len(surplus), len(systems))
    excess, best, strangest = np.zeros(shape), np.zeros(shape), np.zeros(shape, int)
    place = groups["system"].to_numpy()[of]
    for column, system in enumerate(place):
        more = score[:, column] > best[:, system]
        best[more, system] = score[more, column]
        excess[more, system] = np.abs(surplus[more, column])
        strangest[more, system] = column

    # Of many steps some one is always the strangest: only what is more than usual of that counts.
    best = np.maximum(best - np.nan_to_num(median(best[1:], 0)), 0)

    def sentence(system: int) -> str:
        column = strangest[0, system]
        hit, out_of = counted.hit[0, column], counted.calls[0, column]
        unit = "minutes" if silent[of[column]] else "calls"
        to = groups["to"][int(of[column])]
        step = int(keys["step"][int(column)])
        again = " again" if step >= what.len() else ""
        return (
            f"{what[step % what.len()]}{again}: {hit:,.0f} in {out_of:,.0f} {unit}{to}, "
            f"usually {counted.expected[column]:.3g} in each (n={out_of:,.0f}, {window.span})"
        )

    return Kind("steps", excess, best, True, True, sentence)


def _lines(logs: pl.DataFrame, calls: pl.DataFrame, window: Windows, systems: dict[str, int]) -> pl.DataFrame:
    """One row per log line: bin, system, row and series of the message it was written for (null where none is known),
    site. Without a site a line is known by its level and its text without numbers.
    """
    text = pl.when(pl.col("site").is_null()).then("text")
    template = text.str.replace_all(r"[0-9a-fA-F-]*[0-9][0-9a-fA-F-]*", "#").str.slice(0, LONGEST_TEMPLATE)
    lines = logs.select(
        "trace_id",
        "parent_id",
        system=pl.col("system").replace_strict(systems, return_dtype=pl.Int64),
        bin=bin_of(pl.col("time"), window.at, window.step, starts=False),
        site=pl.coalesce("site", pl.concat_str("level", template, separator=" ", ignore_nulls=True)),
    )
    of = calls.select("trace_id", "system", "row", "series", parent_id="message_id", at="bin")
    of = of.join(lines.select("parent_id").drop_nulls().unique(), on="parent_id", how="semi")
    of = of.sort("at", "series").unique(["trace_id", "parent_id", "system"], keep="first", maintain_order=True)
    joined = lines.join(of, on=["trace_id", "parent_id", "system"], how="left")
    return joined.select("system", "site", "row", "series", bin=pl.coalesce("at", "bin"))


def _ways(calls: pl.DataFrame, series: pl.DataFrame) -> tuple[NDArray, pl.DataFrame]:
    """Which way each call went by the first message it sent, -1 where it sent none, and the ways: series and first.

    What follows on a step is left out without a trace where calls of many kinds share one operation. A series that
    always begins alike has no ways.
    """
    child = calls.filter(pl.col("parent_row").is_not_null()).select("parent_row", "series", "sent_at")
    child = child.sort("sent_at", maintain_order=True)
    first = np.full(calls.height, -1, np.int64)
    first[child["parent_row"].to_numpy()[::-1]] = child["series"].to_numpy()[::-1]
    pair = np.where(first >= 0, calls["series"].to_numpy().astype(np.int64) * series.height + first, -1)
    kinds = np.unique(pair[pair >= 0])
    several = np.bincount(kinds // max(series.height, 1), minlength=series.height) > 1
    kinds = kinds[several[kinds // max(series.height, 1)]]
    place = np.minimum(np.searchsorted(kinds, pair), max(len(kinds) - 1, 0))
    way = np.where(kinds[place] == pair, place, -1) if len(kinds) else np.full(calls.height, -1)
    ways = pl.DataFrame({"series": kinds // max(series.height, 1), "first": kinds % max(series.height, 1)})
    return way, ways.with_columns(series[ways["series"]]) if ways.height else ways.hstack(series.clear())


def _taken(calls: pl.DataFrame, way: NDArray, lines: pl.DataFrame, series: int, size: int) -> pl.DataFrame:
    """Steps of a call, each once, and once more as another step where the call took it again; lines of no call.

    Each is a step of the series of the call (`of`), and of the `way` it went, which are numbered after `series`.
    """
    child, written = calls.filter(pl.col("parent_row").is_not_null()), lines.drop_nulls("row")
    row = np.concatenate([child["parent_row"].to_numpy(), written["row"].to_numpy()]).astype(np.int64)
    step = np.concatenate([child["series"].to_numpy(), written["step"].to_numpy()]).astype(np.int64)
    once, times = np.unique(row * size + step, return_counts=True)
    again = once[times > 1]
    row = np.concatenate([once // size, again // size])
    step = np.concatenate([once % size, again % size + size])
    went = way[row] >= 0
    row, step, of = (
        np.concatenate([part, other])
        for part, other in (
            (row, row[went]),
            (step, step[went]),
            (calls["series"].to_numpy()[row], series + way[row[went]]),
        )
    )
    of_calls = pl.DataFrame({"of": of, "bin": calls["bin"].to_numpy()[row], "step": step}).cast(pl.Int64)
    alone = lines.filter(pl.col("row").is_null()).select("bin", "step", "system").cast(pl.Int64)
    return pl.concat([of_calls, alone], how="diagonal").select("of", "bin", "step", "system")
