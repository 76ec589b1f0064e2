"""What is asked of every system: on a normal day, in its busiest hour, in load tests, and how well it did then."""

import polars as pl

from integrhealth.analyses.latency.capacity.load import COUNTED
from integrhealth.language.statistics import enough, wilson_interval
from integrhealth.language.thresholds import LATE_SHARE, MIN_COVERED_MINUTES, QUEUED_SHARE, SLO_SUCCESS, TESTED_MINUTES

# What adds up over the minutes of an hour as it is.
COUNTS = COUNTED[:-3]


def hours(facts: pl.DataFrame) -> pl.DataFrame:
    """One row per system and hour with traffic: the counts of its `facts` (``load_facts``), and ``per_minute``.

    Demand is what is sent for the first time: retries are made by what failed. An hour that the data cover in part is
    divided by the minutes that they cover, half an hour at least.
    """
    traffic = facts.filter(~pl.col("load_test")).with_columns(
        first=pl.col("at").min().over("system"), last=pl.col("at").max().over("system") + pl.duration(minutes=1)
    )
    hour, day = pl.col("hour"), pl.col("hour").dt.truncate("1d")
    hourly = traffic.group_by("system", "first", "last", hour=pl.col("at").dt.truncate("1h")).agg(pl.col(COUNTS).sum())
    fresh = pl.col("arrivals") - pl.col("retries")
    return hourly.select(
        "system",
        "hour",
        *COUNTS,
        fresh=fresh,
        per_minute=fresh / _covered(hour, pl.duration(hours=1)),
        day_minutes=_covered(day, pl.duration(days=1)),
    ).sort("system", "hour")


def demand(facts: pl.DataFrame, hourly: pl.DataFrame) -> pl.DataFrame:
    """One row per system: what it is asked per minute, normally and at most.

    ``normal_per_minute`` is the rate of the busiest hour of a median day, ``mean_per_minute`` that of the whole day;
    ``busiest_per_minute`` of the busiest hour of all, ``peak_per_minute`` of the busiest minute. In one minute
    ``done_per_minute`` were completed at most. Days on which nothing came are none. ``queue``: nearly all of it waits
    in a queue before it is worked off.
    """
    came = hourly.filter(pl.col("fresh") > 0)
    days = came.group_by("system", day=pl.col("hour").dt.truncate("1d")).agg(
        busy=pl.col("per_minute").max(), mean=pl.col("fresh").sum() / pl.col("day_minutes").first()
    )
    normal = days.group_by("system").agg(
        normal_per_minute=pl.col("busy").median(), mean_per_minute=pl.col("mean").median()
    )
    most = hourly.group_by("system").agg(
        busiest_per_minute=pl.col("per_minute").max(),
        queue=pl.col("queued").sum() >= QUEUED_SHARE * pl.col("arrivals").sum(),
        arrivals=pl.col("arrivals").sum(),
        error_share=pl.col("failed").sum() / (pl.col("failed") + pl.col("completions")).sum(),
    )
    fresh = pl.col("arrivals") - pl.col("retries")
    peak = (
        facts.filter(~pl.col("load_test"))
        .group_by("system")
        .agg(
            peak_per_minute=fresh.max().cast(pl.Float64),
            done_per_minute=pl.col("completions").max().cast(pl.Float64),
        )
    )
    return peak.join(normal, on="system", how="left").join(most, on="system").sort("system")


def came_through(hourly: pl.DataFrame, demanded: pl.DataFrame, multiple: int, *, min_messages: int) -> pl.DataFrame:
    """system, came_through: it was asked so many times the normal load, and did no worse than usual or promised.

    In hours of so much traffic at least `min_messages` ended, failures are not certainly more than the share that the
    default promise allows or than is usual, and at most 5 of 100 took longer than promised. Behind a queue nothing
    fails of too much, so that there it takes a promise to say so.
    """
    busy = hourly.join(demanded, on="system", suffix="_usual").filter(
        pl.col("per_minute") >= multiple * pl.col("normal_per_minute")
    )
    counts = busy.group_by("system").agg(
        pl.col("failed", "completions", "timed", "late").sum(), pl.col("error_share", "queue").first()
    )
    usual = pl.max_horizontal(pl.lit(1 - SLO_SUCCESS), pl.col("error_share").fill_nan(None))
    in_time = pl.col("late") <= LATE_SHARE * pl.col("timed")
    judged = enough(_ended(), min_messages) & (~pl.col("queue") | enough(pl.col("timed"), min_messages))
    fine = judged & (_least_failing(counts) <= usual) & in_time
    return counts.select("system", came_through=fine)


def tested(facts: pl.DataFrame, demanded: pl.DataFrame) -> pl.DataFrame:
    """One row per system with a load test: what it was asked per minute in five minutes or more, and what failed then.

    ``test_failed``: certainly more failed than the default promise allows.
    """
    tests = facts.filter("load_test")
    reached = tests.group_by("system").agg(
        tested_per_minute=pl.col("arrivals").top_k(TESTED_MINUTES).min().cast(pl.Float64),
        minutes=pl.col("arrivals").gt(0).sum(),
    )
    at_it = tests.join(reached.filter(pl.col("minutes") >= TESTED_MINUTES), on="system").filter(
        pl.col("arrivals") >= pl.col("tested_per_minute")
    )
    counts = at_it.group_by("system").agg(pl.col("tested_per_minute").first(), pl.col("failed", "completions").sum())
    multiple = pl.col("tested_per_minute") / pl.col("normal_per_minute")
    return counts.join(demanded.select("system", "normal_per_minute"), on="system", how="left").select(
        "system",
        "tested_per_minute",
        tested_error_share=pl.when(_ended() > 0).then(pl.col("failed") / _ended()),
        tested_multiple=multiple,
        test_failed=_least_failing(counts) > 1 - SLO_SUCCESS,
    )


def _ended() -> pl.Expr:
    return pl.col("failed") + pl.col("completions")


def _least_failing(counts: pl.DataFrame) -> pl.Series:
    """The low end of the error share of every row; null where nothing ended."""
    low, _ = wilson_interval(counts["failed"], counts.select(_ended()).to_series())
    return pl.Series(low, dtype=pl.Float64, nan_to_null=True)


def _covered(start: pl.Expr, length: pl.Expr) -> pl.Expr:
    """Minutes of a time bin that lie between the first and the last of the system's data, half an hour at least."""
    inside = pl.min_horizontal(start + length, "last") - pl.max_horizontal(start, "first")
    return (inside.dt.total_seconds() / 60).clip(MIN_COVERED_MINUTES)
