"""How few reports would do: one call on evidence per published table."""

from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.report_overload.cover import (
    audience,
    overlap,
    remarks,
    smallest_set,
    staleness,
    streams,
    verdicts,
)
from integrhealth.analyses.report_overload.cover import (
    curation as changing,
)
from integrhealth.analyses.report_overload.cover import (
    questionnaire as asking,
)
from integrhealth.analyses.report_overload.folders import with_folders
from integrhealth.analyses.report_overload.inventory import any_decision
from integrhealth.analyses.report_overload.questions import (
    deliveries_of,
    inventory_of,
    only_in_folders,
    read_classes_of,
    reads_of,
    whole_inventory,
)
from integrhealth.analyses.report_overload.reading import distinct_deliveries
from integrhealth.language.period import last_moment
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


def _arrivals(evidence: "Evidence") -> pl.DataFrame:
    """What reaches people: the deliveries, or where none is logged the openings; each once."""
    if deliveries_of(evidence).is_empty():
        return reads_of(evidence).unique(["report", "person", "at"], maintain_order=True)
    return distinct_deliveries(deliveries_of(evidence))


@question
def _streams(evidence: "Evidence") -> pl.DataFrame:
    reaching = streams.cadences(_arrivals(evidence), timezone=evidence.catalog.timezone)
    judged = audience.audience(read_classes_of(evidence), reaching)
    classes = read_classes_of(evidence)
    return changing.stream_minutes(judged, classes, inventory_of(evidence), timezone=evidence.catalog.timezone)


@question
def _served(evidence: "Evidence") -> pl.DataFrame:
    return streams.services(_streams(evidence), inventory_of(evidence))


@question
def _smallest_set(evidence: "Evidence") -> pl.DataFrame:
    stock, reaching = inventory_of(evidence), _streams(evidence)
    possible = any_decision(stock) and reaching.height
    return smallest_set.smallest_set(reaching, stock) if possible else smallest_set.NOTHING_KEPT


@question
def _plan(evidence: "Evidence") -> pl.DataFrame:
    return smallest_set.handful(_streams(evidence), inventory_of(evidence), _smallest_set(evidence))


@question
def _refreshes(evidence: "Evidence") -> pl.DataFrame:
    refreshed = staleness.refreshes(evidence.messages, inventory_of(evidence))
    return refreshed.join(staleness.sent_stale(_arrivals(evidence), refreshed), on="report", how="left")


@question
def _remarks(evidence: "Evidence") -> pl.DataFrame:
    reaching = _streams(evidence)
    return remarks.remarks(
        reaching,
        served=_served(evidence),
        kept=_smallest_set(evidence),
        plan=_plan(evidence),
        seldom=audience.opened_too_seldom(reaching),
        unchanged=staleness.changes_slower(_refreshes(evidence), reaching),
    )


def _until(evidence: "Evidence") -> datetime | None:
    """The end of what the log knows of reports."""
    refreshed = _refreshes(evidence)["changed_at"].drop_nulls()
    return last_moment(deliveries_of(evidence)["at"], reads_of(evidence)["at"], refreshed)


@question
def reports(evidence: "Evidence") -> pl.DataFrame:
    """One row per report of the inventory or the log, most unread deliveries first: its use, and what becomes of it.

    ``verdict``: keep, merge, fewer people, less often, retire, cannot tell; ``why`` is the reason, the first that
    holds (docs/numbers.md), and ``covered_by`` who serves its decisions. ``overlap`` with ``nearest`` is the Jaccard
    index of what fields and metrics mean. ``stale_days`` passed since its content changed, ``idle_days`` since
    somebody opened it. ``needs`` are the decisions and people it serves, ``uncovered`` those that the plan
    would lose: 0. Without a single opening in the log ``read``, ``skimmed`` and ``unread`` are null, not zero. Reports
    that only lie in a folder (channel ``folder``; the kit's own is one) come last, counted and not judged.

    >>> ih.report_overload.reports(evidence).select("report", "unread", "verdict", "why").head(2).rows()
    [('copy-of-cash-due', 768, 'merge', 'near-duplicate'), ('final-margin-by-product', 768, 'merge', 'near-duplicate')]

    Columns: report (text); deliveries, read, skimmed, unread (count); decisions (list of text); nearest (text); overlap
    (number, share); verdict (text); covered_by (list of text); why, owner (text); statutory (flag); words, people,
    readers (count); minutes (number, minutes); unasked_reads (count); unopened (flag); idle_days, refreshes,
    refresh_failures (count); stale_days (number, days); sent_stale, needs, uncovered (count); slower (text)
    """
    stock, kept = inventory_of(evidence), _smallest_set(evidence)
    judged = verdicts.judged_reports(
        stock,
        verdicts.usage(read_classes_of(evidence), reads_of(evidence), timezone=evidence.catalog.timezone),
        kept=kept,
        covering=smallest_set.stand_ins(_served(evidence), kept["report"]),
        near=overlap.near_duplicates(overlaps(evidence)),
        remarks=_remarks(evidence),
        refreshed=_refreshes(evidence),
        until=_until(evidence),
    )
    return with_folders(judged, only_in_folders(evidence), whole_inventory(evidence))


