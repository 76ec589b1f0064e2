"""Who sends to whom, and how often that failed."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.dependency_fragility import uptime
from integrhealth.analyses.dependency_fragility.suppositions import suppositions
from integrhealth.language.questions import question
from integrhealth.language.schema import is_business
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def edges(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per edge, by source and target; work inside a system is none.

    ``error_share`` = failed / ended, null where fewer than `min_messages` ended. Without any message the edges are
    those of a dependency graph, with its calls as messages.

    >>> ih.dependency_fragility.edges(evidence).head(2).rows()
    [('BI', 'Planning', 300, 300, 0, 0.0), ('Bank', 'ERP', 180, 166, 4, 0.024096385542168676)]

    Columns: source, target (text); messages, ended, failed (count); error_share (number, share)
    """
    if evidence.messages.is_empty():
        facts = uptime.declared_edge_facts(evidence.dependencies)
    else:
        facts = uptime.edge_facts(evidence.caused.filter(is_business()))
    return uptime.edges(facts, min_messages=min_messages, supposed=suppositions(evidence.catalog.supposed))
