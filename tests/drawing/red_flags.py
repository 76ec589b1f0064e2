"""Flags that came before incidents, and what people read of them, in a company with a catalog of its own."""

from datetime import UTC, datetime, timedelta

import polars as pl
from drawing.reports import evidence

import integrhealth as ih
from integrhealth.catalog import CATALOG, Catalog

START = datetime(2026, 3, 2, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
SYSTEMS = ("ERP", "CRM", "CRM2", "Customer portal", "Portal", "WMS")
INTEGRATIONS = (("erp-wms", "ERP", "WMS"), ("crm-erp", "CRM", "ERP"), ("portal-orders", "Customer portal", "ERP"))


def declared():
    systems = pl.DataFrame({"system": SYSTEMS, "owner": [f"{name} owner" for name in SYSTEMS]})
    edges = pl.DataFrame(INTEGRATIONS, schema=["integration", "source", "target"], orient="row")
    edges = edges.with_columns(owner=pl.format("{} owner", "integration"))
    frames = {"systems": systems, "integrations": edges}
    wide = {
        name: frame.select(
            pl.col(column).cast(dtype) if column in frame.columns else pl.lit(None, dtype).alias(column)
            for column, dtype in CATALOG[name].items()
        )
        for name, frame in frames.items()
    }
    return Catalog(**wide)


def frame(columns, rows):
    """Rows of values by position, as a frame with these columns; none is a frame without rows."""
    return pl.DataFrame(rows, schema=columns.split(), orient="row", infer_schema_length=None) if rows else None


def company(flags, incidents, reads=(), *, words=400, reports=1000):
    """Flags (person, hours, flag), each in one of so many `reports` by turns; hours count from the start.

    `incidents` are (incident, hours, integration, object_id, action), `reads` (number of the flag, hours, seconds).
    """
    named = [(f"report {place % reports}", *flag) for place, flag in enumerate(flags)]
    sent = [(report, person, START + hours * HOUR, flag) for report, person, hours, flag in named]
    # Somebody reads something that is no flag: openings are tracked.
    opened = [("else", "anybody", START, 60.0)]
    opened += [(*named[place][:2], START + hours * HOUR, seconds) for place, hours, seconds in reads]
    begun = [(name, START + hours * HOUR, *rest) for name, hours, *rest in incidents]
    return evidence(
        deliveries=frame("report person at flag", sent),
        reads=frame("report person at seconds", opened),
        reports=pl.DataFrame({"report": sorted({row[0] for row in named}), "words": words}) if words else None,
        incident_events=frame("incident at integration object_id action", begun),
        catalog=declared(),
    )


def linked(flags, incidents, reads=(), **options):
    """(flag, incident) of every flag that lay unread, by the flag."""
    rows = ih.report_overload.red_flags(company(flags, incidents, reads, **options))
    return sorted(rows.select("flag", "incident").rows())
