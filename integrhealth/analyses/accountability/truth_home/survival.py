"""How long disagreements live: the survival curve of their age, open ones counted for as long as they are old."""

import polars as pl

from integrhealth.language.schema import COUNT, NUMBER, TEXT
from integrhealth.language.statistics import Z
from integrhealth.language.thresholds import MIN_DECIDED

DISAGREEMENTS = {
    "element": TEXT,
    "hours": NUMBER,
    "at_risk": COUNT,
    "ended": COUNT,
    "censored": COUNT,
    "surviving": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
}


def disagreements(conflicts: pl.DataFrame) -> pl.DataFrame:
    """One row per element and age in hours at which one of its conflicts ended, the first row at 0, the last at the
    oldest.

    ``surviving``: share of the conflicts that are older (Kaplan and Meier 1958); its interval is Greenwood's on the
    scale log(-log) (Kalbfleisch and Prentice 1980), null at 0 and 1. Null for elements of fewer than five conflicts.
    """
    ages = conflicts.select("element", "hours", ended=pl.col("closed_at").is_not_null())
    ages = ages.group_by("element", "hours").agg(ended=pl.col("ended").sum(), all=pl.len())
    start = ages.select("element").unique().with_columns(hours=0.0, ended=0, all=0)
    steps = pl.concat([start, ages], how="vertical_relaxed").sort("element", "hours")
    element = "element"
    steps = steps.with_columns(
        at_risk=pl.col("all").cum_sum(reverse=True).over(element),
        conflicts=pl.col("all").sum().over(element),
        censored=pl.col("all") - pl.col("ended"),
    )
    ended, at_risk = pl.col("ended"), pl.col("at_risk")
    # The last one to end takes the variance to infinity, and the interval with it.
    variance = pl.when(at_risk > ended).then(ended / (at_risk * (at_risk - ended)))
    steps = steps.with_columns(
        surviving=(1 - ended / at_risk).cum_prod().over(element), variance=variance.cum_sum().over(element)
    )
    inside = (pl.col("surviving") > 0) & (pl.col("surviving") < 1)
    spread = (Z * pl.col("variance").sqrt() / pl.col("surviving").log().abs()).exp()
    enough = pl.when(pl.col("conflicts") >= MIN_DECIDED)
    curve = steps.with_columns(
        surviving=enough.then("surviving"),
        low=enough.then(pl.when(inside).then(pl.col("surviving").pow(spread))),
        high=enough.then(pl.when(inside).then(pl.col("surviving").pow(1 / spread))),
    )
    first = pl.col("hours") == 0
    last = pl.col("hours") == pl.col("hours").max().over(element)
    return curve.filter(first | last | (pl.col("ended") > 0)).select(*DISAGREEMENTS).cast(DISAGREEMENTS)


def median_hours(disagreements: pl.DataFrame) -> pl.DataFrame:
    """element, median_hours: the age that half of its conflicts do not outlive; elements of which it is not known are
    left out."""
    halved = disagreements.filter(pl.col("surviving") <= 0.5)
    return halved.group_by("element").agg(median_hours=pl.col("hours").min())
