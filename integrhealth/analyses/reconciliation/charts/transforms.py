"""The ledger of meaning: what integrations copy, rename, change and add, and what they send for nothing."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, CATEGORIES, FAILURE, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.wording import listed

PARTS = {"copied": NEUTRAL, "renamed": CATEGORIES[4], "changed": CATEGORIES[1]}
VERDICTS = {"loses meaning": FAILURE, "adds meaning": ACCENT, "passes through": NEUTRAL, "cannot tell": "#5f6b7a"}
NAME_LENGTH, FIELDS_SHOWN = 30, 3
EMPTY = "A ledger of meaning needs field_changes of both ends of an integration, or transforms in the catalog."


def meaning_ledger(transforms: pl.DataFrame, *, top: int = 20) -> Any:
    """A line per integration of which something can be told: its values by what became of them, and beside it in words
    what is lost, added and sent for nothing. Those that lose meaning come first.

    `transforms` is the table ``transforms``.
    """
    something = (
        (pl.col("arrivals") > 0) | (pl.col("added_fields").list.len() > 0) | (pl.col("unused_fields").list.len() > 0)
    )
    told_of = transforms.filter(something.fill_null(False))
    if told_of.is_empty():
        return nothing(EMPTY)
    shown = told_of.head(top).with_columns(name=_cut(pl.col("integration"), NAME_LENGTH))
    order = shown["name"].to_list()
    sides = alt.hconcat(_bars(shown, order), _words(shown, order), spacing=8)
    return titled(
        sides.resolve_scale(color="independent"),
        _title(told_of),
        f"Values that arrived beside what the source showed then, and what is lost (bits per message), added, or sent "
        f"for nothing; {shown.height} of {transforms.height} integrations, n = {told_of['paired'].sum():,} values",
    )


def _lines(order: list[str]) -> dict[str, Any]:
    """Every integration has a line on both sides, also where there is nothing to draw."""
    return {"sort": order, "title": None, "scale": alt.Scale(domain=order)}


def _bars(shown: pl.DataFrame, order: list[str]) -> alt.Chart:
    parts = (
        shown.filter(pl.col("paired") > 0)
        .with_columns(changed=pl.col("paired") - pl.col("copied") - pl.col("renamed"))
        .unpivot(on=list(PARTS), index=["name", "integration", "paired"], variable_name="part", value_name="values")
        .with_columns(
            share=pl.col("values") / pl.col("paired"), place=pl.col("part").replace_strict(list(PARTS), [0, 1, 2])
        )
    )
    return (
        alt.Chart(parts)
        .mark_bar(height={"band": 0.65})
        .encode(
            x=alt.X("share:Q", title="share of values", scale=alt.Scale(domain=[0, 1])).axis(format="%", tickCount=3),
            y=alt.Y("name:N", **_lines(order)),
            order="place:Q",
            color=alt.Color(
                "part:N",
                scale=alt.Scale(domain=list(PARTS), range=list(PARTS.values())),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[
                "integration:N",
                "part:N",
                alt.Tooltip("values:Q", format=","),
                alt.Tooltip("share:Q", format=".1%"),
                alt.Tooltip("paired:Q", title="of values", format=","),
            ],
        )
        .properties(width=170, height=alt.Step(26))
    )


def _words(shown: pl.DataFrame, order: list[str]) -> alt.LayerChart:
    lost = pl.when(pl.col("loss_bits") >= 0.005).then(pl.format("loses {} bits", pl.col("loss_bits").round(2)))
    added = pl.when(pl.col("added_fields").list.len() > 0).then(
        pl.format("adds {}", listed(pl.col("added_fields"), FIELDS_SHOWN))
    )
    unused = pl.when(pl.col("unused_fields").list.len() > 0).then(
        pl.format("{} of {} fields sent for nothing", pl.col("unused_fields").list.len(), "sent_fields")
    )
    rows = shown.select(
        "name",
        "integration",
        "verdict",
        "loss_low",
        "loss_high",
        added=listed(pl.col("added_fields"), FIELDS_SHOWN),
        unused=listed(pl.col("unused_fields"), FIELDS_SHOWN),
        said=_cut(pl.concat_str(lost, added, unused, separator="; ", ignore_nulls=True), 62),
    )
    base = alt.Chart(rows).encode(
        y=alt.Y("name:N", axis=None, **_lines(order)),
        tooltip=[
            "integration:N",
            "verdict:N",
            alt.Tooltip("loss_low:Q", title="bits lost, low", format=".2f"),
            alt.Tooltip("loss_high:Q", title="bits lost, high", format=".2f"),
            alt.Tooltip("added:N", title="added"),
            alt.Tooltip("unused:N", title="never used"),
        ],
    )
    colour = alt.Color("verdict:N", scale=alt.Scale(domain=list(VERDICTS), range=list(VERDICTS.values())), legend=None)
    verdict = base.mark_text(align="left", fontWeight=600).encode(x=alt.value(0), text="verdict:N", color=colour)
    beside = base.mark_text(align="left").encode(x=alt.value(95), text="said:N")
    return (verdict + beside).properties(width=WIDTH - 360 + 95, height=alt.Step(26))


def _title(transforms: pl.DataFrame) -> str:
    counts = dict(transforms["verdict"].value_counts().iter_rows())
    parts = (("loses meaning", "lost by"), ("adds meaning", "added by"), ("passes through", "passed through by"))
    said = [f"{words} {counts[verdict]}" for verdict, words in parts if verdict in counts]
    if not said:
        return "Nobody can tell what becomes of the data"
    return f"Meaning is {', '.join(said)} of {transforms.height} integrations"


def _cut(name: pl.Expr, length: int) -> pl.Expr:
    cut = pl.concat_str(name.str.slice(0, length - 1), pl.lit("…"))
    return pl.when(name.str.len_chars() > length).then(cut).otherwise(name)
