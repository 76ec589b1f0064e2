"""Whether each message leaves a full trail: one call on evidence per published table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.reconciliation.receiver_log import with_receipts
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
        with_receipts(messages, evidence.receipts),
        until=facts.evidence_end(messages),
        limits=facts.answer_limits(messages),
        timezone=evidence.catalog.timezone,
    )


@question
def trail(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per integration and month of the catalog's time zone: how many messages answer each of six questions.

    ``what``: a hash or size of the payload is there, or the object id where the log of the integration never has
    either (``what_by``). ``when``: it was sent. ``who``: an actor, or, where that log never names one, a sending
    system that something names (``who_by``). ``received``: the receiver's time, a receipt of its object in the
    receiver's own log, or the answer to a request that was not given up. ``succeeded``: the status says how it ended.
    ``why``, asked of failed and declined messages alone: a text or code that tells more than "error", "unknown" or
    "500". ``joint``: all of them, five or six, with its Wilson interval; ``trailed`` counts them, and
    ``trailed_as_logged`` those that answer all but what the log of the integration gives for no message
    (``never_logged``). ``missing`` is what else is missing most.

    Asked are the ``messages`` between two systems, without load tests and what was never sent. One without an end
    is ``unanswered`` after a day, or after the 99th percentile of the delays of its integration where that is
    longer; before it is ``in_flight``, not yet asked and in no other count. ``traced_money``: the part of the
    amounts in ``currency`` that lies on trailed messages; ``other_amounts`` are in others. Shares are null below
    `min_messages` of what they are of.

    >>> seen = "integration", "month", "messages", pl.col("why", "joint").round(3)
    >>> ih.reconciliation.trail(evidence).filter(integration="crm-accounts").select(seen).head(2).rows()
    [('crm-accounts', '2025-11', 725, 0.2, 0.945), ('crm-accounts', '2025-12', 1241, 0.115, 0.944)]

    Columns: integration, month (text); messages (count); what, when, who, received, succeeded, why, joint, low, high
    (number, share); verdict, missing (text); missing_share (number, share); what_by, who_by (text); never_logged
    (list of text); trailed, trailed_as_logged, failed, declined, reasons (count); top_error (text); top_error_share
    (number, share of failed); unanswered, in_flight, with_amount, other_amounts (count); amount (number, currency);
    traced_money (number, share); currency (text)
    """
    return _shares(evidence, ("integration", "month"), min_messages)


@question
def trail_integrations(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per integration, the whole period together; columns as in ``trail``, the largest gaps first.

    >>> seen = "integration", "messages", "trailed", "missing", "top_error"
    >>> ih.reconciliation.trail_integrations(evidence).select(seen).head(2).rows()
    [('bank-statements', 180, 166, 'succeeded', 'MAPPING'), ('crm-accounts', 2662, 2508, 'why', 'DUPLICATE_VALUE')]

    Columns: integration (text); messages (count); what, when, who, received, succeeded, why, joint, low, high
    (number, share); verdict, missing (text); missing_share (number, share); what_by, who_by (text); never_logged
    (list of text); trailed, trailed_as_logged, failed, declined, reasons (count); top_error (text); top_error_share
    (number, share of failed); unanswered, in_flight, with_amount, other_amounts (count); amount (number, currency);
    traced_money (number, share); currency (text)
    """
    rows = _shares(evidence, ("integration",), min_messages)
    return rows.sort("joint", "integration", nulls_last=True)


@question
def trail_whole(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row: all integrations and the whole period together; columns as in ``trail``.

    ``verdict`` answers question 8 of the audit: full from 99% of the messages on, partial from 90% on, else gaps.

    >>> ih.reconciliation.trail_whole(evidence).select("messages", "trailed", "verdict", "missing").rows()
    [(60684, 59707, 'partial', 'why')]

    Columns: messages (count); what, when, who, received, succeeded, why, joint, low, high
    (number, share); verdict, missing (text); missing_share (number, share); what_by, who_by (text); never_logged
    (list of text); trailed, trailed_as_logged, failed, declined, reasons (count); top_error (text); top_error_share
    (number, share of failed); unanswered, in_flight, with_amount, other_amounts (count); amount (number, currency);
    traced_money (number, share); currency (text)
    """
    return _shares(evidence, (), min_messages)


def _shares(evidence: "Evidence", by: Sequence[str], min_messages: int) -> pl.DataFrame:
    return shares(trail_facts(evidence), by, currency=evidence.catalog.currency, min_messages=min_messages)
