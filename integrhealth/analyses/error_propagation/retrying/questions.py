"""What retries made of errors: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.error_propagation.retrying import bins, chains, layers, storms
from integrhealth.analyses.error_propagation.retrying import retries as amplified
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _attempts(evidence: "Evidence") -> pl.DataFrame:
    return chains.attempts(evidence.caused)


@question
def _load(evidence: "Evidence") -> pl.DataFrame:
    return bins.load_bins(_attempts(evidence))


@question
def _drains(evidence: "Evidence") -> pl.DataFrame:
    return bins.drains(_load(evidence), _attempts(evidence))


@question
def retries(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per integration, the worst verdict first: attempts per message, pauses, and what an outage would start.

    Amplification = attempts / messages that were to be delivered. Verdicts, worst first: sustained (a storm outlived
    its trigger), vulnerable (peak arrivals with all retries exceed what was worked off when behind), no jitter,
    watch (more than 1.1 attempts per message), calm; "not enough data" under `min_messages` attempts, where the
    counts stay and the figures are null.

    >>> ih.error_propagation.retries(evidence).select("integration", "attempts", "jittered", "verdict").head(2).rows()
    [('parcel-scans', 1510, False, 'sustained'), ('wms-stock', 2062, False, 'no jitter')]

    Columns: integration (text); attempts, delivered (count); amplification (number, attempts per message); jittered
    (flag); verdict (text); low, high, amplification_expected (number, attempts per message); error_share (number,
    share); failed, retried, retries, most, paused (count); constant_share (number, share); peak_per_minute,
    drain_per_minute (number, messages per minute); drain_minutes (number, minutes); vulnerability (number, ratio)
    """
    return amplified.retries(_attempts(evidence), retry_storms(evidence), _drains(evidence), min_messages=min_messages)


@question
def retry_storms(evidence: "Evidence") -> pl.DataFrame:
    """One row per storm: retries far above their usual number, around a surge of messages or an outage.

    It is sustained when retries stayed raised all the time after the trigger was over and the load was back, and
    goodput is down by over 10% (p < 0.01); null when the data end before that can be seen.

    >>> ih.error_propagation.retry_storms(evidence).select("integration", "trigger", "minutes", "sustained").rows()
    [('parcel-scans', 'outage', 7.0, True)]

    Columns: integration, trigger (text); started_at, trigger_ended_at, ended_at (time, UTC); minutes (number, minutes);
    offered_before_per_minute, offered_after_per_minute, goodput_before_per_minute, goodput_after_per_minute (number,
    messages per minute); goodput_change, low, high (number, share); attempts_per_message (number, attempts per
    message); messages_after (count); drain_actual_minutes, drain_predicted_minutes (number, minutes); drain_ratio
    (number, actual to predicted); sustained (flag)
    """
    return storms.retry_storms(_load(evidence), _drains(evidence))


@question
def retry_load(evidence: "Evidence") -> pl.DataFrame:
    """One row per time bin around the worst storm, in their order: new messages, all attempts and deliveries.

    The worst storm outlived its trigger, else it lasted longest. As much is shown before it and after it as it lasted.
    No rows without a storm.

    >>> ih.error_propagation.retry_load(evidence).select("integration", "minutes", "attempts_per_minute").row(9)
    ('parcel-scans', 1.0, 58.0)

    Columns: integration (text); at (time, UTC, where the bin begins); minutes (number, minutes, its width);
    offered_per_minute, attempts_per_minute, goodput_per_minute (number, messages per minute)
    """
    return storms.retry_load(_load(evidence), retry_storms(evidence))


@question
def retry_layers(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per pair of integrations that both retried, one below the other by parent links, most attempts first.

    ``chains`` are messages of the outer one that were retried and below which the inner one retried too, ``through``
    the retrying integrations between them, and ``expected`` what a total outage makes of one message: the product of
    the largest attempt numbers along the path (AWS Builders' Library, Timeouts, retries and backoff with jitter).
    ``attempts_per_message`` is null under `min_messages` chains.

    >>> ih.error_propagation.retry_layers(evidence).rows()
    []

    Columns: outer, inner (text); through (list of text); chains, attempts_below, most_below (count);
    attempts_per_message (number, attempts below per message above); expected (count)
    """
    return layers.retry_layers(evidence.linked, _attempts(evidence), min_messages=min_messages)
