"""What brings people together and is asked, never measured: that it was done, when, and who says so."""

from datetime import date

import polars as pl

from integrhealth.language.schema import COUNT
from integrhealth.language.thresholds import SMALLEST_GROUP


def practices(declared: pl.DataFrame, teams: pl.DataFrame, *, today: date | None) -> pl.DataFrame:
    """One row per practice that the catalog has `declared`, the latest first, with its age on `today`.

    Of the teams those are named of which the catalog's `teams` say that five people at least are in them;
    ``small_teams`` counts the others.
    """
    of_five = teams.filter(pl.col("people") >= SMALLEST_GROUP)["team"]
    large = pl.col("teams").list.set_intersection(pl.lit(of_five.to_list(), pl.List(pl.String)))
    age = (pl.lit(today, pl.Date) - pl.col("on")).dt.total_days().cast(COUNT)
    return (
        declared.with_columns(pl.col("teams").list.unique(maintain_order=True))
        .with_columns(
            shown=large.list.sort(),
            small_teams=(pl.col("teams").list.len().cast(COUNT) - large.list.len().cast(COUNT)),
            days_ago=age,
        )
        .select("kind", "practice", pl.col("shown").alias("teams"), "small_teams", "on", "days_ago", "by")
        .sort("on", "kind", "practice", descending=[True, False, False], nulls_last=True)
    )
