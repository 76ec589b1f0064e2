"""Where the trouble of the worst hour, or of any moment, began: one call on evidence."""

from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.error_propagation.root_cause.of_worst_hour import report_root_causes
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _of_the_hour(evidence: "Evidence", *, at: str | datetime | None = None) -> tuple[pl.DataFrame, str]:
    """The suspects, and what was compared with what, or why there are none."""
    return report_root_causes(evidence, at)


@question
def root_causes(evidence: "Evidence", *, at: str | datetime | None = None) -> pl.DataFrame:
    """One row per suspect of the worst hour, or of the moment `at`, the likeliest first: where to look first, and no
    proof of cause.

    `at` is ISO 8601 text or a datetime, a naive one UTC; without it, ``at`` is the hour with the largest excess of
    failed traces over what the hours like it lose, if it stands out, or that in which the wrong values were entered
    that damaged most records elsewhere; ``began_at`` the minute in which that began (CUSUM, Lucas 1985), by which
    suspects are ranked. Of the ``traces`` of the hour ``failed_traces`` failed, where the hours like it lose
    ``usual_failed_traces``; where the hour is no news ``stands_out`` is false. ``score`` sums over kinds of evidence
    the logarithm of how many times its quiet level the system reached by itself; ``share`` is its part of all scores.
    No rows where no hour, or no system, stands out from chance. For a baseline or symptom of your own ask
    ``ih.rootcause.root_causes(evidence, at=...)``.

    >>> ih.error_propagation.root_causes(evidence).select("rank", "system", "path").rows()
    [(1, 'ERP', ['CRM', 'ERP'])]
    >>> ih.error_propagation.root_causes(evidence, at="2025-12-22T09:00")["system"].first()
    'ERP'

    Columns: rank (count); system (text); score (number, sum of logarithms); share (number, share); evidence (list of
    text, sentences); path (list of text, systems); at, began_at (time, UTC); traces, failed_traces (count);
    usual_failed_traces (number, traces); stands_out (flag)
    """
    suspects, _ = _of_the_hour(evidence, at=at)
    return suspects


def root_causes_compared(evidence: "Evidence", *, at: str | datetime | None = None) -> str:
    """The sentence that says what ``root_causes`` compared with what, or why it has no rows."""
    _, said = _of_the_hour(evidence, at=at)
    return said
