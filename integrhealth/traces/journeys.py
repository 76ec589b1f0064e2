"""Journeys and their steps: how long each took, which messages it waited for, and what they did meanwhile.

A journey is one trace; where trace_id is null in a whole tree, one (object_type, object_id); see critical_path.
The rows come from whole journeys, so facts made from them add up over disjoint sets of journeys: where journeys go
by object, the messages of an object must come together.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.language.schema import SENT_AWAY
from integrhealth.traces.ancestry import NO_ROW, over_ancestors, roots
from integrhealth.traces.critical_path import Path, critical_path
from integrhealth.traces.drags import Drags, drags
from integrhealth.traces.parts import PARTS, attempts, held, with_parts
from integrhealth.traces.siblings import NEVER
from integrhealth.traces.spines import Spine, Times

LINKS = ("row", "trace", "trace_id", "parent_row", "depth", "replaced_by")
DESCRIPTION = ("message_id", "target", "operation", "kind", "object_type", "object_id")
TIMES = ("sent_at", "received_at", "answered_at", "finished_at")


@dataclass(frozen=True)
class Journeys:
    """Three frames about the same journeys.

    ``journeys``: one row per journey: journey (a number), name (its trace or its object_id), object_type (the first
    that is not null, by sent_at), started_at, messages, skewed (messages received or ended before they were sent) and
    duration_us, null where no message of it ever ended.

    ``steps``: one row per message on the critical path, in order of start, and one for overhang (on_path is false):
    journey, message_id, system (the target), operation, on_path, start_us and end_us (from the start of the journey),
    self_us, the four PARTS of self_us and overhang_us together, gap_us (before it), overhang_us, retrying_us (of the
    former, what was lost to attempts that failed), drag_us with limit_us and knot as in ``drags`` (null: nothing is
    beside), skewed (its times contradict each other) and outside_us (how much of it lay outside of its caller and was
    cut). Per journey, self_us + gap_us + overhang_us sum to duration_us.

    ``beside``: one row per other message of a journey that ended: journey, message_id, system, operation, start_us,
    end_us and slack_us, how much longer it could take at the least before the journey did.
    """

    journeys: pl.DataFrame
    steps: pl.DataFrame
    beside: pl.DataFrame


def journeys(linked: pl.DataFrame, *, holds: pl.DataFrame) -> Journeys:
    """The journeys of messages with links (traces.linked), and the steps of their critical paths.

    `holds` are the canonical frame. Times that contradict the order sent, received, finished are moved to the
    nearest time that does not, and counted as skewed.
    """
    ordered = _ordered(linked)
    numbered, whole = _numbered(ordered)
    depth = numbered["depth"].to_numpy()
    times, trunk, path = critical_path(_times(numbered, whole), depth=depth)
    room = drags(times, trunk, path, depth=depth)
    ended = whole["duration_us"].is_not_null().to_numpy()[times.journey]
    rows = np.flatnonzero(path.on & ended)
    overhang = _overhang(times, trunk, path, ended)
    windows = pl.concat([_windows(rows, times, path, room), overhang])
    later = numbered["later"].to_numpy()
    # What an attempt did that failed was in vain, and so was what it waited for.
    in_vain = over_ancestors(later >= 0, path.parent, np.logical_or)
    windows = windows.with_columns(pl.Series("in_vain", in_vain[windows["at"].to_numpy()]))
    retries = attempts(times, later)
    steps = with_parts(windows, times, holds=held(numbered, whole, holds), retries=retries)
    names = numbered.select("journey", "message_id", "skewed", system="target", operation="operation")
    columns = ["on_path", "start_us", "end_us", "self_us", *PARTS, "gap_us", "overhang_us", "retrying_us", "drag_us"]
    described = names[steps["at"]].hstack(steps.select(*columns, "limit_us", "knot", "outside_us"))
    described = described.with_columns(pl.col("skewed") & pl.col("on_path"))
    other = ended & ~path.on
    other[overhang["at"].to_numpy()] = False
    others = np.flatnonzero(other)
    beside = {"start_us": times.start[others], "end_us": times.done[others], "slack_us": room.slack[others]}
    order = ("journey", "start_us", "message_id")
    return Journeys(
        whole,
        described.sort(order, maintain_order=True),
        names.drop("skewed")[others].hstack(pl.DataFrame(beside)).sort(order, maintain_order=True),
    )


def _ordered(linked: pl.DataFrame) -> pl.DataFrame:
    """Messages by id, so that the order of the rows decides nothing, with parents renumbered to match."""
    ordered = linked.select(*LINKS, *DESCRIPTION, *TIMES).sort("message_id", *TIMES, maintain_order=True)
    place = np.empty(ordered.height, np.int64)
    place[ordered["row"].to_numpy()] = np.arange(ordered.height)
    renumbered = {}
    for column, name in (("parent_row", "parent"), ("replaced_by", "later")):
        row = ordered[column].cast(pl.Int64).fill_null(NO_ROW).to_numpy()
        renumbered[name] = pl.Series(np.where(row >= 0, place[row], NO_ROW), dtype=pl.Int64)
    return ordered.with_columns(**renumbered)


def _numbered(ordered: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The messages with the number of their journey, and one row per journey."""
    top, _ = roots(ordered["parent"].to_numpy())
    own_trace = ordered.select((pl.col("trace_id") == pl.col("trace")).fill_null(False)).to_series().to_numpy()
    traced = np.zeros(ordered.height, bool)
    traced[top[own_trace]] = True
    by_object = ~pl.col("traced").any().over("trace") & pl.col("object_id").is_not_null()
    trees = (
        ordered.select("parent", "trace", "object_id", "object_type", traced=pl.Series(traced, dtype=pl.Boolean))
        .with_row_index("top")
        .filter(pl.col("parent") < 0)
        .select(
            "top",
            by_object=by_object,
            key=pl.when(by_object).then("object_id").otherwise("trace"),
            type=pl.when(by_object).then("object_type"),
        )
    )
    keys = trees.select("by_object", "key", "type").unique(maintain_order=True).with_row_index("journey")
    trees = trees.join(keys, on=["by_object", "key", "type"], nulls_equal=True)
    number = np.zeros(ordered.height, np.uint32)
    number[trees["top"].to_numpy()] = trees["journey"].to_numpy()
    ended_at = pl.coalesce("finished_at", "answered_at")
    skewed = (ended_at < pl.col("sent_at")) | (pl.col("received_at") < pl.col("sent_at"))
    numbered = ordered.with_columns(journey=pl.Series(number[top], dtype=pl.UInt32), skewed=skewed.fill_null(False))
    began = pl.col("sent_at").min()
    whole = (
        numbered.group_by("journey")
        .agg(
            started_at=began,
            messages=pl.len().cast(pl.Int64),
            skewed=pl.col("skewed").sum().cast(pl.Int64),
            duration_us=(ended_at.max() - began).dt.total_microseconds().clip(0),
        )
        .join(keys.select("journey", name="key"), on="journey")
        .sort("journey")
    )
    first_type = _first_types(numbered, whole.height)
    return numbered, whole.select("journey", "name", first_type, pl.exclude("journey", "name"))


