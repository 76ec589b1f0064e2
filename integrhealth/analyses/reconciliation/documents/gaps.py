"""What does not balance, by what is wrong and for how long."""

from itertools import pairwise
from typing import Any

import polars as pl

from integrhealth.analyses.reconciliation.documents.flags import BALANCED, FLAGS
from integrhealth.language.thresholds import AGE_BANDS

GAPS: dict[str, Any] = {
    "flag": pl.String,
    "age_band": pl.String,
    "lines": pl.Int64,
    "amount": pl.Float64,
    "currency": pl.String,
    "unpriced": pl.Int64,
}
BANDS = (
    f"0-{AGE_BANDS[0]}",
    *(f"{before + 1}-{last}" for before, last in pairwise(AGE_BANDS)),
    f">{AGE_BANDS[-1]}",
)


def document_gaps(documents: pl.DataFrame) -> pl.DataFrame:
    """One row per flag but balanced, age band in days, and currency of what is at stake (GAPS), the worst first.

    ``amount`` adds up ``at_stake``; ``unpriced`` lines have none.
    """
    older = pl.sum_horizontal((pl.col("age_days") > limit).cast(pl.Int8) for limit in AGE_BANDS)
    band = older.replace_strict(range(len(BANDS)), BANDS, return_dtype=pl.String)
    place = pl.col("flag").replace_strict(FLAGS, range(len(FLAGS)), return_dtype=pl.Int8)
    youngest = pl.col("age_band").replace_strict(BANDS, range(len(BANDS)), return_dtype=pl.Int8)
    return (
        documents.filter(pl.col("flag") != BALANCED)
        .group_by("flag", "currency", age_band=band)
        .agg(lines=pl.len(), amount=pl.col("at_stake").sum().round(4), unpriced=pl.col("at_stake").null_count())
        .sort(place, youngest, "currency", descending=[True, False, False], nulls_last=True)
        .select(*GAPS)
        .cast(GAPS)
    )
