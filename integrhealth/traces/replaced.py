"""Attempts that a later attempt replaced: what became of them explains nothing of the message that asked for them.

Only messages of one parent are compared, so that what is replaced in one trace does not depend on any other.
"""

import polars as pl

from integrhealth.language.schema import is_ended, is_failed

EDGE = ("source", "target", "operation")
OBJECT = ("object_type", "object_id", "payload_hash")


def replaced(messages: pl.DataFrame) -> pl.Series:
    """The row of the later attempt with an outcome that took the place of each failed one, in the order of `messages`.

    `messages` with ``row`` (their numbers from 0) and ``parent_row``. Attempts of one thing have one parent,
    integration, edge and operation, and one message_id, or else one object and payload. Where any of them has a
    number, the next number is the later attempt, and one without is the first; each takes the place of one that was
    sent before it, of several the one that has waited longest. Where none has, the next one sent is the later attempt
    if it has the same message_id or an object with an id: without those it may be about another object.
    """
    failed = is_failed(pl.col("status"))
    asked = messages.filter(failed)["parent_row"].drop_nulls().unique()
    name = pl.coalesce("integration", pl.concat_str("source", pl.lit(" > "), "target"))
    calls = messages.filter(pl.col("parent_row").is_in(asked.implode()), is_ended(pl.col("status"))).select(
        "row",
        "sent_at",
        failed=failed,
        free=pl.lit(True),
        number=pl.when(pl.col("attempt") >= 0).then("attempt"),
        has_object=pl.col("object_id").is_not_null(),
        by_id=pl.struct("parent_row", name, *EDGE, "message_id").hash(),
        by_call=pl.struct("parent_row", name, *EDGE, *OBJECT).hash(),
    )
    same_id = _pairs(calls.with_columns(key="by_id"))
    numbered = pl.col("number").is_not_null().any().over("key")
    others = calls.with_columns(
        pl.col("failed") & ~pl.col("row").is_in(same_id["row"].implode()),
        pl.col("free") & ~pl.col("row").is_in(same_id["later"].implode()),
        key="by_call",
    ).filter(pl.col("has_object") | numbered)
    pairs = pl.concat([same_id, _pairs(others)])
    nobody = pl.repeat(None, messages.height, dtype=messages.schema["row"], eager=True)
    return nobody.scatter(pairs["row"], pairs["later"]).alias("replaced_by")


def _pairs(calls: pl.DataFrame) -> pl.DataFrame:
    """row and later: ``failed`` attempts, each with the ``free`` one of the same ``key`` that came in its place."""
    numbered = pl.col("number").is_not_null().any().over("key")
    tried = calls.filter(pl.col("key").is_duplicated()).with_columns(
        level=pl.when(numbered)
        .then(pl.col("number").fill_null(1).rank("dense").over("key"))
        .otherwise(pl.col("sent_at").rank("dense").over("key"))
        .cast(pl.Int64)
    )
    steps = pl.concat(
        [
            tried.filter("failed").select("key", "level", "sent_at", "row", waits=pl.lit(1)),
            tried.filter("free").select("key", pl.col("level") - 1, "sent_at", "row", waits=pl.lit(-1)),
        ]
    ).sort("key", "level", "sent_at", "waits", "row", descending=[False, False, False, True, False])
    # One more waits with each that failed, one less with each that came after; below zero nobody had waited.
    waiting = steps.with_columns(waiting=pl.col("waits").cum_sum().over("key", "level"))
    least = pl.min_horizontal(pl.col("waiting").cum_min().shift(1, fill_value=0).over("key", "level"), 0)
    matched = waiting.filter((pl.col("waits") > 0) | (pl.col("waiting") >= least)).with_columns(
        turn=pl.int_range(pl.len()).over("key", "level", "waits")
    )
    failed, later = (matched.filter(pl.col("waits") == sign) for sign in (1, -1))
    turns = ["key", "level", "turn"]
    return failed.select(*turns, "row").join(later.select(*turns, later="row"), on=turns).select("row", "later")
