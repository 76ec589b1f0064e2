"""The ways on which traces reached their goals: which systems were needed for it, as counts that add up."""

import numpy as np
import polars as pl

from integrhealth.analyses.dependency_fragility.flows import FLOW

WAY = (*FLOW, "operation", "sources", "targets")


def way_facts(flows: pl.DataFrame, steps: pl.DataFrame, journeys: pl.DataFrame) -> pl.DataFrame:
    """One row per flow, operation with which the trace began, and set of edges (sources, targets): traces.

    The edges are those without which the trace would not have reached its goal: the messages that led to the first
    one delivered there, each the parent of the next, and the requests that were answered. A message without a parent
    was led to by the last one before it that was delivered to its sender. What was sent off by queue, batch or file
    and led nowhere is no part of the way.
    """
    numbered = flows.drop_nulls("goal").with_row_index("flow")
    leading = _leading(numbered, steps)
    asked = steps.filter("request", "delivered").select("trace", "source", "target")
    beside = numbered.select("flow", "trace").join(asked, on="trace").drop("trace")
    used = pl.concat([leading, beside]).filter(pl.col("source") != pl.col("target")).unique()
    ways = used.sort("flow", "source", "target").group_by("flow").agg(sources="source", targets="target")
    began = journeys.select("trace", "operation")
    whole = numbered.join(began, on="trace").join(ways, on="flow")
    return whole.group_by(WAY).agg(traces=pl.len().cast(pl.Int64)).sort(WAY, nulls_last=True)


def _leading(numbered: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """flow, source and target of every message that led to the first one delivered at the goal of the flow."""
    ordered = steps.sort("trace", "begun_at", "depth", "message_id").with_row_index("place")
    arrived = ordered.filter("delivered").unique(["trace", "target"], keep="first", maintain_order=True)
    goals = numbered.join(arrived, left_on=["trace", "goal"], right_on=["trace", "target"]).select("flow", "place")
    came_from = _came_from(ordered)
    flow, place = (goals[column].to_numpy() for column in ("flow", "place"))
    reached = [(flow, place)]
    while place.size:
        place = came_from[place]
        flow, place = flow[place >= 0], place[place >= 0]
        reached.append((flow, place))
    on_the_way = pl.DataFrame(
        {"flow": np.concatenate([flows for flows, _ in reached])}, schema={"flow": pl.UInt32}
    ).with_columns(ordered.select("source", "target")[np.concatenate([places for _, places in reached])])
    return on_the_way.unique()


def _came_from(ordered: pl.DataFrame) -> np.ndarray:
    """For each message of `ordered` the place of the one that led to it; -1 where nothing did."""
    parents = ordered.select(pl.col("row").alias("parent_row"), parent="place")
    delivered = ordered.filter("delivered").select("trace", "place", "target", before="place")
    alone = ordered.filter(pl.col("parent_row").is_null()).select("trace", "place", "source")
    led = alone.join_asof(
        delivered,
        on="place",
        by_left=["trace", "source"],
        by_right=["trace", "target"],
        strategy="backward",
        allow_exact_matches=False,
        check_sortedness=False,  # sorted above; polars cannot check within groups
    )
    whole = ordered.select("place", "parent_row").join(parents, on="parent_row", how="left", maintain_order="left")
    both = whole.join(led.select("place", "before"), on="place", how="left", maintain_order="left")
    return both.select(pl.coalesce("parent", "before").cast(pl.Int64).fill_null(-1)).to_series().to_numpy()
