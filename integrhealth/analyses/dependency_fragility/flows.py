"""Capabilities: what the business must be able to do, as path questions from an entry to a goal, found in the traffic.

The functions named ``*_facts`` return mergeable aggregates (``traces.facts``): counts over whole traces that add up
over disjoint sets of traces; all others judge merged facts. A null object_type is a type like any other.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from integrhealth.language.schema import is_business, is_delivered, is_failed, is_named
from integrhealth.language.statistics import beta_interval, enough
from integrhealth.language.thresholds import CAPABILITY_SHARE, MIN_MESSAGES

FLOW = ("object_type", "entry", "goal")
BEGINNING = ("object_type", "entry", "first_target", "operation")
# A number, a hexadecimal id or a UUID inside the name of an operation: the same operation on another object.
ID_IN_NAME = r"\b[0-9a-fA-F-]*[0-9][0-9a-fA-F-]*\b"


def steps(linked: pl.DataFrame) -> pl.DataFrame:
    """The messages of `linked` (in its order) with only what path questions need, the traces numbered.

    ``begun_at``: when the message was sent, but never before its parent was: where one log knows seconds and another
    milliseconds, or two clocks disagree, the links say what came first. Load tests are no traffic and left out.
    """
    chosen = linked.select(
        pl.col("row").min().over("trace").alias("trace"),
        _begun_at(linked),
        "row",
        "parent_row",
        "depth",
        "message_id",
        "object_type",
        "source",
        "target",
        "operation",
        failed=is_failed(pl.col("status")),
        delivered=is_delivered(pl.col("status")),
        request=(pl.col("kind") == "request").fill_null(False),
        traffic=is_business(),
    )
    return chosen.filter("traffic").drop("traffic")


def _begun_at(linked: pl.DataFrame) -> pl.Series:
    """The latest sent_at from each message up to its root, by pointer doubling."""
    begun = linked["sent_at"].to_physical().to_numpy().copy()
    itself = np.arange(linked.height)
    jump = linked["parent_row"].cast(pl.Int64).fill_null(-1).to_numpy()
    jump = np.where(jump < 0, itself, jump)
    while True:
        begun = np.maximum(begun, begun[jump])
        further = jump[jump]
        if np.array_equal(further, jump):
            return pl.Series("begun_at", begun, dtype=pl.Int64)
        jump = further


def journeys(steps: pl.DataFrame) -> pl.DataFrame:
    """One row per trace: trace, object_type, entry, first_target, operation, goal, failing.

    ``entry``, ``first_target`` and ``operation`` are those of the message sent first (of several the topmost, then
    the smallest message_id); ids inside the operation are read as "#". ``goal`` is the target of the last-sent
    message that did not fail and says to whom it went, null where there is none. ``object_type`` is that of the first
    message that names one. ``failing``: some message of the trace failed.
    """
    first = _earliest(steps).select(
        "trace",
        entry="source",
        first_target="target",
        operation=pl.col("operation").str.replace_all(ID_IN_NAME, "#"),
    )
    typed = _earliest(steps.filter(pl.col("object_type").is_not_null())).select("trace", "object_type")
    last = _latest(steps.filter(~pl.col("failed"), is_named(pl.col("target")))).select("trace", goal="target")
    failing = steps.filter("failed").select("trace", failing=pl.lit(True)).unique()
    return (
        first.join(typed, on="trace", how="left")
        .join(last, on="trace", how="left")
        .join(failing, on="trace", how="left")
        .select("trace", *BEGINNING, "goal", pl.col("failing").fill_null(False))
        .sort("trace")
    )


def _earliest(steps: pl.DataFrame) -> pl.DataFrame:
    tied = steps.filter(pl.col("begun_at") == pl.col("begun_at").min().over("trace"))
    return tied.sort("depth", "message_id").unique("trace", keep="first", maintain_order=True)


def _latest(steps: pl.DataFrame) -> pl.DataFrame:
    tied = steps.filter(pl.col("begun_at") == pl.col("begun_at").max().over("trace"))
    return tied.sort("depth", "message_id").unique("trace", keep="last", maintain_order=True)


def flows(journeys: pl.DataFrame, steps: pl.DataFrame, *, asked: pl.DataFrame | None = None) -> pl.DataFrame:
    """One row per trace and path question that it answers: trace, object_type, entry, goal.

    Without `asked` a trace answers one question, its own entry and goal (null where all its messages failed). With
    the capabilities of a catalog (entry, goal) it answers those whose entry its first message leaves or arrives at
    (a trace may begin at a person, or at a system that nobody declared) and to whose goal it delivered.
    """
    if asked is None:
        return journeys.select("trace", *FLOW)
    starts = [journeys.select("trace", "object_type", entry=column) for column in ("entry", "first_target")]
    begun = pl.concat(starts).unique().join(asked.select("entry", "goal").unique(), on="entry")
    delivered = steps.filter("delivered").select("trace", goal="target").unique()
    return begun.join(delivered, on=["trace", "goal"], how="semi").select("trace", *FLOW).sort("trace", *FLOW)


def flow_facts(flows: pl.DataFrame) -> pl.DataFrame:
    """One row per object type, entry and goal: traces."""
    return flows.group_by(FLOW).agg(traces=pl.len().cast(pl.Int64)).sort(FLOW, nulls_last=True)


def edge_facts(flows: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """One row per object type, entry, goal and edge (source, target): the traces in which the edge occurs."""
    edges = steps.filter(pl.col("source") != pl.col("target")).select("trace", "source", "target").unique()
    return _occurrences(flows, edges, ["source", "target"])


def call_facts(flows: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """One row per object type, entry, goal and system: the traces in which it answered a request.

    Requests that failed do not count: a trace that reached its goal without the answer did not need it.
    """
    answered = steps.filter("request", "delivered", pl.col("source") != pl.col("target"))
    return _occurrences(flows, answered.select("trace", system="target").unique(), ["system"])


def _occurrences(flows: pl.DataFrame, places: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    joined = flows.drop_nulls("goal").join(places, on="trace")
    return joined.group_by(*FLOW, *by).agg(traces=pl.len().cast(pl.Int64)).sort(*FLOW, *by, nulls_last=True)


def beginning_facts(journeys: pl.DataFrame) -> pl.DataFrame:
    """One row per way to begin (object type, entry, first target, operation): traces begun, and with a failure."""
    counted = journeys.group_by(BEGINNING).agg(begun=pl.len().cast(pl.Int64), failing=_total("failing"))
    return counted.sort(BEGINNING, nulls_last=True)


def visit_facts(journeys: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """One row per way to begin and system that such traces sent to: reached, refused, open, failing.

    A trace is counted once per system: it ``reached`` it when a message was delivered there, else was ``refused``
    when one failed there, else it is ``open`` (held, pending, unknown). ``failing`` of them had a failure somewhere.
    """
    visits = steps.group_by("trace", goal="target").agg(pl.col("delivered").any(), pl.col("failed").any())
    outcome = journeys.drop("goal").join(visits, on="trace")
    counted = outcome.group_by(*BEGINNING, "goal").agg(
        reached=_total("delivered"),
        refused=(~pl.col("delivered") & pl.col("failed")).sum().cast(pl.Int64),
        open=(~pl.col("delivered") & ~pl.col("failed")).sum().cast(pl.Int64),
        failing=_total("failing"),
    )
    return counted.sort(*BEGINNING, "goal", nulls_last=True)


def _total(flag: str) -> pl.Expr:
    return pl.col(flag).sum().cast(pl.Int64)


def common(flow_counts: pl.DataFrame) -> pl.DataFrame:
    """The capabilities that the traffic shows, one row per object type: capability, object_type, entry, goal.

    Every (entry, goal) pair of at least 5% of the object type's traces, named "entry to goal"; entry = goal is left
    out. A pair found under several types is one capability, judged for each type: an order that passes by the ERP
    is no way around it for an invoice.
    """
    share = pl.col("traces") / pl.col("traces").sum().over("object_type")
    frequent = flow_counts.filter(share >= CAPABILITY_SHARE, pl.col("goal").is_not_null())
    onward = frequent.filter(pl.col("entry") != pl.col("goal"))
    return onward.select(pl.format("{} to {}", "entry", "goal").alias("capability"), *FLOW)


def availability_of_capabilities(
    beginnings: pl.DataFrame, visits: pl.DataFrame, *, asked: pl.DataFrame, min_messages: int = MIN_MESSAGES
) -> pl.DataFrame:
    """One row per capability: completed, lost, undecided, came_through, came_through_low, came_through_high.

    Of the traces that begin as those of the capability do (same object type, entry, first target and operation;
    at least 5% of them go for the goal) the share that reached the goal. A trace that was refused at the goal is
    lost. One that broke before it is lost if no undisturbed trace with its beginning went elsewhere; otherwise
    nobody can know where it was going: it is ``undecided``, weighs what its beginning's share of the goal is, and
    the interval runs from "all of them lost" to "none". Open traces, and those that went elsewhere undisturbed,
    are not counted. Orders lost without a failure leave no mark here: that is the reconciliation's question.

    The interval is Beta(completed + 1, lost + 1). Fewer traces than `min_messages`: rates are null.
    """
    on = [column for column in FLOW if column in asked.columns]
    seen = beginnings.join(visits, on=BEGINNING, nulls_equal=True, suffix="_there")
    arrived = seen.filter(pl.col("first_target") != pl.col("entry")).with_columns(entry="first_target")
    entered = seen if "object_type" in on else pl.concat([seen, arrived])
    settled = pl.col("reached") + pl.col("refused")
    undisturbed_there = settled + pl.col("open") - pl.col("failing_there")
    begun = entered.join(asked, on=on, nulls_equal=True).with_columns(
        settled=settled,
        elsewhere=pl.col("begun") - pl.col("failing") - undisturbed_there,
        broken=pl.col("failing") - pl.col("failing_there"),
    )
    going = begun.with_columns(share=pl.col("settled") / (pl.col("settled") + pl.col("elsewhere")))
    certain = pl.col("elsewhere") == 0
    counted = (
        going.filter(pl.col("share") >= CAPABILITY_SHARE)
        .group_by("capability")
        .agg(
            completed=pl.col("reached").sum(),
            lost=(pl.col("refused") + pl.when(certain).then("broken").otherwise(0)).sum(),
            undecided=pl.when(certain).then(0).otherwise("broken").sum(),
            expected=pl.when(certain).then(0.0).otherwise(pl.col("broken") * pl.col("share")).sum(),
        )
    )
    low, _ = beta_interval(counted["completed"], counted["lost"] + counted["undecided"])
    _, high = beta_interval(counted["completed"], counted["lost"])
    sampled = enough(pl.col("completed") + pl.col("lost") + pl.col("undecided"), min_messages)
    rates = counted.with_columns(
        came_through=pl.col("completed") / (pl.col("completed") + pl.col("lost") + pl.col("expected")),
        came_through_low=pl.Series(low, dtype=pl.Float64),
        came_through_high=pl.Series(high, dtype=pl.Float64),
    ).with_columns(pl.when(sampled).then(pl.col(r"^came_through.*$")).name.keep())
    return rates.drop("expected").sort("capability")
