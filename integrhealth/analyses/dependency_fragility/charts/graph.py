"""The dependency graph: who sends to whom, and what nothing leads around."""

import altair as alt
import polars as pl

from integrhealth.charts.graph_layout import layered, neighbourhood
from integrhealth.charts.theme import ACCENT, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.wording import joined

# More systems than this and no drawing of lines can be read; those around the riskiest are shown.
MOST_SYSTEMS = 30
# From calm to what went wrong; lightness falls all the way, so it prints in grey.
FAILURE_RANGE = ["#bcc6d0", "#e3a36b", "#D55E00", "#8f3800"]
LETTER = 6.6


def dependency_chart(
    edges: pl.DataFrame,
    systems: pl.DataFrame,
    capabilities: pl.DataFrame | None = None,
    *,
    levels: pl.DataFrame | None = None,
) -> alt.LayerChart | alt.Chart:
    """Who sends to whom: `edges`, `systems` and `capabilities` are the tables of these names.

    Columns from left to right are the order of the flow, which starts at the entry of the first capability; a line's
    width is its traffic, its colour the share of its messages that failed. A single point is a thick bar with a ring
    around its middle. Where not all systems fit, those around the riskiest are drawn. `levels` (system, level, a
    number) puts those of a higher level further right whatever the flow; systems without one stand on the level 0.
    """
    if edges.is_empty():
        return nothing("There is no dependency graph: no message went from one system to another.")
    shown = neighbourhood(edges, _riskiest(systems), systems=MOST_SYSTEMS)
    starts = [] if capabilities is None else capabilities["entry"].unique(maintain_order=True).to_list()
    layout = layered(shown, width=WIDTH, starts=starts, bands=_bands(shown, levels))
    lines = layout.lines.join(shown, on=["source", "target"])
    heads = layout.heads.join(shown, on=["source", "target"])
    described = systems.select("system", "single_point", "availability", "capabilities")
    places = (
        short_names(layout.systems)
        .join(described, on="system", how="left")
        .with_columns(pl.col("single_point").fill_null(False), needed_by=pl.col("capabilities").list.join("; "))
    )
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, WIDTH], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[layout.height, 0], nice=False))
    worst = max(0.01, shown["error_share"].max() or 0)
    share = alt.Color(
        "error_share:Q",
        scale=alt.Scale(domain=[0, worst / 3, 2 * worst / 3, worst], range=FAILURE_RANGE, interpolate="rgb"),
        legend=alt.Legend(title="Share that failed", format=".2~%", orient="bottom", tickCount=4),
    )
    most = max(1, shown["messages"].max())
    traffic = alt.StrokeWidth(
        "messages:Q",
        scale=alt.Scale(type="sqrt", domain=[0, most], range=[0.6, 8]),
        legend=alt.Legend(
            title="Messages",
            orient="bottom",
            symbolType="stroke",
            symbolSize=900,
            symbolStrokeColor=NEUTRAL,
            values=round_amounts(most),
            format=",d",
        ),
    )
    said = ["source:N", "target:N", alt.Tooltip("messages:Q", format=","), alt.Tooltip("error_share:Q", format=".2%")]
    along = {"x": x, "y": y, "detail": ["source:N", "target:N"], "order": "step:O", "strokeWidth": traffic}
    drawn = alt.Chart(lines)
    rated = drawn.transform_filter("isValid(datum.error_share)").mark_line(interpolate="monotone")
    unrated = drawn.transform_filter("!isValid(datum.error_share)").mark_line(
        interpolate="monotone", color=FAILURE_RANGE[0]
    )
    flow = [unrated.encode(**along, tooltip=said)]
    if shown["error_share"].count():
        flow.append(rated.encode(**along, tooltip=said, color=share))
    head = alt.Chart(heads).mark_point(filled=True, size=90, opacity=1, color=NEUTRAL)
    arrows = head.encode(
        x=x,
        y=y,
        shape=alt.Shape(
            "backward:N", scale=alt.Scale(domain=[False, True], range=["triangle-right", "triangle-left"]), legend=None
        ),
        tooltip=said,
    )
    about = ["system:N", "single_point:N", "needed_by:N", alt.Tooltip("availability:Q", format=".3%")]
    here = alt.Chart(places)
    colour = alt.condition(alt.datum.single_point, alt.value(ACCENT), alt.value(NEUTRAL))
    bars = here.mark_rule(strokeCap="round", strokeWidth=7).encode(
        x=x, y=alt.Y("top:Q", axis=None), y2="bottom:Q", color=colour, tooltip=about
    )
    single = here.transform_filter(alt.datum.single_point).transform_calculate(mark="'single point'")
    rings = single.mark_point(filled=False, size=420, strokeWidth=3, color=ACCENT, opacity=1).encode(
        x=x, y=y, shape=_single_point_shape(), tooltip=about
    )
    above = alt.expr("indexof(datum.label, '\\n') < 0 ? -12 : -26")
    names = here.mark_text(dy=above, fontSize=12, lineBreak="\n").encode(
        x=x, y=alt.Y("top:Q", axis=None), text="label:N", tooltip=about
    )
    chart = alt.layer(*flow, arrows, bars, rings, names).resolve_scale(shape="independent")
    chart = chart.properties(width=WIDTH, height=layout.height)
    return titled(chart, _dependency_title(systems), _dependency_subtitle(edges, shown))


