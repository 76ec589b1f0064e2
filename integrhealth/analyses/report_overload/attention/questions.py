"""What reading takes from each person: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.report_overload import reading
from integrhealth.analyses.report_overload.attention import alike, left_out, unasked
from integrhealth.analyses.report_overload.questions import (
    deliveries_of,
    inventory_of,
    openings_of,
    read_classes_of,
    reads_of,
)
from integrhealth.language.questions import question
from integrhealth.language.thresholds import MIN_MESSAGES

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _assigned(evidence: "Evidence") -> pl.DataFrame:
    return reading.assigned_reads(deliveries_of(evidence), reads_of(evidence))


@question
def people(evidence: "Evidence", *, min_messages: int = MIN_MESSAGES) -> pl.DataFrame:
    """One row per person who was sent a report, the widest gap between needed and spent minutes first.

    Minutes are means over the days with a delivery: needed at 238 words a minute (Brysbaert, Journal of Memory and
    Language 2019), a figure being a word and charts taking 12 seconds, 11, and so on down to 3; spent as the openings
    say, without those of machines (``machine_openings``). ``flood_ratio`` = needed / spent with its interval over days,
    null under `min_messages` deliveries and when nothing was spent; ``low`` and ``high`` are null under 5 days.
    ``untimed`` were opened for an unknown time; when they are over a tenth of what was opened, spent is null.
    ``unasked_opens``, with their minutes, are of reports not sent to the person; ``forwards`` those passed on.
    People of one ``group`` are alike: from one to the next the minutes needed grow by at most a tenth, those spent by
    at most a quarter, or either by no more than a minute.

    >>> seen = "person", pl.col("needed_minutes", "spent_minutes").round(1)
    >>> ih.report_overload.people(evidence).select(seen).head(2).rows()
    [('manager-10', 105.0, 6.7), ('manager-12', 105.0, 6.8)]

    Columns: person (text); reports_per_day (number, reports per day); needed_minutes, spent_minutes (number, minutes
    per day); flood_ratio, low, high (number, ratio); days, deliveries, without_words, untimed, unasked_opens (count);
    unasked_minutes (number, minutes per day); forwards, group (count)
    """
    zone = evidence.catalog.timezone
    each = reading.people(read_classes_of(evidence), timezone=zone, min_deliveries=min_messages)
    beside = unasked.beside_deliveries(_assigned(evidence), inventory_of(evidence))
    return alike.with_groups(unasked.with_unasked(each, beside))


@question
def machine_openings(evidence: "Evidence") -> pl.DataFrame:
    """One row per person and kind of machine whose openings count nowhere, the most openings first.

    ``machine``: prefetch and bot by the agent; at delivery (within two seconds of it); all at once (at least five
    deliveries within two seconds of each other); every report (who certainly opens over 90% of all that was not sent to
    her, at least 20 reports, on each day: exact binomial, Holm over the people). An opening that is known to have taken
    longer than two seconds was not fetched. Openings through a proxy of pictures (GoogleImageProxy) are the reader's:
    they count everywhere, and stand here with ``counted`` true.

    >>> ih.report_overload.machine_openings(evidence).height
    0

    Columns: person, machine (text); counted (flag); opens, reports (count); first_at, last_at (time)
    """
    return left_out.machine_openings(openings_of(evidence))


@question
def passed_on(evidence: "Evidence") -> pl.DataFrame:
    """One row per report that was passed on, the most openings by others first.

    ``forwards`` are openings that the log calls a forward or a share, by ``forwarders`` people; they count as opened.
    ``other_opens`` by ``other_readers``, for ``other_minutes``, are those of people to whom it had not been sent while
    others had it; no log says whether a mail was forwarded or a link was followed. Null minutes: none is timed.

    >>> ih.report_overload.passed_on(evidence).height
    0

    Columns: report (text); forwards, forwarders, other_opens, other_readers (count); other_minutes (number, minutes)
    """
    return unasked.passed_on(_assigned(evidence), deliveries_of(evidence))
