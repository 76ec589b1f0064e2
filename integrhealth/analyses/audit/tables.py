"""What the report publishes: tables, columns and types. An interface: it changes only with a CHANGELOG line."""

from typing import Any

import polars as pl

from integrhealth.language.schema import COUNT, NUMBER, TEXT, WORDS

TABLES: dict[str, dict[str, Any]] = {
    "answers": {
        "question": COUNT,
        "claimed": TEXT,
        "measured": TEXT,
        "counted": TEXT,
        "evidence": WORDS,
        "n": COUNT,
    },
    "outcomes": {
        "integration": TEXT,
        "metric": TEXT,
        "effect": NUMBER,
        "low": NUMBER,
        "high": NUMBER,
        "verdict": TEXT,
    },
    "outcome_days": {"integration": TEXT, "day": pl.Date, "value": NUMBER, "fitted": NUMBER, "continued": NUMBER},
    "debt": {"open_questions": COUNT, "verdict": TEXT, "yearly_interest": NUMBER},
}
