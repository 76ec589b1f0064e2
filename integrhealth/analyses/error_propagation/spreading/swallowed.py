"""Errors that were stopped, told apart: a retry saved the answer, or it was given with something missing inside."""

import polars as pl

from integrhealth.language.schema import is_delivered, is_failed
from integrhealth.traces.links import failure_links

SAME_CALL = ["parent_row", "target", "operation", "object_type", "object_id"]


def swallowed(caused: pl.DataFrame) -> pl.DataFrame:
    """One row per message that is ok although work it had waited for failed: row, swallowed, saved_by_retry.

    ``saved_by_retry``: of every failed call a later attempt was delivered: one of the same parent, target, operation
    and object, sent later and, where attempts are told, with a larger number. ``swallowed``: some failed call was
    neither retried with success nor followed by a delivered ``fallback``, so the answer lacks what that call was for
    (by design or by accident, which no log tells). Neither: a fallback stood in. Messages that were sent away (queue,
    batch, file) and are fine although their sender failed waited for nothing and have no row.
    """
    columns = ["row", "kind", "status", "sent_at", "finished_at", "answered_at", "attempt", "fallback", "stopped"]
    columns += ["replaced", "batch_row"]
    messages = caused.select(*SAME_CALL, *columns)
    concerned = messages.filter(pl.col("stopped") | is_failed(pl.col("status")))
    links = failure_links(concerned).filter(pl.col("effect_status") == "ok")
    calls = (
        concerned.join(links.select("effect_row", row="cause_row"), on="row")
        .filter(pl.col("parent_row") == pl.col("effect_row"))
        .select(*SAME_CALL, "sent_at", "attempt")
    )
    # Calls that were stopped are few: only what their parents also called is looked at.
    beside = messages.filter(pl.col("parent_row").is_in(calls["parent_row"].implode()) & is_delivered(pl.col("status")))
    again = beside.group_by(SAME_CALL).agg(last_sent=pl.col("sent_at").max(), last_attempt=pl.col("attempt").max())
    instead = beside.filter("fallback").group_by("parent_row").agg(last_fallback=pl.col("sent_at").max())
    later = (pl.col("last_sent") > pl.col("sent_at")) & (pl.col("last_attempt") > pl.col("attempt")).fill_null(True)
    return (
        calls.join(again, on=SAME_CALL, how="left", nulls_equal=True)
        .join(instead, on="parent_row", how="left")
        .with_columns(
            retried=later.fill_null(False), replaced=(pl.col("last_fallback") >= pl.col("sent_at")).fill_null(False)
        )
        .group_by(row="parent_row")
        .agg(
            swallowed=(~(pl.col("retried") | pl.col("replaced"))).any(),
            saved_by_retry=pl.col("retried").all(),
        )
        .sort("row")
    )
