"""Whether each level of integrations stands on stable ones: one call on evidence per published table.

What an integration promises, how it changed, what its retries did and whether what it sent arrived is asked of the
reports that say so.
"""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses import error_propagation, latency, reconciliation
from integrhealth.analyses.dependency_fragility.levels import checks, ladder, standing
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES, STABLE_DAYS

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _placed(evidence: "Evidence") -> pl.DataFrame:
    return standing.placed(evidence.catalog.integrations)


@question
def _days(evidence: "Evidence") -> pl.DataFrame:
    return standing.day_facts(evidence.messages)


@question
def _promises(evidence: "Evidence") -> pl.DataFrame:
    return latency.slo(evidence, period_days=STABLE_DAYS)


@question
def _period(evidence: "Evidence") -> standing.Period:
    return standing.period(_days(evidence), _promises(evidence))


@question
def _shifts(evidence: "Evidence", *, min_messages: int) -> pl.DataFrame:
    shifts = latency.shifts(evidence, volume=False, min_messages=min_messages)
    return standing.last_shifts(shifts, _promises(evidence), _period(evidence))


@question
def _books(evidence: "Evidence") -> pl.DataFrame:
    """The largest difference of each integration between the books of both ends; messages alone are none."""
    both = reconciliation.books(evidence).filter(pl.col("unit") == "documents")
    return both.unique("integration", keep="first", maintain_order=True)


@question
def level_checks(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per integration that the catalog puts on a level, and check: whether it is stable, and why.

    By its last 28 days: ``success`` and ``p95`` are kept (`latency.slo`), no retry ``storm`` outlived its trigger
    (`error_propagation.retry_storms`), the last ``shift`` of latency or errors is none to the worse by half
    (`latency.shifts`), it did not fall silent (``silence``: `latency.silence`, where its rhythm is known), what it sent
    arrived once (``breaks``: `reconciliation.breaks`), of the foundation the books of both ends hold the same sum
    (``books``: `reconciliation.books`), and somebody is named as ``owner``. What chance could explain, and what rests
    on fewer than `min_messages` (of a promise: on less than one a day, and not certainly broken), reads "cannot tell":
    it makes nobody unstable.

    >>> ih.dependency_fragility.level_checks(evidence).select("integration", "check", "result", "why").row(6)
    ('bank-statements', 'owner', 'failed', 'nobody owns it')

    Columns: level, integration, check, result, why (text); value, limit (number, of the check); n (count)
    """
    declared = _placed(evidence)
    if declared.is_empty():  # the other reports need not be asked
        return pl.DataFrame(schema=checks.CHECKS)
    return checks.checks(
        declared,
        _promises(evidence),
        error_propagation.retry_storms(evidence),
        _shifts(evidence, min_messages=min_messages),
        standing.seen(_days(evidence), _period(evidence)),
        _period(evidence),
        silence=latency.silence(evidence),
        breaks=reconciliation.breaks(evidence),
        books=_books(evidence),
        min_messages=min_messages,
    )


@question
def changes(evidence: "Evidence", *, min_messages: int) -> pl.DataFrame:
    """One row per integration that is new or changed, as ``standing.changes``."""
    if _placed(evidence).is_empty():
        return pl.DataFrame(schema=standing.CHANGES)
    return standing.changes(
        _placed(evidence),
        standing.seen(_days(evidence), _period(evidence)),
        _shifts(evidence, min_messages=min_messages),
        _period(evidence),
    )


@question
def levels(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per level of the catalog, foundation first: whether all of it is stable, and all that it stands on.

    An integration is ``stable`` when none of its checks failed (`level_checks`). Verdicts: stable (all of it, and the
    level below); unstable; "house of cards" (something new or changed stands above an integration that is not stable:
    ``changes`` counts them, ``why`` names them); absent (the catalog puts nothing on it; what stands on it is not
    stable, as no level passes before the one below it: GitLab's service maturity model); "not enough data".
    ``blocked_by``: what keeps it from being stable, from the foundation up. ``uncertain`` are integrations with a check
    that could not be made, ``seen_to_fail`` those of which more is missing than the owner.

    >>> ih.dependency_fragility.levels(evidence).select("level", "integrations", "stable", "verdict").head(2).rows()
    [('foundation', 9, 2, 'unstable'), ('operations', 11, 0, 'unstable')]

    Columns: level (text); integrations, stable (count); blocked_by, verdict, why (text); uncertain, seen_to_fail,
    changes (count); weakest (text)
    """
    rows = level_checks(evidence, min_messages=min_messages)
    return ladder.levels(rows, changes(evidence, min_messages=min_messages))


@question
def level_spend(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per level, foundation first: what was changed on it and how much it moves, and what is red below it.

    ``changes`` are integrations that are new (by the catalog's go-live date, else by their first message) or whose
    latency or error share stepped by half, in 28 days. ``messages`` of these days ended. ``unstable_below`` are the
    levels below with an integration that is not stable: what was spent above them was spent on sand.

    >>> ih.dependency_fragility.level_spend(evidence).select("level", "unstable_below", "messages").rows()[1]
    ('operations', 'foundation', 3936)

    Columns: level, unstable_below (text); changes (count); change_share (number, share); messages (count);
    message_share (number, share); changed (list of text)
    """
    rungs = levels(evidence, min_messages=min_messages)
    if rungs.is_empty():
        return pl.DataFrame(schema=ladder.SPENT)
    return ladder.spend(
        rungs,
        changes(evidence, min_messages=min_messages),
        _placed(evidence),
        _promises(evidence),
    )


@question
def system_levels(evidence: "Evidence") -> pl.DataFrame:
    """One row per system of the integrations that the catalog puts on a level, from the foundation up.

    ``level`` counts from 0, the foundation: the lowest of the integrations that the system sends or receives, as a hub
    takes part in all of them. By it the dependency graph can be drawn in layers.

    >>> ih.dependency_fragility.system_levels(evidence).row(0)
    ('Bank', 0, 'foundation')

    Columns: system (text); level (count); level_name (text)
    """
    return standing.systems(evidence.catalog.integrations)
