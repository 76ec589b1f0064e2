"""One journey in full: every message of it, on its critical path or beside it."""

import polars as pl

from integrhealth.errors import WrongValue
from integrhealth.traces.journeys import Journeys

TIMES = ("start", "end", "self", "sending", "waiting", "holding", "working", "gap", "retrying", "drag", "slack")


def median_journey(journeys: pl.DataFrame) -> int | None:
    """The journey with the median duration among those of the object type that takes most time in all."""
    ended = journeys.filter(pl.col("duration_us").is_not_null())
    if ended.is_empty():
        return None
    totals = ended.group_by("object_type").agg(pl.col("duration_us").sum())
    longest = totals.sort("duration_us", "object_type", descending=[True, False])["object_type"][0]
    mine = ended.filter(pl.col("object_type").eq_missing(longest)).sort("duration_us", "name", "journey")
    return mine["journey"][(mine.height - 1) // 2]


def named_journey(journeys: pl.DataFrame, linked: pl.DataFrame, name: str) -> int:
    """The journey of that trace_id, or the first with a message about that object_id.

    Raises WrongValue where none that ended is called so.
    """
    traces = linked.filter(pl.col("object_id") == name)["trace"].unique()
    about = journeys.filter(pl.col("name").is_in([name, *traces]), pl.col("duration_us").is_not_null())
    if about.is_empty():
        raise WrongValue(f"journey_steps: no journey that ended has the trace_id or object_id {name!r}")
    return about.sort(pl.col("name") != name, "started_at", "journey")["journey"][0]


def journey_steps(walked: Journeys, journey: int | None) -> pl.DataFrame:
    """One row per message of a `journey`, in the order in which they began; one more where it ran on after its caller.

    ``place`` is "path", "overhang" (it ran on after its caller had ended) or "beside". Times run from the start of
    the journey; the parts are those of its own time on the path.
    """
    mine = pl.col("journey") == (-1 if journey is None else journey)
    steps, others = walked.steps.filter(mine), walked.beside.filter(mine)
    nothing = pl.lit(0, pl.Int64)
    rows = pl.concat(
        [
            steps.with_columns(
                place=pl.when("on_path").then(pl.lit("path")).otherwise(pl.lit("overhang")), slack_us=nothing
            ),
            others.with_columns(place=pl.lit("beside")),
        ],
        how="diagonal",
    )
    durations = walked.journeys.select(
        "journey", "object_type", "name", "skewed", duration_ms=pl.col("duration_us") / 1000
    )
    in_ms = [(pl.col(f"{name}_us") / 1000).alias(f"{name}_ms") for name in TIMES]
    columns = ("object_type", "journey", "duration_ms", "message_id", "system", "operation", "place")
    return (
        rows.drop("skewed")
        .join(durations, on="journey")
        .sort("start_us", "message_id", "place", maintain_order=True)
        .select(*in_ms, pl.exclude("journey"), pl.col("name").alias("journey"))
        .select(*columns, *(f"{name}_ms" for name in TIMES))
    )
