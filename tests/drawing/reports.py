"""Inventories, deliveries and reads as the tests of report overload write them."""

from datetime import UTC, datetime, timedelta

import polars as pl

from integrhealth.analyses.report_overload.inventory import inventory
from integrhealth.catalog import Catalog
from integrhealth.evidence import Evidence
from integrhealth.language.schema import conform

MORNING = datetime(2026, 3, 2, 7, tzinfo=UTC)
PEOPLE = [f"manager {number}" for number in range(6)]


def evidence(**frames):
    """Evidence of these frames, the others empty."""
    return Evidence(**frames)


def stock(*reports):
    """An inventory; what a report does not say is 400 words, one field of its own, and not statutory."""
    rows = [
        {"words": 400, "fields": [f"field of {row['report']}"], "decisions": [], "statutory": False} | row
        for row in reports
    ]
    return inventory(conform(pl.DataFrame(rows, infer_schema_length=None), "reports"), Catalog().reports)


def delivered(report_name, person, days, hour=7):
    at = [MORNING.replace(hour=hour) + timedelta(days=day) for day in days]
    return conform(pl.DataFrame({"report": report_name, "person": person, "at": at}), "deliveries")


def opened(deliveries, seconds, *, after=timedelta(minutes=5)):
    rows = deliveries.select("report", "person", at=pl.col("at") + after, seconds=pl.lit(seconds, pl.Float64))
    return conform(rows, "reads")


def every_day(names, persons, days):
    """Every report to every person on each of the days, at seven o'clock."""
    return (
        pl.DataFrame({"report": names})
        .join(pl.DataFrame({"person": persons}), how="cross")
        .join(pl.DataFrame({"at": [MORNING + timedelta(days=day) for day in days]}), how="cross")
    )
