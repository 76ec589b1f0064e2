"""What metrics measured, series by series."""

from datetime import timedelta
from typing import Any

import altair as alt
import polars as pl

from integrhealth.analyses.latency.charts.axes import NUMBER_LABEL
from integrhealth.charts.theme import ACCENT, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.measured import CUMULATIVE

LONGEST_BY_THE_CLOCK = timedelta(days=5)
# Between the lines of the name of a series.
LINE_END = "\n"


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
