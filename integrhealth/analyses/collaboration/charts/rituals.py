"""Rituals on a calendar: a square per planned week, held with everybody, held without some, or skipped."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, WIDTH, nothing, titled

COMPLETE, INCOMPLETE, HELD, SKIPPED = "held complete", "held incomplete", "held", "skipped"
COLOURS = {COMPLETE: ACCENT, HELD: "#56B4E9", INCOMPLETE: "#E69F00", SKIPPED: FAILURE}
# Told apart in grey print as well.
MARKS = {COMPLETE: "●", HELD: "●", INCOMPLETE: "◐", SKIPPED: "○"}


def ritual_calendar(weeks: pl.DataFrame, *, top: int = 12) -> Any:
    """A row per ritual of `weeks` and a square per week for which it was planned, the most skipped first."""
    seen = weeks.filter(pl.col("recognised_by").is_not_null().any().over("ritual"))
    if seen.is_empty():
        return nothing("A calendar of rituals needs rituals in the catalog, and contacts that say what they are about.")
    order = seen.group_by("ritual").agg(held=pl.col("held").mean()).sort("held", "ritual")["ritual"].to_list()
    shown = seen.filter(pl.col("ritual").is_in(order[:top])).select(
        "ritual",
        "state",
        "planned_on",
        day=pl.col("planned_on").dt.strftime("%a %Y-%m-%d"),
        first=pl.col("planned_on").dt.truncate("1w"),
        middle=pl.col("planned_on").dt.truncate("1w").cast(pl.Datetime("ms")).dt.offset_by("84h"),
        last=pl.col("planned_on").dt.truncate("1w").dt.offset_by("7d"),
        absent=pl.col("missing").list.join(", ").replace("", "nobody"),
        moved=pl.when("moved").then(pl.lit("yes")).otherwise(pl.lit("no")),
        mark=pl.col("state").replace_strict(MARKS),
    )
    states = [state for state in COLOURS if state in set(shown["state"])]
    y = alt.Y("ritual:N", sort=order[:top], title=None, axis=alt.Axis(labelLimit=180))
    base = alt.Chart(shown).encode(y=y)
    bars = base.mark_bar(stroke="white", strokeWidth=1).encode(
        x=alt.X("first:T", title="week of the planned day", axis=alt.Axis(format="%d %b", grid=False)),
        x2="last:T",
        color=alt.Color(
            "state:N",
            scale=alt.Scale(domain=states, range=[COLOURS[state] for state in states]),
            legend=alt.Legend(title=None, orient="top"),
        ),
        tooltip=[
            alt.Tooltip("ritual:N", title="ritual"),
            alt.Tooltip("day:N", title="planned on"),
            alt.Tooltip("state:N", title="was"),
            alt.Tooltip("absent:N", title="missing"),
            alt.Tooltip("moved:N", title="on another day"),
        ],
    )
    marks = base.mark_text(fontSize=12).encode(
        x="middle:T",
        text="mark:N",
        color=alt.when(alt.datum.state == COMPLETE).then(alt.value("white")).otherwise(alt.value("black")),
    )
    left_out = f"; {len(order) - top} rituals held more often are not drawn" if len(order) > top else ""
    return titled(
        (bars + marks).properties(width=WIDTH - 130, height=alt.Step(34)),
        _title(seen),
        f"A square per planned week; held: a meeting of up to 25 people about it, complete: all its teams of five "
        f"people or more were there. Public holidays count as planned. n = {seen.height} weeks{left_out}",
    )


def _title(weeks: pl.DataFrame) -> str:
    counts = weeks.group_by("ritual").agg(
        held=pl.col("held").sum(), complete=pl.col("complete").sum(), planned=pl.len()
    )
    least = counts.sort(pl.col("held") / pl.col("planned"), "ritual").row(0, named=True)
    complete = f", with all its teams in {least['complete']}" if weeks["complete"].count() else ""
    return f"{least['ritual']} was held in {least['held']} of {least['planned']} planned weeks{complete}"
