"""The coupling matrix: who fails together with whom, and how much work is saved while a system is down."""

import math

import altair as alt
import polars as pl

from integrhealth.charts.theme import NEUTRAL, WIDTH, nothing, titled

# More systems on a side and nobody reads the numbers in the cells; those coupled most are shown.
MOST_SYSTEMS = 16
# From less to more than by chance, over white: told apart by colour-blind readers; the ends are equally dark.
APART, TOGETHER = ["#0072B2", "#7fb8d8", "#f7f7f7"], ["#f0a573", "#D55E00", "#8f3800"]
# A ratio beyond these has the colour of the end: its interval is wide by then.
FARTHEST = 64


def coupling_chart(coupling: pl.DataFrame) -> alt.LayerChart | alt.Chart:
    """A cell per edge of `coupling`, the table of that name: colour is the odds ratio, text the grace.

    No text stands where fewer than three outages say what the source does; cells are grey where nothing says whether
    both fail together.
    """
    judged = coupling.filter(pl.col("odds_ratio").is_not_null() | pl.col("grace").is_not_null())
    if judged.is_empty():
        return nothing("There is no coupling to draw: too few systems failed, and none was down in three outages.")
    shown = _most_coupled(coupling)
    cells = shown.select(
        *("source", "target", "odds_ratio", "low", "high", "lift", "bins", "outages", "grace"),
        *("served", "deferred", "failed", "lost"),
        colour=pl.col("odds_ratio").clip(1 / FARTHEST, FARTHEST),
        said=_percent(pl.col("grace")).fill_null(""),
        dark=(pl.col("odds_ratio").log().abs() > math.log(12)).fill_null(False),
    )
    side = {"labelFontSize": 11, "domain": False, "ticks": False, "labelLimit": 150}
    columns, rows = (shown[end].unique().sort().to_list() for end in ("target", "source"))
    base = alt.Chart(cells).encode(
        x=alt.X("target:N", sort=columns, title=None).axis(**side, orient="top", labelAngle=-40),
        y=alt.Y("source:N", sort=rows, title=None).axis(**side),
        tooltip=[
            *("source:N", "target:N"),
            *(alt.Tooltip(f"{name}:Q", format=".3~g") for name in ("odds_ratio", "low", "high", "lift")),
            *(
                alt.Tooltip(f"{name}:Q", format=",")
                for name in ("bins", "outages", "served", "deferred", "failed", "lost")
            ),
            alt.Tooltip("grace:Q", format=".1%"),
        ],
    )
    scale = alt.Scale(
        type="log",
        domain=[1 / FARTHEST, 1 / 8, 1, 4, 16, FARTHEST],
        range=[*APART, *TOGETHER],
        interpolate="rgb",
    )
    legend = alt.Legend(
        title="odds ratio of failing together, 1 = by chance",
        orient="bottom",
        gradientLength=260,
        values=[1 / FARTHEST, 1 / 8, 1, 8, FARTHEST],
        labelExpr=f"datum.value < 1 ? '1/' + round(1/datum.value) : format(datum.value, 'd')"
        f" + (datum.value >= {FARTHEST} ? '+' : '')",
        titleLimit=300,
    )
    unknown = base.mark_rect(stroke=NEUTRAL, strokeWidth=0.5, color="#e3e6ea")
    squares = base.mark_rect(stroke=NEUTRAL, strokeWidth=0.5).encode(
        color=alt.Color("colour:Q", scale=scale, legend=legend)
    )
    words = base.mark_text(fontSize=11).encode(
        text="said:N", color=alt.condition(alt.datum.dark, alt.value("white"), alt.value("#1d2733"))
    )
    judged_edges, graceful = coupling["odds_ratio"].count(), coupling["grace"].count()
    subtitle = f"odds ratio within the hour of the week, {judged_edges} of {coupling.height} edges; " + (
        f"text: grace, the share of work saved while the needed system was down, {graceful} edges"
        if graceful
        else "no system was down three times, so nothing says what becomes of the work"
    )
    width = min(WIDTH - 150, 60 * len(columns))
    drawn = alt.layer(unknown, squares, words).properties(width=max(width, 180), height=alt.Step(26))
    return titled(drawn, _title(coupling), subtitle)


def _most_coupled(coupling: pl.DataFrame) -> pl.DataFrame:
    """The edges among the systems of the least grace and the largest odds ratios."""
    ranked = coupling.sort("grace", "low", "source", "target", descending=[False, True, False, False], nulls_last=True)
    ends = ranked.select(pl.concat_list("source", "target").alias("system")).explode("system")
    most = ends.unique(maintain_order=True).head(MOST_SYSTEMS)["system"].implode()
    return coupling.filter(pl.col("source").is_in(most), pl.col("target").is_in(most))


def _title(coupling: pl.DataFrame) -> str:
    if coupling["grace"].count():
        everyone = pl.sum_horizontal("served", "deferred", "failed", "lost")
        worst = (
            coupling.drop_nulls("grace")
            .sort("grace", everyone, "source", "target", descending=[False, True, False, False])
            .row(0, named=True)
        )
        return f"{worst['source']} saves {worst['grace']:.0%} of its work while {worst['target']} is down"
    together = coupling.filter(pl.col("low") > 1).sort("low", "source", "target", descending=[True, False, False])
    if together.is_empty():
        return "No two systems fail together more often than by chance"
    most = together.row(0, named=True)
    return f"{most['source']} and {most['target']} fail together most"


def _percent(share: pl.Expr) -> pl.Expr:
    return pl.format("{}%", (share * 100).round().cast(pl.Int64))
