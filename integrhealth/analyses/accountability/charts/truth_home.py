"""Charts of where the truth lives: who won the conflicts, how long they last, one value's walk, and silent changes."""

from datetime import timedelta
from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, CATEGORIES, FAILURE, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.wording import counted

NO_CONFLICTS = "No copy is known to have differed from its record for longer than the sync limit."
OUTCOMES = {"record lost": FAILURE, "open": NEUTRAL, "record won": ACCENT}
NAME_LENGTH = 40
# Steps of one curve that are drawn, values of a walk that have a colour of their own, and the latest changes shown.
MOST_STEPS, MOST_VALUES, MOST_CHANGES = 200, 7, 60
OTHER_VALUES = "other values"
# The gravest first.
HAPPENED = {
    "changed on the way": "changed on its way from {source} to {system}",
    "changed inside": "was changed inside {system} by a machine",
    "overwritten": "was overwritten in {system} by what came from {source}",
    "written": "was changed in {system}",
}
# Marks of what happened to a value.
SHAPES = {
    "entered": "diamond",
    "written": "square",
    "changed inside": "triangle-up",
    "brought": "circle",
    "overwritten": "cross",
    "changed on the way": "triangle-down",
    "again": "stroke",
}


def truth_ledger_chart(elements: pl.DataFrame, *, top: int = 15) -> Any:
    """How the conflicts of each element ended: the record's value stood, that of a copy did, or nobody knows yet."""
    fought = elements.filter(pl.col("decided") + pl.col("open") > 0)
    if fought.is_empty():
        return nothing(NO_CONFLICTS)
    shown = fought.head(top)
    counts = shown.select(
        "element",
        "record",
        "verdict",
        conflicts=pl.col("decided") + pl.col("open"),
        **{
            "record lost": pl.col("decided") - pl.col("record_won"),
            "open": pl.col("open"),
            "record won": pl.col("record_won"),
        },
    ).unpivot(
        on=list(OUTCOMES),
        index=["element", "record", "verdict", "conflicts"],
        variable_name="outcome",
        value_name="count",
    )
    counts = counts.with_columns(order=pl.col("outcome").replace_strict(list(OUTCOMES), [0, 1, 2]))
    drawn = (
        alt.Chart(counts)
        .mark_bar(height={"band": 0.7})
        .encode(
            x=alt.X("count:Q", title="conflicts").axis(format=",d", tickMinStep=1),
            y=alt.Y("element:N", sort=shown["element"].to_list(), title=None),
            color=alt.Color(
                "outcome:N",
                scale=alt.Scale(domain=list(OUTCOMES), range=list(OUTCOMES.values())),
                legend=alt.Legend(title=None, orient="top"),
            ),
            order=alt.Order("order:Q"),
            tooltip=[
                "element:N",
                "record:N",
                "outcome:N",
                alt.Tooltip("count:Q", format=",", title="conflicts"),
                alt.Tooltip("conflicts:Q", format=",", title="of"),
                "verdict:N",
            ],
        )
        .properties(width=WIDTH, height=alt.Step(26))
    )
    lost = fought["decided"].sum() - fought["record_won"].sum()
    decided, unsettled = fought["decided"].sum(), fought["open"].sum()
    title = (
        f"The record lost {lost:,} of {decided:,} decided conflicts; {unsettled:,} are open"
        if decided
        else f"{counted(unsettled, 'conflict')} still open, and none was decided"
    )
    return titled(
        drawn,
        title,
        f"Copies that differed from the record for longer than the sync limit, {_elements(shown, fought)}",
    )


def _elements(shown: pl.DataFrame, every: pl.DataFrame) -> str:
    return f"{shown.height} of {counted(every.height, 'element')}"


