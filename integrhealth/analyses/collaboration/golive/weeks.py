"""Contact week by week around a go-live: of the pair of teams that it connects, and of the pairs without one."""

from datetime import date, timedelta

import polars as pl

from integrhealth.analyses.collaboration.team_contacts import PAIR
from integrhealth.language.period import local_day
from integrhealth.language.schema import COUNT, TEXT
from integrhealth.language.thresholds import GOLIVE_WEEKS

GO_LIVES = {"integration": TEXT, "team_a": TEXT, "team_b": TEXT, "go_live": pl.Date}
ROW = tuple(GO_LIVES)
WINDOWS = GO_LIVES | {"weeks_before": COUNT, "weeks_after": COUNT}
PAIR_WEEKS = {"go_live": pl.Date, "team_a": TEXT, "team_b": TEXT, "week": COUNT, "contacts": COUNT}
WEEKS = GO_LIVES | {"week": COUNT, "contacts": COUNT, "others": COUNT}
DAYS = 7 * GOLIVE_WEEKS


def windows(go_lives: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """`go_lives` with how many whole weeks before and after each lie in the days from `first` to `last`, 12 at most."""
    live = pl.col("go_live")
    before, after = live - pl.lit(first), pl.lit(last + timedelta(days=1)) - live
    # Of a go-live outside the data neither side is in them.
    inside = (before >= timedelta(0)) & (after >= timedelta(0))
    return go_lives.with_columns(
        weeks_before=pl.when(inside).then(_whole_weeks(before)).otherwise(0),
        weeks_after=pl.when(inside).then(_whole_weeks(after)).otherwise(0),
    ).select(*WINDOWS)


def _whole_weeks(length: pl.Expr) -> pl.Expr:
    return (length.dt.total_days() // 7).clip(0, GOLIVE_WEEKS)


def pair_weeks(contacts: pl.DataFrame, windows: pl.DataFrame, *, timezone: str) -> pl.DataFrame:
    """One row per date of a go-live, pair of teams and week from it in which they had contact; week 0 begins with it.

    Only weeks that lie whole in the data; in no order.
    """
    starts = _each_week(windows.select("go_live", "weeks_before", "weeks_after").unique()).select(
        "go_live", "week", start=pl.col("go_live") + pl.duration(weeks="week")
    )
    daily = contacts.group_by(*PAIR, day=local_day(pl.col("at"), timezone)).agg(contacts=pl.len())
    # Weeks that begin on the weekday of any go-live: seven ways at most, however many go-lives there are.
    begins = starts.select(weekday=pl.col("start").dt.weekday()).unique()
    since = (pl.col("day").dt.weekday() - pl.col("weekday")).mod(7)
    every = daily.join(begins.cast(pl.Int32), how="cross").with_columns(start=pl.col("day") - pl.duration(days=since))
    weekly = every.group_by(*PAIR, "start").agg(pl.col("contacts").sum())
    weeks = starts.join(weekly, on="start")
    return weeks.select(*PAIR_WEEKS).cast(PAIR_WEEKS)


def _each_week(windows: pl.DataFrame) -> pl.DataFrame:
    """A row for each whole week of each window."""
    every = windows.with_columns(week=pl.int_ranges(-pl.col("weeks_before"), "weeks_after"))
    return every.explode("week").drop_nulls("week").cast({"week": COUNT})


def without_go_live(pair_weeks: pl.DataFrame, go_lives: pl.DataFrame) -> pl.DataFrame:
    """The rows of `pair_weeks` of pairs between whose systems nothing went live within twelve weeks of that date."""
    dates = pair_weeks.select("go_live").unique()
    lives = go_lives.select(*PAIR, other="go_live")
    apart = pl.col("other") - pl.col("go_live")
    with_one = dates.join(lives, how="cross").filter(apart.dt.total_days().abs() < DAYS)
    return pair_weeks.join(with_one.select("go_live", *PAIR).unique(), on=["go_live", *PAIR], how="anti")


def weeks(windows: pl.DataFrame, pair_weeks: pl.DataFrame, controls: pl.DataFrame) -> pl.DataFrame:
    """One row per go-live and whole week around it: the contacts of its pair, and of all `controls` together."""
    together = controls.group_by("go_live", "week").agg(others=pl.col("contacts").sum())
    rows = (
        _each_week(windows)
        .join(pair_weeks, on=["go_live", *PAIR, "week"], how="left")
        .join(together, on=["go_live", "week"], how="left")
        .with_columns(pl.col("contacts", "others").fill_null(0))
    )
    return rows.select(*WEEKS).cast(WEEKS).sort(*WEEKS)
