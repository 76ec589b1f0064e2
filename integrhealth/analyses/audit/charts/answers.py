"""The audit as a picture: what people claim beside what the data say, and what the debt costs."""

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, CATEGORIES, FAILURE, NEUTRAL, WIDTH, nothing, titled

# Each answer in colour, shape and word. The worse of the two counts.
LOOKS = {
    "yes": (ACCENT, "circle"),
    "partial": (CATEGORIES[1], "diamond"),
    "no": (FAILURE, "square"),
    "not known": (NEUTRAL, "cross"),
}
COLUMNS = ("claimed", "measured", "counted")
ROW, LETTERS, QUESTION_WIDTH, COLUMN_WIDTH = 28, 90, 440, 100


def audit_chart(answers: pl.DataFrame) -> alt.VConcatChart | alt.LayerChart | alt.Chart:
    """The table `answers`: a row per question, what is claimed beside what is measured, and what counts marked."""
    if answers.is_empty():
        return nothing("No audit: no question was asked.")
    asked = pl.format("{}  {}", "question", "asks")
    whole = answers.select(
        "question",
        *COLUMNS,
        "n",
        "why",
        "claimed_by",
        asked=pl.when(asked.str.len_chars() > LETTERS).then(asked.str.slice(0, LETTERS - 1) + "…").otherwise(asked),
        on=pl.col("claimed_on").cast(pl.String),
        shown=pl.col("evidence").list.join("; "),
    )
    cells = whole.unpivot(COLUMNS, index=[each for each in whole.columns if each not in COLUMNS], value_name="word")
    cells = cells.with_columns(
        word=pl.col("word").fill_null("not known").replace("unknown", "not known"),
        look=pl.col("word").replace_strict({each: each for each in LOOKS}, default="not known"),
    )
    y = alt.Y("asked:N", sort=whole["asked"].to_list(), title=None)
    y = y.axis(ticks=False, domain=False, labelLimit=QUESTION_WIDTH, labelPadding=10, labelFontSize=11)
    x = alt.X("variable:N", sort=list(COLUMNS), title=None)
    x = x.axis(orient="top", ticks=False, domain=False, labelAngle=0, labelFontSize=13, labelPadding=8)
    domain = list(LOOKS)
    colours, shapes = ([LOOKS[each][part] for each in domain] for part in (0, 1))
    about = ["asked:N", "variable:N", "word:N", "claimed_by:N", "on:N", "n:Q", "shown:N", "why:N"]
    base = alt.Chart(cells).encode(x=x, y=y, tooltip=about)
    marked = base.transform_filter("datum.variable === 'counted'").mark_bar(opacity=0.14, color=NEUTRAL)
    symbols = base.mark_point(filled=True, size=110, xOffset=-34, opacity=1).encode(
        color=alt.Color("look:N", scale=alt.Scale(domain=domain, range=colours), legend=None),
        shape=alt.Shape("look:N", scale=alt.Scale(domain=domain, range=shapes), legend=None),
    )
    words = base.mark_text(align="left", dx=-24, fontSize=12).encode(text="word:N")
    size = {"width": COLUMN_WIDTH * len(COLUMNS), "height": ROW * answers.height}
    drawn = alt.layer(marked, symbols, words).properties(**size)
    return titled(drawn, _title(answers), "Claimed by people, measured in the data; the worse of the two counts")


def _title(answers: pl.DataFrame) -> str:
    open_ = answers.filter(pl.col("counted").is_in(["partial", "no"])).height
    apart = answers.filter(pl.col("claimed") == "yes", pl.col("measured").is_in(["partial", "no"])).height
    said = f"{open_} of {answers.height} questions are not answered with yes"
    return said + (f"; {apart} of these are claimed to be" if apart else "")


def interest_chart(interest: pl.DataFrame, debt: pl.DataFrame) -> alt.Chart:
    """The table `interest`: a bar per subject, coloured by the part that owns the money; `debt` names the currency."""
    rows = interest.filter(pl.col("amount") > 0).head(12)
    if rows.is_empty():
        return nothing("No interest: no part of it has an amount.")
    row = debt.row(0, named=True)
    parts = sorted(rows["part"].unique())
    labelled = rows.with_columns(label=pl.format("{}: {}", "part", "subject"))
    unit = f"{row['currency'] or 'money'} per year"
    chart = (
        alt.Chart(labelled)
        .mark_bar(height=16)
        .encode(
            x=alt.X("amount:Q", title=unit, axis=alt.Axis(format=",.0f", tickCount=5)),
            y=alt.Y("label:N", sort=labelled["label"].to_list(), title=None),
            color=alt.Color("part:N", scale=alt.Scale(domain=parts, range=CATEGORIES[: len(parts)]), title="part"),
            tooltip=["part:N", "subject:N", alt.Tooltip("amount:Q", format=",.0f"), "n:Q", "how:N"],
        )
        .properties(width=WIDTH - 260, height=24 * rows.height)
    )
    title = f"Open questions cost {row['yearly_interest']:,.0f} {unit}"
    days = f"{row['period_days']:.0f}" if row["period_days"] else "?"
    return titled(chart, title, f"The parts share no money; {days} days scaled to a year")
