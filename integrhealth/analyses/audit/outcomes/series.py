"""The numbers that integrations were built to improve: which series of the metrics they are, a value a day."""

import polars as pl

from integrhealth.language.measured import SERIES, readings
from integrhealth.language.period import local_day, outlying
from integrhealth.language.schema import COUNT, NUMBER, TEXT

# Why there is no series, where there is none.
NO_SERIES, MEASURED_ELSEWHERE, SEVERAL_SERIES = "no series", "measured elsewhere", "several series"
PERCENTILE = r"^p\d"
DAYS = {"integration": TEXT, "system": TEXT, "unit": TEXT, "day": pl.Date, "value": NUMBER}


def plain(name: pl.Expr) -> pl.Expr:
    """A name of a metric as it is compared: small letters and digits, whatever stands between them."""
    return name.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()


def matched(metrics: pl.DataFrame, integrations: pl.DataFrame) -> pl.DataFrame:
    """One row per integration that names a success metric: its series (SERIES) in `metrics`, or ``why`` it has none.

    The series has the name that the catalog gives, or that name and its statistic (late share p95), and is measured at
    the target, else at the source. Several statistics of one name are no answer until the catalog says which.
    """
    wanted = integrations.drop_nulls("success_metric").select(
        "integration", "source", "target", name=plain(pl.col("success_metric"))
    )
    listed = metrics.select(SERIES).unique()
    full = pl.concat_str(pl.col("metric"), pl.col("statistic").fill_null(""), separator=" ")
    named_so = pl.concat(
        [listed.with_columns(name=plain(pl.col("metric"))), listed.with_columns(name=plain(full))]
    ).unique()
    near = pl.when(pl.col("system") == pl.col("target")).then(0).when(pl.col("system") == pl.col("source")).then(1)
    at = wanted.join(named_so, on="name").with_columns(near=near.otherwise(2))
    nearest = at.filter(pl.col("near") == pl.col("near").min().over("integration"))
    chosen = (
        nearest.sort("integration", *SERIES)
        .group_by("integration", maintain_order=True)
        .agg(pl.col(SERIES).first(), near=pl.col("near").first(), several=pl.len() > 1)
    )
    why = (
        pl.when(pl.col("near").is_null())
        .then(pl.lit(NO_SERIES))
        .when(pl.col("near") == 2)
        .then(pl.lit(MEASURED_ELSEWHERE))
        .when("several")
        .then(pl.lit(SEVERAL_SERIES))
    )
    return (
        wanted.join(chosen, on="integration", how="left")
        .select("integration", *SERIES, no_series=why)
        .sort("integration")
    )


def daily(metrics: pl.DataFrame, series: pl.DataFrame, *, timezone: str) -> pl.DataFrame:
    """One row per integration and day: the value of its series that day, on the calendar of `timezone`.

    `series` are the rows of ``matched``. The value is the mean of the day; of percentiles, which are never averaged,
    the median. What only grows counts as its rate.
    """
    wanted = series.filter(pl.col("no_series").is_null())
    if wanted.is_empty() or metrics.is_empty():
        return pl.DataFrame(schema=DAYS)
    mine = metrics.join(wanted.select(SERIES).unique(), on=SERIES, how="semi", nulls_equal=True)
    measured = readings(mine).drop_nulls("value")
    measured = measured.filter(~outlying(measured["time"]))
    percentile = pl.col("statistic").str.contains(PERCENTILE).fill_null(False)
    return (
        measured.sort(*SERIES, "time")
        .group_by("system", "metric", "statistic", "unit", day=local_day(pl.col("time"), timezone))
        .agg(mean=pl.col("value").mean(), median=pl.col("value").median())
        .join(
            wanted.select("integration", "system", "metric", "statistic"),
            on=["system", "metric", "statistic"],
            nulls_equal=True,
        )
        .select("integration", "system", "unit", "day", value=pl.when(percentile).then("median").otherwise("mean"))
        .sort("integration", "day")
        .cast({"day": pl.Date, "value": NUMBER})
    )


def days_around(days: pl.DataFrame, integrations: pl.DataFrame) -> pl.DataFrame:
    """`days` with ``since``, the days since go-live (negative before); null where no day of go-live is declared."""
    live = integrations.select("integration", "go_live")
    since = (pl.col("day") - pl.col("go_live")).dt.total_days().cast(COUNT)
    return days.join(live, on="integration", how="left").with_columns(since=since)
