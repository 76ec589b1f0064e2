"""Two logs that share a key, the sender's and the receiver's: what became of every key, by counts and not by sets.

Whoever compares two sets of keys misses what stands twice on both sides. Here the times a key was sent and the times it
was received are counted. A log speaks for the time that it covers: what was sent before the receiver's log begins, or
received before the sender's does, is no break.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import polars as pl

from integrhealth.errors import MissingColumns, WrongValue
from integrhealth.language.schema import as_polars
from integrhealth.language.thresholds import LOST_QUANTILE, SOONEST_LOST_MINUTES

ONCE, ABSORBED, TWICE = "once", "absorbed", "applied twice"
LOST, IN_FLIGHT, PHANTOM, NOT_COVERED = "lost", "in flight", "phantom", "not covered"
CLASSES = (ONCE, ABSORBED, TWICE, LOST, IN_FLIGHT, PHANTOM, NOT_COVERED)
# Rows of one log that are matched at once; more are matched in parts by the hash of their key.
ROWS_AT_ONCE = 4_000_000


def two_logs(
    sent: pl.DataFrame | pl.LazyFrame,
    received: pl.DataFrame | pl.LazyFrame,
    *,
    key: str | Sequence[str],
    sent_at: str = "sent_at",
    received_at: str = "received_at",
    limit: timedelta | None = None,
) -> pl.DataFrame:
    """One row per key, sorted: how often it was sent and received, when first and last, and its ``class``.

    "once": received as it should. "absorbed": sent again, received once. "applied twice": received more than once.
    "lost": not received within `limit`, which is the 99th percentile of the delays of the others and a minute at
    least; younger, at the end of the receiver's log, is "in flight". "phantom": received and never sent. "not covered":
    of a time for which the other log does not speak. Rows with a null in `key` are of no object and left out.
    Frames may be polars, eager or lazy, or pandas. Raises MissingColumns for a column that is not there.
    """
    names = [key] if isinstance(key, str) else list(key)
    if not names:
        raise WrongValue("two_logs needs at least one column that the two logs share as key")
    sides = [
        _only(log, names, at, side) for log, at, side in ((sent, sent_at, "sent"), (received, received_at, "received"))
    ]
    matched = pl.concat(_matched(one, other, names) for one, other in _parts(*sides, names))
    return matched.with_columns(**{"class": _class(matched, limit)}).sort(names)


def _only(log: pl.DataFrame | pl.LazyFrame, names: list[str], at: str, side: str) -> pl.LazyFrame:
    lazy = log if isinstance(log, pl.LazyFrame) else as_polars(log, side).lazy()
    there = lazy.collect_schema().names()
    if missing := {*names, at} - set(there):
        raise MissingColumns(side, missing, there)
    return lazy.select(*names, at=at).drop_nulls(names)


def _parts(sent: pl.LazyFrame, received: pl.LazyFrame, names: list[str]) -> Iterator[tuple[pl.LazyFrame, pl.LazyFrame]]:
    """The two logs in parts of disjoint keys, so many that each is small."""
    rows = max(log.select(pl.len()).collect().item() for log in (sent, received))
    count = -(-rows // ROWS_AT_ONCE)
    if count <= 1:
        yield sent, received
        return
    part = pl.struct(names).hash() % count if len(names) > 1 else pl.col(names[0]).hash() % count
    for number in range(count):
        yield sent.filter(part == number), received.filter(part == number)


def _matched(sent: pl.LazyFrame, received: pl.LazyFrame, names: list[str]) -> pl.DataFrame:
    counted = [
        log.group_by(names).agg(
            pl.len().cast(pl.Int64).alias(side),
            pl.col("at").min().alias(f"first_{side}_at"),
            pl.col("at").max().alias(f"last_{side}_at"),
        )
        for log, side in ((sent, "sent"), (received, "received"))
    ]
    both = counted[0].join(counted[1], on=names, how="full", coalesce=True)
    order = [*names, "sent", "received", "first_sent_at", "last_sent_at", "first_received_at", "last_received_at"]
    return both.with_columns(pl.col("sent", "received").fill_null(0)).select(order).collect(engine="streaming")


def _class(matched: pl.DataFrame, limit: timedelta | None) -> pl.Expr:
    delays = matched.select(pl.col("first_received_at") - pl.col("first_sent_at")).to_series().drop_nulls()
    soonest = timedelta(minutes=SOONEST_LOST_MINUTES)
    if limit is None:
        usual = delays.quantile(LOST_QUANTILE, interpolation="higher")
        limit = max(usual, soonest) if usual is not None else soonest
    shortest = max(delays.min() or timedelta(0), timedelta(0))
    sent, received = pl.col("first_sent_at"), pl.col("first_received_at")
    begins, ends = matched["first_received_at"].min(), matched["last_received_at"].max()
    first, last = matched["first_sent_at"].min(), matched["last_sent_at"].max()
    missing, unsent = pl.col("received") == 0, pl.col("sent") == 0
    unknown = pl.lit(begins is None) | (sent + shortest < begins)
    outside = pl.lit(first is None) | (received - limit < first) | (received - shortest > last)
    return (
        pl.when(missing & unknown)
        .then(pl.lit(NOT_COVERED))
        .when(missing & (sent + limit <= ends))
        .then(pl.lit(LOST))
        .when(missing)
        .then(pl.lit(IN_FLIGHT))
        .when(unsent & outside)
        .then(pl.lit(NOT_COVERED))
        .when(unsent)
        .then(pl.lit(PHANTOM))
        .when(pl.col("received") > 1)
        .then(pl.lit(TWICE))
        .when(pl.col("sent") > 1)
        .then(pl.lit(ABSORBED))
        .otherwise(pl.lit(ONCE))
    )
