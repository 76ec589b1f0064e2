"""Problem sentences that go back to whoever wrote them."""

import polars as pl

from integrhealth.analyses.audit.five_questions.problem_sentences import QUESTION, SENT_BACK
from integrhealth.analyses.audit.tables import NAME
from integrhealth.language.findings import findings


def five_question_findings(five_questions: pl.DataFrame) -> list[pl.DataFrame]:
    """``problem_sent_back``: a note per integration whose problem sentence is none; the reader judges."""
    rows = five_questions.filter(pl.col("problem_verdict") == SENT_BACK).with_columns(
        subject=pl.col("integration"),
        severity=pl.lit("note"),
        statement=pl.format(
            "The problem that {} solves reads: {} {}",
            *("integration", "problem", pl.col("sent_back").str.replace(QUESTION, "", literal=True).str.strip_chars()),
        ),
        ask=pl.lit(QUESTION),
    )
    return [findings(NAME, "problem_sent_back", rows)]
