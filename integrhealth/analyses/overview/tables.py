"""What the report publishes: tables, columns and types. An interface: it changes only with a CHANGELOG line."""

from typing import Any

from integrhealth.language.findings import CHANGES
from integrhealth.language.schema import COUNT, TEXT

TABLES: dict[str, dict[str, Any]] = {
    "levels": {
        "level": TEXT,
        "integrations": COUNT,
        "stable": COUNT,
        "blocked_by": TEXT,
        "verdict": TEXT,
    },
    "changes": CHANGES,
    "starters": dict.fromkeys(
        (
            "report",
            "rule",
            "subject",
            "severity",
            "statement",
            "ask",
            "owner_a",
            "owner_b",
            "says_a",
            "says_b",
            "page",
            "invite_a",
            "invite_b",
        ),
        TEXT,
    ),
}
