"""The ladder of levels: how much of each is stable, and what keeps it from being so."""

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, FAILURE, NEUTRAL, WIDTH, in_lines, nothing, titled
from integrhealth.language.thresholds import STABLE_DAYS
from integrhealth.language.wording import joined

# The verdicts that there are, each said in words as well.
COLOURS = {
    "stable": ACCENT,
    "unstable": FAILURE,
    "house of cards": "#8f3800",
    "absent": NEUTRAL,
    "not enough data": NEUTRAL,
}
# Room between two rungs, and how far they reach; beside them stands the verdict, below them the reason.
RUNG, BARE_RUNG, BAR, BESIDE, REASON_LETTERS = 74, 44, 16, 170, 78


def ladder_chart(levels: pl.DataFrame, *, reasons: bool = True) -> alt.LayerChart | alt.Chart:
    """The table `levels` as a ladder, the foundation at the bottom.

    Of each rung the left part are the integrations of the level that are stable, the right part those that are not; its
    verdict stands beside it in colour and word, and if there is room for `reasons` the one below it. Without them its
    title leaves what it says to the verdict of the page.
    """
    if levels.is_empty():
        return nothing("No ladder: the catalog names no level.")
    rungs = levels.with_columns(
        start=pl.lit(0.0),
        end=pl.lit(1.0),
        share=pl.col("stable") / pl.max_horizontal("integrations", 1),
        counted=pl.format("{}/{}", "stable", "integrations"),
        reason=pl.col("why").fill_null("").map_elements(_in_two_lines, return_dtype=pl.String),
    )
    order = levels["level"].reverse().to_list()
    y = alt.Y("level:N", sort=order, title=None, scale=alt.Scale(paddingInner=0.5))
    y = y.axis(ticks=False, domain=False, labelPadding=12, labelFontSize=13)
    start, share, end = (
        alt.X(f"{each}:Q", axis=None, scale=alt.Scale(domain=[0, 1], nice=False)) for each in ("start", "share", "end")
    )
    colour = alt.Color("verdict:N", scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())), legend=None)
    about = ["level:N", "verdict:N", "integrations:Q", "stable:Q", "uncertain:Q", "changes:Q", "why:N", "blocked_by:N"]
    said = {"y": y, "tooltip": about}
    base = alt.Chart(rungs)
    rails = alt.Chart(pl.DataFrame({"share": [0.0, 1.0]})).mark_rule(color=NEUTRAL, strokeWidth=4, opacity=0.5)
    empty = base.mark_bar(height=BAR, color=NEUTRAL, opacity=0.25).encode(x=start, x2="end:Q", **said)
    there = base.transform_filter("datum.integrations > 0")
    shaky = there.mark_bar(height=BAR, color=FAILURE, opacity=0.75).encode(x=share, x2="end:Q", **said)
    steady = there.mark_bar(height=BAR, color=ACCENT).encode(x=start, x2="share:Q", **said)
    aside = {"align": "left", "dx": 14}
    verdict = base.mark_text(dy=-8, fontSize=14, fontWeight="bold", **aside)
    counted = base.mark_text(dy=9, fontSize=12, **aside)
    reason = base.mark_text(align="left", baseline="top", dx=8, dy=BAR - 4, fontSize=11, lineBreak="\n")
    layers = [
        rails.encode(x=share),
        empty,
        shaky,
        steady,
        verdict.encode(x=end, text="verdict:N", color=colour, **said),
        counted.encode(x=end, text="counted:N", **said),
    ]
    drawn = alt.layer(*layers, *([reason.encode(x=start, text="reason:N", **said)] if reasons else []))
    drawn = drawn.properties(width=WIDTH - BESIDE, height=(RUNG if reasons else BARE_RUNG) * levels.height)
    shown = f"last {STABLE_DAYS} days"
    if not reasons:
        return titled(drawn, "Stable integrations of each level", shown.capitalize())
    return titled(drawn, _title(levels), f"Stable integrations of all, {shown}")


def _in_two_lines(reason: str) -> str:
    lines = in_lines(reason, REASON_LETTERS)
    return reason if isinstance(lines, str) else "\n".join(lines[:2]) + ("…" if len(lines) > 2 else "")


def _title(levels: pl.DataFrame) -> str:
    verdicts = dict(levels.select("level", "verdict").iter_rows())
    there = [level for level, verdict in verdicts.items() if verdict != "absent"]
    houses = [level for level in there if verdicts[level] == "house of cards"]
    shaky = [level for level in there if verdicts[level] == "unstable"]
    if houses:
        return f"{joined(houses).capitalize()}: a house of cards"
    if not shaky:
        stands = all(verdicts[level] == "stable" for level in there)
        return "Every level stands on stable ones" if stands else "Too little is known of some levels"
    above = len(there) - there.index(shaky[0]) - 1
    waits = {0: "", 1: ", and one level stands on it"}.get(above, f", and {above} levels stand on it")
    return f"{shaky[0].capitalize()} is not stable{waits}"
