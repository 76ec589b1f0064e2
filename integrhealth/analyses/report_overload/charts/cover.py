"""What is shown twice, what decisions rest on before and after, and what old or unopened reports cost in attention."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, SEQUENTIAL, WIDTH, nothing, titled

NAME_LENGTH = 40
VERDICT_COLOURS = {
    "keep": ACCENT,
    "fewer people": ACCENT,
    "less often": ACCENT,
    "merge": NEUTRAL,
    "retire": FAILURE,
    "cannot tell": NEUTRAL,
}
VERDICT_SHAPES = {
    "keep": "circle",
    "fewer people": "triangle-up",
    "less often": "triangle-down",
    "merge": "square",
    "retire": "cross",
    "cannot tell": "diamond",
}


def overlap_heat_map(overlaps: pl.DataFrame, *, top: int = 48) -> Any:
    """Which reports show the same: every pair that shares half or more, the largest groups side by side."""
    if overlaps.is_empty():
        return nothing("No two reports share half of the fields and metrics they show.")
    swapped = {"report": "other", "other": "report", "group": "other_group", "other_group": "group"}
    pairs = pl.concat([overlaps, overlaps.rename(swapped).select(overlaps.columns)])
    order = pairs.select("group", "report").unique().sort("group", "report")["report"].head(top).to_list()
    among = pl.col("report").is_in(order) & pl.col("other").is_in(order)
    shown = (
        pairs.filter(among).select("report", "other", "overlap", "shared", "kind", "differs").sort("report", "other")
    )
    axis = alt.Scale(domain=order)
    drawn = (
        alt.Chart(shown)
        .mark_rect()
        .encode(
            x=alt.X("other:N", title=None, scale=axis).axis(labels=False, ticks=False),
            y=alt.Y("report:N", title=None, scale=axis),
            color=alt.Color("overlap:Q", title="overlap").scale(scheme=SEQUENTIAL, domain=[0.5, 1], reverse=True),
            tooltip=[
                "report:N",
                "other:N",
                alt.Tooltip("overlap:Q", format=".0%"),
                alt.Tooltip("shared:Q", title="shared fields and metrics"),
                "kind:N",
                alt.Tooltip("differs:N", title="differs in"),
            ],
        )
        .properties(width=alt.Step(12), height=alt.Step(12))
    )
    alike = pairs.filter(pl.col("kind") == "near-duplicate")
    reports, groups = alike["report"].n_unique(), alike["group"].n_unique()
    number = pairs["report"].n_unique()
    return titled(
        drawn,
        f"{reports} reports are near-duplicates of another, in {groups} group{'' if groups == 1 else 's'}"
        if groups
        else f"No near-duplicates; {number} reports share half or more with another",
        f"Share of fields and metrics that two reports have in common, from half; {len(order)} of {number} reports, "
        "the same across as down",
    )


def coverage_chart(coverage: pl.DataFrame, *, top: int = 20) -> Any:
    """How many reports serve each decision today and in the plan; decisions with the same numbers are one line."""
    if coverage.is_empty():
        return nothing("What serves which decision needs deliveries, and decisions in the inventory or the catalog.")
    further = pl.col("decisions") - 1
    more = pl.when(further > 0).then(pl.format(" and {} more", further)).otherwise(pl.lit(""))
    alike = (
        coverage.sort("decision")
        .group_by("reports", "reports_after", maintain_order=True)
        .agg(pl.col("decision").first(), decisions=pl.len(), people=pl.col("people").max())
        .with_columns(label=pl.concat_str(pl.col("decision").str.slice(0, NAME_LENGTH), more))
        .sort("reports", "reports_after", "label", descending=[True, True, False])
    )
    shown = alike.head(top)
    y = alt.Y("label:N", sort=shown["label"].to_list(), title=None).axis(labelLimit=320)
    scale = alt.Scale(domain=["today", "in the plan"], range=[NEUTRAL, ACCENT])
    points = shown.rename({"reports": "today", "reports_after": "in the plan"}).unpivot(
        on=["today", "in the plan"], index=["label", "decisions", "people"], variable_name="time", value_name="count"
    )
    tooltip = [
        alt.Tooltip("label:N", title="decision"),
        "time:N",
        alt.Tooltip("count:Q", title="reports that serve it"),
        alt.Tooltip("decisions:Q", title="decisions alike"),
        alt.Tooltip("people:Q", title="people, at most"),
    ]
    count = alt.X("count:Q", title="reports that serve the decision", scale=alt.Scale(domainMin=0)).axis(tickMinStep=1)
    rules = (
        alt.Chart(shown)
        .mark_rule(strokeWidth=3, color=NEUTRAL, opacity=0.4)
        .encode(x="reports:Q", x2="reports_after:Q", y=y)
    )
    dots = (
        alt.Chart(points)
        .mark_point(filled=True, size=90, opacity=1)
        .encode(x=count, y=y, color=alt.Color("time:N", scale=scale).legend(title=None, orient="top"), tooltip=tooltip)
    )
    before, after = coverage["reports"].sum(), coverage["reports_after"].sum()
    lost = coverage["uncovered"].sum()
    said = "every decision stays served" if lost == 0 else f"{lost} decisions and people would be served less often"
    return titled(
        (rules + dots).properties(width=WIDTH, height=alt.Step(24)),
        f"{_times(before / coverage.height)} a decision today, {_times(after / coverage.height)} in the plan: {said}",
        f"Means over {coverage.height} decisions; {shown.height} of {alike.height} lines, decisions with the same "
        "numbers are one",
    )


def _times(mean: float) -> str:
    number = f"{mean:.1f}".removesuffix(".0")
    return f"{number} report{'' if number == '1' else 's'}"


def staleness_chart(reports: pl.DataFrame, *, top: int = 150) -> Any:
    """Days since anybody opened a report, or since its content changed, against the time that reading it all takes."""
    days = pl.max_horizontal("idle_days", "stale_days")
    measured = reports.with_columns(days=days).drop_nulls(["days", "minutes"]).filter(pl.col("minutes") > 0)
    if measured.is_empty():
        return nothing("What old reports cost needs words, deliveries, and openings or refreshes.")
    shown = measured.sort("minutes", "report", descending=[True, False]).head(top)
    kinds = [word for word in VERDICT_COLOURS if word in shown["verdict"].unique().to_list()]
    old = measured.filter(pl.col("days") >= 7)
    drawn = (
        alt.Chart(
            shown.select("report", "verdict", "why", "days", "minutes", "idle_days", "stale_days").with_columns(
                hours=pl.col("minutes") / 60
            )
        )
        .mark_point(filled=True, size=80, opacity=0.85)
        .encode(
            x=alt.X("days:Q", title="days since it was opened or changed, the longer").scale(domainMin=0),
            y=alt.Y("hours:Q", title="hours to read all that was sent").scale(domainMin=0),
            color=alt.Color("verdict:N")
            .scale(domain=kinds, range=[VERDICT_COLOURS[kind] for kind in kinds])
            .legend(title=None, orient="top"),
            shape=alt.Shape("verdict:N").scale(domain=kinds, range=[VERDICT_SHAPES[kind] for kind in kinds]),
            tooltip=[
                "report:N",
                "verdict:N",
                "why:N",
                alt.Tooltip("hours:Q", format=".1f"),
                alt.Tooltip("idle_days:Q", title="days since opened"),
                alt.Tooltip("stale_days:Q", format=".0f", title="days since changed"),
            ],
        )
        .properties(width=WIDTH, height=300)
    )
    share = old["minutes"].sum() / measured["minutes"].sum()
    return titled(
        drawn,
        f"{old.height} of {measured.height} reports, unopened or unchanged for a week, ask for {share:.0%} of the time",
        f"{shown.height} of {measured.height} reports of known length; one never opened counts from its first delivery",
    )
