"""What both ways to reconcile say together: one call on evidence."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.reconciliation.documents.questions import breaks as breaks_of_amounts
from integrhealth.analyses.reconciliation.transfers.questions import breaks as breaks_of_transfers
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def breaks(evidence: "Evidence") -> pl.DataFrame:
    """One row per integration that was reconciled: ``open``, its breaks over tolerance that nobody resolved.
    """
    return pl.concat([breaks_of_transfers(evidence), breaks_of_amounts(evidence)])
