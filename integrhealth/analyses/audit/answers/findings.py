"""What the audit asks of people: the debt as a whole, and claims that the data contradict."""

import polars as pl

from integrhealth.analyses.audit.answers.answering import is_open
from integrhealth.analyses.audit.answers.debt import DEBT
from integrhealth.analyses.audit.answers.measured import NO
from integrhealth.analyses.audit.tables import NAME
from integrhealth.language.findings import findings, ranked
from integrhealth.language.thresholds import MOST_OPEN_QUESTIONS

WHOLE = "all integrations"


def answer_findings(answers: pl.DataFrame, debt: pl.DataFrame) -> pl.DataFrame:
    """``integration_debt`` and ``claim_contradicted``, worst first, of the tables `answers` and `debt`."""
    return ranked([_debt(answers, debt), _contradicted(answers)])


def _debt(answers: pl.DataFrame, debt: pl.DataFrame) -> pl.DataFrame:
    """One finding where more than MOST_OPEN_QUESTIONS questions are open: a warning, as they are counted."""
    listed = ", ".join(str(number) for number in answers.filter(is_open())["question"])
    first = answers.filter(is_open()).sort(pl.col("counted") != NO, "question").head(1)
    price = pl.format(
        "; what is counted costs {} {} a year", _money(pl.col("yearly_interest")), pl.col("currency").fill_null("")
    )
    rows = debt.filter(pl.col("verdict") == DEBT).select(
        subject=pl.lit(WHOLE),
        severity=pl.lit("warning"),
        statement=pl.format(
            "{} of {} questions of the audit are not answered with yes ({}){}.",
            *("open_questions", pl.lit(answers.height), pl.lit(listed)),
            pl.when(pl.col("yearly_interest") > 0).then(price).otherwise(pl.lit("")),
        ),
        value="open_questions",
        unit=pl.lit("questions not answered with yes"),
        n=pl.lit(answers.height),
        threshold=pl.lit(MOST_OPEN_QUESTIONS),
        cost="yearly_interest",
        ask=pl.lit("Which of these do we answer first, and who does? Number {}: {}".format(*_first(first))),
    )
    return findings(NAME, "integration_debt", rows)


def _first(row: pl.DataFrame) -> tuple[int | None, str | None]:
    return (None, None) if row.is_empty() else row.select("question", "asks").row(0)


def _money(amount: pl.Expr) -> pl.Expr:
    """Money without cents, in thousands: 78,248."""
    return amount.map_elements(lambda number: f"{number:,.0f}", return_dtype=pl.String)


def _contradicted(answers: pl.DataFrame) -> pl.DataFrame:
    """One finding per question that somebody answered with yes, and the data with less: a warning.

    They may know what the logs do not show.
    """
    who = pl.col("claimed_by").fill_null("somebody")
    day = pl.coalesce(pl.format(" on {}", pl.col("claimed_on")), pl.lit(""))
    rows = answers.filter("contradicted").select(
        subject=pl.format("question {}", "question"),
        severity=pl.lit("warning"),
        statement=pl.format(
            "{} {} said yes{}, the data say {}: {}.", "asks", who, day, "measured", pl.col("evidence").list.join("; ")
        ),
        unit=pl.lit("answer"),
        n="n",
        owner="claimed_by",
        ask=pl.format("What does {} know that the logs do not show?", who),
    )
    return findings(NAME, "claim_contradicted", rows)
