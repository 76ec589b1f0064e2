"""What comes to one integration hour by hour, and incidents with the time until they were repaired."""

from datetime import UTC, datetime, timedelta

import polars as pl

from integrhealth.language.schema import conform

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


def arrivals(*per_hour: int, integration: str = "orders", kind: str = "request", **columns: object) -> pl.DataFrame:
    """So many messages in each hour from midnight on, evenly spread."""
    rows = [
        {
            "message_id": f"{integration}.{hour}.{each}",
            "integration": integration,
            "source": "Shop",
            "target": "ERP",
            "kind": kind,
            "status": "ok",
            "sent_at": MIDNIGHT + timedelta(hours=hour + each / count),
        }
        for hour, count in enumerate(per_hour)
        for each in range(count)
    ]
    return conform(pl.DataFrame(rows).with_columns(**columns), "messages")


def repaired(minutes: float, *, day: int = 0, hour: float = 23, search: float = 0, integration: str = "orders") -> list:
    """One incident: opened at the desk, assigned after the search, resolved after so many minutes in all."""
    at = MIDNIGHT + timedelta(days=day, hours=hour)
    steps = {"New": (0, "desk" if search else "IT"), "Assigned": (search, "IT"), "Resolved": (minutes, "IT")}
    return [
        {
            "incident": f"{integration}.{day}.{hour}",
            "integration": integration,
            "state": state,
            "team": team,
            "at": at + timedelta(minutes=after),
        }
        for state, (after, team) in steps.items()
    ]


def incidents(*each: list) -> pl.DataFrame:
    return conform(pl.DataFrame([event for events in each for event in events]), "incident_events")
