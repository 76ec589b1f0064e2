"""Damage as evidence for root causes: wrong values that travelled on while nothing failed, and failures that spread.

That a value was wrong is known from what happened later (``entries``): no system has to look unhealthy for it. How
unusual it is that so many records were damaged, the quiet windows of the same origin say.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from integrhealth.analyses.error_propagation.root_cause.windows import Kind, Windows, bin_of


def travelled(entries: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """One row per bad entry that reached another system before it was detected, by time: origin, entered_at, records,
    systems, amount.

    `entries` and `steps` as ``entries.bad_entries`` and ``entries.entry_steps`` give them. ``records``: business
    objects that were wrong in other systems, each once in each; ``amount`` that of the record that was entered.
    """
    reached = (
        steps.filter(pl.col("before_detection"))
        .join(entries.select("entry", "origin", "entered_at", worth="amount"), on="entry")
        .filter(pl.col("target") != pl.col("origin"))
    )
    return (
        reached.group_by("entry", "origin", "entered_at")
        .agg(
            records=pl.struct("target", "object_type", "object_id").n_unique().cast(pl.Int64),
            systems=pl.col("target").n_unique().cast(pl.Int64),
            amount=pl.col("worth").first(),
        )
        .sort("entered_at", "entry")
        .drop("entry")
    )


def wrong_values(damage: pl.DataFrame, window: Windows, systems: dict[str, int]) -> list[Kind]:
    """Records in other systems damaged by wrong values that were entered in each window or the half hour before it,
    by origin; none without any.

    `damage` as ``travelled`` gives it. The half hour before counts because a wrong value needs time to be felt.
    """
    placed = damage.filter(pl.col("origin").is_in(list(systems)))
    if placed.is_empty():
        return []
    bins = placed.select(bin_of(pl.col("entered_at"), window.at, window.step, starts=False)).to_series().to_numpy()
    before, start = window.before_offsets[0], window.starts[:, None]
    inside = (bins >= start + before) & (bins < start + window.width)
    origin = placed["origin"].replace_strict(systems).to_numpy()
    weight = np.zeros((len(bins), len(systems)))
    weight[np.arange(len(bins)), origin] = placed["records"]
    records = inside.astype(float) @ weight
    usual = records[1:].mean(0) if len(records) > 1 else np.zeros(len(systems))
    now = placed.filter(pl.Series(inside[0]))
    since = window.at + int(before) * window.step

    def sentence(system: int) -> str:
        of_it = now.filter(pl.col("origin").replace_strict(systems) == system)
        worth = of_it["amount"].sum() if of_it["amount"].null_count() < of_it.height else None
        value = f", worth {worth:,.2f}" if worth is not None else ""
        was = "value was" if of_it.height == 1 else "values were"
        return (
            f"{of_it.height:,} wrong {was} entered and damaged {records[0, system]:,.0f} records in up to "
            f"{of_it['systems'].max()} other systems before anyone noticed{value}; usually {usual[system]:.3g} records "
            f"(n={of_it.height:,}, from {since:%H:%M:%S}, {window.span})"
        )

    score = (records - usual) / np.sqrt(usual + 0.5)
    return [Kind("wrong values", records, score, True, False, sentence, theory=False, downstream=records)]


def by_damage(kinds: list[Kind], parts: list[NDArray]) -> list[NDArray]:
    """`parts` with those of kinds whose damage to other systems is known weighed by it, beside the most of any system.

    What failed where it was and went no further is the lesser trouble beside what spread.
    """
    downstream = [
        np.where(part > 0, kind.downstream, 0) for kind, part in zip(kinds, parts, strict=True) if kind.spreads
    ]
    if not downstream:
        return parts
    damage = 1 + np.sum(downstream, axis=0)
    weight = damage / damage.max(1, keepdims=True)
    return [part * weight if kind.spreads else part for kind, part in zip(kinds, parts, strict=True)]
