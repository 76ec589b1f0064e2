"""Root causes for a report, which has no moment to ask for: those of the worst hour, and what to say of them."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.error_propagation.root_cause.damage import travelled
from integrhealth.analyses.error_propagation.root_cause.ranking import SCHEMA, ranked_causes
from integrhealth.analyses.error_propagation.root_cause.worst_hour import began, failures, hours, standing_out
from integrhealth.language.schema import TIME
from integrhealth.language.thresholds import NEAREST_DAYS, NEAREST_MESSAGES, STANDING_OUT_LEVEL

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

COLUMNS = SCHEMA | {"at": TIME, "began_at": TIME}


def report_root_causes(evidence: "Evidence") -> tuple[pl.DataFrame, str | None]:
    """One row per suspect of the worst hour, the likeliest first, or no rows and the sentence that says why.

    Columns as ``rootcause.root_causes`` has them, plus ``at``, the hour with the largest excess of failed messages, or,
    where no hour stands out by failures, the one in which the wrong values were entered that damaged most records of
    other systems, if that stands out; and ``began_at``, when that began: the suspects are ranked by what changed then.
    Normal time is what lies nearest to it: 300,000 messages, and at least a day before and after.
    """
    nothing, damage = pl.DataFrame(schema=COLUMNS), travelled(evidence.bad_entries, evidence.entry_steps)
    failed = failures(evidence.messages)
    worst = standing_out(hours(evidence.messages, failed))
    if worst.height:
        hour, usual, reached = worst.select("hour", "expected_traces", "traces").row(0)
        start = began(failed, hour, usual=usual, reached=reached)
    elif (damaged := most_damaged(damage, evidence.messages)) is not None:
        hour, start = damaged
    elif failed.height or damage.height:
        return nothing, "No hour stands out: errors and wrong values lie as chance spreads them over the traffic."
    else:
        return nothing, "No message failed in this period, and no wrong value is known to have travelled on."
    suspects = ranked_causes(_nearest(evidence, start), damage, at=start)
    if suspects.is_empty():
        return nothing, f"In the worst hour, {hour:%Y-%m-%d %H:%M} UTC, no system stands out from its usual self."
    return suspects.with_columns(pl.lit(hour, TIME).alias("at"), pl.lit(start, TIME).alias("began_at")), None


def most_damaged(damage: pl.DataFrame, messages: pl.DataFrame) -> tuple[datetime, datetime] | None:
    """The hour whose wrong values damaged most records, and when the first of them was entered; null where that hour
    neither damaged more than all others together nor saw more wrong values than chance deals to one hour of them all.
    """
    from scipy.special import gammainc

    if damage.is_empty():
        return None
    by_hour = damage.group_by(hour=pl.col("entered_at").dt.truncate("1h")).agg(
        pl.col("records").sum(), values=pl.len(), began=pl.col("entered_at").min()
    )
    hour, records, values, start = by_hour.sort("records", "hour", descending=[True, False]).row(0)
    all_hours = messages["sent_at"].dt.truncate("1h").n_unique()
    chance = gammainc(values, damage.height / all_hours) * all_hours
    alone = 2 * records > damage["records"].sum()
    return (hour, start) if alone or chance < STANDING_OUT_LEVEL else None


def _nearest(evidence: "Evidence", moment: datetime) -> "Evidence":
    """The evidence as far from `moment` as the nearest messages lie, and within some days in any case."""
    apart = (evidence.messages["sent_at"] - moment).abs()
    distance = max(apart.bottom_k(NEAREST_MESSAGES).max(), timedelta(days=NEAREST_DAYS))
    within = pl.col("time").is_between(moment - distance, moment + distance)
    nearby = evidence.filter(apart <= distance).filter(within, frame="metrics").filter(within, frame="logs")
    left_out = any(nearby.frames[name].height < frame.height for name, frame in evidence.frames.items())
    # Where nothing is left out, what the evidence has linked already serves.
    return nearby if left_out else evidence
