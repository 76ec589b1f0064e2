"""What is left of the error budget of a promise at the end, when it was spent, and on what."""

import numpy as np
import polars as pl

from integrhealth.analyses.latency.promises.burn_rates import BINS_OF_HOUR, CLOSE, Counts


def budgets_left(counts: Counts, budgets: pl.DataFrame, period_days: float) -> pl.DataFrame:
    """One row per place: the share of the error budget of the last `period_days` that is left, and what bin spent it.

    Allowed are ``period_messages`` x budget; ``budget_left`` = 1 - ``period_bad`` / allowed, negative when overspent,
    null where not even one bad message is allowed. In the time bin ``spent`` more have been bad than all messages of
    the period allow.
    """
    width = round(period_days * 24 * BINS_OF_HOUR)
    n, bad = counts.within(counts.ends, width)
    whole = pl.DataFrame({"place": counts.ends // counts.apart, "n": n, "bad": bad}).join(
        budgets.select("place", "budget"), on="place", maintain_order="left"
    )
    allowed = pl.col("n") * pl.col("budget")
    judged = whole.with_columns(allowed=pl.when(allowed >= 1 - CLOSE).then(allowed))
    # The first time bin with which the bad messages of the period are more than all that it allows.
    last = np.searchsorted(counts.at, counts.ends, side="right")
    spent = counts.sums[1]
    most = spent[last] - bad + judged["allowed"].fill_null(0).to_numpy() * (1 + CLOSE)
    spending = np.minimum(np.searchsorted(spent, most, side="right"), last) - 1
    return judged.select(
        "place",
        period_messages="n",
        period_bad="bad",
        budget_left=1 - pl.col("bad") / pl.col("allowed"),
        spent=pl.when(pl.col("bad") > pl.col("allowed") * (1 + CLOSE)).then(
            pl.Series(counts.at[spending] % counts.apart)
        ),
    )


def spent_on(spending: pl.DataFrame) -> pl.DataFrame:
    """One row per integration and promise: its largest cause and its worst day, each with its part of `spending`.

    `spending` as ``spending_facts`` gives it.
    """
    causes, days = (_largest(spending, what) for what in (pl.col("spent_on"), pl.col("at").dt.strftime("%Y-%m-%d")))
    both = causes.join(days, on=["integration", "promise"], suffix="_of_day")
    return both.select("integration", "promise", spent_on=pl.format("{}, {}", "said", "said_of_day"))


def _largest(spending: pl.DataFrame, what: pl.Expr) -> pl.DataFrame:
    """What most was spent on, and its percentage; of equals the first by name."""
    keys = ["integration", "promise"]
    counted = spending.group_by(*keys, what=what).agg(pl.col("bad").sum())
    share = (100 * pl.col("bad") / pl.col("bad").sum().over(keys)).round().cast(pl.Int64)
    parts = counted.with_columns(said=pl.format("{}: {}%", "what", share))
    ordered = parts.sort(*keys, "bad", "what", descending=[False, False, True, False])
    return ordered.unique(keys, keep="first", maintain_order=True).select(*keys, "said")
