"""The shared number and what each department, and each two, take from it: over all judged orders, with intervals."""

from typing import Any

import numpy as np
import polars as pl

from integrhealth.analyses.collaboration.joint_kpi.orders import (
    CROWDED,
    MISSING_END,
    MISSING_STAGE,
    NO_PLAN,
    NO_PROMISE,
    OPEN,
)
from integrhealth.analyses.collaboration.joint_kpi.split import Split
from integrhealth.language.schema import COUNT, NUMBER, TEXT
from integrhealth.language.statistics import CONFIDENCE, TAIL, enough, wilson_interval
from integrhealth.language.thresholds import RESAMPLES, SEED

DELIVERY, PERFECT = "on-time delivery", "perfect order"
NOT_ENOUGH, MEASURED = "not enough data", "measured"
LEFT_OUT = {
    "open": OPEN,
    "no_promise": NO_PROMISE,
    "no_plan": NO_PLAN,
    "stage_missing": MISSING_STAGE,
    "end_missing": MISSING_END,
    "too_many": CROWDED,
}
RATE: dict[str, Any] = {
    "kpi": TEXT,
    "rate": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
    "late": COUNT,
    "plan_late": COUNT,
    "days": NUMBER,
    "n": COUNT,
    **dict.fromkeys(LEFT_OUT, COUNT),
    "no_feasible": COUNT,
    "verdict": TEXT,
}


def rates(kpi: str, split: Split, rows: pl.DataFrame, *, min_orders: int) -> pl.DataFrame:
    """One row, or none without orders: the share of good orders, those that were not, and those left out by reason.

    `rows` are those of ``order_stages``. ``plan_late`` would have been late by their plan alone, which is no
    department's; ``no_feasible`` are judged although nobody wrote what was feasible.
    """
    if split.orders.is_empty():
        return pl.DataFrame(schema=RATE)
    judged = split.orders.filter(pl.col("why").is_null())
    silent = rows.filter(pl.col("feasible").is_null()).select("order").unique()
    late, n = judged["late"].sum(), judged.height
    low, high = wilson_interval([n - late], [n])
    row = {
        "kpi": kpi,
        "rate": (n - late) / n if n else None,
        "low": low[0],
        "high": high[0],
        "late": late,
        "plan_late": judged["plan_late"].sum(),
        "days": judged["days"].sum(),
        "n": n,
        **{name: (split.orders["why"] == why).sum() for name, why in LEFT_OUT.items()},
        "no_feasible": judged.join(silent, on="order", how="semi").height,
    }
    frame = pl.DataFrame([row], schema={name: dtype for name, dtype in RATE.items() if name != "verdict"})
    return _only_of_enough(frame, ("rate", "low", "high"), min_orders)


def departments(split: Split, blamed: pl.DataFrame, *, min_orders: int) -> pl.DataFrame:
    """One row per department, that which costs most first: its part of the orders that were not good, exactly.

    `blamed` are the rows of ``orders.blamed``.
    """
    judged = split.orders.filter(pl.col("why").is_null())
    late = judged["late"].sum()
    sums = split.parts.group_by("department").agg(pl.col("orders", "days").sum())
    every = pl.DataFrame({"department": split.departments}, schema={"department": TEXT})
    frame = (
        every.join(sums, on="department", how="left")
        .join(blamed, on="department", how="left")
        .with_columns(pl.col("orders", "days", "blamed_first", "blamed_last").fill_null(0.0))
        .with_columns(
            points=_points("orders", judged.height),
            share=pl.col("orders") / late if late else pl.lit(None, NUMBER),
            n=pl.lit(judged.height, COUNT),
        )
        .join(_intervals(split.parts, ["department"], judged.height), on="department", how="left")
        .sort(-pl.col("orders"), "department")
    )
    measured = _only_of_enough(frame, ("points", "low", "high", "share"), min_orders)
    return measured.select(
        *("department", "points", "low", "high", "orders", "share", "days", "blamed_first", "blamed_last", "n"),
        "verdict",
    )


def pairs(split: Split, *, min_orders: int) -> pl.DataFrame:
    """One row per two departments that were off their plans in the same order, the strongest interaction first."""
    judged = split.orders.filter(pl.col("why").is_null())
    both = ["department_a", "department_b"]
    frame = (
        split.pairs.group_by(both)
        .agg(pl.col("orders", "only_both").sum(), together=pl.len().cast(COUNT))
        .with_columns(points=_points("orders", judged.height), n=pl.lit(judged.height, COUNT))
        .join(_intervals(split.pairs, both, judged.height), on=both, how="left")
        .sort(-pl.col("orders").abs(), *both)
    )
    measured = _only_of_enough(frame, ("points", "low", "high"), min_orders)
    return measured.select(*both, "points", "low", "high", "orders", "only_both", "together", "n", "verdict")


def _points(orders: str, n: int) -> pl.Expr:
    return 100 * pl.col(orders) / n if n else pl.lit(None, NUMBER)


def _only_of_enough(frame: pl.DataFrame, measures: tuple[str, ...], min_orders: int) -> pl.DataFrame:
    """`frame` with ``verdict``, and without its `measures` where the orders are too few; counts stay."""
    sample = enough(pl.col("n"), min_orders)
    verdict = pl.when(sample).then(pl.lit(MEASURED)).otherwise(pl.lit(NOT_ENOUGH))
    return frame.with_columns(pl.when(sample).then(pl.col(measures)).name.keep(), verdict=verdict)


def _intervals(parts: pl.DataFrame, by: list[str], n: int) -> pl.DataFrame:
    """`by`, low, high: the 95% interval in points of 100 over bootstrapped orders; none where every order has zero.

    Orders of which a department has an equal part are drawn as one kind: how many of each come is multinomial.
    """
    schema = {**dict.fromkeys(by, TEXT), "low": NUMBER, "high": NUMBER}
    kinds = parts.filter(pl.col("orders") != 0).group_by(*by, "orders").len().sort(*by, "orders")
    rows = []
    for key, frame in kinds.group_by(by, maintain_order=True):
        part, count = frame["orders"].to_numpy(), frame["len"].to_numpy()
        drawn = np.random.default_rng(SEED).multinomial(n, np.append(count, n - count.sum()) / n, RESAMPLES)
        bounds = np.quantile(drawn[:, :-1] @ part, (TAIL, TAIL + CONFIDENCE)) * 100 / n
        rows.append((*key, *bounds))
    return pl.DataFrame(rows, schema=schema, orient="row")
