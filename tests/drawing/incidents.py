"""Incidents as a service desk logs them: what each test says happened, step by step, and drawn at random."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from integrhealth.catalog import CATALOG, Catalog
from integrhealth.evidence import Evidence
from integrhealth.language.schema import TIME, conform

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
TEAMS = ("sales", "service", "finance", "warehouse", "production", "purchasing", "IT")


def steps(picture, **columns):
    """Incident events drawn as lines of `incident hours team state`, further columns by name in the head; - is null.

    `columns` are the same for every step.
    """
    head, *lines = [line.split() for line in picture.strip().splitlines() if line.strip()]
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    texts = pl.DataFrame(rows, schema=dict.fromkeys(head, pl.String)).with_columns(
        pl.when(pl.all() != "-").then(pl.all())
    )
    at = pl.lit(START).cast(TIME) + pl.duration(microseconds=(pl.col("hours").cast(pl.Float64) * 3.6e9).cast(pl.Int64))
    numbered = texts.with_columns(at=at, log_line=pl.int_range(pl.len()), log_file=pl.lit("desk.csv"))
    return conform(numbered.with_columns(**{name: pl.lit(value) for name, value in columns.items()}), "incident_events")


def declared(section, rows):
    """A section of the catalog of these rows; what they do not say is null."""
    return pl.DataFrame(rows, schema=CATALOG[section], orient="row")


def company(events, *, integrations=(), systems=(), teams=(), messages=None, timezone="UTC"):
    """Evidence of incident events with a catalog of these entries."""
    sections = {"integrations": integrations, "systems": systems, "teams": teams}
    return Evidence(
        incident_events=events,
        messages=messages,
        catalog=Catalog(timezone=timezone, **{name: declared(name, list(rows)) for name, rows in sections.items()}),
    )


def lived(incidents):
    """The events of incidents that are (incident, integration, priority, ((team, hours), ...)); the last repairs it.

    Each team has it for its hours; it is opened when the first one gets it, and closed a day after the repair.
    """
    rows = []
    for name, integration, priority, hands in incidents:
        at = START
        about = {"incident": name, "integration": integration, "priority": priority}
        for place, (team, hours) in enumerate(hands):
            rows.append(about | {"at": at, "team": team, "state": "in progress" if place else "new"})
            at += hours * HOUR
        rows.append(about | {"at": at, "team": hands[-1][0], "state": "resolved"})
        rows.append(about | {"at": at + 24 * HOUR, "team": hands[-1][0], "state": "closed"})
    frame = pl.DataFrame(rows).with_columns(log_line=pl.int_range(pl.len()), log_file=pl.lit("desk.csv"))
    return conform(frame, "incident_events")


def drawn(rng, *, owned, ownerless, extra_hours=0.0, slower_fix=0.0, severe=0.5):
    """(incident, integration, priority, hands) of incidents about ``owned`` and ``ownerless``, drawn at random.

    Search and fix of one hand are log-normal around six and three hours; severe ones (priority 1, this share of those
    with an owner, the rest of those without) are searched for a third of that time. Without an owner the search takes
    so many hours more, and the fix so many.
    """
    incidents = []
    for number in range(owned + ownerless):
        mine = number < owned
        first = rng.random() < (severe if mine else 1 - severe)
        search = 6 * rng.lognormal(0, 0.5) / (3 if first else 1) + (0 if mine else extra_hours)
        fix = 3 * rng.lognormal(0, 0.5) + (0 if mine else slower_fix)
        wrong, right = rng.choice(TEAMS, 2, replace=False)
        hands = ((str(wrong), search), (str(right), fix))
        incidents.append((f"I{number}", "owned" if mine else "ownerless", "1" if first else "3", hands))
    return incidents


OWNED = ({"integration": "owned", "owner": "ana"}, {"integration": "ownerless"})


def generator(seed):
    """A random generator of its own for each seed."""
    return np.random.default_rng([seed, 13])
