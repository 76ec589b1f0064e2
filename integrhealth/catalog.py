"""The integration catalog: what no log can say. Everything in it is optional; what is missing is itself measured."""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from integrhealth.schema import COUNT, FLAG, NUMBER, TEXT, WORDS

# One row per entry; durations in milliseconds, rates per hour, dates as dates, money in the catalog's currency.
CATALOG: dict[str, dict[str, Any]] = {
    "teams": {"team": TEXT, "people": COUNT},
    "systems": {"system": TEXT, "team": TEXT, "owner": TEXT, "backup": TEXT, "aliases": WORDS},
    "integrations": {
        "integration": TEXT,
        "source": TEXT,
        "target": TEXT,
        "level": TEXT,
        "problem": TEXT,
        "beneficiary": TEXT,
        "interviewed_on": pl.Date,
        "decision": TEXT,
        "owner": TEXT,
        "backup": TEXT,
        "owner_since": pl.Date,
        "go_live": pl.Date,
        "queue": FLAG,
        "idempotent": FLAG,
        "sync_limit_ms": NUMBER,
        "slo_success": NUMBER,
        "slo_p95_ms": NUMBER,
        "schedule_ms": NUMBER,
        "fallback": TEXT,
        "fallback_tested_on": pl.Date,
        "manual_rate_per_hour": NUMBER,
        "tolerance_ms": NUMBER,
        "value_per_object": NUMBER,
        "delay_cost_per_hour": NUMBER,
        "error_cost": NUMBER,
        "success_metric": TEXT,
        "success_baseline": NUMBER,
        "success_target": NUMBER,
        "success_due": pl.Date,
        "success_declared_on": pl.Date,
        "success_better": TEXT,
        "fields_required": WORDS,
        "fields_sent": WORDS,
    },
    "capabilities": {"capability": TEXT, "entry": TEXT, "goal": TEXT, "value_per_hour": NUMBER},
    "elements": {"element": TEXT, "origin": TEXT, "record": TEXT, "owner": TEXT, "writers": WORDS},
    "transforms": {"integration": TEXT, "field": TEXT, "kind": TEXT, "from": WORDS},
    "reports": {"report": TEXT, "decisions": WORDS, "statutory": FLAG, "owner": TEXT},
    "checkpoints": {"checkpoint": TEXT, "integration": TEXT, "kind": TEXT},
    "rituals": {"ritual": TEXT, "weekday": TEXT, "teams": WORDS},
    "audit": {"question": COUNT, "answer": TEXT, "by": TEXT, "on": pl.Date},
}


def _empty(section: str) -> Any:
    return field(default_factory=lambda: pl.DataFrame(schema=CATALOG[section]))


@dataclass(frozen=True)
class Catalog:
    """The catalog as frames, one per section, all of them there: a company without a catalog has empty ones."""

    company: str | None = None
    currency: str | None = None
    timezone: str = "UTC"
    teams: pl.DataFrame = _empty("teams")
    systems: pl.DataFrame = _empty("systems")
    integrations: pl.DataFrame = _empty("integrations")
    capabilities: pl.DataFrame = _empty("capabilities")
    elements: pl.DataFrame = _empty("elements")
    transforms: pl.DataFrame = _empty("transforms")
    reports: pl.DataFrame = _empty("reports")
    checkpoints: pl.DataFrame = _empty("checkpoints")
    rituals: pl.DataFrame = _empty("rituals")
    audit: pl.DataFrame = _empty("audit")
