"""Charts of transfers: what became of what was sent, and whether what is missing is merely late."""

from typing import Any

import altair as alt
import polars as pl

from integrhealth.charts.theme import ACCENT, CATEGORIES, FAILURE, NEUTRAL, WIDTH, nothing, titled
from integrhealth.language.wording import counted

# What becomes of a transfer besides arriving once, the worst first.
FATES = {
    "lost": ("lost", FAILURE),
    "duplicate_applied": ("applied twice", CATEGORIES[1]),
    "failed": ("failed, and the sender knows", CATEGORIES[3]),
    "absorbed": ("sent again, absorbed", CATEGORIES[4]),
    "in_flight": ("in flight", CATEGORIES[2]),
    "no_receipt_known": ("no receipt known", NEUTRAL),
}
NOTHING = "Nothing was sent of which a receiver's log tells."


def transfer_fates_chart(transfers: pl.DataFrame, *, top: int = 15) -> Any:
    """The table `transfers` as bars: of a thousand sent, what did not simply arrive once; the worst integrations first.

    What no receiver's log tells of is left out.
    """
    judged = transfers.filter(pl.col("lost").is_not_null(), pl.col("sent") > 0)
    if judged.is_empty():
        return nothing(NOTHING)
    shown = judged.filter(pl.sum_horizontal(*FATES) > 0).head(top)
    if shown.is_empty():
        return nothing(f"All {judged['sent'].sum():,} messages sent arrived, each once.")
    order = shown["integration"].to_list()
    long = shown.unpivot(list(FATES), index=["integration", "sent"], variable_name="fate", value_name="messages")
    names = [name for name, _ in FATES.values()]
    place = pl.col("fate").replace_strict(list(FATES), range(len(FATES)), return_dtype=pl.Int64)
    long = long.filter(pl.col("messages") > 0).with_columns(
        place=place,
        fate=pl.col("fate").replace_strict(list(FATES), names),
        per_thousand=1000 * pl.col("messages") / pl.col("sent"),
    )
    y = alt.Y("integration:N", sort=order, title=None)
    bars = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            x=alt.X("per_thousand:Q", title="of 1,000 sent", stack="zero"),
            y=y,
            color=alt.Color(
                "fate:N",
                title=None,
                scale=alt.Scale(domain=names, range=[colour for _, colour in FATES.values()]),
            ).legend(orient="bottom", columns=3, labelLimit=220),
            order=alt.Order("place:Q"),
            tooltip=[
                "integration:N",
                "fate:N",
                alt.Tooltip("messages:Q", format=","),
                alt.Tooltip("sent:Q", format=",", title="sent"),
                alt.Tooltip("per_thousand:Q", format=".1f", title="of 1,000 sent"),
            ],
        )
    )
    labels = shown.select(
        "integration",
        end=1000 * pl.sum_horizontal(*FATES) / pl.col("sent"),
        said=pl.format("{} lost, {} twice", "lost", "duplicate_applied"),
    ).filter(~pl.col("said").str.contains("^0 lost, 0 twice$"))
    beside = alt.Chart(labels).mark_text(align="left", dx=6, fontSize=11).encode(x="end:Q", y=y, text="said:N")
    return titled(
        (bars + beside).properties(width=WIDTH - 90, height=alt.Step(24)),
        _fates_title(judged),
        f"What did not simply arrive once, of 1,000 sent; {_left_out(transfers)}n from {shown['sent'].min():,} to "
        f"{shown['sent'].max():,}",
    )


def _fates_title(judged: pl.DataFrame) -> str:
    lost, twice = judged["lost"].sum(), judged["duplicate_applied"].sum()
    if lost == twice == 0:
        return f"Of {judged['sent'].sum():,} messages sent none was lost and none applied twice"
    worst = judged.row(0, named=True)
    most = f", most of them on {worst['integration']}" if judged.height > 1 else f" on {worst['integration']}"
    if lost and twice:
        return f"{counted(lost, 'message')} lost and {twice:,} applied twice{most}"
    return f"{counted(lost or twice, 'message')} {'lost' if lost else 'applied twice'}{most}"


def _left_out(transfers: pl.DataFrame) -> str:
    silent = transfers.filter(pl.col("lost").is_null()).height
    return f"of {counted(silent, 'more integration')} no receiver tells; " if silent else ""


def transfer_ages_chart(ages: pl.DataFrame) -> Any:
    """The table `transfer_ages` as bars: how long what arrived took, and how long what is missing has waited."""
    if ages.is_empty():
        return nothing(NOTHING)
    bands = ages.group_by("band", "from_ms").agg(pl.col("arrived", "missing").sum()).sort("from_ms")
    long = bands.unpivot(["arrived", "missing"], index=["band", "from_ms"], variable_name="what", value_name="messages")
    long = long.filter(pl.col("messages") > 0).with_columns(floor=pl.lit(0.5))
    x = alt.X("band:N", sort=bands["band"].to_list(), title="under way for").axis(labelAngle=0)
    scale = alt.Scale(type="log", domain=[0.5, max(2 * long["messages"].max(), 10)], nice=False)
    base = alt.Chart(long).encode(x=x, xOffset=alt.XOffset("what:N", sort=["arrived", "missing"]))
    bars = base.mark_bar().encode(
        y=alt.Y("messages:Q", title="messages, log scale", scale=scale).axis(format=",", tickCount=5),
        y2="floor:Q",
        color=alt.Color(
            "what:N", title=None, scale=alt.Scale(domain=["arrived", "missing"], range=[ACCENT, FAILURE])
        ).legend(orient="bottom"),
        tooltip=["band:N", "what:N", alt.Tooltip("messages:Q", format=",")],
    )
    said = base.mark_text(dy=-7, fontSize=11).encode(
        y=alt.Y("messages:Q", scale=scale), text=alt.Text("messages:Q", format=",")
    )
    missing = bands.filter(pl.col("missing") > 0)
    arrived = bands["arrived"].sum()
    if missing.is_empty():
        title = f"Nothing is missing of {arrived:,} messages"
    else:
        oldest = missing.row(-1, named=True)
        late = bands.filter(pl.col("from_ms") >= oldest["from_ms"])["arrived"].sum()
        late = f"{late:,} took as long and arrived" if late else "none that arrived took as long"
        waits = "for" if oldest["from_ms"] else ""
        title = f"{counted(oldest['missing'], 'message')} missing {waits} {oldest['band']}; {late}".replace("  ", " ")
    return titled(
        (bars + said).properties(width=WIDTH, height=220),
        title,
        f"Time from sending to arrival, or to the end of the receiver's log; n = {arrived:,} arrived, "
        f"{bands['missing'].sum():,} missing",
    )
