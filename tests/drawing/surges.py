"""Days of traffic drawn message by message, for replaying them several times over."""

from datetime import timedelta

import numpy as np
import polars as pl
from drawing.frames import NOON

from integrhealth.analyses.latency.surge.arrivals import busiest_days, day_facts, minute_facts
from integrhealth.analyses.latency.surge.patience import patience, patience_facts, pause_facts
from integrhealth.analyses.latency.surge.surge import lines, surge
from integrhealth.catalog import CATALOG
from integrhealth.language.schema import conform

MIDNIGHT = NOON - timedelta(hours=12)
# Messages a minute from noon to eight in the evening.
RATE, MINUTES = 10, 480


def sent(minutes, *, integration="orders", target="erp", day=0, **columns):
    """So many messages as MINUTES says in each minute after noon, evenly spread; columns may be given."""
    minute = np.repeat(np.arange(len(minutes)), minutes)
    place = np.concatenate([np.arange(count) / count for count in minutes if count]) if minute.size else minute
    at = (NOON.timestamp() + day * 86_400 + (minute + place) * 60) * 1e6
    frame = pl.DataFrame({"at": at.astype(np.int64)}).with_row_index()
    sent_at = pl.from_epoch("at", "us").dt.replace_time_zone("UTC")
    given = {"source": "shop", "operation": "book", "object_type": "order", "status": "ok", "kind": "request"} | columns
    return conform(
        frame.select(
            message_id=pl.format("{}-{}-{}", pl.lit(integration), pl.lit(day), "index"),
            object_id=pl.format("{}-{}-{}", pl.lit(integration), pl.lit(day), "index"),
            integration=pl.lit(integration),
            target=pl.lit(target),
            sent_at=sent_at,
            finished_at=sent_at + pl.duration(milliseconds=200),
            **{name: pl.lit(value) for name, value in given.items()},
        ),
        "messages",
    )


def steady(rate=RATE, minutes=MINUTES, **columns):
    return sent([rate] * minutes, **columns)


def given_up(count=20, *, limit=60, pause=90, day=-1, integration="orders", attempts=3):
    """Messages that were given up after LIMIT seconds and tried again PAUSE seconds later, at last with success."""
    rows = []
    for number in range(count):
        for attempt in range(1, attempts + 1):
            at = NOON + timedelta(days=day, seconds=300 * number + (attempt - 1) * (limit + pause))
            last = attempt == attempts
            rows.append(
                {
                    "message_id": f"t{number}-{attempt}", "object_id": f"t{number}", "attempt": attempt,
                    "integration": integration, "source": "shop", "target": "erp", "operation": "book",
                    "object_type": "order", "kind": "request", "sent_at": at,
                    "answered_at": at + timedelta(seconds=1 if last else limit), "status": "ok" if last else "timeout",
                }
            )  # fmt: skip
    return conform(pl.DataFrame(rows), "messages")


def catalog(*rows):
    return pl.DataFrame(list(rows), schema=CATALOG["integrations"])


def capacities(*, low=None, high=None, reason=None, **systems):
    """What each of the systems can take, with LOW and HIGH, else exactly."""
    rows = [
        {"system": name, "capacity_per_minute": each, "low": low or each, "high": high or each, "reason": reason}
        for name, each in systems.items()
    ]
    numbers = dict.fromkeys(("capacity_per_minute", "low", "high", "tested_multiple", "tested_error_share"), pl.Float64)
    return pl.DataFrame(rows, schema={"system": pl.String, "reason": pl.String} | numbers)


def parts(frame, capacity, declared=None):
    minutes = minute_facts(frame, busiest_days(day_facts(frame)))
    patient = patience(patience_facts(frame), pause_facts(frame), catalog() if declared is None else declared)
    return lines(minutes, patient, capacity), minutes


def answer(frame, capacity, declared=None):
    return surge(*parts(frame, capacity, declared))


def row(table, multiple, integration="orders"):
    return table.row(by_predicate=(pl.col("multiple") == multiple) & (pl.col("integration") == integration), named=True)
