"""How tightly systems hang together: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.dependency_fragility.coupling import down_times as down
from integrhealth.analyses.dependency_fragility.coupling import grace, odds
from integrhealth.analyses.dependency_fragility.suppositions import suppositions, without
from integrhealth.language.questions import question
from integrhealth.language.schema import is_exchanged

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

PAIR = ["source", "target"]


@question
def _seen(evidence: "Evidence") -> pl.DataFrame:
    return down.seen_facts(evidence.caused)


@question
def _windows(evidence: "Evidence") -> pl.DataFrame:
    return down.windows(_seen(evidence), evidence.metrics)


@question
def down_times(evidence: "Evidence") -> pl.DataFrame:
    """One row per outage of a system: three own failures in a row there, or a health gap in its metrics.

    Failures all about one object are none: it may be what fails. A gap is ``up`` = 0 or three missing samples. Rows
    of failures that chance explains are none. Times down that lie closer together than the longer of them lasted, or
    than 15 minutes, are one outage. It runs from the first to the last sign
    of it, so it is shorter than the true one by up to two pauses between signs.

    >>> ih.dependency_fragility.down_times(evidence).select("system", "sign", "failures").rows()
    [('ERP', 'failures', 160), ('Tracking', 'failures', 348)]

    Columns: system (text); started_at, ended_at (time, UTC); sign (text); failures (count)
    """
    return down.down_times(_windows(evidence))


@question
def coupling(evidence: "Evidence") -> pl.DataFrame:
    """One row per edge: whether both ends fail together, and what became of the work while the target was down.

    ``odds_ratio`` compares 15-minute bins of the same hour of the week (Mantel and Haenszel 1959, interval by Robins,
    Breslow and Greenland 1986); 1 is no coupling. ``lift`` is the raw ratio, which a busy hour raises by itself.
    ``grace`` = (served by a fallback + deferred and applied later) / all, null below three outages. Only edges are
    asked: what one system makes of another two edges away, it makes of the one in between.

    >>> ih.dependency_fragility.coupling(evidence).select("source", "target", "outages", "failed").row(1)
    ('Webshop', 'ERP', 1, 10)

    Columns: source, target (text); odds_ratio, low, high (number, ratio); outages (count); grace (number, share); lift
    (number, ratio); bins, both_failing, source_failing, target_failing (count); grace_low, grace_high (number, share);
    served, deferred, failed, lost (count)
    """
    messages = evidence.caused
    left = without(suppositions(evidence.catalog.supposed).removed)
    pairs = messages.filter(is_exchanged(), left).select(PAIR).unique()
    rated = odds.odds(odds.strata(odds.bins(_seen(evidence)), pairs))
    judged = grace.grace(grace.grace_facts(messages, _windows(evidence)))
    counts = ("bins", "both_failing", "source_failing", "target_failing", "outages", *grace.ENDS)
    return (
        pairs.join(rated, on=PAIR, how="left")
        .join(judged, on=PAIR, how="left")
        .with_columns(pl.col(counts).fill_null(0))
        .select(
            *PAIR,
            *("odds_ratio", "low", "high", "outages", "grace", "lift"),
            *("bins", "both_failing", "source_failing", "target_failing", "grace_low", "grace_high", *grace.ENDS),
        )
        .sort("grace", "odds_ratio", *PAIR, descending=[False, True, False, False], nulls_last=True)
    )
