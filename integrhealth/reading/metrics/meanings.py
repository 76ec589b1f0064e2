"""What a mapping says that metrics mean, written beside each of their samples."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import polars as pl

from integrhealth.language.schema import TEXT
from integrhealth.reading.account.parsed import Parsed

FRAME = "metrics"
# What the parts of a metric are called where nothing told that it has parts.
PART = "(_bucket|_count|_sum)?$"


def with_meanings(part: Parsed, meanings: Mapping[str, str]) -> Parsed:
    """`part` with the meaning of its metrics where `meanings` has them by name; what its rows say themselves wins."""
    if part.frame != FRAME or not meanings:
        return part
    metrics = part.rows.select("metric").unique()
    name = pl.col("metric").str.extract(r"^([^{]*)")
    said = [name.replace_strict(meanings, default=None, return_dtype=TEXT)]
    said.append(name.str.replace(PART, "").replace_strict(meanings, default=None, return_dtype=TEXT))
    meant = metrics.with_columns(said_meaning=pl.coalesce(said)).drop_nulls()
    rows = part.rows.join(meant, on="metric", how="left", maintain_order="left")
    rows = rows.with_columns(meaning=pl.coalesce("meaning", "said_meaning")).drop("said_meaning")
    return replace(part, rows=rows)


def idle_meanings(parsed: Iterable[Parsed], meanings: Mapping[str, str]) -> list[str]:
    """The names of `meanings` that no metric has."""
    there: set[str] = set()
    for part in parsed:
        if part.frame == FRAME:
            name = part.rows.select(pl.col("metric").str.extract(r"^([^{]*)").unique()).to_series()
            there |= {*name, *name.str.replace(PART, "")}
    return [name for name in meanings if name not in there]
