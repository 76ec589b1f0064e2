"""What is shown twice, what decisions rest on before and after, and what old or unopened reports cost in attention."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, SEQUENTIAL, WIDTH, nothing, titled

NAME_LENGTH = 40
# What a verdict means for attention, in the order in which the bars are stacked.
OUTCOMES = {
    "to keep": (ACCENT, ["keep", "fewer people", "less often"]),
    "not known": (NEUTRAL, ["cannot tell"]),
    "could stop": (FAILURE, ["merge", "retire"]),
}
# How long ago a report was opened or changed, whichever is longer: the days at most, and what the axis says.
AGES = {1: "up to a day", 7: "up to a week", 30: "up to a month", 90: "up to 90 days", None: "longer"}


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


def staleness_chart(reports: pl.DataFrame) -> Any:
    """What reading all reports takes, by how long ago they were opened or changed, and by what becomes of them."""
    measured = reports.with_columns(days=pl.max_horizontal("idle_days", "stale_days"))
    measured = measured.drop_nulls(["days", "minutes"]).filter(pl.col("minutes") > 0)
    if measured.is_empty():
        return nothing("What old reports cost needs words, deliveries, and openings or refreshes.")
    age = pl.coalesce(pl.when(pl.col("days") <= most).then(pl.lit(word)) for most, word in AGES.items() if most)
    outcome = {verdict: word for word, (_, verdicts) in OUTCOMES.items() for verdict in verdicts}
    shown = (
        measured.with_columns(age=age.fill_null(AGES[None]), outcome=pl.col("verdict").replace_strict(outcome))
        .group_by("age", "outcome")
        .agg(hours=pl.col("minutes").sum() / 60, reports=pl.len())
        .with_columns(order=pl.col("outcome").replace_strict(list(OUTCOMES), range(len(OUTCOMES))))
        .sort("age", "order")
    )
    kinds = [word for word in OUTCOMES if word in shown["outcome"]]
    drawn = (
        alt.Chart(shown)
        .mark_bar(height={"band": 0.7})
        .encode(
            x=alt.X("hours:Q", title="hours to read all that was sent"),
            y=alt.Y("age:N", sort=list(AGES.values()), title=None).scale(domain=list(AGES.values())),
            color=alt.Color("outcome:N")
            .scale(domain=kinds, range=[OUTCOMES[kind][0] for kind in kinds])
            .legend(title=None, orient="top"),
            order=alt.Order("order:Q"),
            tooltip=["age:N", "outcome:N", "reports:Q", alt.Tooltip("hours:Q", format=",.1f")],
        )
        .properties(width=WIDTH, height=alt.Step(30))
    )
    old = measured.filter(pl.col("days") > 7)
    stopping = measured.filter(pl.col("verdict").is_in(OUTCOMES["could stop"][1]))["minutes"].sum()
    return titled(
        drawn,
        f"{stopping / measured['minutes'].sum():.0%} of the reading is for reports that could stop; "
        f"{old.height} of {measured.height} lie older than a week",
        f"By how long ago they were opened or changed, the longer; {measured.height} reports of known length. "
        "One that nobody opened counts from its first delivery",
    )
