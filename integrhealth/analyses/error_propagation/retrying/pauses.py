"""Pauses before retries: constant ones make everybody who failed together come back together."""

import numpy as np
import polars as pl

from integrhealth.language.thresholds import (
    COARSE_UNITS,
    CONSTANT_SHARE,
    CONSTANT_SHARE_COARSE,
    CONSTANT_WITHIN,
    MIN_RETRIES,
    MIN_SAME_ATTEMPT,
)

# What a clock can be rounded to, in microseconds: minutes, seconds, milliseconds, nothing.
CLOCK_UNITS = (60_000_000, 1_000_000, 1000, 1)
# From one end of the tolerance around a constant pause to the other.
WIDEST = (1 + CONSTANT_WITHIN) / (1 - CONSTANT_WITHIN)
SINCE = ("sent_at", "finished_at", "answered_at")
ANY = 0


def pauses(tried: pl.DataFrame) -> pl.DataFrame:
    """One row per retry whose attempt before is known and way of measuring: integration, number, since, pause_us, unit.

    `tried` as ``chains.attempts`` gives it. A pause runs from the sending, the finish or the answer of the
    attempt before (``since``) to the next sending. ``unit`` is what the coarser of its two clocks is rounded to.
    """
    again = tried.filter(pl.col("before").is_not_null()).select("integration", "number", "before", at="sent_at")
    previous = tried.join(again, left_on="row", right_on="before", how="semi").select(*SINCE, before="row")
    both = again.join(previous, on="before").with_columns(sent="sent_at")
    long = both.unpivot(SINCE, index=["integration", "number", "at", "sent"], variable_name="since").drop_nulls("value")
    # The sender's clock reads two times, which blurs a pause as much as one of the receiver.
    clock = long.group_by("integration", "since").agg(
        unit=pl.max_horizontal(pl.min_horizontal(_unit("at"), _unit("sent")), _unit("value"))
    )
    pause = (pl.col("at") - pl.col("value")).dt.total_microseconds()
    return (
        long.with_columns(pause_us=pause)
        .filter(pl.col("pause_us") > 0)
        .join(clock, on=["integration", "since"])
        .select("integration", "number", "since", "pause_us", "unit")
    )


def _unit(time: str) -> pl.Expr:
    """The coarsest unit of a clock of which all times are whole numbers, in microseconds."""
    whole = [pl.when((pl.col(time).dt.epoch("us") % unit == 0).all()).then(pl.lit(unit)) for unit in CLOCK_UNITS]
    return pl.coalesce(whole).cast(pl.Int64)


def jitter(paused: pl.DataFrame) -> pl.DataFrame:
    """One row per integration: paused (retries with a known pause), constant_share, jittered.

    ``constant_share`` is the share of retries whose pause lies within 2% of the usual one of their attempt number, or
    of all; whichever of these, and of the ways of measuring, gives more. So a fixed pause and a doubled one both read
    as constant. Attempt numbers with fewer than 5 retries are left out. A pause on a clock of whole units counts as
    constant within one unit; below two units it says nothing. ``jittered`` is null under 20 such retries.
    """
    everything = pl.concat([paused, paused.with_columns(number=pl.lit(ANY, pl.Int64))])
    usual = _usual(everything).filter(
        (pl.col("retries") >= MIN_SAME_ATTEMPT) | (pl.col("number") == ANY),
        pl.col("usual_us") >= COARSE_UNITS * pl.col("unit"),
    )
    by_way = usual.group_by("integration", "since", pooled=pl.col("number") == ANY).agg(
        pl.col("same", "retries").sum(), coarse=(pl.col("unit") > pl.col("usual_us") * (WIDEST - 1)).any()
    )
    judged = by_way.filter(pl.col("retries") >= MIN_RETRIES).with_columns(share=pl.col("same") / pl.col("retries"))
    best = judged.sort("share", "retries", "since", "pooled", descending=True).unique(
        "integration", keep="first", maintain_order=True
    )
    limit = pl.when("coarse").then(pl.lit(CONSTANT_SHARE_COARSE)).otherwise(pl.lit(CONSTANT_SHARE))
    counted = paused.group_by("integration", "since").agg(n=pl.len().cast(pl.Int64))
    return (
        counted.group_by("integration")
        .agg(paused=pl.col("n").max())
        .join(best, on="integration", how="left")
        .select("integration", "paused", constant_share="share", jittered=pl.col("share") < limit)
        .sort("integration")
    )


def _usual(paused: pl.DataFrame) -> pl.DataFrame:
    """One row per integration, way and attempt number: retries, and how many lie in the fullest window of 2%."""
    keys = ("integration", "since", "number")
    numbered = paused.sort(*keys, "pause_us").with_columns(group=pl.struct(keys).rank("dense").cast(pl.Int64))
    pause, unit = numbered["pause_us"].to_numpy(), numbered["unit"].to_numpy()
    until = np.maximum((pause * WIDEST).astype(np.int64), pause + unit)
    # All groups in one sorted array, each on a range of its own.
    offset = numbered["group"].to_numpy() * (until.max(initial=0) + 1)
    same = np.searchsorted(offset + pause, offset + until, side="right") - np.arange(len(pause))
    fullest = numbered.with_columns(same=pl.Series(same, dtype=pl.Int64)).sort(
        *keys, "same", "pause_us", descending=[False, False, False, True, False]
    )
    return fullest.group_by(keys, maintain_order=True).agg(
        retries=pl.len().cast(pl.Int64),
        same=pl.col("same").first(),
        usual_us=pl.col("pause_us").first(),
        unit=pl.col("unit").first(),
    )
