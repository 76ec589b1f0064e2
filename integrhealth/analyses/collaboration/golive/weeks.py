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

    Only weeks that lie whole in the data.
    """
    day = local_day(pl.col("at"), timezone)
    daily = contacts.group_by(*PAIR, day=day).agg(contacts=pl.len())
    dates = windows.select("go_live", "weeks_before", "weeks_after").unique()
    near = dates.join_where(
        daily,
        pl.col("day") >= pl.col("go_live") - timedelta(days=DAYS),
        pl.col("day") < pl.col("go_live") + timedelta(days=DAYS),
    ).with_columns(week=(pl.col("day") - pl.col("go_live")).dt.total_days() // 7)
    inside = near.filter(pl.col("week") >= -pl.col("weeks_before"), pl.col("week") < pl.col("weeks_after"))
    weeks = inside.group_by("go_live", *PAIR, "week").agg(pl.col("contacts").sum())
    return weeks.select(*PAIR_WEEKS).cast(PAIR_WEEKS).sort(*PAIR_WEEKS)


def without_go_live(pair_weeks: pl.DataFrame, go_lives: pl.DataFrame) -> pl.DataFrame:
    """The rows of `pair_weeks` of pairs between whose systems nothing went live within twelve weeks of that date."""
    dates = pair_weeks.select("go_live").unique()
    lives = go_lives.select(*PAIR, other="go_live")
    apart = pl.col("other") - pl.col("go_live")
    with_one = dates.join(lives, how="cross").filter(apart.dt.total_days().abs() < DAYS)
    return pair_weeks.join(with_one.select("go_live", *PAIR).unique(), on=["go_live", *PAIR], how="anti")


def weeks(windows: pl.DataFrame, pair_weeks: pl.DataFrame, controls: pl.DataFrame) -> pl.DataFrame:
    """One row per go-live and whole week around it: the contacts of its pair, and of all `controls` together."""
    every = (
        windows.with_columns(week=pl.int_ranges(-pl.col("weeks_before"), "weeks_after")).explode("week").drop_nulls()
    )
    together = controls.group_by("go_live", "week").agg(others=pl.col("contacts").sum())
    rows = (
        every.cast({"week": COUNT})
        .join(pair_weeks, on=["go_live", *PAIR, "week"], how="left")
        .join(together, on=["go_live", "week"], how="left")
        .with_columns(pl.col("contacts", "others").fill_null(0))
    )
    return rows.select(*WEEKS).cast(WEEKS).sort(*WEEKS)
