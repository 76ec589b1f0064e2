"""What the report publishes: tables, columns and types. An interface: it changes only with a CHANGELOG line."""

from typing import Any

from integrhealth.language.schema import COUNT, NUMBER, TEXT, TIME, WORDS

TABLES: dict[str, dict[str, Any]] = {
    "people": {
        "person": TEXT,
        "reports_per_day": NUMBER,
        "needed_minutes": NUMBER,
        "spent_minutes": NUMBER,
        "flood_ratio": NUMBER,
    },
    "reports": {
        "report": TEXT,
        "deliveries": COUNT,
        "read": COUNT,
        "skimmed": COUNT,
        "unread": COUNT,
        "decisions": WORDS,
        "nearest": TEXT,
        "overlap": NUMBER,
        "verdict": TEXT,
        "covered_by": WORDS,
    },
    "red_flags": {
        "report": TEXT,
        "person": TEXT,
        "flag": TEXT,
        "delivered_at": TIME,
        "read_at": TIME,
        "incident": TEXT,
        "minutes_earlier": NUMBER,
    },
    "alerts": {
        "source": TEXT,
        "cause": TEXT,
        "alerts": COUNT,
        "people": COUNT,
        "episodes": COUNT,
        "repeats": COUNT,
        "acted": COUNT,
        "actionable_share": NUMBER,
        "night": COUNT,
    },
    "keep": {"report": TEXT, "decisions": WORDS, "reason": TEXT},
}
