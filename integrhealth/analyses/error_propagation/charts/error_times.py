"""Chart of errors that follow errors where no row names its parent."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, NEUTRAL, WIDTH, nothing, titled


def timing_chart(timing: pl.DataFrame, timing_edges: pl.DataFrame, *, top: int = 15) -> Any:
    """Errors that follow one error, with the interval, for the ways between two systems over which most errors go.

    Without spread that the shifted times do not show as well the points stay grey: they may be chance.
    """
    if timing.is_empty():
        return nothing("Messages name the one that caused them, so nothing has to be judged by the times of errors.")
    judged = timing_edges.drop_nulls("caused_per_error").head(top)
    if judged.is_empty():
        return nothing("Too few errors at both ends of any known edge to say by their times what follows what.")
    whole = timing.row(0, named=True)
    shown = whole["verdict"] not in ("no spread shown", "not enough data")
    ways = judged.with_columns(way=pl.format("{} to {}", "source", "target"))
    columns = ("way", "caused_per_error", "low", "high", "errors", "caused", "mean_delay_ms")
    order = ways.sort("caused_per_error", "way", descending=[True, False])["way"].to_list()
    base = alt.Chart(ways.select(columns)).encode(y=alt.Y("way:N", sort=order, title=None))
    colour = ACCENT if shown else NEUTRAL
    points = base.mark_point(filled=True, size=70, color=colour, opacity=1).encode(
        x=alt.X("caused_per_error:Q", title="errors that follow one error", scale=alt.Scale(domainMin=0)).axis(
            tickCount=6
        ),
        tooltip=[
            alt.Tooltip("way:N", title="from and to"),
            alt.Tooltip("caused_per_error:Q", format=".2f", title="errors that follow one error"),
            alt.Tooltip("errors:Q", format=",", title="errors at the first"),
            alt.Tooltip("caused:Q", format=",.0f", title="errors that follow at the second"),
            alt.Tooltip("mean_delay_ms:Q", format=",.0f", title="mean delay in ms"),
        ],
    )
    interval = base.mark_rule(color=colour).encode(x="low:Q", x2="high:Q")
    if shown:
        title = f"About {whole['reproduction']:.0%} of errors follow one of a neighbouring system"
    else:
        title = "By their times alone, no error is shown to follow another"
    return titled(
        (interval + points).properties(width=WIDTH, height=alt.Step(26)),
        title,
        f"Errors that follow one error, with 95% interval, by the times of {whole['errors_used']:,} errors; "
        f"n at the first system from {judged['errors'].min():,} to {judged['errors'].max():,}",
    )
