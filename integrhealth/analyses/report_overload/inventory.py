"""Which reports there are: the inventory that was read and the catalog, one row per report."""

import polars as pl

from integrhealth.language.safe_text import formula_restored
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, WORDS
from integrhealth.language.thresholds import (
    FIRST_CHART_SECONDS,
    LEAST_CHART_SECONDS,
    MOST_DECLARED,
    READING_WPM,
    WORDS_PER_FIGURE,
)

INVENTORY = {
    "report": TEXT,
    "words": COUNT,
    "figures": COUNT,
    "charts": COUNT,
    "reading_words": NUMBER,
    "fields": WORDS,
    "metrics": WORDS,
    "decisions": WORDS,
    "statutory": FLAG,
    "owner": TEXT,
    "tool": TEXT,
    "asked": FLAG,
}
SIZES = ["words", "figures", "charts"]
# What is written where a report is for no decision, in a table in which an empty cell says nothing.
NOTHING = "none"


def inventory(reports: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """One row per report that `reports` (the inventory) or `declared` (the catalog's reports) names, by name.

    ``reading_words`` is what it takes to read one. Entries that repeat a report are merged: the most words, figures and
    charts, the lists together, statutory if any says so, the first owner and tool by name. Decisions and owner of the
    catalog win over those of the inventory where it names any.
    ``asked``: one of the two says what it is for, if only that it is for nothing (an empty list, or the word none).
    """
    reports, declared = (each.with_columns(formula_restored(pl.col("report"))) for each in (reports, declared))
    logged = reports.group_by("report").agg(
        *(pl.col(column).filter(pl.col(column) > 0).max() for column in SIZES),
        *(_together(column) for column in ("fields", "metrics", "decisions")),
        pl.col("statutory").any(),
        pl.col("owner", "tool").min(),
        asked=pl.col("decisions").is_not_null().any(),
    )
    said = declared.group_by("report").agg(
        _together("decisions"),
        pl.col("statutory").any(),
        pl.col("owner").min(),
        asked=pl.col("decisions").is_not_null().any(),
    )
    both = logged.join(said, on="report", how="full", coalesce=True, suffix="_said")
    said_any = pl.col("decisions_said").list.len() > 0
    return (
        both.with_columns(
            pl.col("fields", "metrics").fill_null([]),
            decisions=pl.when(said_any).then("decisions_said").otherwise("decisions").fill_null([]),
            statutory=pl.col("statutory").fill_null(False) | pl.col("statutory_said").fill_null(False),
            owner=pl.coalesce("owner_said", "owner"),
            asked=pl.col("asked").fill_null(False) | pl.col("asked_said").fill_null(False),
            reading_words=reading_words(),
        )
        .select(pl.col(column).cast(dtype) for column, dtype in INVENTORY.items())
        .sort("report")
    )


def reading_words() -> pl.Expr:
    """What a report takes to read, in words: its words, its figures, and its charts as the words read meanwhile.

    The first chart takes 12 seconds, each further one a second less, down to 3. Null where it names none of the three.
    """
    charts = pl.col("charts").fill_null(0)
    falling = charts.clip(0, FIRST_CHART_SECONDS - LEAST_CHART_SECONDS + 1)
    seconds = falling * FIRST_CHART_SECONDS - falling * (falling - 1) / 2 + (charts - falling) * LEAST_CHART_SECONDS
    any_size = pl.any_horizontal(pl.col(SIZES).is_not_null())
    figures = pl.col("figures").fill_null(0) * WORDS_PER_FIGURE
    return pl.when(any_size).then(pl.col("words").fill_null(0) + figures + seconds / 60 * READING_WPM)


def _together(column: str) -> pl.Expr:
    """All that the lists of a report hold, without the word that says that there is nothing."""
    each = pl.col(column).explode().drop_nulls()
    return (each.filter(each.str.to_lowercase() != NOTHING) if column == "decisions" else each).unique().sort()


def any_decision(stock: pl.DataFrame) -> bool:
    """Whether any report of the inventory `stock` names what it is for."""
    return bool((stock["decisions"].list.len() > 0).any())


def without_decision(stock: pl.DataFrame) -> pl.Expr:
    """Whether a report of `stock` serves no decision, as opposed to nobody having said which.

    Where most reports name a decision, the others have none; else those do that say so.
    """
    declared = (stock["decisions"].list.len() > 0).mean() or 0.0
    asked = pl.col("asked") | pl.lit(declared >= MOST_DECLARED)
    return (pl.col("decisions").list.len() == 0) & asked & pl.lit(declared > 0)
