"""What the report publishes: tables, columns and types. An interface: it changes only with a CHANGELOG line."""

from typing import Any

from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, TIME, WORDS

NAME = "accountability"

TABLES: dict[str, dict[str, Any]] = {
    "elements": {
        "element": TEXT,
        "origin": TEXT,
        "record": TEXT,
        "owner": TEXT,
        "writers": WORDS,
        "authority": NUMBER,
        "verdict": TEXT,
    },
    "conflicts": {
        "element": TEXT,
        "entity": TEXT,
        "record_system": TEXT,
        "copy_system": TEXT,
        "opened_at": TIME,
        "closed_at": TIME,
        "record_won": FLAG,
    },
    "laundering": {"element": TEXT, "entity": TEXT, "integration": TEXT, "at": TIME},
    "disagreements": {
        "element": TEXT,
        "hours": NUMBER,
        "at_risk": COUNT,
        "ended": COUNT,
        "surviving": NUMBER,
        "low": NUMBER,
        "high": NUMBER,
    },
    "carried": {
        "element": TEXT,
        "integration": TEXT,
        "source": TEXT,
        "target": TEXT,
        "compared": COUNT,
        "changed": COUNT,
        "share": NUMBER,
        "low": NUMBER,
        "high": NUMBER,
        "verdict": TEXT,
    },
    "walk": {
        "element": TEXT,
        "entity": TEXT,
        "at": TIME,
        "system": TEXT,
        "what": TEXT,
        "value_hash": TEXT,
        "message_id": TEXT,
    },
    "incidents": {
        "incident": TEXT,
        "entered_at": TIME,
        "detected_at": TIME,
        "search_hours": NUMBER,
        "fix_hours": NUMBER,
        "handovers": COUNT,
        "returns": COUNT,
        "teams": COUNT,
        "owner": TEXT,
    },
    "handovers": {"from_team": TEXT, "to_team": TEXT, "handovers": COUNT, "returns": COUNT},
    "owners": {"integration": TEXT, "owner": TEXT, "backup": TEXT, "level": TEXT, "verdict": TEXT},
    "blame": {
        "reporter": TEXT,
        "blamed": TEXT,
        "root": TEXT,
        "cases": COUNT,
        "wrong": COUNT,
        "low": NUMBER,
        "high": NUMBER,
        "days_lost": NUMBER,
    },
}
