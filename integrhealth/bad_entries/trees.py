"""The messages that may have carried a wrong value, and which of them did: those sent by a system that had it."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.bad_entries.corrections import WINDOW
from integrhealth.bad_entries.rejections import CONTENT, OBJECT, arrived_at, brought_at
from integrhealth.language.schema import is_delivered
from integrhealth.traces.ancestry import NO_ROW, roots


def _windows(entries: pl.DataFrame) -> pl.DataFrame:
    return entries.select(
        "entry",
        *OBJECT,
        "origin",
        "entered_at",
        "detected_at",
        until=pl.coalesce("detected_at", pl.col("entered_at") + WINDOW),
    )


def traces_of(caused: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """The messages of all traces that a message of a bad object, or one that brought a wrong value, lies in.

    Each once, by time, with ``place`` and the place of its parent (``parent``, -1 for none).
    """
    windows = _windows(entries)
    carriers = entries.explode("exposures").unnest("exposures")["message_row"].drop_nulls().unique()
    brought = caused.filter(pl.col("row").is_in(carriers.implode()))
    near = caused.filter(pl.col("object_id").is_in(windows["object_id"].unique().implode()))
    near = near.join(windows.select(OBJECT).unique(), on=OBJECT, how="semi", nulls_equal=True)
    within = pl.col("sent_at").is_between(windows["entered_at"].min(), windows["until"].max())
    chosen = pl.concat([near.filter(within)["trace"], brought["trace"]]).unique()
    rows = caused.filter(pl.col("trace").is_in(chosen.implode()))
    once = rows.unique(CONTENT, keep="first", maintain_order=True)
    once = once.sort("sent_at", "message_id", "row").with_columns(pl.int_range(pl.len()).alias("place"))
    places = rows.select(pl.col("row").alias("copy"), *CONTENT).join(
        once.select("place", *CONTENT), on=CONTENT, nulls_equal=True
    )
    above = once.join(
        places.select(parent_row="copy", parent="place"), on="parent_row", how="left", maintain_order="left"
    )
    return above.with_columns(pl.col("parent").cast(pl.Int64).fill_null(NO_ROW), arrived_at())


def owned(traced: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """`traced` plus the entry that each message may have carried, its origin and window, and whether field changes say
    that it did (``exact``) or that it did not (``clean``)."""
    windows = _windows(entries)
    exposures = entries.select("entry", "exposures").explode("exposures").unnest("exposures").drop_nulls("system")
    exact = (
        exposures.drop_nulls("message_row")
        .select("entry", row=pl.col("message_row").cast(pl.UInt32))
        .join(traced.select("row", "place"), on="row")
        .select("place", "entry", exact=pl.lit(True))
    )
    silent = exposures.select("entry", target="system", clean=pl.lit(True)).unique()
    about = (
        _in_episodes(traced, windows)
        .join(silent, on=["entry", "target"], how="left")
        .select("place", "entry", clean=pl.col("clean").fill_null(False) & (pl.col("source") != pl.col("target")))
    )
    chosen = (
        pl.concat([exact, about], how="diagonal")
        .with_columns(pl.col("exact", "clean").fill_null(False))
        .join(windows.select("entry", "entered_at"), on="entry")
        .sort("place", "exact", "clean", "entered_at", "entry", descending=[False, True, False, False, False])
        .unique("place", keep="first", maintain_order=True)
        .drop("entered_at")
    )
    return traced.join(chosen, on="place", how="left", maintain_order="left").with_columns(
        pl.col("exact", "clean").fill_null(False)
    )


def _in_episodes(traced: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """place, source, target and entry of the messages of an entry's object that were sent in its window.

    Entries of an object that overlap are one episode; episodes do not, so that a message needs but one look.
    """
    ordered = windows.sort(*OBJECT, "entered_at", "entry").with_columns(
        anew=(pl.col("entered_at") >= pl.col("until").cum_max().shift(1).over(OBJECT)).fill_null(True)
    )
    ordered = ordered.with_columns(episode=pl.col("anew").cast(pl.Int64).cum_sum())
    objects = ordered.select(OBJECT).unique().with_row_index("object")
    started = (
        ordered.unique("episode", keep="first", maintain_order=True)
        .join(objects, on=OBJECT, nulls_equal=True)
        .select("object", "episode", sent_at="entered_at")
        .sort("sent_at", "object")
    )
    return (
        traced.join(objects, on=OBJECT, nulls_equal=True)
        .select("place", "object", "source", "target", "sent_at")
        .sort("sent_at", "place")
        .join_asof(started, on="sent_at", by="object", check_sortedness=False)
        .join(ordered.select("episode", "entry", "entered_at", "until"), on="episode")
        .filter(pl.col("sent_at") >= pl.col("entered_at"), pl.col("sent_at") < pl.col("until"))
        .select("place", "source", "target", "entry")
    )


def members(owned: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """The messages that carried a wrong value, delivered or not: place, entry, above (the place that brought it)."""
    parent = owned["parent"].to_numpy()
    origins = _windows(entries).select("entry", "origin", "entered_at", "until")
    candidates = (
        owned.filter(pl.col("entry").is_not_null(), ~pl.col("clean"))
        .join(origins.select("entry", "origin"), on="entry", maintain_order="left")
        .with_row_index("local")
    )
    reached, arrival = _reached(candidates, _ancestors(owned, candidates, parent))
    entry = np.full(owned.height, NO_ROW)
    places = candidates["place"].to_numpy()
    entry[places[reached]] = candidates["entry"].to_numpy()[reached]
    by_arrival = np.full(owned.height, NO_ROW)
    by_arrival[places] = np.where(arrival >= 0, places[arrival], NO_ROW)
    entry = _with_descendants(entry, owned, parent, origins)
    kept = (parent >= 0) & (entry[parent] == entry)
    return (
        owned.with_columns(
            entry=pl.Series(entry),
            above=pl.Series(np.where(kept, parent, by_arrival)),
        )
        .filter(pl.col("entry") >= 0)
        .select("place", "entry", "above")
    )


def _ancestors(owned: pl.DataFrame, candidates: pl.DataFrame, parent: NDArray) -> NDArray:
    """For each of `candidates` the place among them of the nearest message above it by parent links, if that may have
    carried the same entry; -1 else. Messages about nothing in particular may lie between."""
    local = np.full(owned.height, NO_ROW)
    local[candidates["place"].to_numpy()] = np.arange(candidates.height)
    stop = owned["entry"].is_not_null().to_numpy()
    nearest = roots(np.where(stop, NO_ROW, parent))[0]
    above = parent[candidates["place"].to_numpy()]
    nearest_place = np.where(above >= 0, local[nearest[above]], NO_ROW)
    entry = candidates["entry"].to_numpy()
    return np.where((nearest_place >= 0) & (entry[nearest_place] == entry), nearest_place, NO_ROW)


def _reached(candidates: pl.DataFrame, ancestor: NDArray) -> tuple[NDArray, NDArray]:
    """Which `candidates` were sent by a system that had the wrong value by then, and the one that had brought it (-1 at
    the origin, which always has it, and where it is not known)."""
    at_origin = (candidates["source"] == candidates["origin"]).to_numpy()
    reached = at_origin | candidates["exact"].to_numpy()
    latest = _latest_arrivals(candidates, candidates)
    while True:
        # Where the latest arrival at a sender did not bring the value, an earlier one may have.
        brought = _latest_arrivals(candidates, candidates.filter(pl.Series(reached)))
        above = np.where(ancestor >= 0, ancestor, np.where(brought >= 0, brought, latest))
        top, looped = roots(np.where(reached, NO_ROW, above))
        further = reached | (reached[top] & ~looped) | (~reached & (brought >= 0))
        if (further == reached).all():
            return reached, np.where(at_origin, NO_ROW, brought)
        reached = further


def _latest_arrivals(candidates: pl.DataFrame, among: pl.DataFrame) -> NDArray:
    """For each of `candidates` the place among them of the latest delivered one of `among`, of the same entry, that had
    come to its sender when it was sent; -1 if none had."""
    arrived = (
        among.filter(is_delivered(pl.col("status")), pl.col("source") != pl.col("target"))
        .select("entry", source="target", time=brought_at(), above=pl.col("local").cast(pl.Int64))
        .sort("time", "above")
    )
    latest = (
        candidates.select("local", "entry", "source", time="sent_at")
        .sort("time", "local")
        .join_asof(arrived, on="time", by=["entry", "source"], check_sortedness=False)
        .sort("local")
    )
    return latest["above"].fill_null(NO_ROW).to_numpy()


def _with_descendants(entry: NDArray, owned: pl.DataFrame, parent: NDArray, origins: pl.DataFrame) -> NDArray:
    """`entry` of each message, extended to those below by parent links that were sent before anybody detected it."""
    stop = (entry >= 0) | owned["clean"].to_numpy()
    top = roots(np.where(stop, NO_ROW, parent))[0]
    below = owned.select("place", "sent_at", entry=pl.Series(np.where(stop, NO_ROW, entry[top])))
    timely = below.join(origins, on="entry").filter(
        pl.col("sent_at") >= pl.col("entered_at"), pl.col("sent_at") < pl.col("until")
    )
    extended = entry.copy()
    extended[timely["place"].to_numpy()] = timely["entry"].to_numpy()
    return extended
