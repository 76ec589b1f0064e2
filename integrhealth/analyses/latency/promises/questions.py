"""Whether integrations keep what they promise: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.latency.promises import over_time
from integrhealth.analyses.latency.promises.bins import BIN_KEYS, SPENDING_KEYS, promise_facts, spending_facts
from integrhealth.analyses.latency.promises.service_levels import Judged, judged_windows, service_levels
from integrhealth.analyses.latency.questions import clock_offsets
from integrhealth.analyses.latency.request_metrics.questions import request_bins, request_spending
from integrhealth.errors import WrongValue
from integrhealth.language.questions import question
from integrhealth.language.thresholds import BUDGET_DAYS

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _apart(evidence: "Evidence") -> pl.DataFrame | None:
    """Clocks are compared only where a latency was promised."""
    return clock_offsets(evidence) if evidence.catalog.integrations["slo_p95_ms"].count() else None


@question
def promise_bins(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration and five minutes: ended, bad, timed, slower, as `bins.promise_facts`.

    Of messages, and of metrics where no messages tell.
    """
    by_messages = promise_facts(evidence.outcomes, evidence.catalog.integrations, _apart(evidence))
    return pl.concat([by_messages, request_bins(evidence)]).sort(BIN_KEYS)


@question
def _spending(evidence: "Evidence") -> pl.DataFrame:
    by_messages = spending_facts(evidence.outcomes, evidence.catalog.integrations, _apart(evidence))
    return pl.concat([by_messages, request_spending(evidence)]).sort(SPENDING_KEYS)


@question
def _judged(evidence: "Evidence", *, period_days: float) -> Judged:
    if isinstance(period_days, bool) or not isinstance(period_days, int | float) or not 1 <= period_days <= 3650:
        raise WrongValue(f"period_days must be a number of days from 1 to 3650, not {period_days!r:.80}")
    return judged_windows(promise_bins(evidence), evidence.catalog.integrations, period_days=period_days)


@question
def slo(evidence: "Evidence", *, period_days: float = BUDGET_DAYS) -> pl.DataFrame:
    """One row per integration, promise and pair of windows, worst first: how fast it burned its error budget.

    Promised is that a share of the messages succeeds (``success``: the catalog's, else 99.5%) and, where the catalog
    says so, that 95% take no longer than ``limit_ms`` (``p95``). The burn of a window is its share of bad messages /
    the share that may be bad. The lesser burn of two windows that end together counts, every five minutes: ``burn`` is
    its highest, ``burned_at`` when. Beyond ``factor`` = share of the budget x `period_days` / long window it alerts: 2%
    in 1 h and 5% in 6 h page, 10% in 1 d and 10% in 3 d open a ticket (Google, The Site Reliability Workbook 2018,
    chapter 5); with at least 1 / (factor x budget) messages in the long window, two of them bad; and of many such
    windows only where a service that spends a third of its budget would hardly burn so fast in any of them.

    Verdicts: page, ticket (it alerted; ``firing``: still does with the last message), "no data" (silent, or in the
    catalog alone), "not enough data" (too few messages, or bad ones, to alert), ok. ``budget_left`` is that of the last
    `period_days` (``period_messages``, ``period_bad``), negative when overspent: ``spent_at`` is when, ``spent_on`` its
    largest cause and worst day.

    >>> seen = "integration", "window", "verdict", "window_messages", "window_bad"
    >>> ih.latency.slo(evidence).filter(window="1h/5m").select(seen).head(2).rows()
    [('parcel-scans', '1h/5m', 'page', 910, 367), ('wms-stock', '1h/5m', 'page', 16, 16)]

    Columns: integration, promise (text); objective (number, share); window (text); burn (number, times the budget);
    messages (count); verdict (text); limit_ms (number, ms); factor, burn_low, burn_high (number, times the budget);
    burned_at (time, UTC); window_messages, window_bad (count); burn_now (number, times the budget); now_messages,
    now_bad (count); firing (flag); budget_left (number, share); spent_at (time, UTC); spent_on (text); last_at (time,
    UTC); period_messages, period_bad (count); measured_by (text)
    """
    levels = service_levels(_judged(evidence, period_days=period_days), _spending(evidence))
    by_metrics = request_bins(evidence)["integration"].unique().implode()
    source = pl.when(pl.col("integration").is_in(by_metrics)).then(pl.lit("metrics"))
    # Of what only the catalog names neither tells.
    return levels.with_columns(measured_by=source.when(pl.col("messages") > 0).then(pl.lit("messages")))


@question
def burn_over_time(evidence: "Evidence", *, period_days: float = BUDGET_DAYS) -> pl.DataFrame:
    """One row per step of time with messages, of the twelve worst promises of `slo`, in its order.

    A step takes 6 hours, a day, a week or 30 days, the shortest that makes at most 125 of them. ``burn`` is that of the
    step, ``alert`` the worst that went off in it, ``budget_left`` that of the `period_days` that end with it.

    >>> burns = ih.latency.burn_over_time(evidence).filter(pl.col("at").dt.date() == pl.date(2025, 12, 22))
    >>> burns.select("integration", "bad", pl.col("burn").round(), "alert").head(2).rows()
    [('wms-stock', 53, 138.0, 'page'), ('shop-orders', 45, 96.0, 'page')]

    Columns: integration, promise (text); at (time, UTC); hours, messages, bad (count); burn (number, times the budget);
    alert (text); budget_left (number, share)
    """
    return over_time.burn_over_time(_judged(evidence, period_days=period_days), slo(evidence, period_days=period_days))
