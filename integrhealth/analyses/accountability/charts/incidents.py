"""Charts of incidents: who hands them to whom, where their days went, and what goes with having no owner."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, CATEGORIES, FAILURE, NEUTRAL, SEQUENTIAL, WIDTH, nothing, titled
from integrhealth.language.wording import counted, duration

NO_HANDOVERS = "Handovers need incident_events.team, the team that had the incident at each step."
NO_PHASES = "Where the days went needs incident_events.team and a state that says when an incident was resolved."
NO_WAYS = "No incident went through more than one team."
NO_EFFECT = "What goes with having no owner needs ten repaired incidents with an owner and ten without."
PHASES = ("unseen", "wait", "search", "fix", "confirm")
SAID = {
    "unseen": "until somebody saw it",
    "wait": "until a team had it",
    "search": "with teams that did not repair it",
    "fix": "with the team that repaired it",
    "confirm": "until it was closed",
}
PALE = "#c9ced6"
COLOURS = dict(zip(SAID.values(), (CATEGORIES[3], CATEGORIES[1], FAILURE, ACCENT, PALE), strict=True))
PARTS = {"search": FAILURE, "fix": ACCENT, "after the repair": PALE, "not repaired yet": CATEGORIES[1]}
WANDERING = ("search", "not repaired yet")
DAY_HOURS, DAY_MS = 24, 86_400_000
# Letters of a name beside or inside a mark.
LABEL = 90


def handover_matrix(handovers: pl.DataFrame, *, top: int = 12) -> Any:
    """Handovers between the `top` teams with the most of them, from the rows to the columns; returns in brackets."""
    if handovers.is_empty():
        return nothing(NO_HANDOVERS)
    teams = _busiest(handovers, top)
    shown = handovers.filter(pl.col("from_team").is_in(teams), pl.col("to_team").is_in(teams))
    said = pl.when(pl.col("returns") > 0).then(pl.format("{} ({})", "handovers", "returns"))
    rows = shown.with_columns(
        said=said.otherwise(pl.col("handovers").cast(pl.String)),
        dark=pl.col("handovers") > shown["handovers"].max() * 0.4,
    )
    x = alt.X("to_team:N", sort=teams, title=None).axis(labelAngle=-45, labelLimit=LABEL, orient="top")
    y = alt.Y("from_team:N", sort=teams, title=None).axis(labelLimit=LABEL)
    base = alt.Chart(rows).encode(x=x, y=y, tooltip=_of_handovers())
    cells = base.mark_rect().encode(
        color=alt.Color(
            "handovers:Q", title="handovers", scale=alt.Scale(scheme=SEQUENTIAL, reverse=True, domainMin=0)
        ).legend(orient="bottom", gradientLength=200)
    )
    words = base.mark_text(fontSize=10).encode(
        text="said:N", color=alt.condition("datum.dark", alt.value("#ffffff"), alt.value("#111111"))
    )
    return titled(
        (cells + words).properties(width=min(WIDTH - 60, 46 * len(teams)), height=28 * len(teams)),
        _returning(handovers),
        f"Handovers of incidents from the team of the row to the team of the column, returns to a team that had it in "
        f"brackets; {_of_all(handovers, shown, teams)}",
    )


def handover_flow(handovers: pl.DataFrame, *, top: int = 20) -> Any:
    """The `top` pairs of teams with the most handovers as lines from the one to the other, as wide as many."""
    if handovers.is_empty():
        return nothing(NO_HANDOVERS)
    shown = handovers.sort("handovers", "from_team", "to_team", descending=[True, False, False]).head(top)
    teams = _busiest(shown, 2 * top)
    ends = pl.concat(
        [
            shown.with_columns(team=pl.col("from_team"), side=pl.lit(SIDES[0])),
            shown.with_columns(team=pl.col("to_team"), side=pl.lit(SIDES[1])),
        ]
    ).with_columns(
        pair=pl.format("{} to {}", "from_team", "to_team"),
        kind=pl.when(2 * pl.col("returns") > pl.col("handovers")).then(pl.lit(BACK)).otherwise(pl.lit(ONWARD)),
    )
    y = alt.Y("team:N", sort=teams, title=None).axis(grid=False, domain=False, ticks=False, labelLimit=LABEL)
    x = alt.X("side:N", sort=list(SIDES), title=None, scale=alt.Scale(padding=0)).axis(
        orient="top", labelAngle=0, domain=False, ticks=False
    )
    colours = alt.Scale(domain=list(KINDS), range=list(KINDS.values()))
    lines = (
        alt.Chart(ends)
        .mark_line(opacity=0.65)
        .encode(
            x=x,
            y=y,
            detail="pair:N",
            strokeWidth=alt.StrokeWidth("handovers:Q", scale=alt.Scale(domainMin=0, range=[0.5, 14]), legend=None),
            color=alt.Color("kind:N", title=None, scale=colours).legend(orient="bottom", labelLimit=300),
            tooltip=_of_handovers(),
        )
    )
    receivers = alt.Chart(ends.filter(pl.col("side") == SIDES[1]).select("team", "side").unique(maintain_order=True))
    words = receivers.mark_text(align="left", dx=10, fontSize=12, limit=LABEL).encode(x=x, y=y, text="team:N")
    most = shown.row(0, named=True)
    return titled(
        (lines + words).properties(width=WIDTH - 220, height=24 * len(teams) + 20),
        f"{most['from_team']} hands most to {most['to_team']}: {counted(most['handovers'], 'incident')}",
        f"Handovers of incidents from team to team, wide where there are many; {_of_all(handovers, shown, teams)}",
    )


SIDES = ("hands over", "gets it")
ONWARD, BACK = "mostly to a team that had not had it", "mostly back to a team that had had it"
KINDS = {ONWARD: NEUTRAL, BACK: FAILURE}


def incident_days_chart(phases: pl.DataFrame) -> Any:
    """Where the days of the mean repaired incident went, phase by phase, for each group of incidents."""
    shown = phases.filter(pl.col("hours") > 0)
    if shown.is_empty():
        return nothing(NO_PHASES)
    order = {phase: place for place, phase in enumerate(PHASES)}
    rows = shown.with_columns(
        days=pl.col("mean_hours") / DAY_HOURS,
        said=pl.col("phase").replace_strict(SAID, return_dtype=pl.String),
        order=pl.col("phase").replace_strict(order, return_dtype=pl.Int64),
        label=pl.when(pl.col("by") == "priority").then(pl.format("priority {}", "group")).otherwise(pl.col("group"))
        + pl.format(" ({})", "incidents"),
    )
    labels = rows["label"].unique(maintain_order=True).to_list()
    present = [SAID[phase] for phase in PHASES if phase in rows["phase"]]
    bars = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            y=alt.Y("label:N", sort=labels, title=None).axis(domain=False, ticks=False),
            x=alt.X("days:Q", title="days of the mean incident", stack="zero"),
            color=alt.Color(
                "said:N", title=None, scale=alt.Scale(domain=present, range=[COLOURS[each] for each in present])
            ).legend(orient="bottom", columns=3, labelLimit=220),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("label:N", title="incidents"),
                alt.Tooltip("said:N", title="phase"),
                alt.Tooltip("days:Q", format=".2f", title="days, mean"),
                alt.Tooltip("median_hours:Q", format=".1f", title="hours, median"),
                alt.Tooltip("share:Q", format=".0%", title="share of detection to repair"),
            ],
        )
    )
    every = phases.filter(pl.col("by") == "all")
    searched = every.filter(pl.col("phase") == "search").row(0, named=True)
    return titled(
        bars.properties(width=WIDTH - 140, height=alt.Step(26)),
        f"{searched['share'] or 0:.0%} of the time from detection to repair, incidents were with teams that did not "
        "repair them",
        f"Days of the mean repaired incident by phase; n = {counted(searched['incidents'], 'incident')}, those of a "
        "group in brackets; of reopened ones the last repair counts",
    )


def wandering_chart(ways: pl.DataFrame) -> Any:
    """The way of the incidents with the most teams: a row each, a bar for each stay with a team, in days."""
    if ways.is_empty():
        return nothing(NO_WAYS)
    rows = ways.with_columns(end=pl.col("days_since_detection") + pl.col("days"), shown=pl.col("team").str.head(12))
    incidents = rows["incident"].unique(maintain_order=True).to_list()
    wide = rows.filter(pl.col("days") >= rows["end"].max() * 0.07)
    parts = [part for part in PARTS if part in rows["part"]]
    y = alt.Y("incident:N", sort=incidents, title=None).axis(domain=False, ticks=False, labelLimit=LABEL)
    bars = (
        alt.Chart(rows)
        .mark_bar(stroke="white", strokeWidth=1)
        .encode(
            y=y,
            x=alt.X("days_since_detection:Q", title="days since detection"),
            x2="end:Q",
            color=alt.Color(
                "part:N", title=None, scale=alt.Scale(domain=parts, range=[PARTS[each] for each in parts])
            ).legend(orient="bottom"),
            tooltip=[
                "incident:N",
                "integration:N",
                "team:N",
                alt.Tooltip("days:Q", format=".2f"),
                alt.Tooltip("part:N"),
                alt.Tooltip("since:T"),
            ],
        )
    )
    words = (
        alt.Chart(wide)
        .transform_calculate(middle="(datum.days_since_detection + datum.end) / 2")
        .mark_text(fontSize=10, color="#111111", limit=70)
        .encode(y=y, x="middle:Q", text="shown:N")
    )
    first = rows.row(0, named=True)
    lost = rows.filter(pl.col("incident") == first["incident"], pl.col("part").is_in(WANDERING))["days"].sum()
    return titled(
        (bars + words).properties(width=WIDTH - 60, height=alt.Step(28)),
        f"{first['incident']} wandered between {first['teams']} teams for {duration(lost * DAY_MS)}",
        f"Who had the incidents that were longest with teams that did not repair them, in days; "
        f"n = {counted(len(incidents), 'incident')}, with {counted(rows.height, 'team')} one after another",
    )


def owner_effect_chart(effect: pl.DataFrame) -> Any:
    """How many hours longer incidents without an owner are searched for and repaired, with the interval."""
    rows = effect.drop_nulls("extra_hours").with_columns(
        said=pl.col("measure").replace_strict({"search_hours": "search", "fix_hours": "repair"}, return_dtype=pl.String)
    )
    if rows.is_empty():
        return nothing(NO_EFFECT)
    said = [
        alt.Tooltip(f"{name}:Q", format=",.1f")
        for name in ("owned_median", "ownerless_median", "extra_hours", "low", "high")
    ]
    y = alt.Y("said:N", sort=["search", "repair"], title=None).axis(domain=False, ticks=False)
    x = alt.X("low:Q", title="hours longer without an owner")
    colour = alt.Color("said:N", scale=alt.Scale(domain=["search", "repair"], range=[ACCENT, NEUTRAL]), legend=None)
    base = alt.Chart(rows)
    even = alt.Chart(pl.DataFrame({"even": [0]})).mark_rule(color=NEUTRAL, strokeDash=[4, 4]).encode(x="even:Q")
    interval = base.mark_rule(strokeWidth=5, opacity=0.45).encode(y=y, x=x, x2="high:Q", color=colour, tooltip=said)
    mark = base.mark_point(filled=True, size=90, opacity=1).encode(y=y, x="extra_hours:Q", color=colour, tooltip=said)
    search = rows.filter(pl.col("measure") == "search_hours").row(0, named=True)
    held = "of the same priority" if search["priorities"] else "whatever their priority"
    even_enough = search["low"] <= 0 <= search["high"]
    longer = f"{abs(search['extra_hours']):.1f} h {'longer' if search['extra_hours'] >= 0 else 'shorter'}"
    return titled(
        (even + interval + mark).properties(width=WIDTH - 60, height=alt.Step(34)),
        f"{'No difference is seen: i' if even_enough else 'I'}ncidents without an owner are searched for {longer} "
        f"({search['low']:.1f} to {search['high']:.1f})",
        f"Shift in hours against incidents with an owner, {held}, with its 95% interval: an association; "
        f"n = {search['ownerless']:,} without and {search['owned']:,} with an owner",
    )


def _busiest(handovers: pl.DataFrame, top: int) -> list[str]:
    """The teams with the most handovers on either side, the most first."""
    sides = [handovers.select("handovers", team=side) for side in ("from_team", "to_team")]
    counts = pl.concat(sides).group_by("team").agg(pl.col("handovers").sum())
    return counts.sort("handovers", "team", descending=[True, False]).head(top)["team"].to_list()


def _of_handovers() -> list[Any]:
    counts = [alt.Tooltip(f"{name}:Q", format=",") for name in ("handovers", "returns", "incidents")]
    return ["from_team:N", "to_team:N", *counts, alt.Tooltip("lost_hours:Q", format=",.1f", title="hours lost there")]


def _returning(handovers: pl.DataFrame) -> str:
    given, back = handovers["handovers"].sum(), handovers["returns"].sum()
    return f"{back:,} of {given:,} handovers went back to a team that had had the incident"


def _of_all(handovers: pl.DataFrame, shown: pl.DataFrame, teams: list[str]) -> str:
    given = handovers["handovers"].sum()
    whole = pl.concat([handovers["from_team"], handovers["to_team"]]).n_unique()
    if shown.height == handovers.height:
        return f"n = {counted(given, 'handover')} between {whole:,} teams"
    return f"{shown['handovers'].sum():,} of n = {given:,} handovers, between {len(teams)} of {whole:,} teams"
