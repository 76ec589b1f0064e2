"""How few reports would do: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.report_overload.cover import overlap, smallest_set, verdicts
from integrhealth.analyses.report_overload.inventory import any_decision
from integrhealth.analyses.report_overload.questions import inventory_of, read_classes_of
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _cadences(evidence: "Evidence") -> pl.DataFrame:
    return smallest_set.cadences(evidence.deliveries, timezone=evidence.catalog.timezone)


@question
def _smallest_set(evidence: "Evidence") -> pl.DataFrame:
    stock, streams = inventory_of(evidence), _cadences(evidence)
    return (
        smallest_set.smallest_set(streams, stock)
        if any_decision(stock) and streams.height
        else smallest_set.NOTHING_KEPT
    )


@question
def reports(evidence: "Evidence") -> pl.DataFrame:
    """One row per report of the inventory or the log, most unread deliveries first: its use, and whether it must stay.

    ``verdict``, the first that holds: not in inventory, statutory, keep, not delivered, retire candidate (serves no
    decision), near-duplicate (others serve its decisions, and it shows at least 80% of what another shows), covered,
    unopened 90 days, not enough data. ``overlap`` with ``nearest`` is the Jaccard index of fields and metrics.
    Without a single opening in the log ``read``, ``skimmed`` and ``unread`` are null, not zero.

    >>> ih.report_overload.reports(evidence).select("report", "deliveries", "unread", "verdict").head(2).rows()
    [('copy-of-cash-due', 768, 768, 'near-duplicate'), ('final-margin-by-product', 768, 768, 'near-duplicate')]

    Columns: report (text); deliveries, read, skimmed, unread (count); decisions (list of text); nearest (text); overlap
    (number, share); verdict (text); covered_by (list of text); owner (text); statutory (flag); words, people (count);
    minutes (number, minutes); unasked_reads (count); unopened (flag)
    """
    stock, kept = inventory_of(evidence), _smallest_set(evidence)
    used = verdicts.usage(read_classes_of(evidence), evidence.reads, timezone=evidence.catalog.timezone)
    covering = smallest_set.stand_ins(smallest_set.services(_cadences(evidence), stock), kept["report"])
    return verdicts.judged_reports(stock, used, kept=kept, covering=covering)


@question
def keep(evidence: "Evidence") -> pl.DataFrame:
    """One row per report to keep, by name: the fewest that serve every decision to everybody as often as today.

    Of all such sets the one with the fewest reports, then the fewest reading minutes, then the first by name; exact,
    by integer programming (HiGHS), and ``proven`` is false when time ran out. ``reason``: statutory; only source
    (somebody has no other report for a decision, as often); smallest set.

    >>> ih.report_overload.keep(evidence).select("report", "reason", "proven").head(2).rows()
    [('cash-due', 'smallest set', True), ('late-shipments', 'smallest set', True)]

    Columns: report (text); decisions (list of text); reason (text); proven (flag); people (count); minutes (number,
    minutes)
    """
    judged = reports(evidence).select("report", "decisions", "people", "minutes")
    kept = _smallest_set(evidence).join(judged, on="report", how="left")
    return kept.select("report", "decisions", "reason", "proven", "people", "minutes").sort("report")


@question
def overlaps(evidence: "Evidence") -> pl.DataFrame:
    """One row per pair of reports that share half or more of their fields and metrics, in groups, the largest first.

    ``overlap`` = shared / all of the distinct names of the two (Jaccard); ``kind``: near-duplicate from 0.8, else
    overlapping. A ``group`` is what near-duplicates connect, numbered from 1, the largest first.

    >>> ih.report_overload.overlaps(evidence).select("report", "other", "shared", "kind").head(1).rows()
    [('cash-due', 'copy-of-cash-due', 9, 'near-duplicate')]

    Columns: report, other (text); overlap (number, share); shared (count); kind (text); group, other_group (count, 1
    the largest)
    """
    return overlap.overlaps(inventory_of(evidence))
