"""Traffic of systems that are down for a while, minute by minute."""

from datetime import UTC, datetime, timedelta

import polars as pl

from integrhealth.evidence import Evidence
from integrhealth.language.schema import conform

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = (0, 1440, 2880)


def sent(minute: float, status: str = "ok", *, source="A", target="B", kind="request", after=0.01, **more) -> dict:
    """A message sent in a minute of the first Monday that ended `after` so many minutes; None: nothing says when."""
    at = MONDAY + timedelta(minutes=minute)
    ended = None if after is None else at + timedelta(minutes=after)
    row = {"source": source, "target": target, "kind": kind, "status": status, "sent_at": at, "finished_at": ended}
    return row | {"fallback": False} | more


def messages(*rows: dict) -> pl.DataFrame:
    named = [{"message_id": f"m{number}"} | row for number, row in enumerate(rows)]
    return conform(pl.DataFrame(named, infer_schema_length=None), "messages")


def evidence(*rows: dict, metrics: pl.DataFrame | None = None) -> Evidence:
    return Evidence(messages=messages(*rows), metrics=metrics)


def failing(*minutes: float, **more) -> list[dict]:
    return [sent(minute, "failed", **more) for minute in minutes]


def three(outage) -> list[dict]:
    """The rows of `outage(day)` on three days, and of B alive before and after each."""
    return [row for day in DAYS for row in (sent(day + 1), *outage(day), sent(day + 60))]


def measured(values: dict[str, list[float | None]], *, metric: str = "up") -> pl.DataFrame:
    """A sample each minute of each system; None: it is missing."""
    return pl.DataFrame(
        [
            {"time": MONDAY + timedelta(minutes=minute), "system": system, "metric": metric, "value": float(value)}
            for system, samples in values.items()
            for minute, value in enumerate(samples)
            if value is not None
        ]
    )
