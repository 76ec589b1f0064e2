"""How long integrations take."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.analyses.latency.charts.axes import TIME_LABEL, ticks
from integrhealth.charts.theme import ACCENT, CATEGORIES, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.wording import duration, spoken_ms


def latency_chart(integrations: pl.DataFrame, *, top: int = 25) -> Any:
    """Median, p95 with its interval, and p99 of the slowest integrations, on a logarithmic axis.

    What metrics measured stands at the upper bounds of its buckets; the line is the bucket of p95.
    """
    rated = integrations.drop_nulls("p95_ms")
    if rated.is_empty():
        return nothing("No integration has enough messages with a latency to say how long it takes.")
    label = pl.when(pl.col("integration").is_duplicated()).then(
        pl.format("{} ({} > {})", "integration", "source", "target")
    )
    shown = rated.head(top).with_columns(name=pl.coalesce(label, "integration"))
    figures = ["p50_ms", "p95_ms", "p99_ms", "p95_low_ms", "p95_high_ms"]
    # A logarithmic axis has no zero: what took no time at all stands at a microsecond.
    drawn = shown.select("name", "measured", "error_share", pl.col(figures).clip(lower_bound=0.001))
    points = drawn.unpivot(["p50_ms", "p95_ms", "p99_ms"], index=["name", "measured", "error_share"])
    points = points.drop_nulls("value").with_columns(
        pl.col("variable").replace_strict({"p50_ms": "half take less", "p95_ms": "95 of 100", "p99_ms": "99 of 100"}),
        time=spoken_ms(pl.col("value")),
    )
    y = alt.Y("name:N", sort=shown["name"].to_list(), title=None)
    # A bucket that begins at zero is drawn from the edge on.
    begins = drawn.filter(pl.col("p95_low_ms") > 0.001)["p95_low_ms"]
    least = min(drawn["p50_ms"].min(), begins.min() or drawn["p50_ms"].min()) / 1.2
    most = 1.2 * max(drawn[figure].max() or 0 for figure in ("p95_ms", "p99_ms", "p95_high_ms"))
    axis = alt.Axis(labelExpr=TIME_LABEL, values=ticks(least, most), grid=True)
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
    bounded = drawn.drop_nulls("p95_high_ms").with_columns(pl.col("p95_low_ms").clip(lower_bound=least))
    interval = (
        alt.Chart(bounded).mark_rule(color=ACCENT, strokeWidth=2).encode(x="p95_low_ms:Q", x2="p95_high_ms:Q", y=y)
    )
    slowest, by_metrics = shown.row(0, named=True), "metrics" in shown["measured_by"]
    most_take = (
        "95 of 100 requests take at most"
        if slowest["measured_by"] == "metrics"
        else "5 of 100 messages take longer than"
    )
    return titled(
        (interval + marks).properties(width=WIDTH, height=alt.Step(22)),
        f"{slowest['name']} is slowest: {most_take} {duration(slowest['p95_ms'])}",
        f"Latency with the {'bucket (metrics) or ' if by_metrics else ''}95% interval of p95 as a line, timeouts "
        f"included; the {shown.height} slowest of "
        f"{integrations.height}, n from {shown['measured'].min():,} to {shown['measured'].max():,}",
    )
