"""What reading gets: minutes needed against spent, and what happens to each report."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, WIDTH, nothing, titled

# Read classes in the order of attention, light to loud: what was never read is what the chart speaks of.
CLASS_COLOURS = {"read": ACCENT, "skimmed": NEUTRAL, "unread": FAILURE}
NAME_LENGTH = 40


def minutes_chart(people: pl.DataFrame, *, top: int = 20) -> Any:
    """Minutes a day that reports need and get, per person, the widest gap first; the bar is what is not read."""
    measured = people.drop_nulls("needed_minutes")
    if measured.is_empty():
        return nothing("Minutes need deliveries and the words of each report.")
    shown = measured.head(top).select("person", "needed_minutes", "spent_minutes", "flood_ratio", "reports_per_day")
    order = shown["person"].to_list()
    y = alt.Y("person:N", sort=order, title=None)
    minutes = alt.Scale(domainMin=0)
    kinds = alt.Scale(domain=["needed", "spent"], range=[FAILURE, ACCENT])
    needed, spent = (
        alt.Chart(shown.drop_nulls(column).with_columns(minutes=pl.lit(label)))
        .mark_point(filled=True, size=90, opacity=1)
        .encode(
            x=alt.X(f"{column}:Q", title="minutes per day", scale=minutes),
            y=y,
            color=alt.Color("minutes:N", scale=kinds, legend=alt.Legend(title=None, orient="top")),
            tooltip=[
                "person:N",
                alt.Tooltip("reports_per_day:Q", format=".1f", title="reports a day"),
                alt.Tooltip("needed_minutes:Q", format=".1f", title="minutes needed"),
                alt.Tooltip("spent_minutes:Q", format=".1f", title="minutes spent"),
            ],
        )
        for column, label in (("needed_minutes", "needed"), ("spent_minutes", "spent"))
    )
    gap = alt.Chart(shown.drop_nulls("spent_minutes")).mark_rule(strokeWidth=4, color=NEUTRAL, opacity=0.35)
    said = pl.when(pl.col("spent_minutes") == 0).then(pl.lit("reads none"))
    labels = shown.with_columns(label=said.otherwise(pl.format("{} times", pl.col("flood_ratio").round(1))))
    times = alt.Chart(labels.drop_nulls("label")).mark_text(align="left", dx=9, color=NEUTRAL, fontSize=12)
    worst = shown.row(0, named=True)
    spends = "" if worst["spent_minutes"] is None else f" and spends {worst['spent_minutes']:.0f}"
    return titled(
        (
            gap.encode(x="spent_minutes:Q", x2="needed_minutes:Q", y=y)
            + needed
            + spent
            + times.encode(x="needed_minutes:Q", y=y, text="label:N")
        ).properties(width=WIDTH, height=alt.Step(24)),
        f"{worst['person'][:NAME_LENGTH]} needs {worst['needed_minutes']:.0f} minutes a day for reports{spends}",
        f"Mean of days with a delivery, {shown.height} of {people.height} people, widest gap first. "
        "Label: needed / spent",
    )


def class_chart(reports: pl.DataFrame, *, top: int = 25) -> Any:
    """Share of each report's deliveries that were read, skimmed or not read; the most unread reports first."""
    tracked = reports.filter(pl.col("deliveries") > 0).drop_nulls(list(CLASS_COLOURS))
    if tracked.is_empty():
        return nothing("Whether reports are read needs deliveries and reads.")
    shown = tracked.head(top)
    counts = shown.select("report", "verdict", "deliveries", *CLASS_COLOURS).unpivot(
        on=list(CLASS_COLOURS),
        index=["report", "verdict", "deliveries"],
        variable_name="reading",
        value_name="count",
    )
    drawn = (
        alt.Chart(counts.with_columns(order=pl.col("reading").replace_strict(list(CLASS_COLOURS), [2, 1, 0])))
        .mark_bar(height={"band": 0.7})
        .encode(
            x=alt.X("count:Q", stack="normalize", title="share of deliveries").axis(format="%"),
            y=alt.Y("report:N", sort=shown["report"].to_list(), title=None),
            color=alt.Color(
                "reading:N",
                scale=alt.Scale(domain=list(CLASS_COLOURS)[::-1], range=list(CLASS_COLOURS.values())[::-1]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            order=alt.Order("order:Q"),
            tooltip=[
                "report:N",
                "reading:N",
                alt.Tooltip("count:Q", format=",", title="deliveries"),
                alt.Tooltip("deliveries:Q", format=",", title="of"),
                "verdict:N",
            ],
        )
        .properties(width=WIDTH, height=alt.Step(20))
    )
    unread, deliveries = tracked["unread"].sum(), tracked["deliveries"].sum()
    return titled(
        drawn,
        f"{unread:,} of {deliveries:,} delivered reports were not read",
        f"{shown.height} of {tracked.height} reports, most unread first. Read: up to 300 words per minute; skimmed: "
        "up to 1,000",
    )
