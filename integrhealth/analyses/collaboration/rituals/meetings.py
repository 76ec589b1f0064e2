"""Which meetings are those of a ritual: by the name that the log gives them, else by whom they bring together."""

import polars as pl

from integrhealth.analyses.collaboration.team_contacts import PAIR, TICKET, as_declared
from integrhealth.language.period import local_day
from integrhealth.language.schema import COUNT, TEXT, TIME, WORDS
from integrhealth.language.thresholds import BROADCAST_PEOPLE, SERIES_MEETINGS

RITUALS = {"ritual": TEXT, "weekday": COUNT, "teams": WORDS, "heard": WORDS}
# One row per ritual and day on which it was held.
HELD = {"ritual": TEXT, "day": pl.Date, "at": TIME, "present": WORDS, "recognised_by": TEXT}
# What is written in a channel is no meeting, though the channel be named after one.
NO_MEETINGS = (TICKET, "chat")
BY_NAME, BY_SERIES = "name", "series"
# Monday is one, as polars counts.
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def declared_rituals(
    rituals: pl.DataFrame, teams: pl.DataFrame, shown: pl.DataFrame, heard: pl.DataFrame
) -> pl.DataFrame:
    """One row per ritual of the catalog: its teams that are `shown`, and those of them that the log has `heard` of.

    A ritual is left out of which fewer than two teams are shown, though it has some.
    """
    each = rituals.select("ritual", team="teams").explode("team").with_columns(team=as_declared("team", teams))
    kept = each.join(shown, on="team", how="semi").unique()
    in_log = pl.col("team").is_in(heard["team"].to_list())
    lists = kept.group_by("ritual").agg(teams=pl.col("team").sort(), heard=pl.col("team").filter(in_log).sort())
    rows = rituals.select("ritual", "weekday", declared_teams=pl.col("teams").list.len().fill_null(0))
    numbered = rows.with_columns(
        weekday=pl.col("weekday").replace_strict(WEEKDAYS, range(1, 8), default=None, return_dtype=COUNT)
    ).join(lists, on="ritual", how="left", maintain_order="left")
    visible = (pl.col("declared_teams") == 0) | (pl.col("teams").list.len() > 1).fill_null(False)
    return numbered.filter(visible).select(*RITUALS).cast(RITUALS).sort("ritual")


def meeting_days(contacts: pl.DataFrame, *, timezone: str) -> pl.DataFrame:
    """One row per day and what the meetings of that day were about: about (as ``key``), day, at, present."""
    met = contacts.filter(~pl.col("kind").str.to_lowercase().is_in(NO_MEETINGS).fill_null(False)).drop_nulls("about")
    both = pl.concat([met.select("at", "about", team=side) for side in PAIR])
    day = local_day(pl.col("at"), timezone)
    days = both.group_by(about=key("about"), day=day).agg(pl.col("at").max(), present=pl.col("team").unique().sort())
    return days.sort("about", "day")


def key(column: str) -> pl.Expr:
    """A name as it is compared: without case, and blanks around it."""
    return pl.col(column).str.strip_chars().str.to_lowercase()


def held_days(rituals: pl.DataFrame, meetings: pl.DataFrame) -> pl.DataFrame:
    """One row per ritual and day of `meetings` on which it was held.

    Its meetings are those about its name. Of a ritual that no meeting names they are the series (meetings about the
    same, whatever that is: a calendar gives a hash) that brought all its teams together on its weekday most often, and
    twice at least; a series that may be that of two rituals is that of none.
    """
    names = rituals.select("ritual", about=key("ritual"))
    by_name = meetings.join(names, on="about").with_columns(recognised_by=pl.lit(BY_NAME))
    nameless = rituals.join(by_name, on="ritual", how="anti")
    unnamed = meetings.join(names, on="about", how="anti").with_columns(weekday=pl.col("day").dt.weekday().cast(COUNT))
    together = nameless.drop_nulls("teams").join(unnamed, on="weekday")
    complete = together.filter(pl.col("teams").list.set_difference("present").list.len() == 0)
    often = complete.group_by("ritual", "about").agg(days=pl.len()).filter(pl.col("days") >= SERIES_MEETINGS)
    most = often.sort("days", "about", descending=[True, False]).unique("ritual", keep="first", maintain_order=True)
    series = meetings.join(most.unique("about", keep="none").select("ritual", "about"), on="about")
    every = pl.concat([by_name, series.with_columns(recognised_by=pl.lit(BY_SERIES)).select(by_name.columns)])
    return every.select(*HELD).cast(HELD).sort("ritual", "day")


def broadcast_days(rituals: pl.DataFrame, contacts: pl.DataFrame, *, timezone: str) -> pl.DataFrame:
    """One row per ritual and day with a meeting of more than 25 people about its name: ritual, day."""
    large = contacts.filter(pl.col("people") > BROADCAST_PEOPLE)
    days = large.select(about=key("about"), day=local_day(pl.col("at"), timezone)).unique()
    return days.join(rituals.select("ritual", about=key("ritual")), on="about").select("ritual", "day")
