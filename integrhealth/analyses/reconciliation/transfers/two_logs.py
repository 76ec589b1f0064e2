"""Two logs that share a key, the sender's and the receiver's: what became of every key, by counts and not by sets.

Whoever compares two sets of keys misses what stands twice on both sides. Here the times a key was sent and the times it
was received are counted. A log speaks for the time that it covers: what was sent before the receiver's log begins, or
received before the sender's does, is no break.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import polars as pl

from integrhealth.errors import MissingColumns, WrongValue
from integrhealth.language.schema import TIME, as_polars
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

    >>> sent = evidence.filter(integration="bank-statements").messages
    >>> received = sent.drop_nulls("finished_at")
    >>> told = ih.reconciliation.two_logs(sent, received, key="object_id", received_at="finished_at")
    >>> told.filter(pl.col("class") == "lost").height
    10
    """
    names = [key] if isinstance(key, str) else list(key)
    if not names:
        raise WrongValue("two_logs needs at least one column that the two logs share as key")
    sides = [
        _only(log, names, at, side) for log, at, side in ((sent, sent_at, "sent"), (received, received_at, "received"))
    ]
    kinds = [log.select(names).collect_schema() for log in sides]
    if kinds[0] != kinds[1]:
        raise WrongValue(f"the two logs write their key in two ways, {kinds[0]} and {kinds[1]}; make both text")
    matched = pl.concat(_matched(one, other, names) for one, other in _parts(*sides, names))
    return matched.with_columns(**{"class": _class(matched, limit)}).sort(names)


def _only(log: pl.DataFrame | pl.LazyFrame, names: list[str], at: str, side: str) -> pl.LazyFrame:
    """The key and the time of one log, the time in UTC and under the name of its side."""
    lazy = log if isinstance(log, pl.LazyFrame) else as_polars(log, side).lazy()
    there = lazy.collect_schema()
    if missing := {*names, at} - set(there):
        raise MissingColumns(side, missing, there)
    if not isinstance(there[at], pl.Datetime):
        raise WrongValue(f"{side}: {at} holds no times but {there[at]}; convert it before")
    time = pl.col(at).dt.replace_time_zone("UTC") if there[at].time_zone is None else pl.col(at)
    return lazy.select(*names, time.cast(TIME).alias(f"{side}_at"), pl.lit(1, pl.Int64).alias(side)).drop_nulls(names)


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
    """One row per key of either log. One grouping of both takes less than a grouping of each and a join."""
    spans = [
        end(f"{side}_at").alias(f"{name}_{side}_at")
        for side in ("sent", "received")
        for name, end in (("first", pl.min), ("last", pl.max))
    ]
    both = pl.concat([sent, received], how="diagonal")
    return both.group_by(names).agg(pl.col("sent", "received").sum(), *spans).collect(engine="streaming")


def _class(matched: pl.DataFrame, limit: timedelta | None) -> pl.Expr:
    delays = matched.select(pl.col("first_received_at") - pl.col("first_sent_at")).to_series().drop_nulls()
    soonest = timedelta(minutes=SOONEST_LOST_MINUTES)
    if limit is None:
        usual = delays.quantile(LOST_QUANTILE, interpolation="higher")
        limit = max(usual, soonest) if usual is not None else soonest
    shortest = max(delays.min() or timedelta(0), timedelta(0))
    sent, received = pl.col("first_sent_at"), pl.col("first_received_at")
    begins, ends = pl.col("first_received_at").min(), pl.col("last_received_at").max()
    first, last = pl.col("first_sent_at").min(), pl.col("last_sent_at").max()
    missing, unsent = pl.col("received") == 0, pl.col("sent") == 0
    # Of an empty log there is no time for which it speaks.
    due = (sent + shortest >= begins).fill_null(False)
    begun = ((received - limit >= first) & (received - shortest <= last)).fill_null(False)
    return (
        pl.when(missing & ~due)
        .then(pl.lit(NOT_COVERED))
        .when(missing & (sent + limit <= ends))
        .then(pl.lit(LOST))
        .when(missing)
        .then(pl.lit(IN_FLIGHT))
        .when(unsent & ~begun)
        .then(pl.lit(NOT_COVERED))
        .when(unsent)
        .then(pl.lit(PHANTOM))
        .when(pl.col("received") > 1)
        .then(pl.lit(TWICE))
        .when(pl.col("sent") > 1)
        .then(pl.lit(ABSORBED))
        .otherwise(pl.lit(ONCE))
    )
