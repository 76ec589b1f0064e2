"""What came beside what was to be expected, day by day."""

import math
from datetime import timedelta
from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, WIDTH, nothing, titled

# How many times more or less a colour tells apart; beyond it all look the same.
FARTHEST = 8
# Orange and blue are told apart by colour-blind readers, and both are darker than the middle in grey print.
COLOURS = (FAILURE, "#f4b183", "#eeeeee", "#9ecae1", ACCENT)
# Expected messages from which a day has a colour, and from which a cross says that none came.
COLOURED, CROSSED = 1, 3
DAYS_DRAWN = 92


def silence_chart(over_time: pl.DataFrame, silence: pl.DataFrame) -> Any:
    """A strip of days per integration of `over_time`, coloured by what came beside what was expected.

    A cross marks days on which nothing came of three or more; days of which hardly anything is expected stay white.
    `silence` gives the title.
    """
    if over_time.is_empty():
        return nothing("No message with a time was read.")
    shown = over_time.filter(pl.col("at") > pl.col("at").max() - timedelta(days=DAYS_DRAWN))
    drawn = shown.select(
        "integration",
        "messages",
        "holiday",
        # Noon of the company's day lies on the same date in UTC.
        day=(pl.col("at") + timedelta(hours=12)).dt.strftime("%Y-%m-%d"),
        expected=pl.col("expected").round(1),
        doublings=_doublings().round(2),
    )
    names = shown["integration"].unique(maintain_order=True).to_list()
    base = alt.Chart(drawn).encode(
        x=alt.X("utcyearmonthdate(day):T", title=None, scale=alt.Scale(type="utc")).axis(
            format="%b %d", tickCount=8, grid=False
        ),
        y=alt.Y("integration:N", sort=names, title=None).axis(grid=False),
        tooltip=[
            "integration:N",
            alt.Tooltip("day:N"),
            alt.Tooltip("messages:Q", format=","),
            alt.Tooltip("expected:Q", format=",.1f"),
            "holiday:N",
        ],
    )
    band = {"band": 0.86}
    strips = base.mark_rect(height=band).encode(_colour()).transform_filter("isValid(datum.doublings)")
    crossed = f"datum.messages == 0 && datum.expected >= {CROSSED}"
    # In the middle of the day.
    crosses = base.mark_point(shape="cross", angle=45, size=26, filled=True, color="black", opacity=0.8).encode(
        alt.X("utcyearmonthdate(day):T", bandPosition=0.5)
    )
    frames = base.mark_rect(height=band, filled=False, stroke=NEUTRAL, strokeWidth=1)
    return titled(
        (strips + frames.transform_filter("datum.holiday") + crosses.transform_filter(crossed)).properties(
            width=WIDTH, height=alt.Step(22)
        ),
        _title(silence),
        f"Messages of a day beside what was to be expected; cross: none came of {CROSSED} or more; framed: a holiday; "
        f"{len(names)} of {silence.height:,} integrations, n = {shown['messages'].sum():,}, "
        f"{drawn['day'].min()} to {drawn['day'].max()}",
    )


def _doublings() -> pl.Expr:
    """How often what came must be halved to be what was expected; null where hardly anything was."""
    times = (pl.col("messages") + 0.5) / (pl.col("expected") + 0.5)
    return pl.when(pl.col("expected") >= COLOURED).then(times.clip(1 / FARTHEST, FARTHEST).log(2))


def _colour() -> alt.Color:
    most = math.log2(FARTHEST)
    scale = alt.Scale(domain=[-most, -most / 2, 0, most / 2, most], range=list(COLOURS), clamp=True)
    ends = f"'1/{FARTHEST} or less' : '{FARTHEST} times or more'"
    return alt.Color("doublings:Q", title="came / expected", scale=scale).legend(
        orient="bottom",
        gradientLength=260,
        values=[-most, 0, most],
        labelExpr=f"datum.value == 0 ? 'as expected' : datum.value < 0 ? {ends}",
    )


def _title(silence: pl.DataFrame) -> str:
    quiet = silence.filter(pl.col("verdict").is_in(["silent", "thin"]))
    if quiet.is_empty():
        return "No integration has certainly gone silent"
    name, verdict = quiet["integration"][0], quiet["verdict"][0]
    more = f", and {quiet.height - 1} more are silent or thin" if quiet.height > 1 else ""
    return f"{name} is {verdict}{more}"
