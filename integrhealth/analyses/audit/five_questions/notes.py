"""Why there is no row about the five questions: which key of the catalog would make them possible."""

from collections.abc import Mapping

import polars as pl

NO_INTEGRATIONS = "What an integration is for only people can say: it needs integrations in catalog.yaml."
NO_PRACTICES = (
    "Nobody wrote down a rotation, a celebration or an interview; the catalog takes them as practices: "
    "[{name, kind, teams, on, by}]."
)


def five_question_notes(tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """The sentence of each empty table."""
    said = {"five_questions": NO_INTEGRATIONS, "questionnaire": NO_INTEGRATIONS, "practices": NO_PRACTICES}
    return {table: sentence for table, sentence in said.items() if tables[table].is_empty()}
