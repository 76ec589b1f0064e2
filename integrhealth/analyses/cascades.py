"""Cascades: what one error brought down with it."""

import polars as pl

from integrhealth.ancestry import NO_ROW, depths, roots
from integrhealth.schema import is_failed


def cascade_facts(caused: pl.DataFrame) -> pl.DataFrame:
    """One row per cascade, largest first. Cascades partition the failed messages: sum(messages) = failed messages.

    CAUSED as ``traces.with_causes`` gives it. Every message belongs to the cascade of its first failed cause.
    ``messages`` counts failed messages, the root included; ``systems`` distinct targets; ``depth`` is 0 for a lone
    root; ``spread_ms`` runs from the root's finish to the last; ``amount`` sums distinct business objects, each at
    its largest (messages without an object id count as one object); ``failed_causes`` lists, for each message that
    was caused, how many failed causes it has in the data. A cascade lies in one trace, so the rows add up.
    """
    failed = caused.filter(is_failed(pl.col("status"))).with_columns(ended_at=pl.coalesce("finished_at", "answered_at"))
    local = failed.select("row").with_row_index("local")
    cause = failed.select(row="cause_row").join(local, on="row", how="left", maintain_order="left")["local"]
    pointers = cause.cast(pl.Int64).fill_null(NO_ROW).to_numpy()
    top, _ = roots(pointers)
    placed = failed.with_columns(
        root=pl.Series(top, dtype=pl.UInt32), hops=pl.Series(depths(pointers)[0], dtype=pl.Int64)
    ).with_columns(root_ended_at=pl.col("ended_at").gather("root"))
    objects = (
        placed.group_by("root", "object_type", "object_id")
        .agg(pl.col("amount").max())
        .group_by("root")
        .agg(amount=pl.when(pl.col("amount").is_not_null().any()).then(pl.col("amount").sum()))
    )
    sizes = placed.group_by("root").agg(
        messages=pl.len().cast(pl.Int64),
        systems=pl.col("target").n_unique().cast(pl.Int64),
        depth=pl.col("hops").max(),
        spread_ms=((pl.col("ended_at").max() - pl.col("root_ended_at").first()).dt.total_microseconds() / 1000).clip(0),
        failed_causes=pl.col("failed_causes").filter(pl.col("failed_causes") > 0).sort(),
    )
    heads = placed.filter("own_error").select(
        "trace_id", "error_code", root=pl.col("root"), root_id="message_id", root_system="target", started_at="sent_at"
    )
    columns = "root_id trace_id root_system error_code started_at messages systems depth spread_ms amount failed_causes"
    return (
        heads.join(sizes, on="root")
        .join(objects, on="root")
        .select(columns.split())
        .sort("messages", "started_at", "root_id", descending=[True, False, False])
    )


def survival(cascades: pl.DataFrame) -> pl.DataFrame:
    """One row per cascade size that occurs: the share of cascades that are at least that large, and their number."""
    counted = cascades.group_by("messages").agg(cascades=pl.len().cast(pl.Int64)).sort("messages", descending=True)
    return counted.select(
        "messages", at_least=pl.col("cascades").cum_sum(), share=pl.col("cascades").cum_sum() / pl.col("cascades").sum()
    ).sort("messages")
