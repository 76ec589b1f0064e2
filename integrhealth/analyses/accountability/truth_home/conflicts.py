"""Conflicts: a copy shows another value than the record for longer than it may, and which of the two finally stands."""

from datetime import datetime, timedelta

import polars as pl

from integrhealth.analyses.accountability.truth_home.exposures import ASOF, THING
from integrhealth.language.schema import FLAG, NUMBER, TEXT, TIME
from integrhealth.language.thresholds import (
    ALIKE_VALUES,
    MIN_COMPARED,
    SYNC_LIMIT_HOURS,
)

CONFLICTS = {
    "element": TEXT,
    "entity": TEXT,
    "record_system": TEXT,
    "copy_system": TEXT,
    "opened_at": TIME,
    "closed_at": TIME,
    "record_won": FLAG,
    "opened_by": TEXT,
    "record_value": TEXT,
    "copy_value": TEXT,
    "hours": NUMBER,
    "limit_hours": NUMBER,
}


def not_alike(exposures: pl.DataFrame, homes: pl.DataFrame) -> pl.DataFrame:
    """One row per element and copy whose values cannot be compared with the record's: element, system, entities.

    Of at least ten entities of which both showed a value fewer than one in twenty ever had one in common: the two write
    down the same in different ways, and nobody can tell whether they agree.
    """
    record, copies = _record_and_copies(exposures, homes)
    both = copies.filter("first").join(record, on="thing", how="semi")
    agreeing = copies.join(record, on="value", how="semi").select("place").unique().with_columns(alike=True)
    return (
        both.join(agreeing, on="place", how="left")
        .group_by("element", "system")
        .agg(entities=pl.len(), alike=pl.col("alike").sum())
        .filter(pl.col("entities") >= MIN_COMPARED, pl.col("alike") < ALIKE_VALUES * pl.col("entities"))
        .select("element", "system", "entities")
        .sort("element", "system")
    )


def conflicts(
    exposures: pl.DataFrame, homes: pl.DataFrame, limits: pl.DataFrame, *, until: datetime | None
) -> pl.DataFrame:
    """One row per conflict, those that are open first, then the longest.

    A copy agrees with the record while it shows a value that the record shows or showed until at most the sync limit
    ago. It disagrees from the moment on from which it showed another value or the record had left its value, until it
    agrees again; disagreements longer than the limit are conflicts. Closed by the copy: the record's value stands; by
    the record, which took the value of the copy: it lost. It lost as well where it takes the disputed value within the
    limit afterwards: the two had crossed. `until` is the end of the evidence, `limits` as ``sync_limits`` gives them.
    """
    record, copies = _record_and_copies(exposures, homes)
    copies = copies.join(record, on="thing", how="semi")
    copies = copies.join(not_alike(exposures, homes), on=["element", "system"], how="anti")
    default = pl.lit(timedelta(hours=SYNC_LIMIT_HOURS))
    pairs = (
        copies.filter("first")
        .join(limits, on=["element", "system"], how="left")
        .select(
            "thing", "place", "system", limit=pl.coalesce(pl.duration(microseconds=pl.col("limit_ms") * 1000), default)
        )
    )
    runs = _runs(_agreements(record, copies, pairs))
    ended = pl.coalesce("closed_at", pl.lit(until, TIME))
    long = runs.filter(~pl.col("agrees"), ended - pl.col("opened_at") > pl.col("limit"))
    long = long.with_columns(hours=(ended - pl.col("opened_at")).dt.total_microseconds() / 3.6e9)
    names = exposures.select("thing", *THING).unique("thing")
    return (
        _won(long, record)
        .join(names, on="thing")
        .join(homes.select("element", record_system="record"), on="element")
        .join(pairs.select("place", copy_system="system"), on="place")
        .with_columns(limit_hours=pl.col("limit").dt.total_microseconds() / 3.6e9)
        .sort(pl.col("closed_at").is_not_null(), -pl.col("hours"), *THING, "copy_system", "opened_at")
        .select(*CONFLICTS)
        .cast(CONFLICTS)
    )


