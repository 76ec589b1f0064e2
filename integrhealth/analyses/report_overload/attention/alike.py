"""Which people are alike: sent and reading about the same, so that a page shows them once and shows what differs."""

import polars as pl

from integrhealth.language.schema import COUNT
from integrhealth.language.thresholds import ALIKE_MINUTES, ALIKE_NEEDED, ALIKE_SPENT


def with_groups(people: pl.DataFrame) -> pl.DataFrame:
    """`people` with ``group``, the same number for people who are alike; 1 is the group of the first person.

    In a group the minutes needed grow by at most a tenth from one person to the next, and so do the minutes spent by
    at most a quarter, or either by no more than a minute a day. Who reads nothing is alike to nobody who reads, and an
    unknown number to no number.
    """
    position = people.with_columns(pl.int_range(pl.len()).alias("place"))
    bands = position.sort("needed_minutes", "spent_minutes", "place", nulls_last=True).with_columns(
        band=_leap(pl.col("needed_minutes"), ALIKE_NEEDED).cum_sum()
    )
    sorted_bands = bands.sort("band", "spent_minutes", "place", nulls_last=True)
    leaps = _leap(pl.col("spent_minutes"), ALIKE_SPENT) | (pl.col("band") != pl.col("band").shift())
    return (
        sorted_bands.with_columns(run=leaps.fill_null(True).cum_sum())
        .with_columns(first=pl.col("place").min().over("run"))
        .with_columns(group=pl.col("first").rank("dense").cast(COUNT))
        .sort("place")
        .select(*people.columns, "group")
    )


def _leap(minutes: pl.Expr, most: float) -> pl.Expr:
    """Whether a value is more than `most` times the one before it and a minute, or only one of them is known or 0."""
    before = minutes.shift()
    unlike = minutes.is_null() != before.is_null()
    grown = (minutes > most * before) & ((minutes - before > ALIKE_MINUTES) | (before == 0))
    return grown.fill_null(False) | unlike
