"""How many errors follow an error, by their times alone, where no parent is found: one call on evidence per table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.error_propagation.error_times.timing import no_timing, timing_tables
from integrhealth.analyses.error_propagation.spreading.questions import spread
from integrhealth.analyses.error_propagation.spreading.spread import NO_LINKS
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _tables(evidence: "Evidence") -> dict[str, pl.DataFrame]:
    """Both tables, which come of one fit; without rows where ``spread`` found links, which are better evidence."""
    by_times = spread(evidence)["verdict"].item() == NO_LINKS
    return timing_tables(evidence.outcomes, evidence.dependencies) if by_times else no_timing()


@question
def timing(evidence: "Evidence") -> pl.DataFrame:
    """One row, the whole, or none where parents are found: the share of errors that follow one of a neighbour.

    Expectation maximisation of a multivariate Hawkes process over known edges (arXiv 1708.06401; who infected whom as
    Wallinga and Teunis 2004), beside 99 fits in which each system's times are turned around the period by random
    amounts: ``by_chance`` is what one of twenty of these exceeds, ``p_value`` the rank among them. An association:
    what makes two systems fail one after the other looks alike. Verdicts as in ``spread``; "no spread shown" where p
    is above 0.05, "no edges", "not enough data" under 30 errors that follow none.

    >>> ih.error_propagation.timing(evidence).height  # the messages of this sample name their parents
    0
    >>> unlinked = evidence.replace(messages=evidence.messages.drop("parent_id"))
    >>> ih.error_propagation.timing(unlinked).select("errors", "edges", "p_value", "verdict").row(0)
    (1986, 31, 0.01, 'spreading')

    Columns: reproduction, low, high, by_chance (number, errors per error); p_value (number, share); errors,
    errors_used, errors_shifted (count); since (time, UTC); horizon_minutes (number, minutes); edges, roots (count);
    verdict (text)
    """
    return _tables(evidence)["timing"]


@question
def timing_edges(evidence: "Evidence") -> pl.DataFrame:
    """One row per known way a failure can travel, most caused first; no rows where parents are found.

    ``source`` and ``target`` are those of the failure: from the receiver of a request to its sender, from the sender
    of a queue, batch or file to its receiver. ``caused`` are errors of the target that follow one of the source, a
    sum of shares, as in ``timing``; null, with the rates, under 100 errors of the source: with 30 errors the rate of
    a single edge is far off.

    >>> unlinked = evidence.replace(messages=evidence.messages.drop("parent_id"))
    >>> ih.error_propagation.timing_edges(unlinked).select("source", "target", "errors", "verdict").head(2).rows()
    [('ERP', 'Webshop', 626, 'contained'), ('ERP', 'Financial system', 626, 'contained')]

    Columns: source, target (text); errors, errors_after (count); caused (number, errors); caused_per_error, low, high
    (number, errors per error); mean_delay_ms (number, ms); verdict (text)
    """
    return _tables(evidence)["timing_edges"]
