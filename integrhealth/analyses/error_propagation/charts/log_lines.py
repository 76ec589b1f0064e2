"""Chart of errors in logs: which system wrote them, and when."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import NEUTRAL, SEQUENTIAL, WIDTH, nothing, titled

LENGTHS = {1: "hour", 24: "day"}


def logged_errors_chart(over_time: pl.DataFrame, logged_errors: pl.DataFrame, *, top: int = 12) -> Any:
    """Errors per hour or day of the `top` systems with most of them; grey where a system wrote other lines only."""
    if over_time.is_empty():
        return nothing("No log lines were read.")
    totals = over_time.group_by("system").agg(pl.col("errors", "lines").sum())
    systems = totals.filter(pl.col("errors") > 0).sort("errors", "system", descending=[True, False])
    lines, count = totals["lines"].sum(), totals["errors"].sum()
    if systems.is_empty():
        return nothing(f"None of the {lines:,} log lines has level error or above.")
    shown = systems.head(top)
    hours = over_time["hours"][0]
    length = LENGTHS[hours]
    drawn = over_time.join(shown.select("system"), on="system", how="semi").with_columns(
        until=pl.col("at").dt.offset_by(f"{hours}h")
    )
    clock = "%b %d %H:%M" if hours == 1 else "%b %d"
    place = {
        "x": alt.X("at:T", title="UTC", scale=alt.Scale(type="utc")).axis(tickCount=6, format=clock, labelOverlap=True),
        "x2": "until:T",
        "y": alt.Y("system:N", sort=shown["system"].to_list(), title=None),
    }
    tooltip = [
        "system:N",
        alt.Tooltip("at:T", title=f"{length} from, UTC", format="%Y-%m-%d %H:%M", formatType="utc"),
        alt.Tooltip("errors:Q", format=","),
        alt.Tooltip("lines:Q", format=","),
    ]
    quiet = alt.Chart(drawn.filter(pl.col("errors") == 0)).mark_rect(color=NEUTRAL, opacity=0.18, height={"band": 0.8})
    failing = alt.Chart(drawn.filter(pl.col("errors") > 0)).mark_rect(height={"band": 0.8})
    colour = alt.Color("errors:Q", title=f"errors per {length}").scale(
        scheme=SEQUENTIAL, reverse=True, domainMin=0, nice=True
    )
    strips = quiet.encode(**place, tooltip=tooltip) + failing.encode(**place, color=colour, tooltip=tooltip)
    others = systems.height - shown.height
    more = f"; {others:,} more systems with errors are not drawn" if others else ""
    most = logged_errors.row(0, named=True)
    first, last = over_time["at"].min(), over_time["at"].max()
    return titled(
        strips.properties(width=WIDTH, height=alt.Step(28)),
        f"{shown['system'][0]} logged {shown['errors'][0]:,} of {count:,} errors",
        f"Errors per {length} and system, grey: lines but no error; most often: {most['text'] or 'no text'} "
        f"({most['errors']:,}, {most['system']}). n = {lines:,} lines, {first:%Y-%m-%d} to {last:%Y-%m-%d}{more}",
    )
