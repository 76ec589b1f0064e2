"""The evening of the retry storm as the sender logged it, and what was planted in it."""

from collections import Counter
from datetime import timedelta
from itertools import count
from typing import Any

import numpy as np
import polars as pl

from integrhealth.sample.retry_storm.scans import (
    DELIVERED,
    EVENINGS,
    NO_ROOM,
    NOBODY_THERE,
    REFUSAL,
    SCANS,
    SECOND_US,
    TRIGGER,
    Storm,
    us,
)

FAULTS = {
    NOBODY_THERE: ("ServiceUnavailable", "503 Service Unavailable: upstream connect error, connection refused"),
    NO_ROOM: ("TooManyRequests", "429 Too Many Requests, no room for {id}"),
}
# What is looked at before and after the trigger: as long as company A stayed down.
WINDOW = timedelta(minutes=5)


def scan_rows(storm: Storm) -> pl.DataFrame:
    """One row per attempt, by time, in canonical columns: what the sender knows of it."""
    times = {"sent_at": storm.sent_us, "finished_at": storm.ended_us}
    rows = pl.DataFrame({"scan": storm.scan, "attempt": storm.attempt, "outcome": storm.outcome, **times})
    scans = rows.with_columns(object_id=pl.format("PS{}", pl.col("scan") + 100_000))
    code, text = (
        pl.col("outcome").replace_strict(list(FAULTS), [fault[part] for fault in FAULTS.values()], default=None)
        for part in (0, 1)
    )
    return (
        scans.sort("sent_at", "scan")
        .with_columns(pl.from_epoch(name, time_unit="us").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ") for name in times)
        .select(
            pl.format("{}.{}", "object_id", "attempt").alias("message_id"),
            integration=pl.lit(SCANS.name),
            source=pl.lit(SCANS.source),
            target=pl.lit(SCANS.target),
            operation=pl.lit("parcel.scanned"),
            kind=pl.lit(SCANS.kind(storm.company)),
            object_type=pl.lit(SCANS.object_type),
            object_id="object_id",
            attempt="attempt",
            sent_at="sent_at",
            finished_at="finished_at",
            status=pl.when(pl.col("outcome") == DELIVERED).then(pl.lit("ok")).otherwise(pl.lit("failed")),
            error_code=code,
            error_text=text.str.replace("{id}", pl.col("object_id"), literal=True),
        )
    )


def storm_counts(storm: Storm) -> Counter:
    """What the evening adds to the counts of the whole. Like the outage, it is not in those outside of it."""
    attempts, failed = storm.scan.size, int((storm.outcome != DELIVERED).sum())
    counts = Counter(
        {
            ("log", SCANS.log, "failed"): failed,
            ("log", SCANS.log, "not_failed"): attempts - failed,
            ("integration", SCANS.name, "messages"): attempts,
            ("integration", SCANS.name, "failed"): failed,
        }
    )
    for what in ("complete", "written"):
        counts[what, "systems", SCANS.target, "messages"] += attempts
        counts[what, "systems", SCANS.target, "own_errors"] += failed
    return counts


def retry_storm(storm: Storm) -> dict[str, Any]:
    """What was planted, with exact counts. Sustained: after the trigger less than half is delivered of what was
    delivered before it, although as much is sent.
    """
    plan, delivered = EVENINGS[storm.company], storm.outcome == DELIVERED
    messages = np.unique(storm.scan).size
    starts, ends = TRIGGER
    windows = {
        "before": _window(storm, us(starts - WINDOW), us(starts)),
        "trigger": _window(storm, us(starts), us(ends)),
        "after": _window(storm, us(ends), us(ends + WINDOW)),
    }
    return {
        "integration": SCANS.name,
        "gap": f"full jitter, {plan.gap_s:g} s doubled with every try" if plan.jitter else f"always {plan.gap_s:g} s",
        "most_retries": plan.most,
        "jittered": plan.jitter,
        "new_per_minute": storm.scans_per_minute,
        "capacity_per_minute": storm.scans_per_minute * plan.capacity,
        "work_of_a_refusal": REFUSAL,
        "trigger_start": starts.isoformat(),
        "trigger_end": ends.isoformat(),
        "retries_switched_off": plan.switched_off.isoformat() if plan.switched_off else None,
        "messages": messages,
        "attempts": storm.scan.size,
        "retries": int((storm.attempt > 1).sum()),
        "delivered": int(delivered.sum()),
        "failed": int((~delivered).sum()),
        "never_delivered": messages - int(delivered.sum()),
        "amplification": storm.scan.size / messages if messages else None,
        "by_window": windows,
        "sustained": windows["after"]["delivered"] < windows["before"]["delivered"] / 2,
        "storm_minutes_after_trigger": _minutes_down(storm),
    }


def _window(storm: Storm, start_us: int, end_us: int) -> dict[str, Any]:
    """Attempts sent from `start` to `end`, and how many of them were new and were delivered."""
    inside = (storm.sent_us >= start_us) & (storm.sent_us < end_us)
    return {
        "minutes": (end_us - start_us) / SECOND_US / 60,
        "new": int((inside & (storm.attempt == 1)).sum()),
        "attempts": int(inside.sum()),
        "delivered": int((inside & (storm.outcome == DELIVERED)).sum()),
    }


def _minutes_down(storm: Storm) -> int:
    """Minutes in a row after the trigger in which less than three quarters of what was new were delivered."""
    closes, minute = us(TRIGGER[1]), 60 * SECOND_US
    minutes = (_window(storm, closes + down * minute, closes + (down + 1) * minute) for down in count())
    return next(down for down, sent in enumerate(minutes) if sent["delivered"] >= 0.75 * sent["new"])
