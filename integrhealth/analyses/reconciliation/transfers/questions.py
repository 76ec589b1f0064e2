"""Whether what was sent arrived, once: one call on evidence per table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.reconciliation.transfers import ages, counts, objects, order, reconciled
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _two_logs(evidence: "Evidence") -> pl.DataFrame:
    return counts.with_two_logs(evidence.messages, evidence.receipts).to_frame()


@question
def _currency(evidence: "Evidence") -> str | None:
    """What amounts are in: the catalog's currency, else the only one that is written down."""
    written = pl.concat([frame["currency"] for frame in (evidence.messages, evidence.receipts)]).drop_nulls().unique()
    return evidence.catalog.currency or (written.item() if len(written) == 1 else None)


@question
def _made(evidence: "Evidence") -> counts.Transfers:
    shared = _two_logs(evidence).to_series()
    made = counts.transfers(evidence.outcomes, evidence.receipts, two_logs=shared)
    return counts.in_period(made, evidence.messages, evidence.receipts)


@question
def _facts(evidence: "Evidence") -> counts.Facts:
    shared = _two_logs(evidence).to_series()
    declared = evidence.catalog.integrations
    return counts.transfer_facts(
        _made(evidence), declared, two_logs=shared, holds=evidence.holds, currency=_currency(evidence)
    )


@question
def _limits(evidence: "Evidence") -> pl.DataFrame:
    shared = _two_logs(evidence).to_series()
    return reconciled.limits(_facts(evidence), evidence.catalog.integrations, two_logs=shared)


@question
def transfers(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per integration, those with most breaks first: what became of what was sent.

    sent = received + failed + lost + in_flight + no_receipt_known; all attempts of one message are one transfer.
    ``side``: "two logs", the sender's and the receiver's (`receipts`), share a key; "one log" has both ends; "sender
    only", where all that a receiver would know is null; "no common key". Lost: not received after ``limit_ms``, the
    99th percentile of past delay and a minute at least; younger is in flight, measured where the log of the receiver
    ends. Phantom: received, never sent. Applied twice: one object and content had an effect twice, unless the catalog
    says that the receiver is idempotent; else a repeated send is absorbed. Late: later than the catalog's sync limit,
    besides what a checkpoint held it for, else than ``limit_ms``. Out of order: a lower number, or an earlier send of
    the object, after a higher one (RFC 4737). Overdue: no outcome known after 24 hours.

    >>> ih.reconciliation.transfers(evidence).select("integration", "sent", "lost", "side").head(1).rows()
    [('bank-statements', 180, 11, 'one log')]

    Columns: integration (text); sent, lost, phantom, duplicate_applied, absorbed, out_of_order, late, in_flight,
    received, failed, no_receipt_known, surely_lost, uncovered, applied_again, surely_applied_twice, pairs, skewed
    (count);
    lost_share, low, high (number, share); lost_amount, applied_again_amount (number, catalog's currency); oldest (time,
    UTC); limit_ms, sync_limit_ms (number, ms); side (text); acknowledged, overdue (count)
    """
    made, shared = _made(evidence), _two_logs(evidence).to_series()
    ordered = order.order_facts(made.each, streams=order.numbered_streams(made.each))
    declared = evidence.catalog.integrations
    return reconciled.reconciled(_facts(evidence), ordered, declared, two_logs=shared, min_messages=min_messages)


@question
def unmatched(evidence: "Evidence") -> pl.DataFrame:
    """One row per transfer that is lost or in flight, and per object that arrived and was never sent.

    ``at`` is when it was last sent, or first received where nobody sent it; ``waited_ms`` runs to the end of the
    receiver's log.

    >>> ih.reconciliation.unmatched(evidence).select("integration", "class").unique().rows()
    [('bank-statements', 'lost')]

    Columns: integration, object_type, object_id, class (text); at (time, UTC); waited_ms (number, ms); amount (number,
    catalog's currency); message_id (text)
    """
    return objects.unmatched(_made(evidence), _limits(evidence), currency=_currency(evidence))


@question
def duplicates(evidence: "Evidence") -> pl.DataFrame:
    """One row per transfer that stands in the logs more than once.

    "applied twice": the same object and content took effect more than once. "absorbed": sent again, one effect.
    "repeat": the content of this object came before, more than 12 hours ago or with another one between: sent anew.
    "possible": another object of the same integration brought the same content within 24 hours; perhaps a customer who
    ordered twice, and counted nowhere.

    >>> ih.reconciliation.duplicates(evidence).select("integration", "class").rows()
    []

    Columns: integration, object_type, object_id (text); times (count); first_at, last_at (time, UTC); class (text);
    amount (number, catalog's currency); applied (count)
    """
    return objects.duplicates(_made(evidence).each, evidence.catalog.integrations, currency=_currency(evidence))


@question
def transfer_ages(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration and age: how many took so long and arrived, and how many have waited so long and did not.

    >>> ih.reconciliation.transfer_ages(evidence).filter(pl.col("missing") > 0).select("band", "missing").rows()
    [('weeks', 11)]

    Columns: integration, band (text); from_ms (number, ms, where the band begins); arrived, missing (count)
    """
    return ages.transfer_ages(_facts(evidence), _limits(evidence))


@question
def breaks(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration that was reconciled: ``open``, its breaks over tolerance that nobody resolved.

    Surely lost, phantom, or surely applied twice. Of one log of both ends a share of lost messages up to 0.1% is
    tolerated: so much a log loses of what it should log.

    >>> ih.reconciliation.breaks(evidence).filter(pl.col("open") > 0).rows()
    []

    Columns: integration (text); open (count)
    """
    return reconciled.breaks(transfers(evidence))
