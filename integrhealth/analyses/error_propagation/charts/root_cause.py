"""Charts of root causes: whom to ask first and why, and how far the errors of each system go."""

import textwrap
from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, WIDTH, nothing, titled

# Letters that fit beside one another in the width of a chart, and lines of a sentence.
LETTERS, LINES = 104, 2


def root_cause_chart(root_causes: pl.DataFrame, why: str | None = None, *, top: int = 6) -> Any:
    """The suspects of the worst hour, or of the moment asked for, by their share of all that stood out, each above its
    strongest evidence."""
    if root_causes.is_empty():
        return nothing(why or "No hour stands out, so there is no suspect.")
    strongest = pl.col("evidence").list.first().fill_null("")
    shown = root_causes.head(top).select(
        "system",
        "share",
        "score",
        first=pl.col("rank") == 1,
        sentence=strongest.map_elements(_wrapped, return_dtype=pl.String),
        way=pl.col("path").list.join(" → "),
    )
    first, share, at, began = root_causes.select("system", "share", "at", "began_at").row(0)
    base = alt.Chart(shown).encode(
        y=alt.Y("system:N", sort=shown["system"].to_list(), title=None),
        tooltip=[
            "system:N",
            alt.Tooltip("share:Q", format=".0%", title="share of what stood out"),
            alt.Tooltip("score:Q", format=".2f", title="score"),
            alt.Tooltip("way:N", title="way of the effect"),
        ],
    )
    bars = base.mark_bar(height=14, yOffset=-16).encode(
        x=alt.X("share:Q", title="share of what stood out", scale=alt.Scale(domain=[0, 1])).axis(
            format="%", grid=False
        ),
        color=alt.condition("datum.first", alt.value(FAILURE), alt.value(NEUTRAL)),
    )
    sentences = base.mark_text(align="left", baseline="top", dy=-6, fontSize=11, lineBreak="\n").encode(
        x=alt.value(2), text="sentence:N"
    )
    # A moment that was asked for is where the comparison begins; in a worst hour the trouble may have begun earlier.
    where = "" if began == at else f", where the trouble of the hour from {at:%H:%M} began"
    suspects = "1 suspect" if root_causes.height == 1 else f"{root_causes.height} suspects"
    return titled(
        (bars + sentences).properties(width=WIDTH, height=alt.Step(62)),
        f"Look at {first} first: {share:.0%} of what stood out lies there",
        f"What differed from usual from {began:%Y-%m-%d %H:%M} UTC on{where}; {suspects}; no proof of cause",
    )


def _wrapped(sentence: str) -> str:
    return "\n".join(textwrap.wrap(sentence, LETTERS, max_lines=LINES, placeholder=" …"))


def blast_radius_chart(blast_radius: pl.DataFrame, *, top: int = 12) -> Any:
    """Systems hit by one error at each system: expected with its interval, and observed in the cascades from there."""
    judged = blast_radius.drop_nulls("expected_systems").head(top)
    if judged.is_empty():
        return nothing("Too few errors, or no links between messages, to say how far an error goes.")
    order = judged["system"].to_list()
    widest = judged.row(0, named=True)
    names = {"expected_systems": "expected", "observed_systems": "observed"}
    points = judged.unpivot(
        list(names), index=["system", "errors", "roots"], variable_name="seen", value_name="systems"
    )
    points = points.drop_nulls("systems").with_columns(pl.col("seen").replace(names))
    y = alt.Y("system:N", sort=order, title=None)
    interval = (
        alt.Chart(judged.select("system", "low", "high"))
        .mark_rule(strokeWidth=2, color=ACCENT)
        .encode(x=alt.X("low:Q", title="systems hit by one error, itself included").axis(tickCount=6), x2="high:Q", y=y)
    )
    dots = (
        alt.Chart(points)
        .mark_point(filled=True, size=80, opacity=1)
        .encode(
            x=alt.X("systems:Q", scale=alt.Scale(zero=False, domainMin=1)),
            y=y,
            color=alt.Color("seen:N", title=None).scale(domain=list(names.values()), range=[ACCENT, FAILURE]),
            shape=alt.Shape("seen:N", title=None).scale(domain=list(names.values()), range=["circle", "diamond"]),
            tooltip=[
                "system:N",
                alt.Tooltip("seen:N", title="number"),
                alt.Tooltip("systems:Q", format=".2f"),
                alt.Tooltip("errors:Q", format=",", title="errors there"),
                alt.Tooltip("roots:Q", format=",", title="cascades that began there"),
            ],
        )
    )
    seen = widest["observed_systems"]
    said = f"is expected to hit {widest['expected_systems']:.1f}" if seen is None else f"hit {seen:.1f}"
    return titled(
        (interval + dots).properties(width=WIDTH, height=alt.Step(26)),
        f"An error at {widest['system']} {said} systems on average",
        f"Expected if links fail independently, with 95% interval; observed: mean of the cascades that began there; "
        f"n from {judged['errors'].min():,} to {judged['errors'].max():,} errors",
    )
