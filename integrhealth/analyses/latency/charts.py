"""Charts of latency: how long integrations take, how a journey spends its time, and where along its way."""

from datetime import timedelta
from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, CATEGORIES, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.measured import CUMULATIVE
from integrhealth.language.wording import duration, spoken_ms

# The parts of a journey in the order in which they happen, each with its colour in every chart.
PARTS = {
    "sending": CATEGORIES[4],
    "waiting": CATEGORIES[3],
    "holding": CATEGORIES[1],
    "working": ACCENT,
}
UNITS = ((86_400_000, "days"), (3_600_000, "h"), (60_000, "min"), (1000, "s"), (1, "ms"))
# Where a logarithmic time axis may be labelled, in the units that people use; the coarse ones where there is room.
COARSE = (0.01, 0.1, 1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 86_400_000, 864_000_000)
FINE = tuple(
    sorted({size * step for size in (0.01, 0.1, 1, 10, 100, 1000, 10_000) for step in (1, 2, 5)} | set(COARSE))
)
TIME_LABEL = " : ".join(
    ["datum.value == 86400000 ? '1 day'"]
    + [f"datum.value >= {size} ? format(datum.value / {size}, '.3~r') + ' {unit}'" for size, unit in UNITS[:-1]]
    + ["format(datum.value, '.3~r') + ' ms'"]
)
NO_TYPE = "(no object type)"
# Large numbers with a letter for their size; small ones as they are, since "600m" would be read as millions.
NUMBER_LABEL = "abs(datum.value) >= 1000 ? format(datum.value, '.4~s') : format(datum.value, '.4~g')"
LONGEST_BY_THE_CLOCK = timedelta(days=5)
# Between the lines of the name of a series.
LINE_END = "\n"


def _ticks(least: float, most: float) -> list[float]:
    """The times to label on a logarithmic axis: the coarse ones if at least three fit, else the fine ones."""
    coarse = [value for value in COARSE if least <= value <= most]
    return coarse if len(coarse) >= 3 else [value for value in FINE if least <= value <= most]


def _even_ticks(end: float) -> list[float]:
    """From zero to `end` at most eight steps of a length that people count in: 1, 2, 5 ms and so on, hours, days."""
    steps = [
        *FINE,
        *(3_600_000 * hours for hours in (2, 3, 6, 12)),
        *(86_400_000 * days for days in (2, 5, 10, 30, 90)),
    ]
    step = next((step for step in sorted(steps) if end / step <= 8), end)
    return [step * number for number in range(int(end / step) + 1)]


def latency_chart(integrations: pl.DataFrame, *, top: int = 25) -> Any:
    """Median, p95 with its interval, and p99 of the slowest integrations, on a logarithmic axis."""
    rated = integrations.drop_nulls("p95_ms")
    if rated.is_empty():
        return nothing("No integration has enough messages with a latency to say how long it takes.")
    label = pl.when(pl.col("integration").is_duplicated()).then(
        pl.format("{} ({} > {})", "integration", "source", "target")
    )
    shown = rated.head(top).with_columns(name=label.otherwise("integration"))
    figures = ["p50_ms", "p95_ms", "p99_ms", "p95_low_ms", "p95_high_ms"]
    # A logarithmic axis has no zero: what took no time at all stands at a microsecond.
    drawn = shown.select("name", "measured", "error_share", pl.col(figures).clip(lower_bound=0.001))
    points = drawn.unpivot(["p50_ms", "p95_ms", "p99_ms"], index=["name", "measured", "error_share"]).with_columns(
        pl.col("variable").replace_strict({"p50_ms": "half take less", "p95_ms": "95 of 100", "p99_ms": "99 of 100"}),
        time=spoken_ms(pl.col("value")),
    )
    y = alt.Y("name:N", sort=shown["name"].to_list(), title=None)
    least, most = drawn["p50_ms"].min() / 1.2, max(drawn["p99_ms"].max(), drawn["p95_high_ms"].max() or 0) * 1.2
    axis = alt.Axis(labelExpr=TIME_LABEL, values=_ticks(least, most), grid=True)
    scale = alt.Scale(type="log", domain=[least, most], nice=False)
    x = alt.X("value:Q", title="time from sent to done", scale=scale, axis=axis)
    marks = (
        alt.Chart(points)
        .mark_point(filled=True, size=60, opacity=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color("variable:N", title=None, legend=alt.Legend(orient="top")).scale(
                domain=["half take less", "95 of 100", "99 of 100"], range=[NEUTRAL, ACCENT, CATEGORIES[4]]
            ),
            tooltip=[
                alt.Tooltip("name:N", title="integration"),
                alt.Tooltip("variable:N", title="messages"),
                "time:N",
                alt.Tooltip("measured:Q", title="n", format=","),
                alt.Tooltip("error_share:Q", title="failed", format=".2%"),
            ],
        )
    )
    bounded = drawn.drop_nulls("p95_high_ms")
    interval = (
        alt.Chart(bounded).mark_rule(color=ACCENT, strokeWidth=2).encode(x="p95_low_ms:Q", x2="p95_high_ms:Q", y=y)
    )
    slowest = shown.row(0, named=True)
    return titled(
        (interval + marks).properties(width=WIDTH, height=alt.Step(22)),
        f"{slowest['name']} is slowest: 5 of 100 messages take longer than {duration(slowest['p95_ms'])}",
        f"Latency with the 95% interval of p95 as a line, timeouts included; the {shown.height} slowest of "
        f"{integrations.height}, n from {shown['measured'].min():,} to {shown['measured'].max():,}",
    )


