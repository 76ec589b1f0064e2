"""Companies whose integrations have owners, and incidents that go from hand to hand."""

from datetime import UTC, datetime, timedelta

import polars as pl

import integrhealth as ih
from integrhealth.analyses.accountability.owners.findings import owner_findings
from integrhealth.analyses.accountability.owners.questions import owners, owning_people
from integrhealth.catalog import CATALOG, Catalog

START = datetime(2026, 1, 1, tzinfo=UTC)
ANN, BOB, EVE, ROB = (f"{name}@example.com" for name in ("ann", "bob", "eve", "rob"))
SYSTEMS = [{"system": "ERP", "team": "IT", "owner": EVE}, {"system": "WMS", "team": "warehouse"}]


def catalog(*integrations: dict, systems: list[dict] = SYSTEMS, teams: tuple[str, ...] = ("IT", "sales")) -> Catalog:
    edges = [{"source": "WMS", "target": "ERP", "level": "operations"} | each for each in integrations]
    return Catalog(
        integrations=pl.DataFrame(edges, schema=CATALOG["integrations"]),
        systems=pl.DataFrame(systems, schema=CATALOG["systems"]),
        teams=pl.DataFrame([{"team": team} for team in teams], schema=CATALOG["teams"]),
    )


def incidents(integration: str, count: int, *hands: tuple[str, str | None], day: float = 0, every: float = 1) -> list:
    """So many incidents, one `every` days from a day on: opened by the desk, then in these hands, three hours each."""
    rows = []
    for number in range(count):
        opened = START + timedelta(days=day + number * every)
        name = f"{integration}-{day}-{number}"
        steps = [("desk", "kim@example.com", "opened", "new")]
        steps += [(team, person, "assigned", "in progress") for team, person in hands]
        steps += [(*hands[-1], "resolved", "resolved")]
        rows += [
            {"incident": name, "integration": integration, "at": opened + timedelta(hours=3 * place)}
            | dict(zip(("team", "person", "action", "state"), step, strict=True))
            for place, step in enumerate(steps)
        ]
    return rows


def messages(*edges: tuple[str, str, str], days: int = 1) -> pl.DataFrame:
    rows = [
        {"message_id": f"{name}-{day}", "integration": name, "source": source, "target": target, "status": "ok"}
        | {"sent_at": START + timedelta(days=day)}
        for name, source, target in edges
        for day in range(days)
    ]
    return pl.DataFrame(rows)


def table(evidence: ih.Evidence) -> dict[str, dict]:
    return {row["integration"]: row for row in owners(evidence).to_dicts()}


def verdicts(evidence: ih.Evidence) -> dict[str, str]:
    return {name: row["verdict"] for name, row in table(evidence).items()}


def said(evidence: ih.Evidence) -> pl.DataFrame:
    return owner_findings(owners(evidence), owning_people(evidence), integrations=evidence.catalog.integrations)
