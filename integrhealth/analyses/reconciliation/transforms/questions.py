"""What integrations do to the meaning of data: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.reconciliation.transforms import arrivals as arrived
from integrhealth.analyses.reconciliation.transforms import ledger, meaning
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def transform_fields(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row."""
    changes, registered = evidence.field_changes, evidence.catalog.transforms
    brought = arrived.arrivals(changes, evidence.messages)
    linked = arrived.links(brought, changes, registered, min_messages=min_messages)
    pairs = arrived.pairs(brought, changes, linked)
    return ledger.transform_fields(pairs, linked, registered, min_messages=min_messages)


@question
def transforms(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per integration."""
    catalog = evidence.catalog
    return meaning.transforms(
        transform_fields(evidence, min_messages=min_messages),
        catalog.integrations,
        catalog.transforms,
        meaning.sending(evidence.messages),
        min_messages=min_messages,
    )