def _first_types(numbered: pl.DataFrame, size: int) -> pl.Series:
    """By journey the object_type that its messages name first by sent_at, of equals the first row; null: none does."""
    typed = numbered["object_type"].is_not_null().arg_true().to_numpy()
    journey, sent = (numbered[name].to_physical().to_numpy()[typed] for name in ("journey", "sent_at"))
    earliest = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(earliest, journey, sent)
    met = np.flatnonzero(sent == earliest[journey])[::-1]
    row = np.full(size, NO_ROW)
    row[journey[met]] = typed[met]
    places = pl.Series(row)
    return numbered["object_type"].gather(places.set(places == NO_ROW, None))


def _times(numbered: pl.DataFrame, whole: pl.DataFrame) -> Times:
    journey = numbered["journey"].cast(pl.Int64).to_numpy()
    parent = numbered["parent"].to_numpy()
    began = whole["started_at"].to_physical().to_numpy()[journey]
    longest = whole["duration_us"].fill_null(0).to_numpy()[journey]

    def since(column: str, missing: NDArray) -> NDArray:
        logged = numbered[column].is_not_null().to_numpy()
        at = numbered[column].to_physical().fill_null(0).to_numpy() - began
        return np.where(logged, np.clip(at, 0, longest), missing)

    unknown = np.full(numbered.height, -1)
    start = since("sent_at", unknown)
    finished, answered = since("finished_at", unknown), since("answered_at", unknown)
    done = np.maximum(start, np.where(finished >= 0, finished, answered))
    away = numbered["kind"].is_in(SENT_AWAY).fill_null(False).to_numpy()
    # Without a kind the clocks decide: a child that is done before its parent was waited for.
    in_time = numbered["kind"].is_not_null().to_numpy() | (done <= done[parent])
    waited = (parent >= 0) & ~away & in_time
    end = np.where(waited & (answered >= 0), np.maximum(start, answered), done)
    received = np.clip(since("received_at", np.where(away, answered, start)), start, end)
    answered = np.where(away, np.clip(answered, start, received), np.clip(answered, start, end))
    finished = np.where(finished >= 0, np.clip(finished, received, end), end)
    return Times(journey, parent, waited, away, start, received, answered, finished, done, end)


