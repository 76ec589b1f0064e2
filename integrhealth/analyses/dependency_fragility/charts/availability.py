"""How often each system did its work, how often each capability came through, and what its parts take from it."""

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.findings import written
from integrhealth.language.thresholds import FALLBACK_FRESH_DAYS, PROMISED_AVAILABILITY
from integrhealth.language.wording import exact_percent

# Room beside the intervals for what each row says.
BESIDE = 190
# The parts of a capability that a chart shows.
MOST_PARTS = 3
NOUNS = {"systems": "system", "capabilities": "capability"}


# What is lost at a gridline; halves of a power of ten as well while the scale has room for them.
LOST = (0.9, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 5e-3, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)


def system_availability_chart(systems: pl.DataFrame, *, most: int = 20) -> alt.LayerChart | alt.Chart:
    """How often each system was up, with intervals: `systems` (system, availability, low, high, ended, own_errors)."""
    rated = systems.drop_nulls("availability").sort("availability", "system")
    if rated.is_empty():
        return nothing("There is no availability to draw: no system has ended enough messages.")
    worst = rated.row(0, named=True)
    title = (
        f"{worst['system']} fails most often by itself" if worst["availability"] else f"{worst['system']} is never up"
    )
    if not rated["own_errors"].sum():
        title = "No system failed by itself"
    subtitle = f"availability and 95% interval, {_first_of(rated, most, 'systems')}, {rated['ended'].sum():,} messages"
    shown = rated.head(most).select(
        "availability",
        "low",
        "high",
        subject="system",
        n="ended",
        mark=pl.when("single_point").then(pl.lit("single point")).otherwise(pl.lit("other system")),
        marked=pl.col("single_point").fill_null(False),
        beside=_counted(pl.col("ended")),
    )
    return titled(_availability(shown), title, f"{subtitle}; hollow: no error seen")


def capability_chart(capabilities: pl.DataFrame, *, most: int = 20) -> alt.LayerChart | alt.Chart:
    """How often each capability came through, with intervals, and the system that it hangs on, if there is one.

    Where that rests on a fallback tested more than 90 days ago, its age is told.
    """
    seen = pl.col("completed") + pl.col("lost") + pl.col("undecided")
    rated = capabilities.drop_nulls("came_through").sort("came_through", "capability")
    if rated.is_empty():
        return nothing("There is no availability to draw: no capability was begun by enough traces.")
    title = _capability_title(rated.filter("fragile"), rated.height)
    subtitle = f"share of traces that came through and 95% interval, {_first_of(rated, most, 'capabilities')}"
    hangs = pl.when("fragile").then(pl.format("hangs on {}, ", pl.col("cut").list.first())).otherwise(pl.lit(""))
    old = pl.col("oldest_test_days") > FALLBACK_FRESH_DAYS
    rests = pl.when(old).then(pl.format("test {} days old, ", "oldest_test_days")).otherwise(pl.lit(""))
    shown = rated.head(most).select(
        availability="came_through",
        low="came_through_low",
        high="came_through_high",
        subject="capability",
        n=seen,
        mark=pl.when("fragile").then(pl.lit("hangs on one system")).otherwise(pl.lit("has another way")),
        marked=pl.col("fragile").fill_null(False),
        beside=pl.concat_str(hangs, rests, _counted(seen)),
    )
    return titled(_availability(shown), title, f"{subtitle}; hollow: none lost")


def weakest_parts_chart(
    capabilities: pl.DataFrame, parts: pl.DataFrame, *, most: int = 8
) -> alt.LayerChart | alt.Chart:
    """How often each capability gets through as its systems are up, and what its weakest parts take from that.

    `capabilities` and `parts` are the tables of these names. A part stands where the capability would stand if nothing
    else ever failed: the part farthest to the left takes the most.
    """
    rated = capabilities.drop_nulls("availability").sort("availability", "capability")
    if rated.is_empty():
        return nothing("There is no availability to compose: no message led from an entry to a goal often enough.")
    several = rated.height > 1
    whole = (
        rated.head(most)
        .with_row_index("place")
        .select(
            "place",
            "capability",
            "availability",
            "low",
            "high",
            subject="capability",
            n="traces",
            mark=pl.lit("the capability"),
            marked=pl.lit(True),
            beside=pl.concat_str(
                exact_percent(pl.col("availability")),
                pl.format("; {} came through", exact_percent(pl.col("came_through"))).fill_null(""),
            ),
        )
    )
    taking = parts.filter(pl.col("lost_share") > 0).sort("lost_share", "system", descending=[True, False])
    within = whole.select("place", "capability", "n")
    weakest = taking.group_by("capability", maintain_order=True).head(MOST_PARTS).join(within, on="capability")
    worth = pl.format(", worth {} an hour", _plain(pl.col("value_per_hour").round_sig_figs(3))).fill_null("")
    of = weakest.select(
        "place",
        "capability",
        availability=1 - pl.col("lost_share"),
        low=1 - pl.col("lost_high"),
        high=1 - pl.col("lost_low"),
        subject=pl.format("- {}, {}", "system", "capability") if several else pl.format("- {}", "system"),
        n="n",
        mark=pl.lit("one of its parts"),
        marked=pl.lit(False),
        beside=pl.concat_str(pl.lit("takes "), exact_percent(pl.col("lost_share")), worth),
    )
    shown = pl.concat([whole, of]).sort("place", "marked", descending=[False, True], maintain_order=True)
    title = f"{rated['capability'][0]} loses nothing at any system"
    worst = weakest.filter(pl.col("place") == 0)
    if worst.height:
        title = f"{rated['capability'][0]} loses most at {worst['system'][0]}"
    subtitle = f"availability composed of the systems and 95% interval, {_first_of(rated, most, 'capabilities')}"
    return titled(_availability(shown), title, f"{subtitle}, {rated['traces'].sum():,} traces; hollow: no error seen")


