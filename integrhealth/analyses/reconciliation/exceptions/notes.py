"""Why there is no row about exceptions: which file or column would make them possible."""

from collections.abc import Mapping

import polars as pl

NO_FLOW = (
    "Exceptions need messages about orders, deliveries or invoices with object_type and object_id, or documents of "
    "these types."
)
NONE_FAILED = "No case of an exception failed for good."
NO_OBJECTS = "Variants need messages with object_type and object_id, or incident_events with an action or a state."


def exception_notes(tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """The sentence of each empty table."""
    failed = NO_FLOW if tables["exceptions"].is_empty() else NONE_FAILED
    said = {"exceptions": NO_FLOW, "exception_failures": failed, "variants": NO_OBJECTS}
    return {table: sentence for table, sentence in said.items() if tables[table].is_empty()}
