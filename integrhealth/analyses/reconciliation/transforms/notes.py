"""Why nothing is said of what data mean: which frame or part of the catalog would help."""

from collections.abc import Mapping

import polars as pl

TABLES = ("transforms", "transform_fields")
NO_FIELDS = (
    "What becomes of fields needs field_changes (element, entity, system, value_hash, at, message_id) of both ends, "
    "or transforms in the catalog."
)
NO_INTEGRATIONS = "Meaning needs messages between two systems, or transforms in the catalog."


def transform_notes(tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """The sentence of each empty table about meaning."""
    sentences = dict(zip(TABLES, (NO_INTEGRATIONS, NO_FIELDS), strict=True))
    return {table: sentence for table, sentence in sentences.items() if tables[table].is_empty()}
