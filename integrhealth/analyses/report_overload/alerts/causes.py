"""Which alerts say the same again, and how many one message per cause would have been."""

from datetime import timedelta

import polars as pl

from integrhealth.language.period import is_night
from integrhealth.language.statistics import wilson_interval
from integrhealth.language.thresholds import ALERT_GAP_HOURS

CAUSE = ("source", "cause")


def repeated(alerts: pl.DataFrame, *, timezone: str) -> pl.DataFrame:
    """`alerts` with episode, repeat, local (the clock on the wall in `timezone`), night; by source, cause and time.

    Alerts of one source and cause are one episode while the next follows within five hours (own; Alertmanager tells
    again after four). A ``repeat`` tells a person of an episode that he was told of. Night is from 22 to 6.
    """
    gap = pl.col("at").diff().over(CAUSE, order_by="at") > timedelta(hours=ALERT_GAP_HOURS)
    local = pl.col("at").dt.convert_time_zone(timezone).dt.replace_time_zone(None)
    return (
        alerts.sort(*CAUSE, "at", "person", nulls_last=True)
        .with_columns(episode=gap.fill_null(False).cum_sum().over(CAUSE, order_by="at").cast(pl.Int64))
        .with_columns(
            repeat=~pl.struct(*CAUSE, "episode", "person").is_first_distinct(),
            local=local,
            night=is_night(local.dt.hour()),
        )
    )


def episodes(alerts: pl.DataFrame) -> pl.DataFrame:
    """One row per episode of `alerts` (``repeated``): whether anybody acted on any of its alerts; null: not known."""
    return alerts.group_by(*CAUSE, "episode").agg(pl.col("acted").any(ignore_nulls=False)).sort(*CAUSE, "episode")


def by_cause(alerts: pl.DataFrame) -> pl.DataFrame:
    """One row per source and cause of `alerts` (``repeated``), the most alerts first.

    ``episodes`` is how often it came up. Somebody ``acted`` on so many of them, nobody on those ``ignored``.
    """
    judged = episodes(alerts).group_by(*CAUSE).agg(episodes=pl.len().cast(pl.Int64), **acted_and_ignored())
    counted = alerts.group_by(*CAUSE).agg(
        alerts=pl.len().cast(pl.Int64),
        people=pl.col("person").drop_nulls().n_unique().cast(pl.Int64),
        repeats=pl.col("repeat").sum().cast(pl.Int64),
        night=pl.col("night").sum().cast(pl.Int64),
        first_at=pl.col("at").min(),
        last_at=pl.col("at").max(),
    )
    rows = with_shares(counted.join(judged, on=list(CAUSE)))
    order = ["alerts", *CAUSE]
    return rows.select(
        *CAUSE,
        *("alerts", "people", "episodes", "repeats", "repeat_share", "acted", "ignored", "actionable_share"),
        *("low", "high", "night", "first_at", "last_at"),
    ).sort(order, descending=[True, False, False])


def acted_and_ignored() -> dict[str, pl.Expr]:
    """How many episodes somebody acted on, and nobody; null where none tells."""
    tells = pl.col("acted").count() > 0
    counts = {"acted": pl.col("acted").sum(), "ignored": (~pl.col("acted")).sum()}
    return {name: pl.when(tells).then(count.cast(pl.Int64)) for name, count in counts.items()}


def with_shares(counted: pl.DataFrame) -> pl.DataFrame:
    """`counted` with repeat_share, and actionable_share with its 95% interval over episodes (Wilson 1927)."""
    judged = pl.col("acted") + pl.col("ignored")
    low, high = wilson_interval(
        counted["acted"].cast(pl.Float64).to_numpy(),
        (counted["acted"] + counted["ignored"]).cast(pl.Float64).to_numpy(),
    )
    return counted.with_columns(
        repeat_share=pl.col("repeats") / pl.col("alerts"),
        actionable_share=pl.col("acted") / judged,
        low=pl.Series(low, nan_to_null=True, dtype=pl.Float64),
        high=pl.Series(high, nan_to_null=True, dtype=pl.Float64),
    )
