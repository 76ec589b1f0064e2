"""Why there is no row about the home of data: which file or entry of the catalog would help, or that all is well."""

from collections.abc import Mapping

import polars as pl

TABLES = ("elements", "conflicts", "disagreements", "carried", "laundering", "walk")
NO_CHANGES = (
    "Where the truth lives needs field_changes (element, entity, system, value_hash, at, message_id): what each system "
    "showed, and the message that brought it."
)
NO_RECORD = "Conflicts need the record of an element in the catalog, and field_changes of its copies."
NO_CONFLICT = "No copy differed from its record for longer than the sync limit."
NOT_ALIKE = "Copies and records write their values in different ways, so that nobody can tell whether they agree: {}."
NO_MESSAGES = "What changed on its way needs message_id in field_changes, of messages that are in the logs as well."
NOTHING_COMPARED = "Of no value that a message brought is it known what its sender showed."
AS_IT_WAS = "Every value that could be compared came as it had been sent, or by a registered transformation."


def truth_notes(tables: Mapping[str, pl.DataFrame], *, field_changes: pl.DataFrame) -> dict[str, str]:
    """The sentence of each empty table; `tables` as the questions answer them."""
    empty = [table for table in TABLES if tables[table].is_empty()]
    if field_changes.is_empty():
        return dict.fromkeys(empty, NO_CHANGES)
    reasons = dict.fromkeys(("conflicts", "disagreements"), _no_conflict(tables["elements"]))
    reasons |= {"carried": NO_MESSAGES, "laundering": _not_laundered(tables["carried"])}
    return {table: reasons[table] for table in empty if table in reasons}


def _no_conflict(elements: pl.DataFrame) -> str:
    compared = elements.filter(pl.col("record").is_not_null() | pl.col("origin").is_not_null(), pl.col("copies") > 0)
    apart = compared.filter(pl.col("not_comparable").list.len() > 0)["element"].sort()
    if apart.len():
        return NOT_ALIKE.format(", ".join(apart.head(5)))
    return NO_RECORD if compared.is_empty() else NO_CONFLICT


def _not_laundered(carried: pl.DataFrame) -> str:
    if carried.is_empty():
        return NO_MESSAGES
    return AS_IT_WAS if carried["compared"].sum() else NOTHING_COMPARED
