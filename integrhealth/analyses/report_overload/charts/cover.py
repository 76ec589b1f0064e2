"""What is shown twice."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import SEQUENTIAL, nothing, titled


def overlap_heat_map(overlaps: pl.DataFrame, *, top: int = 30) -> Any:
    """Which reports show the same: every pair that shares half or more, the largest groups side by side."""
    if overlaps.is_empty():
        return nothing("No two reports share half of the fields and metrics they show.")
    swapped = {"report": "other", "other": "report", "group": "other_group", "other_group": "group"}
    pairs = pl.concat([overlaps, overlaps.rename(swapped).select(overlaps.columns)])
    order = pairs.select("group", "report").unique().sort("group", "report")["report"].head(top).to_list()
    among = pl.col("report").is_in(order) & pl.col("other").is_in(order)
    shown = pairs.filter(among).select("report", "other", "overlap", "shared").sort("report", "other")
    axis = alt.Scale(domain=order)
    drawn = (
        alt.Chart(shown)
        .mark_rect()
        .encode(
            x=alt.X("other:N", title=None, scale=axis).axis(labels=False, ticks=False),
            y=alt.Y("report:N", title=None, scale=axis),
            color=alt.Color("overlap:Q", title="overlap").scale(scheme=SEQUENTIAL, domain=[0.5, 1], reverse=True),
            tooltip=[
                "report:N",
                "other:N",
                alt.Tooltip("overlap:Q", format=".0%"),
                alt.Tooltip("shared:Q", title="shared fields and metrics"),
            ],
        )
        .properties(width=alt.Step(15), height=alt.Step(15))
    )
    alike = pairs.filter(pl.col("kind") == "near-duplicate")
    reports, groups = alike["report"].n_unique(), alike["group"].n_unique()
    number = pairs["report"].n_unique()
    return titled(
        drawn,
        f"{reports} reports are near-duplicates of another, in {groups} group{'' if groups == 1 else 's'}"
        if groups
        else f"No near-duplicates; {number} reports share half or more with another",
        f"Share of fields and metrics that two reports have in common, from half; {len(order)} of {number} reports, "
        "the same across as down",
    )
