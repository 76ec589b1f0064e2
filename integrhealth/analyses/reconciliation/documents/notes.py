"""Why there is no row about documents or books: which file or column would help, or that all is well."""

from collections.abc import Mapping

import polars as pl

from integrhealth.analyses.reconciliation.documents.lines import TYPES

NO_DOCUMENTS = (
    "Needs documents (document, line, type, preceding, preceding_line, quantity, amount, created_at): the lines of "
    "orders, deliveries, invoices and payments, as a table of document flow has them."
)
NO_TYPES = f"No document is of a type that is reconciled; these are: {', '.join(TYPES)}."
ALL_BALANCE = "Every order line balances."
NO_PRICES = "Needs documents.quantity and documents.amount of orders: no order that is done with says both."
NO_LEVELS = "Needs the catalog's level of integrations: books tie out on the first one, the foundation."
NO_SUMS = (
    "Needs messages.amount and messages.object_id of an integration of the foundation, or documents of both of its "
    "systems with documents.system and documents.amount."
)


def document_notes(
    tables: Mapping[str, pl.DataFrame], *, documents: pl.DataFrame, integrations: pl.DataFrame
) -> dict[str, str]:
    """The sentence of each empty table. `documents` is the frame of the evidence, `integrations` the catalog's."""
    none = NO_DOCUMENTS if documents.is_empty() else NO_TYPES
    nothing = tables["documents"].is_empty()
    why = {
        "documents": none,
        "document_gaps": none if nothing else ALL_BALANCE,
        "document_steps": none if nothing else NO_PRICES,
        "books": NO_SUMS if (integrations["level"] == "foundation").any() else NO_LEVELS,
    }
    return {table: sentence for table, sentence in why.items() if tables[table].is_empty()}