def journey_parts_chart(journeys: pl.DataFrame, *, top: int = 15) -> Any:
    """What the mean journey of each object type spends its time on: sending, waiting, holding, working."""
    longest = journeys.filter(pl.col("mean_ms") > 0).head(top)
    if longest.is_empty():
        return nothing("No journey has an end time, so there is no duration to split.")
    typed = longest.with_columns(pl.col("object_type").fill_null(NO_TYPE))
    columns = [f"{part}_ms" for part in PARTS]
    rows = (
        typed.unpivot(columns, index=["object_type", "journeys", "mean_ms"], variable_name="part", value_name="ms")
        .with_columns(
            pl.col("part").str.strip_suffix("_ms"),
            share=pl.col("ms") / pl.col("mean_ms"),
            time=spoken_ms(pl.col("ms")),
        )
        .with_columns(order=pl.col("part").replace_strict(list(PARTS), range(len(PARTS)), return_dtype=pl.Int64))
        .sort("object_type", "order")
    )
    bars = (
        alt.Chart(rows)
        .mark_bar(height={"band": 0.65})
        .encode(
            x=alt.X("share:Q", title="share of the mean journey", scale=alt.Scale(domain=[0, 1])).axis(format="%"),
            y=alt.Y("object_type:N", sort=typed["object_type"].to_list(), title=None),
            color=alt.Color("part:N", title=None, legend=alt.Legend(orient="top")).scale(
                domain=list(PARTS), range=list(PARTS.values())
            ),
            order="order:Q",
            tooltip=[
                alt.Tooltip("object_type:N", title="object type"),
                "part:N",
                alt.Tooltip("time:N", title="mean time"),
                alt.Tooltip("share:Q", format=".1%"),
                alt.Tooltip("journeys:Q", format=","),
            ],
        )
    )
    worst = typed.row(0, named=True)
    part = max(PARTS, key=lambda name: worst[f"{name}_ms"])
    return titled(
        bars.properties(width=WIDTH, height=alt.Step(30)),
        f"{worst['object_type']} journeys spend {worst[f'{part}_ms'] / worst['mean_ms']:.0%} of "
        f"{duration(worst['mean_ms'])} {part}",
        f"Mean time along the critical path, slowest type first, n from {typed['journeys'].min():,} to "
        f"{typed['journeys'].max():,} journeys",
    )


def waterfall_chart(waterfall: pl.DataFrame, object_type: str | None = None, *, top: int = 25) -> Any:
    """The mean journey of one object type step by step, from its start to its end.

    Without `object_type`, of the type whose journeys take most time together.

    The `top` longest steps are drawn; where one is left out, its place stays empty.
    """
    if waterfall.is_empty():
        return nothing("No journey has an end time, so there are no steps to show.")
    if object_type is None:
        total = (pl.col("to_ms") - pl.col("from_ms")).sum() * pl.col("journeys").first()
        totals = waterfall.group_by("object_type").agg(total.alias("ms"))
        object_type = totals.sort("ms", "object_type", descending=[True, False])["object_type"][0]
    mine = waterfall.filter(pl.col("object_type").eq_missing(object_type))
    if mine.is_empty():
        return nothing("There is no journey of this object type.")
    length = pl.col("to_ms") - pl.col("from_ms")
    longest = mine.group_by("step").agg(length.sum().alias("ms")).top_k(top, by=["ms", pl.col("step").neg()])["step"]
    names = pl.concat_str("system", "operation", separator=": ", ignore_nulls=True)
    shown = (
        mine.filter(pl.col("step").is_in(longest.implode()))
        .with_columns(name=names, ms=length, time=spoken_ms(length))
        .sort("step", "part")
    )
    journeys, end = mine["journeys"][0], mine["to_ms"].max()
    bars = (
        alt.Chart(shown.select("step", "name", "part", "from_ms", "to_ms", "time", "seen", "journeys"))
        .mark_bar(height={"band": 0.7}, strokeWidth=1)
        .encode(
            x=alt.X("from_ms:Q", title="time since the journey began").axis(
                labelExpr=TIME_LABEL, values=_even_ticks(end)
            ),
            x2="to_ms:Q",
            y=alt.Y("name:N", sort=shown["name"].unique(maintain_order=True).to_list(), title=None),
            color=alt.Color("part:N", title=None, legend=alt.Legend(orient="top")).scale(
                domain=["step", "between steps"], range=[ACCENT, NEUTRAL]
            ),
            # An outline, so that a step of no width is still to be seen.
            stroke=alt.Stroke("part:N", title=None, legend=alt.Legend(orient="top")).scale(
                domain=["step", "between steps"], range=[ACCENT, NEUTRAL]
            ),
            tooltip=[
                alt.Tooltip("name:N", title="step"),
                "part:N",
                alt.Tooltip("time:N", title="mean time"),
                alt.Tooltip("seen:Q", title="journeys with this step", format=","),
                alt.Tooltip("journeys:Q", title="all journeys", format=","),
            ],
        )
    )
    most = shown.sort("ms", "step", descending=[True, False]).row(0, named=True)
    where = most["name"] if most["part"] == "step" else f"the wait before {most['name']}"
    drawn, steps = min(longest.len(), top), mine["step"].n_unique()
    return titled(
        bars.properties(width=WIDTH, height=alt.Step(22)),
        f"{most['ms'] / end:.0%} of a mean {object_type or NO_TYPE} journey is {where}",
        f"Time on the critical path, {duration(end)} in the mean of {journeys:,} journeys; "
        f"the {drawn} longest of {steps} steps",
    )


