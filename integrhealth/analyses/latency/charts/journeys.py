"""How journeys spend their time, and where along their way."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.analyses.latency.charts.axes import TIME_LABEL, even_ticks
from integrhealth.charts.theme import ACCENT, CATEGORIES, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.wording import duration, spoken_ms

# The parts of a journey in the order in which they happen, each with its colour in every chart.
PARTS = {
    "sending": CATEGORIES[4],
    "waiting": CATEGORIES[3],
    "holding": CATEGORIES[1],
    "working": ACCENT,
}
NO_TYPE = "(no object type)"


def journey_parts_chart(journeys: pl.DataFrame, *, top: int = 15) -> Any:
    """What the mean journey of each object type spends its time on: sending, waiting, holding, working."""
    longest = journeys.filter(pl.col("mean_ms") > 0).head(top)
    if longest.is_empty():
        return nothing("No journey has an end time, so there is no duration to split.")
    typed = longest.with_columns(pl.col("object_type").fill_null(NO_TYPE))
    columns = [f"{part}_ms" for part in PARTS]
    rows = (
        typed.unpivot(columns, index=["object_type", "journeys", "mean_ms"], variable_name="part", value_name="ms")
        .with_columns(
            pl.col("part").str.strip_suffix("_ms"),
            share=pl.col("ms") / pl.col("mean_ms"),
            time=spoken_ms(pl.col("ms")),
        )
        .with_columns(order=pl.col("part").replace_strict(list(PARTS), range(len(PARTS)), return_dtype=pl.Int64))
        .sort("object_type", "order")
    )
    bars = (
        alt.Chart(rows)
        .mark_bar(height={"band": 0.65})
        .encode(
            x=alt.X("share:Q", title="share of the mean journey", scale=alt.Scale(domain=[0, 1])).axis(format="%"),
            y=alt.Y("object_type:N", sort=typed["object_type"].to_list(), title=None),
            color=alt.Color("part:N", title=None, legend=alt.Legend(orient="top")).scale(
                domain=list(PARTS), range=list(PARTS.values())
            ),
            order="order:Q",
            tooltip=[
                alt.Tooltip("object_type:N", title="object type"),
                "part:N",
                alt.Tooltip("time:N", title="mean time"),
                alt.Tooltip("share:Q", format=".1%"),
                alt.Tooltip("journeys:Q", format=","),
            ],
        )
    )
    worst = typed.row(0, named=True)
    part = max(PARTS, key=lambda name: worst[f"{name}_ms"])
    return titled(
        bars.properties(width=WIDTH, height=alt.Step(30)),
        f"{worst['object_type']} journeys spend {worst[f'{part}_ms'] / worst['mean_ms']:.0%} of "
        f"{duration(worst['mean_ms'])} {part}",
        f"Mean time along the critical path, slowest type first, n from {typed['journeys'].min():,} to "
        f"{typed['journeys'].max():,} journeys",
    )


def waterfall_chart(waterfall: pl.DataFrame, object_type: str | None = None, *, top: int = 25) -> Any:
    """The mean journey of one object type step by step, from its start to its end.

    Without `object_type`, of the type whose journeys take most time together.

    The `top` longest steps are drawn; where one is left out, its place stays empty.
    """
    if waterfall.is_empty():
        return nothing("No journey has an end time, so there are no steps to show.")
    if object_type is None:
        total = (pl.col("to_ms") - pl.col("from_ms")).sum() * pl.col("journeys").first()
        totals = waterfall.group_by("object_type").agg(total.alias("ms"))
        object_type = totals.sort("ms", "object_type", descending=[True, False])["object_type"][0]
    mine = waterfall.filter(pl.col("object_type").eq_missing(object_type))
    if mine.is_empty():
        return nothing("There is no journey of this object type.")
    length = pl.col("to_ms") - pl.col("from_ms")
    longest = mine.group_by("step").agg(length.sum().alias("ms")).top_k(top, by=["ms", pl.col("step").neg()])["step"]
    names = pl.concat_str("system", "operation", separator=": ", ignore_nulls=True)
    shown = (
        mine.filter(pl.col("step").is_in(longest.implode()))
        .with_columns(name=names, ms=length, time=spoken_ms(length))
        .sort("step", "part")
    )
    journeys, end = mine["journeys"][0], mine["to_ms"].max()
    bars = (
        alt.Chart(shown.select("step", "name", "part", "from_ms", "to_ms", "time", "seen", "journeys"))
        .mark_bar(height={"band": 0.7}, strokeWidth=1)
        .encode(
            x=alt.X("from_ms:Q", title="time since the journey began").axis(
                labelExpr=TIME_LABEL, values=even_ticks(end)
            ),
            x2="to_ms:Q",
            y=alt.Y("name:N", sort=shown["name"].unique(maintain_order=True).to_list(), title=None),
            color=alt.Color("part:N", title=None, legend=alt.Legend(orient="top")).scale(
                domain=["step", "between steps"], range=[ACCENT, NEUTRAL]
            ),
            # An outline, so that a step of no width is still to be seen.
            stroke=alt.Stroke("part:N", title=None, legend=alt.Legend(orient="top")).scale(
                domain=["step", "between steps"], range=[ACCENT, NEUTRAL]
            ),
            tooltip=[
                alt.Tooltip("name:N", title="step"),
                "part:N",
                alt.Tooltip("time:N", title="mean time"),
                alt.Tooltip("seen:Q", title="journeys with this step", format=","),
                alt.Tooltip("journeys:Q", title="all journeys", format=","),
            ],
        )
    )
    most = shown.sort("ms", "step", descending=[True, False]).row(0, named=True)
    where = most["name"] if most["part"] == "step" else f"the wait before {most['name']}"
    drawn, steps = min(longest.len(), top), mine["step"].n_unique()
    return titled(
        bars.properties(width=WIDTH, height=alt.Step(22)),
        f"{most['ms'] / end:.0%} of a mean {object_type or NO_TYPE} journey is {where}",
        f"Time on the critical path, {duration(end)} in the mean of {journeys:,} journeys; "
        f"the {drawn} longest of {steps} steps",
    )
