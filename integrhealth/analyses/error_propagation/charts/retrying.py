"""Charts of retries: how many attempts a message takes, and the worst storm over time."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, CATEGORIES, FAILURE, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.thresholds import AMPLIFICATION_WATCH

SERIES = {
    "attempts_per_minute": ("attempts", FAILURE),
    "offered_per_minute": ("new messages", NEUTRAL),
    "goodput_per_minute": ("delivered", ACCENT),
}


def amplification_chart(retries: pl.DataFrame, *, top: int = 15) -> Any:
    """Attempts per message of the integrations that retry most, with interval, what theory expects, and the limit."""
    shown = (
        retries.filter((pl.col("retries") > 0) & pl.col("amplification").is_not_null())
        .sort("amplification", "integration", descending=[True, False])
        .head(top)
    )
    if shown.is_empty():
        return nothing("No integration with enough messages retried anything.")
    columns = "integration amplification low high amplification_expected attempts delivered verdict"
    base = alt.Chart(shown.select(*columns.split(), from_=pl.lit(1.0)))
    y = alt.Y("integration:N", sort=shown["integration"].to_list(), title=None)
    scale = alt.Scale(zero=False, nice=False, domain=[1, max(shown["high"].max(), AMPLIFICATION_WATCH) * 1.02])
    bars = base.mark_bar(height={"band": 0.6}).encode(
        x=alt.X("from_:Q", title="attempts per message", scale=scale),
        x2="amplification:Q",
        y=y,
        color=alt.condition(alt.datum.amplification > AMPLIFICATION_WATCH, alt.value(FAILURE), alt.value(NEUTRAL)),
        tooltip=[
            "integration:N",
            alt.Tooltip("amplification:Q", format=".3f", title="attempts per message"),
            alt.Tooltip("amplification_expected:Q", format=".3f", title="if every failure were retried"),
            alt.Tooltip("attempts:Q", format=","),
            alt.Tooltip("delivered:Q", format=",", title="messages"),
            "verdict:N",
        ],
    )
    interval = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", scale=scale), x2="high:Q", y=y)
    expected = base.mark_tick(color=CATEGORIES[1], thickness=3, height={"band": 0.8}).encode(
        x=alt.X("amplification_expected:Q", scale=scale), y=y
    )
    limit = (
        alt.Chart(pl.DataFrame({"limit": [AMPLIFICATION_WATCH]}))
        .mark_rule(strokeDash=[4, 4], color=ACCENT)
        .encode(x=alt.X("limit:Q", scale=scale))
    )
    most = shown.row(0, named=True)
    return titled(
        (bars + interval + expected + limit).properties(width=WIDTH, height=alt.Step(26)),
        f"{most['integration']} takes {most['amplification']:.2f} attempts per message",
        f"With 95% interval; orange tick: if every failure were retried; dashed: {AMPLIFICATION_WATCH}; "
        f"n from {shown['attempts'].min():,} to {shown['attempts'].max():,}",
    )


def storm_chart(load: pl.DataFrame, storms: pl.DataFrame) -> Any:
    """New messages, attempts and deliveries per minute around the worst storm, its trigger shaded."""
    if load.is_empty():
        return nothing("No retry storm was seen.")
    storm = (
        storms.filter(pl.col("integration") == load["integration"][0])
        .sort(pl.col("sustained").fill_null(False), "minutes", "started_at", descending=[True, True, False])
        .row(0, named=True)
    )
    long = load.unpivot(list(SERIES), index="at", variable_name="series", value_name="per_minute").with_columns(
        pl.col("series").replace({name: said for name, (said, _) in SERIES.items()})
    )
    names, colours = zip(*SERIES.values(), strict=True)
    lines = (
        alt.Chart(long)
        .mark_line(interpolate="step-after", strokeWidth=1.8)
        .encode(
            x=alt.X("at:T", title=f"UTC, from {load['at'].min():%Y-%m-%d} on", scale=alt.Scale(type="utc")).axis(
                tickCount=8, format="%H:%M"
            ),
            y=alt.Y("per_minute:Q", title="per minute"),
            color=alt.Color("series:N", title=None, scale=alt.Scale(domain=list(names), range=list(colours))).legend(
                orient="bottom"
            ),
            tooltip=["series:N", alt.Tooltip("per_minute:Q", format=",.1f"), alt.Tooltip("at:T", format="%H:%M:%S")],
        )
    )
    until = storm["ended_at"] or load["at"].max()
    marks = pl.DataFrame({"begin": [storm["started_at"]], "end": [storm["trigger_ended_at"]]})
    shade = alt.Chart(marks).mark_rect(opacity=0.15, color=NEUTRAL).encode(x="begin:T", x2="end:T")
    ends = pl.DataFrame({"at": [storm["trigger_ended_at"], until], "said": ["trigger ends", "storm ends"]})
    ends = ends if storm["ended_at"] else ends.head(1)
    rules = alt.Chart(ends).mark_rule(strokeDash=[4, 4], color=NEUTRAL).encode(x="at:T", tooltip=["said:N"])
    kept = "outlived its trigger" if storm["sustained"] else "ended with its trigger"
    kept = kept if storm["sustained"] is not None else "cannot be judged to its end"
    change = storm["goodput_change"]
    said = "" if change is None else f" Afterwards {1 + change:.0%} of the usual deliveries per new message"
    n = "" if change is None else f", n = {storm['messages_after']:,}"
    return titled(
        (shade + lines + rules).properties(width=WIDTH, height=260),
        f"{storm['integration']}: a storm of {storm['minutes']:,.0f} minutes {kept}",
        f"Per minute; shaded: the {storm['trigger']}.{said}{n}",
    )
