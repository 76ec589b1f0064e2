"""Whether integrations improved what they were built for: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.audit.outcomes import series, verdicts
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _series(evidence: "Evidence") -> pl.DataFrame:
    return series.matched(evidence.metrics, evidence.catalog.integrations)


@question
def _around(evidence: "Evidence") -> pl.DataFrame:
    days = series.daily(evidence.metrics, _series(evidence), timezone=evidence.catalog.timezone)
    return series.days_around(days, evidence.catalog.integrations)


@question
def _effects(evidence: "Evidence") -> tuple[pl.DataFrame, pl.DataFrame]:
    return verdicts.effects(_around(evidence), evidence.catalog.integrations)


@question
def outcomes(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration of the catalog: whether it improved the metric that was declared before it went live.

    The metric is the series of that name at the target, else at the source, a value a day. Its trend before go-live is
    continued: ``effect`` is the fitted value of the last day less what the trend would have come to (interrupted time
    series, Wagner et al. 2002), positive where that is better, with its 95% interval by bootstrap of the residuals in
    blocks. A trend that goes on is no effect, and neither is what shifted before go-live: ``trend`` (per day) is that
    since the last certain shift (``trend_since``). ``met``: certainly better, and ``target`` reached by ``due``.
    ``value_now`` is the fitted value of the last day. Before and after, 21 days with a value are needed.

    >>> ih.audit.outcomes(evidence).height == evidence.catalog.integrations.height
    True

    Columns: integration, metric (text); effect, low, high (number, unit of the metric); verdict, why (text); baseline,
    target (number, unit of the metric); better (text); due, declared_on, go_live (date); n_before, n_after (count,
    days); value_now (number, unit of the metric); unit, system (text); trend (number, unit per day); trend_since (date)
    """
    fitted, _ = _effects(evidence)
    return verdicts.judged(evidence.catalog.integrations, _series(evidence), _around(evidence), fitted)


@question
def outcome_days(evidence: "Evidence") -> pl.DataFrame:
    """One row per day of each series behind ``outcomes`` that could be fitted: its value and the two lines.

    ``fitted`` is the line before and after go-live at the mean of the week, ``continued`` the trend before it, from
    go-live on.

    >>> ih.audit.outcome_days(ih.Evidence()).height
    0

    Columns: integration (text); day (date); value, fitted, continued (number, unit of the metric)
    """
    _, lines = _effects(evidence)
    days = _around(evidence).select("integration", "day", "value")
    return days.join(lines, on=["integration", "day"], how="inner").sort("integration", "day")
