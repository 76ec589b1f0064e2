"""Contact around a go-live, week by week: the pair of teams that it connects beside all pairs without one."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, WIDTH, nothing, titled

KEYS = ["integration", "team_a", "team_b", "go_live"]
PAIR, EXPECTED = "the two teams", "as all others"
# Below, a week is one of twenty that so many contacts differ by chance (a Poisson count, read as normal).
Z = 1.96


def golive_contact(golive: pl.DataFrame, weeks: pl.DataFrame, *, top: int = 4) -> Any:
    """A panel per go-live of `golive` that could be judged, the largest loss first, from its `weeks`.

    The band is what the pair would have had, had its contact moved as that of all pairs without a go-live, give or take
    what chance makes of so few contacts.
    """
    judged = golive.drop_nulls("effect").head(top)
    if judged.is_empty():
        return nothing(
            "Contact around a go-live needs its date, three weeks of contacts on each side, and three pairs."
        )
    names = judged.select(*KEYS, "effect", panel=_panel())
    shown = _expected(weeks.join(names, on=KEYS)).sort("week")
    return titled(
        _panels(shown, names["panel"].to_list()),
        _title(golive),
        f"Contacts per week, by week from the go-live. Band: had the two teams' contact moved as that of all pairs of "
        f"teams without a go-live (95% of weeks). Association, not cause; n = {shown['contacts'].sum():,} contacts, "
        f"{judged.height} of {golive.height} go-lives. No team of fewer than five people",
    )


def _panel() -> pl.Expr:
    change = (pl.col("effect") * 100).round(0).cast(pl.Int64)
    sign = pl.when(change > 0).then(pl.lit("+")).otherwise(pl.lit(""))
    return pl.format("{}: {} and {}, {}{}%", "integration", "team_a", "team_b", sign, change)


def _expected(weeks: pl.DataFrame) -> pl.DataFrame:
    """`weeks` with what the pair would have had in each: its part of all contact before the go-live, kept."""
    early = pl.col("week") < 0
    part = pl.col("contacts").filter(early).sum() / pl.col("others").filter(early).sum()
    # Nobody else met before: there is no part to keep.
    expected = pl.when(part.is_finite()).then(part * pl.col("others")).over(KEYS)
    margin = Z * pl.col("expected").sqrt()
    return weeks.with_columns(expected=expected).with_columns(
        low=(pl.col("expected") - margin).clip(0), high=pl.col("expected") + margin
    )


def _panels(shown: pl.DataFrame, panels: list[str]) -> Any:
    x = alt.X("week:Q", title="weeks from the go-live", axis=alt.Axis(tickMinStep=2, grid=False))
    colour = alt.Color(
        "line:N",
        scale=alt.Scale(domain=[PAIR, EXPECTED], range=[ACCENT, NEUTRAL]),
        legend=alt.Legend(title=None, orient="top"),
    )
    tooltip = [
        alt.Tooltip("week:Q", title="week"),
        alt.Tooltip("contacts:Q", title="contacts"),
        alt.Tooltip("expected:Q", format=".1f", title="as all others"),
        alt.Tooltip("others:Q", title="contacts of all others"),
    ]
    base = alt.Chart(shown)
    band = base.mark_area(color=NEUTRAL, opacity=0.25).encode(x=x, y="low:Q", y2="high:Q")
    expected = base.transform_calculate(line=f"'{EXPECTED}'").mark_line(strokeDash=[5, 3], strokeWidth=1.5)
    pair = base.transform_calculate(line=f"'{PAIR}'").mark_line(point=alt.OverlayMarkDef(size=40), strokeWidth=2)
    lines = [
        expected.encode(x=x, y="expected:Q", color=colour),
        pair.encode(x=x, y=alt.Y("contacts:Q", title="contacts per week"), color=colour, tooltip=tooltip),
    ]
    live = base.mark_rule(color=FAILURE, strokeWidth=1.5).encode(x=alt.datum(-0.5))
    layered = alt.layer(band, live, *lines).properties(width=(WIDTH - 60) // min(len(panels), 2), height=150)
    columns = min(len(panels), 2)
    header = alt.Header(
        title=None, labelFontSize=12, labelFontWeight=600, labelAnchor="start", labelLimit=300, labelPadding=20
    )
    return layered.facet(facet=alt.Facet("panel:N", sort=panels, header=header), columns=columns)


def _title(golive: pl.DataFrame) -> str:
    judged = golive.drop_nulls("effect")
    fell = judged.filter(pl.col("verdict") == "fell")
    if fell.is_empty():
        return f"No pair of teams certainly talks less since one of {judged.height} go-lives"
    first = fell.row(0, named=True)
    teams = f"{first['team_a']} and {first['team_b']}"
    return f"{teams} talk {-first['effect']:.0%} less since {first['integration']} went live"
