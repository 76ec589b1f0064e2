"""What the tables of the audit cannot say, and what would make it possible."""

import polars as pl

from integrhealth.analyses.audit.answers.answering import NO_ANSWER
from integrhealth.analyses.audit.answers.measured import ANSWERS
from integrhealth.language.thresholds import MIN_INTEREST_DAYS
from integrhealth.language.wording import counted

NOTHING_CLAIMED = (
    "Nobody claims anything: answers of people are the section audit of catalog.yaml (question, answer, by, on)."
)
NO_ANSWERS = "No debt to tell of: no question was answered, neither by people nor by data."
NO_MONEY = (
    "No part of the interest has an amount: that needs error_cost and delay_cost_per_hour, or value_per_object and "
    "tolerance, in catalog.yaml, or documents with amounts."
)
TOO_SHORT = f"The data cover fewer than {MIN_INTEREST_DAYS} days, which say nothing of a year."
NO_HOUR_COST = "Search has no price: hour_cost is what an hour of work costs."
NO_VALUE = (
    "No band: nobody says what an hour of a capability (value_per_hour) or an object (value_per_object) is worth."
)


def answer_notes(answers: pl.DataFrame, interest: pl.DataFrame, debt: pl.DataFrame) -> dict[str, str]:
    """The sentences of the tables ``answers``, ``interest`` and ``debt``, where there is something to say."""
    said = {"answers": _of_answers(answers), "interest": _of_interest(interest, debt), "debt": _of_debt(debt)}
    return {table: sentence for table, sentence in said.items() if sentence}


def _of_answers(answers: pl.DataFrame) -> str | None:
    if not answers["claimed"].is_in(ANSWERS).any():
        return NOTHING_CLAIMED
    silent = answers.filter(pl.col("counted") == NO_ANSWER)
    if silent.is_empty():
        return None
    listed = ", ".join(str(number) for number in silent["question"])
    return f"{counted(silent.height, 'question')} nobody answered, neither people nor data: {listed}."


def _of_interest(interest: pl.DataFrame, debt: pl.DataFrame) -> str | None:
    days = debt["period_days"].max()
    if days is not None and days < MIN_INTEREST_DAYS:
        return TOO_SHORT
    return NO_MONEY if interest["amount"].null_count() == interest.height else None


def _of_debt(debt: pl.DataFrame) -> str | None:
    if debt.is_empty():
        return NO_ANSWERS
    row = debt.row(0, named=True)
    if row["search_hours"] and row["search_interest"] is None:
        return NO_HOUR_COST
    return NO_VALUE if row["yearly_interest"] is not None and row["band"] is None else None
