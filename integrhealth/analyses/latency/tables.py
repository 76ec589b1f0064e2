"""What the report publishes: tables, columns and types. An interface: it changes only with a CHANGELOG line."""

from typing import Any

from integrhealth.language.schema import COUNT, NUMBER, TEXT, TIME

TABLES: dict[str, dict[str, Any]] = {
    "integrations": {
        "source": TEXT,
        "target": TEXT,
        "integration": TEXT,
        "messages": COUNT,
        "error_share": NUMBER,
        "p50_ms": NUMBER,
        "p90_ms": NUMBER,
        "p95_ms": NUMBER,
        "p99_ms": NUMBER,
        "max_ms": NUMBER,
        "p95_low_ms": NUMBER,
        "p95_high_ms": NUMBER,
    },
    "journeys": {
        "object_type": TEXT,
        "journeys": COUNT,
        "p50_ms": NUMBER,
        "p95_ms": NUMBER,
        "sending_ms": NUMBER,
        "waiting_ms": NUMBER,
        "holding_ms": NUMBER,
        "working_ms": NUMBER,
    },
    "critical_path": {
        "system": TEXT,
        "operation": TEXT,
        "self_ms": NUMBER,
        "share": NUMBER,
        "drag_ms": NUMBER,
        "traces": COUNT,
    },
    "shifts": {
        "integration": TEXT,
        "metric": TEXT,
        "at": TIME,
        "before": NUMBER,
        "after": NUMBER,
        "change": NUMBER,
        "p_value": NUMBER,
    },
    "slo": {
        "integration": TEXT,
        "objective": NUMBER,
        "window": TEXT,
        "burn": NUMBER,
        "messages": COUNT,
        "verdict": TEXT,
    },
    "capacity": {
        "system": TEXT,
        "peak_per_minute": NUMBER,
        "capacity_per_minute": NUMBER,
        "low": NUMBER,
        "high": NUMBER,
        "at_3x": TEXT,
        "at_10x": TEXT,
    },
    "surge": {
        "integration": TEXT,
        "multiple": NUMBER,
        "peak_backlog": NUMBER,
        "drain_minutes": NUMBER,
        "oldest_minutes": NUMBER,
    },
}
