"""Which reports there are: the inventory that was read and the catalog, one row per report."""

import polars as pl

from integrhealth.language.schema import COUNT, FLAG, TEXT, WORDS

INVENTORY = {
    "report": TEXT,
    "words": COUNT,
    "fields": WORDS,
    "metrics": WORDS,
    "decisions": WORDS,
    "statutory": FLAG,
    "owner": TEXT,
}


def inventory(reports: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """One row per report that `reports` (the inventory) or `declared` (the catalog's reports) names, by name.

    Entries that repeat a report are merged: the most words, the lists together, statutory if any says so, the first
    owner by name. Decisions and owner of the catalog win over those of the inventory where it names any.
    """
    logged = reports.group_by("report").agg(
        pl.col("words").filter(pl.col("words") > 0).max(),
        *(_together(column) for column in ("fields", "metrics", "decisions")),
        pl.col("statutory").any(),
        pl.col("owner").min(),
    )
    said = declared.group_by("report").agg(_together("decisions"), pl.col("statutory").any(), pl.col("owner").min())
    both = logged.join(said, on="report", how="full", coalesce=True, suffix="_said")
    said_any = pl.col("decisions_said").list.len() > 0
    return (
        both.with_columns(
            pl.col("fields", "metrics").fill_null([]),
            decisions=pl.when(said_any).then("decisions_said").otherwise("decisions").fill_null([]),
            statutory=pl.col("statutory").fill_null(False) | pl.col("statutory_said").fill_null(False),
            owner=pl.coalesce("owner_said", "owner"),
        )
        .select(pl.col(column).cast(dtype) for column, dtype in INVENTORY.items())
        .sort("report")
    )


def _together(column: str) -> pl.Expr:
    return pl.col(column).explode().drop_nulls().unique().sort()


def any_decision(stock: pl.DataFrame) -> bool:
    """Whether any report of the inventory `stock` names what it is for."""
    return bool((stock["decisions"].list.len() > 0).any())
