"""Root causes for a report, which has no moment to ask for: those of the worst hour, and what to say of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.rootcause import SCHEMA, root_causes
from integrhealth.analyses.worst_hour import began, failures, hours, standing_out
from integrhealth.schema import TIME
from integrhealth.thresholds import NEAREST_DAYS, NEAREST_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

COLUMNS = SCHEMA | {"at": TIME, "began_at": TIME}


@dataclass(frozen=True)
class Nearby:
    """What of the evidence lies near a moment."""

    metrics: pl.DataFrame
    messages: pl.DataFrame
    logs: pl.DataFrame
    dependencies: pl.DataFrame


def report_root_causes(evidence: "Evidence") -> tuple[pl.DataFrame, str | None]:
    """One row per suspect of the worst hour, the likeliest first, or no rows and the sentence that says why.

    Columns as ``rootcause.root_causes`` has them, plus ``at``, the hour with the largest excess of failed messages,
    and ``began_at``, when that excess began: the suspects are ranked by what changed then. Normal time is what lies
    nearest to it: 300,000 messages, and at least a day before and after.
    """
    messages, nothing = evidence.messages, pl.DataFrame(schema=COLUMNS)
    failed = failures(messages)
    if failed.is_empty():
        return nothing, "No message failed in this period."
    worst = standing_out(hours(messages, failed))
    if worst.is_empty():
        return nothing, "No hour stands out: messages fail as chance spreads them over the traffic."
    hour, usual, reached = worst.select("hour", "expected_traces", "traces").row(0)
    start = began(failed, hour, usual=usual, reached=reached)
    found = root_causes(_nearest(evidence, start), at=start)
    if found.is_empty():
        return nothing, f"In the worst hour, {hour:%Y-%m-%d %H:%M} UTC, no system stands out from its usual self."
    return found.with_columns(pl.lit(hour, TIME).alias("at"), pl.lit(start, TIME).alias("began_at")), None


def _nearest(evidence: "Evidence", moment: datetime) -> Nearby:
    """The evidence as far from MOMENT as the nearest messages lie, and within some days in any case."""
    apart = (evidence.messages["sent_at"] - moment).abs()
    distance = max(apart.bottom_k(NEAREST_MESSAGES).max(), timedelta(days=NEAREST_DAYS))
    first, last = moment - distance, moment + distance
    return Nearby(
        evidence.metrics.filter(pl.col("time").is_between(first, last)),
        evidence.messages.filter(apart <= distance),
        evidence.logs.filter(pl.col("time").is_between(first, last)),
        evidence.dependencies,
    )
