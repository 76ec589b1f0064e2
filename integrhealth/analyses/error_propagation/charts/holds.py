"""Charts of strategic friction: what a hold costs and saves, a slider to try one, and what checkpoints catch."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.thresholds import HOLD_MINUTES
from integrhealth.language.wording import duration

NO_COSTS = "No integration has both costs in the catalog and enough wrong entries: there is no hold to weigh."
# The parameter that a reader moves.
SLIDER = "hold_minutes"
PARTS = {"cost of the delay": NEUTRAL, "cost of errors left": FAILURE, "both together": ACCENT}
# Holds in minutes as people say them; the scale begins at none, so it cannot be a logarithm.
SPOKEN = "datum.value < 60 ? datum.value + ' min' : datum.value < 1440 ? datum.value / 60 + ' h' : '1 day'"
TICKS = [0, 1, 5, 15, 60, 240, 1440]
SCALE = alt.Scale(type="symlog", constant=2, domain=[0, HOLD_MINUTES[-1]])
SHOWN = ["integration", "minutes", "best", "saved", "delay_cost", "net", "errors_left", "total_cost"]


def cost_curves_chart(
    hold_costs: pl.DataFrame, friction: pl.DataFrame, *, currency: str | None = None, top: int = 6
) -> Any:
    """What a hold costs over its length, the delay and the errors left, for the `top` integrations."""
    names, rows = _weighed(hold_costs, top)
    if not names:
        return nothing(NO_COSTS)
    base = alt.Chart(rows.filter("near").select(*SHOWN, "total_low", "total_high")).properties(
        width=WIDTH / 2 - 70, height=150
    )
    band = base.mark_area(opacity=0.18, color=ACCENT).encode(x=_minutes(), y="total_low:Q", y2="total_high:Q")
    best = (
        base.transform_filter("datum.best")
        .mark_point(filled=True, size=90, color=ACCENT, opacity=1)
        .encode(x=_minutes(), y="total_cost:Q", tooltip=_tooltip())
    )
    panels = alt.layer(band, *_curves(base, currency), best).facet(
        facet=alt.Facet(
            "integration:N", title=None, sort=names, header=alt.Header(labelFontWeight=600, labelFontSize=12)
        ),
        columns=2,
    )
    passed = friction.filter(pl.col("integration").is_in(names))["bad_entries"]
    least, most = passed.min(), passed.max()
    paying = friction.filter(pl.col("verdict") == "hold")
    approved = friction.filter(pl.col("verdict") == "approval").sort("integration")
    if paying.is_empty():
        title = "No hold is shown to pay"
        for name, checkpoint in approved.select("integration", "checkpoint").head(1).rows():
            title = f"On {name}, {checkpoint} saves more than any hold would"
    else:
        first = paying.sort("net", "integration", descending=[True, False]).row(0, named=True)
        title = (
            f"Holding {first['integration']} for {first['best_hold_minutes']:.0f} minutes would have saved "
            f"{first['net']:,.0f}{_of(currency)}"
        )
    return titled(
        panels.resolve_scale(y="independent"),
        title,
        f"Cost of the period by length of the hold; dot: the cheapest; band: 95%; {least:,} to {most:,} errors each",
    )


def hold_slider_chart(hold_costs: pl.DataFrame, *, currency: str | None = None, top: int = 12) -> Any:
    """A hold to be tried: the reader moves over the holds and sees what that one costs and saves.

    Names of integrations are options and values, never part of an expression.
    """
    names, rows = _weighed(hold_costs, top)
    if not names:
        return nothing(NO_COSTS)
    # A list where nothing else can be had, as in JupyterLab; pages turn it into a slider that shows the same words.
    words = ["none", *(duration(minutes * 60_000) for minutes in HOLD_MINUTES[1:])]
    slider = alt.param(
        name=SLIDER, value=60, bind=alt.binding_select(options=list(HOLD_MINUTES), labels=words, name="Hold: ")
    )
    chosen = alt.param(
        name="hold_integration", value=names[0], bind=alt.binding_select(options=names, name="Integration: ")
    )
    weighed = rows.select(*SHOWN, "near", "entries_caught", money=pl.lit(_of(currency)))
    base = alt.Chart(weighed).transform_filter("datum.integration == hold_integration")
    held = f"datum.minutes == {SLIDER}"
    here, near = base.transform_filter(held), base.transform_filter("datum.near")
    readout = [_line(here, place, text) for place, text in enumerate(READOUT)]
    rule = here.mark_rule(strokeWidth=2).encode(x=_minutes())
    # All points stand there unseen: a layer without a row would have no extent.
    spot = near.mark_point(filled=True, size=90, color=ACCENT).encode(
        x=_minutes(), y="total_cost:Q", opacity=alt.condition(held, alt.value(1), alt.value(0))
    )
    curves = alt.layer(*_curves(near, currency), rule, spot).properties(width=WIDTH - 40, height=220)
    both = alt.vconcat(alt.layer(*readout).properties(width=WIDTH - 40, height=40), curves).add_params(slider, chosen)
    return titled(
        both.properties(usermeta={"integrhealth": {"sliders": [SLIDER]}}),
        _hour_title(weighed, names[0]),
        "Try another hold below: the errors of this period, had every message waited so long",
    )


def _hour_title(rows: pl.DataFrame, name: str) -> str:
    """What the chart shows before anybody moves it."""
    hour = rows.filter(pl.col("integration") == name, pl.col("minutes") == 60).row(0, named=True)
    came = "saved" if hour["net"] >= 0 else "cost"
    return f"Holding {name} for an hour would have {came} {abs(hour['net']):,.0f}{hour['money']}"


_MINUTES = (
    "(datum.minutes < 60 ? datum.minutes + ' minutes' : datum.minutes > 60 ? datum.minutes / 60 + ' hours' : '1 hour')"
)
READOUT = (
    f"'A hold of ' + {_MINUTES} + ': saved ' + format(datum.saved, ',.0f') + ', delay cost ' + "
    "format(datum.delay_cost, ',.0f') + ', net ' + format(datum.net, ',.0f') + datum.money",
    "datum.entries_caught + ' wrong entries would have been corrected before any record was touched'",
)


def checkpoint_chart(checkpoints: pl.DataFrame, *, top: int = 12) -> Any:
    """Share of the bad messages that each checkpoint stopped, and share of what it held that was not bad."""
    wide = checkpoints.filter(pl.any_horizontal(pl.col("stopped_share", "false_hold_rate").is_not_null())).sort(
        "held", "checkpoint", descending=[True, False]
    )
    shown = wide.head(top)
    if shown.is_empty():
        return nothing("No checkpoint held enough messages to say what it catches.")
    kinds = {
        "bad messages that it stopped": ("stopped_share", "stopped_low", "stopped_high", "bad_total"),
        "held messages that were not bad": ("false_hold_rate", "false_low", "false_high", "held"),
    }
    rows = pl.concat(
        shown.select("checkpoint", kind=pl.lit(kind), share=rate, low=low, high=high, n=n)
        for kind, (rate, low, high, n) in kinds.items()
    ).drop_nulls("share")
    order = shown["checkpoint"].to_list()
    base = alt.Chart(rows).encode(
        y=alt.Y("checkpoint:N", sort=order, title=None), yOffset=alt.YOffset("kind:N", sort=list(kinds))
    )
    bars = base.mark_bar().encode(
        x=alt.X("share:Q", title="share", scale=alt.Scale(domain=[0, 1])).axis(format="%", tickCount=5),
        color=alt.Color("kind:N", title=None, scale=alt.Scale(domain=list(kinds), range=[ACCENT, NEUTRAL])).legend(
            orient="top", labelLimit=300
        ),
        tooltip=["checkpoint:N", "kind:N", alt.Tooltip("share:Q", format=".1%"), alt.Tooltip("n:Q", format=",")],
    )
    interval = base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q")
    best = shown.drop_nulls("stopped_share").sort("stopped_share", "checkpoint", descending=[True, False]).head(1)
    title = "Too few bad messages passed to say what a checkpoint stops"
    for name, rate in best.select("checkpoint", "stopped_share").rows():
        title = f"{name} stops {rate:.0%} of the bad messages"
    return titled(
        (bars + interval).properties(width=WIDTH, height=alt.Step(18)),
        title,
        f"With 95% interval; {shown['held'].sum():,} messages held, {shown['bad_total'].sum():,} bad",
    )


def _weighed(hold_costs: pl.DataFrame, top: int) -> tuple[list[str], pl.DataFrame]:
    """The `top` integrations with costs and enough errors, those where a hold nets most and where errors cost most
    first; and their rows, of which those ``near`` are worth drawing: beyond, the delay alone towers over everything."""
    stakes = hold_costs.group_by("integration").agg(
        pl.col("net").max(),
        at_stake=pl.col("total_cost").filter(pl.col("minutes") == 0, pl.col("total_low").is_not_null()).first(),
    )
    first = stakes.filter(pl.col("at_stake") > 0).sort("net", "at_stake", "integration", descending=[True, True, False])
    rows = hold_costs.join(first.head(top), on="integration", maintain_order="left", suffix="_best")
    near = (pl.col("total_cost") <= 2 * pl.col("at_stake")) | (pl.col("minutes") <= 5)
    return first["integration"].head(top).to_list(), rows.with_columns(near=near)


def _of(currency: str | None) -> str:
    return f" {currency}" if currency else ""


def _minutes() -> alt.X:
    return alt.X("minutes:Q", title="hold", scale=SCALE).axis(values=TICKS, labelExpr=SPOKEN, grid=False)


def _curves(base: alt.Chart, currency: str | None) -> list[alt.Chart]:
    """The three lines of costs over the hold, told apart by one legend."""
    fields = dict(zip(PARTS, ("delay_cost", "errors_left", "total_cost"), strict=True))
    colour = alt.Scale(domain=list(PARTS), range=list(PARTS.values()))
    return [
        base.transform_calculate(part=f"'{part}'")
        .mark_line(strokeWidth=3 if part == "both together" else 1.5)
        .encode(
            x=_minutes(),
            y=alt.Y(f"{field}:Q", title=f"cost{_of(currency)}").axis(format="~s", tickCount=4),
            color=alt.Color("part:N", title=None, scale=colour).legend(orient="top"),
            tooltip=_tooltip(),
        )
        for part, field in fields.items()
    ]


def _tooltip() -> list[Any]:
    money = {"saved": "saved", "delay_cost": "delay cost", "net": "net", "errors_left": "errors left"}
    shown = [alt.Tooltip(f"{field}:Q", title=title, format=",.0f") for field, title in money.items()]
    return ["integration:N", alt.Tooltip("minutes:Q", title="hold, minutes"), *shown]


def _line(row: alt.Chart, place: int, text: str) -> alt.Chart:
    """One line of the readout: `text` is an expression over numbers of the row."""
    said = row.transform_calculate(said=text)
    return said.mark_text(align="left", baseline="top", fontSize=14 - place).encode(
        x=alt.value(0), y=alt.value(20 * place), text="said:N"
    )
