"""How the backlog of a surge grows and drains, for every multiple that a reader may choose."""

import numpy as np
import polars as pl

from integrhealth.analyses.latency.surge.replay import backlogs, oldest
from integrhealth.analyses.latency.surge.surge import feeds, replay_of
from integrhealth.language.schema import NUMBER, TEXT, TIME
from integrhealth.language.thresholds import SURGE_CURVES, SURGE_SHOWN, SURGE_STEP_MINUTES

BACKLOG = {
    "integration": TEXT,
    "system": TEXT,
    "multiple": NUMBER,
    "at": TIME,
    "backlog": NUMBER,
    "oldest_minutes": NUMBER,
}


def surge_backlog(rows: pl.DataFrame, minutes: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """One row per integration, multiple and ten minutes of the surge and the day after: the most in these minutes.

    `rows` and `minutes` as in ``surge.surge``, `judged` as that gives it: the integrations that wait longest in it.
    """
    able = judged.filter(pl.col("oldest_minutes").is_not_null()).sort(
        "oldest_minutes", "integration", "multiple", descending=[True, False, True]
    )
    chosen = able.unique("integration", keep="first", maintain_order=True).head(SURGE_SHOWN)
    if chosen.is_empty():
        return pl.DataFrame(schema=BACKLOG)
    # All that stand in the same line are needed to know how it moves.
    shared = rows.join(chosen, left_on="target", right_on="system", how="semi", maintain_order="left")
    drawn = feeds(shared, minutes)
    replay = replay_of(shared, drawn, SURGE_CURVES)
    waits = backlogs(drawn, replay)
    waits = np.maximum(waits[..., :-1], waits[..., 1:])
    age = np.where(waits > 0, oldest(replay)[drawn.system], 0)
    steps = np.arange(0, waits.shape[2], SURGE_STEP_MINUTES)
    every = shared.select("integration", "day", system="target")
    for name, values in {"multiple": SURGE_CURVES, "minutes": steps}.items():
        choices = pl.DataFrame({name: np.array(values, float)})
        every = every.join(choices, how="cross", maintain_order="left_right")
    curves = every.with_columns(
        at=pl.col("day") + pl.duration(minutes="minutes"),
        backlog=pl.Series(np.maximum.reduceat(waits, steps, axis=2).ravel()),
        oldest_minutes=pl.Series(np.maximum.reduceat(age, steps, axis=2).ravel()),
    )
    order = chosen.select("integration", "system").with_row_index("rank")
    return (
        curves.join(order, on=["integration", "system"], how="inner")
        .sort("rank", "multiple", "at")
        .select(*BACKLOG)
        .cast(BACKLOG)
    )
