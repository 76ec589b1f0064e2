"""The metric that an integration was to improve: its days, the line since go-live, and the trend that was there."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, WIDTH, in_lines, nothing, titled

HEIGHT = 150
NAME_LENGTH = 60
LINES = {"fitted before and since go-live": ACCENT, "trend before, continued": FAILURE}
GOOD = ("met", "improving")


def outcomes_chart(outcomes: pl.DataFrame, days: pl.DataFrame, *, top: int = 4) -> Any:
    """The first `top` integrations of `outcomes` that could be fitted, one above the other.

    `days` are the rows of ``outcome_days``.
    """
    fitted = outcomes.filter(pl.col("integration").is_in(days["integration"].unique().implode()))
    if fitted.is_empty():
        return nothing("Whether a metric left its trend needs 21 days of it before go-live and 21 since.")
    shown = fitted.head(top)
    panels = [_panel(row, days.filter(pl.col("integration") == row["integration"])) for row in shown.to_dicts()]
    credited = fitted.filter(pl.col("verdict").is_in(GOOD)).height
    return titled(
        alt.vconcat(*panels, spacing=26),
        f"{credited} of {outcomes.height} integrations improved the metric declared in advance",
        f"{shown.height} of {fitted.height} that could be fitted; a dot is a day, vertical: go-live, dotted: target; "
        "effect: how far the lines are apart at the end",
    )


def _panel(row: dict[str, Any], days: pl.DataFrame) -> alt.LayerChart:
    unit = f" ({row['unit']})" if row["unit"] else ""
    x = alt.X("day:T", title="day", axis=alt.Axis(grid=False))
    y = alt.Y("value:Q", title=f"{_cut(row['metric'])}{unit}", scale=alt.Scale(zero=False))
    before = pl.col("day") < pl.lit(row["go_live"])
    lines = pl.concat(
        [
            days.select(
                "day",
                value="fitted",
                line=pl.lit(next(iter(LINES))),
                part=pl.when(before).then(pl.lit("before")).otherwise(pl.lit("since")),
            ),
            days.filter(~before).select(
                "day", value="continued", line=pl.lit(list(LINES)[1]), part=pl.lit("continued")
            ),
        ]
    )
    # A straight line is its two ends.
    ends = lines.filter(
        (pl.col("day") == pl.col("day").min().over("part")) | (pl.col("day") == pl.col("day").max().over("part"))
    )
    dots = (
        alt.Chart(days.select("day", "value"))
        .mark_circle(size=14, color=NEUTRAL, opacity=0.7)
        .encode(x=x, y=y, tooltip=["day:T", alt.Tooltip("value:Q", format=",.4~g")])
    )
    drawn = (
        alt.Chart(ends)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=x,
            y=y,
            detail="part:N",
            color=alt.Color(
                "line:N",
                scale=alt.Scale(domain=list(LINES), range=list(LINES.values())),
                legend=alt.Legend(title=None, orient="top", labelLimit=300),
            ),
            strokeDash=alt.StrokeDash(
                "line:N", scale=alt.Scale(domain=list(LINES), range=[[1, 0], [6, 4]]), legend=None
            ),
        )
    )
    live = alt.Chart(pl.DataFrame({"day": [row["go_live"]]})).mark_rule(color=NEUTRAL, strokeWidth=2).encode(x=x)
    layers = [live, dots, drawn]
    if row["target"] is not None:
        target = alt.Chart(pl.DataFrame({"value": [row["target"]]}))
        layers.append(target.mark_rule(color=ACCENT, strokeDash=[2, 3]).encode(y=y))
    said = (
        f"{_cut(row['integration'])}: {row['verdict']}, {_effect(row)}; n = {row['n_before']} days + {row['n_after']}"
    )
    head = alt.TitleParams(in_lines(said, 100), fontSize=12, fontWeight="normal", offset=6)
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT, title=head)


def _effect(row: dict[str, Any]) -> str:
    if row["effect"] is None:
        return "no direction declared"
    return f"effect {row['effect']:.2g} ({row['low']:.2g} to {row['high']:.2g})"


def _cut(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…"
