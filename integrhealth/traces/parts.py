"""What the steps of a journey did with their time: the four parts, and what of it was lost to attempts that failed."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.traces.siblings import NEVER
from integrhealth.traces.spines import Times

PARTS = ("sending_us", "waiting_us", "holding_us", "working_us")


def with_parts(windows: pl.DataFrame, times: Times, *, holds: pl.DataFrame, retries: pl.DataFrame) -> pl.DataFrame:
    """`windows` plus the four PARTS of what was the message's own, and retrying_us, of which and of the gap before it.

    `holds` and `retries` are spans of time (at, from_us, to_us) in which a message was held, and in which one of its
    attempts had failed before another one began.
    """
    own = (windows["self_us"] + windows["overhang_us"]).to_numpy()
    cuts = _cuts(windows, times)
    inner = _inner_windows(windows)
    sending, waiting, working, answering = np.diff(cuts, axis=0) - _covered(cuts, inner)
    on_hold = _own_part(windows, cuts, inner, holds)
    # Siblings that overlap within the allowance take an instant twice: work gives way, so that parts sum to the own.
    sending = np.clip(sending + answering, 0, own)
    waiting = np.clip(waiting, 0, own - sending)
    working = own - sending - waiting
    parts = (sending, waiting, working)
    taken = (on_hold[0] + on_hold[3], on_hold[1], on_hold[2])
    kept = [part - np.clip(hold, 0, part) for part, hold in zip(parts, taken, strict=True)]
    shares = zip(PARTS, (kept[0], kept[1], own - sum(kept), kept[2]), strict=True)
    between = np.clip(_own_part(windows, cuts, inner, retries).sum(axis=0), 0, own)
    lost = np.where(windows["in_vain"].to_numpy(), own, between) + _lost_gaps(windows, retries)
    return windows.with_columns(
        *(pl.Series(name, values, dtype=pl.Int64) for name, values in shares),
        pl.Series("retrying_us", lost, dtype=pl.Int64),
    )


def attempts(times: Times, later: NDArray) -> pl.DataFrame:
    """One row per span from the first of attempts that failed to the last one: at (the parent), from_us, to_us.

    `later` is by message the attempt that took its place, or -1.
    """
    failed = np.flatnonzero((later >= 0) & (times.parent >= 0))
    columns = {"at": times.parent[failed], "from_us": times.start[failed], "to_us": times.start[later[failed]]}
    return _merged(pl.DataFrame(columns).filter(pl.col("from_us") < pl.col("to_us")))


def _merged(spans: pl.DataFrame) -> pl.DataFrame:
    """`spans` (at, from_us, to_us) of which those of one message that overlap or touch are one."""
    reach = pl.col("to_us").cum_max().shift(1).over("at")
    return (
        spans.sort("at", "from_us", "to_us")
        .with_columns(span=(pl.col("from_us") > reach).fill_null(True).cum_sum())
        .group_by("at", "span")
        .agg(pl.col("from_us").min(), pl.col("to_us").max())
        .drop("span")
        .sort("at", "from_us")
    )


def held(numbered: pl.DataFrame, whole: pl.DataFrame, holds: pl.DataFrame) -> pl.DataFrame:
    """One row per span of time in which a message was held: at (its number), from_us and to_us.

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
            from_us=(pl.col("held_at") - pl.col("started_at")).dt.total_microseconds(),
            to_us=(pl.col("released_at") - pl.col("started_at")).dt.total_microseconds().fill_null(NEVER),
        )
    )
    return _merged(spans)


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


def _inner_windows(windows: pl.DataFrame) -> pl.DataFrame:
    """window, start_us, end_us: the windows on the path inside each window, which is a row number."""
    spans = windows.select(pl.int_range(pl.len()).alias("window"), "at", "inside", "start_us", "end_us", "on_path")
    outer = spans.filter("on_path").select(inside="at", outer="window")
    return spans.join(outer, on="inside").select(window="outer", start_us="start_us", end_us="end_us")


def _own_part(windows: pl.DataFrame, cuts: NDArray, inner: pl.DataFrame, spans: pl.DataFrame) -> NDArray:
    """How much of the `spans` of its message was each window's own time, by part: not that of a child on the path."""
    numbered = windows.select(pl.int_range(pl.len()).alias("window"), "at")
    mine = numbered.join(spans, on="at").select("window", start_us="from_us", end_us="to_us")
    both = mine.join(inner, on="window", suffix="_inner").select(
        "window", pl.max_horizontal("start_us", "start_us_inner"), pl.min_horizontal("end_us", "end_us_inner")
    )
    return _covered(cuts, mine) - _covered(cuts, both)


def _lost_gaps(windows: pl.DataFrame, retries: pl.DataFrame) -> NDArray:
    """How much of the gap before each window lay between attempts of its parent."""
    gaps = windows.select(
        pl.int_range(pl.len()).alias("window"),
        at="asked_by",
        opens=pl.col("start_us") - pl.col("gap_us"),
        closes="start_us",
    ).filter(pl.col("opens") < pl.col("closes"))
    shared = pl.min_horizontal("closes", "to_us") - pl.max_horizontal("opens", "from_us")
    within = gaps.join(retries, on="at").select("window", us=shared.clip(0))
    lost = np.zeros(windows.height, np.int64)
    np.add.at(lost, within["window"].to_numpy(), within["us"].to_numpy())
    return lost


def _covered(cuts: NDArray, spans: pl.DataFrame) -> NDArray:
    """How much of `spans` (window, start_us, end_us) lies in each of the four parts of their windows."""
    window, start, end = (spans[column].to_numpy() for column in ("window", "start_us", "end_us"))
    mine = cuts[:, window]
    overlaps = np.maximum(0, np.minimum(mine[1:], end) - np.maximum(mine[:-1], start))
    total = np.zeros((4, cuts.shape[1]), np.int64)
    for part, overlap in zip(total, overlaps, strict=True):
        np.add.at(part, window, overlap)
    return total
