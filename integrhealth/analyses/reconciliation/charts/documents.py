"""From ordered to paid with what is lost on the way, and what does not balance by age."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, CATEGORIES, FAILURE, SEQUENTIAL, WIDTH, nothing, titled
from integrhealth.language.wording import counted

THROUGH, LOST, BEYOND = "came so far", "did not come", "beyond what came before"
COLOURS = {THROUGH: ACCENT, LOST: FAILURE, BEYOND: CATEGORIES[1]}
LOST_BEFORE = {"shipped": "not shipped", "invoiced": "not invoiced", "paid": "not paid"}


def document_waterfall(document_steps: pl.DataFrame, *, currency: str | None = None) -> Any:
    """Bars from ordered to paid, and between them what did not come: in one currency, by default that of most money.

    Above a step stands what it has beyond the step before: shipped and not ordered, invoiced and not shipped.
    """
    if document_steps.is_empty():
        return nothing("A waterfall needs orders with quantity and amount, and what became of them.")
    first = document_steps["currency"][0] if currency is None else currency
    steps = document_steps.filter(pl.col("currency").eq_missing(pl.lit(first, pl.String)))
    if steps.is_empty():
        return nothing(f"No order is in {currency}.")
    through = steps.select(bar="step", low=pl.lit(0.0), high="amount", what=pl.lit(THROUGH), lines="lines")
    lost = steps.filter(pl.col("step") != "ordered").select(
        bar=pl.col("step").replace_strict(LOST_BEFORE),
        low="amount",
        high=pl.col("amount") + pl.col("gap"),
        what=pl.lit(LOST),
        lines=pl.lit(None, pl.Int64),
    )
    beyond = steps.filter(pl.col("extra") > 0).select(
        bar="step",
        low="amount",
        high=pl.col("amount") + pl.col("extra"),
        what=pl.lit(BEYOND),
        lines=pl.lit(None, pl.Int64),
    )
    bars = pl.concat([through, lost, beyond]).with_columns(money=pl.col("high") - pl.col("low"))
    tops = bars.group_by("bar", maintain_order=True).agg(
        pl.col("high").max(),
        money=pl.col("money").filter(pl.col("what") != BEYOND).sum(),
        more=pl.col("money").filter(pl.col("what") == BEYOND).sum(),
    )
    order = [bar for step in steps["step"] for bar in ([LOST_BEFORE[step]] if step in LOST_BEFORE else []) + [step]]
    unit = first or "money"
    x = alt.X("bar:N", sort=order, title=None, axis=alt.Axis(labelAngle=0))
    drawn = (
        alt.Chart(bars)
        .mark_bar()
        .encode(
            x=x,
            y=alt.Y("low:Q", title=None, axis=alt.Axis(format="~s")),
            y2="high:Q",
            color=alt.Color(
                "what:N",
                scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=["bar:N", "what:N", alt.Tooltip("money:Q", format=",.2f", title=unit), "lines:Q"],
        )
    )
    label = (
        alt.Chart(tops)
        .transform_filter("datum.high > 0")
        .transform_calculate(
            label="format(datum.money, '.3~s') + (datum.more > 0 ? ' + ' + format(datum.more, '.3~s') : '')"
        )
        .mark_text(dy=-8, fontSize=11)
        .encode(x=x, y="high:Q", text="label:N")
    )
    ordered, lines = steps["amount"][0], steps["lines"][0]
    return titled(
        (drawn + label).properties(width=WIDTH, height=260),
        _waterfall_title(steps, unit),
        f"{unit} of {counted(lines, 'order line')} that are done with, at ordered prices, {ordered:,.0f} in all; "
        "each step as far as the one before it came",
    )


def _waterfall_title(steps: pl.DataFrame, unit: str) -> str:
    ordered, last = steps["amount"][0], steps.row(-1, named=True)
    worst = steps.sort("gap", descending=True).row(0, named=True)
    if worst["gap"] <= 0:
        return f"All that was ordered was {last['step']}"
    return (
        f"{worst['gap'] / ordered:.1%} of what was ordered was {LOST_BEFORE[worst['step']]}: {worst['gap']:,.0f} {unit}"
    )


def document_gaps_chart(document_gaps: pl.DataFrame) -> Any:
    """A bar per flag, as long as it has order lines, the dark parts being old; the worst flag on top."""
    if document_gaps.is_empty():
        return nothing("No order line is out of balance, or there are no documents.")
    # Different currencies are never added: here lines are.
    shown = document_gaps.group_by("flag", "age_band", maintain_order=True).agg(pl.col("lines").sum())
    # The bands of the table, oldest last, whichever of them have lines.
    shown = shown.with_columns(age=pl.col("age_band").str.extract(r"(\d+)").cast(pl.Int64))
    bands = shown.sort("age", pl.col("age_band").str.starts_with(">"))["age_band"].unique(maintain_order=True).to_list()
    flags = shown["flag"].unique(maintain_order=True).to_list()
    sums = shown.group_by("flag", maintain_order=True).agg(pl.col("lines").sum())
    y = alt.Y("flag:N", sort=flags, title=None)
    label = (
        alt.Chart(sums)
        .mark_text(align="left", dx=4, fontSize=11)
        .encode(x="lines:Q", y=y, text=alt.Text("lines:Q", format=","))
    )
    bars = (
        alt.Chart(shown)
        .mark_bar()
        .encode(
            x=alt.X(
                "lines:Q",
                title="order lines",
                axis=alt.Axis(format=",d", tickMinStep=1),
                scale=alt.Scale(domain=[0, sums["lines"].max() * 1.1], nice=False),
            ),
            y=y,
            color=alt.Color(
                "age_band:N",
                sort=bands,
                scale=alt.Scale(scheme=SEQUENTIAL, reverse=True, domain=bands),
                legend=alt.Legend(title="days", orient="top"),
            ),
            order=alt.Order("age:Q"),
            tooltip=["flag:N", alt.Tooltip("age_band:N", title="days"), "lines:Q"],
        )
    )
    wrong = shown.filter(pl.col("flag") != "open")["lines"].sum()
    title = (
        f"{counted(wrong, 'order line')} went wrong, most of them: {_most(shown)}"
        if wrong
        else "Nothing went wrong so far, and the open lines are not due"
    )
    return titled(
        (bars + label).properties(width=WIDTH, height=alt.Step(28)),
        title,
        f"What is wrong, and for how many days; n = {counted(shown['lines'].sum(), 'order line')} out of balance",
    )


def _most(shown: pl.DataFrame) -> str:
    counts = shown.filter(pl.col("flag") != "open").group_by("flag", maintain_order=True).agg(pl.col("lines").sum())
    return counts.sort("lines", descending=True, maintain_order=True)["flag"][0]
