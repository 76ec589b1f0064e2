"""A number that departments share, as the steps that each of them takes from it, and what two take together."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.wording import counted, joined

NAME_LENGTH = 40
KINDS = {"whole": NEUTRAL, "takes": FAILURE, "gives": ACCENT}
ALL, PLAN, REST = "all orders", "plan too late", "other departments"


def kpi_waterfall(
    departments: pl.DataFrame, rates: pl.DataFrame, *, kpi: str = "on-time delivery", top: int = 10
) -> Any:
    """From 100% down to the rate of `kpi`, a step per department, the largest first; lines are 95% intervals of a step.

    `departments` and `rates` are the tables ``joint_kpi`` (or ``perfect_order``) and ``joint_kpi_rates``.
    """
    total = rates.filter(pl.col("kpi") == kpi, pl.col("rate").is_not_null())
    if total.is_empty():
        return nothing("A waterfall needs enough orders with stages, planned and actual ends, and what was promised.")
    rate, late, n = (total[name].item() for name in ("rate", "late", "n"))
    whole = departments.sort(-pl.col("points"), "department")
    steps = _steps(whole, total, kpi=kpi, top=top)
    order = steps["step"].to_list()
    y = alt.Y("step:N", sort=order, title=None)
    lowest = min(steps["to"].min(), steps["least"].min() or 100)
    x = alt.Scale(domain=[max(0, 5 * (lowest // 5) - 5), max(103, steps["label_at"].max() + 3)], nice=False)
    tooltip = [
        alt.Tooltip("name:N", title="department"),
        alt.Tooltip("points:Q", format=".1f", title="points"),
        alt.Tooltip("low:Q", format=".1f"),
        alt.Tooltip("high:Q", format=".1f"),
        alt.Tooltip("orders:Q", format=",.1f"),
    ]
    colour = alt.Color("kind:N", scale=alt.Scale(domain=list(KINDS), range=list(KINDS.values())), legend=None)
    base = alt.Chart(steps).encode(y=y, color=colour, tooltip=tooltip)
    bars = base.mark_bar(size=16, opacity=0.5).encode(x=alt.X("from:Q", title="% of orders", scale=x), x2="to:Q")
    # What is left is a mark and no bar, since the axis does not begin at zero.
    ends = base.mark_tick(thickness=3, size=20).encode(x="to:Q")
    intervals = base.mark_rule(strokeWidth=3).encode(x="least:Q", x2="most:Q")
    labels = base.mark_text(align="left", dx=6, fontSize=12).encode(
        x="label_at:Q", text="label:N", color=alt.value(NEUTRAL)
    )
    return titled(
        (bars + intervals + ends + labels).properties(width=WIDTH, height=alt.Step(28)),
        _title(kpi, rate, whole),
        f"Percentage points that each takes from {kpi} (exact Shapley values), with 95% intervals; {late:,} of "
        f"n = {n:,} orders were not good",
    )


def _steps(whole: pl.DataFrame, total: pl.DataFrame, *, kpi: str, top: int) -> pl.DataFrame:
    """One row per bar: name, from, to, least and most (where its end may lie), points, label."""
    n = total["n"].item()
    columns = ("name", "points", "low", "high", "orders")
    shown = whole.select(pl.col("department").alias("name"), *columns[1:])
    rest = shown.slice(top).select(
        pl.lit(REST).alias("name"), pl.col("points").sum(), low=None, high=None, orders=pl.col("orders").sum()
    )
    plan = total.select(
        pl.lit(PLAN).alias("name"), points=100 * pl.col("plan_late") / n, low=None, high=None, orders="plan_late"
    )
    parts = [plan.filter(pl.col("orders") > 0), shown.head(top), rest if shown.height > top else rest.clear()]
    schema = {"name": pl.String} | dict.fromkeys(columns[1:], pl.Float64)
    steps = pl.concat([part.select(columns).cast(schema) for part in parts])
    end = 100 - pl.col("points").cum_sum()
    begin = end + pl.col("points")
    inner = steps.with_columns(
        begin.alias("from"),
        end.alias("to"),
        least=begin - pl.col("high"),
        most=begin - pl.col("low"),
        kind=pl.when(pl.col("points") >= 0).then(pl.lit("takes")).otherwise(pl.lit("gives")),
        label=_signed(-pl.col("points").round(1)),
    )
    edges = [
        pl.DataFrame({"name": [name], "from": [to], "to": [to], "kind": ["whole"], "label": [f"{to:.1f}%"]})
        for name, to in ((ALL, 100.0), (kpi, 100 * total["rate"].item()))
    ]
    everything = pl.concat([edges[0], inner, edges[1]], how="diagonal")
    return everything.with_row_index("place").with_columns(
        step=pl.when(_cut("name").is_unique())
        .then(_cut("name"))
        .otherwise(pl.format("{} ({})", _cut("name"), "place")),
        label_at=pl.max_horizontal("from", "to", "most"),
    )


def _signed(points: pl.Expr) -> pl.Expr:
    return pl.when(points == 0).then(pl.lit("0")).otherwise(_plus(points))


def _plus(points: pl.Expr) -> pl.Expr:
    return pl.when(points > 0).then(pl.format("+{}", points)).otherwise(points.cast(pl.String))


def _title(kpi: str, rate: float, departments: pl.DataFrame) -> str:
    costly = departments.filter(pl.col("low") > 0)
    if costly.is_empty():
        return f"{kpi.capitalize()} is {100 * rate:.0f}%, and no department certainly takes from it"
    most = costly.filter(pl.col("high") >= costly["low"].first())["department"].to_list()
    verb = "take" if len(most) > 1 else "takes"
    return f"{kpi.capitalize()} is {100 * rate:.0f}%; {joined(most)} {verb} most from it"


def kpi_pairs(pairs: pl.DataFrame, *, top: int = 10) -> Any:
    """A bar per two departments, from `joint_kpi_pairs`: right where orders are late only because both slipped."""
    measured = pairs.filter(pl.col("points").is_not_null())
    if measured.is_empty():
        return nothing("Pairs need enough orders, and two departments that were off their plans in the same order.")
    shown = measured.head(top).with_columns(pair=pl.format("{} + {}", _cut("department_a"), _cut("department_b")))
    order = shown["pair"].to_list()
    base = alt.Chart(shown).encode(
        y=alt.Y("pair:N", sort=order, title=None),
        tooltip=[
            *("department_a:N", "department_b:N"),
            alt.Tooltip("points:Q", format=".2f"),
            alt.Tooltip("low:Q", format=".2f"),
            alt.Tooltip("high:Q", format=".2f"),
            alt.Tooltip("only_both:Q", title="late only because both"),
            alt.Tooltip("together:Q", title="orders with both off plan"),
        ],
    )
    colour = alt.condition(alt.datum.points > 0, alt.value(FAILURE), alt.value(NEUTRAL))
    bars = base.mark_bar(size=14, opacity=0.5).encode(x=alt.X("points:Q", title="percentage points"), color=colour)
    intervals = base.mark_rule(strokeWidth=3).encode(
        x=alt.X("low:Q", scale=alt.Scale(padding=8)), x2="high:Q", color=colour
    )
    return titled(
        (bars + intervals).properties(width=WIDTH, height=alt.Step(24)),
        _pair_title(measured),
        "Right of zero it took both, left either alone would have done (Shapley interaction index), with 95% "
        f"intervals; {shown.height} of {measured.height} pairs, n = {measured['n'].first():,} orders",
    )


def _pair_title(pairs: pl.DataFrame) -> str:
    first = pairs.sort(-pl.col("only_both"), "department_a", "department_b").row(0, named=True)
    if not first["only_both"]:
        return "No order was late only because two departments slipped together"
    late = counted(first["only_both"], "order")
    return f"{late} late only because {first['department_a']} and {first['department_b']} both slipped"


def _cut(column: str) -> pl.Expr:
    name = pl.col(column)
    cut = pl.concat_str(name.str.slice(0, NAME_LENGTH - 1), pl.lit("…"))
    return pl.when(name.str.len_chars() > NAME_LENGTH).then(cut).otherwise(name)
