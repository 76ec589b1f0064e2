"""Red flags on the time before the incident that they announced: when they came, and when anybody read them."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.wording import duration

NAME_LENGTH = 40
MARKS = {"flag came": ACCENT, "first read": NEUTRAL, "incident": FAILURE}


def red_flag_timeline(announced: pl.DataFrame, *, top: int = 20) -> Any:
    """A line per incident that red flags announced, from the first flag to the incident at zero; the longest first.

    Dark is the time in which the flag lay unread, before the incident or until somebody read it.
    """
    if announced.is_empty():
        return nothing("A timeline needs red flags, reads, and incidents that the flags announced.")
    shown = announced.head(top).select(
        "incident",
        "about",
        "report",
        line=pl.format("{} · {}", _cut("about"), _cut("incident")),
        came=-pl.col("minutes_earlier") / 60,
        until=(pl.col("unread_minutes") - pl.col("minutes_earlier")) / 60,
        read=(pl.col("read_at") - pl.col("began")).dt.total_microseconds() / 3_600_000_000,
        began=pl.lit(0.0),
    )
    # What was read long after the incident would press the time before it together.
    shown = shown.with_columns(read=pl.when(pl.col("read") <= -pl.col("came").min()).then(pl.col("read")))
    y = alt.Y("line:N", sort=shown["line"].to_list(), title=None)
    tooltip = [
        *("incident:N", "about:N", "report:N"),
        alt.Tooltip("came:Q", format=".1f", title="flag, hours from the incident"),
        alt.Tooltip("read:Q", format=".1f", title="first read, hours from the incident"),
    ]
    base = alt.Chart(shown).encode(y=y, tooltip=tooltip)
    whole = base.mark_rule(strokeWidth=2, color=NEUTRAL, opacity=0.5).encode(x="came:Q", x2="began:Q")
    unread = base.mark_rule(strokeWidth=5, color=FAILURE, opacity=0.6).encode(x="came:Q", x2="until:Q")
    points = shown.unpivot(
        on=["came", "read", "began"], index=["line", "incident", "about", "report"], variable_name="what"
    ).drop_nulls("value")
    labelled = points.with_columns(pl.col("what").replace_strict(["came", "read", "began"], list(MARKS)))
    marks = (
        alt.Chart(labelled)
        .mark_point(filled=True, size=80, opacity=1)
        .encode(
            x=alt.X("value:Q", title="hours before (-) and after the incident", scale=alt.Scale(padding=12)),
            y=y,
            color=alt.Color(
                "what:N",
                scale=alt.Scale(domain=list(MARKS), range=list(MARKS.values())),
                legend=alt.Legend(title=None, orient="top"),
            ),
            shape=alt.Shape(
                "what:N",
                scale=alt.Scale(domain=list(MARKS), range=["triangle-right", "circle", "square"]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[
                "incident:N",
                "about:N",
                "report:N",
                "what:N",
                alt.Tooltip("value:Q", format=".1f", title="hours"),
            ],
        )
    )
    return titled(
        (whole + unread + marks).properties(width=WIDTH, height=alt.Step(24)),
        _title(announced),
        f"Thick: the flag lay unread. First flag of each incident and its first reading by anybody, those that nobody "
        f"read first; {shown.height} of n = {announced.height} announced incidents",
    )


def _title(announced: pl.DataFrame) -> str:
    missed = announced.filter("missed")
    if missed.is_empty():
        return f"Somebody had read a red flag before each of {announced.height} announced incidents"
    median = duration(missed["minutes_earlier"].median() * 60_000)
    return (
        f"{missed.height} of {announced.height} announced incidents had red flags that nobody had read, "
        f"{median} before (median)"
    )


def _cut(column: str) -> pl.Expr:
    name = pl.col(column)
    cut = pl.concat_str(name.str.slice(0, NAME_LENGTH - 1), pl.lit("…"))
    return pl.when(name.str.len_chars() > NAME_LENGTH).then(cut).otherwise(name)
