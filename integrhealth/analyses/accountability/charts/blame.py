"""The matrix of the wrongly accused: whose system it was, and who was blamed first."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, nothing, titled

CELL = 62
# Sequential and light, so that the numbers on it can be read in every cell.
FROM, TO = "#f7ede6", FAILURE
RIGHT = "its own"
NAME_LENGTH = 22
AXES = "columns: team blamed first; rows: team of the measured root"


def blame_matrix(accusations: pl.DataFrame, *, top: int = 8) -> Any:
    """The table `accusations`: a row per root, a column per team blamed first, the `top` of each by incidents.

    Each cell shows how often the team was blamed first where this was the root, and how many incidents that are of
    them; the frame is where it was its own. The interval stands in the tooltip.
    """
    if accusations.is_empty():
        return nothing("No matrix: it takes incidents that went to a second team, and failures that show their root.")
    roots = accusations.group_by("root").agg(pl.col("cases").max()).sort("cases", "root", descending=[True, False])
    rows = roots["root"].head(top).to_list()
    shown = accusations.filter(pl.col("root").is_in(rows))
    others = shown.group_by("blamed").agg(pl.col("accused").sum()).sort("accused", "blamed", descending=[True, False])
    names = [*[row for row in rows if row in set(shown["blamed"])], *others["blamed"].to_list()]
    columns = list(dict.fromkeys(names))[:top]
    cells = shown.filter(pl.col("blamed").is_in(columns)).with_columns(
        share=pl.col("accused") / pl.col("cases"),
        said=pl.format("{} of {}", "accused", "cases"),
        what=pl.when(pl.col("wrong") > 0).then(pl.lit("wrongly blamed")).otherwise(pl.lit(RIGHT)),
    )
    base = alt.Chart(cells).encode(
        x=alt.X("blamed:N", sort=columns, title=AXES).axis(
            orient="top", labelAngle=0, ticks=False, titleAnchor="start", titleLimit=400
        ),
        y=alt.Y("root:N", sort=rows, title=None).axis(ticks=False, labelPadding=8),
        tooltip=[
            *("root:N", "blamed:N", "what:N"),
            alt.Tooltip("accused:Q", title="incidents in which it was blamed first"),
            alt.Tooltip("cases:Q", title="incidents with this root (n)"),
            alt.Tooltip("share:Q", format=".0%"),
            alt.Tooltip("low:Q", format=".0%", title="wrong, low (95%)"),
            alt.Tooltip("high:Q", format=".0%", title="wrong, high (95%)"),
            alt.Tooltip("days_lost:Q", format=".1f", title="days lost"),
        ],
    )
    tests = ("isValid(datum.wrong_share) && datum.wrong > 0", "!isValid(datum.wrong_share) && datum.wrong > 0")
    wrong, few, right = (base.transform_filter(test) for test in (*tests, "datum.wrong == 0"))
    scale = alt.Scale(domain=[0, 1], range=[FROM, TO])
    legend = alt.Legend(title="wrongly blamed, share", format=".0%", orient="bottom")
    heat = wrong.mark_rect().encode(color=alt.Color("wrong_share:Q", scale=scale, legend=legend))
    pale = few.mark_rect(color=NEUTRAL, opacity=0.25)
    own = right.mark_rect(color=FROM, stroke=ACCENT, strokeWidth=2)
    text = base.mark_text(fontSize=12, color="#1b1b1b").encode(text="said:N")
    letters = min(NAME_LENGTH, max(map(len, columns)))
    grid = {"width": alt.Step(max(CELL, 9 * letters)), "height": alt.Step(CELL // 2)}
    compared, teams = accusations["accused"].sum(), accusations["blamed"].n_unique()
    return titled(
        (heat + pale + own + text).properties(**grid),
        _title(accusations),
        f"Blue frame: blamed for its own. Grey: too few incidents for a share. n = {compared:,} incidents with a "
        f"measured root; shown: {len(rows)} of {roots.height} roots, {len(columns)} of {teams} teams",
    )


def _title(accusations: pl.DataFrame) -> str:
    wrong, compared = accusations["wrong"].sum(), accusations["accused"].sum()
    if not wrong:
        return f"The first team blamed was the right one in all {compared:,} incidents with a measured root"
    worst = accusations.sort("wrong", "blamed", "root", descending=[True, False, False]).row(0, named=True)
    return (
        f"{wrong:,} of {compared:,} incidents went to the wrong team first; most often {worst['blamed']} was blamed "
        f"for {worst['root']} ({worst['wrong']:,} of {worst['cases']:,})"
    )
