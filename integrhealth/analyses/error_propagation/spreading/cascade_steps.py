"""The worst cascades step by step: which message failed when, what took it along, and where it ended."""

import polars as pl

from integrhealth.language.schema import is_failed
from integrhealth.traces.cascades import cascade_members
from integrhealth.traces.links import failure_links


def cascade_steps(caused: pl.DataFrame, cascades: pl.DataFrame, *, top: int = 1) -> pl.DataFrame:
    """One row per message of the `top` worst cascades: those that failed, and those that are ok although a cause
    failed.

    Worst is the cascade with most systems, then messages, then amount. ``cascade`` counts from 1, the worst;
    ``step`` from 1, the root, in the order in which messages ended; ``cause_step`` is the step that failed first of
    those that caused this one. Times are milliseconds since the root was sent, negative for a caller that had been
    waiting already. `caused` as ``links.with_causes`` gives it, `cascades` as ``cascade_facts`` does.
    """
    heads = _worst_roots(caused, cascades, top=top)
    within = caused.join(heads.select("trace").unique(), on="trace", how="semi", maintain_order="left")
    # Messages of a batch lie in the traces of their senders.
    failed = cascade_members(caused).join(heads.drop("trace"), on="root").with_columns(cause="cause_row")
    # What a failed cause did not bring down is no member of the cascade, but where it ended.
    stopped = _stopped(within, failed).with_columns(ended_at=pl.coalesce("finished_at", "answered_at"))
    columns = [
        "cascade",
        "root",
        "row",
        "cause",
        "below_root",
        "root_id",
        "root_sent_at",
        "ended_at",
        "source",
        "target",
    ]
    columns += ["integration", "operation", "status", "sent_at", "error_code", "message_id", "log_file", "log_line"]
    steps = (
        pl.concat([failed.select(columns), stopped.select(columns)])
        .sort("cascade", pl.col("below_root") > 0, "ended_at", "below_root", "message_id", "row", nulls_last=True)
        .with_columns(step=pl.int_range(1, pl.len() + 1).over("cascade"))
    )
    earlier = steps.filter(is_failed(pl.col("status"))).select("cascade", cause="row", cause_step="step")
    placed = steps.join(earlier, on=["cascade", "cause"], how="left", maintain_order="left")
    return placed.select(
        "cascade",
        "root_id",
        "step",
        "cause_step",
        _since_root("sent_at").alias("at_ms"),
        _since_root("ended_at").alias("ended_ms"),
        pl.col("below_root").alias("depth"),
        *columns[columns.index("source") : columns.index("sent_at")],
        *columns[columns.index("error_code") :],
    )


def _since_root(time: str) -> pl.Expr:
    return (pl.col(time) - pl.col("root_sent_at")).dt.total_microseconds() / 1000


def _worst_roots(caused: pl.DataFrame, cascades: pl.DataFrame, *, top: int) -> pl.DataFrame:
    """cascade, trace, root, root_id and root_sent_at of the `top` worst cascades."""
    order = {"systems": True, "messages": True, "amount": True, "started_at": False, "root_id": False}
    worst = cascades.sort(*order, descending=list(order.values()), nulls_last=True).head(top)
    worst = worst.select("trace_id", "root_id", "started_at", cascade=pl.int_range(1, pl.len() + 1))
    own = caused.filter("own_error").select(
        "trace", "trace_id", root="row", root_id="message_id", started_at="sent_at", root_sent_at="sent_at"
    )
    heads = own.join(worst, on=["trace_id", "root_id", "started_at"], nulls_equal=True)
    return heads.unique("cascade", keep="first", maintain_order=True).select(
        "cascade", "trace", "root", "root_id", "root_sent_at"
    )


def _stopped(within: pl.DataFrame, failed: pl.DataFrame) -> pl.DataFrame:
    """The messages that are ok although one of `failed` is among their causes, placed one link below the first such."""
    concerned = within.filter(pl.col("stopped") | is_failed(pl.col("status")))
    links = failure_links(concerned).filter(pl.col("effect_status") == "ok")
    causes = failed.select(
        "cascade", "root", "root_id", "root_sent_at", "message_id", cause="row", below_root=pl.col("below_root") + 1
    )
    behind = (
        links.join(causes, left_on="cause_row", right_on="cause")
        .sort("effect_row", "cause_ended", "message_id", nulls_last=True)
        .unique(["cascade", "effect_row"], keep="first", maintain_order=True)
        .select("cascade", "root", "root_id", "root_sent_at", "below_root", row="effect_row", cause="cause_row")
    )
    return within.join(behind, on="row")