def _riskiest(systems: pl.DataFrame) -> pl.Series:
    """Systems: single points first, then by what their errors cost, where that is known, then by what needs them."""
    needed = pl.col("capabilities").list.len()
    by = ["single_point", "value_per_hour", "importance", needed, "system"]
    return systems.sort(by, descending=[True, True, True, True, False], nulls_last=True)["system"]


def _bands(shown: pl.DataFrame, levels: pl.DataFrame | None) -> dict[str, int] | None:
    if levels is None:
        return None
    ends = pl.concat([shown["source"], shown["target"]]).unique().sort()
    return dict.fromkeys(ends, 0) | dict(
        levels.filter(pl.col("system").is_in(ends.implode())).select("system", "level").rows()
    )


def short_names(places: pl.DataFrame) -> pl.DataFrame:
    """`places` (system, room) plus label: the name as far as there is room for it.

    Where there is not, it takes two lines; where these are too long, the first and the last parts that most names
    share ("ts-", "-service") are left out, then the middle.
    """
    whole, letters = pl.col("system"), (pl.col("room") / LETTER).floor().clip(4, 24).cast(pl.Int64)
    core = pl.lit(_unshared(places["system"]))
    name = pl.when(whole.str.len_chars() <= letters).then(whole).otherwise(core)
    last = (letters - 1) * 2 // 5
    cut = pl.format("{}…{}", name.str.head(letters - 1 - last), name.str.tail(last))
    lines = whole.str.splitn(" ", 2).struct
    wraps = pl.max_horizontal(lines[0].str.len_chars(), lines[1].str.len_chars()) <= letters
    label = pl.when(name.str.len_chars() <= letters).then(name).when(wraps & whole.str.contains(" "))
    return places.with_columns(label=label.then(whole.str.replace(" ", "\n")).otherwise(cut))


def _unshared(names: pl.Series) -> pl.Series:
    """`names` without the first and the last parts that most of them share."""
    core = names
    while head := _shared(core, r"^\w+?[-_. ]"):
        core = core.str.strip_prefix(head)
    while tail := _shared(core, r"[-_. ][^-_. ]+$"):
        core = core.str.strip_suffix(tail)
    return names.zip_with(core == "", core)


def _shared(names: pl.Series, pattern: str) -> str:
    """The part of the names that `pattern` finds, when at least two thirds of them have the same; else nothing."""
    parts = names.str.extract(f"({pattern})").drop_nulls()
    common = parts.mode().sort().first() or ""
    return common if (parts == common).sum() * 3 >= len(names) * 2 else ""


def round_amounts(most: int) -> list[int]:
    """Three round numbers up to `most`, each about a quarter of the next, for a legend."""
    return sorted({max(1, int(float(f"{most / part:.0e}"))) for part in (1, 4, 16)})


def _single_point_shape() -> alt.Shape:
    legend = alt.Legend(title=None, orient="bottom", symbolStrokeColor=ACCENT, symbolStrokeWidth=3, symbolSize=200)
    return alt.Shape("mark:N", scale=alt.Scale(domain=["single point"], range=["circle"]), legend=legend)


def _dependency_title(systems: pl.DataFrame) -> str:
    needed = pl.col("capabilities").list.len()
    single = systems.filter("single_point").sort(needed, "system", descending=[True, False])["system"].to_list()
    if not single and systems["single_point"].null_count() == systems.height:
        return "Who calls whom; no way from an entry to a goal was seen"
    if not single:
        return "No system stands alone on the way to a goal"
    return f"Nothing leads around {joined(single, 3)}"


def _dependency_subtitle(edges: pl.DataFrame, shown: pl.DataFrame) -> str:
    everyone, drawn = (pl.concat([f["source"], f["target"]]).n_unique() for f in (edges, shown))
    cut = f"{drawn} systems around the riskiest, {everyone - drawn:,} left out"
    messages = shown["messages"].sum()
    traffic = f"{messages:,} messages" if messages else "no traffic seen"
    where = cut if drawn < everyone else f"{everyone} systems"
    return f"{where}; {shown.height} connections, {traffic}; the flow runs from left to right"
