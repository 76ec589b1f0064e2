"""What the report publishes: tables, columns and types. An interface: it changes only with a CHANGELOG line."""

from typing import Any

from integrhealth.language.schema import COUNT, NUMBER, TEXT, WORDS

NAME = "reconciliation"
TABLES: dict[str, dict[str, Any]] = {
    "trail": {
        "integration": TEXT,
        "month": TEXT,
        "messages": COUNT,
        "what": NUMBER,
        "when": NUMBER,
        "who": NUMBER,
        "received": NUMBER,
        "succeeded": NUMBER,
        "why": NUMBER,
        "joint": NUMBER,
    },
    "transfers": {
        "integration": TEXT,
        "sent": COUNT,
        "lost": COUNT,
        "phantom": COUNT,
        "duplicate_applied": COUNT,
        "absorbed": COUNT,
        "out_of_order": COUNT,
        "late": COUNT,
        "in_flight": COUNT,
    },
    "documents": {
        "document": TEXT,
        "line": TEXT,
        "ordered": NUMBER,
        "shipped": NUMBER,
        "invoiced": NUMBER,
        "returned": NUMBER,
        "credited": NUMBER,
        "flag": TEXT,
    },
    "exceptions": {
        "type": TEXT,
        "cases": COUNT,
        "straight_through": NUMBER,
        "failure_share": NUMBER,
        "gap": NUMBER,
        "verdict": TEXT,
    },
    "exception_failures": {"type": TEXT, "integration": TEXT, "cases": COUNT},
    "variants": {
        "object_type": TEXT,
        "rank": COUNT,
        "variant": TEXT,
        "steps": COUNT,
        "cases": COUNT,
        "share": NUMBER,
        "coverage": NUMBER,
        "failed_share": NUMBER,
        "median_hours": NUMBER,
        "objects": COUNT,
        "variants": COUNT,
    },
    "transforms": {
        "integration": TEXT,
        "loss_bits": NUMBER,
        "copy_share": NUMBER,
        "added_fields": WORDS,
        "unused_fields": WORDS,
        "verdict": TEXT,
    },
}
