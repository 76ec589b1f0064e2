"""What reading gets: minutes needed against spent, and what happens to each report."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, WIDTH, nothing, titled

# Read classes in the order of attention, light to loud: what was never read is what the chart speaks of.
CLASS_COLOURS = {"read": ACCENT, "skimmed": NEUTRAL, "unread": FAILURE}
MINUTES_COLOURS = {"needed_minutes": FAILURE, "spent_minutes": ACCENT}
NAME_LENGTH = 40


def minutes_chart(people: pl.DataFrame, *, top: int = 20) -> Any:
    """Minutes a day that reports need and get, a line per group of people who are alike, the widest gap first.

    Every person is a point: where the points of a line lie together they are alike, where they spread they differ.
    """
    measured = people.drop_nulls("needed_minutes")
    if measured.is_empty():
        return nothing("Minutes need deliveries and the words of each report.")
    groups = _groups(measured)
    shown = groups.head(top)
    points = measured.join(shown.select("group", "line"), on="group")
    long = points.unpivot(
        on=list(MINUTES_COLOURS),
        index=["line", "person", "reports_per_day", "flood_ratio"],
        variable_name="minutes",
        value_name="value",
    ).drop_nulls("value")
    labels = pl.concat(
        shown.select("line", minutes=pl.lit(kind), value=f"most_{kind}", label=kind) for kind in ("needed", "spent")
    )
    kinds = list(MINUTES_COLOURS.values())
    y = {
        "y": alt.Y("line:N", sort=shown["line"].to_list(), title=None).axis(labelLimit=260),
        "yOffset": alt.YOffset("minutes:N", sort=["needed", "spent"]),
    }
    # Room at the right for the words behind the last point.
    minutes = alt.Scale(domain=[0, 1.4 * (long["value"].max() or 1)], nice=False)
    drawn = (
        alt.Chart(long.with_columns(pl.col("minutes").str.strip_suffix("_minutes")))
        .mark_point(filled=True, size=70, opacity=0.7)
        .encode(
            x=alt.X("value:Q", title="minutes per day", scale=minutes),
            color=alt.Color(
                "minutes:N",
                scale=alt.Scale(domain=["needed", "spent"], range=kinds),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[
                "person:N",
                "minutes:N",
                alt.Tooltip("value:Q", format=".1f", title="minutes a day"),
                alt.Tooltip("reports_per_day:Q", format=".1f", title="reports a day"),
                alt.Tooltip("flood_ratio:Q", format=".1f", title="needed / spent"),
            ],
            **y,
        )
    )
    words = alt.Chart(labels.drop_nulls("label")).mark_text(align="left", dx=9, color=NEUTRAL, fontSize=12)
    return titled(
        (drawn + words.encode(x="value:Q", text="label:N", **y)).properties(width=WIDTH, height=alt.Step(18)),
        _headline(shown.row(0, named=True)),
        f"Mean of days with a delivery, {points.height} of {people.height} people, a point each; a line per group of "
        "people alike, widest gap first",
    )


def _groups(measured: pl.DataFrame) -> pl.DataFrame:
    """One row per group of people: what it needs and spends in the middle and from the least to the most, in words."""
    others = pl.len() - 1
    name = pl.col("person").first()
    needed, spent, ratio = pl.col("needed_minutes"), pl.col("spent_minutes"), pl.col("flood_ratio")
    times = pl.when(ratio.count() > 0).then(pl.format("; needed / spent {}", _span(ratio))).otherwise(pl.lit(""))
    return (
        measured.group_by("group", maintain_order=True)
        .agg(
            people=pl.len(),
            middle_needed=needed.median(),
            middle_spent=spent.median(),
            most_needed=needed.max(),
            most_spent=spent.max(),
            line=pl.when(others == 0).then(name).otherwise(pl.format("{} and {} alike", name, others)),
            needed=pl.format("needs {}", _span(needed)),
            spent=pl.when((spent == 0).all())
            .then(pl.lit("reads none"))
            .otherwise(pl.format("spends {}{}", _span(spent), times)),
        )
        .with_columns(spent=pl.when(pl.col("middle_spent").is_not_null()).then("spent"))
        .sort("group")
    )


def _span(number: pl.Expr) -> pl.Expr:
    """The least and the most in words, or the one number that both are."""
    least, most = (_rounded(end) for end in (number.min(), number.max()))
    return pl.when(least == most).then(least).otherwise(pl.format("{} to {}", least, most))


def _rounded(number: pl.Expr) -> pl.Expr:
    """A number with one digit after the point, or none when that is a zero."""
    return number.round(1).cast(pl.String).str.strip_suffix(".0")


def _headline(widest: dict[str, Any]) -> str:
    """Who has the widest gap, one or many, and how wide it is."""
    several = widest["people"] > 1
    who = f"{widest['people']} people need" if several else f"{widest['line'][:NAME_LENGTH]} needs"
    needed, spent = (
        None if minutes is None else f"{minutes:.1f}".removesuffix(".0")
        for minutes in (widest["middle_needed"], widest["middle_spent"])
    )
    spends = "" if spent is None else f" and {'spend' if several else 'spends'} {spent}"
    return f"{who} {needed} {'minute' if needed == '1' else 'minutes'} a day for reports{spends}"


def class_chart(reports: pl.DataFrame, *, top: int = 25) -> Any:
    """Share of each report's deliveries that were read, skimmed or not read; the most unread reports first."""
    tracked = reports.filter(pl.col("deliveries") > 0).drop_nulls(list(CLASS_COLOURS))
    if tracked.is_empty():
        return nothing("Whether reports are read needs deliveries and reads.")
    shown = tracked.head(top)
    counts = shown.select("report", "verdict", "deliveries", *CLASS_COLOURS).unpivot(
        on=list(CLASS_COLOURS),
        index=["report", "verdict", "deliveries"],
        variable_name="reading",
        value_name="count",
    )
    drawn = (
        alt.Chart(counts.with_columns(order=pl.col("reading").replace_strict(list(CLASS_COLOURS), [2, 1, 0])))
        .mark_bar(height={"band": 0.7})
        .encode(
            x=alt.X("count:Q", stack="normalize", title="share of deliveries").axis(format="%"),
            y=alt.Y("report:N", sort=shown["report"].to_list(), title=None),
            color=alt.Color(
                "reading:N",
                scale=alt.Scale(domain=list(CLASS_COLOURS)[::-1], range=list(CLASS_COLOURS.values())[::-1]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            order=alt.Order("order:Q"),
            tooltip=[
                "report:N",
                "reading:N",
                alt.Tooltip("count:Q", format=",", title="deliveries"),
                alt.Tooltip("deliveries:Q", format=",", title="of"),
                "verdict:N",
            ],
        )
        .properties(width=WIDTH, height=alt.Step(20))
    )
    unread, deliveries = tracked["unread"].sum(), tracked["deliveries"].sum()
    return titled(
        drawn,
        f"{unread:,} of {deliveries:,} delivered reports were not read",
        f"{shown.height} of {tracked.height} reports, most unread first. Read: up to 300 words per minute; skimmed: "
        "up to 1,000",
    )
