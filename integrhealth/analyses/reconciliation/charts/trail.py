"""How complete the trail is: by integration and month, and which of the six answers are missing."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import CATEGORIES, FAILURE, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.thresholds import TRAIL_FULL, TRAIL_PARTIAL
from integrhealth.language.wording import exact_percent

# Told apart also in grey print: the more is missing the darker.
VERDICTS = {
    "full": "#cfd6de",
    "partial": CATEGORIES[1],
    "gaps": FAILURE,
    "not enough data": "#f3f4f6",
}
LABELS = {
    "full": "99% or more",
    "partial": "90% or more",
    "gaps": "less",
    "not enough data": "too few to tell",
}
QUESTIONS = {
    "what": "what",
    "when": "when",
    "who": "who",
    "received": "received",
    "succeeded": "succeeded",
    "why": "why it failed",
}
NAME_LENGTH = 34
# Months drawn, the latest, and those that leave room for a number in each cell.
MOST_MONTHS, NUMBERED_MONTHS = 24, 8
EMPTY = "A trail needs messages between two systems."


def trail_heat_map(trail: pl.DataFrame, *, top: int = 20) -> Any:
    """Integrations by months, coloured by how many of their messages answer everything; the largest gaps first.

    `trail` is the table ``trail``.
    """
    if trail.is_empty():
        return nothing(EMPTY)
    worst = _worst_first(trail)
    months = trail["month"].unique().sort().tail(MOST_MONTHS)
    drawn = pl.col("integration").is_in(worst.head(top).implode()) & pl.col("month").is_in(months.implode())
    cells = trail.filter(drawn).select(
        "integration",
        "month",
        "messages",
        "missing",
        "failed",
        "unanswered",
        *QUESTIONS,
        "joint",
        name=_cut("integration"),
        band=pl.col("verdict").replace_strict(LABELS),
        said=_said("joint"),
    )
    order = cells.select(pl.col("integration", "name")).unique(maintain_order=True)
    order = worst.to_frame().join(order, on="integration", how="inner", maintain_order="left")["name"].to_list()
    base = alt.Chart(cells).encode(
        x=alt.X(
            "month:O",
            title=None,
            axis=alt.Axis(orient="top", labelAngle=0, labelOverlap=True, ticks=False, domain=False),
        ),
        y=alt.Y("name:N", sort=order, title=None),
        tooltip=[
            "integration:N",
            "month:O",
            alt.Tooltip("messages:Q", format=","),
            alt.Tooltip("joint:Q", title="full trail", format=".2%"),
            *(alt.Tooltip(f"{answer}:Q", title=label, format=".2%") for answer, label in QUESTIONS.items()),
            alt.Tooltip("missing:N", title="missing most"),
            alt.Tooltip("failed:Q", format=","),
            alt.Tooltip("unanswered:Q", format=","),
        ],
    )
    rects = base.mark_rect(stroke="white", strokeWidth=2).encode(color=_colour("band", "messages with a full trail"))
    texts = base.mark_text(fontSize=11).encode(text="said:N", color=_ink("band"))
    few = months.len() <= NUMBERED_MONTHS
    width = min(WIDTH - 200, 90 * months.len()) if few else WIDTH - 200
    return titled(
        alt.layer(*([rects, texts] if few else [rects])).properties(width=width, height=alt.Step(22)),
        _title(trail),
        f"Share of messages that answer what, when, who, received and succeeded, and of failed ones why; worst first, "
        f"{len(order)} of {worst.len()} integrations, n = {trail['messages'].sum():,} messages",
    )


def answers_chart(by_integration: pl.DataFrame, *, top: int = 20) -> Any:
    """Integrations by the six questions: how many messages answer each; the largest gaps first.

    `by_integration` is the table ``trail_integrations``.
    """
    shown = by_integration.filter(pl.col("messages") > 0)
    if shown.is_empty():
        return nothing(EMPTY)
    shown = shown.sort("joint", "integration", nulls_last=True).head(top)
    cells = shown.unpivot(
        on=list(QUESTIONS), index=["integration", "messages", "failed", "what_by", "who_by"], variable_name="answer"
    ).with_columns(
        name=_cut("integration"),
        question=pl.col("answer").replace_strict(QUESTIONS),
        band=pl.when(pl.col("value").is_null())
        .then(pl.lit(LABELS["not enough data"]))
        .when(pl.col("value") >= TRAIL_FULL)
        .then(pl.lit(LABELS["full"]))
        .when(pl.col("value") >= TRAIL_PARTIAL)
        .then(pl.lit(LABELS["partial"]))
        .otherwise(pl.lit(LABELS["gaps"])),
        said=_said("value"),
    )
    base = alt.Chart(cells).encode(
        x=alt.X(
            "question:N",
            sort=list(QUESTIONS.values()),
            title=None,
            axis=alt.Axis(orient="top", labelAngle=0, ticks=False, domain=False),
        ),
        y=alt.Y("name:N", sort=shown.select(_cut("integration")).to_series().to_list(), title=None),
        tooltip=[
            "integration:N",
            alt.Tooltip("question:N", title="answer"),
            alt.Tooltip("value:Q", title="answered", format=".2%"),
            alt.Tooltip("messages:Q", format=","),
            alt.Tooltip("failed:Q", format=","),
            alt.Tooltip("what_by:N", title="what is told by"),
            alt.Tooltip("who_by:N", title="who is told by"),
        ],
    )
    rects = base.mark_rect(stroke="white", strokeWidth=2).encode(color=_colour("band", "messages that answer"))
    texts = base.mark_text(fontSize=11).encode(text="said:N", color=_ink("band"))
    return titled(
        (rects + texts).properties(width=WIDTH - 150, height=alt.Step(22)),
        _answers_title(by_integration),
        f"Share of messages; why it failed: of those that failed or were declined. Worst first, {shown.height} of "
        f"{by_integration.height} integrations, n = {by_integration['messages'].sum():,} messages",
    )


def _worst_first(trail: pl.DataFrame) -> pl.Series:
    """The integrations by the share of their messages that have no full trail, over all months."""
    summed = trail.group_by("integration").agg(pl.col("messages", "trailed").sum())
    share = pl.when(pl.col("messages") > 0).then(pl.col("trailed") / pl.col("messages"))
    return summed.with_columns(share=share).sort("share", "integration", nulls_last=True)["integration"]


def _title(trail: pl.DataFrame) -> str:
    asked, trailed = trail["messages"].sum(), trail["trailed"].sum()
    if asked == 0:
        return "No message has been asked for its trail yet"
    return f"{trailed / asked * 100:.4g}% of {asked:,} messages leave a full trail"


def _answers_title(by_integration: pl.DataFrame) -> str:
    lacking = by_integration.drop_nulls("missing").group_by("missing").len().sort("len", "missing", descending=True)
    if lacking.is_empty():
        return "No answer is missing anywhere"
    answer, count = lacking.row(0)
    return f"Missing most: {QUESTIONS[answer]}, at {count} of {by_integration.height} integrations"


def _colour(column: str, title: str) -> alt.Color:
    return alt.Color(
        f"{column}:N",
        scale=alt.Scale(domain=list(LABELS.values()), range=list(VERDICTS.values())),
        legend=alt.Legend(title=title, orient="bottom", columns=4, symbolStrokeColor=NEUTRAL),
    )


def _said(share: str) -> pl.Expr:
    """A share in percent, never rounded up to all of them; nothing where there is none."""
    return exact_percent((pl.col(share) * 1000).floor() / 1000).fill_null("")


def _ink(column: str) -> Any:
    return alt.condition(f"datum.{column} === '{LABELS['gaps']}'", alt.value("white"), alt.value("#1f2933"))


def _cut(column: str) -> pl.Expr:
    name = pl.col(column)
    cut = pl.concat_str(name.str.slice(0, NAME_LENGTH - 1), pl.lit("…"))
    return pl.when(name.str.len_chars() > NAME_LENGTH).then(cut).otherwise(name)
