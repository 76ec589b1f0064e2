"""Who should talk against who does, and what flows between teams that do not."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, WIDTH, nothing, titled

TALK, SILENT, UNJUDGED, UNNEEDED = (
    "need to and do",
    "need to and do not",
    "need to, nobody can tell",
    "in contact without need",
)
COLOURS = {SILENT: FAILURE, TALK: ACCENT, UNJUDGED: "#E69F00", UNNEEDED: NEUTRAL}
MOST_TEAMS = 20


def need_matrix(pairs: pl.DataFrame, *, top: int = MOST_TEAMS) -> Any:
    """A square per pair of teams of `pairs`: whether they need to talk, and do; the teams with most of it first."""
    if pairs.is_empty():
        return nothing("Who should talk and who does needs contacts, and teams of five people with their systems.")
    state = (
        pl.when(pl.col("needed") & pl.col("congruent").is_null())
        .then(pl.lit(UNJUDGED))
        .when("congruent")
        .then(pl.lit(TALK))
        .when("needed")
        .then(pl.lit(SILENT))
        .otherwise(pl.lit(UNNEEDED))
    )
    judged = pairs.with_columns(state=state)
    spoken = pl.col("contacts") - pl.col("tickets")
    teams = _teams(judged, pl.col("needed").cast(pl.Float64) * 1e9 + pl.col("contacts"), top)
    shown = _both_ways(judged, teams).select(
        *("row", "column", "state", "tickets", "spoken_per_week"),
        last_spoken=pl.col("last_spoken_at").dt.strftime("%Y-%m-%d").fill_null("never"),
        because=pl.col("integrations").list.head(5).list.join(", "),
        spoken=spoken,
        mark=pl.when(pl.col("tickets") > 0)
        .then(pl.format("{}+{}", spoken, "tickets"))
        .otherwise(spoken.cast(pl.String)),
    )
    base = alt.Chart(shown).encode(**_axes(teams))
    tooltip = [
        alt.Tooltip("row:N", title="team"),
        alt.Tooltip("column:N", title="and"),
        alt.Tooltip("state:N", title="they"),
        alt.Tooltip("spoken:Q", title="times they spoke"),
        alt.Tooltip("spoken_per_week:Q", format=".2f", title="a week"),
        alt.Tooltip("last_spoken:N", title="the last time"),
        alt.Tooltip("tickets:Q", title="tickets handed over"),
        alt.Tooltip("because:N", title="integrations"),
    ]
    states = [each for each in COLOURS if each in set(shown["state"])]
    colour = alt.Color(
        "state:N",
        scale=alt.Scale(domain=states, range=[COLOURS[each] for each in states]),
        legend=alt.Legend(title="the two teams", orient="top"),
    )
    squares = base.mark_rect(stroke="white", strokeWidth=1).encode(color=colour, tooltip=tooltip)
    counts = base.mark_text(fontSize=11, fontWeight=600).encode(
        text="mark:N", color=alt.when(alt.datum.state == TALK).then(alt.value("white")).otherwise(alt.value("black"))
    )
    left_out = _left_out(judged, teams)
    return titled(
        (squares + counts).properties(width=_side(teams), height=_side(teams)),
        _need_title(judged),
        f"Need: an integration joins their systems. Figures: how often they spoke + tickets handed over, "
        f"n = {judged['contacts'].sum():,}. No team of fewer than five people{left_out}",
    )


def _need_title(judged: pl.DataFrame) -> str:
    needed = judged.filter("needed")
    silent = needed.filter(pl.col("state") == SILENT).height
    if needed.is_empty():
        return f"{judged.height:,} pairs of teams are in contact; which of them need to is not known"
    if needed["congruent"].null_count():
        return f"{needed.height} pairs of teams need to talk; whether all of them do nobody can tell"
    if not silent:
        return f"All {needed.height} pairs of teams that need to talk do"
    return f"{silent} of {needed.height} pairs of teams that need to talk do not"


def bypass_map(bypass: pl.DataFrame, *, top: int = MOST_TEAMS) -> Any:
    """A circle per pair of teams of `bypass`: its size is what flows between them, its colour how much in silence."""
    if bypass.is_empty():
        return nothing("What flows between teams that do not talk needs contacts, messages, and teams with systems.")
    valued = bypass["value"].sum() > 0
    flow, unit = ("value", bypass["currency"].drop_nulls().to_list()) if valued else ("messages", [])
    title = f"value{f' in {unit[0]}' if unit else ''}" if valued else "messages"
    counted = bypass.with_columns(flow=pl.col(flow).fill_null(0).cast(pl.Float64))
    teams = _teams(counted, pl.col("flow"), top)
    shown = _both_ways(counted, teams).select(
        *("row", "column", "flow", "share", "messages", "silent_messages", "longest_silence_days", "own_share"),
        since=pl.when(pl.col("days_since_contact").is_null())
        .then(pl.lit("never"))
        .otherwise(pl.format("{} d", pl.col("days_since_contact").floor().cast(pl.Int64))),
    )
    base = alt.Chart(shown).encode(**_axes(teams))
    tooltip = [
        alt.Tooltip("row:N", title="team"),
        alt.Tooltip("column:N", title="and"),
        alt.Tooltip("flow:Q", format=",.0f", title=title),
        alt.Tooltip("own_share:Q", format=".0%", title="of it in silence"),
        alt.Tooltip("share:Q", format=".1%", title="in silence, of all"),
        alt.Tooltip("messages:Q", format=",", title="messages"),
        alt.Tooltip("since:N", title="since the last contact"),
        alt.Tooltip("longest_silence_days:Q", format=".0f", title="longest silence, days"),
    ]
    circles = base.mark_circle(opacity=0.9).encode(
        size=alt.Size(
            "flow:Q", scale=alt.Scale(range=[60, 1100]), legend=alt.Legend(title=title, format="~s", tickCount=3)
        ),
        color=alt.Color(
            "own_share:Q",
            scale=alt.Scale(domain=[0, 1], range=["#c7ccd3", FAILURE], interpolate="rgb"),
            legend=alt.Legend(title="in silence", format=".0%", gradientLength=90, tickCount=3),
        ),
        tooltip=tooltip,
    )
    labels = base.mark_text(fontSize=10, dy=22).encode(text="since:N")
    share = bypass["share"].sum()
    return titled(
        (circles + labels).properties(width=_side(teams), height=_side(teams)),
        f"{share:.0%} of the {flow} between teams flows while they do not talk",
        f"Size: {title}; colour: the part after thirty days without contact; figure: since the last contact. "
        f"n = {bypass['messages'].sum():,} messages, {bypass.height} pairs{_left_out(counted, teams)}",
    )


def _teams(pairs: pl.DataFrame, weight: pl.Expr, top: int) -> list[str]:
    """The teams with the most weight, in the order of the alphabet."""
    sides = [pairs.select(team=side, weight=weight) for side in ("team_a", "team_b")]
    summed = pl.concat(sides).group_by("team").agg(pl.col("weight").sum())
    return sorted(summed.sort("weight", "team", descending=[True, False])["team"].head(top).to_list())


def _both_ways(pairs: pl.DataFrame, teams: list[str]) -> pl.DataFrame:
    """Each pair between `teams` twice, above and below the diagonal, as row and column."""
    shown = pairs.filter(pl.col("team_a").is_in(teams), pl.col("team_b").is_in(teams))
    ways = [
        shown.with_columns(row=pl.col(first), column=pl.col(second))
        for first, second in (("team_a", "team_b"), ("team_b", "team_a"))
    ]
    return pl.concat(ways)


def _axes(teams: list[str]) -> dict[str, Any]:
    axis = {"labelLimit": 140, "title": None, "grid": False}
    return {
        "x": alt.X("column:N", sort=teams, scale=alt.Scale(domain=teams), axis=alt.Axis(labelAngle=-40, **axis)),
        "y": alt.Y("row:N", sort=teams, scale=alt.Scale(domain=teams), axis=alt.Axis(**axis)),
    }


def _side(teams: list[str]) -> int:
    return min(WIDTH - 150, max(60 * len(teams), 180))


def _left_out(pairs: pl.DataFrame, teams: list[str]) -> str:
    every = set(pairs["team_a"]) | set(pairs["team_b"])
    return f"; {len(every) - len(teams)} teams with less are not drawn" if len(every) > len(teams) else ""
