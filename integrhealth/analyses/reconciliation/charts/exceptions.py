"""How exceptions do beside the happy path, and which ways objects take."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, WIDTH, nothing, titled

# Told apart by shape as well as by colour.
VERDICTS = {
    "ready": (ACCENT, "circle"),
    "not ready": (FAILURE, "square"),
    "too few": (NEUTRAL, "triangle-up"),
    "never exercised": (NEUTRAL, "cross"),
}
LONGEST_VARIANT = 110
# Bars end there, so that the words beside them have room.
BARS = 380


def exception_chart(exceptions: pl.DataFrame) -> Any:
    """A point per exception: the share of its cases that fail for good, with its interval, and that of the happy path.

    `exceptions` is the table of that name. One without a share says why in its place.
    """
    if exceptions.is_empty():
        return nothing("Exceptions need messages or documents about orders, deliveries or invoices.")
    rows = exceptions.with_columns(
        said=pl.when(pl.col("failure_share").is_null()).then(
            pl.when(pl.col("cases") == 0)
            .then("verdict")
            .otherwise(pl.format("{} cases, outcome known of {}", "cases", "judged"))
        ),
    )
    y = alt.Y("type:N", sort=rows["type"].to_list(), title=None).axis(labelLimit=160)
    share = {"scale": alt.Scale(domainMin=0, nice=True), "title": "cases that fail for good"}
    base = alt.Chart(rows).encode(y=y)
    rated = base.transform_filter("isValid(datum.failure_share)")
    verdict = {"domain": list(VERDICTS)}
    colour = alt.Color(
        "verdict:N",
        scale=alt.Scale(**verdict, range=[each[0] for each in VERDICTS.values()]),
        legend=alt.Legend(title=None, orient="top"),
    )
    shape = alt.Shape("verdict:N", scale=alt.Scale(**verdict, range=[each[1] for each in VERDICTS.values()]))
    details = [
        *("type:N", "verdict:N", "why:N"),
        *(alt.Tooltip(f"{name}:Q", format=",") for name in ("cases", "judged", "failed", "happy_cases")),
        *(alt.Tooltip(f"{name}:Q", format=".1%") for name in ("failure_share", "gap", "low", "high")),
        alt.Tooltip("straight_through:Q", format=".1%"),
    ]
    interval = rated.mark_rule(strokeWidth=2).encode(
        x=alt.X("failure_low:Q", **share).axis(format="%"), x2="failure_high:Q", color=colour
    )
    point = rated.mark_point(filled=True, size=110, opacity=1).encode(
        x=alt.X("failure_share:Q"), color=colour, shape=shape, tooltip=details
    )
    happy = (
        rated.transform_filter("isValid(datum.happy_failure_share)")
        .mark_tick(thickness=2, size=22, color=NEUTRAL)
        .encode(x="happy_failure_share:Q", tooltip=details)
    )
    words = (
        base.transform_filter("isValid(datum.said)")
        .mark_text(align="left", dx=8, color=NEUTRAL, fontSize=12)
        .encode(x=alt.datum(0), text="said:N", tooltip=details)
    )
    subtitle = (
        f"share of the cases, point with 95% interval; bar: objects without an exception (happy path); "
        f"n = {exceptions['judged'].sum():,} cases with a known outcome"
    )
    drawn = alt.layer(interval, happy, point, words).properties(width=WIDTH, height=alt.Step(34))
    return titled(drawn, _title(exceptions), subtitle)


def _title(exceptions: pl.DataFrame) -> str:
    ready = exceptions.filter(pl.col("verdict") == "ready").height
    said = f"{ready} of {exceptions.height} exceptions are ready"
    bad = exceptions.filter(pl.col("verdict") == "not ready").sort("gap", "type", descending=[True, False])
    if bad.height:
        worst = bad.row(0, named=True)
        return f"{said}; {worst['failure_share']:.0%} of {worst['judged']:,} {worst['type']}s fail for good"
    unseen = exceptions.filter(pl.col("verdict") == "never exercised")["type"].to_list()
    return f"{said}; never exercised: {'s, '.join(unseen)}s" if unseen else said


def variant_chart(variants: pl.DataFrame, object_type: str | None = None) -> Any:
    """A bar per way of one object type, the most frequent first, with the share that it and those before cover.

    `variants` is the table of that name; without an `object_type` that of the most objects among those that take
    several ways.
    """
    several = variants.sort(pl.col("variants") > 1, "objects", "object_type", descending=[True, True, False])
    chosen = object_type if object_type is not None else several["object_type"].first()
    rows = variants.filter(pl.col("object_type").eq_missing(pl.lit(chosen)))
    if rows.is_empty():
        return nothing("There are no ways to draw: messages with object_type and object_id show them.")
    shown = rows.select(
        *("rank", "variant", "steps", "cases", "share", "coverage", "failed_share", "median_hours"),
        name=pl.when(pl.col("variant").str.len_chars() > LONGEST_VARIANT)
        .then(pl.format("{}…", pl.col("variant").str.slice(0, LONGEST_VARIANT - 1)))
        .otherwise("variant"),
        said=pl.format("{}% of objects, {}% with those above", _percent("share"), _percent("coverage")),
    )
    y = alt.Y("rank:O", title="way").axis(labelAngle=0, ticks=False, domain=False)
    x = alt.X("share:Q", title="share of objects", scale=alt.Scale(domain=[0, 1], range=[0, BARS])).axis(
        format="%", grid=False, tickCount=5
    )
    details = [
        *("variant:N", "steps:Q", alt.Tooltip("cases:Q", format=",")),
        *(alt.Tooltip(f"{name}:Q", format=".1%") for name in ("share", "coverage", "failed_share")),
        alt.Tooltip("median_hours:Q", format=".3~g"),
    ]
    base = alt.Chart(shown).encode(y=y)
    bars = base.mark_bar(color=ACCENT, height=10, yOffset=8).encode(x=x, tooltip=details)
    names = base.mark_text(align="left", dy=-8, fontSize=11).encode(x=alt.value(2), text="name:N")
    ends = base.mark_text(align="left", dx=6, dy=8, fontSize=11, color=NEUTRAL).encode(x="share:Q", text="said:N")
    first = rows.row(0, named=True)
    title = f"{first['share']:.0%} of {chosen} objects take the most frequent of {first['variants']:,} ways"
    subtitle = (
        f"ways with their steps in order of time, retries left out; the {rows.height} shown cover "
        f"{rows['coverage'].max():.0%}; n = {first['objects']:,} objects"
    )
    return titled(alt.layer(bars, names, ends).properties(width=WIDTH, height=alt.Step(40)), title, subtitle)


def _percent(share: str) -> pl.Expr:
    return (pl.col(share) * 100).round_sig_figs(3).cast(pl.String).str.strip_suffix(".0")
