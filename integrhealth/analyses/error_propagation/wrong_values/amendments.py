"""Amendments: values that people changed and that nothing says were wrong. Business, shown and not complained of."""

import polars as pl

from integrhealth.language.schema import COUNT, TEXT

AMENDMENTS = {
    "element": TEXT,
    "system": TEXT,
    "changes": COUNT,
    "corrections": COUNT,
    "amendments": COUNT,
    "objects": COUNT,
}


def amendments(changes: pl.DataFrame) -> pl.DataFrame:
    """One row per element and system in which people changed values, most amendments first.

    ``changes`` = ``corrections`` (something says that the value was wrong) + ``amendments``, of ``objects`` distinct
    entities. `changes` as ``amendments.changes_by_persons`` gives them; they add up over disjoint entities.
    """
    amended = pl.col("evidence").is_null()
    return (
        changes.group_by("element", "system")
        .agg(
            changes=pl.len(),
            corrections=(~amended).sum(),
            amendments=amended.sum(),
            objects=pl.col("entity").filter(amended).n_unique(),
        )
        .select(*AMENDMENTS)
        .cast(AMENDMENTS)
        .sort("amendments", "changes", "element", "system", descending=[True, True, False, False])
    )
