"""Orders with their stages as planned and as they happened: which can be judged, and why the others cannot."""

import polars as pl

from integrhealth.language.period import local_day, outlying
from integrhealth.language.thresholds import MOST_STAGES, USUAL_STAGE

# Departments whose stages are no part of a delivery that they follow: an invoice makes no delivery late.
AFTER_DELIVERY = ("finance", "accounting", "billing")
# Who answers for the promise.
PROMISES = "sales"
STAGE = ("order", "stage", "department")
TIMES = ("planned_at", "finished_at", "promised_at", "feasible_at")
# Why an order is left out.
NO_PROMISE, NO_PLAN, MISSING_STAGE, MISSING_END = "no promise", "no plan", "stage missing", "end missing"
OPEN, CROWDED = "open", "with too many departments or stages"
DAY_US = 86_400_000_000


def order_stages(stages: pl.DataFrame, *, timezone: str) -> pl.DataFrame:
    """One row per order, stage and department in the order of the plan: planned, finished, promised, feasible, after.

    Times are microseconds. A stage that stands there several times was planned for the first of its dates and done
    with the last. What was promised and feasible first holds for the whole order. Outlying ends are none. Where every
    promise is a date, without a time of day, all is counted in days of `timezone`. ``after``: of a department that
    follows the delivery, planned after the last stage of the others.
    """
    trimmed = stages.with_columns(pl.col(STAGE).str.strip_chars()).filter(pl.all_horizontal(pl.col(STAGE) != ""))
    ended = trimmed.with_columns(finished_at=pl.when(~outlying(trimmed["finished_at"])).then("finished_at"))
    in_days = ended["promised_at"].count() > 0 and _are_dates(ended["promised_at"])
    times = [_days(ended[time], timezone) if in_days else ended[time].dt.timestamp("us") for time in TIMES]
    follows = pl.col("department").str.to_lowercase().is_in(AFTER_DELIVERY)
    delivery = pl.col("planned").filter(~follows).max().over("order")
    return (
        ended.select(STAGE)
        .with_columns(series.alias(time.removesuffix("_at")) for time, series in zip(TIMES, times, strict=True))
        .group_by(STAGE)
        .agg(pl.col("planned").min(), pl.col("finished").max(), pl.col("promised", "feasible").min())
        .with_columns(pl.col("promised", "feasible").min().over("order"))
        .with_columns(after=(follows & (pl.col("planned") > delivery)).fill_null(False))
        .sort("order", "planned", "stage", "department", nulls_last=True)
    )


def _are_dates(times: pl.Series) -> bool:
    """No time has a time of day: what dates become when they are read."""
    return bool((times.dt.truncate("1d") == times).all())


def _days(times: pl.Series, timezone: str) -> pl.Series:
    """The day of each time in microseconds; dates are days already, in whatever time zone."""
    day = pl.col(times.name).dt.date() if _are_dates(times) else local_day(pl.col(times.name), timezone)
    return times.to_frame().select(day.cast(pl.Int64) * DAY_US).to_series()


def left_out(rows: pl.DataFrame) -> pl.DataFrame:
    """order, why: the first reason for which an order of ``order_stages`` cannot be judged; null where it can.

    A stage is missing that nine of ten orders have (own), or the end of a stage that was planned before one that has
    ended: whether that was ever done nobody knows.
    """
    orders = rows["order"].n_unique()
    having = rows.group_by("stage").agg(orders=pl.col("order").n_unique())
    usual = having.filter(pl.col("orders") >= USUAL_STAGE * orders)["stage"]
    last_done = pl.col("planned").filter(pl.col("finished").is_not_null()).max()
    reasons = {
        NO_PROMISE: pl.col("promised").is_null().any(),
        NO_PLAN: pl.col("planned").is_null().any(),
        CROWDED: pl.len() > MOST_STAGES,
        MISSING_STAGE: (pl.col("stage").filter(pl.col("stage").is_in(usual.implode())).n_unique() < len(usual))
        | pl.col("after").all(),
        MISSING_END: (pl.col("finished").is_null() & (pl.col("planned") < last_done)).any(),
    }
    why = pl.coalesce(pl.when(reason).then(pl.lit(text)) for text, reason in reasons.items())
    return rows.group_by("order").agg(why=why).sort("order")


def blamed(rows: pl.DataFrame, late: pl.DataFrame) -> pl.DataFrame:
    """department, blamed_first, blamed_last: the `late` orders given to the first stage that ended after its plan, and
    to the one that ended last. Neither asks who made it late: both stand there to be compared with the exact shares.
    """
    delivery = rows.filter(~pl.col("after")).join(late.select("order"), on="order", how="semi")
    ended = delivery.with_columns(ended=pl.col("finished").fill_null(pl.lit(rows["finished"].max(), pl.Int64)))
    slipped = ended.filter(pl.col("ended") > pl.col("planned"))
    first = slipped.filter(pl.col("planned") == pl.col("planned").min().over("order"))
    last = ended.filter(pl.col("ended") == pl.col("ended").max().over("order"))
    counted = [
        frame.with_columns(part=1 / pl.len().over("order")).group_by("department").agg(pl.col("part").sum().alias(name))
        for name, frame in (("blamed_first", first), ("blamed_last", last))
    ]
    return counted[0].join(counted[1], on="department", how="full", coalesce=True)
