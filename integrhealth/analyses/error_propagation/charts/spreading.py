"""Charts of error propagation: how large and how fast cascades get, who multiplies errors, and who stops them."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, SEQUENTIAL, WIDTH, nothing, titled
from integrhealth.language.thresholds import CONTAINED, RUNAWAY
from integrhealth.language.wording import duration


def survival_chart(survival: pl.DataFrame, spread: pl.DataFrame) -> Any:
    """Share of cascades at least as large as x, both axes logarithmic; a straight line means no typical size."""
    if survival.is_empty():
        return nothing("No message failed, so there is no cascade to show.")
    largest, cascades = survival["messages"].max(), survival["at_least"].max()
    base = alt.Chart(survival).encode(
        x=alt.X("messages:Q", title="failed messages in the cascade", scale=alt.Scale(type="log", nice=False)).axis(
            tickCount=6, format="~s", grid=False
        ),
        y=alt.Y("share:Q", title="share of cascades at least this large", scale=alt.Scale(type="log")).axis(
            format="~%", tickCount=5
        ),
        tooltip=[
            alt.Tooltip("messages:Q", title="at least this many messages"),
            alt.Tooltip("at_least:Q", title="cascades"),
            alt.Tooltip("share:Q", format=".2%"),
        ],
    )
    drawn = base.mark_line(interpolate="step-after", color=ACCENT) + base.mark_point(filled=True, color=ACCENT, size=36)
    reproduction = spread["reproduction"].item()
    said = "" if reproduction is None else f" One error causes {reproduction:.2f} more on average."
    return titled(
        drawn.properties(width=WIDTH, height=260),
        f"The largest of {cascades:,} cascades brought down {largest:,} messages",
        f"Cascade sizes, a lone error being 1.{said}",
    )


def reproduction_chart(integrations: pl.DataFrame, *, top: int = 15) -> Any:
    """Errors that one error of each integration causes, with their 95% interval, the largest first."""
    judged = integrations.drop_nulls("reproduction").sort(
        "caused", "failed", "integration", descending=[True, True, False]
    )
    judged = judged.head(top).sort("reproduction", "integration", descending=[True, False])
    if judged.is_empty():
        return nothing("Too few cascades touched any integration to say how many errors one of its errors causes.")
    worst = judged.row(0, named=True)
    shown = judged.select("integration", "reproduction", "low", "high", "failed", "caused", "verdict")
    base = alt.Chart(shown.with_columns(worst=(pl.int_range(pl.len()) == 0) & (pl.col("caused") > 0)))
    y = alt.Y("integration:N", sort=judged["integration"].to_list(), title=None)
    x = alt.X("reproduction:Q", title="errors that one error causes").scale(domainMin=0)
    interval = base.mark_rule(strokeWidth=2, color=NEUTRAL).encode(x="low:Q", x2="high:Q", y=y)
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=x,
        y=y,
        color=alt.condition(alt.datum.worst, alt.value(FAILURE), alt.value(NEUTRAL)),
        tooltip=[
            "integration:N",
            alt.Tooltip("reproduction:Q", format=".2f", title="errors caused per error"),
            alt.Tooltip("failed:Q", format=",", title="failed"),
            alt.Tooltip("caused:Q", format=",", title="failures caused"),
            "verdict:N",
        ],
    )
    bounds = pl.DataFrame({"bound": [CONTAINED, RUNAWAY]})
    lines = alt.Chart(bounds).mark_rule(strokeDash=[3, 3], color=NEUTRAL).encode(x="bound:Q")
    said = f"One error on {worst['integration']} causes {worst['reproduction']:.1f} more"
    return titled(
        (lines + interval + points).properties(width=WIDTH - 60, height=alt.Step(22)),
        said if worst["caused"] else "No error of these integrations took another along",
        f"Mean with 95% interval, n from {judged['failed'].min():,} to {judged['failed'].max():,} failures. "
        f"Dashed: contained below {CONTAINED}, runaway risk above {RUNAWAY}",
    )


def cascade_chart(steps: pl.DataFrame, *, cascade: int = 1, most: int = 200) -> Any:
    """A cascade replayed: each message from sent to ended at the system that had to do it, with a line to its cause."""
    replayed = steps.filter(pl.col("cascade") == cascade).drop_nulls("ended_ms")
    if replayed.height < 2:
        return nothing("No error took another along, so there is no cascade to replay.")
    failed = replayed.filter(pl.col("status") != "ok").height
    systems = replayed.filter(pl.col("status") != "ok")["target"].n_unique()
    shown = replayed.head(most).select(
        "step",
        "cause_step",
        "source",
        "target",
        "integration",
        "error_code",
        "message_id",
        from_s=pl.col("at_ms").clip(0) / 1000,
        to_s=pl.col("ended_ms").clip(0) / 1000,
        fate=pl.when(pl.col("step") == 1)
        .then(pl.lit("the first error"))
        .when(pl.col("status") == "ok")
        .then(pl.lit("stopped here"))
        .otherwise(pl.lit("failed")),
    )
    causes = shown.select(cause_step="step", cause_target="target", cause_s="to_s")
    links = shown.join(causes, on="cause_step")
    ends = pl.concat(
        [
            links.select("step", target="cause_target", at_s="cause_s"),
            links.select("step", target="target", at_s="to_s"),
        ]
    )
    order = shown["target"].unique(maintain_order=True).to_list()
    y = alt.Y("target:N", sort=order, title=None).axis(grid=True)
    since = "time since the message that failed first was sent"
    colour = (
        alt.Color("fate:N", title=None)
        .scale(domain=["the first error", "failed", "stopped here"], range=[ACCENT, FAILURE, NEUTRAL])
        .legend(orient="top", symbolOpacity=1)
    )
    paths = (
        alt.Chart(ends)
        .mark_line(strokeWidth=1, color=NEUTRAL, opacity=0.8)
        .encode(x=_seconds("at_s", since), y=y, detail="step:N")
    )
    tips = ["step:Q", "source:N", "target:N", "integration:N", "fate:N", "error_code:N", "message_id:N"]
    base = alt.Chart(shown)
    bars = base.mark_bar(height=8, opacity=0.45).encode(
        x=_seconds("from_s", since), x2="to_s:Q", y=y, color=colour, tooltip=tips
    )
    points = base.mark_point(filled=True, size=60, opacity=1).encode(
        x=_seconds("to_s", since), y=y, color=colour, tooltip=tips
    )
    cut = "" if shown.height == replayed.height else f" First {most} of {replayed.height:,} messages."
    root = shown.row(0, named=True)
    return titled(
        (paths + bars + points).properties(width=WIDTH - 60, height=alt.Step(30)),
        f"One error at {root['target']} brought down {failed:,} messages in {systems:,} systems",
        f"Bar: from sent to ended; point: its end; line: from a failure to what it took along.{cut}",
    )


def _seconds(field: str, title: str) -> Any:
    """Seconds as x. Callers fail within milliseconds, queues within days: linear below a second, logarithmic above."""
    axis = alt.Axis(
        values=[0, 1, 10, 60, 600, 3600, 36_000, 86_400, 864_000],
        labelExpr="datum.value >= 86400 ? datum.value / 86400 + ' d' : datum.value >= 3600 ? datum.value / 3600 + ' h'"
        " : datum.value >= 60 ? datum.value / 60 + ' min' : datum.value + ' s'",
        grid=False,
    )
    return alt.X(f"{field}:Q", title=title, scale=alt.Scale(type="symlog", constant=1, domainMin=0), axis=axis)


def reach_chart(reach: pl.DataFrame) -> Any:
    """How soon an error reaches a second, third and further system: the median of the cascades that get there."""
    timed = reach.filter(pl.col("systems") > 1).drop_nulls("median_ms")
    if timed.is_empty():
        return nothing("Too few errors reached a second system to say how soon they do.")
    shown = timed.select(
        "systems", "timed", **{name: pl.col(f"{name}_ms") / 1000 for name in ("median", "low", "high")}
    )
    y = alt.Y("systems:O", title="systems hit")
    since = "time since the first failure"
    base = alt.Chart(shown)
    interval = base.mark_rule(strokeWidth=2, color=NEUTRAL).encode(x=_seconds("low", since), x2="high:Q", y=y)
    points = base.mark_point(filled=True, size=70, opacity=1, color=ACCENT).encode(
        x=_seconds("median", since),
        y=y,
        tooltip=[
            alt.Tooltip("systems:O", title="systems hit"),
            alt.Tooltip("median:Q", format=",.1f", title="median in seconds"),
            alt.Tooltip("timed:Q", format=",", title="cascades"),
        ],
    )
    last = shown.row(-1, named=True)
    half = duration(last["median"] * 1000)
    return titled(
        (interval + points).properties(width=WIDTH - 60, height=alt.Step(26)),
        f"{last['timed']:,} cascades reached {last['systems']} systems, half of them within {half}",
        f"Median with 95% interval of the cascades that got so far, n from {shown['timed'].min():,} to "
        f"{shown['timed'].max():,}",
    )


def stopping_chart(systems: pl.DataFrame, *, top: int = 15) -> Any:
    """Share of the errors of others that each system stopped, with its 95% interval; most reached systems first."""
    judged = systems.drop_nulls("stopping_power").sort("reached", "system", descending=[True, False]).head(top)
    if judged.is_empty():
        return nothing("Too few errors reached any system from another to say who stops them.")
    order = judged.sort("stopping_power", "system", descending=[True, False])["system"].to_list()
    weakest = order[-1]
    base = alt.Chart(judged.select("system", "stopping_power", "stopping_low", "stopping_high", "reached", "passed_on"))
    y = alt.Y("system:N", sort=order, title=None)
    x = alt.X("stopping_power:Q", title="share of errors stopped", scale=alt.Scale(domain=[0, 1])).axis(format="%")
    colour = alt.condition(alt.datum.system == weakest, alt.value(FAILURE), alt.value(NEUTRAL))
    bars = base.mark_bar(height={"band": 0.6}).encode(
        x=x,
        y=y,
        color=colour,
        tooltip=[
            "system:N",
            alt.Tooltip("stopping_power:Q", format=".1%", title="stopped"),
            alt.Tooltip("reached:Q", format=",", title="errors that reached it"),
        ],
    )
    interval = base.mark_rule(strokeWidth=2).encode(x="stopping_low:Q", x2="stopping_high:Q", y=y)
    share = judged.filter(pl.col("system") == weakest)["stopping_power"].item()
    return titled(
        (bars + interval).properties(width=WIDTH, height=alt.Step(26)),
        f"{weakest} stops {share:.0%} of the errors that reach it",
        f"Errors of others that ended at the system instead of making it fail, with 95% interval, n from "
        f"{judged['reached'].min():,} to {judged['reached'].max():,}",
    )


def edge_heat_map(edges: pl.DataFrame, *, top: int = 16) -> Any:
    """Failures that each failure on an edge caused elsewhere, source by target, for the systems that fail most."""
    failing = edges.filter(pl.col("failed") > 0)
    if failing.is_empty():
        return nothing("No message failed, so no edge is shown.")
    ends = pl.concat([failing.select(system=end, failed="failed") for end in ("source", "target")])
    shown = ends.group_by("system").agg(pl.col("failed").sum()).sort("failed", "system", descending=[True, False])
    names = shown.head(top)["system"]
    cells = failing.filter(pl.col("source").is_in(names.implode()) & pl.col("target").is_in(names.implode()))
    worst = cells.sort("failed", "source", "target", descending=[True, False, False]).row(0, named=True)
    base = alt.Chart(cells.select("source", "target", "messages", "failed", "caused_per_error")).encode(
        x=alt.X("target:N", title="to", sort=sorted(cells["target"].unique())).axis(labelAngle=-40),
        y=alt.Y("source:N", title="from", sort=sorted(cells["source"].unique())),
    )
    rects = base.mark_rect(stroke=NEUTRAL, strokeWidth=0.5).encode(
        color=alt.Color("caused_per_error:Q", title="failures caused per failure").scale(
            scheme=SEQUENTIAL, domainMin=0
        ),
        tooltip=[
            "source:N",
            "target:N",
            alt.Tooltip("caused_per_error:Q", format=".2f", title="failures caused per failure"),
            alt.Tooltip("failed:Q", format=",", title="failed"),
            alt.Tooltip("messages:Q", format=",", title="messages"),
        ],
    )
    middle = cells["caused_per_error"].max() / 2
    counts = base.mark_text(fontSize=10).encode(
        text=alt.Text("failed:Q", format="~s"),
        color=alt.condition(alt.datum.caused_per_error > middle, alt.value("black"), alt.value("white")),
    )
    return titled(
        (rects + counts).properties(width=WIDTH - 120, height=alt.Step(26)),
        f"{worst['source']} to {worst['target']} failed most: {worst['failed']:,} of {worst['messages']:,} messages",
        "Colour: further failures that one failure on the edge caused. Number: failures on the edge",
    )