def disagreement_chart(disagreements: pl.DataFrame, *, top: int = 3) -> Any:
    """The share of conflicts that are still open at each age, with its 95% band; the elements with most conflicts."""
    judged = disagreements.drop_nulls("surviving")
    if judged.is_empty():
        return nothing(f"{NO_CONFLICTS} A curve of their age takes five of one element.")
    first = judged.filter(pl.col("hours") == 0).sort("at_risk", "element", descending=[True, False]).head(top)
    names = first["element"].to_list()
    rows = judged.join(first.select("element", conflicts="at_risk"), on="element")
    every = (rows.height // (MOST_STEPS * len(names))) + 1
    keeps = (pl.int_range(pl.len()).over("element") % every == 0) | (
        pl.col("hours") == pl.col("hours").max().over("element")
    )
    rows = rows.filter(keeps).with_columns(days=pl.col("hours") / 24)
    colours = alt.Scale(domain=names, range=list(CATEGORIES[: len(names)]))
    x = alt.X("days:Q", title="days since the two began to differ").axis(grid=False)
    legend = alt.Legend(title=None, orient="top", offset=24, symbolOpacity=1)
    colour = alt.Color("element:N", scale=colours, legend=legend)
    base = alt.Chart(rows)
    # An interval stands until the next one: at 0 and 1 there is none.
    band = base.mark_area(opacity=0.18, interpolate="step-after").encode(
        x=x, y=alt.Y("low:Q"), y2="high:Q", color=colour
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=2.5).encode(
        x=x,
        y=alt.Y("surviving:Q", title="conflicts that are older", scale=alt.Scale(domain=[0, 1])).axis(format="%"),
        color=colour,
        tooltip=[
            "element:N",
            alt.Tooltip("days:Q", format=".1f"),
            alt.Tooltip("surviving:Q", format=".0%", title="older"),
            alt.Tooltip("low:Q", format=".0%"),
            alt.Tooltip("high:Q", format=".0%"),
            alt.Tooltip("at_risk:Q", format=",", title="at risk"),
        ],
    )
    return titled(
        (band + line).properties(width=WIDTH, height=240),
        _half(judged.filter(pl.col("element") == names[0]), names[0]),
        f"Kaplan and Meier, 95% band; open conflicts count while they are that old; n = {_sizes(first)}",
    )


def _sizes(first: pl.DataFrame) -> str:
    rows = first.select("element", "at_risk").rows()
    return ", ".join(f"{count:,} ({name[:NAME_LENGTH]})" for name, count in rows)


def _half(curve: pl.DataFrame, name: str) -> str:
    ended = curve.filter(pl.col("surviving") <= 0.5)
    if ended.is_empty():
        oldest = curve["hours"].max() / 24
        return f"Over half of the conflicts about {name[:NAME_LENGTH]} outlive {oldest:.0f} days"
    return f"Half of the conflicts about {name[:NAME_LENGTH]} last longer than {ended['hours'].min() / 24:.1f} days"


def walk_chart(walk: pl.DataFrame) -> Any:
    """One value's walk: a lane per system, a line for as long as it showed a value, a mark for how that came.

    Equal values have one colour; lines from lane to lane are messages.
    """
    if walk.is_empty():
        return nothing("A walk needs field_changes: the values that systems showed, and when.")
    latest = walk.tail(MOST_CHANGES).with_row_index("step")
    values = latest["value_hash"].unique(maintain_order=True).to_list()
    coloured = [f"value {number + 1}" for number in range(min(len(values), MOST_VALUES))]
    names = dict(zip(values, coloured, strict=False))
    others = [OTHER_VALUES] if len(values) > MOST_VALUES else []
    marks = latest.with_columns(
        value=pl.col("value_hash").replace_strict(names, default=OTHER_VALUES, return_dtype=pl.String),
        until=pl.col("at").shift(-1).over("system"),
    )
    lanes = latest["system"].unique(maintain_order=True).to_list()
    sent = (
        marks.filter(pl.col("source").is_in(lanes))
        .select("step", "at", "value", system=pl.concat_list("source", "system"))
        .explode("system")
    )
    domain = [*coloured, *others]
    colour = alt.Color(
        "value:N",
        scale=alt.Scale(domain=domain, range=[*CATEGORIES[: len(coloured)], *[NEUTRAL] * len(others)]),
        legend=alt.Legend(title=None, orient="top", symbolOpacity=1),
    )
    y = alt.Y("system:N", sort=lanes, title=None, scale=alt.Scale(domain=lanes)).axis(grid=True, gridOpacity=0.3)
    # A little room after the last change, so that what it left is seen.
    first_at, last_at = latest["at"].min(), latest["at"].max()
    end = last_at + max((last_at - first_at) / 20, timedelta(minutes=1))
    marks = marks.with_columns(pl.col("until").fill_null(end))
    times = alt.Scale(type="utc", domain=[at.isoformat() for at in (first_at, end)])
    x = alt.X("at:T", title="time (UTC)", scale=times).axis(grid=False, format="%d %b %H:%M", tickCount=6)
    held = alt.Chart(marks).mark_rule(strokeWidth=5, opacity=0.35).encode(x=x, x2="until:T", y=y, color=colour)
    messages = (
        alt.Chart(sent).mark_line(strokeWidth=1.2, strokeDash=[4, 3]).encode(x=x, y=y, detail="step:N", color=colour)
    )
    happened = sorted(marks["what"].unique(), key=list(SHAPES).index)
    points = (
        alt.Chart(marks)
        .mark_point(filled=True, size=110, opacity=1)
        .encode(
            x=x,
            y=y,
            color=colour,
            shape=alt.Shape(
                "what:N",
                scale=alt.Scale(domain=happened, range=[SHAPES[each] for each in happened]),
                legend=alt.Legend(title=None, orient="right"),
            ),
            tooltip=[
                "system:N",
                alt.Tooltip("at:T", format="%Y-%m-%d %H:%M"),
                "what:N",
                "value:N",
                "value_hash:N",
                "source:N",
                "integration:N",
                "message_id:N",
                "actor:N",
                "began_in:N",
            ],
        )
    )
    layers = [held, messages, points] if sent.height else [held, points]
    count = walk["value_hash"].n_unique()
    changes = counted(walk.height, "change")
    left = f"the latest {latest.height} of {changes}" if walk.height > latest.height else changes
    return titled(
        alt.layer(*layers).properties(width=WIDTH - 110, height=alt.Step(46)),
        _walked(latest),
        f"{left} to {counted(count, 'value')}; equal values have one colour, dashes are messages",
    )


def _walked(walk: pl.DataFrame) -> str:
    """Whose value it is, and the gravest that happened to it."""
    name = f"{walk['element'][0][:NAME_LENGTH]} of {walk['entity'][0][:NAME_LENGTH]}"
    for what, said in HAPPENED.items():
        rows = walk.filter(pl.col("what") == what)
        if rows.height:
            return f"{name} {said.format(**rows.row(0, named=True))}"
    systems = walk["system"].n_unique()
    return f"{name} was shown by {counted(systems, 'system')}"


def laundering_chart(carried: pl.DataFrame, laundering: pl.DataFrame, *, top: int = 15) -> Any:
    """How many values came out of each integration changed with no registered transformation, and where it was."""
    if laundering.is_empty():
        return nothing("No value is known to have changed on its way with no registered transformation.")
    counts = laundering.group_by("integration", "element", "changed").agg(count=pl.len())
    compared = carried.group_by("integration", "element").agg(compared=pl.col("compared").sum())
    rows = counts.join(compared, on=["integration", "element"], how="left").with_columns(
        name=pl.format("{}: {}", "integration", "element")
    )
    order = rows.group_by("name").agg(pl.col("count").sum()).sort("count", "name", descending=[True, False]).head(top)
    drawn = (
        alt.Chart(rows.join(order.select("name"), on="name", how="semi"))
        .mark_bar(height={"band": 0.7})
        .encode(
            x=alt.X("count:Q", title="values changed").axis(format=",d", tickMinStep=1),
            y=alt.Y("name:N", sort=order["name"].to_list(), title=None),
            color=alt.Color(
                "changed:N",
                scale=alt.Scale(domain=["on the way", "inside the source"], range=[FAILURE, CATEGORIES[1]]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[
                "integration:N",
                "element:N",
                "changed:N",
                alt.Tooltip("count:Q", format=",", title="values"),
                alt.Tooltip("compared:Q", format=",", title="of compared"),
            ],
        )
        .properties(width=WIDTH, height=alt.Step(26))
    )
    integrations = laundering["integration"].n_unique()
    return titled(
        drawn,
        f"{laundering.height:,} values changed with no registered transformation before they came out of "
        f"{counted(integrations, 'integration')}",
        f"Of {carried['compared'].sum():,} values whose sender's value is known; {order.height} of "
        f"{rows['name'].n_unique()} integrations and elements",
    )
