"""How much a system can take: throughput against concurrency."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.analyses.latency.charts.axes import NUMBER_LABEL
from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, WIDTH, nothing, titled

RATE = "messages per minute"


def capacity_chart(capacity: pl.DataFrame, load_points: pl.DataFrame, load_curve: pl.DataFrame) -> Any:
    """Throughput against concurrency of the system nearest to its limit: points, the fitted law with its band, demand.

    Where no capacity is told, the points of the busiest system alone.
    """
    drawn = capacity.filter(pl.col("system").is_in(load_points["system"].implode()))
    if drawn.is_empty():
        return nothing("No system has enough messages in a minute to say how much it can take.")
    judged = drawn.filter(pl.col("capacity_per_minute").is_not_null())
    shown = (judged if judged.height else drawn.sort("busiest_per_minute", descending=True)).row(0, named=True)
    points = load_points.filter(system=shown["system"])
    curve = load_curve.filter(system=shown["system"])
    least, most = points["concurrency"].min(), max(points["concurrency"].max(), curve["concurrency"].max() or 0)
    scale = alt.Scale(type="log", domain=[least / 1.2, most * 1.2], nice=False)
    x = alt.X("concurrency:Q", title="messages in flight at a time", scale=scale, axis=_powers(least, most))
    y = alt.Y("throughput_per_minute:Q", title=f"{RATE} done")
    seen = (
        alt.Chart(points)
        .mark_point(filled=True, color=NEUTRAL, size=45, opacity=1)
        .encode(
            x=x,
            y=y,
            tooltip=[
                alt.Tooltip("throughput_per_minute:Q", title="done per minute", format=",.4~g"),
                alt.Tooltip("concurrency:Q", title="in flight", format=",.4~g"),
                alt.Tooltip("response_ms:Q", title="ms each", format=",.4~g"),
                alt.Tooltip("windows:Q", title="windows", format=","),
            ],
        )
    )
    layers = [seen]
    if curve.height:
        band = alt.Chart(curve).mark_area(color=ACCENT, opacity=0.18).encode(x=x, y="low:Q", y2="high:Q")
        line = alt.Chart(curve).mark_line(color=ACCENT, strokeWidth=2).encode(x=x, y=y)
        layers = [band, line, seen, *_demands(shown, curve)]
    return titled(
        alt.layer(*layers).properties(width=WIDTH, height=300),
        _title(shown),
        f"Points: time bins of about the same throughput, at their median response time; line: the fitted Universal "
        f"Scalability Law with its 95% band; dashed: what would be asked; n = {shown['minutes']:,} minutes",
    )


def _demands(shown: dict[str, Any], curve: pl.DataFrame) -> list[Any]:
    """Dashed lines at the multiples of normal load that the plot has room for, named at their right end."""
    room, right = 1.6 * max(shown["capacity_per_minute"], shown["busiest_per_minute"]), curve["concurrency"].max()
    lines = pl.DataFrame(
        [
            {"asked": multiple * shown["normal_per_minute"], "name": name, "right": right}
            for multiple, name in ((1, "normal"), (3, "3 times normal"), (10, "10 times normal"))
        ]
    ).filter(pl.col("asked") <= room)
    beyond = lines.with_columns(
        colour=pl.when(pl.col("asked") > shown["high"]).then(pl.lit(FAILURE)).otherwise(pl.lit(NEUTRAL))
    )
    base = alt.Chart(beyond).encode(y="asked:Q", color=alt.Color("colour:N", scale=None))
    rules = base.mark_rule(strokeDash=[6, 4])
    names = base.mark_text(align="right", dy=-7).encode(x="right:Q", text="name:N")
    return [rules, names]


def _powers(least: float, most: float) -> alt.Axis:
    """An axis with a label at every power of ten, or a few that Vega chooses where it spans no two of them."""
    powers = [10.0**power for power in range(-6, 10) if least / 1.2 <= 10.0**power <= most * 1.2]
    return alt.Axis(labelExpr=NUMBER_LABEL, **({"values": powers} if len(powers) >= 2 else {"tickCount": 4}))


def _title(shown: dict[str, Any]) -> str:
    if shown["capacity_per_minute"] is None:
        return f"{shown['system']}: how much it can take, nobody can tell yet ({shown['reason']})"
    return (
        f"{shown['system']} can take {shown['capacity_per_minute']:,.4g} {RATE}, "
        f"{shown['capacity_per_minute'] / shown['normal_per_minute']:,.2g} times its normal load"
    )
