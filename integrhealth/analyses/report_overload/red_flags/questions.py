"""Which red flags lay unread before the incident they announced: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.report_overload.questions import deliveries_of, inventory_of, reads_of
from integrhealth.analyses.report_overload.red_flags import announced as incidents
from integrhealth.analyses.report_overload.red_flags import flags, naming
from integrhealth.analyses.report_overload.red_flags.incidents import incidents_about
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

# The published columns first.
RED_FLAGS = ("report", "person", "flag", "delivered_at", "read_at", "incident", "minutes_earlier")


@question
def flagged_deliveries(evidence: "Evidence") -> pl.DataFrame:
    """One row per delivery that carries a flag, as ``flags.flagged``."""
    return flags.flagged(deliveries_of(evidence))


@question
def _linked(evidence: "Evidence") -> pl.DataFrame:
    """The deliveries whose flag announced an incident; without reads nobody knows which were read, and none is here."""
    flagged, events = flagged_deliveries(evidence), evidence.incident_events
    if flagged.is_empty() or events.is_empty() or evidence.reads.is_empty():
        flagged, events, messages = flagged.clear(), events.clear(), evidence.messages.clear()
    else:
        messages = evidence.messages
    edges = naming.ends(messages, evidence.catalog.integrations)
    every = naming.names(edges, evidence.catalog.systems, events)
    looked = flags.looked_at(flagged, deliveries_of(evidence), reads_of(evidence), reports=inventory_of(evidence))
    return flags.announcing(looked, incidents_about(events, every, edges), every)


@question
def red_flags(evidence: "Evidence") -> pl.DataFrame:
    """One row per flagged delivery that lay unread when the incident began that it had announced, by that incident.

    A flag announces the first incident within seven days (own) that names the same object, else integration, else
    system. Unread is what was never opened, or for less time than skimming takes (1,000 words a minute, Brysbaert,
    Journal of Memory and Language 2019); ``read_at`` is null or later than the incident. ``minutes_earlier`` is how
    much earlier it could have been known. ``chance``: how likely an incident about the same follows any moment as
    soon, did they come at random.

    >>> ih.report_overload.red_flags(evidence).height
    0

    Columns: report, person, flag (text); delivered_at, read_at (time); incident (text); minutes_earlier (number,
    minutes); began (time); linked_by, about (text); chance (number, probability)
    """
    rows = _linked(evidence).filter("unread")
    return rows.select(*RED_FLAGS, "began", "linked_by", "about", "chance")


@question
def announced(evidence: "Evidence") -> pl.DataFrame:
    """One row per incident that red flags announced, those first that nobody read, the longest unread first.

    ``flag`` and ``report`` are those of the first. ``read_at`` is when anybody first read one of them, before the
    incident or after; ``missed``: nobody had read any before it began. ``unread_minutes`` run from the first flag to
    the first reading, or to the incident.

    >>> ih.report_overload.announced(evidence).height
    0

    Columns: incident (text); began (time); linked_by, about, flag, report (text); flags, people, deliveries, unread
    (count); flagged_at, read_at (time); chance (number, probability); missed (flag); minutes_earlier, unread_minutes
    (number, minutes)
    """
    return incidents.announced(_linked(evidence))


@question
def red_flag_share(evidence: "Evidence") -> pl.DataFrame:
    """One row, all red flags together: how many that announced an incident had not been read when it began.

    ``share`` = unread / linked deliveries, with its 95% interval over the incidents (Wilson 1927). ``flagged`` counts
    also those that announced nothing; ``missed`` are the incidents of which nobody had read a flag, and
    ``minutes_earlier`` is the median of how much earlier these could have been known.

    >>> ih.report_overload.red_flag_share(evidence).height
    0

    Columns: flagged, linked, unread (count); share, low, high (number, share); incidents, missed (count);
    minutes_earlier (number, minutes)
    """
    return incidents.red_flag_share(flagged_deliveries(evidence).height, _linked(evidence), announced(evidence))
