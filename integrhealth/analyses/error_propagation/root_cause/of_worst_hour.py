"""Root causes for a report: those of the worst hour, or of the moment an analyst asks for, and what to say of them."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.error_propagation.root_cause.comparing import MINUTE_WRITTEN, compared, in_words
from integrhealth.analyses.error_propagation.root_cause.damage import travelled
from integrhealth.analyses.error_propagation.root_cause.ranking import SCHEMA, ranked_causes
from integrhealth.analyses.error_propagation.root_cause.worst_hour import (
    HOUR,
    began,
    failures,
    hours,
    standing_out,
    with_chance,
    with_usual,
)
from integrhealth.language.period import period
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TIME
from integrhealth.language.thresholds import (
    MIN_BAD_ENTRIES,
    NEAREST_DAYS,
    NEAREST_MESSAGES,
    STANDING_OUT_LEVEL,
)

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

# What is said of the hour, the same in every row.
OF_THE_HOUR = {
    "at": TIME,
    "began_at": TIME,
    "traces": COUNT,
    "failed_traces": COUNT,
    "usual_failed_traces": NUMBER,
    "stands_out": FLAG,
}
COLUMNS = SCHEMA | OF_THE_HOUR


def report_root_causes(evidence: "Evidence", at: datetime | None = None) -> tuple[pl.DataFrame, str]:
    """One row per suspect, the likeliest first, and the sentence that says what was compared, or why there are no rows.

    Columns as ``rootcause.root_causes`` has them, plus those of OF_THE_HOUR. Without `at` it is the worst hour: of the
    hours that stand out that with the largest excess of failed traces, or, where none does, the one in which the wrong
    values were entered that damaged most records of other systems, if that stands out; the suspects are ranked by what
    changed when it began. Normal time is what lies nearest to it: 300,000 messages, and a day before and after in any
    case.
    """
    damage = travelled(evidence.bad_entries, evidence.entry_steps)
    failed = failures(evidence.outcomes)
    by_hour = hours(evidence.outcomes, failed, evidence.catalog.integrations)
    worst = standing_out(by_hour)
    if at is not None:
        if (why := _outside(evidence, at)) is not None:
            return _nobody(), why
        start, place = at, f"Around {at:{MINUTE_WRITTEN}} UTC"
        alike = worst.filter(pl.col("hour") == _beginning(at))
        hour, stands_out = at, alike.height > 0
    elif worst.height:
        hour, usual, reached = worst.select("hour", "usual", "failed").row(0)
        start, stands_out = began(failed, hour, usual=usual, reached=reached), True
        place = f"In the worst hour, {hour:{MINUTE_WRITTEN}} UTC"
    elif (damaged := most_damaged(damage, evidence.messages)) is not None:
        (hour, start), stands_out = damaged, True
        place = f"In the hour of most wrong values, {hour:{MINUTE_WRITTEN}} UTC"
    elif failed.height or damage.height:
        return _nobody(), "No hour stands out: no more fails in any than chance, bursts and the promise allow for."
    else:
        return _nobody(), "No message failed in this period, and no wrong value is known to have travelled on."
    nearby = _nearest(evidence, start)
    comparison = compared(nearby, damage, at=start)
    suspects, said = ranked_causes(comparison, nearby), in_words(comparison, *_covered(nearby))
    if suspects.is_empty():
        return _nobody(), f"{place}, no system stands out from its usual self. {said}"
    of_it = by_hour.filter(pl.col("hour") == _beginning(hour))
    counted = of_it.select("failed", "usual").row(0) if of_it.height else (None, None)
    of_all = dict(zip(OF_THE_HOUR, (hour, start, _traces(evidence.messages, hour), *counted, stands_out), strict=True))
    return suspects.with_columns(pl.lit(of_all[name], kind).alias(name) for name, kind in OF_THE_HOUR.items()), said


def _nobody() -> pl.DataFrame:
    return pl.DataFrame(schema=COLUMNS)


def _covered(evidence: "Evidence") -> tuple[datetime, datetime] | None:
    """The first and the last moment that messages, metrics or logs tell of; None without any."""
    return period(evidence.messages["sent_at"], evidence.metrics["time"], evidence.logs["time"])


def _beginning(moment: datetime) -> datetime:
    """When the hour of `moment` began."""
    return moment.replace(minute=0, second=0, microsecond=0)


def _outside(evidence: "Evidence", at: datetime) -> str | None:
    """The sentence that nothing was recorded at that moment; None where something was."""
    covered = _covered(evidence)
    if covered is None or covered[0] <= at <= covered[1]:
        return None
    first, last = (f"{time:{MINUTE_WRITTEN}}" for time in covered)
    return f"Nothing was recorded at {at:{MINUTE_WRITTEN}} UTC; ask for a moment from {first} to {last} UTC."


def _traces(messages: pl.DataFrame, hour: datetime) -> int:
    """The traces with a message in the hour of `hour`; a message without one is a trace of its own."""
    start = _beginning(hour)
    within = messages.filter(pl.col("sent_at").is_between(start, start + HOUR, closed="left"))
    return within.select(pl.coalesce("trace_id", "message_id").n_unique()).item()


def most_damaged(damage: pl.DataFrame, messages: pl.DataFrame) -> tuple[datetime, datetime] | None:
    """The hour whose wrong values damaged most records, and when the first of them was entered; null where that hour
    neither damaged many records, more than all others together, nor saw more wrong values than the hours like it.
    """
    if damage.is_empty():
        return None
    entered = damage.group_by(hour=pl.col("entered_at").dt.truncate("1h")).agg(
        pl.col("records").sum(), failed=pl.len(), began=pl.col("entered_at").min()
    )
    hour, records, _, start = entered.sort("records", "hour", descending=[True, False]).row(0)
    traffic = messages.group_by(hour=pl.col("sent_at").dt.truncate("1h")).agg(messages=pl.len())
    dealt = pl.col("messages") * damage.height / messages.height
    by_hour = traffic.join(entered.select("hour", "failed"), on="hour", how="left").with_columns(
        pl.col("failed").fill_null(0), dealt=dealt, allowed=pl.lit(0.0)
    )
    judged = with_chance(with_usual(by_hour.sort("hour"))).filter(pl.col("hour") == hour)
    often = judged.filter(pl.col("chance") < STANDING_OUT_LEVEL)
    alone = records >= MIN_BAD_ENTRIES and 2 * records > damage["records"].sum()
    return (hour, start) if alone or often.height else None


def _nearest(evidence: "Evidence", moment: datetime) -> "Evidence":
    """The evidence as far from `moment` as the nearest messages lie, and within some days in any case."""
    apart = (evidence.messages["sent_at"] - moment).abs()
    distance = max(apart.bottom_k(NEAREST_MESSAGES).max() or timedelta(0), timedelta(days=NEAREST_DAYS))
    within = pl.col("time").is_between(moment - distance, moment + distance)
    nearby = evidence.filter(apart <= distance).filter(within, frame="metrics").filter(within, frame="logs")
    left_out = any(nearby.frames[name].height < frame.height for name, frame in evidence.frames.items())
    # Where nothing is left out, what the evidence has linked already serves.
    return nearby if left_out else evidence
