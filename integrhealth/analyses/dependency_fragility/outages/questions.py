"""What an outage at the worst moment does to every integration: one call on evidence."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.dependency_fragility import dependence, structure
from integrhealth.analyses.dependency_fragility.outages import arrivals, drill, repair_times
from integrhealth.analyses.dependency_fragility.suppositions import suppositions
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def outages(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration with traffic, those that stop first: it fails in its busiest hour, and it is night.

    2,000 runs: messages come as in the busiest hour of its history until the outage ends, which is when somebody was
    found and has repaired it, both drawn from incidents opened from 22 to 6 (``repairs_from`` says which). They wait
    up to ``queue_limit``, beyond it they are refused; nothing waits where ``waits`` is false, as somebody waits for the
    answer. People do the oldest first, at the catalog's manual rate. ``past_tolerance`` (median) were refused or waited
    longer than the catalog's tolerance. Losses = value_per_object x those + delay_cost_per_hour x hours waited by all,
    null where the catalog names neither.

    Verdicts: survive (in 95% of the runs under 0.1% of the messages are past the tolerance and none past twice of it,
    nobody lifting a hand), work around (the same with people at work), stop, cannot tell (``why`` names what is
    missing). ``staff_hours`` are hours of hand work in the outage, and after it for what was refused, none where it
    survives. Low and high (p95) hold nine of ten runs.

    >>> ih.dependency_fragility.outages(evidence).select("integration", "verdict", "arrivals").head(2).rows()
    [('shop-orders', 'stop', 7), ('wms-orders', 'stop', 10)]

    Columns: integration, verdict (text); past_tolerance, past_low, past_high (number, messages); past_share (number,
    share); median_loss, loss_low, p95_loss (number, catalog's currency); staff_hours (number, hours); why, source,
    target (text); hour (time, UTC); arrivals, repairs (count); repairs_from (text); outage_minutes, outage_p95_minutes
    (number, minutes); owned (flag); find_minutes, tolerance_minutes (number, minutes); waits (flag); queue_limit
    (number, messages); manual_rate_per_hour (number, messages per hour); value_per_object (number, money);
    delay_cost_per_hour (number, money); survived_share, worked_share (number, share)
    """
    declared = evidence.catalog.integrations
    last = dependence.last_sent_at(evidence.messages)
    return drill.outages(
        arrivals.busiest_hours(arrivals.hour_facts(evidence.outcomes)),
        repair_times.repair_times(evidence.incident_events, declared, timezone=evidence.catalog.timezone),
        declared,
        structure.fallback_tests(declared, last_sent_at=last),
        supposed=suppositions(evidence.catalog.supposed),
    )
