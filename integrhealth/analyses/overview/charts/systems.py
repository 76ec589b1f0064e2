"""The map of the systems, each coloured by the worst that any report says of it."""

import altair as alt
import polars as pl

from integrhealth.charts.graph_layout import layered, neighbourhood
from integrhealth.charts.theme import NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.thresholds import FRONT_PAGE_SYSTEMS

# Colour and form say the same; the darker the worse, so that it prints in grey.
MARKS = {"critical": ("#8f3800", "diamond"), "warning": ("#E69F00", "triangle-up"), "nothing": ("#bcc6d0", "circle")}
# How wide a letter of a name is, and the longest name.
LETTER, LONGEST = 6.6, 24
# Where the main part of a page begins.
STAYS = "#ih-main"


def system_chart(lines: pl.DataFrame, systems: pl.DataFrame, *, pages: str = ".html") -> alt.LayerChart | alt.Chart:
    """Who sends to whom and how each system stands: `lines` as ``system_map`` gives it, `systems` as
    ``system_findings``.

    Columns from left to right are the order of the flow. Colour and form of a system are its worst finding; a click
    leads to it, in the file beside this one that ends in `pages`. Where not all fit, those around the worst are drawn.
    """
    if lines.is_empty():
        return nothing("No map: no message went from one system to another.")
    shown = neighbourhood(lines, systems["system"], systems=FRONT_PAGE_SYSTEMS)
    layout = layered(shown, width=WIDTH)
    places = layout.systems.join(systems, on="system", how="left").with_columns(
        pl.col("worst").fill_null("nothing"), label=_label(), link=_link(pages)
    )
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, WIDTH], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[layout.height, 0], nice=False))
    top = alt.Y("top:Q", axis=None)
    flow = alt.Chart(layout.lines.select("source", "target", "step", "x", "y")).mark_line(
        interpolate="monotone", color=NEUTRAL, opacity=0.45, strokeWidth=1.2
    )
    flow = flow.encode(x=x, y=y, detail=["source:N", "target:N"], order="step:O")
    heads = alt.Chart(layout.heads.select("backward", "x", "y")).mark_point(filled=True, size=45, opacity=0.8)
    heads = heads.encode(
        x=x,
        y=y,
        color=alt.value(NEUTRAL),
        shape=alt.Shape(
            "backward:N", scale=alt.Scale(domain=[False, True], range=["triangle-right", "triangle-left"]), legend=None
        ),
    )
    here = alt.Chart(places.select("system", "worst", "findings", "label", "link", "x", "y", "top", "bottom"))
    about = ["system:N", "worst:N", "findings:Q"]
    kinds = [kind for kind in MARKS if kind in set(places["worst"])]
    colours, forms = ([MARKS[kind][part] for kind in kinds] for part in (0, 1))
    legend = alt.Legend(title=None, orient="bottom", symbolSize=140)
    colour = alt.Color("worst:N", scale=alt.Scale(domain=kinds, range=colours))
    place = {"x": x, "href": "link:N", "tooltip": about}
    bars = here.mark_rule(strokeCap="round", strokeWidth=7)
    bars = bars.encode(y=top, y2="bottom:Q", color=colour.legend(None), **place)
    marks = here.mark_point(filled=True, size=240, opacity=1).encode(
        y=y,
        color=colour.legend(legend),
        shape=alt.Shape("worst:N", scale=alt.Scale(domain=kinds, range=forms), legend=legend),
        **place,
    )
    above = alt.expr("indexof(datum.label, '\\n') < 0 ? -12 : -26")
    names = here.mark_text(dy=above, fontSize=12, lineBreak="\n").encode(
        x=x, y=top, text="label:N", href="link:N", tooltip=about
    )
    drawn = alt.layer(flow, heads, bars, marks, names).resolve_scale(shape="independent", color="independent")
    return titled(drawn.properties(width=WIDTH, height=layout.height + 12), _title(systems), _subtitle(systems, places))


def _label() -> pl.Expr:
    """The name as far as there is room for it, in two lines where it needs them."""
    letters = (pl.col("room") / LETTER).floor().clip(4, LONGEST).cast(pl.Int64)
    name = pl.col("system").str.replace_all(r"\s+", " ")
    lines = name.str.splitn(" ", 2).struct
    wraps = pl.max_horizontal(lines[0].str.len_chars(), lines[1].str.len_chars()) <= letters
    last = (letters - 1) // 3
    cut = pl.format("{}…{}", name.str.head(letters - 1 - last), name.str.tail(last))
    label = pl.when(name.str.len_chars() <= letters).then(name)
    return label.when(wraps & name.str.contains(" ")).then(name.str.replace(" ", "\n")).otherwise(cut)


def _link(pages: str) -> pl.Expr:
    """The section of the worst finding, only the pages having an anchor per rule; without one the page stays."""
    rule = pl.format("#rule-{}", "rule") if pages == ".html" else pl.lit("")
    return pl.format("{}{}{}", "report", pl.lit(pages), rule).fill_null(STAYS)


def _title(systems: pl.DataFrame) -> str:
    worst = next((kind for kind in MARKS if kind in set(systems["worst"])), "nothing")
    if worst == "nothing":
        return "No system needs you"
    return f"{worst.capitalize()}: {systems['worst'].eq(worst).sum():,} of {systems.height:,} systems"


def _subtitle(systems: pl.DataFrame, places: pl.DataFrame) -> str:
    left_out = systems.height - places.height
    return "Worst finding each" + (f"; {left_out:,} left out" if left_out else "")
