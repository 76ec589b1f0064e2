"""Whether each message leaves a full trail: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.reconciliation.trail import facts
from integrhealth.analyses.reconciliation.trail.shares import shares
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def trail_facts(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration, month, currency, error code and pattern of answers, as ``facts.trail_facts``."""
    messages = evidence.outcomes
    return facts.trail_facts(
        messages,
        until=facts.evidence_end(messages),
        limits=facts.answer_limits(messages),
        timezone=evidence.catalog.timezone,
    )


@question
def trail(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per integration and month."""
    rows = shares(
        trail_facts(evidence),
        ("integration", "month"),
        currency=evidence.catalog.currency,
        min_messages=min_messages,
    )
    return rows
