"""What people get: alerts per person and day, between 22 and 6, by the hour of the day, and in all."""

import polars as pl

from integrhealth.analyses.report_overload.alerts.causes import acted_and_ignored, episodes, with_shares
from integrhealth.language.period import is_night
from integrhealth.language.schema import COUNT, NUMBER
from integrhealth.language.thresholds import ALERTS_PER_SHIFT, NIGHT_HOURS

TOTALS = {
    **dict.fromkeys(("alerts", "people", "person_days"), COUNT),
    "per_person_day": NUMBER,
    **dict.fromkeys(("episodes", "repeats"), COUNT),
    "repeat_share": NUMBER,
    **dict.fromkeys(("acted", "ignored"), COUNT),
    **dict.fromkeys(("actionable_share", "low", "high"), NUMBER),
    **dict.fromkeys(("night", "nights", "disturbed", "overloaded"), COUNT),
}


def by_person(alerts: pl.DataFrame) -> pl.DataFrame:
    """One row per person who got an alert of `alerts` (``causes.repeated``), the most alerts first.

    Means are over days with an alert. ``acted`` counts alerts that the log says were acted on.
    """
    per_day = _day().n_unique()
    counts = (
        alerts.drop_nulls("person")
        .group_by("person")
        .agg(
            alerts=pl.len().cast(pl.Int64),
            days=per_day.cast(pl.Int64),
            per_day=pl.len() / per_day,
            busiest_day=_day().value_counts().struct.field("count").max().cast(pl.Int64),
            repeats=pl.col("repeat").sum().cast(pl.Int64),
            acted=pl.when(pl.col("acted").count() > 0).then(pl.col("acted").sum().cast(pl.Int64)),
            night=pl.col("night").sum().cast(pl.Int64),
            nights=_night().n_unique().cast(pl.Int64),
            busiest_night=_night().value_counts().struct.field("count").max().fill_null(0).cast(pl.Int64),
        )
    )
    return counts.sort("alerts", "person", descending=[True, False])


def _day() -> pl.Expr:
    return pl.col("local").dt.date()


def _evening() -> pl.Expr:
    """The evening on which the night of an alert began, if it came at night."""
    return (pl.col("local") - pl.duration(hours=NIGHT_HOURS[1])).dt.date()


def _night() -> pl.Expr:
    """The evenings of the nights with an alert; day-time alerts are left out."""
    return _evening().filter(pl.col("night"))


def by_hour(alerts: pl.DataFrame) -> pl.DataFrame:
    """One row per hour of the clock, all 24 of them, or none where nobody got an alert."""
    counted = alerts.group_by(hour=pl.col("local").dt.hour().cast(pl.Int64)).agg(
        alerts=pl.len().cast(pl.Int64),
        repeats=pl.col("repeat").sum().cast(pl.Int64),
        people=pl.col("person").drop_nulls().n_unique().cast(pl.Int64),
    )
    hours = pl.DataFrame({"hour": range(24 if alerts.height else 0)}, schema={"hour": COUNT})
    counts = pl.col("alerts", "repeats", "people").fill_null(0)
    return hours.join(counted, on="hour", how="left").with_columns(counts, night=is_night(pl.col("hour"))).sort("hour")


def in_all(alerts: pl.DataFrame) -> pl.DataFrame:
    """One row, or none where nobody got an alert: all alerts together.

    ``nights`` are those from the first to the last alert, ``disturbed`` those with one; ``overloaded`` are nights in
    which somebody got more than two.
    """
    if alerts.is_empty():
        return pl.DataFrame(schema=TOTALS)
    persons = alerts.drop_nulls("person")
    last = (pl.col("local") - pl.duration(hours=NIGHT_HOURS[0])).dt.date().max()
    at_night = persons.filter("night").group_by("person", evening=_evening()).agg(count=pl.len())
    judged = episodes(alerts).select(episodes=pl.len().cast(pl.Int64), **acted_and_ignored())
    counts = alerts.select(
        alerts=pl.len().cast(pl.Int64),
        repeats=pl.col("repeat").sum().cast(pl.Int64),
        night=pl.col("night").sum().cast(pl.Int64),
        # The night after the last alert of a day is not over, and the one before the first is not begun.
        nights=((last - _evening().min()).dt.total_days() + 1).clip(0),
        disturbed=_night().n_unique().cast(pl.Int64),
    )
    days = persons.select("person", day=_day()).n_unique()
    whole = pl.concat([counts, judged], how="horizontal").with_columns(
        people=pl.lit(persons["person"].n_unique(), COUNT),
        person_days=pl.lit(days, COUNT),
        per_person_day=pl.lit(persons.height / days if days else None, NUMBER),
        overloaded=pl.lit(at_night.filter(pl.col("count") > ALERTS_PER_SHIFT)["evening"].n_unique(), COUNT),
    )
    return with_shares(whole).select(*TOTALS).cast(TOTALS)
