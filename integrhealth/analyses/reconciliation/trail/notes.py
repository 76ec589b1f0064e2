"""Why there is no row about the trail: which frame would help."""

from collections.abc import Mapping

import polars as pl

TABLES = ("trail", "trail_integrations", "trail_whole")
NO_MESSAGES = "A trail needs messages between two systems (source, target, sent_at, status)."


def trail_notes(tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """The sentence of each empty table of the trail."""
    return dict.fromkeys((table for table in TABLES if tables[table].is_empty()), NO_MESSAGES)
