"""The replay of a hold: which records of every wrong entry would never have been touched, had an integration waited.

No model: the real messages are run again later. Holding an integration for h shifts, in the tree of each entry,
what lies at or below a message on it by h, once; parallel branches are not shifted. A record that would come at or
after the detection is never touched, nor is what it would have brought about. One that in fact came after the
detection, being under way by then, is not touched if it would have been sent at or after it.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.language.thresholds import HOLD_MINUTES, MIN_BAD_ENTRIES, RESAMPLES, SEED
from integrhealth.traces.ancestry import NO_ROW

MINUTE_US = 60_000_000
LONGEST = HOLD_MINUTES[-1]
# Entries times resamples drawn for one integration, about: a part of a second.
MOST_DRAWN = 5_000_000
REPLAY = {
    "integration": pl.String,
    "entry": pl.Int64,
    "step": pl.Int64,
    "part": pl.Float64,
    "minutes": pl.Int64,
    "first": pl.Boolean,
}


@dataclass(frozen=True)
class Holds:
    """What every hold of one integration would have done; all arrays run over `minutes`.

    ``objects`` is what the entries touched without a hold. ``detected`` is None under 10 entries. ``drawn`` and
    ``drawn_objects`` are the spared and the touched objects with the entries drawn anew (holds by resamples, and
    resamples), None where they were not drawn.
    """

    minutes: NDArray
    delay_hours: NDArray
    caught: NDArray
    records: NDArray
    spared: NDArray
    detected: NDArray | None
    entries: int
    objects: float
    drawn: NDArray | None
    drawn_objects: NDArray | None


def hold_replay(steps: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """One row per integration, bad entry that passed it, and record of that entry: integration, entry, step, part,
    minutes, first.

    `steps` and `entries` as ``entries.entry_steps`` and ``entries.bad_entries`` give them. ``minutes`` is the shortest
    hold of the integration, in whole minutes, that would have spared the record; null where none would: it lies on a
    parallel branch, or the detection came only because the record had been released. A correction that follows such a
    detection counts as its consequence, so only a first detection that needs no release counts. ``part`` is the
    record's share of its object: those of one object and entry sum to 1. Records without an object id belong to the
    object of the entry. ``first``: it is the message of the integration by which the value left its origin.
    """
    tree = _tree(steps, entries)
    edges = tree.filter(pl.col("source") != pl.col("target"))
    passed = edges.select("integration", "entry").unique().sort("integration", "entry")
    replayed = [
        _replayed(tree.join(each.select("entry"), on="entry", how="semi", maintain_order="left"), integration)
        for (integration,), each in passed.group_by("integration", maintain_order=True)
    ]
    return pl.concat([pl.DataFrame(schema=REPLAY), *replayed])


def _tree(steps: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """The steps of each entry with their place, the place of the step above, their part of an object, and the whole
    minutes by which they came, or else were sent, before the detection that a hold would not have moved.
    """
    detections = entries.unique("entry", keep="first", maintain_order=True).select(
        "entry",
        entry_type="object_type",
        entry_object="object_id",
        detected_at=pl.when(~pl.col("needs_release")).then("independent_at"),
    )
    has_object = pl.col("object_id").is_not_null()
    placed = (
        steps.unique(["entry", "step"], keep="first", maintain_order=True)
        .sort("entry", "step")
        .join(detections, on="entry", how="left", maintain_order="left")
        .with_row_index("place")
        .with_columns(
            object_type=pl.when(has_object).then("object_type").otherwise("entry_type"),
            object_id=pl.coalesce("object_id", "entry_object"),
            early_us=(
                pl.col("detected_at")
                - pl.when(pl.col("arrived_at") < pl.col("detected_at")).then("arrived_at").otherwise("sent_at")
            ).dt.total_microseconds(),
        )
    )
    above = placed.select("entry", before="step", above=pl.col("place").cast(pl.Int64))
    records = pl.len().over("entry", "object_type", "object_id")
    return placed.join(above, on=["entry", "before"], how="left", maintain_order="left").with_columns(
        pl.col("above").fill_null(NO_ROW),
        part=1 / records,
        # Rounded up over whole microseconds: a hold of exactly the gap spares the record.
        early=pl.when(pl.col("early_us") > 0).then(-(-pl.col("early_us") // MINUTE_US)),
    )


def _replayed(trees: pl.DataFrame, integration: str) -> pl.DataFrame:
    """The replay of one integration over the `trees` of the entries that passed it."""
    places, above = trees["place"].to_numpy(), trees["above"].to_numpy()
    local = np.where(above == NO_ROW, NO_ROW, np.searchsorted(places, above))
    held = trees.select((pl.col("integration") == integration) & (pl.col("source") != pl.col("target")))
    shifted = _highest(held.to_series().fill_null(False).to_numpy(), local)
    early = trees["early"].cast(pl.Float64).fill_null(np.inf).to_numpy()
    # What a spared record would have brought about is spared with it.
    shortest = pl.Series(-_highest(np.where(shifted, -early, -np.inf), local))
    minutes = pl.when(shortest.is_finite()).then(shortest)
    first = pl.Series(above == NO_ROW) & held.to_series()
    replayed = trees.with_columns(pl.lit(integration).alias("integration"), minutes=minutes, first=first)
    return replayed.select(*REPLAY).cast(REPLAY)


def _highest(values: NDArray, above: NDArray) -> NDArray:
    """The highest of `values` at each row and all above it, by pointer doubling over `above` (-1 at a root)."""
    itself = np.arange(len(above))
    jump, highest = np.where(above < 0, itself, above), values
    for _ in range(max(1, len(above).bit_length())):
        highest = np.maximum(highest, highest[jump])
        jump = jump[jump]
    return highest


def detections(entries: pl.DataFrame, ended_at: pl.Expr) -> pl.DataFrame:
    """One row per entry: entry, needs_release, wrong (more is known than that a message about it failed), detected, and
    minutes from entry to a detection that needs no release, or to the end of the data while there was none."""
    detected = ~pl.col("needs_release").fill_null(False) & pl.col("independent_at").is_not_null()
    until = pl.when(detected).then("independent_at").otherwise(pl.max_horizontal(ended_at, "entered_at"))
    return (
        entries.unique("entry", keep="first", maintain_order=True)
        .select(
            "entry",
            "needs_release",
            wrong=pl.col("detection").fill_null("") != "failed",
            detected=detected,
            minutes=(until - pl.col("entered_at")).dt.total_microseconds() / MINUTE_US,
        )
        .sort("entry")
    )


def every_hold(records: pl.DataFrame, passed: pl.DataFrame, messages: int, *, drawn: bool) -> Holds:
    """Every hold at which something changes, and those of HOLD_MINUTES, of one integration.

    `records` are its part of the replay, `passed` the detections of its entries, `messages` how many it delivered.
    The entries are drawn anew only if `drawn`, and if there are enough.
    """
    shortest = records["minutes"].cast(pl.Float64).fill_null(np.inf).to_numpy()
    entry = np.searchsorted(passed["entry"].to_numpy(), records["entry"].to_numpy())
    part, last = records["part"].to_numpy(), np.zeros(passed.height)
    np.maximum.at(last, entry, shortest)
    touched = np.bincount(entry, part, passed.height)
    sparable = shortest <= LONGEST
    minutes = np.union1d(HOLD_MINUTES, shortest[sparable].astype(np.int64))
    place, part, entry = np.searchsorted(minutes, shortest[sparable]), part[sparable], entry[sparable]
    enough = passed.height >= MIN_BAD_ENTRIES
    resamples = _drawn_anew(part, (place, entry), len(minutes), touched) if drawn and enough else (None, None)
    return Holds(
        minutes=minutes,
        delay_hours=minutes / 60 * messages,
        caught=_up_to(minutes, last),
        records=_up_to(minutes, shortest),
        spared=np.cumsum(np.bincount(place, part, len(minutes))),
        detected=detected_share(passed, minutes) if enough else None,
        entries=passed.height,
        objects=float(touched.sum()),
        drawn=resamples[0],
        drawn_objects=resamples[1],
    )


def _up_to(minutes: NDArray, values: NDArray) -> NDArray:
    """How many of `values` are at most each of `minutes`."""
    return np.searchsorted(np.sort(values), minutes, side="right")


def _drawn_anew(part: NDArray, at: tuple[NDArray, NDArray], holds: int, touched: NDArray) -> tuple[NDArray, NDArray]:
    """Spared objects by hold and resample, and touched objects by resample: each entry is drawn Poisson(1) times.

    That is the bootstrap over all objects, bad and good, of which the bad are few: their number is drawn as well. `at`
    are the place of the hold that spares each `part` of an object, and that of its entry.
    """
    from scipy.sparse import coo_array

    entries = len(touched)
    parts = coo_array((part, at), shape=(holds, entries)).tocsr()
    chance = np.random.default_rng(SEED)
    # Many entries have narrow intervals, which need fewer resamples; in blocks, so that they do not take much memory.
    resamples = min(RESAMPLES, max(RESAMPLES // 5, MOST_DRAWN // entries))
    block = min(resamples, max(1, MOST_DRAWN // 5 // entries))
    sizes = [min(block, resamples - start) for start in range(0, resamples, block)]
    spared, objects = [], []
    for size in sizes:
        weights = chance.poisson(1.0, (entries, size)).astype(float)
        spared.append(np.cumsum(parts @ weights, axis=0))
        objects.append(touched @ weights)
    return np.concatenate(spared, axis=1), np.concatenate(objects)


def detected_share(passed: pl.DataFrame, minutes: NDArray) -> NDArray:
    """F: share of the entries detected, without a release, within so many minutes of entry (Kaplan and Meier 1958).

    Entries that only a release made detectable stay in the denominator to the end of the data.
    """
    every = np.sort(passed["minutes"].to_numpy())
    moments, at_once = np.unique(passed.filter("detected")["minutes"].to_numpy(), return_counts=True)
    waiting = len(every) - np.searchsorted(every, moments)
    undetected = np.concatenate([[1.0], np.cumprod(1 - at_once / waiting)])
    return 1 - undetected[np.searchsorted(moments, minutes, side="right")]