def _windows(rows: NDArray, times: Times, path: Path, room: Drags) -> pl.DataFrame:
    """One row per message on the path: at (its number), its window, who holds it on the path and who asked for it."""
    before = path.start[rows] - times.start[rows]
    after = np.where(path.parent[rows] >= 0, np.maximum(0, times.end[rows] - path.end[rows]), 0)
    return pl.DataFrame(
        {
            "at": rows,
            "inside": path.parent[rows],
            "asked_by": times.parent[rows],
            "on_path": np.ones(len(rows), bool),
            "start_us": path.start[rows],
            "end_us": path.end[rows],
            "self_us": path.own[rows],
            "gap_us": path.gap[rows],
            "overhang_us": np.zeros(len(rows), np.int64),
            "drag_us": room.drag[rows],
            "limit_us": room.limit[rows],
            "knot": room.knot[rows],
            "outside_us": before + after,
        }
    ).with_columns(
        limit_us=pl.when(pl.col("limit_us") < NEVER).then("limit_us"),
        knot=pl.when(pl.col("limit_us") < NEVER).then("knot"),
    )


def _overhang(times: Times, trunk: Spine, path: Path, ended: NDArray) -> pl.DataFrame:
    """One row per tree on the path whose last message ran on after the call it belongs to had ended."""
    trees = np.flatnonzero((times.parent < 0) & path.on & ended)
    trees = trees[trunk.tree_end[trees] > path.end[trunk.foot[trees]]]
    call_end, last = path.end[trunk.foot[trees]], trunk.last[trees]
    start = np.maximum(call_end, times.start[last])
    nothing = np.zeros(len(trees), np.int64)
    return pl.DataFrame(
        {
            "at": last,
            "inside": nothing + NO_ROW,
            "asked_by": times.parent[last],
            "on_path": np.zeros(len(trees), bool),
            "start_us": start,
            "end_us": trunk.tree_end[trees],
            "self_us": nothing,
            "gap_us": start - call_end,
            "overhang_us": trunk.tree_end[trees] - start,
            "drag_us": nothing,
            "limit_us": pl.Series(nothing).clear(len(trees)).cast(pl.Int64),
            "knot": pl.Series(nothing).clear(len(trees)).cast(pl.Int64),
            "outside_us": nothing,
        }
    )
