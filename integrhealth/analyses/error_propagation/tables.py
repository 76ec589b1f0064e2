"""What the report publishes whatever it read: tables, columns and types. Its other tables are those of its questions.

An interface: it changes only with a CHANGELOG line.
"""

from typing import Any

from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, TIME, WORDS

NAME = "error_propagation"
TABLES: dict[str, dict[str, Any]] = {
    "spread": {
        "reproduction": NUMBER,
        "low": NUMBER,
        "high": NUMBER,
        "mean_cascade": NUMBER,
        "roots": COUNT,
        "link_coverage": NUMBER,
        "verdict": TEXT,
    },
    "cascades": {
        "root_id": TEXT,
        "trace_id": TEXT,
        "root_system": TEXT,
        "error_code": TEXT,
        "started_at": TIME,
        "messages": COUNT,
        "systems": COUNT,
        "depth": COUNT,
        "spread_ms": NUMBER,
        "amount": NUMBER,
    },
    "systems": {
        "system": TEXT,
        "messages": COUNT,
        "own_errors": COUNT,
        "passed_on": COUNT,
        "stopped": COUNT,
        "stopping_power": NUMBER,
    },
    "edges": {
        "source": TEXT,
        "target": TEXT,
        "messages": COUNT,
        "failed": COUNT,
        "caused_per_error": NUMBER,
        "low": NUMBER,
        "high": NUMBER,
    },
    "root_causes": {
        "rank": COUNT,
        "system": TEXT,
        "score": NUMBER,
        "share": NUMBER,
        "evidence": WORDS,
        "path": WORDS,
        "at": TIME,
    },
    "retries": {
        "integration": TEXT,
        "attempts": COUNT,
        "delivered": COUNT,
        "amplification": NUMBER,
        "jittered": FLAG,
        "verdict": TEXT,
    },
    "friction": {
        "integration": TEXT,
        "best_hold_minutes": NUMBER,
        "saved": NUMBER,
        "delay_cost": NUMBER,
        "net": NUMBER,
        "break_even_error_cost": NUMBER,
        "verdict": TEXT,
    },
    "checkpoints": {
        "checkpoint": TEXT,
        "held": COUNT,
        "bad_held": COUNT,
        "bad_total": COUNT,
        "catch_rate": NUMBER,
        "false_hold_rate": NUMBER,
        "median_hold_minutes": NUMBER,
        "rubber_stamp_share": NUMBER,
    },
    "logged_errors": {
        "system": TEXT,
        "text": TEXT,
        "level": TEXT,
        "errors": COUNT,
        "lines": COUNT,
        "error_share": NUMBER,
        "low": NUMBER,
        "high": NUMBER,
        "first_at": TIME,
        "last_at": TIME,
        "worst_hour": TIME,
        "worst_hour_errors": COUNT,
        "traces": COUNT,
    },
}
