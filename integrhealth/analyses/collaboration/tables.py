"""What the report publishes: tables, columns and types. An interface: it changes only with a CHANGELOG line."""

from typing import Any

from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT

NAME = "collaboration"
TABLES: dict[str, dict[str, Any]] = {
    "pairs": {"team_a": TEXT, "team_b": TEXT, "needed": FLAG, "contacts": COUNT, "congruent": FLAG},
    "bypass": {"team_a": TEXT, "team_b": TEXT, "share": NUMBER, "days_since_contact": NUMBER},
    "congruence": {
        "needed": COUNT,
        "judged": COUNT,
        "congruent": COUNT,
        "share": NUMBER,
        "low": NUMBER,
        "high": NUMBER,
    },
    "bypass_index": {"share": NUMBER, "messages": COUNT, "silent_messages": COUNT, "value": NUMBER},
    "sparked": {"team_a": TEXT, "team_b": TEXT, "source": TEXT, "signals": COUNT, "sparked": COUNT, "talked": COUNT},
    "golive": {
        "integration": TEXT,
        "team_a": TEXT,
        "team_b": TEXT,
        "before": NUMBER,
        "after": NUMBER,
        "effect": NUMBER,
        "low": NUMBER,
        "high": NUMBER,
    },
    "rituals": {"ritual": TEXT, "planned": COUNT, "held": COUNT, "complete": COUNT, "share": NUMBER},
    "joint_kpi": {"department": TEXT, "points": NUMBER, "low": NUMBER, "high": NUMBER, "orders": NUMBER},
    "perfect_order": {"department": TEXT, "points": NUMBER, "low": NUMBER, "high": NUMBER, "orders": NUMBER},
    "joint_kpi_pairs": {"department_a": TEXT, "department_b": TEXT, "points": NUMBER, "orders": NUMBER},
    "joint_kpi_rates": {"kpi": TEXT, "rate": NUMBER, "low": NUMBER, "high": NUMBER, "late": COUNT, "n": COUNT},
}
