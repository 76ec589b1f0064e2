"""What several analyses need of a trace: which message caused which, its depth, and which way a failure travelled.

Parent links are followed only inside one trace and a bounded time, since ids come back: a counter starts again every
year. Into another trace they are followed where the parent's id begins with that trace, as those of spans do. Rows are
never multiplied: a message has at most one parent here.
"""

from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.language.schema import SENT_AWAY, is_failed
from integrhealth.language.thresholds import MAX_TRACE_MESSAGES, PARENT_DAYS
from integrhealth.traces.ancestry import NO_ROW, depths, roots
from integrhealth.traces.batches import batch_rows
from integrhealth.traces.replaced import replaced

NEAR = timedelta(days=PARENT_DAYS)


def linked(messages: pl.DataFrame) -> pl.DataFrame:
    """`messages` in the same order plus trace, row, parent_row, depth, in_loop, replaced, replaced_by and batch_row.

    ``trace`` is never null: the trace_id; without one (or with one shared by more than 100,000 messages, which is a
    constant and no trace) that of the parent in the same file, else a trace of its own; below a link into another trace
    that of the topmost message. ``row`` numbers the
    messages from 0; ``parent_row`` is the parent's row in the same trace, or null; where attempts share an id, the
    parent is the last attempt that began before the child. One sent more than 30 days before or after the child is
    none: its id was used again. Links that close a loop are cut and ``in_loop`` is true. ``replaced``: a failed
    attempt of which a later one took the place, ``replaced_by`` the row of that one, as in ``replaced``.
    ``batch_row``: the row on which the work hangs that was done for a message with others at once, as in
    ``batch_rows``.
    """
    numbered = messages.with_row_index("row").with_columns(_usable_trace())
    traced = numbered.with_columns(_parents(numbered, on="trace").alias("parent_row"))
    if numbered["trace"].null_count():
        traced = _adopted(traced)
    traced = _across(traced)
    depth, looped = depths(_pointers(traced["parent_row"]))
    cut = traced.with_columns(
        depth=pl.Series(depth, dtype=pl.Int32), in_loop=pl.Series(looped, dtype=pl.Boolean)
    ).with_columns(parent_row=pl.when(~pl.col("in_loop")).then("parent_row"))
    later = replaced(cut)
    return cut.with_columns(later.is_not_null().alias("replaced"), later, batch_rows(cut))


def _usable_trace() -> pl.Expr:
    shared = pl.len().over("trace_id") > MAX_TRACE_MESSAGES
    return pl.when(~shared).then("trace_id").alias("trace")


