"""Charts of error propagation: how large cascades get, where errors stop, and which hops multiply them."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, SEQUENTIAL, WIDTH, nothing, titled


def survival_chart(survival: pl.DataFrame, spread: pl.DataFrame) -> Any:
    """Share of cascades at least as large as x, both axes logarithmic; a straight line means no typical size."""
    if survival.is_empty():
        return nothing("No message failed, so there is no cascade to show.")
    largest, cascades = survival["messages"].max(), survival["at_least"].max()
    base = alt.Chart(survival).encode(
        x=alt.X("messages:Q", title="failed messages in the cascade", scale=alt.Scale(type="log", nice=False)).axis(
            tickCount=6, format="~s", grid=False
        ),
        y=alt.Y("share:Q", title="share of cascades at least this large", scale=alt.Scale(type="log")).axis(
            format="~%", tickCount=5
        ),
        tooltip=[
            alt.Tooltip("messages:Q", title="at least this many messages"),
            alt.Tooltip("at_least:Q", title="cascades"),
            alt.Tooltip("share:Q", format=".2%"),
        ],
    )
    drawn = base.mark_line(interpolate="step-after", color=ACCENT) + base.mark_point(filled=True, color=ACCENT, size=36)
    reproduction = spread["reproduction"].item()
    said = "" if reproduction is None else f" One error causes {reproduction:.2f} more on average."
    return titled(
        drawn.properties(width=WIDTH, height=260),
        f"The largest of {cascades:,} cascades brought down {largest:,} messages",
        f"Cascade sizes, a lone error being 1.{said}",
    )


def stopping_chart(systems: pl.DataFrame, *, top: int = 15) -> Any:
    """Share of the errors of others that each system stopped, with its 95% interval; most reached systems first."""
    known = systems.drop_nulls("stopping_power").sort("reached", "system", descending=[True, False]).head(top)
    if known.is_empty():
        return nothing("Too few errors reached any system from another to say who stops them.")
    order = known.sort("stopping_power", "system", descending=[True, False])["system"].to_list()
    weakest = order[-1]
    base = alt.Chart(known.select("system", "stopping_power", "stopping_low", "stopping_high", "reached", "passed_on"))
    y = alt.Y("system:N", sort=order, title=None)
    x = alt.X("stopping_power:Q", title="share of errors stopped", scale=alt.Scale(domain=[0, 1])).axis(format="%")
    colour = alt.condition(alt.datum.system == weakest, alt.value(FAILURE), alt.value(NEUTRAL))
    bars = base.mark_bar(height={"band": 0.6}).encode(
        x=x,
        y=y,
        color=colour,
        tooltip=[
            "system:N",
            alt.Tooltip("stopping_power:Q", format=".1%", title="stopped"),
            alt.Tooltip("reached:Q", format=",", title="errors that reached it"),
        ],
    )
    interval = base.mark_rule(strokeWidth=2).encode(x="stopping_low:Q", x2="stopping_high:Q", y=y)
    share = known.filter(pl.col("system") == weakest)["stopping_power"].item()
    return titled(
        (bars + interval).properties(width=WIDTH, height=alt.Step(26)),
        f"{weakest} stops {share:.0%} of the errors that reach it",
        f"Errors of others that ended at the system instead of making it fail, with 95% interval, n from "
        f"{known['reached'].min():,} to {known['reached'].max():,}",
    )


def edge_heat_map(edges: pl.DataFrame, *, top: int = 16) -> Any:
    """Failures that each failure on a hop caused elsewhere, source by target, for the systems that fail most."""
    failing = edges.filter(pl.col("failed") > 0)
    if failing.is_empty():
        return nothing("No hop failed.")
    ends = pl.concat([failing.select(system=end, failed="failed") for end in ("source", "target")])
    shown = ends.group_by("system").agg(pl.col("failed").sum()).sort("failed", "system", descending=[True, False])
    names = shown.head(top)["system"]
    cells = failing.filter(pl.col("source").is_in(names.implode()) & pl.col("target").is_in(names.implode()))
    worst = cells.sort("failed", "source", "target", descending=[True, False, False]).row(0, named=True)
    base = alt.Chart(cells.select("source", "target", "messages", "failed", "caused_per_error")).encode(
        x=alt.X("target:N", title="to", sort=sorted(cells["target"].unique())).axis(labelAngle=-40),
        y=alt.Y("source:N", title="from", sort=sorted(cells["source"].unique())),
    )
    rects = base.mark_rect(stroke=NEUTRAL, strokeWidth=0.5).encode(
        color=alt.Color("caused_per_error:Q", title="failures caused per failure").scale(
            scheme=SEQUENTIAL, domainMin=0
        ),
        tooltip=[
            "source:N",
            "target:N",
            alt.Tooltip("caused_per_error:Q", format=".2f", title="failures caused per failure"),
            alt.Tooltip("failed:Q", format=",", title="failed"),
            alt.Tooltip("messages:Q", format=",", title="messages"),
        ],
    )
    middle = cells["caused_per_error"].max() / 2
    counts = base.mark_text(fontSize=10).encode(
        text=alt.Text("failed:Q", format="~s"),
        color=alt.condition(alt.datum.caused_per_error > middle, alt.value("black"), alt.value("white")),
    )
    return titled(
        (rects + counts).properties(width=WIDTH - 120, height=alt.Step(26)),
        f"{worst['source']} to {worst['target']} failed most: {worst['failed']:,} of {worst['messages']:,} messages",
        "Colour: further failures that one failure on the hop caused. Number: failures on the hop",
    )
