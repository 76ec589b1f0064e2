"""Where the trouble of the worst hour began: one call on evidence."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.error_propagation.root_cause.of_worst_hour import report_root_causes
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _of_worst_hour(evidence: "Evidence") -> tuple[pl.DataFrame, str | None]:
    """The suspects, and the sentence that says why there are none."""
    return report_root_causes(evidence)


@question
def root_causes(evidence: "Evidence") -> pl.DataFrame:
    """One row per suspect of the worst hour, the likeliest first: where to look first, and no proof of cause.

    ``at`` is the hour with the largest excess of failed messages over what its traffic usually loses, or that in
    which the wrong values were entered that damaged most records elsewhere; ``began_at`` the minute in which that
    began (CUSUM, Lucas 1985), by which suspects are ranked. ``score`` sums over kinds of evidence the logarithm of
    how many times its quiet level the system reached by itself; ``share`` is its part of all scores. No rows where no
    hour, or no system, stands out from chance. For another moment ask
    ``ih.rootcause.root_causes(evidence, at=...)``.

    >>> ih.error_propagation.root_causes(evidence).select("rank", "system", "path").rows()
    [(1, 'ERP', ['CRM', 'ERP']), (2, 'Webshop', ['CRM', 'Webshop'])]

    Columns: rank (count); system (text); score (number, sum of logarithms); share (number, share); evidence (list of
    text, sentences); path (list of text, systems); at, began_at (time, UTC)
    """
    suspects, _ = _of_worst_hour(evidence)
    return suspects


def nobody_named(evidence: "Evidence") -> str | None:
    """The sentence that says why ``root_causes`` has no rows; None where it has some."""
    _, why = _of_worst_hour(evidence)
    return why
