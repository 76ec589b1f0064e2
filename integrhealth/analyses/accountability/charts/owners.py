"""Owners as bars: how many integrations of each level somebody owns, a team, or nobody."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, CATEGORIES, FAILURE, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.levels import LEVELS

# In the order of the bars, each said in words as well; the colours are told apart by colour-blind readers.
COLOURS = {
    "owned": ACCENT,
    "team only": CATEGORIES[4],
    "never answered": CATEGORIES[1],
    "nobody": FAILURE,
    "cannot tell": NEUTRAL,
}
NO_LEVEL = "no level"


def owner_chart(owners: pl.DataFrame) -> Any:
    """The table `owners` as one bar per level, the foundation at the bottom, parted by verdict."""
    if owners.is_empty():
        return nothing("No owners: there are no integrations.")
    level = pl.when(pl.col("level").is_in(LEVELS)).then("level").otherwise(pl.lit(NO_LEVEL))
    place = pl.col("verdict").replace_strict(list(COLOURS), range(len(COLOURS)), return_dtype=pl.Int64)
    counts = (
        owners.group_by("verdict", level=level)
        .agg(
            integrations=pl.len().cast(pl.Int64),
            incidents=pl.col("incidents").sum(),
            first=pl.col("integration").sort_by("messages", "integration", descending=[True, False]).first(),
        )
        .with_columns(place=place)
        .sort("level", "place")
    )
    present = set(counts["level"])
    order = [each for each in (*reversed(LEVELS), NO_LEVEL) if each in present]
    bars = (
        alt.Chart(counts)
        .mark_bar()
        .encode(
            x=alt.X("sum(integrations):Q", title="integrations", axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y("level:N", sort=order, title=None),
            color=alt.Color(
                "verdict:N",
                scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
                legend=alt.Legend(title=None, orient="top"),
            ),
            order=alt.Order("place:Q"),
            tooltip=[
                *("level:N", "verdict:N"),
                alt.Tooltip("integrations:Q", format=","),
                alt.Tooltip("incidents:Q", format=","),
                alt.Tooltip("first:N", title="the busiest of them"),
            ],
        )
    )
    return titled(
        bars.properties(width=WIDTH, height=alt.Step(34)),
        _title(owners),
        f"Integrations by level of the catalog and verdict of their owner; n = {owners.height:,} integrations",
    )


def _title(owners: pl.DataFrame) -> str:
    owned, nobody = (owners.filter(pl.col("verdict") == verdict).height for verdict in ("owned", "nobody"))
    silent = owners.filter(pl.col("verdict") == "never answered").height
    whole = owners.height
    if nobody:
        return f"Nobody owns {nobody:,} of {whole:,} integrations"
    if silent:
        return f"The owners of {silent:,} of {whole:,} integrations never answered"
    return f"A person owns {owned:,} of {whole:,} integrations"
