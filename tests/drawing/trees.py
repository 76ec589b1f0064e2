"""Failures that spread by a process whose truth is known: Galton-Watson trees, and callers with many calls."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.language.schema import conform

START = pl.datetime(2026, 1, 1, time_zone="UTC")


def galton_watson(mean: float, roots: int, *, kind: str = "queue", seed: int = 7) -> pl.DataFrame:
    """One trace per root: every failed message causes Poisson(mean) failed ones, generation by generation.

    A queue is drawn parent causes child; for a request the same tree hangs upside down: the child is the cause, and
    has at most one parent, so every failed message has at most one child (a chain of Bernoulli(mean) links).
    """
    rng = np.random.default_rng(seed)
    generation = pl.DataFrame(
        {"message_id": [f"r{i}" for i in range(roots)], "trace_id": [f"t{i}" for i in range(roots)]}
    )
    generation = generation.with_columns(parent_id=pl.lit(None, pl.String))
    grown, depth = [generation.with_columns(depth=pl.lit(0))], 0
    while generation.height:
        depth += 1
        children = rng.poisson(mean, generation.height) if kind == "queue" else rng.binomial(1, mean, generation.height)
        generation = generation.select(pl.all().repeat_by(pl.Series(children)).explode(empty_as_null=False))
        number = pl.int_range(pl.len()).over("message_id")
        generation = generation.select(
            parent_id="message_id", message_id=pl.format("{}.{}", "message_id", number), trace_id="trace_id"
        ).select("message_id", "trace_id", "parent_id")
        grown.append(generation.with_columns(depth=pl.lit(depth)))
    rows = pl.concat(grown)
    if kind == "request":
        callers = rows.drop_nulls("parent_id").select(message_id="parent_id", caller="message_id")
        rows = rows.join(callers, on="message_id", how="left").with_columns(parent_id=pl.col("caller")).drop("caller")
    start = pl.datetime(2026, 1, 1, time_zone="UTC")
    return conform(
        rows.with_columns(
            source=pl.format("s{}", pl.col("depth") % 5),
            target=pl.format("s{}", (pl.col("depth") + 1) % 5),
            kind=pl.lit(kind),
            status=pl.lit("failed"),
            sent_at=start + pl.duration(seconds=pl.col("depth")),
            finished_at=start + pl.duration(seconds=pl.col("depth") + 1),
        ),
        "messages",
    )


def fanned_calls(traces: int, fails: float, *, fan_out: int = 6, seed: int = 1) -> tuple[pl.DataFrame, float]:
    """Callers of callers of FAN_OUT calls each, of which the last fail by chance and take all above along.

    Also gives the true reproduction number, counted from the draw: failures that are not the last / all failures.
    """
    failed = [np.random.default_rng(seed).random((traces, fan_out**2)) < fails]
    for _ in range(2):
        failed.insert(0, failed[0].reshape(traces, -1, fan_out).any(axis=-1))
    rows = pl.concat([_level(level, drawn, fan_out) for level, drawn in enumerate(failed)])
    caused = failed[0].sum() + failed[1].sum()
    return conform(rows, "messages"), float(caused / (caused + failed[2].sum()))


def _level(level: int, failed: NDArray, fan_out: int) -> pl.DataFrame:
    trace, place = (index.ravel() for index in np.indices(failed.shape))
    drawn = pl.DataFrame({"trace": trace, "place": place, "failed": failed.ravel()})
    above = pl.format("{}/{}/{}", pl.lit(level - 1), "trace", pl.col("place") // fan_out)
    return drawn.select(
        trace_id=pl.format("t{}", "trace"),
        message_id=pl.format("{}/{}/{}", pl.lit(level), "trace", "place"),
        parent_id=pl.when(level > 0).then(above),
        source=pl.format("s{}", pl.lit(level)),
        target=pl.format("s{}", pl.lit(level + 1)),
        kind=pl.lit("request"),
        status=pl.when("failed").then(pl.lit("failed")).otherwise(pl.lit("ok")),
        sent_at=START,
        finished_at=START + pl.duration(seconds=10 - level),
    )
