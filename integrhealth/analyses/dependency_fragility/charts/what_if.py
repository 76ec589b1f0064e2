"""Today against a supposed landscape: what gets worse, what better, and by how much."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, WIDTH, nothing, titled

# Figures that are shares, on one scale; the others stand in the table.
SHARES = ("availability", "importance", "verdict")
SHOWN_AS = {"availability": "", "importance": ", importance", "verdict": ", outages borne"}
# Room for what each row says.
BESIDE = 250
WORSE, BETTER = "worse than today", "better than today"
COLOURS = {WORSE: FAILURE, BETTER: ACCENT}


def what_if_chart(what_if: pl.DataFrame, *, most: int = 16, empty: str = "Nothing is supposed.") -> Any:
    """Today (hollow) and then (filled) with their intervals, what gets worst first: `what_if` (the table of this name).

    Shares only; where nothing else changes the first sentence of the table stands in place of the chart.
    """
    if what_if.is_empty():
        return nothing(empty)
    title = _title(what_if)
    shares = what_if.filter(pl.col("figure").is_in(SHARES)).drop_nulls(["today", "then"])
    if shares.is_empty():
        return nothing(f"{title}.")
    worse = what_if["worse"].sum()
    drawn = (
        f"the {most} first of {shares.height} shares"
        if shares.height > most
        else f"{shares.height} share{'s' * (shares.height > 1)}"
    )
    subtitle = f"{worse} figures get worse, {what_if.height - worse} better; {drawn} with 95% intervals; hollow: today"
    return titled(_drawn(_rows(shares.head(most))), title, subtitle)


def _title(what_if: pl.DataFrame) -> str:
    fallen = what_if.filter(what="capability", figure="availability", then=0)
    if fallen.height > 1:
        return f"{fallen.height} capabilities fall, {fallen['name'][0]} among them"
    if fallen.height == 1:
        return f"{fallen['name'][0]} falls: nothing gets through any more"
    return f"{what_if['name'][0]} {what_if['in_words'][0]}"


def _rows(shares: pl.DataFrame) -> pl.DataFrame:
    figure = pl.col("figure").replace_strict(SHOWN_AS)
    return shares.select(
        "today",
        "then",
        "today_low",
        "today_high",
        "then_low",
        "then_high",
        subject=pl.format("{} {}{}", "what", "name", figure),
        direction=pl.when("worse").then(pl.lit(WORSE)).otherwise(pl.lit(BETTER)),
        beside="in_words",
    )


def _drawn(rows: pl.DataFrame) -> alt.LayerChart:
    numbers = rows.select("today", "then", "today_low", "then_low", "today_high", "then_high")
    low, high = numbers.min().min_horizontal()[0], numbers.max().max_horizontal()[0]
    room = max((high - low) * 0.04, 0.0005)
    scale = alt.Scale(domain=[max(low - room, 0), min(high + room, 1)], nice=False, zero=False)
    axis = alt.Axis(format=".4~%", title="share", tickCount=5, gridOpacity=0.5, domain=False, ticks=False)
    y = alt.Y("subject:N", sort=None, title=None, axis=alt.Axis(domain=False, ticks=False, labelPadding=8))
    there = [direction for direction in COLOURS if (rows["direction"] == direction).any()]
    colours = alt.Scale(domain=there, range=[COLOURS[direction] for direction in there])
    colour = alt.Color("direction:N", scale=colours, title=None, legend=alt.Legend(orient="top"))
    said = [
        "subject:N",
        "beside:N",
        *(alt.Tooltip(f"{each}:Q", format=".4%") for each in ("today", "today_low", "today_high")),
        *(alt.Tooltip(f"{each}:Q", format=".4%") for each in ("then", "then_low", "then_high")),
    ]
    base = alt.Chart(rows)
    way = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("today:Q", scale=scale, axis=axis), x2="then:Q", y=y, color=colour, tooltip=said
    )
    intervals = [
        base.mark_rule(strokeWidth=7, opacity=0.25, color=NEUTRAL).encode(
            x=alt.X(f"{side}_low:Q", scale=scale), x2=f"{side}_high:Q", y=y, tooltip=said
        )
        for side in ("today", "then")
    ]
    before = base.mark_point(size=80, opacity=1, strokeWidth=2, color=NEUTRAL).encode(
        x=alt.X("today:Q", scale=scale), y=y, tooltip=said
    )
    after = base.mark_point(size=90, opacity=1, filled=True).encode(
        x=alt.X("then:Q", scale=scale), y=y, color=colour, tooltip=said
    )
    words = base.mark_text(align="left", fontSize=11, color=NEUTRAL, limit=BESIDE - 14).encode(
        x=alt.value(WIDTH - BESIDE + 12), y=y, text="beside:N"
    )
    return alt.layer(*intervals, way, before, after, words).properties(width=WIDTH - BESIDE, height=alt.Step(26))