def _record_and_copies(exposures: pl.DataFrame, homes: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    placed = exposures.join(homes.select("element", "record").drop_nulls(), on="element")
    here = pl.col("system") == pl.col("record")
    return placed.filter(here).drop("record"), placed.filter(~here).drop("record")


def _agreements(record: pl.DataFrame, copies: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """One row per moment at which a copy and the record can begin or cease to agree, and whether they do from then on.

    ``copy_from``, ``held_from`` and ``held_until`` say since when the copy shows its value, and of the latest time for
    which the record showed the same.
    """
    here = record.select("thing", "value", "value_hash", "from_at", "until_at")
    both = pairs.select("thing", "place", "limit").join(here, on="thing")
    moment = ["thing", "place", "limit", "time"]
    moments = pl.concat(
        [
            copies.select("place", time="from_at").join(pairs, on="place").select(moment),
            both.with_columns(time="from_at").select(moment),
            both.drop_nulls("until_at").with_columns(time=pl.col("until_at") + pl.col("limit")).select(moment),
        ]
    )
    shown = copies.select(
        "place", "value", copy_value="value_hash", time="from_at", copy_from="from_at", number="exposure"
    )
    recorded = here.select("thing", time="from_at", record_value="value_hash").sort("time", maintain_order=True)
    held = here.select("value", time="from_at", held_from="from_at", held_until="until_at")
    placed = (
        moments.unique()
        .sort("time", "place")
        .join_asof(shown.sort("time", "number").drop("number"), on="time", by="place", **ASOF)
        .join_asof(recorded, on="time", by="thing", **ASOF)
        .filter(pl.col("copy_from").is_not_null(), pl.col("record_value").is_not_null())
        .join_asof(held.sort("time", "held_until", nulls_last=True), on="time", by="value", **ASOF)
    )
    still = pl.col("held_until").is_null() | (pl.col("time") < pl.col("held_until") + pl.col("limit"))
    return placed.with_columns(agrees=pl.col("held_from").is_not_null() & still)


def _runs(agreements: pl.DataFrame) -> pl.DataFrame:
    """`agreements` as runs of agreeing or not, each from its first moment to the first of the next.

    ``disputed`` is the last value that the copy showed in it; ``next_copy_from`` says whether the copy moved at the
    end of it.
    """
    ordered = agreements.sort("place", "time")
    same_place = (pl.col("place") == pl.col("place").shift(1)).fill_null(False)
    goes_on = same_place & (pl.col("agrees") == pl.col("agrees").shift(1)).fill_null(False)
    # The row before the first of the next run is the last of this one.
    runs = ordered.with_columns(before=pl.col("value").shift(1)).filter(~goes_on)
    last = pl.lit(ordered["value"].last(), ordered.schema["value"])
    runs = runs.with_columns(disputed=pl.coalesce(pl.col("before").shift(-1), last))
    followed = (pl.col("place") == pl.col("place").shift(-1)).fill_null(False)
    opened = pl.when(pl.col("held_from").is_not_null()).then(pl.max_horizontal("held_until", "copy_from"))
    return runs.with_columns(
        opened_at=pl.coalesce(opened, "time"),
        opened_by=pl.when(pl.col("held_until") >= pl.col("copy_from")).then(pl.lit("record")).otherwise(pl.lit("copy")),
        closed_at=pl.when(followed).then(pl.col("time").shift(-1)),
        next_copy_from=pl.when(followed).then(pl.col("copy_from").shift(-1)),
    )


def _won(conflicts: pl.DataFrame, record: pl.DataFrame) -> pl.DataFrame:
    """`conflicts` plus ``record_won``: null while open."""
    taken = record.select(disputed="value", time="from_at", taken_at="from_at").sort("time")
    crossed = (
        conflicts.with_columns(time="closed_at").with_row_index("conflict").sort("time", "conflict", nulls_last=True)
    )
    closed, still = (crossed.filter(pl.col("closed_at").is_not_null() == ended) for ended in (True, False))
    closed = closed.join_asof(taken, on="time", by="disputed", strategy="forward", **ASOF)
    by_copy = pl.col("next_copy_from") == pl.col("closed_at")
    later = (pl.col("taken_at") - pl.col("closed_at") <= pl.col("limit")).fill_null(False)
    return pl.concat([closed.with_columns(record_won=by_copy & ~later), still], how="diagonal").drop("disputed")
