"""From ordered to paid: how much money comes through each step, and what is lost before it."""

from typing import Any

import polars as pl

from integrhealth.analyses.reconciliation.documents.flags import OPEN

STEPS: dict[str, Any] = {
    "currency": pl.String,
    "step": pl.String,
    "amount": pl.Float64,
    "gap": pl.Float64,
    "extra": pl.Float64,
    "lines": pl.Int64,
}


def document_steps(documents: pl.DataFrame) -> pl.DataFrame:
    """One row per currency and step (STEPS), the currency with the most money first.

    Left out are lines whose order has no amount or quantity, and those that are still open: what is missing there is
    under way. Steps that the documents hold nowhere are left out.
    """
    price = pl.col("ordered_amount") / pl.col("ordered")
    worth = {
        "ordered": pl.col("ordered_amount"),
        "shipped": pl.col("shipped") * price,
        "invoiced": pl.col("invoiced_amount"),
        "paid": pl.col("paid"),
    }
    judged = documents.filter(pl.col("ordered") > 0, pl.col("ordered_amount") > 0, pl.col("flag") != OPEN)
    held = judged.select(pl.col("shipped", "invoiced", "paid").abs().sum())
    kept = ["ordered", *(step for step in held.columns if held[step].item() > 0)]
    through, parts = worth["ordered"], []
    for step in kept:
        done = worth[step].fill_null(0)
        reached = pl.min_horizontal(through, done.clip(0))
        parts.append(
            judged.group_by("currency").agg(
                amount=reached.sum(),
                gap=(through - reached).sum(),
                extra=pl.lit(0.0) if step == "ordered" else (done - through).clip(0).sum(),
                lines=(reached > 0).sum(),
                step=pl.lit(step),
            )
        )
        through = reached
    if judged.is_empty():
        return pl.DataFrame(schema=STEPS)
    money = pl.col("amount").max().over("currency")
    return (
        pl.concat(each.select(*STEPS).cast(STEPS) for each in parts)
        .with_columns(pl.col("amount", "gap", "extra").round(2))
        .sort(money, "currency", descending=[True, False], nulls_last=True, maintain_order=True)
    )
