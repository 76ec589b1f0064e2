"""Steps as evidence for root causes: calls that took a step they usually do not, or left one out.

A step is a message to elsewhere or a line in the log. Each call takes it once, and once more as another step where it
takes it again, so that a line written once per item counts once per call.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.error_propagation.root_cause.counts import counts, table
from integrhealth.analyses.error_propagation.root_cause.windows import Kind, Windows, bin_of
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
    taken = _taken(calls, lines, series, what.len())
    # Series of calls come first, then the systems, whose lines are of no known call.
    taken = taken.with_columns(of=pl.coalesce("series", pl.col("system") + series.height))
    keys = taken.group_by("of", "step").len().filter(pl.col("len") >= MIN_STEP_LINES).sort("of", "step").drop("len")
    taken = taken.join(keys.with_row_index("column"), on=["of", "step"])
    hits = table(bins, taken["bin"].to_numpy(), taken["column"].to_numpy(), keys.height)
    size = series.height + len(systems)
    made = table(bins, calls["bin"].to_numpy(), calls["series"].to_numpy(), size)
    made += table(bins, calls["bin"].to_numpy(), calls["system"].to_numpy() + series.height, size)
    silent = ~np.isin(np.arange(size) - series.height, calls["system"].unique().to_numpy())
    silent[: series.height] = False
    there = np.isin(bins, np.concatenate([calls["bin"].to_numpy(), lines["bin"].to_numpy()]))
    made[:-1, silent] = there[:, None]
    of = keys["of"].to_numpy()
    counted = counts(keys, hits, made[:, of], bins, window)
    surplus = counted.surplus
    score = np.abs(surplus) / np.sqrt(counted.coin + counted.restless + 0.5)
    shape = (len(surplus), len(systems))
    excess, best, strangest = np.zeros(shape), np.zeros(shape), np.zeros(shape, int)
    place = np.where(
        of < series.height,
        series["system"].to_numpy()[np.minimum(of, series.height - 1)] if series.height else 0,
        of - series.height,
    )
    for column, system in enumerate(place):
        more = score[:, column] > best[:, system]
        best[more, system] = score[more, column]
        excess[more, system] = np.abs(surplus[more, column])
        strangest[more, system] = column

    def sentence(system: int) -> str:
        column = strangest[0, system]
        hit, out_of = counted.hit[0, column], counted.calls[0, column]
        unit = "minutes" if silent[of[column]] else "calls"
        operation = series["operation"][int(of[column])] if of[column] < series.height else ""
        to = f" to {operation}" if operation else ""
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
    template = pl.col("text").str.replace_all(r"[0-9a-fA-F-]*[0-9][0-9a-fA-F-]*", "#").str.slice(0, LONGEST_TEMPLATE)
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


def _taken(calls: pl.DataFrame, lines: pl.DataFrame, series: pl.DataFrame, size: int) -> pl.DataFrame:
    """Steps of a call, each once, and once more as another step where the call took it again; lines of no call."""
    child = calls.filter(pl.col("parent_row").is_not_null())
    row = np.concatenate([child["parent_row"].to_numpy(), lines.drop_nulls("row")["row"].to_numpy()]).astype(np.int64)
    step = np.concatenate([child["series"].to_numpy(), lines.drop_nulls("row")["step"].to_numpy()]).astype(np.int64)
    once, times = np.unique(row * size + step, return_counts=True)
    again = once[times > 1]
    row = np.concatenate([once // size, again // size])
    step = np.concatenate([once % size, again % size + size])
    by = calls[row].select("series", "bin") if len(row) else calls.select("series", "bin").clear()
    of_calls = by.select(
        pl.col("series").cast(pl.Int64), "bin", step=pl.Series(step, dtype=pl.Int64), system=pl.lit(None, pl.Int64)
    )
    alone = lines.filter(pl.col("row").is_null()).select(
        pl.lit(None, pl.Int64).alias("series"), "bin", pl.col("step").cast(pl.Int64), "system"
    )
    return pl.concat([of_calls, alone])
