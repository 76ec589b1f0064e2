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
from integrhealth.traces.ancestry import NO_ROW, roots
from integrhealth.traces.critical_path import NEVER, Path, Spine, Times, critical_path

PARTS = ("sending_us", "waiting_us", "holding_us", "working_us")
LINKS = ("row", "trace", "trace_id", "parent_row", "depth")
DESCRIPTION = ("message_id", "target", "operation", "kind", "object_type", "object_id")
TIMES = ("sent_at", "received_at", "answered_at", "finished_at")


@dataclass(frozen=True)
class Journeys:
    """Two frames about the same journeys.

    ``journeys``: one row per journey: journey (a number), object_type (the first that is not null, by sent_at),
    started_at, messages, skewed (messages received or ended before they were sent) and duration_us, null where no
    message of it ever ended.

    ``steps``: one row per message on the critical path, in order of start, and one for overhang (on_path is false):
    journey, message_id, system (the target), operation, on_path, start_us (from the start of the journey), self_us,
    the four PARTS of self_us and overhang_us together, gap_us (before it), overhang_us and drag_us. Per journey,
    self_us + gap_us + overhang_us sum to duration_us.
    """

    journeys: pl.DataFrame
    steps: pl.DataFrame


def journeys(linked: pl.DataFrame, *, holds: pl.DataFrame) -> Journeys:
    """The journeys of messages with links (traces.linked), and the steps of their critical paths.

    `holds` are the canonical frame. Times that contradict the order sent, received, finished are moved to the
    nearest time that does not, and counted as skewed.
    """
    ordered = _ordered(linked)
    numbered, whole = _numbered(ordered)
    times, trunk, path = critical_path(_times(numbered, whole), depth=numbered["depth"].to_numpy())
    ended = whole["duration_us"].is_not_null().to_numpy()
    rows = np.flatnonzero(path.on & ended[times.journey])
    windows = pl.concat([_windows(rows, path=path), _overhang(times, trunk, path, ended)])
    steps = _with_parts(windows, times, holds=_held(numbered, whole, holds))
    described = numbered.select("journey", "message_id", system="target", operation="operation")[steps["at"]]
    steps = described.hstack(steps.select("on_path", "start_us", "self_us", *PARTS, "gap_us", "overhang_us", "drag_us"))
    return Journeys(whole, steps.sort("journey", "start_us", "message_id", maintain_order=True))


def _ordered(linked: pl.DataFrame) -> pl.DataFrame:
    """Messages by id, so that the order of the rows decides nothing, with parents renumbered to match."""
    ordered = linked.select(*LINKS, *DESCRIPTION, *TIMES).sort("message_id", *TIMES, maintain_order=True)
    place = np.empty(ordered.height, np.int64)
    place[ordered["row"].to_numpy()] = np.arange(ordered.height)
    parent = ordered["parent_row"].cast(pl.Int64).fill_null(NO_ROW).to_numpy()
    return ordered.with_columns(parent=pl.Series(np.where(parent >= 0, place[parent], NO_ROW), dtype=pl.Int64))