def oversized_traces(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per trace_id that too many messages share to be a trace: trace_id, messages."""
    counted = messages.filter(pl.col("trace_id").is_not_null()).group_by("trace_id").agg(messages=pl.len())
    return counted.filter(pl.col("messages") > MAX_TRACE_MESSAGES).sort("trace_id")


def _parents(numbered: pl.DataFrame, *, on: str) -> pl.Series:
    """The row of each message's parent among the messages of the same `on`, or null."""
    traced = pl.col(on).is_not_null()
    # A 64-bit key joins five times as fast as two texts; what it brings together is then compared for real.
    keyed = numbered.select(
        pl.int_range(pl.len()).alias("place"),
        key=pl.when(traced).then(pl.struct(on, id="message_id").hash()),
        parent_key=pl.when(traced & pl.col("parent_id").is_not_null()).then(pl.struct(on, id="parent_id").hash()),
    )
    children = keyed.select("place", key="parent_key").drop_nulls()
    parents = keyed.select("key", above="place").join(children.select("key"), on="key", how="semi")
    repeated = parents["key"].is_duplicated()
    pairs = children.join(parents.filter(~repeated), on="key").filter(pl.col("place") != pl.col("above"))
    same = numbered["parent_id"].gather(pairs["place"]) == numbered["message_id"].gather(pairs["above"])
    same &= numbered[on].gather(pairs["place"]) == numbered[on].gather(pairs["above"])
    apart = numbered["sent_at"].gather(pairs["place"]) - numbered["sent_at"].gather(pairs["above"])
    same &= apart.is_between(-NEAR, NEAR)
    above = np.full(numbered.height, NO_ROW)
    for links in (pairs.filter(same), _of_attempts(numbered, children, parents.filter(repeated), on=on)):
        above[links["place"].to_numpy()] = links["above"].to_numpy()
    places = pl.Series("parent_row", above)
    return numbered["row"].gather(places.set(places == NO_ROW, None)).alias("parent_row")


def _of_attempts(numbered: pl.DataFrame, children: pl.DataFrame, parents: pl.DataFrame, *, on: str) -> pl.DataFrame:
    """place and above of the children whose parent's id is taken more than once."""
    asking = children.join(parents, on="key", how="semi")["place"]
    undecided = numbered[asking].select(asking, on, "sent_at", id="parent_id")
    candidates = numbered[parents["above"]].select(parents["above"], on, "sent_at", id="message_id")
    return _latest_attempt_before(undecided, candidates, on=on).filter(pl.col("place") != pl.col("above"))


def _latest_attempt_before(children: pl.DataFrame, candidates: pl.DataFrame, *, on: str) -> pl.DataFrame:
    candidates = candidates.sort("sent_at", "above")
    how = {"on": "sent_at", "by": [on, "id"], "tolerance": NEAR, "check_sortedness": False}
    before = children.sort("sent_at", "place").join_asof(candidates, **how)
    # Clocks differ: a child that seems to be older than every attempt belongs to the first of them.
    late = before.filter(pl.col("above").is_null()).drop("above")
    after = late.join_asof(candidates, strategy="forward", **how)
    return pl.concat([before, after]).drop_nulls("above").select("place", "above")


def _adopted(traced: pl.DataFrame) -> pl.DataFrame:
    """Messages without a trace join the trace of their parent in the same file; chains of them share one."""
    orphan = pl.col("trace").is_null()
    filed = traced.with_columns(file=pl.col("log_file").fill_null(""))
    filed = filed.with_columns(_parents(filed, on="file").alias("parent_in_file"))
    filed = filed.with_columns(parent_row=pl.when(orphan).then("parent_in_file").otherwise("parent_row"))
    top, _ = roots(_pointers(filed.select(pl.when(orphan).then("parent_row")).to_series()))
    adopted = pl.coalesce(pl.col("trace").gather("top"), pl.format("message {}", "top"))
    joined = filed.with_columns(top=pl.Series(top, dtype=pl.UInt32)).with_columns(trace=adopted, orphan=orphan)
    return _linked_to_adopted(joined).drop("file", "parent_in_file", "top", "orphan")


def _linked_to_adopted(joined: pl.DataFrame) -> pl.DataFrame:
    """Messages whose parent had no trace of its own find it now that it has joined theirs."""
    unlinked = ~pl.col("orphan") & pl.col("parent_id").is_not_null() & pl.col("parent_row").is_null()
    candidates = joined.filter(pl.col("orphan") | unlinked).with_columns(
        parent_id=pl.when(~pl.col("orphan")).then("parent_id")
    )
    adopters = candidates.select("row", adopter_row=_parents(candidates, on="trace"))
    return (
        joined.join(adopters, on="row", how="left", maintain_order="left")
        .with_columns(parent_row=pl.coalesce("parent_row", "adopter_row"))
        .drop("adopter_row")
    )


def _across(traced: pl.DataFrame) -> pl.DataFrame:
    """Messages whose parent lies in another trace, and all below them, join the trace of the topmost message above.

    Only the tree below the link moves: joined by everything they share, the traces of a queue would be one.
    """
    elsewhere = pl.col("parent_row").is_null() & pl.col("trace_id").is_not_null() & pl.col("parent_id").is_not_null()
    leaving = traced.filter(elsewhere).filter(~_begins_with_trace("parent_id"))
    if leaving.is_empty():
        return traced
    parents = traced.join(leaving.select(message_id="parent_id"), on="message_id", how="semi")
    candidates = pl.concat([leaving, parents]).unique("row", keep="first").sort("row")
    candidates = candidates.with_columns(
        everywhere=pl.lit(""),
        message_id=pl.when(_begins_with_trace("message_id")).then("message_id"),
        parent_id=pl.when(pl.col("row").is_in(leaving["row"].implode())).then("parent_id"),
    )
    crossing = candidates.select("row", above=_parents(candidates, on="everywhere")).drop_nulls()
    if crossing.is_empty():
        return traced
    joined = traced.with_columns(parent_row=traced["parent_row"].scatter(crossing["row"], crossing["above"]))
    crosses = np.zeros(traced.height, bool)
    crosses[crossing["row"].to_numpy()] = True
    top = _tops_over(_pointers(joined["parent_row"]), crosses)
    return joined.with_columns(trace=joined["trace"].gather(pl.Series(top)))


def _tops_over(parent: NDArray, crosses: NDArray) -> NDArray:
    """For each row the topmost one above it, where a row that crosses lies on the way; itself for all others."""
    top, _ = roots(parent)
    # Where links across traces were cut, whoever crosses reaches another top.
    within, _ = roots(np.where(crosses, NO_ROW, parent))
    return np.where(top != within, top, np.arange(len(parent)))


def _begins_with_trace(name: str) -> pl.Expr:
    return pl.col(name).str.starts_with(pl.concat_str("trace_id", pl.lit(":"))).fill_null(False)


def _pointers(rows: pl.Series) -> NDArray:
    """Row numbers as an array, -1 for none."""
    return rows.cast(pl.Int64).fill_null(NO_ROW).to_numpy()


def failure_links(linked: pl.DataFrame) -> pl.DataFrame:
    """One row per link along which a failure could travel: cause_row, effect_row and whether the effect failed.

    Only links whose cause failed. The kind of the child decides the direction: its parent waits for a request or
    internal work, so the child is the cause; a queue, batch or file is sent away, so the parent is. Without a kind,
    whichever finished first is the cause; on a tie, or without times, the child. An effect that is ok was shielded.
    A child that a later attempt replaced is no cause of a parent that failed all the same. What failed for one of the
    messages of a batch is a cause of every one that failed.
    """
    ended = pl.coalesce("finished_at", "answered_at").alias("ended")
    columns = ("row", "parent_row", "batch_row", "kind", "status", "replaced")
    state = linked.select(*columns, ended, failed=is_failed(pl.col("status")))
    failed = state.filter("failed").select("row")
    links = state.select("row", "parent_row").drop_nulls()
    # Failures are few: only what they touch is looked up.
    touched = pl.concat(
        [
            links.join(failed, on="row", how="semi"),
            links.join(failed.rename({"row": "parent_row"}), on="parent_row", how="semi"),
        ]
    ).unique()
    batched = state.filter("failed").select(parent_row="row", first="batch_row").drop_nulls()
    for_all = links.rename({"parent_row": "first"}).join(batched, on="first").select("row", "parent_row")
    touched = pl.concat([touched.with_columns(shared=False), for_all.with_columns(shared=True)], how="vertical")
    child = state.drop("parent_row", "batch_row").rename(
        {name: f"child_{name}" for name in ("row", "status", "ended", "failed")}
    )
    parent = state.drop("parent_row", "batch_row", "kind", "replaced").select(pl.all().name.prefix("parent_"))
    touched = touched.rename({"row": "child_row"}).join(child, on="child_row").join(parent, on="parent_row")
    parent_first = pl.col("kind").is_in(SENT_AWAY) | (
        pl.col("kind").is_null() & (pl.col("parent_ended") < pl.col("child_ended"))
    )
    down = parent_first.fill_null(False)
    directed = touched.filter(~(pl.col("shared") & down)).select(
        cause_row=pl.when(down).then("parent_row").otherwise("child_row"),
        effect_row=pl.when(down).then("child_row").otherwise("parent_row"),
        cause_failed=pl.when(down).then("parent_failed").otherwise("child_failed"),
        replaced=pl.col("replaced") & ~down,
        cause_ended=pl.when(down).then("parent_ended").otherwise("child_ended"),
        effect_status=pl.when(down).then("child_status").otherwise("parent_status"),
    )
    return (
        directed.filter("cause_failed")
        .with_columns(effect_failed=is_failed(pl.col("effect_status")))
        .filter(~(pl.col("replaced") & pl.col("effect_failed")))
        .drop("cause_failed", "replaced")
        .sort("effect_row", "cause_row")
    )


def with_causes(linked: pl.DataFrame) -> pl.DataFrame:
    """`linked` plus own_error, passed_on, stopped, failed_causes and cause_row.

    ``own_error``: failed, and no cause failed. ``passed_on``: failed, and a cause failed. ``stopped``: ok although a
    cause failed. ``failed_causes`` counts the failed causes in the data, without attempts that were replaced;
    ``cause_row`` is the one that finished first (then the smallest message_id), so that cascades partition the failed
    messages.
    """
    links = failure_links(linked)
    ids = linked.select(cause_row="row", cause_id="message_id")
    chosen = (
        links.filter("effect_failed")
        .join(ids, on="cause_row")
        .sort("effect_row", "cause_ended", "cause_id", nulls_last=True)
        .group_by("effect_row", maintain_order=True)
        .agg(cause_row=pl.col("cause_row").first(), failed_causes=pl.len())
    )
    shielded = links.filter(pl.col("effect_status") == "ok").select(row="effect_row", stopped=pl.lit(True)).unique()
    failed = is_failed(pl.col("status"))
    return (
        linked.join(chosen.rename({"effect_row": "row"}), on="row", how="left", maintain_order="left")
        .join(shielded, on="row", how="left", maintain_order="left")
        .with_columns(pl.col("stopped").fill_null(False), pl.col("failed_causes").fill_null(0).cast(pl.UInt32))
        .with_columns(
            own_error=failed & (pl.col("failed_causes") == 0),
            passed_on=failed & (pl.col("failed_causes") > 0),
        )
    )
