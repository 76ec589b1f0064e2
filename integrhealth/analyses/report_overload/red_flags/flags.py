"""Flagged deliveries: when each was first looked at, and the incident that it announced."""

from datetime import timedelta

import polars as pl

from integrhealth.analyses.report_overload.reading import STREAM, assigned_reads, measured_words
from integrhealth.analyses.report_overload.red_flags.naming import KINDS, naming
from integrhealth.language.thresholds import FASTEST_SKIMMING_WPM, FLAG_DAYS

FLAG = (*STREAM, "flag", "delivered_at")
# What stands in the column of flags where there is none.
NO_FLAGS = ("", "-", "0", "false", "no", "none", "null", "n/a", "nan", "ok", "green", "normal")
LINK = ("linked_by", "about", "incident", "began", "minutes_earlier", "chance")

# Frames are sorted where they are joined; polars cannot check within groups.
_SAME = {"left_on": "delivered_at", "by": ["kind", "name"], "check_sortedness": False}


def flagged(deliveries: pl.DataFrame) -> pl.DataFrame:
    """One row per report, person, time and flag, by however many channels: the deliveries that carry a flag."""
    flag = pl.col("flag").str.strip_chars()
    rows = deliveries.filter(~flag.str.to_lowercase().is_in(NO_FLAGS).fill_null(True))
    return rows.select(*STREAM, flag=flag, delivered_at="at").unique().sort("delivered_at", *STREAM, "flag")


def looked_at(
    flags: pl.DataFrame, deliveries: pl.DataFrame, reads: pl.DataFrame, *, reports: pl.DataFrame
) -> pl.DataFrame:
    """`flags` with read_at and seen_at: when this delivery was read or skimmed, and when its flag first was.

    Openings count together until the report has been open so long that it can have been skimmed: 400 words or ten
    charts opened for half a second are unread. Where its words or the time are unknown any opening will do.
    ``seen_at`` is also the reading of a later delivery of the same report with the same flag to the same person.
    """
    opened = (
        assigned_reads(deliveries, reads)
        .drop_nulls("delivered_at")
        .join(measured_words(reports), on="report", how="left")
        .sort(*STREAM, "delivered_at", "at")
        .with_columns(open_for=pl.col("seconds").cum_sum().over(*STREAM, "delivered_at"))
    )
    wpm = pl.col("words") / (pl.col("open_for") / 60)
    enough = pl.col("words").is_null() | pl.col("seconds").is_null() | (wpm <= FASTEST_SKIMMING_WPM)
    read = opened.filter(enough).group_by(*STREAM, "delivered_at").agg(read_at=pl.col("at").min())
    again = pl.col("read_at").backward_fill().over(*STREAM, "flag", order_by="delivered_at")
    return (
        flags.join(read, on=[*STREAM, "delivered_at"], how="left")
        .with_columns(seen_at=again)
        .sort("delivered_at", *FLAG)
    )


def announcing(flags: pl.DataFrame, about: pl.DataFrame, every: pl.DataFrame) -> pl.DataFrame:
    """`flags` with the incident that each announced: the first within a week that names what the flag names.

    `about` are the rows of ``incidents_about``, `every` the names to look for. An object that both name links before
    an integration, an integration before a system (``linked_by``, ``about``). Flags that announce nothing are left
    out; what a flag says while an incident about the same is open is about that one. ``chance`` is how likely one of
    the other incidents about the same would have followed any moment as soon, had they come at random.
    """
    days = pl.concat([flags["delivered_at"], about["began"]])
    period = ((days.max() - days.min()) / timedelta(minutes=1)) if len(days) else 0.0
    began = about.with_columns(others=pl.len().over("kind", "name").cast(pl.Int64) - 1).sort("began", "incident")
    moments = flags.select("flag", "delivered_at").unique()
    asked = moments.join(naming(flags["flag"], every), left_on="flag", right_on="text").sort("delivered_at")
    after = _next_incident(asked.filter(~_open(asked, began)), began)
    minutes = (pl.col("began") - pl.col("delivered_at")).dt.total_microseconds() / 60_000_000
    first = (
        after.with_columns(rank=pl.col("kind").replace_strict(KINDS, range(len(KINDS)), return_dtype=pl.Int8))
        .sort("rank", "began", "incident", "name")
        .unique(["flag", "delivered_at"], keep="first", maintain_order=True)
        .rename({"kind": "linked_by", "name": "about"})
        .with_columns(minutes_earlier=minutes)
        .with_columns(chance=1 - (-pl.col("others") * pl.col("minutes_earlier") / period).exp())
        .select("flag", "delivered_at", *LINK)
    )
    unread = ~(pl.col("seen_at") < pl.col("began")).fill_null(False)
    return flags.join(first, on=["flag", "delivered_at"]).with_columns(unread=unread).sort("began", "incident", *FLAG)


def _open(asked: pl.DataFrame, began: pl.DataFrame) -> pl.Series:
    """Whether an incident about the same is open at the moment; one that nothing ends is not taken to be."""
    until = pl.col("ended").cum_max().forward_fill().over("kind", "name", order_by="began")
    before = began.select("kind", "name", at="began", until=until)
    last = asked.join_asof(before, strategy="backward", right_on="at", **_SAME)
    return (last["until"] > last["delivered_at"]).fill_null(False)


def _next_incident(asked: pl.DataFrame, began: pl.DataFrame) -> pl.DataFrame:
    """`asked` with the first incident about the same that began later, within the days a flag looks ahead."""
    later = began.drop("ended").with_columns(at=pl.col("began"))
    ahead = {"tolerance": timedelta(days=FLAG_DAYS), "allow_exact_matches": False}
    return asked.join_asof(later, strategy="forward", right_on="at", **ahead, **_SAME).drop_nulls("incident")