def _numbered(ordered: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The messages with the number of their journey, and one row per journey."""
    top, _ = roots(ordered["parent"].to_numpy())
    traced = (pl.col("trace_id") == pl.col("trace")).fill_null(False).any().over("trace")
    by_object = ~pl.col("traced") & pl.col("object_id").is_not_null()
    trees = (
        ordered.with_columns(traced=traced)
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
    numbered = ordered.with_columns(journey=pl.Series(number[top], dtype=pl.UInt32))
    ended_at = pl.coalesce("finished_at", "answered_at")
    typed = pl.col("object_type").is_not_null()
    first_type = pl.col("object_type").filter(typed).get(pl.col("sent_at").filter(typed).arg_min(), null_on_oob=True)
    began = pl.col("sent_at").min()
    skewed = (ended_at < pl.col("sent_at")) | (pl.col("received_at") < pl.col("sent_at"))
    whole = (
        numbered.group_by("journey")
        .agg(
            object_type=first_type,
            started_at=began,
            messages=pl.len().cast(pl.Int64),
            skewed=skewed.fill_null(False).sum().cast(pl.Int64),
            duration_us=(ended_at.max() - began).dt.total_microseconds().clip(0),
        )
        .sort("journey")
    )
    return numbered, whole


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


def _windows(rows: NDArray, *, path: Path) -> pl.DataFrame:
    """One row per message on the path: at (its number), its window, its parent on the path, what lies in between."""
    return pl.DataFrame(
        {
            "at": rows,
            "inside": path.parent[rows],
            "on_path": np.ones(len(rows), bool),
            "start_us": path.start[rows],
            "end_us": path.end[rows],
            "self_us": path.own[rows],
            "gap_us": path.gap[rows],
            "overhang_us": np.zeros(len(rows), np.int64),
            "drag_us": path.drag[rows],
        }
    )


def _overhang(times: Times, trunk: Spine, path: Path, ended: NDArray) -> pl.DataFrame:
    """One row per tree on the path whose last message ran on after the call it belongs to had ended."""
    trees = np.flatnonzero((times.parent < 0) & path.on & ended[times.journey])
    trees = trees[trunk.tree_end[trees] > path.end[trunk.foot[trees]]]
    call_end, last = path.end[trunk.foot[trees]], trunk.last[trees]
    start = np.maximum(call_end, times.start[last])
    nothing = np.zeros(len(trees), np.int64)
    return pl.DataFrame(
        {
            "at": last,
            "inside": nothing + NO_ROW,
            "on_path": np.zeros(len(trees), bool),
            "start_us": start,
            "end_us": trunk.tree_end[trees],
            "self_us": nothing,
            "gap_us": start - call_end,
            "overhang_us": trunk.tree_end[trees] - start,
            "drag_us": nothing,
        }
    )


def _held(numbered: pl.DataFrame, whole: pl.DataFrame, holds: pl.DataFrame) -> pl.DataFrame:
    """One row per span of time in which a message was held: at (its number), held_us and released_us.

    Overlapping holds of one message count once; one that was never released lasts as long as the message. A hold
    that began before its message was sent belongs to the first of that id.
    """
    places = numbered.select("message_id", "journey", "sent_at").with_row_index("at")
    # An id may come back in another trace, or with another attempt: held was the one sent last before the hold.
    places = places.join(holds, on="message_id", how="semi").sort("sent_at", "at")
    held = holds.select("message_id", "held_at", "released_at").sort("held_at", "released_at")
    before = held.join_asof(
        places, left_on="held_at", right_on="sent_at", by="message_id", check_sortedness=False
    ).drop("sent_at")
    first = places.unique("message_id", keep="first", maintain_order=True).drop("sent_at")
    early = before.filter(pl.col("at").is_null()).drop("at", "journey").join(first, on="message_id")
    spans = (
        pl.concat([before.drop_nulls("at"), early.select(before.columns)])
        .join(whole.select("journey", "started_at"), on="journey")
        .select(
            pl.col("at").cast(pl.Int64),
            held_us=(pl.col("held_at") - pl.col("started_at")).dt.total_microseconds(),
            released_us=(pl.col("released_at") - pl.col("started_at")).dt.total_microseconds().fill_null(NEVER),
        )
        .sort("at", "held_us", "released_us")
    )
    reach = pl.col("released_us").cum_max().shift(1).over("at")
    return (
        spans.with_columns(span=(pl.col("held_us") > reach).fill_null(True).cum_sum())
        .group_by("at", "span")
        .agg(pl.col("held_us").min(), pl.col("released_us").max())
        .drop("span")
        .sort("at", "held_us")
    )


def _cuts(windows: pl.DataFrame, times: Times) -> NDArray:
    """Where each window passes from sending to waiting to working to answering: five instants per window.

    A request sends until it is received and answers after it finished; a queue, batch or file sends until the
    broker answered and waits until it is received. The rest is work.
    """
    at = windows["at"].to_numpy()
    away = times.away[at]
    start, end = windows["start_us"].to_numpy(), windows["end_us"].to_numpy()
    sent = np.where(away, times.answered[at], times.received[at])
    worked = np.where(away, end, times.finished[at])
    return np.stack([start, *(np.clip(cut, start, end) for cut in (sent, times.received[at], worked)), end])


def _with_parts(windows: pl.DataFrame, times: Times, *, holds: pl.DataFrame) -> pl.DataFrame:
    """`windows` plus the four PARTS of what was the message's own."""
    own = (windows["self_us"] + windows["overhang_us"]).to_numpy()
    cuts = _cuts(windows, times)
    spans = windows.select(pl.int_range(pl.len()).alias("window"), "at", "inside", "start_us", "end_us", "on_path")
    outer = spans.filter("on_path").select(inside="at", outer="window")
    inner = spans.join(outer, on="inside").select(window="outer", start_us="start_us", end_us="end_us")
    held = spans.select("window", "at").join(holds, on="at").select("window", start_us="held_us", end_us="released_us")
    # A hold that covers a child on the path is that child's time, not the message's.
    both = held.join(inner, on="window", suffix="_inner").select(
        "window", pl.max_horizontal("start_us", "start_us_inner"), pl.min_horizontal("end_us", "end_us_inner")
    )
    sending, waiting, working, answering = np.diff(cuts, axis=0) - _covered(cuts, inner)
    on_hold = _covered(cuts, held) - _covered(cuts, both)
    # Siblings that overlap within the allowance take an instant twice: work gives way, so that parts sum to the own.
    sending = np.clip(sending + answering, 0, own)
    waiting = np.clip(waiting, 0, own - sending)
    working = own - sending - waiting
    parts = (sending, waiting, working)
    taken = (on_hold[0] + on_hold[3], on_hold[1], on_hold[2])
    kept = [part - np.clip(hold, 0, part) for part, hold in zip(parts, taken, strict=True)]
    shares = zip(PARTS, (kept[0], kept[1], own - sum(kept), kept[2]), strict=True)
    return windows.with_columns(pl.Series(name, values, dtype=pl.Int64) for name, values in shares)


def _covered(cuts: NDArray, spans: pl.DataFrame) -> NDArray:
    """How much of `spans` (window, start_us, end_us) lies in each of the four parts of their windows."""
    window, start, end = (spans[column].to_numpy() for column in ("window", "start_us", "end_us"))
    mine = cuts[:, window]
    overlaps = np.maximum(0, np.minimum(mine[1:], end) - np.maximum(mine[:-1], start))
    total = np.zeros((4, cuts.shape[1]), np.int64)
    for part, overlap in zip(total, overlaps, strict=True):
        np.add.at(part, window, overlap)
    return total
