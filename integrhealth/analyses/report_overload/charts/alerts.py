"""Alerts by the hour of the day, the night together."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, NEUTRAL, WIDTH, nothing, titled

# The day begins where the night ends, so that the night is in one piece.
FROM_MORNING = [*range(6, 24), *range(6)]
KINDS = {"first of its cause": ACCENT, "repeat": NEUTRAL}
NIGHT_SHADE = 0.15


def alert_hours_chart(hours: pl.DataFrame, totals: pl.DataFrame) -> Any:
    """Alerts by the hour in which they came, the first of a cause apart from repeats; the night is shaded.

    `hours` has a row per hour, `totals` gives the title.
    """
    if hours.is_empty():
        return nothing(
            "Alerts by hour need deliveries by the channel alert, or incidents of a tool that alerts people."
        )
    counts = hours.select("hour", "alerts", "people", first=pl.col("alerts") - pl.col("repeats"), repeat="repeats")
    parts = counts.unpivot(
        on=["first", "repeat"], index=["hour", "alerts", "people"], variable_name="kind", value_name="count"
    ).with_columns(
        pl.col("kind").replace_strict(["first", "repeat"], list(KINDS)),
        order=(pl.col("kind") == "repeat").cast(pl.Int64),
    )
    x = alt.X("hour:O", sort=FROM_MORNING, title="hour of the day").axis(labelAngle=0)
    bars = (
        alt.Chart(parts)
        .mark_bar()
        .encode(
            x=x,
            y=alt.Y("count:Q", title="alerts", stack="zero"),
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=list(KINDS), range=list(KINDS.values())),
                legend=alt.Legend(title=None, orient="top", offset=22),
            ),
            order=alt.Order("order:Q"),
            tooltip=[
                "hour:O",
                "kind:N",
                alt.Tooltip("count:Q", format=",", title="alerts"),
                alt.Tooltip("alerts:Q", format=",", title="of"),
                alt.Tooltip("people:Q", title="people"),
            ],
        )
    )
    # A bar takes nine tenths of its place; the shade takes all of it.
    shade = alt.Chart(hours.filter("night").select("hour")).mark_bar(
        width={"band": 10 / 9}, color=NEUTRAL, opacity=NIGHT_SHADE
    )
    whole = totals.row(0, named=True)
    return titled(
        (shade.encode(x=x, y=alt.value(0), y2=alt.value("height")) + bars).properties(width=WIDTH, height=220),
        _title(whole),
        f"Alerts by the hour of the clock, shaded from 22 to 6; n = {whole['alerts']:,} alerts to {whole['people']:,} "
        f"people, {whole['episodes']:,} episodes, in {whole['nights']:,} nights",
    )


def _title(whole: dict[str, Any]) -> str:
    night = f"{whole['night']:,} of {whole['alerts']:,} alerts came between 22 and 6"
    if whole["acted"] is None:
        return f"{night}; {whole['repeats']:,} repeat what was told"
    judged = whole["acted"] + whole["ignored"]
    return f"{night}; {whole['acted']:,} of {judged:,} episodes led to an action"
