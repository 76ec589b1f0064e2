"""What every integration promises, and whether it kept it: the alerts that its logs would have set off."""

from datetime import datetime, timedelta
from typing import NamedTuple

import polars as pl

from integrhealth.analyses.latency.promises.budgets import budgets_left, spent_on
from integrhealth.analyses.latency.promises.burn_rates import (
    ALERTS,
    Counts,
    Rule,
    rules,
    windows,
    worst_windows,
)
from integrhealth.language.period import EPOCH, outlying
from integrhealth.language.schema import NUMBER
from integrhealth.language.statistics import wilson_interval
from integrhealth.language.thresholds import BUDGET_DAYS, BURN_HOURS, MIN_DAYS, SILENT_GAPS, SLO_SUCCESS

PROMISE = ("integration", "promise")
P95 = 0.95
LONGEST = timedelta(hours=max(BURN_HOURS))
COLUMNS = (
    *("integration", "promise", "objective", "window", "burn", "messages", "verdict", "limit_ms", "factor"),
    *("burn_low", "burn_high", "burned_at", "window_messages", "window_bad"),
    *("burn_now", "now_messages", "now_bad", "firing", "budget_left", "spent_at", "spent_on", "last_at"),
    *("period_messages", "period_bad"),
)
VERDICTS = ("page", "ticket", "no data", "ok", "not enough data")


