"""Charts of outages at the worst moment: verdicts with what is lost, and the line at 2 AM with means to try."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, CATEGORIES, FAILURE, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.thresholds import LATEST_TOLERANCES, PAST_SHARE
from integrhealth.language.wording import duration, spoken_ms

NO_VERDICT = "Of no outage can it be told what it does: it takes repaired incidents, and a tolerance in the catalog."
COLOURS = {"stop": FAILURE, "work around": CATEGORIES[1], "survive": ACCENT}
# Longer than any outage, more than any line: what has no limit.
ENDLESS = 1e12
NUMBER_LABEL = "datum.value < 1000 ? datum.value : format(datum.value, '~s')"
# What the reader moves: hours of the outage, hours of arrivals that the queue holds, hands as a share of the arrivals.
REPAIR, BUFFER, HANDS = "outage_hours", "outage_buffer", "outage_hands"
AS_IT_IS = -1
HOURS = (0.25, 0.5, 1, 2, 4, 8, 24)
HELD = (0, 0.25, 0.5, 1, 2, 4, 8)
SHARES = (0, 0.25, 0.5, 0.75, 0.9, 0.99, 1.01, 1.5)


def outage_verdict_chart(outages: pl.DataFrame, *, currency: str | None = None, top: int = 20) -> Any:
    """What an outage in the busiest hour costs each integration, nine of ten runs, and whether it gets through.

    Where the catalog names no costs, the messages past their tolerance stand for them.
    """
    judged = outages.filter(pl.col("verdict") != "cannot tell")
    if judged.is_empty():
        return nothing(NO_VERDICT)
    priced = judged["median_loss"].null_count() < judged.height
    low, middle, high = (
        ("loss_low", "median_loss", "p95_loss") if priced else ("past_low", "past_tolerance", "past_high")
    )
    rows = judged.head(top).select(
        "integration",
        "verdict",
        "why",
        "repairs",
        low=low,
        middle=middle,
        high=high,
        said=pl.when(pl.col(middle).is_null())
        .then(pl.format("{}, no costs in the catalog", "verdict"))
        .otherwise(pl.col("verdict")),
    )
    y = alt.Y("integration:N", sort=rows["integration"].to_list(), title=None).axis(
        domain=False, ticks=False, labelPadding=10
    )
    colour = alt.Color("verdict:N", title=None, scale=_colours()).legend(orient="top")
    unit = f"loss{f' in {currency}' if currency else ''}" if priced else "messages refused or too late"
    most = max(rows["high"].max() or 0, 1)
    scale = alt.Scale(type="symlog", constant=10, domain=[0, most], nice=False)
    powers = [0, *(10**power for power in range(1, 16) if 10**power <= most)]
    said = ["integration:N", "verdict:N", "why:N", *(alt.Tooltip(f"{each}:Q", format=",.0f") for each in INTERVAL)]
    base = alt.Chart(rows)
    x = alt.X("low:Q", title=unit, scale=scale).axis(values=powers, labelExpr=NUMBER_LABEL)
    interval = base.mark_rule(strokeWidth=5, opacity=0.45).encode(y=y, x=x, x2="high:Q", color=colour, tooltip=said)
    mark = base.mark_point(filled=True, size=80, opacity=1).encode(y=y, x="middle:Q", color=colour, tooltip=said)
    words = base.mark_text(align="left", fontSize=11, color=NEUTRAL).encode(
        y=y, x=alt.value(WIDTH - BESIDE + 10), text="said:N"
    )
    stopping = judged.filter(pl.col("verdict") == "stop").height
    if stopping:
        title = f"An outage at 2 AM on the busiest day would stop {stopping} of {judged.height} integrations"
    elif (judged["verdict"] == "work around").any():
        title = "In an outage at 2 AM on the busiest day, people would have to stand in"
    else:
        title = f"No outage at 2 AM on the busiest day would stop one of {judged.height} integrations"
    return titled(
        alt.layer(interval, mark, words).properties(width=WIDTH - BESIDE, height=alt.Step(22)),
        title,
        f"{unit} of one outage that begins in the busiest hour: median and nine of ten of 2,000 runs; "
        f"{_counted(judged['repairs'])} repairs",
    )


def _counted(repairs: pl.Series) -> str:
    fewest, most = repairs.min(), repairs.max()
    return f"{most:,}" if fewest == most else f"from {fewest:,} to {most:,}"


INTERVAL = ("low", "middle", "high")
# What stands beside the bars.
BESIDE = 190


def _colours() -> alt.Scale:
    return alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))


def outage_slider_chart(outages: pl.DataFrame, *, currency: str | None = None, top: int = 12) -> Any:
    """The line of one integration while it is down, against what can wait, for means that the reader chooses.

    The repair time, what the queue holds and what people do by hand can each be moved; the verdict follows. It is that
    of the table where all three are as they are. Names of integrations are options and values, never part of an
    expression.
    """
    judged = outages.filter(pl.col("verdict") != "cannot tell").head(top)
    if judged.is_empty():
        return nothing(NO_VERDICT)
    names = judged["integration"].to_list()
    rows = judged.select(
        "integration",
        rate=pl.col("arrivals").cast(pl.Float64),
        hours=pl.col("outage_p95_minutes") / 60,
        borne=pl.col("tolerance_minutes") / 60,
        limit=pl.when("waits").then(pl.col("queue_limit").fill_null(ENDLESS)).otherwise(0.0),
        hand=pl.col("manual_rate_per_hour").fill_null(0.0),
        value=pl.col("value_per_object").fill_null(0.0),
        delay=pl.col("delay_cost_per_hour").fill_null(0.0),
        bears=spoken_ms(pl.col("tolerance_minutes") * 60_000),
        money=pl.lit(f" {currency}" if currency else ""),
        corner=pl.lit([0, 1, 2, 3, 4]),
    )
    chosen = alt.param(
        name="outage_integration", value=names[0], bind=alt.binding_select(options=names, name="Integration: ")
    )
    sliders = [
        _slider(REPAIR, "Outage: ", "as long as 19 of 20", {each: duration(each * 3_600_000) for each in HOURS}),
        _slider(BUFFER, "Queue holds: ", "as it is", _held()),
        _slider(HANDS, "By hand: ", "as it is", {each: f"{each:.0%} of what comes" for each in SHARES}),
    ]
    now = alt.Chart(rows).transform_filter("datum.integration == outage_integration")
    for name, text in {**MEANS, **_line("idle", "0"), **_line("helped", "datum.m"), **OUTCOME}.items():
        now = now.transform_calculate(**{name: text})
    readout = [
        now.transform_calculate(said=text)
        .mark_text(align="left", baseline="top", fontSize=15 - place, fontWeight="normal" if place else "bold")
        .encode(
            x=alt.value(0),
            y=alt.value(20 * place),
            text="said:N",
            **({} if place else {"color": alt.Color("verdict:N", scale=_colours(), legend=None)}),
        )
        for place, text in enumerate(READOUT)
    ]
    corners = now.transform_flatten(["corner"]).transform_calculate(**CORNERS)
    hour = alt.X("t:Q", title="hours since it went down").axis(grid=False)
    count = alt.Y("undone:Q", title="messages not done").axis(labelExpr=NUMBER_LABEL, tickCount=4)
    tooltip = [
        alt.Tooltip("t:Q", title="hours", format=".1f"),
        alt.Tooltip("waiting:Q", title="wait", format=",.0f"),
        alt.Tooltip("refused:Q", title="refused", format=",.0f"),
    ]
    # The marks carry the words that the legend says.
    waiting = (
        corners.transform_calculate(what=f"'{WAITS}'")
        .mark_area(opacity=0.45)
        .encode(x=hour, y=alt.Y("waiting:Q", title="messages not done"), color=_areas(), tooltip=tooltip)
    )
    refused = (
        corners.transform_calculate(what=f"'{REFUSED}'")
        .mark_area(opacity=0.6)
        .encode(x=hour, y=alt.Y("waiting:Q"), y2="undone:Q", color=_areas(), tooltip=tooltip)
    )
    outline = corners.mark_line(color=NEUTRAL, strokeWidth=1.5).encode(x=hour, y=count, order="corner:Q")
    bearable = now.mark_rule(strokeDash=[5, 4], strokeWidth=2, color=FAILURE).encode(y="bearable:Q")
    words = (
        now.transform_calculate(said="'the most that may wait (tolerance ' + datum.bears + ')'")
        .mark_text(align="right", dy=-7, fontSize=11)
        .encode(x=alt.value(WIDTH - 44), y="bearable:Q", text="said:N")
    )
    panels = alt.vconcat(
        alt.layer(*readout).properties(width=WIDTH - 40, height=62),
        alt.layer(waiting, refused, outline, bearable, words).properties(width=WIDTH - 40, height=220),
    )
    panels = panels.resolve_scale(color="independent").add_params(chosen, *sliders)
    return titled(
        panels.properties(usermeta={"integrhealth": {"sliders": [REPAIR, BUFFER, HANDS]}}),
        _slider_title(judged.row(0, named=True)),
        "Messages come as in the busiest hour; below the dashed line nobody waits too long. "
        "Try another outage, queue or more hands below",
    )


def _slider_title(first: dict[str, Any]) -> str:
    """What the chart shows before anybody moves it: nineteen of twenty outages are no longer."""
    comes = {"stop": "would stop", "work around": "would need helping hands"}.get(first["verdict"], "would go on")
    return f"{first['integration']} {comes} in an outage of {duration(first['outage_p95_minutes'] * 60_000)} at 2 AM"


WAITS, REFUSED = "wait in the queue", "refused, nobody does them"


def _areas() -> alt.Color:
    scale = alt.Scale(domain=[WAITS, REFUSED], range=[ACCENT, FAILURE])
    return alt.Color("what:N", title=None, scale=scale).legend(orient="bottom", labelLimit=300)


def _slider(name: str, label: str, as_it_is: str, choices: dict[float, str]) -> alt.Parameter:
    """A list where nothing else can be had, as in JupyterLab; pages turn it into a slider that shows the same words."""
    options, labels = [AS_IT_IS, *choices], [as_it_is, *choices.values()]
    return alt.param(name=name, value=AS_IT_IS, bind=alt.binding_select(options=options, labels=labels, name=label))


def _held() -> dict[float, str]:
    held = {each: f"what comes in {duration(each * 3_600_000)}" if each else "nothing" for each in HELD}
    return held | {ENDLESS: "everything"}


# The three means, as they are or as the reader has moved them.
MEANS = {
    "T": f"{REPAIR} < 0 ? datum.hours : {REPAIR}",
    "K": f"{BUFFER} < 0 ? datum.limit : min({BUFFER} * datum.rate, {ENDLESS})",
    "m": f"{HANDS} < 0 ? datum.hand : {HANDS} * datum.rate",
}


def _line(name: str, hand: str) -> dict[str, str]:
    """The closed form of ``backlog.line`` as expressions whose names begin with `name`; `hand` is done per hour."""
    grows, full, fill = (f"datum.{name}_{each}" for each in ("grows", "full", "fill"))
    reach, past = f"datum.{name}_reach", f"datum.{name}_past"
    return {
        f"{name}_grows": f"max(datum.rate - {hand}, 0)",
        f"{name}_full": f"{grows} > 0 ? datum.K / {grows} : {ENDLESS}",
        f"{name}_fill": f"min({full}, datum.T)",
        f"{name}_reach": f"{grows} > 0 ? ({hand} > 0 ? datum.K / {hand} : (datum.K > 0 ? {ENDLESS} : 0)) : 0",
        f"{name}_refused": f"{grows} * (datum.T - {fill})",
        f"{name}_late": f"({grows} > 0 ? datum.rate * max(min({full}, datum.T - datum.borne) - datum.borne * {hand}"
        f" / {grows}, 0) : 0) + ({reach} > datum.borne ? {hand} * max(datum.T - datum.borne - {full}, 0) : 0)",
        f"{name}_past": f"datum.{name}_late + datum.{name}_refused",
        f"{name}_longest": f"min(datum.T * {grows} / datum.rate, {reach})",
        f"{name}_holds": f"{past} <= {PAST_SHARE} * datum.rate * datum.T && datum.{name}_refused <= 0"
        f" && datum.{name}_longest <= {LATEST_TOLERANCES} * datum.borne",
        f"{name}_waited": f"{grows} * {fill} * (datum.T - {fill} / 2)",
    }


def _of_both(field: str) -> str:
    return f"datum.idle_holds ? datum.idle_{field} : datum.helped_{field}"


# People are called only where it does not get through without them.
OUTCOME = {
    "verdict": "datum.idle_holds ? 'survive' : datum.helped_holds ? 'work around' : 'stop'",
    **{field: _of_both(field) for field in ("grows", "fill", "refused", "past", "waited")},
    "loss": "datum.past * datum.value + datum.waited * datum.delay",
    "staff": "datum.idle_holds || datum.m <= 0 ? 0 : (min(datum.rate, datum.m) * datum.T + datum.refused) / datum.m",
    "bearable": "min(datum.K, datum.rate * datum.borne)",
}
# The corners of the line: it begins, it is full, the outage ends, all that waits passes, and some time after.
CORNERS = {
    "t": "datum.corner == 0 ? 0 : datum.corner == 1 ? datum.fill : datum.corner == 4 ? 1.2 * datum.T : datum.T",
    "waiting": "datum.corner == 1 || datum.corner == 2 ? datum.grows * datum.fill : 0",
    "refused": "datum.corner < 2 ? 0 : datum.grows * (datum.T - datum.fill)",
    "undone": "(datum.corner == 1 || datum.corner == 2 ? datum.grows * datum.fill : 0)"
    " + (datum.corner < 2 ? 0 : datum.grows * (datum.T - datum.fill))",
}
SPOKEN_HOURS = "(datum.T < 2 ? format(60 * datum.T, '.0f') + ' min' : format(datum.T, '.3~r') + ' h')"
READOUT = (
    "upper(datum.verdict)",
    f"'An outage of ' + {SPOKEN_HOURS} + '; ' + format(datum.rate, ',.0f') + ' an hour come, people can do ' + "
    "format(datum.m, ',.0f')",
    "format(datum.past, ',.0f') + ' of ' + format(datum.rate * datum.T, ',.0f') + ' refused or too late; loss ' + "
    "format(datum.loss, ',.0f') + datum.money + '; ' + format(datum.staff, ',.1f') + ' hours by hand'",
)
