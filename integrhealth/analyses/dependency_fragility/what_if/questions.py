"""What changes in a supposed landscape: one call on evidence of today's."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.dependency_fragility.availability.questions import capabilities, parts, systems
from integrhealth.analyses.dependency_fragility.outages.questions import outages
from integrhealth.analyses.dependency_fragility.tables import TABLES
from integrhealth.analyses.dependency_fragility.what_if.differences import Landscape, differences
from integrhealth.analyses.dependency_fragility.what_if.supposing import supposed
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def what_if(
    evidence: "Evidence",
    *,
    min_messages: int = MIN_MESSAGES,
    remove_system: str = "",
    add_fallback: str = "",
    add_queue: str = "",
    double_repair: str = "",
) -> pl.DataFrame:
    """One row per figure that would be another if something changed, what gets worse first; no changes, no rows.

    The changes are those of ``supposed``. Of a capability ``availability`` (composed), ``smallest_cut`` (systems in it;
    null: no way) and ``value_per_hour`` = (1 - availability) x what it is worth; of a system ``single_point`` (1: it
    is one), ``availability``, ``importance`` and ``value_per_hour``, the last two over the capabilities that get
    through in both; of an integration ``verdict`` (the share of the runs that it bears), ``median_loss``, or
    ``past_tolerance`` where the catalog names no costs. Both landscapes are drawn with the same seeds.

    >>> changed = ih.dependency_fragility.what_if(evidence, double_repair="ERP")
    >>> changed.select("what", "name", "figure", "in_words").row(0)
    ('capability', 'order to cash', 'availability', 'gets through 90.54%, today 92.82%')

    Columns: what, name, figure (text); today, then, difference (number); worse (flag); in_words (text); today_low,
    today_high, then_low, then_high (number)
    """
    then = supposed(
        evidence,
        remove_system=remove_system,
        add_fallback=add_fallback,
        add_queue=add_queue,
        double_repair=double_repair,
    )
    if then is evidence:
        return pl.DataFrame(schema=TABLES["what_if"])
    worth = evidence.catalog.capabilities.select("capability", "value_per_hour").unique("capability")
    return differences(_landscape(evidence, min_messages), _landscape(then, min_messages), worth)


def _landscape(evidence: "Evidence", min_messages: int) -> Landscape:
    return Landscape(
        capabilities(evidence, min_messages=min_messages),
        systems(evidence, min_messages=min_messages),
        parts(evidence, min_messages=min_messages),
        outages(evidence),
    )
