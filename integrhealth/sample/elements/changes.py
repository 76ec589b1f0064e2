"""The rows of the frame field_changes, in the kit's own columns: one for each value seen in a system."""

from zlib import crc32

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.sample.chance import stream
from integrhealth.sample.season import DAY_US

# As the value of an entity was at first, and after it was changed.
FIRST, CHANGED = 1, 2
COLUMNS = ("element", "entity", "system", "value_hash", "at", "actor", "actor_type", "message_id")


def seen(
    rows: pl.DataFrame,
    element: str,
    system: str,
    *,
    at: pl.Expr,
    value: int | pl.Expr = FIRST,
    actor: str | pl.Expr,
    person: bool = False,
    message: pl.Expr | None = None,
) -> pl.DataFrame:
    """One row for each of `rows` (number, entity): the version `value` of its `element` seen in `system` at that
    microsecond, written there by a person or a system, or brought by a `message`."""
    version = pl.lit(value) if isinstance(value, int) else value
    return rows.select(
        element=pl.lit(element),
        entity="entity",
        system=pl.lit(system),
        value_hash=_hashes(rows.select(n=pl.col("number") * 8 + version)["n"], element),
        at=pl.from_epoch(at, time_unit="us").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"),
        actor=pl.lit(actor) if isinstance(actor, str) else actor,
        actor_type=pl.lit("person" if person else "system"),
        message_id=pl.lit(None, pl.String) if message is None else message,
    )


def _hashes(number: pl.Series, element: str) -> pl.Series:
    mixed = (number.to_numpy().astype(np.uint64) * 2_654_435_761 + crc32(element.encode())) % 2**32
    return pl.Series(np.char.mod("%08x", mixed.astype(np.int64)), dtype=pl.String)


def in_order(rows: list[pl.DataFrame]) -> pl.DataFrame:
    """All rows by time."""
    return pl.concat(rows).sort("at", "entity", "system").select(COLUMNS)


def drawn(rows: pl.DataFrame, counts: dict[str, int], seed: int, *names: str) -> pl.DataFrame:
    """As many of `rows` for each case as `counts` says, or all there are, drawn one after the other: plus ``case``."""
    order = stream(seed, "elements", *names).permutation(rows.height)
    cases = np.repeat(list(counts), list(counts.values()))[: rows.height]
    chosen = rows[order[: cases.size]]
    return chosen.with_columns(case=pl.Series(cases, dtype=pl.String)).sort("number")


def share(count: int, messages: int) -> int:
    """`count` for every 60,000 messages, but one at least."""
    return max(1, round(count * messages / 60_000))


def days_later(rows: pl.DataFrame, least: float, most: float, seed: int, *names: str) -> NDArray:
    """For each of `rows` a time between `least` and `most` days, in microseconds."""
    draws = stream(seed, "elements", *names).random(rows.height)
    return ((least + (most - least) * draws) * DAY_US).astype(np.int64)
