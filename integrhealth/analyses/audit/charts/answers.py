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
ROW, LETTERS, QUESTION_WIDTH, COLUMN_WIDTH, BEFORE = 28, 90, 440, 105, 14


def audit_chart(answers: pl.DataFrame) -> alt.LayerChart | alt.Chart:
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
    cells = whole.unpivot(
        COLUMNS,
        index=[each for each in whole.columns if each not in COLUMNS],
        variable_name="column",
        value_name="word",
    )
    cells = cells.with_columns(
        word=pl.col("word").fill_null("not known").replace("unknown", "not known"),
        place=pl.col("column").replace_strict(COLUMNS, [_place(each) for each in COLUMNS]),
        look=pl.col("word").replace_strict({each: each for each in LOOKS}, default="not known"),
    )
    cells = cells.with_columns(start=pl.col("place") - BEFORE, end=pl.col("place") + COLUMN_WIDTH - BEFORE)
    y = alt.Y("question:O", axis=None, scale=alt.Scale(padding=0.1))
    width = QUESTION_WIDTH + COLUMN_WIDTH * len(COLUMNS)
    scale = alt.Scale(domain=[0, width], nice=False)
    x = alt.X("place:Q", axis=None, scale=scale)
    domain = list(LOOKS)
    colours, shapes = ([LOOKS[each][part] for each in domain] for part in (0, 1))
    about = ["asked:N", "column:N", "word:N", "claimed_by:N", "on:N", "n:Q", "shown:N", "why:N"]
    base = alt.Chart(cells).encode(y=y, tooltip=about)
    counted = base.transform_filter("datum.column === 'counted'")
    marked = counted.mark_bar(opacity=0.14, color=NEUTRAL).encode(
        x=alt.X("start:Q", axis=None, scale=scale), x2="end:Q"
    )
    texts = counted.mark_text(align="left", fontSize=12).encode(x=alt.value(0), text="asked:N")
    symbols = base.mark_point(filled=True, size=110, opacity=1).encode(
        x=x,
        color=alt.Color("look:N", scale=alt.Scale(domain=domain, range=colours), legend=None),
        shape=alt.Shape("look:N", scale=alt.Scale(domain=domain, range=shapes), legend=None),
    )
    words = base.mark_text(align="left", dx=11, fontSize=12).encode(x=x, text="word:N")
    heads = alt.Chart(pl.DataFrame({"column": COLUMNS, "place": [_place(each) for each in COLUMNS]}))
    above = heads.mark_text(align="left", dx=-6, fontSize=13, fontWeight="bold")
    headed = above.encode(x=x, y=alt.value(-10), text="column:N")
    size = {"width": width, "height": ROW * answers.height}
    drawn = alt.layer(marked, texts, symbols, words, headed).properties(**size)
    return titled(drawn, _title(answers), "Claimed by people, measured in the data; the worse of the two counts")


def _place(column: str) -> int:
    """Where the symbols of a column stand."""
    return QUESTION_WIDTH + COLUMN_WIDTH * COLUMNS.index(column) + BEFORE


def _title(answers: pl.DataFrame) -> str:
    less = ["partial", "no"]
    admitted = (pl.col("counted") == "claimed only") & pl.col("claimed").is_in(less)
    open_ = answers.filter(pl.col("counted").is_in(less) | admitted).height
    apart = answers["contradicted"].sum()
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