@question
def keep(evidence: "Evidence") -> pl.DataFrame:
    """One row per report to keep, by name: the fewest that serve every decision to everybody as often as today.

    Of all such sets the one with the fewest reports, then the fewest reading minutes, then the first by name; exact,
    by integer programming (HiGHS). ``proven`` is false when time ran out, and ``gap`` then the share of the set that a
    smaller one might do without, at most. ``uncovered`` counts decisions and people that the set leaves unserved, 0:
    it is counted anew from the deliveries. ``reason``: statutory; only source (somebody has no other report for a
    decision, as often); smallest set.

    >>> ih.report_overload.keep(evidence).select("report", "reason", "proven", "uncovered").head(2).rows()
    [('cash-due', 'smallest set', True, 0), ('late-shipments', 'smallest set', True, 0)]

    Columns: report (text); decisions (list of text); reason (text); proven (flag); people (count); minutes (number,
    minutes); gap (number, share); uncovered (count)
    """
    judged = reports(evidence).select("report", "decisions", "people", "minutes")
    kept = _smallest_set(evidence).join(judged, on="report", how="left")
    columns = ("report", "decisions", "reason", "proven", "people", "minutes", "gap", "uncovered")
    return kept.select(*columns).sort("report")


@question
def handful(evidence: "Evidence") -> pl.DataFrame:
    """One row per person and report that stays with the person: the fewest that serve him or her as today, and when.

    Of the reports to keep, those that the person needs (exact, as the whole set); statutory ones stay with everybody.
    ``decisions`` are those it serves the person as often as any; ``when`` is the usual time of the day in the catalog's
    time zone, with the weekday where it comes weekly.

    >>> ih.report_overload.handful(evidence).select("person", "report", "cadence", "when").head(1).rows()
    [('manager-01', 'cash-due', 'daily', '06:09')]

    Columns: person, report (text); decisions (list of text); cadence, when (text); minutes_per_day (number, minutes)
    """
    zone = evidence.catalog.timezone
    return changing.timetable(_plan(evidence), _arrivals(evidence), _streams(evidence), timezone=zone)


@question
def curation(evidence: "Evidence") -> pl.DataFrame:
    """One row per report and person to change, the most minutes first; ``cadence_before`` again takes it back.

    ``action``: unsubscribe, merge (the person takes what is in ``instead``), less often, ask (the person never opens
    it, and would lose a decision). ``would_miss`` names the decisions that nobody else would serve the person as often,
    empty but for those to ask, and null where no decision is declared; ``opened`` of ``deliveries`` says who would
    notice. Text that a spreadsheet would run begins with an apostrophe (OWASP, CSV injection).

    >>> ih.report_overload.curation(evidence).select("report", "action", "instead", "would_miss").head(1).rows()
    [('interface-count-digest', 'unsubscribe', None, None)]

    Columns: report, person, action, cadence_before, cadence_after, instead, would_miss (text); opened, deliveries
    (count); minutes_per_day (number, minutes); verdict, why (text)
    """
    return changing.changes(_streams(evidence), reports(evidence), _plan(evidence), _served(evidence))


@question
def savings(evidence: "Evidence") -> pl.DataFrame:
    """One row for all people together and one per person, the most minutes a day saved first.

    Reports and minutes needed a day, now and when what ``curation`` unsubscribes and merges is gone (238 words a
    minute, Brysbaert 2019; means over days with a delivery). Of ``without_words`` reports the length is unknown: they
    take no minutes here. For all people ``reports`` are different ones, minutes the sum.

    >>> ih.report_overload.savings(evidence).select("person", "reports_after", pl.col("saved_minutes").round()).row(0)
    ('all people', 8, 1089.0)

    Columns: person (text); reports, reports_after (count); needed_minutes, needed_after (number, minutes per day);
    without_words (count); saved_minutes (number, minutes per day)
    """
    return changing.savings(_streams(evidence), curation(evidence))


@question
def coverage(evidence: "Evidence") -> pl.DataFrame:
    """One row per decision that a report serves, the most reports first: how many serve it today, and in the plan.

    ``people`` get it served. ``uncovered`` counts those who would get it less often under the plan of ``handful``: 0.

    >>> ih.report_overload.coverage(evidence).row(0)
    ('what to buy instead of make', 12, 3, 1, 0)

    Columns: decision (text); people, reports, reports_after, uncovered (count)
    """
    return changing.coverage(_served(evidence), _plan(evidence))


@question
def questionnaire(evidence: "Evidence") -> pl.DataFrame:
    """One row per report of which nobody said what it is for, the most reading first: whom to ask, and the question.

    Saved as ``reports.csv`` beside the logs, ``decisions`` filled in (; between several), it is read as an inventory.

    >>> ih.report_overload.questionnaire(evidence).select("report", "owner").head(1).rows()
    [('interface-count-digest', None)]

    Columns: report, readers, question, decisions, owner (text)
    """
    return asking.questionnaire(reports(evidence), _streams(evidence), inventory_of(evidence))


@question
def overlaps(evidence: "Evidence") -> pl.DataFrame:
    """One row per pair of reports that share half or more of what they show, in groups, the largest first.

    ``overlap`` = shared / all of the distinct meanings of the fields and metrics of the two (Jaccard): case,
    separators, order of words and the language of common business terms do not matter. ``differs``: filter or
    grain, where the names say that the numbers are not the same. ``kind``: near-duplicate from 0.8 where nothing
    differs, else overlapping. A ``group`` is what near-duplicates connect, numbered from 1, the largest first.

    >>> ih.report_overload.overlaps(evidence).select("report", "other", "shared", "kind").head(1).rows()
    [('cash-due', 'copy-of-cash-due', 9, 'near-duplicate')]

    Columns: report, other (text); overlap (number, share); shared (count); kind (text); group, other_group (count, 1
    the largest); differs (text)
    """
    return overlap.overlaps(inventory_of(evidence))
