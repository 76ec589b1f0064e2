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
    between = steps.filter(pl.col("source") != pl.col("target")).select("source", "target").unique()
    edges = between.sort("source", "target").with_row_index("edge")
    # The order of the rows decides where moments tie: in a log of whole seconds all that a request did.
    ordered = steps.sort("trace", "begun_at", "depth", "row").join(
        edges, on=["source", "target"], how="left", maintain_order="left"
    )
    numbered = flows.drop_nulls("goal").with_row_index("flow")
    asked = ordered.filter("request", "delivered", pl.col("edge").is_not_null()).select("trace", "edge")
    beside = numbered.select("flow", "trace").join(asked, on="trace").select("flow", "edge")
    used = _unique(pl.concat([_leading(numbered, ordered), beside]), edges.height)
    ways = used.group_by("flow").agg("edge")
    whole = numbered.join(journeys.select("trace", "operation"), on="trace").join(ways, on="flow")
    counted = whole.group_by(*FLOW, "operation", "edge").agg(traces=pl.len().cast(pl.Int64)).with_row_index("way")
    listed = counted.select("way", "edge").explode("edge").join(edges, on="edge", maintain_order="left")
    ends = listed.group_by("way").agg(sources="source", targets="target")
    return counted.join(ends, on="way").select(*WAY, "traces").sort(WAY, nulls_last=True)


def _leading(numbered: pl.DataFrame, ordered: pl.DataFrame) -> pl.DataFrame:
    """flow and edge of every message that led to the first one delivered at the goal of the flow."""
    placed = ordered.with_row_index("place")
    delivered = placed.filter("delivered").select("trace", "target", "place")
    goals = numbered.join(delivered, left_on=["trace", "goal"], right_on=["trace", "target"])
    first = goals.group_by("flow").agg(pl.col("place").min())
    came_from = _came_from(placed)
    flow, place = first["flow"].to_numpy(), first["place"].to_numpy()
    flows, places = [flow], [place]
    while place.size:
        place = came_from[place]
        flow, place = flow[place >= 0], place[place >= 0]
        flows.append(flow)
        places.append(place)
    whole = pl.DataFrame({"flow": np.concatenate(flows)}, schema={"flow": pl.UInt32})
    return whole.with_columns(edge=ordered["edge"].gather(np.concatenate(places))).drop_nulls()


def _unique(used: pl.DataFrame, edges: int) -> pl.DataFrame:
    """Each flow and edge of `used` once, in order; numbers that stand for both sort several times faster than pairs."""
    numbers = np.sort(used["flow"].to_numpy().astype(np.int64) * edges + used["edge"].to_numpy())
    numbers = numbers[np.diff(numbers, prepend=-1) > 0]
    return pl.DataFrame({"flow": numbers // edges, "edge": numbers % edges}, schema=used.schema)


def _came_from(placed: pl.DataFrame) -> np.ndarray:
    """For each message of `placed` the place of the one that led to it; -1 where nothing did."""
    row, parent = (placed[column].cast(pl.Int64).fill_null(-1).to_numpy() for column in ("row", "parent_row"))
    # The last one stands for no parent, and for one that is not here.
    place_of = np.full(max(row.max(initial=-1), parent.max(initial=-1)) + 2, -1)
    place_of[row] = np.arange(row.size)
    came_from = place_of[parent]
    begins = pl.col("trace").shift(1).ne_missing(pl.col("trace"))
    alone = placed.filter(pl.col("parent_row").is_null(), ~begins).select("trace", "place", "source")
    delivered = placed.filter("delivered").join(alone.select("trace").unique(), on="trace", how="semi")
    led = alone.join_asof(
        delivered.select("trace", "target", "place", before="place").sort("place"),
        on="place",
        by_left=["trace", "source"],
        by_right=["trace", "target"],
        strategy="backward",
        allow_exact_matches=False,
        check_sortedness=False,  # sorted above; polars cannot check within groups
    ).drop_nulls("before")
    came_from[led["place"].to_numpy()] = led["before"].to_numpy()
    return came_from
