"""Are the reports read, and how few would do: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.report_overload import cover, overlap, reading, verdicts
from integrhealth.analyses.report_overload.inventory import any_decision, inventory
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def inventory_of(evidence: "Evidence") -> pl.DataFrame:
    """One row per report of the inventory or the catalog, as ``inventory.inventory``."""
    return inventory(evidence.reports, evidence.catalog.reports)


@question
def all_people(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row, all people taken together, as ``reading.company``."""
    zone = evidence.catalog.timezone
    return reading.company(_read_classes(evidence), timezone=zone, min_deliveries=min_messages)


@question
def _read_classes(evidence: "Evidence") -> pl.DataFrame:
    return reading.read_classes(evidence.deliveries, evidence.reads, reports=inventory_of(evidence))


@question
def _cadences(evidence: "Evidence") -> pl.DataFrame:
    return cover.cadences(evidence.deliveries, timezone=evidence.catalog.timezone)


@question
def _smallest_set(evidence: "Evidence") -> pl.DataFrame:
    stock, streams = inventory_of(evidence), _cadences(evidence)
    return cover.smallest_set(streams, stock) if any_decision(stock) and streams.height else cover.NOTHING_KEPT


@question
def people(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per person who was sent a report, the widest gap between needed and spent minutes first.

    Minutes are means over the days with a delivery: needed at 238 words a minute (Brysbaert, Journal of Memory and
    Language 2019), spent as the openings say. ``flood_ratio`` = needed / spent with its interval over days, null
    under `min_messages` deliveries and when nothing was spent; ``low`` and ``high`` are null under 5 days. ``untimed``
    were opened for an unknown time; when they are over a tenth of what was opened, spent is null.

    >>> seen = "person", pl.col("needed_minutes", "spent_minutes").round(1)
    >>> ih.report_overload.people(evidence).select(seen).head(2).rows()
    [('manager-10', 105.0, 6.7), ('manager-12', 105.0, 6.8)]

    Columns: person (text); reports_per_day (number, reports per day); needed_minutes, spent_minutes (number, minutes
    per day); flood_ratio, low, high (number, ratio); days, deliveries, without_words, untimed (count)
    """
    zone = evidence.catalog.timezone
    return reading.people(_read_classes(evidence), timezone=zone, min_deliveries=min_messages)


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
    used = verdicts.usage(_read_classes(evidence), evidence.reads, timezone=evidence.catalog.timezone)
    covering = cover.stand_ins(cover.services(_cadences(evidence), stock), kept["report"])
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
