"""What the report publishes: tables, columns and types. An interface: it changes only with a CHANGELOG line."""

from typing import Any

from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, WORDS

TABLES: dict[str, dict[str, Any]] = {
    "systems": {
        "system": TEXT,
        "single_point": FLAG,
        "importance": NUMBER,
        "availability": NUMBER,
        "low": NUMBER,
        "high": NUMBER,
        "value_per_hour": NUMBER,
    },
    "capabilities": {
        "capability": TEXT,
        "availability": NUMBER,
        "low": NUMBER,
        "high": NUMBER,
        "cut": WORDS,
    },
    "outages": {
        "integration": TEXT,
        "verdict": TEXT,
        "past_tolerance": NUMBER,
        "median_loss": NUMBER,
        "p95_loss": NUMBER,
        "staff_hours": NUMBER,
    },
    "coupling": {
        "source": TEXT,
        "target": TEXT,
        "odds_ratio": NUMBER,
        "low": NUMBER,
        "high": NUMBER,
        "outages": COUNT,
        "grace": NUMBER,
    },
    "what_if": {
        "what": TEXT,
        "name": TEXT,
        "figure": TEXT,
        "today": NUMBER,
        "then": NUMBER,
        "difference": NUMBER,
        "worse": FLAG,
        "in_words": TEXT,
        "today_low": NUMBER,
        "today_high": NUMBER,
        "then_low": NUMBER,
        "then_high": NUMBER,
    },
    "levels": {
        "level": TEXT,
        "integrations": COUNT,
        "stable": COUNT,
        "blocked_by": TEXT,
        "verdict": TEXT,
    },
}
