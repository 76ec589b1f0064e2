"""How fast error budgets burned, and what is left of them."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, CATEGORIES, FAILURE, NEUTRAL, WIDTH, nothing, titled

# What a step is: its colour goes from nothing to report to a page, also in grey print.
STATES = {
    "within the promise": "#cfd6de",
    "faster than promised": CATEGORIES[4],
    "ticket": CATEGORIES[1],
    "page": FAILURE,
}
WITHIN, FASTER = list(STATES)[:2]
# The budget left is drawn between these; what lies beyond is said.
LEAST, MOST = -1, 1


def burn_chart(over_time: pl.DataFrame, levels: pl.DataFrame) -> Any:
    """The promises of `over_time`, worst first: a strip coloured by what alerted, and beside it the budget left now.

    `levels` is the table ``slo``, of which the budgets are.
    """
    if over_time.is_empty():
        return nothing("No message that counts for a promise has ended.")
    p95 = pl.when(pl.col("promise") == "p95").then(pl.format("{} (p95)", "integration"))
    state = pl.coalesce("alert", pl.when(pl.col("burn") > 1).then(pl.lit(FASTER)).otherwise(pl.lit(WITHIN)))
    label = p95.otherwise("integration")
    strip = over_time.select(
        "at", "bad", name=label, state=state, burn=pl.col("burn").round_sig_figs(3), n="messages", left="budget_left"
    ).with_columns(pl.col("left").round(2))
    order = strip["name"].unique(maintain_order=True).to_list()
    left = (
        levels.with_columns(name=label)
        .unique("name", keep="first", maintain_order=True)
        .filter(pl.col("name").is_in(order))
        .with_columns(
            bar=pl.col("budget_left").clip(LEAST, MOST),
            said=pl.when(pl.col("budget_left").is_null())
            .then(pl.lit("too few"))
            .otherwise(pl.format("{}%", (pl.col("budget_left") * 100).round().cast(pl.Int64))),
        )
        .select("name", "bar", "said", "budget_left", "spent_at", "spent_on")
    )
    hours = over_time["hours"][0]
    y = alt.Y("name:N", sort=order, title=None)
    cells = (
        alt.Chart(strip)
        .transform_calculate(until=f"time(datum.at) + {hours * 3_600_000}")
        .mark_rect(height={"band": 0.8})
        .encode(
            x=alt.X("at:T", title=None, scale=alt.Scale(type="utc")).axis(format="%b %d", tickCount=6),
            x2="until:T",
            y=y,
            color=alt.Color("state:N", title=None, legend=alt.Legend(orient="top", columns=4)).scale(
                domain=list(STATES), range=list(STATES.values())
            ),
            tooltip=[
                alt.Tooltip("name:N", title="promise"),
                alt.Tooltip("at:T", title="from, UTC", format="%Y-%m-%d %H:%M", formatType="utc"),
                alt.Tooltip("state:N", title="worst alert"),
                alt.Tooltip("burn:Q", title="times what is promised", format=",.1f"),
                alt.Tooltip("bad:Q", title="bad", format=","),
                alt.Tooltip("n:Q", title="messages", format=","),
                alt.Tooltip("left:Q", title="budget left then", format=".0%"),
            ],
        )
        .properties(width=WIDTH - 250, height=alt.Step(24))
    )
    beside = alt.Chart(left).encode(y=alt.Y("name:N", sort=order, title=None, axis=None))
    bars = beside.mark_bar(height={"band": 0.5}).encode(
        x=alt.X("bar:Q", title="budget left", scale=alt.Scale(domain=[LEAST, MOST])).axis(format="%", tickCount=3),
        color=alt.condition("datum.bar < 0", alt.value(FAILURE), alt.value(ACCENT)),
        tooltip=[
            alt.Tooltip("name:N", title="promise"),
            alt.Tooltip("budget_left:Q", title="budget left", format=".0%"),
            alt.Tooltip("spent_at:T", title="spent, UTC", format="%Y-%m-%d %H:%M", formatType="utc"),
            alt.Tooltip("spent_on:N", title="most of it on"),
        ],
    )
    words = beside.mark_text(align="left", dx=4, color=NEUTRAL, fontSize=11).encode(x=alt.value(112), text="said:N")
    panels = alt.hconcat(cells, (bars + words).properties(width=110, height=alt.Step(24)), spacing=12)
    first, last = strip["at"].min(), strip["at"].max()
    return titled(
        panels.resolve_scale(color="independent"),
        _said(strip, order[0]),
        f"Worst alert of each {_step(hours)}, the {len(order)} worst promises of {levels['integration'].n_unique():,} "
        f"integrations first; beside it what is left of the error budget at the end; n = "
        f"{over_time['messages'].sum():,} messages, {first:%Y-%m-%d} to {last:%Y-%m-%d}, UTC",
    )


def _said(strip: pl.DataFrame, worst: str) -> str:
    """What the chart says: who burned fastest, and how fast."""
    of_worst = strip.filter(pl.col("name") == worst, pl.col("burn").is_not_null())
    if of_worst.is_empty() or of_worst.filter(pl.col("state") != WITHIN).is_empty():
        return "No promise burned its error budget faster than it may"
    top = of_worst.sort("burn", "at", descending=[True, False]).row(0, named=True)
    return f"{worst} burned its error budget {top['burn']:,.3g} times as fast as it may, on {top['at']:%Y-%m-%d}"


def _step(hours: int) -> str:
    return {6: "6 hours", 24: "day", 168: "week", 720: "30 days"}[hours]
