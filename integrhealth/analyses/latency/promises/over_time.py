"""How fast the worst promises burned their budgets step by step, what alerted, and what was left."""

import polars as pl

from integrhealth.analyses.latency.promises.burn_rates import BIN_US, BINS_OF_HOUR, CLOSE, Rule
from integrhealth.analyses.latency.promises.service_levels import PROMISE, Judged
from integrhealth.language.schema import COUNT, NUMBER, TEXT, TIME

# Promises that are drawn, and the lengths of a step in hours: the shortest that makes so many steps at most.
MOST_PROMISES, STEP_HOURS, MOST_STEPS = 12, (6, 24, 168, 720), 125
OVER_TIME = {
    "integration": TEXT,
    "promise": TEXT,
    "at": TIME,
    "hours": COUNT,
    "messages": COUNT,
    "bad": COUNT,
    "burn": NUMBER,
    "alert": TEXT,
    "budget_left": NUMBER,
}


def burn_over_time(judged: Judged, levels: pl.DataFrame) -> pl.DataFrame:
    """One row per step with messages of the first promises of `levels` (``service_levels``), in its order.

    ``burn`` is that of the step: the share of its messages that were bad, times what the promise allows. ``alert`` is
    the worst that fired in it, and ``budget_left`` that of the period that ends with it.
    """
    drawn = levels.select(PROMISE).unique(maintain_order=True).head(MOST_PROMISES).with_row_index("order")
    drawn = drawn.join(judged.promised, on=PROMISE, maintain_order="left")
    counts, period = judged.counts, round(judged.period_days * 24 * BINS_OF_HOUR)
    hours = next((each for each in STEP_HOURS if counts.last <= MOST_STEPS * each * BINS_OF_HOUR), STEP_HOURS[-1])
    width = hours * BINS_OF_HOUR
    steps = (
        judged.rows.join(drawn, on="place")
        .group_by("order", "place", "budget", *PROMISE, step=counts.number(pl.col("at")) // width)
        .agg(pl.col("n", "bad").sum())
    )
    over = ((steps["step"] + 1) * width - 1 - counts.first).clip(upper_bound=counts.last)
    n, bad = counts.within((steps["place"] * counts.apart + over).to_numpy(), period)
    allowed = pl.Series(n) * steps["budget"]
    alerts = pl.concat(_alerts(seen, rule, counts.first, width) for rule, seen in judged.windows)
    worst = alerts.group_by("place", "step").agg(pl.col("alert").min())  # the first by name is the worse one
    return (
        steps.with_columns(allowed=allowed, budget_left=1 - pl.Series(bad) / allowed)
        .join(worst, on=("place", "step"), how="left")
        .sort("order", "step")
        .with_columns(
            at=pl.col("step") * width * BIN_US,
            hours=pl.lit(hours),
            messages="n",
            burn=pl.when(pl.col("budget") > 0).then(pl.col("bad") / pl.col("n") / pl.col("budget")),
            budget_left=pl.when(pl.col("allowed") >= 1 - CLOSE).then("budget_left"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in OVER_TIME.items())
    )


def _alerts(seen: pl.DataFrame, rule: Rule, first: int, width: int) -> pl.DataFrame:
    """One row per place and step in which `rule` fired, steps being `width` time bins."""
    begin, end = pl.col("bin") + first, pl.col("bin") + pl.col("lasts") - 1 + first
    fired = seen.filter("fires").select("place", step=pl.int_ranges(begin // width, end // width + 1))
    return fired.explode("step", empty_as_null=False).unique().with_columns(alert=pl.lit(rule.alert))