def promises(bins: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """One row per integration and promise: place, integration, promise, objective, limit_ms, budget.

    Every integration of the catalog (`declared`) and of `bins` promises success, 99.5% where the catalog says nothing;
    a p95 only where the catalog says so: that 95% take no longer than ``limit_ms``. ``budget`` is the share that may be
    bad.
    """
    names = pl.concat([declared["integration"], bins["integration"]]).drop_nulls().unique().sort().to_frame()
    said = declared.select("integration", "slo_success", "slo_p95_ms").unique("integration", keep="first")
    every = names.join(said, on="integration", how="left", maintain_order="left")
    success = every.select(
        "integration",
        promise=pl.lit("success"),
        objective=pl.col("slo_success").fill_null(SLO_SUCCESS),
        limit_ms=pl.lit(None, NUMBER),
    )
    p95 = every.drop_nulls("slo_p95_ms").select(
        "integration", promise=pl.lit("p95"), objective=pl.lit(P95), limit_ms="slo_p95_ms"
    )
    both = pl.concat([success, p95]).sort("integration", "promise", descending=[False, True])
    return both.with_row_index("place").with_columns(pl.col("place").cast(pl.Int64), budget=1 - pl.col("objective"))


def promise_counts(bins: pl.DataFrame, promised: pl.DataFrame) -> pl.DataFrame:
    """One row per place of `promised` and time bin with messages that count (n), and how many of them are bad."""
    success = bins.select("integration", "at", promise=pl.lit("success"), n="ended", bad="bad")
    p95 = bins.select("integration", "at", promise=pl.lit("p95"), n="timed", bad="slower")
    counted = pl.concat([success, p95]).filter(pl.col("n") > 0)
    return counted.join(promised.select(*PROMISE, "place"), on=PROMISE).select("place", "at", "n", "bad")


class Judged(NamedTuple):
    """What every integration promised, the counts of it, and how each rule saw them over time."""

    promised: pl.DataFrame
    rows: pl.DataFrame
    counts: Counts
    windows: list[tuple[Rule, pl.DataFrame]]
    end: datetime
    period_days: float


def judged_windows(bins: pl.DataFrame, declared: pl.DataFrame, *, period_days: float = BUDGET_DAYS) -> Judged:
    """The windows of all promises; `bins` as ``promise_facts`` gives them, `declared` the integrations of the catalog.

    Bins at times that a wrong clock must have made (``period.outlying``) are left out; the last of all bins is the end.
    Without any bin nothing is known of any integration, and nothing is promised.
    """
    inside = bins.filter(~outlying(bins["at"]))
    promised = promises(inside, declared if inside.height else declared.clear())
    rows, end = promise_counts(inside, promised), inside["at"].max() or EPOCH
    counts, budgets = Counts(rows, end), promised.select("place", "budget")
    seen = [(rule, windows(counts, rule, budgets)) for rule in rules(period_days)]
    return Judged(promised, rows, counts, seen, end, period_days)


def service_levels(judged: Judged, spending: pl.DataFrame) -> pl.DataFrame:
    """One row per integration, promise and window: the worst integrations first, the fastest window first.

    `spending` as ``spending_facts`` gives it.
    """
    counts, period = judged.counts, timedelta(days=judged.period_days)
    traffic = _traffic(judged.rows)
    worst = pl.concat(worst_windows(seen, rule) for rule, seen in judged.windows)
    spent = spent_on(spending.filter(pl.col("at") > judged.end - period, pl.col("at") <= judged.end))
    factors = pl.DataFrame([rule for rule, _ in judged.windows]).select("window", "factor")
    table = (
        judged.promised.join(factors, how="cross", maintain_order="left_right")
        .join(worst, on=("place", "window"), how="left", maintain_order="left")
        .join(budgets_left(counts, judged.promised, judged.period_days), on="place", how="left", maintain_order="left")
        .join(traffic, on="place", how="left", maintain_order="left")
        .join(spent, on=PROMISE, how="left", maintain_order="left")
    )
    low, high = wilson_interval(table["window_bad"], table["window_messages"])
    bounds = {"burn_low": low, "burn_high": high}
    alerted = pl.col("verdict").is_in(list(ALERTS.values())).fill_null(False)
    recent = ~pl.col("silent") & (pl.col("quiet") < LONGEST)
    complete = table.with_columns(
        *(pl.Series(name, bound, NUMBER, nan_to_null=True) / pl.col("budget") for name, bound in bounds.items()),
        pl.col("messages", "period_messages", "period_bad").fill_null(0),
        verdict=pl.when(pl.col("silent").fill_null(True) & ~alerted).then(pl.lit("no data")).otherwise("verdict"),
        firing=(pl.col("firing") & recent).fill_null(False),
        burned_at=counts.over(pl.col("burned")),
        spent_at=counts.over(pl.col("spent")),
    )
    # Nobody knows what is left of the budget of a service that has gone silent.
    complete = complete.with_columns(budget_left=pl.when(pl.col("verdict") != "no data").then("budget_left"))
    rank = pl.col("verdict").replace_strict(VERDICTS, range(len(VERDICTS)), return_dtype=pl.Int64)
    first = [rank.min().over("place"), (pl.col("burn") / pl.col("factor")).max().over("place").fill_null(0)]
    return complete.sort(*first, "place", descending=[False, True, False], maintain_order=True).select(COLUMNS)


def _traffic(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per place: messages, last_at, how long it has been ``quiet``, and whether it is ``silent``.

    Quiet since its last message until half of all places had theirs: exports of whole traces end with stragglers. It is
    silent when quiet for the longest window, and for twice the longest gap that it ever left; where its messages came
    on fewer than five days nobody knows its gaps.
    """
    at = pl.col("at")
    places = (
        rows.sort("place", "at")
        .group_by("place", maintain_order=True)
        .agg(
            messages=pl.col("n").sum(),
            last_at=at.max(),
            gap=at.diff().max().fill_null(timedelta(0)),
            often=at.dt.date().n_unique() >= MIN_DAYS,
        )
        .with_columns(quiet=pl.col("last_at").quantile(0.5, "higher") - pl.col("last_at"))
    )
    silent = pl.col("often") & (pl.col("quiet") >= LONGEST) & (pl.col("quiet") > SILENT_GAPS * pl.col("gap"))
    return places.select("place", "messages", "last_at", "quiet", silent=silent)
