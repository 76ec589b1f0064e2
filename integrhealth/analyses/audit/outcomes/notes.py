"""Why there is no row about outcomes: which file or key would make them possible."""

from collections.abc import Mapping

import polars as pl

NO_INTEGRATIONS = (
    "Whether an integration did what it was built for needs integrations in the catalog, with go_live and "
    "success_metric: {name, baseline, target, due, declared_on, better}."
)
NO_DAYS = (
    "No success metric can be drawn: it needs go_live and success_metric in the catalog, and metrics of that name at "
    "the target or the source, for at least 21 days before and 21 since."
)


def outcome_notes(tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """The sentence of each empty table."""
    said = {"outcomes": NO_INTEGRATIONS, "outcome_days": NO_DAYS}
    return {table: sentence for table, sentence in said.items() if tables[table].is_empty()}