def _plain(number: pl.Expr) -> pl.Expr:
    return number.cast(pl.String).str.strip_suffix(".0")


def _counted(n: pl.Expr) -> pl.Expr:
    return pl.format("n = {}", written(n))


def _capability_title(hanging: pl.DataFrame, everyone: int) -> str:
    if hanging.is_empty():
        return "No capability hangs on one system"
    if hanging.height == 1:
        return f"{hanging['capability'][0]} hangs on {hanging['cut'][0][0]}"
    return f"{hanging.height} of {everyone} capabilities hang on one system"


def _first_of(frame: pl.DataFrame, most: int, noun: str) -> str:
    if frame.height > most:
        return f"the {most} lowest of {frame.height} {noun}"
    return f"{frame.height} {noun}" if frame.height > 1 else f"1 {NOUNS[noun]}"


def _marks(rows: pl.DataFrame) -> alt.Shape:
    words = rows.select("mark", "marked").unique().sort("marked", descending=True)
    shapes = words.select(pl.when("marked").then(pl.lit("diamond")).otherwise(pl.lit("circle"))).to_series()
    scale = alt.Scale(domain=words["mark"].to_list(), range=shapes.to_list())
    return alt.Shape("mark:N", scale=scale, legend=alt.Legend(title=None, orient="bottom"))


def _availability(shown: pl.DataFrame) -> alt.LayerChart:
    """Rows of subject, availability, low, high, n, mark, marked, beside on a scale of nines.

    From 90% to 99% is as far as from 99% to 99.9%. Perfection lies nowhere on such a scale: without an error the
    hollow mark stands at the end of the interval.
    """
    faultless = pl.col("availability") >= 1
    lost = shown.with_columns(
        lost=1 - pl.when(faultless).then("high").otherwise("availability"),
        most_lost=1 - pl.col("low"),
        least_lost=1 - pl.col("high"),
        faultless=faultless,
    )
    widest, finest = max(lost["most_lost"].max(), 0.02), min(lost["least_lost"].min(), 0.001)
    scale = alt.Scale(type="log", domain=[widest, finest], nice=False)
    label = "format(1 - datum.value, '.6~%')"
    nines = [part for part in LOST if finest <= part <= widest]
    apart = {"labelOverlap": "greedy", "labelSeparation": 8}
    quiet = {"gridOpacity": 0.5, "domain": False, "ticks": False}
    axis = alt.Axis(values=nines, labelExpr=label, title="availability", **apart, **quiet)
    y = alt.Y("subject:N", sort=None, title=None, axis=alt.Axis(domain=False, ticks=False, labelPadding=8))
    colour = alt.condition(alt.datum.marked, alt.value(ACCENT), alt.value(NEUTRAL))
    rates = [alt.Tooltip(f"{column}:Q", format=".4%") for column in ("availability", "low", "high")]
    said = ["subject:N", *rates, alt.Tooltip("n:Q", format=","), "mark:N"]
    base = alt.Chart(lost)
    interval = base.mark_rule(strokeWidth=2.5).encode(
        x=alt.X("most_lost:Q", scale=scale, axis=axis), x2="least_lost:Q", y=y, color=colour, tooltip=said
    )
    mark = {"y": y, "color": colour, "tooltip": said, "x": alt.X("lost:Q", scale=scale), "shape": _marks(lost)}
    seen = base.transform_filter(~alt.datum.faultless).mark_point(size=90, opacity=1, filled=True).encode(**mark)
    none = base.transform_filter(alt.datum.faultless).mark_point(size=70, opacity=1, strokeWidth=2).encode(**mark)
    beside = base.mark_text(align="left", fontSize=11, color=NEUTRAL).encode(
        x=alt.value(WIDTH - BESIDE + 12), y=y, text="beside:N"
    )
    promise = pl.DataFrame({"lost": [1 - PROMISED_AVAILABILITY], "said": [f"promised {PROMISED_AVAILABILITY:.1%}"]})
    at = alt.Chart(promise).encode(x=alt.X("lost:Q", scale=scale))
    line = at.mark_rule(strokeDash=[4, 4], color=NEUTRAL)
    words = at.mark_text(align="left", dx=4, dy=-7, fontSize=11, color=NEUTRAL).encode(y=alt.value(0), text="said:N")
    return alt.layer(line, words, interval, seen, none, beside).properties(width=WIDTH - BESIDE, height=alt.Step(26))
