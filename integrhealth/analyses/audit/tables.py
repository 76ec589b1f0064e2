"""What the report publishes: tables, columns and types. An interface: it changes only with a CHANGELOG line."""

from typing import Any

import polars as pl

from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, WORDS

NAME = "audit"

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
    "five_questions": {
        "integration": TEXT,
        "answered": COUNT,
        "problem": TEXT,
        "problem_verdict": TEXT,
        "stated": FLAG,
        "sent_back": TEXT,
        "beneficiary": TEXT,
        "owner": TEXT,
        "success_metric": TEXT,
        "lacking": WORDS,
    },
    "practices": {"kind": TEXT, "practice": TEXT, "teams": WORDS, "on": pl.Date, "days_ago": COUNT, "by": TEXT},
    "questionnaire": {
        "section": TEXT,
        "question": COUNT,
        "subject": TEXT,
        "key": TEXT,
        "asks": TEXT,
        "claimed": TEXT,
        "answer": TEXT,
        "teams": TEXT,
        "by": TEXT,
        "on": TEXT,
    },
    "interest": {"part": TEXT, "subject": TEXT, "amount": NUMBER, "period_amount": NUMBER, "n": COUNT},
    "debt": {"open_questions": COUNT, "verdict": TEXT, "yearly_interest": NUMBER},
}
