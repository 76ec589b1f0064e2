"""Companies whose teams talk, or do not, built meeting by meeting and message by message."""

from datetime import UTC, datetime, timedelta

import polars as pl

import integrhealth as ih
from integrhealth.catalog import CATALOG, Catalog

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAY = timedelta(days=1)
TEAMS = {"finance": 9, "IT": 7, "sales": 12, "warehouse": 14}
SYSTEMS = {"CRM": "sales", "ERP": "IT", "Ledger": "finance", "WMS": "warehouse"}
INTEGRATIONS = {"crm-erp": ("CRM", "ERP"), "erp-ledger": ("ERP", "Ledger"), "erp-wms": ("ERP", "WMS")}
NEEDED = [("IT", "finance"), ("IT", "sales"), ("IT", "warehouse")]


def section(name, rows):
    """A section of the catalog from dicts; what they do not say is null."""
    return pl.DataFrame(rows, schema=CATALOG[name], orient="row") if rows else pl.DataFrame(schema=CATALOG[name])


def declared(*, teams=None, systems=None, integrations=None, **header):
    """A catalog of teams (name -> people), systems (name -> team) and integrations (name -> source, target)."""
    edges = INTEGRATIONS if integrations is None else integrations
    return Catalog(
        **{"currency": "EUR", "timezone": "Europe/Madrid"} | header,
        teams=section("teams", [{"team": t, "people": n} for t, n in (TEAMS if teams is None else teams).items()]),
        systems=section("systems", [{"system": s, "team": t} for s, t in (systems or SYSTEMS).items()]),
        integrations=section(
            "integrations",
            [
                {"integration": name, "source": a, "target": b, "owner": f"{name} owner"}
                for name, (a, b) in edges.items()
            ],
        ),
    )


def met(pairs, days, *, kind="meeting", people=4, about=None):
    """A contact of each pair of teams on each of the `days` since the start, at ten o'clock in Madrid."""
    rows = [(START + day * DAY, a, b, kind, people, about) for day in days for a, b in pairs]
    return pl.DataFrame(rows, schema=["at", "team_a", "team_b", "kind", "people", "about"], orient="row").cast(
        {"at": pl.Datetime("us", "UTC"), "people": pl.Int64}
        | dict.fromkeys(("team_a", "team_b", "kind", "about"), pl.String)
    )


def heard(days):
    """Everybody is in the log of contacts: each team meets itself on each of the `days`."""
    return met([(team, team) for team in TEAMS], days)


def sent(edges, days, *, amount=100.0, currency="EUR", per_day=1, status="ok"):
    """So many messages a day over each of `edges` (integration names), an hour after the meetings."""
    rows = [
        {
            "message_id": f"{name}-{day}-{number}-{status}",
            "integration": name,
            "source": INTEGRATIONS[name][0],
            "target": INTEGRATIONS[name][1],
            "sent_at": START + day * DAY + timedelta(hours=1, seconds=number),
            "status": status,
            "amount": amount,
            "currency": currency,
        }
        for name in edges
        for day in days
        for number in range(per_day)
    ]
    return pl.DataFrame(rows, schema_overrides={"amount": pl.Float64, "currency": pl.String})


def company(*, contacts=None, messages=None, catalog=None, **frames):
    """Evidence of a company with the catalog above."""
    given = {"contacts": contacts, "messages": messages} | frames
    return ih.Evidence(catalog=catalog or declared(), **{n: frame for n, frame in given.items() if frame is not None})
