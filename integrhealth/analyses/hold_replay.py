"""The replay of a hold: which records of every wrong entry would never have been touched, had an integration waited.

No model: the real messages are run again later. Holding an integration for h shifts, in the tree of each entry,
what lies at or below a message on it by h, once; parallel branches are not shifted. A record that would come at or
after the notice is never touched.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.ancestry import NO_ROW

MINUTE_US = 60_000_000
REPLAY = {
    "integration": pl.String,
    "entry": pl.Int64,
    "step": pl.Int64,
    "part": pl.Float64,
    "minutes": pl.Int64,
}


def hold_replay(steps: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """One row per integration, bad entry that passed it, and record of that entry: integration, entry, step, part,
    minutes.

    STEPS and ENTRIES as ``entries.entry_steps`` and ``entries.bad_entries`` give them. Records are those that the
    wrong value reached before it was noticed. ``minutes`` is the shortest hold of the integration, in whole minutes,
    that would have spared the record; null where none would: it lies on a parallel branch, or the notice came only
    because the record had been released. A correction that follows such a notice counts as its consequence, so only
    a first notice that needs no release counts. ``part`` is the record's share of its object: those of one object
    and entry sum to 1. Records without an object id belong to the object of the entry.
    """
    tree = _tree(steps, entries)
    hops = tree.filter("wrong", pl.col("source") != pl.col("target"))
    passed = hops.select("integration", "entry").unique().sort("integration", "entry")
    replayed = [
        _replayed(tree.join(each.select("entry"), on="entry", how="semi", maintain_order="left"), integration)
        for (integration,), each in passed.group_by("integration", maintain_order=True)
    ]
    return pl.concat([pl.DataFrame(schema=REPLAY), *replayed])


def _tree(steps: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """The steps of each entry with their place, the place of the step above, whether they were wrong, their part of
    an object, and the shortest whole minutes by which they came before the notice that a hold would not have moved.
    """
    notices = entries.unique("entry", keep="first", maintain_order=True).select(
        "entry",
        entry_type="object_type",
        entry_object="object_id",
        notice_at=pl.when(~pl.col("needs_release")).then("independent_at"),
    )
    known = pl.col("object_id").is_not_null()
    placed = (
        steps.unique(["entry", "step"], keep="first", maintain_order=True)
        .sort("entry", "step")
        .join(notices, on="entry", how="left", maintain_order="left")
        .with_row_index("place")
        .with_columns(
            wrong=pl.col("noticed_after").fill_null(True),
            object_type=pl.when(known).then("object_type").otherwise("entry_type"),
            object_id=pl.coalesce("object_id", "entry_object"),
            early_us=(pl.col("notice_at") - pl.col("arrived_at")).dt.total_microseconds(),
        )
    )
    above = placed.select("entry", before="step", above=pl.col("place").cast(pl.Int64))
    records = pl.col("wrong").sum().over("entry", "object_type", "object_id")
    return placed.join(above, on=["entry", "before"], how="left", maintain_order="left").with_columns(
        pl.col("above").fill_null(NO_ROW),
        part=1 / records,
        # Rounded up over whole microseconds: a hold of exactly the gap spares the record.
        early=pl.when(pl.col("early_us") > 0).then(-(-pl.col("early_us") // MINUTE_US)),
    )


def _replayed(trees: pl.DataFrame, integration: str) -> pl.DataFrame:
    """The replay of one integration over the TREES of the entries that passed it."""
    places, above = trees["place"].to_numpy(), trees["above"].to_numpy()
    local = np.where(above == NO_ROW, NO_ROW, np.searchsorted(places, above))
    held = trees.select((pl.col("integration") == integration) & (pl.col("source") != pl.col("target")))
    shifted = pl.Series(_at_or_below(held.to_series().fill_null(False).to_numpy(), local))
    return (
        trees.with_columns(pl.lit(integration).alias("integration"), minutes=pl.when(shifted).then("early"))
        .filter("wrong")
        .select(*REPLAY)
        .cast(REPLAY)
    )


def _at_or_below(marked: NDArray, above: NDArray) -> NDArray:
    """Which rows are MARKED or have a marked row above them, by pointer doubling over ABOVE (-1 at a root)."""
    itself = np.arange(len(above))
    jump, found = np.where(above < 0, itself, above), marked.copy()
    for _ in range(max(1, len(above).bit_length())):
        found |= found[jump]
        jump = jump[jump]
    return found
