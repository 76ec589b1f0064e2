"""What retries made of errors: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.error_propagation.retrying import bins, chains, storms
from integrhealth.analyses.error_propagation.retrying import retries as amplified
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _attempts(evidence: "Evidence") -> pl.DataFrame:
    return chains.attempts(evidence.linked)


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
    (flag); verdict (text); low, high, amplification_expected (number, attempts per message); failed_share (number,
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
    """
    return storms.retry_storms(_load(evidence), _drains(evidence))