def measurements_chart(over_time: pl.DataFrame, measurements: pl.DataFrame) -> Any:
    """The series of `over_time` side by side, each on a scale of its own: mean as a line, least to most as a band."""
    if over_time.is_empty():
        return nothing("No metric with a value was read.")
    drawn = over_time.with_columns(name=_series_name())
    names = drawn["name"].unique(maintain_order=True).to_list()
    first, last = over_time["at"].min(), over_time["at"].max()
    clock = "%b %d %H:%M" if last - first <= LONGEST_BY_THE_CLOCK else "%Y-%m-%d"
    base = alt.Chart(drawn.select("name", "at", "mean", "least", "most", "samples")).encode(
        x=alt.X("at:T", title=None, scale=alt.Scale(type="utc")).axis(tickCount=3, format=clock, labelOverlap=True)
    )
    y = alt.Y("least:Q", title=None, scale=alt.Scale(zero=False)).axis(tickCount=3, labelExpr=NUMBER_LABEL)
    band = base.mark_area(color=NEUTRAL, opacity=0.35).encode(y=y, y2="most:Q")
    # A series of one sample is a point, as a line of it would not be seen.
    line = base.mark_line(color=ACCENT, strokeWidth=1.5, point=alt.OverlayMarkDef(size=6, color=ACCENT)).encode(
        y="mean:Q",
        tooltip=[
            alt.Tooltip("name:N", title="series"),
            alt.Tooltip("at:T", title="from, UTC", format="%Y-%m-%d %H:%M:%S", formatType="utc"),
            alt.Tooltip("mean:Q", format=",.4~g"),
            alt.Tooltip("least:Q", format=",.4~g"),
            alt.Tooltip("most:Q", format=",.4~g"),
            alt.Tooltip("samples:Q", format=","),
        ],
    )
    header = alt.Header(
        title=None,
        labelAnchor="start",
        labelFontSize=11,
        labelLimit=WIDTH // 2 - 20,
        labelExpr=f"split(datum.value, {LINE_END!r})",
    )
    panels = (band + line).properties(width=WIDTH // 2 - 40, height=70)
    panels = panels.facet(facet=alt.Facet("name:N", sort=names, header=header), columns=2)
    n, foremost = measurements["samples"].sum(), drawn.filter(pl.col("name") == names[0])
    return titled(
        panels.resolve_scale(x="independent", y="independent"),
        f"{' of '.join(names[0].split(LINE_END))}: {foremost['least'].min():,.4g} to {foremost['most'].max():,.4g}",
        f"Mean as a line, least to most as a band, UTC, each on its own scale; furthest from its usual value first, "
        f"{len(names)} of {measurements.height:,} series; n = {n:,} samples, {first:%Y-%m-%d} to {last:%Y-%m-%d}",
    )


def _series_name() -> pl.Expr:
    """Metric, statistic and unit of a series, and in a second line its system and labels."""
    metric = pl.col("metric").str.extract(r"^([^{]+)").fill_null(pl.col("metric"))
    # What a counter says has become a rate.
    statistic = pl.concat_str(pl.lit(", "), pl.col("statistic").replace(CUMULATIVE, "rate")).fill_null("")
    unit = pl.concat_str(pl.lit(" ["), "unit", pl.lit("]")).fill_null("")
    labels = pl.concat_str(pl.lit(" "), pl.col("metric").str.extract(r"^[^{]+(\{.*)$")).fill_null("")
    return pl.concat_str(metric, statistic, unit, pl.lit(LINE_END), "system", labels)
