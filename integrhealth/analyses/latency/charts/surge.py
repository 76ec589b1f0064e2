"""The backlog of a surge: the reader chooses how many times the busiest day comes."""

from datetime import timedelta
from typing import Any

import altair as alt
import polars as pl

from integrhealth.analyses.latency.charts.axes import NUMBER_LABEL
from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.wording import duration

MULTIPLE = "surge_multiple"
FIRST_SHOWN = 10
STEP_MINUTES = 20
# The surge is a day and the day after it follows: hours of the clock, then of the next.
CLOCK = "(datum.value % 24) + ':00' + (datum.value >= 24 ? ' +1' : '')"
AGE = "datum.value >= 120 ? format(datum.value / 60, '.3~r') + ' h' : datum.value + ' min'"


def surge_chart(surge_backlog: pl.DataFrame, surge: pl.DataFrame) -> Any:
    """What waits over a surge and the day after it, and how old the oldest is, for a multiple to be chosen.

    Names of integrations are options and values, never part of an expression.
    """
    if surge_backlog.is_empty():
        return nothing("Of no system is it known what it can take, so there is no surge to replay.")
    names = surge_backlog["integration"].unique(maintain_order=True).to_list()
    multiples = surge_backlog["multiple"].unique().sort().to_list()
    # A list where nothing else can be had, as in JupyterLab; pages turn it into a slider that shows the same words.
    slider = alt.param(
        name=MULTIPLE,
        value=FIRST_SHOWN,
        bind=alt.binding_select(options=multiples, labels=[f"{each:g} times" for each in multiples], name="Surge: "),
    )
    chosen = alt.param(
        name="surge_integration", value=names[0], bind=alt.binding_select(options=names, name="Integration: ")
    )
    day = alt.Chart(_curves(surge_backlog)).transform_filter(
        f"datum.integration == surge_integration && datum.multiple == {MULTIPLE}"
    )
    said = day.mark_text(align="left", baseline="top", fontSize=14).encode(
        x=alt.value(0), y=alt.value(0), text="said:N"
    )
    steps = (
        day.transform_flatten(["backlog", "oldest"])
        .transform_window(step="row_number()")
        .transform_calculate(hour=f"(datum.step - 1) * {STEP_MINUTES} / 60")
    )
    hour = alt.X("hour:Q", title="time of day, UTC", scale=alt.Scale(domain=[0, 48], nice=False)).axis(
        values=list(range(0, 49, 6)), labelExpr=CLOCK, grid=False
    )
    tooltip = [
        alt.Tooltip("hour:Q", title="hours from midnight", format=".1f"),
        alt.Tooltip("backlog:Q", title="messages that wait", format=",.0f"),
        alt.Tooltip("oldest:Q", title="minutes of the oldest", format=",.1f"),
    ]
    # Here the surge is over.
    ends = alt.Chart(pl.DataFrame({"hour": [24]}))
    over = ends.mark_rule(color=NEUTRAL, strokeDash=[4, 4]).encode(x="hour:Q")
    waiting = steps.mark_area(color=ACCENT, opacity=0.35, line={"color": ACCENT}).encode(
        x=hour,
        y=alt.Y("backlog:Q", title="messages that wait").axis(labelExpr=NUMBER_LABEL, tickCount=4),
        tooltip=tooltip,
    )
    oldest = steps.mark_line(color=FAILURE).encode(
        x=hour, y=alt.Y("oldest:Q", title="age of the oldest").axis(labelExpr=AGE, tickCount=4), tooltip=tooltip
    )
    panels = alt.vconcat(
        said.properties(width=WIDTH - 40, height=18),
        (waiting + over).properties(width=WIDTH - 40, height=170),
        (oldest + over).properties(width=WIDTH - 40, height=110),
    ).add_params(slider, chosen)
    return titled(
        panels.properties(usermeta={"integrhealth": {"sliders": [MULTIPLE]}}),
        _title(surge),
        f"The busiest day of its system times what you choose below, then the same day as it was; "
        f"the {len(names)} integrations that would wait longest",
    )


def _title(surge: pl.DataFrame) -> str:
    """What the worst of the rows that can be judged say."""
    judged = surge.filter(pl.col("oldest_minutes").is_not_null()).sort(
        "oldest_minutes", "integration", "multiple", descending=[True, False, False]
    )
    if judged.is_empty() or judged["oldest_minutes"][0] == 0:
        return "No line would grow at the multiples that were replayed"
    worst = judged.row(0, named=True)
    wait = f"wait for {duration(worst['oldest_minutes'] * 60_000)}"
    if worst["drain_minutes"] is None:
        wait = "never catch up"
    return f"At {worst['multiple']:g} times its busiest day, {worst['integration']} would {wait}"


def _curves(surge_backlog: pl.DataFrame) -> pl.DataFrame:
    """One row per integration and multiple, with its steps as lists: a page holds hundreds of numbers, not of rows."""
    coarse = surge_backlog.group_by_dynamic(
        "at", every=f"{STEP_MINUTES}m", group_by=["integration", "system", "multiple"], start_by="datapoint"
    ).agg(pl.col("backlog", "oldest_minutes").max())
    curves = coarse.group_by("integration", "system", "multiple", maintain_order=True).agg(
        backlog=pl.col("backlog").round(0).cast(pl.Int64), oldest=pl.col("oldest_minutes").round(1)
    )
    peaks = surge_backlog.group_by("integration", "multiple").agg(
        most=pl.col("backlog").max(),
        age=pl.col("oldest_minutes").max(),
        left=pl.col("backlog").last(),
        begins=pl.col("at").min(),
        until=pl.col("at").filter(pl.col("backlog") > 0).max(),
    )
    whole = curves.join(peaks, on=["integration", "multiple"], maintain_order="left")
    said = pl.Series([_said(row) for row in whole.iter_rows(named=True)], dtype=pl.String)
    return whole.select("integration", "multiple", "backlog", "oldest", said=said)


def _said(row: dict[str, Any]) -> str:
    times = f"At {row['multiple']:g} times the day"
    if row["most"] < 1:
        return f"{times} nothing waits at {row['system']}"
    most, age = f"up to {row['most']:,.0f} wait at {row['system']}", duration(row["age"] * 60_000)
    if row["left"] >= 1:
        return f"{times} {most}; after the next day {row['left']:,.0f} are left, the oldest for {age}"
    over = " of the next day" if row["until"] - row["begins"] >= timedelta(days=1) else ""
    return f"{times} {most}, the oldest for {age}, until {row['until']:%H:%M}{over}"
