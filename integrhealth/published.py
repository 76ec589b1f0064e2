"""What every report publishes: tables, columns and types. An interface: it changes only with a CHANGELOG line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from integrhealth.errors import MissingColumns
from integrhealth.schema import COUNT, FLAG, NUMBER, TEXT, TIME, WORDS

TABLES: dict[str, dict[str, dict[str, Any]]] = {
    "error_propagation": {
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
    },
    "latency": {
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
    },
    "dependency_fragility": {
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
        "levels": {
            "level": TEXT,
            "integrations": COUNT,
            "stable": COUNT,
            "blocked_by": TEXT,
            "verdict": TEXT,
        },
    },
    "report_overload": {
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
        "keep": {"report": TEXT, "decisions": WORDS, "reason": TEXT},
    },
    "overview": {
        "levels": {
            "level": TEXT,
            "integrations": COUNT,
            "stable": COUNT,
            "blocked_by": TEXT,
            "verdict": TEXT,
        },
        "changes": {"report": TEXT, "rule": TEXT, "subject": TEXT, "change": TEXT},
    },
}

FINDING: dict[str, Any] = {
    "report": TEXT,
    "rule": TEXT,
    "subject": TEXT,
    "severity": TEXT,
    "statement": TEXT,
    "value": NUMBER,
    "unit": TEXT,
    "low": NUMBER,
    "high": NUMBER,
    "n": COUNT,
    "threshold": NUMBER,
    "cost": NUMBER,
    "owner": TEXT,
    "ask": TEXT,
}


@dataclass(frozen=True)
class Report:
    """The answers of one report: its published tables, its findings, and why a table has no rows.

    ``notes`` maps a table to the sentence that says why it is empty; ``missing`` is the sentence that says which
    file or column would make the whole report possible, or None when the input supports it.
    """

    name: str
    tables: Mapping[str, pl.DataFrame]
    findings: pl.DataFrame
    notes: Mapping[str, str] = field(default_factory=dict)
    missing: str | None = None


def empty_table(report: str, table: str) -> pl.DataFrame:
    """The published table without rows."""
    return pl.DataFrame(schema=TABLES[report][table])


def published_report(
    name: str,
    tables: Mapping[str, pl.DataFrame],
    findings: pl.DataFrame,
    *,
    notes: Mapping[str, str] | None = None,
    missing: str | None = None,
) -> Report:
    """A report with all its published tables: those not given are there, without rows.

    Columns of the interface come first, in its order and types; further columns follow. Raises MissingColumns when
    a table lacks a published column.
    """
    complete = {}
    for table, columns in TABLES[name].items():
        frame = tables.get(table, empty_table(name, table))
        if lacking := columns.keys() - set(frame.columns):
            raise MissingColumns(f"{name}.{table}", lacking, frame.columns)
        more = [column for column in frame.columns if column not in columns]
        complete[table] = frame.cast(columns).select(*columns, *more)
    extra = {table: frame for table, frame in tables.items() if table not in complete}
    return Report(name, complete | extra, findings, dict(notes or {}), missing)
