"""Charts of contamination: which edges carried wrong values, and how long the worst ones stood where."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import (
    ACCENT,
    CATEGORIES,
    FAILURE,
    NEUTRAL,
    SEQUENTIAL,
    SUBTITLE_LETTERS,
    WIDTH,
    in_lines,
    nothing,
    titled,
)
from integrhealth.language.wording import duration, spoken_ms

# Minutes as people say them, where an axis has its marks, and how far apart they may stand on a linear one.
SPOKEN = (
    "datum.value < 60 ? datum.value + ' min' : datum.value < 1440 ? datum.value / 60 + ' h' : datum.value / 1440 + ' d'"
)
MINUTES = [0.1, 1, 5, 15, 60, 240, 1440, 4320, 14_400, 43_200]
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 240, 720, 1440)
NOTHING = "No wrong value was detected: nothing was corrected, turned down or stopped."


def contamination_map(edges: pl.DataFrame, systems: pl.DataFrame, *, top: int = 16) -> Any:
    """Wrong values carried as ok from one system to the next, the system where most stood first."""
    if edges.is_empty():
        return nothing("No wrong value left the system where it was entered." if systems.height else NOTHING)
    names = systems["system"].head(top)
    shown = edges.filter(pl.col("source").is_in(names.implode()) & pl.col("target").is_in(names.implode()))
    if shown.is_empty():
        shown = edges.head(top)
    worst, most = shown.row(0, named=True), systems.row(0, named=True)
    order = [name for name in systems["system"] if name in {*shown["source"], *shown["target"]}]
    base = alt.Chart(shown).encode(
        x=alt.X("target:N", title="to", sort=order).axis(labelAngle=-40),
        y=alt.Y("source:N", title="from", sort=order),
    )
    cells = base.mark_rect(stroke=NEUTRAL, strokeWidth=0.5).encode(
        color=alt.Color("entries:Q", title="wrong values").scale(scheme=SEQUENTIAL, domainMin=0),
        tooltip=[
            "source:N",
            "target:N",
            alt.Tooltip("entries:Q", format=",", title="wrong values carried"),
            alt.Tooltip("messages:Q", format=",", title="messages"),
        ],
    )
    dark = alt.datum.entries > worst["entries"] / 2
    counts = base.mark_text(fontSize=11).encode(
        text=alt.Text("entries:Q", format=","), color=alt.condition(dark, alt.value("black"), alt.value("white"))
    )
    return titled(
        (cells + counts).properties(width=WIDTH - 120, height=alt.Step(28)),
        f"{worst['source']} handed {_wrong_values(worst['entries'])} to {worst['target']}, with status ok",
        f"Wrong values that each edge carried before their detection; {most['system']} held most, {most['entries']:,}",
    )


def _wrong_values(count: int) -> str:
    return "one wrong value" if count == 1 else f"{count:,} wrong values"


def held_chart(systems: pl.DataFrame, *, top: int = 15) -> Any:
    """Median time for which each system held a wrong value, with its 95% interval, longest first."""
    shown = systems.drop_nulls("median_minutes").sort("median_minutes", "system", descending=[True, False]).head(top)
    if shown.is_empty():
        return nothing("Too few wrong values stood in any system to say how long they usually stay.")
    # A logarithm knows no zero: what stood for less than a second is drawn at one.
    minutes = pl.col("median_minutes", "low", "high").clip(lower_bound=1 / 60)
    time = spoken_ms(pl.col("median_minutes") * 60_000)
    base = alt.Chart(shown.select("system", "timed", minutes, time=time))
    y = alt.Y("system:N", sort=shown["system"].to_list(), title=None)
    x = alt.X("median_minutes:Q", title="time, logarithmic", scale=alt.Scale(type="log")).axis(
        values=MINUTES, labelExpr=SPOKEN, grid=False
    )
    worst = shown.row(0, named=True)
    colour = alt.condition(alt.datum.system == worst["system"], alt.value(FAILURE), alt.value(NEUTRAL))
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=x,
        y=y,
        color=colour,
        tooltip=[
            "system:N",
            alt.Tooltip("time:N", title="median time"),
            alt.Tooltip("timed:Q", format=",", title="wrong values"),
        ],
    )
    interval = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title="time, logarithmic"), x2="high:Q", y=y, color=colour
    )
    return titled(
        (interval + points).properties(width=WIDTH, height=alt.Step(26)),
        f"Half of the wrong values at {worst['system']} stood there longer than {_lasted(worst['median_minutes'])}",
        f"Median time from arrival to correction, else to the detection, with 95% interval; n from "
        f"{shown['timed'].min():,} to {shown['timed'].max():,} wrong values",
    )


def _lasted(minutes: float) -> str:
    """Minutes as a person says them."""
    return duration(minutes * 60_000)


def _stops(end: float) -> list[float]:
    """About five round times from nothing to the `end` of a strip, in minutes."""
    step = next((step for step in STEPS if end / step <= 6), 1440 * max(1, round(end / 1440 / 5)))
    return [step * number for number in range(int(end / step) + 1)]


def strips_chart(contamination: pl.DataFrame, exposures: pl.DataFrame) -> Any:
    """The worst wrong values, one strip each: systems in the order reached, and how long each held the value.

    `exposures`: the table ``contamination_exposures``, which says which entries to draw.
    """
    chosen = contamination.join(exposures.select("entry").unique(), on="entry", how="semi", maintain_order="left")
    if chosen.is_empty():
        return nothing(NOTHING)
    strips = [_strip(entry, exposures) for entry in chosen.iter_rows(named=True)]
    worst = chosen.row(0, named=True)
    minutes = worst["held_minutes"]
    detected = (
        ", and nobody has detected it" if minutes is None else f" until it was detected, after {_lasted(minutes)}"
    )
    return titled(
        alt.vconcat(*strips, spacing=18),
        f"One wrong value stood in {worst['systems']} systems{detected}",
        "The worst wrong values: bars are how long each system held it; the yellow line is its detection",
    )


def _strip(entry: dict[str, Any], exposures: pl.DataFrame) -> Any:
    rows = exposures.filter(pl.col("entry") == entry["entry"]).sort("place")
    times = {name: spoken_ms(pl.col(f"{name}_minutes") * 60_000) for name in ("from", "until")}
    minutes = ["from_minutes", "until_minutes", "detection_minutes"]
    base = alt.Chart(rows.select("system", "origin", *minutes, **times))
    y = alt.Y("system:N", sort=rows["system"].to_list(), title=None)
    end = rows.select(pl.max_horizontal("until_minutes", "detection_minutes").max()).item() or 1
    x = alt.X("from_minutes:Q", title="since entry", scale=alt.Scale(domain=[0, end], nice=False)).axis(
        values=_stops(end), labelExpr=SPOKEN, grid=False
    )
    bars = base.mark_bar(height={"band": 0.6}).encode(
        x=x,
        x2="until_minutes:Q",
        y=y,
        color=alt.condition(alt.datum.origin, alt.value(FAILURE), alt.value(ACCENT)),
        tooltip=[
            "system:N",
            alt.Tooltip("from:N", title="reached after"),
            alt.Tooltip("until:N", title="held until"),
        ],
    )
    detection = alt.Chart(rows.select("detection_minutes").head(1)).mark_rule(strokeWidth=3, color=CATEGORIES[1])
    label = [entry["object_type"], entry["object_id"], entry["element"] and f"({entry['element']})"]
    how = "not detected yet" if entry["detection"] is None else f"{entry['detection']} at {entry['detected_in']}"
    when = f"{entry['entered_at']:%Y-%m-%d %H:%M}"
    said = f"{' '.join(part for part in label if part)}, entered at {entry['origin']} {when} UTC, {how}"
    return (bars + detection.encode(x="detection_minutes:Q")).properties(
        width=WIDTH - 60,
        height=alt.Step(20),
        title=alt.TitleParams(in_lines(said, SUBTITLE_LETTERS), fontSize=12, fontWeight="normal", offset=6),
    )
