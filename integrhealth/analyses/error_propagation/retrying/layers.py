"""Layers of retries: where a caller retries what its callee has retried already, attempts multiply."""

import numpy as np
import polars as pl

from integrhealth.language.statistics import enough
from integrhealth.language.thresholds import MAX_LAYERS, MIN_MESSAGES
from integrhealth.traces.ancestry import NO_ROW, roots

LAYERS: dict[str, pl.DataType] = {
    "outer": pl.String(),
    "inner": pl.String(),
    "through": pl.List(pl.String()),
    "chains": pl.Int64(),
    "attempts_below": pl.Int64(),
    "most_below": pl.Int64(),
    "attempts_per_message": pl.Float64(),
    "expected": pl.Int64(),
}


def retry_layers(linked: pl.DataFrame, tried: pl.DataFrame, *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per pair of integrations that both retried, one below the other, and path of retrying ones between them.

    `linked` as ``links.linked`` gives it, `tried` as ``chains.attempts`` does. ``chains`` counts messages of the
    outer one that were retried and below which the inner one retried too; ``attempts_below`` the attempts of the
    inner one below those messages, ``most_below`` the most below one of them. ``attempts_per_message`` is their
    ratio, null under `min_messages` chains; ``expected`` the product of (1 + most retries) over all layers of the path,
    reached when everything fails (AWS Builders' Library). Integrations between two that never retried are no layers.
    """
    near = _nearest(linked, tried)
    most = tried.group_by("integration").agg(tries=pl.col("number").max())
    tops = near.select(
        above="place", chain="chain", outer="integration", further="above", outer_retried="retried"
    ).filter("outer_retried")
    path = near.filter(pl.col("above") != NO_ROW).select(
        "above", "retried", inner="integration", through=pl.lit([], pl.List(pl.String))
    )
    path = path.join(most, left_on="inner", right_on="integration").rename({"tries": "expected"})
    by_height = []
    for _ in range(MAX_LAYERS):
        joined = path.join(tops, on="above").join(most, left_on="outer", right_on="integration")
        reached = joined.with_columns(expected=pl.col("expected") * pl.col("tries"))
        by_height.append(_pairs(reached))
        path = reached.filter(pl.col("further") != NO_ROW).select(
            "retried", "inner", "expected", above="further", through=pl.concat_list("outer", "through")
        )
        if path.is_empty():
            break
    judged = pl.when(enough(pl.col("chains"), min_messages))
    return (
        pl.concat(by_height)
        .with_columns(attempts_per_message=judged.then(pl.col("attempts_below") / pl.col("chains")))
        .select(*LAYERS)
        .cast(LAYERS)
        .sort("most_below", "outer", "inner", pl.col("through").list.join("/"), descending=[True, False, False, False])
    )


def _pairs(reached: pl.DataFrame) -> pl.DataFrame:
    """Attempts below each retried message, where the inner integration retried too, then summed per path."""
    path = ("outer", "inner", "through", "expected")
    below = reached.group_by("chain", *path).agg(attempts=pl.len(), both=pl.col("retried").any())
    counted = below.filter("both").group_by(path)
    return counted.agg(chains=pl.len(), attempts_below=pl.col("attempts").sum(), most_below=pl.col("attempts").max())


def _nearest(linked: pl.DataFrame, tried: pl.DataFrame) -> pl.DataFrame:
    """The attempts of traces with a retry, by place: chain, integration, retried, and above, the place of the nearest
    attempt of a retried message that waited for theirs, or -1.
    """
    retried = tried.filter(pl.col("retry") & ~pl.col("blind")).select("chain").unique()
    traces = linked.select("row", "trace").join(
        tried.join(retried, on="chain", how="semi").select("row"), on="row", how="semi"
    )
    kept = (
        linked.select("row", "trace", "parent_row")
        .join(traces, on="trace", how="semi", maintain_order="left")
        .join(tried.select("row", "chain", "integration"), on="row", how="left", maintain_order="left")
        .with_columns(chain=pl.coalesce("chain", "row"))
        .with_row_index("place")
    )
    first = kept.select(chain="row", first="place", call="parent_row")
    placed = (
        kept.join(first, on="chain", how="left", maintain_order="left")
        .join(kept.select(call="row", caller="place"), on="call", how="left", maintain_order="left")
        .with_columns(retried=pl.col("chain").is_in(retried["chain"].implode()), caller=pl.col("caller").cast(pl.Int64))
        .with_columns(pl.col("caller").fill_null(NO_ROW))
    )
    caller, again = placed["caller"].to_numpy(), placed["retried"].to_numpy()
    # Climbing ends at a retried attempt: it is its own top.
    top, _ = roots(np.where(again, NO_ROW, caller))
    above = np.where(caller >= 0, top[caller], NO_ROW)
    above = np.where((above >= 0) & again[above], above, NO_ROW)
    return placed.select("place", "chain", "integration", "retried", above=pl.Series(above, dtype=pl.Int64))
