"""How latency changed over time: percentiles with their shifts, and a heat map of how many messages took how long."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.analyses.latency.charts.axes import TIME_LABEL, ticks
from integrhealth.charts.theme import ACCENT, CATEGORIES, NEUTRAL, SEQUENTIAL, WIDTH, nothing, titled
from integrhealth.language.thresholds import SAME_CHANGE_DAYS
from integrhealth.language.wording import duration

P95 = CATEGORIES[4]
UTC = "utc"
# How much higher than it begins a range is drawn that has no end, or no beginning.
ROW = 1.4


def latency_over_time_chart(over_time: pl.DataFrame, shifts: pl.DataFrame) -> Any:
    """Median, middle half and p95 over time, integration by integration, with shifts and drifts of latency marked."""
    if over_time.is_empty():
        return nothing("No message between two systems has a latency, so there is nothing to follow over time.")
    names = over_time["integration"].unique(maintain_order=True).to_list()
    figures = ["p25_ms", "p50_ms", "p75_ms", "p95_ms"]
    drawn = over_time.with_columns(pl.col(figures).clip(lower_bound=0.001).round_sig_figs(3))
    changed = shifts.filter(pl.col("integration").is_in(names), pl.col("metric").is_in(["p50_ms", "p95_ms"]))
    # One mark where both shift within a week, as one finding speaks of both.
    near = (pl.col("at").diff() <= pl.duration(days=SAME_CHANGE_DAYS)).fill_null(False).over("integration", "kind")
    marks = changed.sort("integration", "kind", "at", "metric").filter(~near)
    panels = [
        _panel(drawn.filter(pl.col("integration") == name), marks.filter(pl.col("integration") == name), name)
        for name in names
    ]
    first, last = over_time["at"].min(), over_time["at"].max()
    return titled(
        alt.vconcat(*panels, spacing=18),
        _says(changed, names),
        f"Median with the middle half of the messages as a band, p95 above it; UTC, {first:%Y-%m-%d} to "
        f"{last:%Y-%m-%d}; n = {over_time['timed'].sum():,} messages",
    )


def latency_heat_chart(heat: pl.DataFrame) -> Any:
    """How many of the messages of one integration took how long: time by latency, the share of each time as colour.

    A bucket of a histogram that begins at zero or has no end is drawn as high as a row of the others.
    """
    if heat.is_empty():
        return nothing("No message of this integration has a latency, so there is no heat map.")
    begins = pl.when(pl.col("low_ms") > 0).then("low_ms").otherwise(pl.col("high_ms") / ROW)
    ends = pl.col("high_ms").fill_null(pl.col("low_ms") * ROW)
    seen = heat.with_columns(low_ms=begins, high_ms=ends)
    drawn = seen.with_columns(pl.col("low_ms", "high_ms").clip(lower_bound=0.001).round_sig_figs(3))
    least, most = drawn["low_ms"].min(), drawn["high_ms"].max()
    cells = (
        alt.Chart(drawn.with_columns(pl.col("share").round(3)).drop("integration"))
        .mark_rect()
        .encode(
            x=alt.X("at:T", title=None, scale=alt.Scale(type=UTC)),
            x2="until:T",
            y=alt.Y(
                "low_ms:Q",
                title=None,
                scale=alt.Scale(type="log", domain=[least, most], nice=False),
                axis=alt.Axis(labelExpr=TIME_LABEL, values=ticks(least, most), grid=False),
            ),
            y2="high_ms:Q",
            color=alt.Color(
                "share:Q",
                title="share of a column",
                scale=alt.Scale(scheme=SEQUENTIAL, reverse=True, domainMin=0),
                legend=alt.Legend(orient="top", format="%", gradientLength=160),
            ),
            tooltip=[
                alt.Tooltip("at:T", title="from, UTC", format="%Y-%m-%d %H:%M", formatType=UTC),
                alt.Tooltip("low_ms:Q", title="from, ms", format=",.3~g"),
                alt.Tooltip("high_ms:Q", title="to, ms", format=",.3~g"),
                alt.Tooltip("messages:Q", title="n", format=","),
                alt.Tooltip("share:Q", format=".0%"),
            ],
        )
    )
    ranges = heat.group_by("low_ms", "high_ms").agg(pl.col("messages").sum())
    usual = ranges.sort("messages", "low_ms", descending=[True, False]).row(0, named=True)
    total = heat["messages"].sum()
    rows = "rows 1.4 times the one below" if heat["measured_by"][0] == "messages" else "rows are buckets of a histogram"
    return titled(
        cells.properties(width=WIDTH, height=260),
        f"{usual['messages'] / total:.0%} of the messages of {heat['integration'][0]} take {_range(usual)}",
        f"Time from sent to done, {rows}, columns in UTC; n = {total:,} messages",
    )


def _range(row: dict[str, Any]) -> str:
    """From when to when, as a person says it."""
    if row["high_ms"] is None:
        return f"over {duration(row['low_ms'])}"
    return (
        f"{duration(row['low_ms'])} to {duration(row['high_ms'])}"
        if row["low_ms"]
        else f"up to {duration(row['high_ms'])}"
    )


def _panel(points: pl.DataFrame, marks: pl.DataFrame, name: str) -> Any:
    """One integration: band, two lines, and a rule where a new level begins."""
    least, most = points["p50_ms"].min(), points["p50_ms"].max()
    for figure in ("p25_ms", "p75_ms", "p95_ms"):
        least, most = min(least, points[figure].min() or least), max(most, points[figure].max() or most)
    least, most = least / 1.1, most * 1.1
    base = alt.Chart(points.drop("integration")).encode(x=alt.X("at:T", title=None, scale=alt.Scale(type=UTC)))
    axis = alt.Axis(labelExpr=TIME_LABEL, values=ticks(least, most))
    scale = alt.Scale(type="log", domain=[least, most], nice=False)
    band = base.mark_area(color=NEUTRAL, opacity=0.35).encode(
        y=alt.Y("p25_ms:Q", title=None, scale=scale, axis=axis), y2="p75_ms:Q"
    )
    tooltip = [
        alt.Tooltip("at:T", title="from, UTC", format="%Y-%m-%d %H:%M", formatType=UTC),
        alt.Tooltip("p50_ms:Q", title="half take less than, ms", format=",.3~g"),
        alt.Tooltip("p95_ms:Q", title="95 of 100, ms", format=",.3~g"),
        alt.Tooltip("timed:Q", title="n", format=","),
    ]
    lines = [
        base.mark_line(color=colour, strokeWidth=width, point=alt.OverlayMarkDef(size=8, color=colour)).encode(
            y=alt.Y(f"{figure}:Q", title=None, scale=scale, axis=axis), tooltip=tooltip
        )
        for figure, colour, width in (("p95_ms", P95, 1), ("p50_ms", ACCENT, 1.8))
    ]
    shown = marks.with_columns(
        said=pl.format("{} {}", "kind", pl.col("at").dt.strftime("%-d %b %Y")),
        time=pl.lit(most),
    ).select("at", "said", "time")
    where = alt.Chart(shown).encode(x=alt.X("at:T", scale=alt.Scale(type=UTC)))
    rules = where.mark_rule(strokeDash=[4, 3], strokeWidth=1.5)
    words = where.mark_text(align="left", baseline="bottom", dx=4, dy=-2, fontSize=11).encode(
        text="said:N", y=alt.Y("time:Q", scale=scale, axis=axis)
    )
    layers = [band, *lines, *([rules, words] if shown.height else [])]
    return alt.layer(*layers).properties(width=WIDTH, height=110, title=alt.Title(name, fontSize=12, anchor="start"))


def _says(changed: pl.DataFrame, names: list[str]) -> str:
    """The largest change of latency as a sentence."""
    if changed.is_empty():
        return f"No integration changed its latency; {names[0]} has most messages"
    largest = (pl.col("after") / pl.col("before")).log().abs()
    most = changed.sort(largest, "integration", "at", descending=[True, False, False]).row(0, named=True)
    which = "the median" if most["metric"] == "p50_ms" else "the p95"
    since = "from" if most["kind"] == "drift" else "since"
    return (
        f"{most['integration']}: {which} went from {duration(most['before'])} to {duration(most['after'])} "
        f"{since} {most['at']:%-d %B %Y}"
    )
