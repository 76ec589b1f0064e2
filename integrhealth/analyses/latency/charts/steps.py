"""What a faster step would gain, and one journey message by message."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.analyses.latency.charts.axes import TIME_LABEL, even_ticks
from integrhealth.charts.theme import ACCENT, CATEGORIES, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.wording import duration, spoken_ms

STEP = pl.concat_str("system", "operation", separator=": ", ignore_nulls=True)
PLACES = {"path": ACCENT, "beside": NEUTRAL, "overhang": CATEGORIES[1]}


def drag_chart(critical_path: pl.DataFrame, *, top: int = 12) -> Any:
    """Beside the time that each step took on the path, what of it would have let its journeys end sooner."""
    longest = critical_path.filter(pl.col("self_ms") > 0).head(top)
    if longest.is_empty():
        return nothing("No step took any time on a critical path.")
    names = {"self_ms": "took", "drag_ms": "would gain"}
    saved = pl.when(pl.col("median_saved_ms").is_not_null()).then(spoken_ms(pl.col("median_saved_ms")))
    rows = (
        longest.with_columns(name=STEP, saved=saved.otherwise(pl.lit("too few journeys")))
        .unpivot(list(names), index=["name", "traces", "saved"], variable_name="bar", value_name="ms")
        .with_columns(pl.col("bar").replace_strict(names), hours=pl.col("ms") / 3_600_000, time=spoken_ms(pl.col("ms")))
    )
    bars = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X("ms:Q", title="time over all journeys").axis(
                labelExpr=TIME_LABEL, values=even_ticks(longest["self_ms"].max())
            ),
            y=alt.Y("name:N", sort=longest.select(STEP).to_series().to_list(), title=None),
            yOffset=alt.YOffset("bar:N", sort=list(names.values())),
            color=alt.Color("bar:N", title=None, legend=alt.Legend(orient="top")).scale(
                domain=list(names.values()), range=[NEUTRAL, ACCENT]
            ),
            tooltip=[
                alt.Tooltip("name:N", title="step"),
                alt.Tooltip("bar:N", title="bar"),
                alt.Tooltip("time:N", title="time over all journeys"),
                alt.Tooltip("saved:N", title="median journey sooner, if 100 ms faster"),
                alt.Tooltip("traces:Q", title="journeys with it on their path", format=","),
            ],
        )
    )
    most = longest.with_columns(name=STEP).sort("drag_ms", "name", descending=[True, False]).row(0, named=True)
    return titled(
        bars.properties(width=WIDTH, height=alt.Step(13)),
        f"{most['name']} holds journeys up most: {duration(most['drag_ms'])} in all",
        "Time on the critical path, and what of it a faster step would gain before something beside it decides; "
        f"the {longest.height} longest of {critical_path.height:,} steps",
    )


def journey_chart(journey_steps: pl.DataFrame, *, top: int = 40) -> Any:
    """One journey, message by message, from its start to its end: on its critical path, or beside it with slack.

    The first `top` messages on the path are drawn, then the first beside it.
    """
    if journey_steps.is_empty():
        return nothing("No journey has an end time, so there is none to show.")
    on_path = pl.col("place") != "beside"
    numbered = journey_steps.with_row_index("order")
    shown = pl.concat([numbered.filter(on_path), numbered.filter(~on_path)]).head(top).sort("order")
    length = pl.col("end_ms") - pl.col("start_ms")
    none = pl.lit("none")
    rows = shown.select(
        "order",
        "place",
        "start_ms",
        "end_ms",
        name=pl.format("{}. {}", pl.int_range(1, pl.len() + 1), STEP),
        time=spoken_ms(length),
        own=pl.coalesce(spoken_ms(pl.col("self_ms")), none),
        gap=pl.coalesce(spoken_ms(pl.col("gap_ms")), none),
        drag=pl.coalesce(spoken_ms(pl.col("drag_ms")), none),
        slack=pl.coalesce(spoken_ms(pl.col("slack_ms")), none),
    )
    first = journey_steps.row(0, named=True)
    colour = alt.Scale(domain=list(PLACES), range=list(PLACES.values()))
    bars = (
        alt.Chart(rows)
        .mark_bar(height={"band": 0.7}, strokeWidth=1)
        .encode(
            x=alt.X("start_ms:Q", title="time since the journey began").axis(
                labelExpr=TIME_LABEL, values=even_ticks(first["duration_ms"])
            ),
            x2="end_ms:Q",
            y=alt.Y("name:N", sort=rows["name"].to_list(), title=None),
            color=alt.Color("place:N", title=None, legend=alt.Legend(orient="top"), scale=colour),
            # An outline, so that a message of no width is still to be seen.
            stroke=alt.Stroke("place:N", title=None, legend=alt.Legend(orient="top"), scale=colour),
            tooltip=[
                alt.Tooltip("name:N", title="message"),
                "place:N",
                alt.Tooltip("time:N", title="from start to end"),
                alt.Tooltip("own:N", title="its own time on the path"),
                alt.Tooltip("gap:N", title="before it nothing was under way"),
                alt.Tooltip("drag:N", title="would gain if faster"),
                alt.Tooltip("slack:N", title="slack"),
            ],
        )
    )
    total, still, own = first["duration_ms"], journey_steps["gap_ms"].sum(), journey_steps["self_ms"].sum()
    return titled(
        alt.layer(bars, *_lengths(rows, total)).properties(width=WIDTH, height=alt.Step(20)),
        f"One {first['object_type'] or 'journey'} took {duration(total)}: {duration(own)} in messages, "
        f"{duration(still)} between them",
        f"{first['journey']}: its critical path and what ran beside that; {rows.height} of "
        f"{journey_steps['message_id'].n_unique()} messages",
    )


def _lengths(rows: pl.DataFrame, total: float) -> list[Any]:
    """How long each message took, written where there is room for it."""
    early = pl.col("end_ms") < 0.8 * total
    sides = ((rows.filter(early), "end_ms", "left", 5), (rows.filter(~early), "start_ms", "right", -5))
    return [
        alt.Chart(mine.select("name", "time", at))
        .mark_text(align=align, dx=offset, fontSize=11, color=NEUTRAL)
        .encode(x=alt.X(f"{at}:Q"), y=alt.Y("name:N", sort=rows["name"].to_list(), title=None), text="time:N")
        for mine, at, align, offset in sides
        if mine.height
    ]
